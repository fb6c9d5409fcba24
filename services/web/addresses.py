"""What the words of an address or a form name."""

from __future__ import annotations

import uuid
from datetime import date

from services.core.errors import InputError, NotFound


def letter_of(text: str) -> uuid.UUID:
    """The letter that an address names."""
    try:
        return uuid.UUID(text)
    except ValueError:
        raise NotFound("not_found", "没有这一文书，或不在您的管辖范围内", remedy="核对编号") from None


def month_of(text: str) -> date:
    """The first day of a month as it is written in forms, 2026-03."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise InputError("month_wrong", "不是月份", remedy="写成 2026-03", field="month") from None
