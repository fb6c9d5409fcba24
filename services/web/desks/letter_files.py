"""Letters as files: those of a unit to print, and the samples of each letter to look at."""

from __future__ import annotations

from datetime import date
from urllib.parse import urlencode

from fastapi import Response
from sqlmodel import Session

from services.access.actor import REVIEWERS, Role
from services.core.clock import business_day
from services.core.errors import InputError, NotFound
from services.notice import print_files
from services.notice import samples as gallery
from services.reporting import dossier as dossiers
from services.reporting import letter_progress
from services.storage.service import PDF
from services.web.claim_words import LETTERS
from services.web.door import Audience, Pages
from services.web.downloads import saved
from services.web.language import N_
from services.web.render import HEADERS
from services.web.visit import Visit

pages = Pages()
PRINTERS: Audience = frozenset({Role.UNIT_CLERK, *REVIEWERS})
READERS: Audience = frozenset({Role.UNIT_CLERK, Role.AUDITOR, *REVIEWERS})
MORE = {"cover_certificate": N_("参保证明"), "exchange": N_("合作情况通报函"), "archive_sheet": N_("结案归档表")}


@pages.get("/print-files", roles=PRINTERS)
def units(visit: Visit) -> Response:
    """Units that have letters to print, how far all letters are; which letters and which day stand in the address."""
    try:
        on, problem = _day(visit), None
    except InputError as error:
        on, problem = None, error
    which = "all" if visit.query.get("which") == "all" else "paper"

    def run(session: Session) -> tuple[list[print_files.Bundle], letter_progress.Progress]:
        return (print_files.bundles(session, org_key="", on=on, which=which, actor=visit.actor),
                letter_progress.progress(session, today=business_day(visit.now)))
    found, far = visit.read(run)
    kept = {"which": which, **({"on": on.isoformat()} if on else {})}
    return visit.page("print_files.html", problem=problem, units=found, far=far, which=which, on=on,
                      address=lambda unit: urlencode({"org": unit.org_key, **kept}))


@pages.get("/print-files/file", roles=PRINTERS)
def file(visit: Visit) -> Response:
    """The unit's letters in one PDF; the looks are recorded."""
    made = visit.note(lambda session: _made(visit, session))
    return saved(made.pdf, "文书打印.pdf", PDF)


@pages.get("/print-files/list", roles=PRINTERS)
def listing(visit: Visit) -> Response:
    """What is in it, a line a letter."""
    made = visit.note(lambda session: _made(visit, session))
    return saved(print_files.listing(made, title=visit.say("发件清单")), "发件清单.xlsx")


def _made(visit: Visit, session: Session) -> print_files.PrintFile:
    return print_files.print_file(session, org_key=visit.query.get("org", ""), on=_day(visit), which=visit.query.get("which", "paper"),
                                  actor=visit.actor, now=visit.now)


def _day(visit: Visit) -> date | None:
    text = visit.query.get("on", "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InputError("date_wrong", "不是日期", remedy="写成 2026-05-01", field="on") from None


@pages.get("/claims/{claim_no}/dossier", roles=READERS)
def dossier(visit: Visit, claim_no: str) -> Response:
    """A claim's dossier in one PDF; the look is recorded."""
    made = visit.note(lambda session: dossiers.dossier(session, claim_no=claim_no, actor=visit.actor, now=visit.now))
    return saved(made.pdf, f"案卷-{made.claim_no}.pdf", PDF)


@pages.get("/letter-samples", roles=READERS)
def samples(visit: Visit) -> Response:
    """Every letter there is, each with its first page."""
    return visit.page("letter_samples.html", letters=[(code, _name(code)) for code in gallery.codes()])


@pages.get("/letter-samples/{code}", roles=READERS)
def sample(visit: Visit, code: str) -> Response:
    """A letter's sample: pages as pictures, and its words."""
    return visit.page("letter_sample.html", code=code, name=_name(code), letter=gallery.sample(_known(code)),
                      words=gallery.words(code))


@pages.get("/letter-samples/{code}/file", roles=READERS)
def sample_file(visit: Visit, code: str) -> Response:
    """The sample as PDF."""
    return saved(gallery.sample(_known(code)).pdf, f"样张-{_name(code)}.pdf", PDF)


@pages.get("/letter-samples/{code}/{page}", roles=READERS)
def sample_page(visit: Visit, code: str, page: str) -> Response:
    """One page as a picture; the same for everybody, so a browser may keep it."""
    try:
        content = gallery.picture(_known(code), int(page) if page.isdecimal() and len(page) < 3 else 0)
    except IndexError:
        raise _missing() from None
    return Response(content, media_type="image/png", headers={**HEADERS, "Cache-Control": "private, max-age=3600"})


def _name(code: str) -> str:
    return LETTERS.get(code) or MORE.get(code, code)


def _known(code: str) -> str:
    if code not in gallery.codes():
        raise _missing()
    return code


def _missing() -> NotFound:
    return NotFound("letter_unknown", "没有这一文书样张", remedy="回到文书样张")
