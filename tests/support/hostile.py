"""Files that somebody with bad intent (or a broken phone) may send, made when asked for. Nothing here is kept on disk."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any

import pikepdf
from PIL import Image, PngImagePlugin

from tests.support.paper_files import MAKER, changed_pdf, good_pdf, heic, located_photo, page, photo, saved


def _with_root(name: str, value: Any) -> bytes:
    def change(pdf: pikepdf.Pdf) -> None:
        pdf.Root[name] = pdf.make_indirect(value)
    return changed_pdf(change)


def action(**words: Any) -> pikepdf.Dictionary:
    return pikepdf.Dictionary(**words)


def _annotated(done: pikepdf.Dictionary) -> bytes:
    """An action that a press on the first page starts."""
    def change(pdf: pikepdf.Pdf) -> None:
        pdf.pages[0].obj.Annots = pikepdf.Array([pikepdf.Dictionary(
            Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, Rect=[0, 0, 99, 99], A=done)])
    return changed_pdf(change)


def _attached(pdf: pikepdf.Pdf) -> None:
    pdf.attachments["a.exe"] = b"MZ attached"


def _boxed(width: int) -> bytes:
    def change(pdf: pikepdf.Pdf) -> None:
        pdf.pages[0].mediabox = pikepdf.Array([0, 0, width, 800])
    return changed_pdf(change)


@cache
def _nothing(size: int) -> bytes:
    """Packed zeros, never whole in memory here either."""
    machine, packed, piece = zlib.compressobj(1), bytearray(), bytes(1 << 20)
    for _ in range(size >> 20):
        packed += machine.compress(piece)
    return bytes(packed + machine.flush())


def _stream_bomb(layers: int, size: int = 260 << 20) -> bytes:
    """A stream that unpacks to hundreds of megabytes of nothing."""
    content = _nothing(size)
    for _ in range(layers - 1):
        content = zlib.compress(content, 9)

    def change(pdf: pikepdf.Pdf) -> None:
        bomb = pdf.make_stream(b"")
        bomb.write(content, filter=pikepdf.Array([pikepdf.Name.FlateDecode] * layers))
        pdf.pages[0].obj.Contents = bomb
    return changed_pdf(change, compress_streams=False)


def _image_bomb() -> bytes:
    def change(pdf: pikepdf.Pdf) -> None:
        for image in pdf.pages[0].get_images().values():
            image.Width, image.Height = 60_000, 60_000
    return changed_pdf(change)


def _many_pages() -> bytes:
    out = io.BytesIO()
    with pikepdf.new() as pdf:
        for _ in range(301):
            pdf.add_blank_page(page_size=(200, 200))
        pdf.save(out)
    return out.getvalue()


def _no_pages() -> bytes:
    out = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.save(out)
    return out.getvalue()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _huge_png() -> bytes:
    """A header that promises 40,000 × 40,000 pixels in a few bytes."""
    header = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(b"")) + _chunk(b"IEND", b"")


def _real_png_bomb() -> bytes:
    """100 million pixels of one colour that are all there."""
    header = struct.pack(">IIBBBBB", 10_000, 10_000, 1, 0, 0, 0, 0)
    data = zlib.compress(bytes(10_000 * (1 + 1250)), 9)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _text_bomb() -> bytes:
    """A comment in a PNG that unpacks to 64 MB."""
    words = PngImagePlugin.PngInfo()
    words.add_text("Comment", "a" * (64 << 20), zip=True)
    return saved(page(), "PNG", pnginfo=words)


def archive(*names: str) -> bytes:
    """A ZIP with these names."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as into:
        for name in names:
            into.writestr(name, "x")
    return out.getvalue()


def _frames(kind: str) -> bytes:
    return saved(page(420, 500), kind, save_all=True, append_images=[page(420, 500, light=200)], duration=100)


SCRIPT = b"<html><script>alert(1)</script></html>"

