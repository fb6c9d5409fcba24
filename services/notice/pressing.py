"""The one way a letter's bytes are made: values checked, set, sealed. Opens no database, so that a pool of processes can do it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from documents.render import check_context, render
from services.models import Organisation


@dataclass(frozen=True, slots=True)
class Pressed:
    """Finished bytes with the values they say; `sha256` is their digest in hex."""

    pdf: bytes
    sha256: str
    context: dict[str, object]


def pressed(code: str, values: Mapping[str, object], *, office: Organisation, now: datetime) -> Pressed:
    """One letter. Raises DocumentError naming a value that is missing, or a character without glyph."""
    context = check_context(code, values)
    letter = render(code, context)
    return Pressed(letter.pdf, hashlib.sha256(letter.pdf).hexdigest(), context.model_dump(mode="json"))

