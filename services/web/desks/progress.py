"""The public progress page: claim number and code in, where / what next / by when out."""

from __future__ import annotations

from fastapi import Response

from services.reporting.progress import Progress, progress
from services.web.door import ANYONE, Pages
from services.web.speaking import shown, words
from services.web.visit import Visit

pages = Pages()
LOOK_UPS, SECONDS_EACH = 10, 6
LONGEST = 40


@pages.get("/progress", roles=ANYONE)
def ask(visit: Visit) -> Response:
    """The form; a number in the address is filled in, a code never stands in an address."""
    return _form(visit, visit.query.get("no", "")[:LONGEST])


@pages.post("/progress", roles=ANYONE)
def answer(visit: Visit) -> Response:
    """One look-up. By POST, so that the code stays out of addresses, histories and logs."""
    claim_no, code = visit.field("claim_no"), visit.field("code")
    if not claim_no or not code or len(claim_no) > LONGEST or len(code) > LONGEST:
        return _form(visit, claim_no[:LONGEST], fault="missing", status=422)
    seconds = visit.wait("progress", size=LOOK_UPS, seconds=SECONDS_EACH)
    if seconds:
        response = _form(visit, claim_no, fault="too_many", seconds=seconds, status=429)
        response.headers["Retry-After"] = str(seconds)
        return response
    found = _look_up(visit, claim_no, code)
    if found is None:
        return _form(visit, claim_no, fault="wrong", status=404)
    return visit.page("progress_found.html", w=words(visit.language.code), code=code, claim=shown(found, visit.language.code),
                      state=found.state)


def _look_up(visit: Visit, claim_no: str, code: str) -> Progress | None:
    with visit.wiring.db.view(visit.wiring.root) as session:
        return progress(session, claim_no, code, today=visit.today)


def _form(visit: Visit, claim_no: str, *, fault: str = "", seconds: int = 0, status: int = 200) -> Response:
    return visit.page("progress.html", w=words(visit.language.code), claim_no=claim_no, fault=fault, seconds=seconds, status=status)
