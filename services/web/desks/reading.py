"""The verifier at one paper: its page beside what was read on it, each field answered; then the paper is judged, and the next."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from fastapi import Response
from sqlmodel import Session

from services.core.errors import HuzhuError, InputError
from services.evidence import again, answers, turning
from services.evidence import service as evidence
from services.evidence.recognition import engine
from services.evidence.recognition.vocabulary import SHEETS, sheets_for
from services.reporting import paper_desk, sight
from services.reporting.claim_file import ClaimFile, book_of
from services.reporting.paper_desk import Desk, FactRead
from services.reporting.views import PaperView
from services.web import reading_words
from services.web.claim_context import WORK, address, back, context, read_file
from services.web.desks.claim import OPENERS, STAFF, identified
from services.web.door import Pages
from services.web.render import HEADERS
from services.web.visit import Visit, whole

pages = Pages()
SHEET_NAMES = {name: spec.name for name, spec in SHEETS.items()}
ZOOMS = (60, 100, 150, 200, 300)        # percent of the column's width
Verb = Callable[[Visit, Session, uuid.UUID], object]


@pages.get("/claims/{claim_no}/papers/{paper_id}", roles=STAFF)
def paper(visit: Visit, claim_no: str, paper_id: str) -> Response:
    """One page of a paper beside its fields and the facts it proves."""
    return _paper_page(visit, claim_no, paper_id)


@pages.post("/claims/{claim_no}/papers/{paper_id}", roles=STAFF)
def judge(visit: Visit, claim_no: str, paper_id: str) -> Response:
    """Accepted, or rejected with what is wrong; then on to the next that waits."""
    wanted = identified(paper_id)

    def verb(session: Session) -> str:
        found = sight.claim(session, visit.actor, claim_no, lock=True)
        evidence.judge(session, paper_id=wanted, accept=visit.field("verdict") == "accept", fault=visit.field("fault"),
                       actor=visit.actor, now=visit.now)
        rest = [row.id for row in read_file(visit, session, found.claim_no).view.papers if row.verdict == "waiting"]
        return f"/claims/{claim_no}/papers/{rest[0]}{back(visit)}" if rest else address(visit, claim_no)
    return visit.attempt(verb, again=lambda problem: _paper_page(visit, claim_no, paper_id, problem=problem),
                         then=lambda to: to, done="judged")


@pages.post("/claims/{claim_no}/papers/{paper_id}/fields", roles=STAFF)
def answer(visit: Visit, claim_no: str, paper_id: str) -> Response:
    """One thing said of the open page: a field accepted, corrected or unreadable, values typed, the page turned."""
    wanted = identified(paper_id)
    verb = _VERBS.get(visit.field("answer"), _nothing)

    def run(session: Session) -> str:
        found = sight.claim(session, visit.actor, claim_no, lock=True)
        paper_desk.require_of(session, found.id, wanted)
        verb(visit, session, wanted)
        if verb is _again:
            return f"/claims/{claim_no}/papers/{wanted}{_at(visit, done='again')}"
        onward = paper_desk.next_open(session, found.id, wanted, _number(visit) or 1, visit.field("field"))
        return f"/claims/{claim_no}/papers/{wanted}{_at(visit)}#" + (f"f-{onward}" if onward else "next")
    return visit.attempt(run, again=lambda problem: _paper_page(visit, claim_no, paper_id, problem=problem), then=lambda to: to)


def _at(visit: Visit, **more: object) -> str:
    """This page once more, in its size, with its place in the work."""
    zoom = _zoom(visit) if _zoom(visit) != ZOOMS[1] else None
    kept = {"page": _number(visit), "zoom": zoom, "from": WORK if back(visit) else None, **more}
    return "?" + urlencode({name: value for name, value in kept.items() if value is not None})


# --- what may be said -------------------------------------------------------------------------------------------------

def _accept(visit: Visit, session: Session, _: uuid.UUID) -> None:
    answers.accept(session, field_ids=[identified(visit.field("field"))],
                   seen={identified(visit.field("field")): visit.field("mark")}, actor=visit.actor, now=visit.now)


def _accept_plain(visit: Visit, session: Session, _: uuid.UUID) -> None:
    seen = {identified(one.partition(":")[0]): one.partition(":")[2] for one in visit.listed("plain")}
    answers.accept(session, field_ids=list(seen), seen=seen, actor=visit.actor, now=visit.now)


def _correct(visit: Visit, session: Session, _: uuid.UUID) -> None:
    name = f"value-{visit.field('field')}"
    with _naming({"value": name}):
        answers.correct(session, field_id=identified(visit.field("field")), value=visit.field(name), seen=visit.field("mark"),
                        actor=visit.actor, now=visit.now)


def _unreadable(visit: Visit, session: Session, _: uuid.UUID) -> None:
    answers.unreadable(session, field_ids=[identified(visit.field("field"))], actor=visit.actor, now=visit.now)


def _page_unreadable(visit: Visit, session: Session, paper_id: uuid.UUID) -> None:
    answers.page_unreadable(session, paper_id=paper_id, page=_number(visit) or 1, sheet=visit.field("sheet"), actor=visit.actor,
                            now=visit.now)


def _enter(visit: Visit, session: Session, paper_id: uuid.UUID) -> None:
    typed = {name.removeprefix("v-"): text for name, text in visit.typed().items() if name.startswith("v-")}
    with _naming({name: f"v-{name}" for name in typed}):
        answers.enter(session, paper_id=paper_id, page=_number(visit) or 1, sheet=visit.field("sheet"), values=typed,
                      seen=visit.field("mark"), actor=visit.actor, now=visit.now)


def _turn(visit: Visit, session: Session, paper_id: uuid.UUID) -> None:
    turning.turn(session, paper_id=paper_id, page=_number(visit) or 1, degrees=whole(visit.field("degrees")) or 90, actor=visit.actor,
                 now=visit.now)


def _again(visit: Visit, session: Session, paper_id: uuid.UUID) -> None:
    again.read_again(session, paper_id=paper_id, actor=visit.actor, now=visit.now)


def _nothing(visit: Visit, session: Session, paper_id: uuid.UUID) -> None:
    raise InputError("answer_missing", "没有写明怎样核对", remedy="请用本页的按钮")


_VERBS: Mapping[str, Verb] = {
    "accept": _accept, "accept-plain": _accept_plain, "correct": _correct, "unreadable": _unreadable, "page-unreadable": _page_unreadable,
    "enter": _enter, "turn": _turn, "again": _again}


class _naming:  # noqa: N801 — reads as a phrase: `with _naming(…)`
    """A refusal names the form's own field."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, InputError) and error.field:
            error.field = self.names.get(error.field, error.field)


