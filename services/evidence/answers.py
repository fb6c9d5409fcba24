"""What people say of the fields on a paper: accepted, corrected, unreadable, typed by hand. The verifier's verbs, each audited."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import Actor
from services.audit import service as audit
from services.audit.chain import Entry
from services.core.crypto import key_ring
from services.core.errors import Conflict, InputError, NotFound
from services.evidence import facts, invoices, rules
from services.evidence.checks import check
from services.evidence.papers import VERIFIERS
from services.evidence.readings import SEALED, FieldView, seal, view_of
from services.evidence.recognition.vocabulary import SHEETS, FieldSpec
from services.evidence.recognition.vocabulary import field as spec_of
from services.evidence.typed import written
from services.intake.queries import claim_for
from services.lifecycle.apart import require_apart
from services.models import Claim, Paper, PaperField, PaperPage, PaperReading
from statemachines.words import state_words

_SEEN = "paper_field.seen"
ANSWERED = frozenset({"accepted", "corrected", "unreadable"})


def seen_mark(view: FieldView) -> str:
    """What a page says of the field it showed, without saying the value: a later state or value has another mark."""
    return key_ring().index(f"{view.id}|{view.state}|{view.value}", field=_SEEN).hex()[:16]


def page_mark(views: Iterable[FieldView], paper_id: uuid.UUID, page: int) -> str:
    """What a form shows of a page's answers, without their values: another answer gives another mark, a machine's reading does not."""
    said = sorted(f"{view.name}|{view.place}|{view.state}|{view.value}" for view in views
                  if (view.paper_id, view.page) == (paper_id, page) and view.state in ANSWERED)
    return key_ring().index("\n".join((f"{paper_id}|{page}", *said)), field=_SEEN).hex()[:16]


def accept(session: Session, *, field_ids: Sequence[uuid.UUID], seen: Mapping[uuid.UUID, str] | None = None, actor: Actor,
           now: datetime) -> list[FieldView]:
    """What was read stands on the paper: somebody compared. `seen`: the marks of the values that were looked at.

    Fields of one claim. InputError for a field without a value; Conflict when somebody changed one meanwhile.
    """
    claim, rows = _fields(session, field_ids, actor)
    for row in rows:
        _unchanged(row, (seen or {}).get(row.id))
        if row.value_sealed is None and row.state != "corrected":
            raise InputError("field_empty", f"{_spec(row).label}：没有读出内容，不能认可", remedy="照原件填写，或标为看不清",
                             field=row.name)
    for row in rows:
        if row.state in ("read", "unreadable"):
            _answered(row, "accepted", actor, now)
    return _kept(session, claim, "field_accept", rows, actor, now)


def correct(session: Session, *, field_id: uuid.UUID, value: str, seen: str | None = None, actor: Actor, now: datetime) -> FieldView:
    """What stands on the paper, typed by somebody who looked; what the machine read is kept beside it.

    InputError when `value` is not of the field's written form. A value equal to the one read accepts it.
    """
    claim, rows = _fields(session, [field_id], actor)
    _unchanged(rows[0], seen)
    event = _set(rows[0], written(rows[0].sheet, _spec(rows[0]), value, field="value"), actor, now)
    return _kept(session, claim, event, rows, actor, now)[0]


def unreadable(session: Session, *, field_ids: Sequence[uuid.UUID], actor: Actor, now: datetime) -> list[FieldView]:
    """Nobody can read these fields; what the machine made of them counts no more and is kept beside."""
    claim, rows = _fields(session, field_ids, actor)
    for row in rows:
        _blank(row, actor, now)
    return _kept(session, claim, "field_unreadable", rows, actor, now)


def page_unreadable(session: Session, *, paper_id: uuid.UUID, page: int, sheet: str, actor: Actor, now: datetime) -> list[FieldView]:
    """Nothing on the page can be read: every field of the sheet that nobody answered yet is unreadable, also those never found."""
    paper, claim = _page(session, paper_id, page, actor)
    there = _on_page(session, paper.id, page)
    left = [row for row in there.values() if row.state == "read"]
    for spec in _sheet(sheet):
        if (spec.name, 0) not in there:
            left.append(_new(claim, paper, page, sheet, spec.name))
    for row in left:
        _blank(row, actor, now)
    return _kept(session, claim, "field_unreadable", left, actor, now)


def enter(session: Session, *, paper_id: uuid.UUID, page: int, sheet: str, values: Mapping[str, str], seen: str | None = None,
          actor: Actor, now: datetime) -> list[FieldView]:
    """Fields typed from the page, where no machine reads or it found nothing. `values`: field → as typed; empty ones are left out.

    The page is such a `sheet` from now on: what a machine found there under another kind of sheet goes. InputError names the
    field; nothing is kept when one value is wrong. `seen`: the page's mark when the form was shown; Conflict when somebody has
    meanwhile answered one of these fields otherwise.
    """
    paper, claim = _page(session, paper_id, page, actor)
    specs = {spec.name: spec for spec in _sheet(sheet)}
    unknown = next((name for name in values if name not in specs), None)
    if unknown:
        raise InputError("field_unknown", f"“{SHEETS[sheet].name}”没有“{unknown}”这一项", remedy=f"可填：{'、'.join(specs)}", field=unknown)
    given = {name: written(sheet, specs[name], text) for name, text in values.items() if text.strip()}
    if not given:
        raise InputError("field_empty", "没有填写任何一项", remedy="照原件填写，看不清的标为看不清", field=next(iter(specs)))
    there = _on_page(session, paper.id, page)
    if seen and seen != page_mark(map(view_of, there.values()), paper.id, page):
        _undisputed(there, given, specs)
    _drop_other_sheet(session, there, sheet)
    rows = []
    for name, value in given.items():
        row = there.get((name, 0)) or _new(claim, paper, page, sheet, name)
        row.sheet = sheet
        if row.state == "read" and row.value_sealed is None and row.source == "person":
            row.value_sealed = None if value is None else seal(value)
            _answered(row, "accepted", actor, now)
        else:
            _set(row, value, actor, now)
        rows.append(row)
    _name_sheet(session, paper, page, sheet, now)
    return _kept(session, claim, "field_enter", rows, actor, now)


def locked_claim(session: Session, claim_id: uuid.UUID, actor: Actor) -> Claim:
    """The claim, locked, for somebody who may check its papers now. As `papers.judge`: NotFound, NotPermitted, Conflict."""
    actor.require(*VERIFIERS, what="核对材料")
    claim = claim_for(session, claim_id, actor)
    require_apart(session, [claim.id], actor)
    session.refresh(claim, with_for_update=True)
    if claim.state not in rules.JUDGED_IN:
        raise Conflict("event_not_allowed", f"案件“{state_words('claim', claim.state)}”，不能这样核对材料", remedy="由审核人退回后再核对")
    return claim


def record(session: Session, claim: Claim, paper_id: uuid.UUID, event: str, details: dict[str, object], actor: Actor,
           now: datetime) -> None:
    """On the claim's chain, as an act on the paper. Never a value in the clear."""
    audit.append(session, [Entry(claim.id, claim.org_key, "paper", paper_id, event, details=details)],
                 account=actor.account_id, person=actor.person_id, at=now)


