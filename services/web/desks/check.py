"""The public check of a letter: its code (typed, or from the QR) or its very file; genuine, in force, unchanged, or not."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from fastapi import Response
from starlette.datastructures import UploadFile

from services.reporting import checking
from services.reporting.checking import Standing
from services.web.door import ANYONE, Pages
from services.web.visit import Visit

pages = Pages()
LOOK_UPS, SECONDS_EACH = 10, 6
LONGEST = 40


@dataclass(frozen=True, slots=True)
class _Answer:
    """`file`: same, other (another letter of ours), differs; empty when none was sent."""

    found: Standing
    file: str = ""
    other: Standing | None = None


@pages.get("/check", roles=ANYONE)
def ask(visit: Visit) -> Response:
    """The form."""
    return _page(visit)


@pages.get("/check/{code}", roles=ANYONE)
def read(visit: Visit, code: str) -> Response:
    """Where the QR leads. The code opens nothing personal, so it may stand in an address."""
    return _late(visit) or _answered(visit, code, None)


@pages.post("/check", roles=ANYONE)
def look(visit: Visit) -> Response:
    """A code, a file, or both."""
    code, file = visit.field("code"), visit.form.get("file")
    given = file if isinstance(file, UploadFile) and file.filename else None
    if not code and given is None:
        return _page(visit, fault="missing", status=422)
    return _late(visit) or _answered(visit, code, given)


@pages.post("/check/{code}", roles=ANYONE)
def compare(visit: Visit, code: str) -> Response:
    """A file beside the letter whose code it is."""
    file = visit.form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return visit.go(f"/check/{code[:LONGEST]}")
    return _late(visit) or _answered(visit, code, file)


def _late(visit: Visit) -> Response | None:
    seconds = visit.wait("check", size=LOOK_UPS, seconds=SECONDS_EACH)
    if not seconds:
        return None
    response = _page(visit, fault="too_many", seconds=seconds, status=429)
    response.headers["Retry-After"] = str(seconds)
    return response


def _answered(visit: Visit, code: str, file: UploadFile | None) -> Response:
    digest = hashlib.sha256(file.file.read()).hexdigest() if file else ""     # no longer than the upload limit
    with visit.wiring.db.view(visit.wiring.root) as session:
        held = checking.by_digest(session, digest) if digest else None
        found = checking.by_code(session, code[:LONGEST]) if code else held
    if found is None:
        return _page(visit, code=code[:LONGEST], fault="unknown_file" if digest and not code else "unknown", status=404)
    if not digest:
        return _page(visit, code=code, answer=_Answer(found))
    if digest == found.sha256:
        return _page(visit, code=code, answer=_Answer(found, "same"))
    return _page(visit, code=code, answer=_Answer(found, "other" if held else "differs", held))


def _page(visit: Visit, *, code: str = "", fault: str = "", seconds: int = 0, answer: _Answer | None = None, status: int = 200) -> Response:
    return visit.page("check.html", code=code, fault=fault, seconds=seconds, answer=answer, status=status)
