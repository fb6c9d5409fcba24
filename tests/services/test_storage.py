"""Bytes by their hash: once, checked, of a true kind."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import uuid
import zipfile
import zlib
from pathlib import Path

import pytest

from services.core.errors import InputError, NotFound, OutsideError
from services.core.settings import settings
from services.simulate.synthetic import sheet_xlsx
from services.storage import service as storage
from tests.support.claims import picture

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def _where(sha256: str) -> Path:
    return settings().papers_dir / sha256[:2] / sha256[2:4] / sha256


def test_bytes_come_back_under_their_hash() -> None:
    content = b"%PDF-1.4 one"
    sha256 = storage.put(content)
    assert sha256 == hashlib.sha256(content).hexdigest()
    assert storage.put(content) == sha256
    assert storage.get(sha256) == content
    assert _where(sha256).read_bytes() == content
    assert storage.has(sha256)


def test_changed_bytes_are_loud() -> None:
    sha256 = storage.put(b"the true paper")
    _where(sha256).write_bytes(b"another paper")
    with pytest.raises(OutsideError, match="object_damaged"):
        storage.get(sha256)
    with pytest.raises(OutsideError, match="object_damaged"):
        storage.put(b"the true paper")


@pytest.mark.parametrize("name", ["0" * 64, "../../etc/passwd", ""])
def test_missing_and_crooked_names_find_nothing(name: str) -> None:
    with pytest.raises(NotFound):
        storage.get(name)


def test_empty_and_oversized_are_refused() -> None:
    with pytest.raises(InputError, match="file_empty"):
        storage.put(b"")
    with pytest.raises(InputError, match="file_too_large"):
        storage.put(bytes(settings().upload_limit_mb * 1024 * 1024 + 1))


def _zip(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return buffer.getvalue()


def _huge_png() -> bytes:
    """A header that promises 40,000 × 40,000 pixels in a few bytes."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("content", "mime"), [
    (PDF, "application/pdf"),
    (picture(), "image/png"),
    (sheet_xlsx([["姓名"]]), storage.XLSX),
    (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00heicmif1" + bytes(16), "image/heic"),
])
def test_the_true_kind_is_read_from_the_bytes(content: bytes, mime: str) -> None:
    assert storage.kind_of(content) == mime


@pytest.mark.parametrize(("content", "code"), [
    (b"<html><script>alert(1)</script>", "file_type"),
    (b"MZ\x90\x00" + bytes(64), "file_type"),
    (_zip("word/document.xml", "[Content_Types].xml"), "file_type"),
    (b"PK\x03\x04 broken", "file_damaged"),
    (picture()[:60], "file_damaged"),
    (_huge_png(), "file_"),
    (_zip("[Content_Types].xml", "xl/workbook.xml", *(f"xl/media/{number}" for number in range(1999))), "file_bloated"),
])
def test_other_and_damaged_files_are_refused(content: bytes, code: str) -> None:
    with pytest.raises(InputError, match=code):
        storage.kind_of(content)


def test_what_was_put_is_on_the_disk_with_its_folders_before_a_row_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row may be committed after this, and the database's own log survives a power cut: the bytes have to as well."""
    settled, settle = list[Path](), os.fsync

    def fsync(opened: int) -> None:
        settled.append(Path(f"/proc/self/fd/{opened}").readlink())
        settle(opened)

    monkeypatch.setattr(os, "fsync", fsync)
    sha256 = storage.put(b"a paper of today")
    file = _where(sha256).resolve()
    assert settled == [file, file.parent, file.parent.parent, file.parent.parent.parent]
    assert file.parent.parent.parent == settings().papers_dir.resolve()
    settled.clear()
    assert storage.put(b"a paper of today") == sha256
    assert settled[0] == file, "whoever wrote it first may have been killed before he saw to that"
    settled.clear()
    storage.put_part(uuid.UUID(int=7), 0, b"a part")
    storage.drop_parts(uuid.UUID(int=7))
    assert settled[0].name == f"{0:012d}"
