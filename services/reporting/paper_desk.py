"""One page of a paper beside its fields, as the verifier's desk shows them: what stands there, how sure, and what was stated."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Literal

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import Actor
from services.audit import service as audit
from services.core.errors import NotFound
from services.core.identity import check_name
from services.engine.telling.words import label
from services.evidence import matches
from services.evidence.answers import ANSWERED, page_mark, seen_mark
from services.evidence.fact_checks import fact_of, of_kind
from services.evidence.findings import Told
from services.evidence.matches import Match
from services.evidence.papers import readable
from services.evidence.queries import LOST
from services.evidence.readings import FieldView, fields_of
from services.evidence.recognition.vocabulary import SHEETS, FieldSpec, sheets_for
from services.evidence.sheet_checks import SURE
from services.evidence.taking import place_of
from services.evidence.viewing import picture_of
from services.models import AccessRecord, Paper, PaperPage, PaperReading
from services.reporting.claim_facts import Value
from services.reporting.claim_file import ClaimFile
from services.reporting.views import PaperView
from services.rulebook.facts import FACTS
from services.storage import service as storage

_ONE_LOOK = timedelta(minutes=15)           # the pictures of one paper, opened one after the other, are one look
Certainty = Literal["sure", "check", "none"]


@dataclass(frozen=True, slots=True)
class Line:
    """One field of the page. `number` is written at its box, `mark` says which state was shown (answers.seen_mark).

    `stated`: what the case says of the same thing; `equal`: whether they agree, none when a person must judge.
    """

    number: int
    spec: FieldSpec
    view: FieldView
    value: Value | None
    fact: str
    stated: tuple[Value, ...]
    equal: bool | None
    certainty: Certainty
    mark: str

    @property
    def answered(self) -> bool:
        """Somebody has said what stands there."""
        return self.view.state in ANSWERED

    @property
    def plain(self) -> bool:
        """Read with confidence and the same as stated: nothing to think about."""
        return not self.answered and self.certainty == "sure" and self.equal is True


@dataclass(frozen=True, slots=True)
class Desk:
    """The page that lies open (none while pages are drawn), and what is known of it. `sheet` empty: nobody knows what it is.

    `source`: who read the paper (ocr, text, hand), empty while it is still to be read. `missing`: fields to be typed.
    """

    pages: tuple[PaperPage, ...]
    page: PaperPage | None
    number: int
    sheet: str
    source: str
    lines: tuple[Line, ...]
    missing: tuple[FieldSpec, ...]
    noted: tuple[Told, ...]                 # what the automatic checks found here
    matches: tuple[Match, ...]              # this page was seen in other cases
    left: Mapping[int, int]                 # page → fields that nobody answered yet
    mark: str                               # which answers were shown (answers.page_mark)

    @property
    def plain(self) -> tuple[Line, ...]:
        """The fields that one press accepts together."""
        return tuple(line for line in self.lines if line.plain)

    @property
    def open(self) -> tuple[Line, ...]:
        """The fields that still want an answer."""
        return tuple(line for line in self.lines if not line.answered)

    @property
    def lost(self) -> bool:
        """The page cannot be shown because the store has lost its file, or spoilt it."""
        return self.page is not None and self.page.fault in LOST

    @property
    def after(self) -> int | None:
        """The next page."""
        return self.number + 1 if self.number < len(self.pages) else None


@dataclass(frozen=True, slots=True)
class FactRead:
    """A checked field beside the fact it proves, and the paper on which it stands."""

    line: Line
    paper: PaperView


def desk(session: Session, file: ClaimFile, paper: PaperView, *, page: int | None = None, sheet: str = "") -> Desk:
    """The paper's page `page`, else the first that has fields to answer. `sheet`: what the visitor takes the page for."""
    pages = tuple(session.exec(select(PaperPage).where(PaperPage.paper_id == paper.id).order_by(col(PaperPage.number))).all())
    reading = session.exec(select(PaperReading).where(PaperReading.paper_id == paper.id)).first()
    views = [view for view in fields_of(session, [file.view.claim.id])[file.view.claim.id] if view.paper_id == paper.id]
    left = {number: sum(view.page == number and view.state not in ANSWERED for view in views) for number in {view.page for view in views}}
    wanted = page or next((number for number in sorted(left) if left[number]), 1)
    open_page = next((one for one in pages if one.number == wanted), pages[0] if pages else None)
    number = open_page.number if open_page else 1
    here = [view for view in views if view.page == number]
    known = sheet if sheet in SHEETS else _sheet(reading, here, number, paper.kind)
    lines = _lines(file, here, known)
    there = {line.spec.name for line in lines if line.view.sheet == known}
    missing = tuple(spec for spec in SHEETS[known].fields if spec.name not in there) if known else ()
    return Desk(pages, open_page, number, known, reading.source if reading else "", lines, missing,
                tuple(told for told in file.told if told.paper_id == paper.id and told.page in (None, number)),
                tuple(seen for seen in matches.shown(session, [file.view.claim.id])[file.view.claim.id]
                      if (seen.paper_id, seen.page) == (paper.id, number)), left,
                page_mark(views, paper.id, number))


