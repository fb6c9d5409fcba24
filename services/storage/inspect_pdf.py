"""What may hide in a PDF: encryption, scripts, actions, attachments, streams and pages beyond measure, a second file around it."""

from __future__ import annotations

import base64
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence

import pikepdf

from services.core.errors import InputError

PAGES = 300                         # a whole hospital file; a stack beyond it is handed in by parts
SIDE = 5_000                        # points: 1.76 m, beyond any paper; pictures of pages are drawn by it
_LEAST = 20
_OBJECTS = 200_000
_PIXELS = 80_000_000                # of one picture in it
_STREAM, _ALL = 250 << 20, 600 << 20    # unpacked bytes of one stream (A4 at 600 dpi in colour: 105 MB) and of all
_CHAIN = 3                          # filters over one another
_PIECE = 1 << 20

_TEXT = re.compile(rb"\((?:\\.|[^\\()])*\)|<[0-9A-Fa-f\s]*>", re.DOTALL)
_ACTIVE = {b"JavaScript": "脚本", b"JS": "脚本", b"AA": "自动动作", b"Launch": "启动程序的动作", b"EmbeddedFile": "附件",
           b"EmbeddedFiles": "附件", b"EF": "附件", b"RichMedia": "多媒体", b"Movie": "多媒体", b"Sound": "多媒体", b"Rendition": "多媒体",
           b"3D": "多媒体", b"XFA": "动态表单", b"SubmitForm": "提交表单的动作", b"ImportData": "导入数据的动作", b"GoToR": "外部链接",
           b"GoToE": "附件", b"URI": "网页链接"}
_NAME = re.compile(rb"/(" + b"|".join(_ACTIVE) + rb")(?![^\s/<>\[\](){}%])")
_AROUND = re.compile(rb"<script|<html|<\?php|<!doctype html|MZ\x90\x00\x03", re.IGNORECASE)


def inspect(content: bytes) -> int:
    """How many pages. InputError says what is wrong; PdfError and the like for a file that does not hold together."""
    _whole(content)
    try:
        pdf = pikepdf.open(io.BytesIO(content))
    except pikepdf.PasswordError:
        raise _encrypted() from None
    with pdf:
        if pdf.is_encrypted:
            raise _encrypted()
        _open_action(pdf)
        unpacked = 0
        for number, piece in enumerate(pdf.objects):
            if number > _OBJECTS:
                raise _bloated("对象太多")
            unpacked += _object(piece, _ALL - unpacked)
        return _pages(pdf)


def _whole(content: bytes) -> None:
    """One PDF from the first byte to the last, and nothing else round it."""
    end = content.rfind(b"%%EOF")
    if not content.startswith(b"%PDF-") or end < 0 or b"startxref" not in content:
        raise InputError("pdf_damaged", "PDF 不完整：缺少开头或结尾", field="content",
                         remedy="文件可能没有传完，请重新扫描或重新下载后上传")
    if content[end + 5:].strip(b"\x00\t\r\n \x1a") or zipfile.is_zipfile(io.BytesIO(content)) or _AROUND.search(content):
        raise InputError("file_mixed", "PDF 里还混着别的文件或网页内容", remedy="请用“打印为 PDF”另存一份后上传", field="content")


def _open_action(pdf: pikepdf.Pdf) -> None:
    """A place to open at is harmless; any other act on opening is not."""
    action = pdf.Root.get("/OpenAction")
    if isinstance(action, pikepdf.Dictionary) and action.get("/S") != "/GoTo":
        raise _active("打开时自动执行的动作")


def _object(piece: pikepdf.Object, left: int) -> int:
    """Bytes that the object unpacks to. InputError when it acts, hides a file or unpacks beyond `left`."""
    stream = isinstance(piece, pikepdf.Stream)
    words = piece.stream_dict if isinstance(piece, pikepdf.Stream) else piece
    found = _NAME.search(_TEXT.sub(b"", words.unparse(resolved=True)))
    if found:
        raise _active(_ACTIVE[found[1]])
    if not stream:
        return 0
    if words.get("/Subtype") == "/Image" and int(words.get("/Width", 0)) * int(words.get("/Height", 0)) > _PIXELS:
        raise _bloated("其中的图片过大")
    return _unpacked(piece, min(_STREAM, left))


def _unpacked(piece: pikepdf.Object, limit: int) -> int:
    filters: pikepdf.Object | None = piece.get("/Filter")
    names = [] if filters is None else [str(filters)] if isinstance(filters, pikepdf.Name) else [str(name) for name in filters]
    if len(names) > _CHAIN:
        raise _bloated("压缩层数太多")
    pieces: Iterator[bytes] = iter((piece.read_raw_bytes(),))
    for name in names:
        if name in ("/FlateDecode", "/Fl"):
            pieces = _inflated(pieces)
        elif name in ("/ASCII85Decode", "/A85"):
            pieces = iter((base64.a85decode(b"".join(pieces).strip().removeprefix(b"<~").removesuffix(b"~>")),))
        elif name in ("/ASCIIHexDecode", "/AHx"):
            pieces = iter((bytes.fromhex(re.sub(rb"[^0-9A-Fa-f]", b"", b"".join(pieces)).decode()),))
        else:
            break                   # pictures by their pixels; the rest by the process's own limits
    total = 0
    for part in pieces:
        total += len(part)
        if total > limit:
            raise _bloated("其中的内容压缩得异常")
    return total


def _inflated(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Inflate piece by piece, so that a bomb is never whole in memory. A broken end is left to the reader."""
    machine = zlib.decompressobj()
    for piece in pieces:
        rest = piece
        while rest and not machine.eof:
            try:
                yield machine.decompress(rest, _PIECE)
            except zlib.error:
                return
            rest = machine.unconsumed_tail


def _pages(pdf: pikepdf.Pdf) -> int:
    count = len(pdf.pages)
    if count == 0:
        raise InputError("pdf_no_pages", "PDF 里一页也没有", remedy="请重新扫描后上传", field="content")
    if count > PAGES:
        raise InputError("pdf_many_pages", f"PDF 有 {count} 页，最多 {PAGES} 页", remedy="请按材料拆成几份上传", field="content")
    for page in pdf.pages:
        left, low, right, high = (abs(int(side)) for side in page.mediabox)
        unit = int(page.obj.get("/UserUnit", 1))
        if max(left, low, right, high) * unit > SIDE:
            raise _bloated("页面尺寸过大")
        if abs(right - left) < _LEAST or abs(high - low) < _LEAST:
            raise InputError("pdf_no_pages", "PDF 的页面没有大小", remedy="请重新扫描后上传", field="content")
    return count


def extract(content: bytes, pages: Sequence[int]) -> bytes:
    """These pages (from 1) as a PDF of their own; the same pages give the same bytes."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(content)) as whole, pikepdf.new() as part:
        part.pages.extend(whole.pages[number - 1] for number in pages)
        part.save(out, deterministic_id=True)
    return out.getvalue()


def _encrypted() -> InputError:
    return InputError("pdf_encrypted", "PDF 设有密码或权限限制", remedy="请去掉密码，或打印后扫描再上传", field="content")


def _active(what: str) -> InputError:
    return InputError("pdf_active", f"PDF 里带有{what}", remedy="请用“打印为 PDF”另存一份，或打印后扫描再上传", field="content")


def _bloated(what: str) -> InputError:
    return InputError("file_bloated", f"PDF 展开后过大：{what}", remedy="请用“打印为 PDF”另存一份，或分成几份上传", field="content")
