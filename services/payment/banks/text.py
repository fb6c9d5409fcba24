"""What the layouts of lines share: encodings with named refusals, the digest over the lines, instants in China's time."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from services.core.clock import CHINA
from services.core.errors import InputError
from services.core.money import to_fen
from services.payment.port import Answer

END = b"\r\n"
STATUS = {"credited": "S", "returned": "F"}
STATUS_READ = {code: word for word, code in STATUS.items()}
_DIGITS = re.compile(r"\d{1,15}", re.ASCII)                        # what a column of 15 digits holds, and a bigint
_YUAN = re.compile(r"\d{1,13}(\.\d{1,5})?", re.ASCII)             # five decimals are the standard's most; ours are two
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")        # no column of text keeps a NUL
_MOST_LINES = 999_999
_FIRST_YEAR = 2000


def gbk(text: str, *, field: str) -> bytes:
    """The text in GBK. Raises InputError naming the person's field and the characters GBK does not have."""
    try:
        return plain(text, field=field).encode("gbk")
    except UnicodeEncodeError:
        lost = sorted({character for character in text if not _carries(character)})
        raise InputError("bank_file_character", f"银行文件（GBK）无法写入“{text}”中的字：{'、'.join(lost)}",
                         remedy="请按银行开户资料登记的姓名写法更正", field=field) from None


def plain(text: str, *, field: str) -> str:
    """The text itself, when no control or private character is in it: a name of such cannot be anybody's. InputError else."""
    # Nothing printable is of these kinds: one look at the whole spares a look at every character.
    if not text.isprintable() and any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn") for character in text):
        raise InputError("bank_file_character", f"“{text!r}”含有控制字符或自造字", field=field,
                         remedy="删去换行、制表符等字符；自造字请按银行开户资料登记的写法更正")
    return text


def _carries(character: str) -> bool:
    try:
        character.encode("gbk")
    except UnicodeEncodeError:
        return False
    return True


def digest(lines: Sequence[bytes]) -> str:
    """SHA-256 over the lines with their ends, hex."""
    return hashlib.sha256(b"".join(line + END for line in lines)).hexdigest()


def joined(lines: Sequence[bytes]) -> bytes:
    """The file: every line ends in CRLF, the last one too."""
    return b"".join(line + END for line in lines)


def lines_of(content: bytes) -> list[bytes]:
    """The lines of a file. Raises InputError when the last line is cut off."""
    if not content.endswith(END):
        raise broken("文件末行不完整")
    return content[:-len(END)].split(END)


def stamp(at: datetime) -> str:
    """YYYYMMDDHHMMSS in China's time."""
    return at.astimezone(CHINA).strftime("%Y%m%d%H%M%S")


@lru_cache(maxsize=4096)          # a bank credits many lines in the same second
def instant(text: str) -> datetime:
    """Back from YYYYMMDDHHMMSS. Raises InputError when there is no such moment."""
    try:
        if len(text) != 14 or not (text.isascii() and text.isdigit()):
            raise ValueError(text)
        month, day, hour, minute, second = (int(text[at:at + 2]) for at in range(4, 14, 2))
        return datetime(int(text[:4]), month, day, hour, minute, second, tzinfo=CHINA)
    except ValueError:
        raise broken(f"时间“{text}”不对") from None


def number(text: str, what: str) -> int:
    """At most 15 digits to int. Raises InputError otherwise."""
    if not _DIGITS.fullmatch(text):
        raise broken(f"{what}“{text[:30]}”不是数字")
    return int(text)


def fen(text: str) -> int:
    """Yuan in plain digits to fen. Raises InputError for a sign, an exponent, a part of a fen."""
    if not _YUAN.fullmatch(text):
        raise broken(f"金额“{text[:30]}”不对")
    yuan = Decimal(text)
    if yuan != yuan.quantize(Decimal("0.01")):
        raise broken(f"金额“{text}”小于分")
    return to_fen(yuan)


def sound(answers: Sequence[Answer]) -> list[Answer]:
    """The lines, when each can be kept as it stands. Raises InputError for a number twice, a control character, a time of no bank,
    a credit without the bank's serial, which is all that proves it.
    """
    if len({answer.line_no for answer in answers}) < len(answers) or any(answer.line_no > _MOST_LINES for answer in answers):
        raise broken("行号重复或过大")
    for answer in answers:
        if _CONTROL.search("".join((answer.reference, answer.account, answer.holder, answer.serial, answer.reason))):
            raise broken(f"第{answer.line_no}行含有控制字符")
        if answer.status == "credited" and not answer.serial.strip():
            raise broken(f"第{answer.line_no}行写明到账，却没有银行流水号")
        if answer.bank_time.year < _FIRST_YEAR:
            raise broken(f"第{answer.line_no}行的时间“{answer.bank_time:%Y-%m-%d}”不对")
    return list(answers)


def broken(why: str) -> InputError:
    """The one refusal of a return file that does not hold."""
    return InputError("bank_file_broken", f"回盘文件不完整或被改动：{why}", remedy="请向银行重新下载原始回盘文件", field="file")
