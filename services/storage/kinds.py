"""What a file really is: told from its bytes, never from its name. Pure."""

from __future__ import annotations

import io
import warnings
import zipfile

import filetype
from PIL import Image

from services.core.errors import InputError

PDF = "application/pdf"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_PICTURES = {"image/png", "image/jpeg", "image/webp"}
PAPER_KINDS = frozenset({PDF, "image/heic", XLSX, *_PICTURES})
_PIXELS = 80_000_000            # beyond any phone's picture: a small file that unpacks to more is an attack
_UNPACKED = 200 * 1024 * 1024


def true_kind(content: bytes) -> str:
    """The MIME type of one of the accepted kinds. InputError for anything else, and for a damaged or bloated file."""
    guess = filetype.guess(content)
    mime = guess.mime if guess else ""
    if content[:4] == b"PK\x03\x04":
        return _workbook(content)
    if mime in _PICTURES:
        _check_picture(content)
    if mime not in PAPER_KINDS:
        raise InputError("file_type", f"不接受这种文件（{mime or '无法识别'}）",
                         remedy="请上传 PDF、JPEG、PNG、WEBP、HEIC 图片或 XLSX 表格", field="content")
    return mime


def _workbook(content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
            names = set(archive.namelist())
    except zipfile.BadZipFile:
        raise _damaged() from None
    if unpacked > _UNPACKED:
        raise InputError("file_bloated", "文件解压后过大", remedy="请另存为新的表格再上传", field="content")
    if not {"[Content_Types].xml", "xl/workbook.xml"} <= names:
        raise InputError("file_type", "不接受压缩包或其他办公文件", remedy="表格请另存为 XLSX", field="content")
    return XLSX


def _check_picture(content: bytes) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)   # our own limit follows
            with Image.open(io.BytesIO(content)) as picture:
                width, height = picture.size
                picture.verify()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise _damaged() from None
    if width * height > _PIXELS:
        raise InputError("file_bloated", f"图片过大（{width}×{height}）", remedy="请缩小后上传", field="content")


def _damaged() -> InputError:
    return InputError("file_damaged", "文件已损坏，无法打开", remedy="请重新扫描或拍照后上传", field="content")