# --- how it is shown --------------------------------------------------------------------------------------------------

def _paper_page(visit: Visit, claim_no: str, paper_id: str, *, problem: HuzhuError | None = None) -> Response:
    wanted = identified(paper_id)

    def read(session: Session) -> tuple[ClaimFile, PaperView, Desk, list[FactRead]]:
        file = read_file(visit, session, claim_no)
        row = _own(file, wanted)
        sheet = visit.field("sheet") or visit.query.get("sheet", "")
        return file, row, paper_desk.desk(session, file, row, page=_number(visit), sheet=sheet), paper_desk.facts_read(session, file)
    file, row, found, read_facts = visit.note(read)
    waiting = [other for other in file.view.papers if other.verdict == "waiting" and other.id != wanted]
    return visit.page("paper.html", problem=problem, paper=row, desk=found, waiting=waiting, rw=reading_words, zoom=_zoom(visit),
                      zooms=ZOOMS, sheets=_choices(row.kind), sheet_names=SHEET_NAMES, may=file.standing.may("judge"),
                      reads=bool(engine.name()), proves=_proves(file, row), read_facts=read_facts,
                      differing=sum(one.line.equal is not True for one in read_facts),
                      at=lambda **more: _at(visit, **more), **context(visit, file))


def _proves(file: ClaimFile, row: PaperView) -> list[object]:
    """The facts that this kind of paper proves, with what was stated."""
    names = {paper.kind: paper.name for paper in book_of(file.view).papers}
    return [line for line in file.facts if names.get(row.kind) in line.proved_by]


def _choices(kind: str) -> list[tuple[str, str]]:
    """Kinds of sheets, the likeliest for this paper first."""
    likely = [spec.sheet for spec in sheets_for(kind)]
    return [(name, SHEETS[name].name) for name in (*likely, *(name for name in SHEETS if name not in likely))]


def _own(file: ClaimFile, paper_id: uuid.UUID) -> PaperView:
    row = next((row for row in file.view.papers if row.id == paper_id), None)
    if row is None:
        raise sight.missing()
    return row


def _number(visit: Visit) -> int | None:
    return whole(visit.field("page") or visit.query.get("page", ""))


def _zoom(visit: Visit) -> int:
    """Percent; the column's width when nothing is asked."""
    asked = whole(visit.field("zoom") or visit.query.get("zoom", ""))
    return asked if asked in ZOOMS else ZOOMS[1]


@pages.get("/papers/{paper_id}/pages/{number}", roles=OPENERS)
def picture(visit: Visit, paper_id: str, number: str) -> Response:
    """One page as a picture; who looked is recorded, once for a paper's pages."""
    wanted, page = identified(paper_id), whole(number)
    if page is None:
        raise sight.missing()
    found = visit.note(lambda session: paper_desk.picture(
        session, paper_id=wanted, number=page, thumb="thumb" in visit.query, actor=visit.actor, now=visit.now))
    return Response(found, media_type="image/webp", headers={
        **HEADERS, "Cache-Control": "private, no-store", "Content-Security-Policy": "default-src 'none'; sandbox"})
