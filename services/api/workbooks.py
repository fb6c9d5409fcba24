"""A workbook as an answer, saved under its Chinese name."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import Response

from services.storage import service as storage


def workbook(content: bytes, name: str) -> Response:
    """`name` with its ending; browsers read it as UTF-8."""
    return Response(content, media_type=storage.XLSX, headers={
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"})