def _sheet(reading: PaperReading | None, here: Sequence[FieldView], number: int, kind: str) -> str:
    named = reading.sheets.get(str(number), "") if reading else ""
    if named not in SHEETS:
        named = next((view.sheet for view in here if view.sheet in SHEETS), "")
    likely = sheets_for(kind)
    return named or (likely[0].sheet if likely else "")


_ORDER = {(name, spec.name): at for name in SHEETS for at, spec in enumerate(SHEETS[name].fields)}


def _known(here: Sequence[FieldView], sheet: str) -> list[FieldView]:
    """Fields in the order of their sheet, those of another kind of sheet last."""
    return sorted((view for view in here if (view.sheet, view.name) in _ORDER),
                  key=lambda view: (view.sheet != sheet, _ORDER[view.sheet, view.name], view.place))


def _lines(file: ClaimFile, here: Sequence[FieldView], sheet: str) -> tuple[Line, ...]:
    return tuple(_line(at, file, view, SHEETS[view.sheet].fields[_ORDER[view.sheet, view.name]])
                 for at, view in enumerate(_known(here, sheet), 1))


def next_open(session: Session, claim_id: uuid.UUID, paper_id: uuid.UUID, page: int, after: str) -> uuid.UUID | None:
    """The field of the page that wants an answer next, after field `after` and round again; none when all have theirs."""
    here = [view for view in fields_of(session, [claim_id])[claim_id] if (view.paper_id, view.page) == (paper_id, page)]
    views = _known(here, next((view.sheet for view in here), ""))
    at = next((place for place, view in enumerate(views) if str(view.id) == after), -1)
    return next((view.id for view in (*views[at + 1:], *views[:at + 1]) if view.state not in ANSWERED), None)


def require_of(session: Session, claim_id: uuid.UUID, paper_id: uuid.UUID) -> None:
    """NotFound for a paper of another claim."""
    paper = session.get(Paper, paper_id)
    if paper is None or paper.claim_id != claim_id:
        raise NotFound("paper_missing", "没有这一材料，或不在您的管辖范围内", remedy="核对编号")


def _line(number: int, file: ClaimFile, view: FieldView, spec: FieldSpec) -> Line:
    fact, stated = _stated(file, spec, view)
    certainty: Certainty = "none" if view.value is None and view.state != "corrected" else (
        "sure" if view.source == "person" or view.state in ANSWERED or (view.confidence or 0) >= SURE else "check")
    return Line(number, spec, view, value_of(spec, view.value), fact, tuple(_value(spec, text) for text in stated),
                _equal(file, spec, view, stated), certainty, seen_mark(view))


def _stated(file: ClaimFile, spec: FieldSpec, view: FieldView) -> tuple[str, tuple[str, ...]]:
    """What the case says of the same thing: its name and its values in the field's written form."""
    if spec.fact:
        here = of_kind(spec.fact, str(file.view.event.get("kind", "")))
        return (fact_label(spec.fact), stated_values(spec, file.view.event)) if here else ("", ())
    if spec.name == "name" and view.sheet != "fire":
        return "姓名", (file.view.person.name,)
    if spec.name == "hospital" and file.view.case.hospital:
        return "就诊医院", (file.view.case.hospital,)
    if (view.sheet, spec.name) == ("id_card", "born"):
        return "出生日期", (str(file.view.person.born),)
    return "", ()