# name → (bytes when asked for, file name, the refusal's code)
CORPUS: dict[str, tuple[Callable[[], bytes], str, str]] = {
    # what is no paper at all
    "a web page": (lambda: SCRIPT, "a.pdf", "file_type"),
    "an SVG": (lambda: b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>', "a.svg", "file_type"),
    "an SVG called PNG": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>', "a.png", "file_type"),
    "XML with an entity bomb": (lambda: b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><l>&b;</l>',
                                "a.pdf", "file_type"),
    "a program": (lambda: b"MZ\x90\x00\x03" + bytes(400), "a.pdf", "file_type"),
    "a Linux program": (lambda: b"\x7fELF\x02\x01\x01" + bytes(400), "a.jpg", "file_type"),
    "a script": (lambda: b"#!/bin/sh\nrm -rf ~\n", "a.png", "file_type"),
    "a ZIP": (lambda: archive("a.pdf"), "a.pdf", "file_type"),
    "a Word file": (lambda: archive("[Content_Types].xml", "word/document.xml"), "a.docx", "file_type"),
    "a workbook as a paper": (lambda: archive("[Content_Types].xml", "xl/workbook.xml"), "a.xlsx", "file_type"),
    "a GIF": (lambda: saved(page(420, 500), "GIF"), "a.gif", "file_animated"),
    "a TIFF": (lambda: saved(page(420, 500), "TIFF"), "a.tif", "file_type"),
    "random bytes": (lambda: bytes(range(256)) * 20, "a.pdf", "file_type"),
    # a paper by its bytes under the name of something else
    "a PDF called EXE": (good_pdf, "a.exe", "file_name_type"),
    "a picture called HTML": (photo, "诊断证明.html", "file_name_type"),
    "a PDF called DOCX": (good_pdf, "a.pdf.docx", "file_name_type"),
    # bombs
    "a PNG header beyond measure": (_huge_png, "a.png", "file_bloated"),
    "a PNG of 100 million pixels": (_real_png_bomb, "a.png", "file_bloated"),
    "a PNG comment that unpacks": (_text_bomb, "a.png", "file_damaged"),
    "a PDF stream that unpacks": (lambda: _stream_bomb(1), "a.pdf", "file_bloated"),
    "a PDF stream packed twice": (lambda: _stream_bomb(2), "a.pdf", "file_bloated"),
    "a PDF stream packed five times": (lambda: _stream_bomb(5, 1 << 20), "a.pdf", "file_bloated"),
    "a PDF picture beyond measure": (_image_bomb, "a.pdf", "file_bloated"),
    "a PDF of 301 pages": (_many_pages, "a.pdf", "pdf_many_pages"),
    "a PDF page of a kilometre": (lambda: _boxed(3_000_000), "a.pdf", "file_bloated"),
    # pictures of more than one picture
    "an animated PNG": (lambda: _frames("PNG"), "a.png", "file_animated"),
    "an animated WEBP": (lambda: _frames("WEBP"), "a.webp", "file_animated"),
    # PDFs that act, hide or lock
    "a PDF with a password": (lambda: changed_pdf(lambda pdf: None, encryption=pikepdf.Encryption(owner="o", user="u")), "a.pdf",
                              "pdf_encrypted"),
    "a PDF with rights withheld": (lambda: changed_pdf(lambda pdf: None, encryption=pikepdf.Encryption(owner="o", user="")), "a.pdf",
                                   "pdf_encrypted"),
    "a PDF with JavaScript": (lambda: _with_root("/OpenAction", action(S=pikepdf.Name.JavaScript, JS="app.alert(1)")), "a.pdf",
                              "pdf_active"),
    "a PDF with named scripts": (lambda: _with_root("/Names", action(JavaScript=action(Names=["a", action(
        S=pikepdf.Name.JavaScript, JS="1")]))), "a.pdf", "pdf_active"),
    "a PDF that opens a program": (lambda: _with_root("/OpenAction", action(S=pikepdf.Name.Launch, F="cmd.exe")), "a.pdf", "pdf_active"),
    "a PDF that prints itself": (lambda: _with_root("/OpenAction", action(S=pikepdf.Name.Named, N=pikepdf.Name.Print)), "a.pdf",
                                 "pdf_active"),
    "a PDF with acts of its own": (lambda: _with_root("/AA", action(WC=action(S=pikepdf.Name.Named, N=pikepdf.Name.Print))), "a.pdf",
                                   "pdf_active"),
    "a PDF with an attachment": (lambda: changed_pdf(_attached), "a.pdf", "pdf_active"),
    "a PDF with a film": (lambda: _annotated(action(S=pikepdf.Name.Rendition)), "a.pdf", "pdf_active"),
    "a PDF with rich media": (lambda: _with_root("/X", action(Subtype=pikepdf.Name.RichMedia)), "a.pdf", "pdf_active"),
    "a PDF with a dynamic form": (lambda: _with_root("/AcroForm", action(XFA="<xdp/>", Fields=pikepdf.Array())), "a.pdf", "pdf_active"),
    "a PDF that sends a form": (lambda: _annotated(action(S=pikepdf.Name.SubmitForm, F="http://example.test")), "a.pdf", "pdf_active"),
    "a PDF with a link": (lambda: _annotated(action(S=pikepdf.Name.URI, URI="http://example.test")), "a.pdf", "pdf_active"),
    "a PDF that opens another": (lambda: _annotated(action(S=pikepdf.Name.GoToR, F="other.pdf")), "a.pdf", "pdf_active"),
    "a script under an escaped name": (lambda: _with_root("/OpenAction", action(S=pikepdf.Name.JavaScript, JS="1"))
                                       .replace(b"/JavaScript", b"/Java#53cript").replace(b"/JS", b"/J#53"), "a.pdf", "pdf_active"),
    # two files in one
    "a PDF after a web page": (lambda: SCRIPT + good_pdf(), "a.pdf", "file_type"),
    "a PDF after a program": (lambda: b"MZ\x90\x00\x03" + bytes(60) + good_pdf(), "a.pdf", "file_type"),
    "a PDF with a ZIP behind": (lambda: good_pdf() + archive("a"), "a.pdf", "file_mixed"),
    "a PDF with a web page behind": (lambda: good_pdf() + SCRIPT, "a.pdf", "file_mixed"),
    "a PDF with a web page inside": (lambda: good_pdf().replace(b"startxref", b"%" + SCRIPT + b"\nstartxref"), "a.pdf", "file_mixed"),
    "a JPEG with a script behind": (lambda: photo() + SCRIPT, "a.jpg", "file_mixed"),
    "a JPEG with a ZIP behind": (lambda: photo() + archive("a"), "a.jpg", "file_mixed"),
    "a JPEG with a PDF behind": (lambda: photo() + good_pdf(), "a.jpg", "file_mixed"),
    "a JPEG with a script in its comment": (lambda: photo(comment=b"<script>alert(1)</script>"), "a.jpg", "file_mixed"),
    "a JPEG with a script as the camera's name": (lambda: photo(exif=_named(b"<?php system('x')")), "a.jpg", "file_mixed"),
    "a PNG with a program behind": (lambda: saved(page()) + b"MZ\x90\x00\x03" + bytes(99), "a.png", "file_mixed"),
    "a PNG with anything behind": (lambda: saved(page()) + b"anything", "a.png", "file_mixed"),
    "a WEBP with a ZIP behind": (lambda: saved(page(), "WEBP") + archive("a"), "a.webp", "file_mixed"),
    "a HEIC with a ZIP behind": (lambda: heic() + archive("a"), "a.heic", "file_mixed"),
    "a GIF that is a Java archive": (lambda: saved(page(420, 500), "GIF") + archive("META-INF/MANIFEST.MF"), "a.gif", "file_animated"),
    # what did not arrive whole
    "a JPEG cut short": (lambda: photo()[:-4000], "a.jpg", "file_damaged"),
    "a PNG cut short": (lambda: saved(page())[:-200], "a.png", "file_damaged"),
    "a HEIC cut short": (lambda: heic()[:-900], "a.heic", "file_damaged"),
    "a HEIC of a header only": (lambda: b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00heicmif1" + bytes(16), "a.heic", "file_damaged"),
    "a WEBP cut short": (lambda: saved(page(), "WEBP")[:-900], "a.webp", "file_damaged"),
    "a PDF cut short": (lambda: good_pdf()[:-900], "a.pdf", "pdf_damaged"),
    "a PDF of a header only": (lambda: b"%PDF-1.4\n%%EOF\n", "a.pdf", "pdf_damaged"),
    "a PDF without pages": (_no_pages, "a.pdf", "pdf_no_pages"),
    # names
    "a way out": (photo, "../../etc/passwd", "file_name"),
    "a way out of Windows": (photo, "..\\..\\boot.jpg", "file_name"),
    "another drive": (photo, "C:a.jpg", "file_name"),
    "a NUL": (photo, "a.jpg\x00.exe", "file_name"),
    "a line's end": (photo, "a\r\nX-Evil: 1.jpg", "file_name"),
    "a turned reading direction": (photo, "诊断\u202egpj.exe", "file_name"),
    "a reserved name": (photo, "CON.jpg", "file_name"),
    "only dots": (photo, "...", "file_name"),
    "no end": (photo, "长" * 300 + ".jpg", "file_name"),
    # what nobody can read
    "a thumbnail": (lambda: saved(page(399, 600)), "a.png", "picture_too_small"),
}


def _named(name: bytes) -> Image.Exif:
    exif = Image.Exif()
    exif[MAKER] = name.decode()
    return exif


# What honest people send, some of it a little odd.
HONEST: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "a photo": (photo, "IMG_0001.JPG", "image/jpeg"),
    "a photo with its place": (located_photo, "诊断证明.jpg", "image/jpeg"),
    "a photo with the camera's film behind": (lambda: photo() + b"\x00\x00\x00\x18ftypmp42" + bytes(4000), "MVIMG.jpg", "image/jpeg"),
    "a photo with its small copy behind": (lambda: saved(page(), "MPO", save_all=True, append_images=[page(420, 500)]), "IMG_0003.JPG",
                                           "image/jpeg"),
    "a screenshot": (lambda: saved(page()), "截图 2026-03-20 10:30.png", "image/png"),
    "a slip of the finger in the name": (lambda: saved(page()), "诊断..png", "image/png"),
    "a PNG called JPG": (lambda: saved(page()), "a.jpg", "image/png"),
    "a picture called PDF": (lambda: saved(page()), "扫描件.pdf", "image/png"),
    "a WEBP": (lambda: saved(page(), "WEBP"), "a.webp", "image/webp"),
    "an iPhone's picture": (heic, "IMG_0002.HEIC", "image/heic"),
    "a scan": (good_pdf, "病历（第1-3页）.pdf", "application/pdf"),
    "a scan without an ending": (good_pdf, "scan", "application/pdf"),
    "a PDF that opens at a place": (lambda: changed_pdf(_opened_at), "a.pdf", "application/pdf"),
    "a PDF saved once more": (lambda: good_pdf() + b"\n\x00\x00\r\n", "a.pdf", "application/pdf"),
}


def _opened_at(pdf: pikepdf.Pdf) -> None:
    pdf.Root.OpenAction = pikepdf.Array([pdf.pages[0].obj, pikepdf.Name.Fit])
