"""What stands in a payment file and what the bank says to it. Money in fen, times in China."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))
_DECIMAL = re.compile(r"(0|[1-9]\d{0,12})\.(\d{2})", re.ASCII)
_STAMP = re.compile(r"\d{14}", re.ASCII)


class Refused(Exception):
    """A file that is not taken at all: nothing of it is paid."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


@dataclass(frozen=True)
class Line:
    """One payment asked for."""

    number: int
    reference: str
    fen: int
    bank: str
    account: str
    holder: str
    purpose: str


@dataclass(frozen=True)
class Instruction:
    """A whole payment file."""

    layout: str
    run_no: str
    at: datetime
    lines: Sequence[Line]

    @property
    def fen(self) -> int:
        """Sum of the lines."""
        return sum(line.fen for line in self.lines)


@dataclass(frozen=True)
class Result:
    """What became of one line: `serial` is the bank's own number, `why` its words for a return."""

    line: Line
    credited: bool
    serial: str
    at: datetime
    why: str = ""


def instruction(layout: str, run_no: str, at: datetime, lines: Sequence[Line], *, count: int, fen: int) -> Instruction:
    """The file, when its own count and sum hold and every line can be meant. Refused otherwise."""
    if not re.fullmatch(r"[A-Za-z0-9-]{1,20}", run_no):
        raise Refused("bad_run", f"批次号“{run_no[:30]}”不合格式")
    if count != len(lines) or not lines:
        raise Refused("wrong_count", f"写明 {count} 笔，实有 {len(lines)} 笔")
    made = Instruction(layout, run_no, at, tuple(lines))
    if fen != made.fen:
        raise Refused("wrong_total", f"写明 {fen} 分，实为 {made.fen} 分")
    if [line.number for line in lines] != list(range(1, count + 1)):
        raise Refused("wrong_order", "行号不是从 1 起依次递增")
    if len({line.reference for line in lines}) < count:
        raise Refused("reference_twice", "同一付款编号出现两次")
    for line in lines:
        _check(line)
    return made


def _check(line: Line) -> None:
    if line.fen < 1:
        raise Refused("bad_amount", f"第{line.number}笔的金额不是正数")
    if not re.fullmatch(r"\d{8,32}", line.account, re.ASCII):
        raise Refused("bad_account", f"第{line.number}笔的账号不是 8 至 32 位数字")
    if not line.reference or line.reference != line.reference.strip() or not line.holder.strip() or not line.purpose.strip():
        raise Refused("bad_line", f"第{line.number}笔缺少编号、户名或用途")


def fen_of(text: str) -> int:
    """Yuan with exactly two decimals."""
    found = _DECIMAL.fullmatch(text)
    if found is None:
        raise Refused("bad_amount", f"金额“{text[:30]}”不是两位小数的元")
    return int(found[1]) * 100 + int(found[2])


def yuan_of(fen: int) -> str:
    """The same back."""
    return f"{fen // 100}.{fen % 100:02d}"


def moment_of(text: str) -> datetime:
    """YYYYMMDDHHMMSS in China."""
    try:
        if not _STAMP.fullmatch(text):
            raise ValueError(text)
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=CHINA)
    except ValueError:
        raise Refused("bad_time", f"时间“{text[:30]}”不对") from None


def stamp_of(at: datetime) -> str:
    """The same back."""
    return f"{at.astimezone(CHINA):%Y%m%d%H%M%S}"


def digits_of(text: str, what: str) -> int:
    """A whole number in digits."""
    if not re.fullmatch(r"\d{1,18}", text, re.ASCII):
        raise Refused("bad_number", f"{what}“{text[:30]}”不是数字")
    return int(text)
