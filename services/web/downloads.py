"""A file as a page's answer: kept by nobody on the way, saved under its Chinese name."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import Response

from services.storage.service import XLSX
from services.web.render import HEADERS


def saved(content: bytes, name: str, mime: str = XLSX) -> Response:
    """`name` with its ending; browsers read it as UTF-8."""
    return Response(content, media_type=mime, headers={**HEADERS, "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"})
