"""What the words of an address name."""

from __future__ import annotations

import uuid

from services.core.errors import NotFound


def letter_of(text: str) -> uuid.UUID:
    """The letter that an address names."""
    try:
        return uuid.UUID(text)
    except ValueError:
        raise NotFound("not_found", "没有这一文书，或不在您的管辖范围内", remedy="核对编号") from None
