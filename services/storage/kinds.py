"""What a file really is: told from its bytes, never from its name. Pure."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
import zlib

import filetype
from PIL import Image

from services.core.errors import InputError

PDF = "application/pdf"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_PICTURES = {"image/png", "image/jpeg", "image/webp"}
PAPER_KINDS = frozenset({PDF, "image/heic", XLSX, *_PICTURES})
PIXELS = 80_000_000            # beyond any phone's picture: a small file that unpacks to more is an attack
_UNPACKED = 200 * 1024 * 1024
_ENTRIES = 2_000                # files in a workbook; one with a picture a row has some hundreds
_CELLS = 4_000_000              # a reader lays out the whole area: two cells far apart would take all memory
_PLACE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{0,3})([0-9]{1,9})["']""")
_PIECE, _OVERLAP = 1 << 20, 4096


def true_kind(content: bytes) -> str:
    """The MIME type of one of the accepted kinds. InputError for anything else, and for a damaged or bloated file."""
    guess = filetype.guess(content)
    mime = guess.mime if guess else ""
    if content[:4] == b"PK\x03\x04":
        return _workbook(content)
    if mime in _PICTURES:
        _check_picture(content)
    if mime in ("image/gif", "image/apng"):
        raise InputError("file_animated", "不接受动图", remedy="请上传静止的图片（JPEG、PNG）或 PDF", field="content")
    if mime not in PAPER_KINDS:
        raise InputError("file_type", f"不接受这种文件（{mime or '无法识别'}）",
                         remedy="请上传 PDF、JPEG、PNG、WEBP、HEIC 图片或 XLSX 表格", field="content")
    return mime


def _workbook(content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
            names = set(archive.namelist())
            many = unpacked > _UNPACKED or len(archive.infolist()) > _ENTRIES
            bloated = many or any(_area(archive, entry) > _CELLS for entry in archive.infolist())
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError):
        raise _damaged() from None
    if bloated:
        raise InputError("file_bloated", "表格展开后过大", remedy="请删除多余的空白行列，另存为新的表格再上传", field="content")
    if not {"[Content_Types].xml", "xl/workbook.xml"} <= names:
        raise InputError("file_type", "不接受压缩包或其他办公文件", remedy="表格请另存为 XLSX", field="content")
    return XLSX


def _area(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> int:
    """Rows times columns up to the farthest cell that the entry names."""
    rows, columns, tail = 0, 1, b""
    with archive.open(entry) as file:
        while piece := file.read(_PIECE):
            for letters, digits in _PLACE.findall(tail + piece):
                rows, columns = max(rows, int(digits)), max(columns, _column(letters))
            tail = piece[-_OVERLAP:]
    return rows * columns


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - ord("A") + 1
    return number


def _check_picture(content: bytes) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)   # our own limit follows
            with Image.open(io.BytesIO(content)) as picture:
                width, height = picture.size
                picture.verify()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise _damaged() from None
    if width * height > PIXELS:
        raise InputError("file_bloated", f"图片过大（{width}×{height}）", remedy="请缩小后上传", field="content")


def _damaged() -> InputError:
    return InputError("file_damaged", "文件已损坏，无法打开", remedy="请重新扫描或拍照后上传", field="content")
