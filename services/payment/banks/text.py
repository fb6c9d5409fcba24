"""What the layouts of lines share: encodings with named refusals, the digest over the lines, instants in China's time."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence
from datetime import datetime

from services.core.clock import CHINA
from services.core.errors import InputError

END = b"\r\n"
STATUS = {"credited": "S", "returned": "F"}
STATUS_READ = {code: word for word, code in STATUS.items()}


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
    """Digits to int. Raises InputError otherwise."""
    if not (text.isascii() and text.isdigit()):
        raise broken(f"{what}“{text}”不是数字")
    return int(text)


def broken(why: str) -> InputError:
    """The one refusal of a return file that does not hold."""
    return InputError("bank_file_broken", f"回盘文件不完整或被改动：{why}", remedy="请向银行重新下载原始回盘文件", field="file")
