"""A bank's side of a payment run, for the demonstration: reads the run's file, credits or returns each line.

Written from infra/runbooks/bank-files.md alone, so that a slip in the product's own layout shows here. ICBC's layout.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from services.core.clock import CHINA
from services.core.errors import OutsideError

_END = b"\r\n"


@dataclass(frozen=True, slots=True)
class _Order:
    line: bytes
    reference: bytes
    amount: bytes
    account: bytes
    holder: bytes


def answer(file: Path, *, at: datetime, closed: Mapping[str, str]) -> bytes:
    """The return file for a run's file: every order credited at `at`, but those to a `closed` account (by number, with
    the bank's words) returned. OutsideError when the file does not hold."""
    content = file.read_bytes()
    *lines, trailer, rest = content.split(_END)
    if rest or trailer != b"T" + _sha256(lines) or not lines[0].startswith(b"H0100"):
        raise OutsideError("bank_refuses_file", f"银行拒收 {file.name}：格式或校验值不符", remedy="核对付款文件")
    orders = [_read(line) for line in lines[1:]]
    if int(lines[0][39:45]) != len(orders) or int(lines[0][45:60]) != sum(int(order.amount) for order in orders):
        raise OutsideError("bank_refuses_file", f"银行拒收 {file.name}：笔数或金额合计不符", remedy="核对付款文件")
    head = b"R0100" + lines[0][5:25] + b"%06d" % len(orders)
    answers = [_answered(order, at, closed) for order in orders]
    return _END.join([head, *answers, b"T" + _sha256([head, *answers]), b""])


def _sha256(lines: list[bytes]) -> bytes:
    return hashlib.sha256(b"".join(line + _END for line in lines)).hexdigest().encode()


def _read(line: bytes) -> _Order:
    return _Order(line[1:7], line[7:33], line[33:48], line[64:96], line[96:156])


def _answered(order: _Order, at: datetime, closed: Mapping[str, str]) -> bytes:
    reason = closed.get(order.account.decode().strip(), "")
    moment = at.astimezone(CHINA).strftime("%Y%m%d%H%M%S").encode()
    serial = b"DEMO" + hashlib.sha256(order.reference + moment).hexdigest()[:16].upper().encode()
    return b"".join((b"A", order.line, order.reference, order.amount, b"F" if reason else b"S", order.account, order.holder,
                     serial.ljust(24), moment, reason.encode("gbk").ljust(60)))
