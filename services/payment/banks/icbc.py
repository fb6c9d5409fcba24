"""工商银行 batch payment: fixed columns, counted in GBK bytes. No public layout exists; this one is ours
(infra/runbooks/bank-files.md) and stands where the bank's own goes when an office signs its agreement.

GBK, lines end in CRLF. Text columns are left-justified with blanks, numbers right-justified with zeros.

To the bank, `ICBC_<run_no>.txt`:

    H  "H" · "0100" · run_no 20 · release time 14 (YYYYMMDDHHMMSS) · count 6 · total fen 15
    D  "D" · line 6 · reference 26 · amount fen 15 · payee bank 16 · account 32 · holder 60 · purpose 60
    T  "T" · SHA-256 of all bytes before this line, 64 hex

From the bank:

    R  "R" · "0100" · run_no 20 · count 6
    A  "A" · line 6 · reference 26 · amount fen 15 · status 1 (S credited, F returned) · account 32 · holder 60
       · bank serial 24 · bank time 14 · reason 60
    T  as above
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Literal, cast

from services.core.errors import InputError
from services.payment.banks.text import (
    STATUS,
    STATUS_READ,
    broken,
    digest,
    gbk,
    instant,
    joined,
    lines_of,
    number,
    sound,
    stamp,
)
from services.payment.port import Answer, Batch, Order

_VERSION = b"0100"
_ANSWER = struct.Struct("1s6s26s15s1s32s60s24s14s60s")


def _text(value: str, width: int, *, field: str) -> bytes:
    encoded = gbk(value, field=field)
    if len(encoded) > width:
        raise InputError("bank_file_width", f"“{value}”超过银行文件允许的 {width} 字节", remedy="请按开户资料核对", field=field)
    return encoded.ljust(width)


def _digits(value: int, width: int) -> bytes:
    text = f"{value:0{width}d}"
    if len(text) > width:
        raise InputError("bank_file_width", f"数字 {value} 超过 {width} 位", remedy="请拆分付款批次", field="amount")
    return text.encode()


class IcbcFormat:
    """Fixed columns, see the module's text."""

    code = "ICBC"
    name = "中国工商银行"
    needs_payer = False

    def file_name(self, batch: Batch) -> str:
        """`ICBC_<run_no>.txt`."""
        return f"ICBC_{batch.run_no}.txt"

    def write(self, batch: Batch) -> bytes:
        """Header, one line a payment, trailer with the digest."""
        header = (b"H" + _VERSION + _text(batch.run_no, 20, field="run_no") + stamp(batch.at).encode()
                  + _digits(len(batch.orders), 6) + _digits(batch.total_fen, 15))
        lines = [header, *(self._order(line, order) for line, order in enumerate(batch.orders, 1))]
        return joined([*lines, b"T" + digest(lines).encode()])

    def _order(self, line: int, order: Order) -> bytes:
        return (b"D" + _digits(line, 6) + _text(order.reference, 26, field="reference") + _digits(order.amount_fen, 15)
                + _text(order.bank, 16, field="bank_card.bank") + _text(order.account, 32, field="bank_card.number")
                + _text(order.holder, 60, field="person.name") + _text(order.purpose, 60, field="purpose"))

    def check(self, order: Order) -> None:
        """InputError when this one could not be written."""
        self._order(1, order)

    def recognises(self, content: bytes) -> bool:
        """Whether it begins as a return file of this layout."""
        return content.startswith(b"R" + _VERSION)

    def read(self, content: bytes) -> list[Answer]:
        """The lines, after digest and count were proved."""
        *lines, trailer = lines_of(content)
        if not lines or trailer != b"T" + digest(lines).encode():
            raise broken("校验值不符")
        header, *details = lines
        if len(header) != 31 or number(header[25:31].decode("ascii", "replace"), "笔数") != len(details):
            raise broken("笔数不符")
        return sound([self._read(detail) for detail in details])

    def _read(self, detail: bytes) -> Answer:
        if len(detail) != _ANSWER.size or not detail.startswith(b"A"):
            raise broken("明细行长度不符")
        _, line, reference, amount, status, account, holder, serial, time, reason = (
            part.decode("gbk", "replace").rstrip() for part in _ANSWER.unpack(detail))
        if status not in STATUS_READ:
            raise broken(f"状态“{status}”不认识")
        return Answer(number(line, "行号"), reference, number(amount, "金额"),
                      cast('Literal["credited", "returned"]', STATUS_READ[status]), account, holder, serial,
                      instant(time), reason)

    def answer(self, run_no: str, answers: Sequence[Answer]) -> bytes:
        """A return file as the bank would write it."""
        header = b"R" + _VERSION + _text(run_no, 20, field="run_no") + _digits(len(answers), 6)
        lines = [header, *(
            b"A" + _digits(item.line_no, 6) + _text(item.reference, 26, field="reference")
            + _digits(item.amount_fen, 15) + STATUS[item.status].encode() + _text(item.account, 32, field="account")
            + _text(item.holder, 60, field="holder") + _text(item.serial, 24, field="serial")
            + stamp(item.bank_time).encode() + _text(item.reason, 60, field="reason") for item in answers)]
        return joined([*lines, b"T" + digest(lines).encode()])
