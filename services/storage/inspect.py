"""What may hide in a picture or a PDF: looked for before anybody opens it. Runs in the confined process only.

Every refusal is an InputError of the field `content` with a code, a sentence for the clerk and a remedy.
"""

from __future__ import annotations

import io
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable

import pikepdf
import pillow_heif
from PIL import Image, UnidentifiedImageError

from services.core.errors import InputError
from services.storage import inspect_pdf, quality
from services.storage.kinds import PDF, PIXELS, true_kind
from services.storage.pdfium import PdfiumError
from services.storage.quality import Measure
from services.storage.tails import heic_tail, jpeg_tail, png_tail, webp_tail

pillow_heif.register_heif_opener(thumbnails=False)
Image.MAX_IMAGE_PIXELS = None           # our own limit is asked before a pixel is unpacked

HEIC = "image/heic"
_DECODERS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP", HEIC: "HEIF"}
_TAILS: dict[str, Callable[[bytes], bytes]] = {"image/png": png_tail, "image/jpeg": jpeg_tail, "image/webp": webp_tail, HEIC: heic_tail}
# Cameras append pictures and films of their own to a JPEG (motion photos, depth): only what a computer would run is refused.
_APPENDED_BY_CAMERAS = frozenset({"image/jpeg", HEIC})
_RUNS = re.compile(rb"<script|<html|<svg|<\?php|<!doctype|javascript:|%PDF-1|MZ\x90\x00\x03|\x7fELF[\x01\x02]|Rar!\x1a\x07"
                   rb"|7z\xbc\xaf\x27\x1c", re.IGNORECASE)
DAMAGES = (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError, EOFError, RuntimeError,
            struct.error, zlib.error, UnidentifiedImageError, Image.DecompressionBombError, pikepdf.PdfError, PdfiumError)


def inspect(content: bytes) -> tuple[str, int, Measure]:
    """(MIME type, pages, how the first page looks) of an upload that is safe to keep. InputError otherwise."""
    mime = ""
    try:
        mime = true_kind(content)
        if mime == PDF:
            return mime, inspect_pdf.inspect(content), quality.of_pdf(content)
        if mime not in _DECODERS:
            raise InputError("file_type", "申请材料须为 PDF 或图片", remedy="请拍照、扫描或另存为 PDF", field="content")
        return mime, 1, _picture(content, mime)
    except InputError:
        raise
    except MemoryError:
        raise InputError("file_bloated", "文件展开后过大", remedy="请重新拍照或扫描，每份不超过几十页，再上传", field="content") from None
    except DAMAGES:
        raise damaged(mime) from None


def damaged(mime: str) -> InputError:
    """A file that ends too early, or that nobody can open."""
    if mime == PDF:
        return InputError("pdf_damaged", "PDF 不完整或已损坏，无法打开", remedy="请重新扫描，或用“打印为 PDF”另存后上传", field="content")
    return InputError("file_damaged", "图片不完整或已损坏，无法打开", remedy="请重新扫描或拍照后上传", field="content")


def _picture(content: bytes, mime: str) -> Measure:
    tail = _TAILS[mime](content)
    if zipfile.is_zipfile(io.BytesIO(content)) or _RUNS.search(tail) or (tail.strip(b"\x00\r\n ") and mime not in _APPENDED_BY_CAMERAS):
        raise InputError("file_mixed", "图片后面还藏着别的内容", remedy="请重新拍照，或把图片另存一份后上传", field="content")
    if _RUNS.search(content[:-len(tail) or None]):
        raise InputError("file_mixed", "图片里藏着网页或程序代码", remedy="请重新拍照，或把图片另存一份后上传", field="content")
    with open_picture(content, mime) as picture:
        if picture.format != "MPO" and getattr(picture, "n_frames", 1) > 1:
            raise InputError("file_animated", "这是动图或多张图片合成的文件", remedy="请逐张上传静止的图片", field="content")
        picture.load()
        return quality.of_picture(picture)


def open_picture(content: bytes, mime: str) -> Image.Image:
    """The picture, its pixels not yet unpacked. InputError beyond the limit of pixels."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        picture = Image.open(io.BytesIO(content), formats=(_DECODERS[mime],))
    if picture.width * picture.height > PIXELS:
        raise InputError("file_bloated", f"图片过大（{picture.width}×{picture.height}）", remedy="请缩小后上传", field="content")
    return picture
