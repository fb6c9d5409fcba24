"""The claim page: one claim with everything that hangs on it, its papers and letters as they are, and the keys of review."""

from __future__ import annotations

import uuid
from dataclasses import replace
from urllib.parse import quote

from fastapi import Response
from fastapi.responses import JSONResponse
from sqlmodel import Session

from services.access.actor import REVIEWERS, Role
from services.core.errors import HuzhuError
from services.evidence import conversation
from services.evidence import service as evidence
from services.intake.queries import acts_for_self
from services.notice import queries as letters
from services.reporting import attached, sight, unmasking
from services.reporting.claim_file import ClaimFile, pulse
from services.reporting.neighbours import Neighbours, neighbours
from services.web import claim_words as words
from services.web.claim_context import address, back, context, read_file
from services.web.door import Pages
from services.web.language import N_
from services.web.render import HEADERS
from services.web.visit import Visit

pages = Pages()
STAFF = frozenset({Role.UNIT_CLERK, *REVIEWERS})
READERS = STAFF | {Role.AUDITOR}
OPENERS = READERS | {Role.MEMBER}
# The page's parts, in its order: anchor and title.
SECTIONS = (
    ("changes", N_("变动")), ("facts", N_("事实")), ("papers", N_("材料")), ("sheet", N_("核算表")), ("clocks", N_("时限")),
    ("chain", N_("审核")), ("decisions", N_("决定")), ("payments", N_("付款")), ("insurer", N_("保险公司")), ("lists", N_("补充材料")),
    ("letters", N_("文书")), ("objections", N_("异议与更正")),
    ("originals", N_("原件")), ("talk", N_("对话")), ("record", N_("记录")))
# What a browser may show in place; all else is saved.
_SHOWN = ("application/pdf", "image/png", "image/jpeg", "image/webp")
_FILE_HEADERS = {**HEADERS, "Cache-Control": "private, no-store",
                 "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; object-src 'self';"
                                            " frame-ancestors 'self'"}


@pages.get("/claims/{claim_no}", roles=OPENERS)
def claim(visit: Visit, claim_no: str) -> Response:
    """The whole file on one page; members have their own."""
    if acts_for_self(visit.actor):
        return visit.go(f"/mine/{quote(claim_no)}")
    return show(visit, claim_no)


def show(visit: Visit, claim_no: str, *, problem: HuzhuError | None = None) -> Response:
    """The claim page, as it now stands; the look is recorded."""
    file, near = visit.note(lambda session: _read(visit, session, claim_no))
    return visit.page("claim.html", problem=problem, near=near, sections=_sections(file), said=words.SAID, chosen=_chosen(visit, file),
                      speaks=visit.actor.has(*STAFF), notes=visit.actor.has(*REVIEWERS), **context(visit, file))


def _read(visit: Visit, session: Session, claim_no: str) -> tuple[ClaimFile, Neighbours]:
    file = read_file(visit, session, claim_no)
    talk = conversation.read(session, claim_id=file.view.claim.id, actor=visit.actor, now=visit.now)
    near = neighbours(session, claim_no, visit.actor, today=visit.today) if back(visit) else Neighbours("", "")
    return replace(file, talk=tuple(talk)), near


def _sections(file: ClaimFile) -> list[tuple[str, str]]:
    insured = file.view.claim.route == "insurer" or bool(file.view.handoffs)
    return [(name, title) for name, title in SECTIONS if insured or name != "insurer"]


def _chosen(visit: Visit, file: ClaimFile) -> uuid.UUID | None:
    """Which paper lies open: the one asked for, else the first that waits for a verdict, else the first."""
    asked = visit.query.get("paper", "")
    papers = file.view.papers
    named = next((paper.id for paper in papers if str(paper.id) == asked), None)
    waiting = next((paper.id for paper in papers if paper.verdict == "waiting"), None)
    return named or waiting or (papers[0].id if papers else None)