def _fields(session: Session, field_ids: Sequence[uuid.UUID], actor: Actor) -> tuple[Claim, list[PaperField]]:
    """The fields as they are now that their claim is locked."""
    actor.require(*VERIFIERS, what="核对材料")
    wanted = list(dict.fromkeys(field_ids))
    claims = set(session.scalars(sa.select(col(PaperField.claim_id)).where(col(PaperField.id).in_(wanted))))
    if len(claims) != 1:
        raise NotFound("field_missing", "没有这一项，或不在您的管辖范围内", remedy="刷新后再核对")
    claim = locked_claim(session, claims.pop(), actor)
    found = session.exec(select(PaperField).where(col(PaperField.id).in_(wanted)).execution_options(populate_existing=True)).all()
    if len(found) != len(wanted):
        raise NotFound("field_missing", "没有这一项，或不在您的管辖范围内", remedy="刷新后再核对")
    by_id = {row.id: row for row in found}
    return claim, [by_id[one] for one in wanted]


def _page(session: Session, paper_id: uuid.UUID, page: int, actor: Actor) -> tuple[Paper, Claim]:
    actor.require(*VERIFIERS, what="核对材料")
    paper = session.get(Paper, paper_id)
    if paper is None:
        raise NotFound("paper_missing", "没有这一材料，或不在您的管辖范围内", remedy="核对编号")
    claim = locked_claim(session, paper.claim_id, actor)
    session.refresh(paper)
    there = session.exec(select(PaperPage.id).where(PaperPage.paper_id == paper.id, PaperPage.number == page)).first()
    if there is None and not (paper.pages is None and page == 1):
        raise NotFound("page_missing", "没有这一页", remedy="刷新后再核对")
    return paper, claim