def fact_label(fact: str) -> str:
    """The fact's Chinese name; a part of a list is called by the list."""
    return label(fact if fact in FACTS else fact.rpartition(".")[0]) if fact in FACTS or fact.rpartition(".")[0] in FACTS else fact


def stated_values(spec: FieldSpec, event: Mapping[str, object]) -> tuple[str, ...]:
    """What the event says, in the written form of the field that proves it; several for a list."""
    name, _, part = spec.fact.removeprefix("event.").partition(".")
    found = event.get(name)
    items = found if isinstance(found, list) else [found]
    if part:
        items = [item.get(part) for item in items if isinstance(item, dict)]
    return tuple(_written(spec, item) for item in items if item not in (None, ""))


def _written(spec: FieldSpec, raw: object) -> str:
    if spec.type != "money":
        return str(raw)
    try:
        return f"{Decimal(str(raw)):.2f}"
    except InvalidOperation:
        return str(raw)


def _equal(file: ClaimFile, spec: FieldSpec, view: FieldView, stated: Sequence[str]) -> bool | None:
    if view.value is None or not stated:
        return None
    if spec.name == "name":
        return check_name(view.value).text in {check_name(one).text for one in stated}
    if view.value in stated or (spec.fact and _agrees(file.view.event, view)):
        return True
    return None if spec.type == "text" else False       # two names of one illness, a hospital's short name: a person's matter


def _agrees(event: Mapping[str, object], view: FieldView) -> bool:
    try:
        return place_of(event, view) is not None
    except (ValueError, ArithmeticError):       # a machine's reading in no written form
        return False


def value_of(spec: FieldSpec, text: str | None) -> Value | None:
    """A field's value, ready to be said in any language; none when nothing stands there."""
    return None if text is None else _value(spec, text)


def _value(spec: FieldSpec, text: str) -> Value:
    try:
        if spec.type == "date":
            return Value("date", day=date.fromisoformat(text))
        if spec.type == "money":
            return Value("money", amount=Decimal(text))
    except (ValueError, InvalidOperation):
        return Value("words", words=text)
    return Value("bool", yes=True) if spec.type == "flag" else Value("words", words=text)


def facts_read(session: Session, file: ClaimFile) -> list[FactRead]:
    """Every checked field that proves a fact of this kind of event, in the order of papers; of papers sent back none."""
    papers = {paper.id: paper for paper in file.view.papers if paper.verdict != "rejected"}
    kind = str(file.view.event.get("kind", ""))
    views = [view for view in fields_of(session, [file.view.claim.id])[file.view.claim.id]
             if view.paper_id in papers and view.value is not None and view.state in ("accepted", "corrected")
             and fact_of(view) and of_kind(fact_of(view), kind)]
    lines = [(view, SHEETS[view.sheet].fields[_ORDER[view.sheet, view.name]]) for view in views]
    return [FactRead(_line(at, file, view, spec), papers[view.paper_id]) for at, (view, spec) in enumerate(lines, 1)]


def picture(session: Session, *, paper_id: uuid.UUID, number: int, thumb: bool, actor: Actor, now: datetime) -> bytes:
    """A page's WEBP bytes. The look is recorded once for all pages of a paper opened one after the other."""
    paper, claim = readable(session, paper_id, actor)
    page = session.exec(select(PaperPage).where(PaperPage.paper_id == paper.id, PaperPage.number == number)).first()
    sha256 = picture_of(page, thumb=thumb)
    what = f"paper:{paper.id}"
    if actor.account_id and not _looked_lately(session, actor.account_id, claim.id, what, now):
        audit.looked(session, org_key=claim.org_key, account=actor.account_id, claim_id=claim.id, what=what, reason=None, at=now)
        session.flush()
    return storage.get(sha256)


def _looked_lately(session: Session, account: uuid.UUID, claim_id: uuid.UUID, what: str, now: datetime) -> bool:
    return bool(session.execute(sa.select(sa.select(col(AccessRecord.id)).where(
        col(AccessRecord.claim_id) == claim_id, col(AccessRecord.account_id) == account, col(AccessRecord.what) == what,
        col(AccessRecord.at) > now - _ONE_LOOK, col(AccessRecord.at) <= now).exists())).scalar_one())