@pages.post("/claims/{claim_no}/talk", roles=STAFF)
def talk(visit: Visit, claim_no: str) -> Response:
    """A message to the member, or a note among colleagues."""
    internal = visit.field("to") == "office"

    def verb(session: Session) -> None:
        found = sight.claim(session, visit.actor, claim_no)
        write = conversation.note if internal else conversation.say
        write(session, claim_id=found.id, words=visit.field("words"), actor=visit.actor, now=visit.now)
    return visit.attempt(verb, again=lambda problem: show(visit, claim_no, problem=problem), then=address(visit, claim_no),
                         done="noted" if internal else "said")


@pages.get("/claims/{claim_no}/pulse", roles=READERS)
def version(visit: Visit, claim_no: str) -> Response:
    """How far the record has come, for a page that stands open."""
    seq = visit.read(lambda session: pulse(session, sight.claim(session, visit.actor, claim_no).id))
    return JSONResponse({"seq": seq}, headers={"Cache-Control": "no-store"})


@pages.get("/papers/{paper_id}/content", roles=OPENERS)
def paper(visit: Visit, paper_id: str) -> Response:
    """A paper as it was handed in; who looked is recorded."""
    wanted = identified(paper_id)
    row, content = visit.note(lambda session: evidence.read(session, paper_id=wanted, actor=visit.actor, now=visit.now))
    place = "inline" if row.mime in _SHOWN and "save" not in visit.query else "attachment"
    return _file(content, row.mime, f"{row.kind}-{row.sha256[:8]}", place)


@pages.get("/letters/{notice_id}/content", roles=OPENERS)
def letter(visit: Visit, notice_id: str) -> Response:
    """A letter's very bytes; letters name the illness, so who looked is recorded."""
    wanted = identified(notice_id)

    def run(session: Session) -> tuple[str, bytes]:
        found = attached.letters(session, notice_id=wanted)
        if not found:
            raise sight.missing()
        located = sight.claim(session, visit.actor, found[0].claim_no)
        sight.looked(session, visit.actor, located, f"letter:{wanted}", visit.now)
        return f"{found[0].code}-{found[0].claim_no}", letters.content(session, wanted)
    name, content = visit.note(run)
    return _file(content, "application/pdf", name, "inline")


def _file(content: bytes, mime: str, name: str, place: str) -> Response:
    return Response(content, media_type=mime, headers={**_FILE_HEADERS, "Content-Disposition": f'{place}; filename="{name}"'})


def identified(text: str) -> uuid.UUID:
    """An id of an address. NotFound when it is none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        raise sight.missing() from None


@pages.get("/claims/{claim_no}/unmask", roles=READERS)
def ask_unmask(visit: Visit, claim_no: str) -> Response:
    """Why a full number is needed."""
    return _unmask_page(visit, claim_no)


@pages.post("/claims/{claim_no}/unmask", roles=READERS)
def unmask(visit: Visit, claim_no: str) -> Response:
    """The full number, shown once; who asked and why is recorded."""
    what, reason = visit.field("what"), visit.field("reason")

    def run(session: Session) -> str:
        found = sight.claim(session, visit.actor, claim_no)
        return unmasking.unmask(session, claim=found, what=what, reason=reason, actor=visit.actor, now=visit.now)
    try:
        value = visit.note(run)
    except HuzhuError as error:
        return _unmask_page(visit, claim_no, problem=error)
    return _unmask_page(visit, claim_no, value=value, what=what)


def _unmask_page(visit: Visit, claim_no: str, *, problem: HuzhuError | None = None, value: str = "", what: str = "") -> Response:
    name = visit.read(lambda session: unmasking.name_of(session, sight.claim(session, visit.actor, claim_no)))
    return visit.page("unmask.html", problem=problem, claim_no=claim_no, name=name, value=value, what=what,
                      fields=words.NUMBERS, back=back(visit))


@pages.get("/keys", roles=READERS)
def keys(visit: Visit) -> Response:
    """The keys of review, for somebody without script too."""
    return visit.page("keys.html")
