"""Files of a form: read within the limit, named, sized in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import UploadFile

from services.core.errors import InputError
from services.core.settings import settings
from services.rulebook.paper_words import paper_words
from services.storage import quality
from services.web import render
from services.web.visit import Visit

MOST = 20                   # files of one field at once


@dataclass(frozen=True, slots=True)
class Sent:
    """One file as it came."""

    name: str
    content: bytes


def files(visit: Visit, name: str) -> list[Sent]:
    """Every file of a field, none when nothing was chosen. InputError: too large or too many."""
    chosen = [value for value in visit.form.getlist(name) if isinstance(value, UploadFile) and value.filename]
    if len(chosen) > MOST:
        raise InputError("files_many", f"一次最多上传 {MOST} 个文件", remedy="分几次上传", field=name)
    return [Sent(file.filename or name, _read(file, name)) for file in chosen]


def _read(file: UploadFile, name: str) -> bytes:
    limit = settings().upload_limit_mb
    content = file.file.read(limit * 1024 * 1024 + 1)
    if len(content) > limit * 1024 * 1024:
        raise InputError("file_too_large", f"文件超过 {limit} MB", remedy="请压缩或拆分后上传", field=name)
    return content


@contextmanager
def beside(name: str) -> Iterator[None]:
    """A fault of the bytes stands at the field by which they came."""
    try:
        yield
    except InputError as error:
        if error.field == "content":
            error.field = name
        raise


def size_words(size: int) -> str:
    """312 KB, 2.4 MB."""
    return f"{max(1, round(size / 1024))} KB" if size < 1024 * 1024 else f"{size / 1024 / 1024:.1f} MB"


def limits() -> dict[str, Any]:     # a template's values are of every kind
    """What templates say of files: how large one may be, sizes in words, what kinds of papers are, how pictures are measured."""
    return {"limit": settings().upload_limit_mb, "size": size_words, "plain": paper_words(), "samples": render.files(),
            "measures": quality.limits}
