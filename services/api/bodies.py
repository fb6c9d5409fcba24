"""What the API's request bodies share: strict shapes with examples; an unknown key is named and refused."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import UploadFile
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.core.errors import InputError
from services.core.settings import settings

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_EMOJI = 0x1F300


def _printable(text: str) -> str:
    """Letters print these words: a sign that no font of theirs has would keep the letter from being issued."""
    for sign in text:
        kind = unicodedata.category(sign)
        if (kind in _UNSEEN and sign not in "\n\r\t") or (kind in ("So", "Sk") and ord(sign) >= _EMOJI):
            raise ValueError(f"不能有 U+{ord(sign):04X} 这样不能印出的字符")
    return text


# Blanks alone are no reason.
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(_printable)]
Day = Annotated[date, Field(examples=["2026-03-20"])]


def example(**words: Any) -> ConfigDict:
    """A body's configuration with its example for the interface page."""
    return ConfigDict(extra="forbid", frozen=True, json_schema_extra={"example": words})


class Nothing(BaseModel):
    """A body without content: `{}`."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Reason(BaseModel):
    """Why."""

    model_config = example(reason="经办人复核后认为材料影像不清")

    reason: Text = Field(description="理由代码（见 GET /reasons）或说明")


class Page(BaseModel):
    """One page of a list: `next` goes into `after` for the following one."""

    next: str | None = None


def fingerprint(words: Mapping[str, object], content: bytes) -> dict[str, object]:
    """What an upload asks for, its bytes as their hash: the same upload again has the same fingerprint."""
    return {**{name: str(value) for name, value in words.items()}, "sha256": hashlib.sha256(content).hexdigest()}


def content_of(file: UploadFile) -> bytes:
    """The bytes of an upload, read no further than the limit allows."""
    limit = settings().upload_limit_mb * 1024 * 1024
    content = file.file.read(limit + 1)
    if len(content) > limit:
        raise InputError("file_too_large", f"文件超过 {settings().upload_limit_mb} MB", remedy="请压缩或拆分后上传",
                         field="file")
    return content