def _sheet(sheet: str) -> tuple[FieldSpec, ...]:
    if sheet not in SHEETS:
        raise InputError("sheet_unknown", f"不认识的单据“{sheet}”", remedy=f"可用：{'、'.join(SHEETS)}", field="sheet")
    return SHEETS[sheet].fields


def _on_page(session: Session, paper_id: uuid.UUID, page: int) -> dict[tuple[str, int], PaperField]:
    rows = session.exec(select(PaperField).where(PaperField.paper_id == paper_id, PaperField.page == page).execution_options(
        populate_existing=True)).all()
    return {(row.name, row.place): row for row in rows}


def _spec(row: PaperField) -> FieldSpec:
    return spec_of(row.sheet, row.name)


def _new(claim: Claim, paper: Paper, page: int, sheet: str, name: str) -> PaperField:
    return PaperField(org_key=claim.org_key, claim_id=claim.id, paper_id=paper.id, page=page, sheet=sheet, name=name, source="person")


def _unchanged(row: PaperField, seen: str | None) -> None:
    if seen and seen != seen_mark(view_of(row)):
        raise Conflict("stale_field", f"{_spec(row).label}：刚由他人改过", remedy="请按现在的内容再核对一次")


def _undisputed(there: Mapping[tuple[str, int], PaperField], given: Mapping[str, str | None], specs: Mapping[str, FieldSpec]) -> None:
    """Two may type different fields of one page, or the same thing; not one over the other."""
    for name, value in given.items():
        view = view_of(there[name, 0]) if (name, 0) in there else None
        if view and view.state in ANSWERED and (view.state == "unreadable" or view.value != value):
            raise Conflict("stale_field", f"{specs[name].label}：刚由他人填写过，与您填写的不同", remedy="请按现在的内容再核对一次",
                           field=name)


def _set(row: PaperField, value: str | None, actor: Actor, now: datetime) -> str:
    """The typed value into the row; the event that this is."""
    present = view_of(row).value
    if value == present and row.state in ("read", "accepted") and value is not None:
        _answered(row, "accepted", actor, now)
        return "field_accept"
    _keep_reading(row)
    row.value_sealed = None if value is None else seal(value)
    _answered(row, "corrected", actor, now)
    return "field_correct"


def _blank(row: PaperField, actor: Actor, now: datetime) -> None:
    _keep_reading(row)
    row.value_sealed = None
    _answered(row, "unreadable", actor, now)


def _keep_reading(row: PaperField) -> None:
    """What the machine read, beside what a person says."""
    if row.source != "person" and row.read_sealed is None:
        row.read_sealed = row.value_sealed


def _answered(row: PaperField, state: str, actor: Actor, now: datetime) -> None:
    row.state, row.answered_by, row.answered_at = state, actor.person_id, now


def _drop_other_sheet(session: Session, there: dict[tuple[str, int], PaperField], sheet: str) -> None:
    """What a machine found under another kind of sheet, and nobody answered, is not on this page."""
    for key, row in list(there.items()):
        if row.sheet != sheet and row.state == "read":
            session.delete(there.pop(key))
    session.flush()


def _name_sheet(session: Session, paper: Paper, page: int, sheet: str, now: datetime) -> None:
    reading = session.exec(select(PaperReading).where(PaperReading.paper_id == paper.id).with_for_update()).first()
    if reading is None:
        reading = PaperReading(org_key=paper.org_key, paper_id=paper.id, source="hand", read_at=now)
    reading.sheets = {**reading.sheets, str(page): sheet}
    session.add(reading)


def _kept(session: Session, claim: Claim, event: str, rows: Sequence[PaperField], actor: Actor, now: datetime) -> list[FieldView]:
    for row in rows:
        session.add(row)
    session.flush()
    views = [view_of(row) for row in rows]
    for paper_id in dict.fromkeys(row.paper_id for row in rows):
        own = [view for view in views if view.paper_id == paper_id]
        record(session, claim, paper_id, event, {"fields": [_named(view) for view in own], "values": _hashes(own)}, actor, now)
    facts.link(session, claim_id=claim.id, field_ids=[view.id for view in views], actor=actor, now=now)
    invoices.note(session, [claim.id], now=now)
    check(session, claim_ids=[claim.id], actor=actor, now=now)      # what the fields contradicted is found, or gone, at once
    return views


def _named(view: FieldView) -> str:
    return f"{view.page}.{view.name}" + (f".{view.place}" if view.place else "")


def _hashes(views: Iterable[FieldView]) -> list[str]:
    """Keyed, so that the record proves a value to whoever holds the keys and tells it to nobody else."""
    return [key_ring().index(view.value, field=SEALED).hex()[:16] if view.value is not None else "" for view in views]
