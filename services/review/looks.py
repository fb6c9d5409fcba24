"""What a reviewer was last shown of a claim, and what changed since."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, select

from services.access.actor import REVIEWERS, Actor, Role
from services.core.errors import NotFound
from services.core.ids import uuidv7
from services.enrolment.heirs import PROOFS
from services.models import ReviewLook, Worksheet
from services.review.differences import VERDICTS, Difference, Sheet, between, listed
from services.rulebook.registry import version


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that changed since somebody's last look. `kind`: fact, paper, input, line or payee.

    `old`, `new`: words people read, None for what was or is not there. `who`, `at`: by the record; None when it names nobody.
    """

    kind: str
    label: str
    old: str | None
    new: str | None
    who: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Changes:
    """`since`: the last look, None when there was none (then everything is new and nothing is listed)."""

    since: datetime | None
    digest: str                 # of the facts as they are now: what to pass the level with
    items: list[Change]


@dataclass(frozen=True, slots=True)
class _Shown:
    """A claim as it can be shown now."""

    id: uuid.UUID
    org_key: str
    round: int
    digest: str
    seq: int
    book: tuple[str, object]
    papers: dict[str, str]      # id → verdict
    payees: dict[str, str]      # id → words
    names: dict[str, str]       # of papers and payees
    worksheet: uuid.UUID | None


_PRESENT = sa.text("""
    SELECT c.id, c.org_key, c.round, c.digest, c.audit_seq, c.plan, c.plan_from,
        (SELECT jsonb_agg(jsonb_build_array(p.id, p.verdict, p.kind, p.file_name) ORDER BY p.uploaded_at, p.id) FROM paper p
         WHERE p.claim_id = c.id) AS papers,
        (SELECT jsonb_agg(jsonb_build_array(y.id, q.name, y.share_num, y.share_den, b.bank, b.last4) ORDER BY y.ordinal, y.id)
         FROM payee y JOIN person q ON q.id = y.person_id LEFT JOIN bank_card b ON b.id = y.bank_card_id
         WHERE y.claim_id = c.id AND y.active) AS payees,
        (SELECT w.id FROM worksheet w WHERE w.claim_id = c.id AND w.round = c.round ORDER BY w.seq DESC LIMIT 1) AS worksheet
    FROM claim c WHERE c.id = :claim""")


def _present(session: Session, claim_id: uuid.UUID) -> _Shown:
    session.flush()
    row = session.execute(_PRESENT, {"claim": claim_id}).first()
    if row is None:
        raise NotFound("claim_missing", "没有这一案件，或不在您的管辖范围内", remedy="核对案件编号")
    rules = {rule.kind: rule.name for rule in version(row.plan, row.plan_from).papers}
    papers, payees, names = {}, {}, {}
    for paper, verdict, kind, file_name in row.papers or ():
        papers[paper] = verdict
        names[paper] = f"{rules.get(kind) or PROOFS.get(kind, kind)}（{file_name}）"
    for payee, name, num, den, bank, last4 in row.payees or ():
        share = "" if num == den else f"，份额 {num}/{den}"
        payees[payee] = f"{name}{share}，{f'{bank} 尾号 {last4}' if last4 else '尚无账户'}"
        names[payee] = "领款人"
    return _Shown(row.id, row.org_key, row.round, row.digest, row.audit_seq, (row.plan, row.plan_from), papers, payees, names,
                  row.worksheet)


def record(session: Session, *, claim_id: uuid.UUID, act: str, actor: Actor, now: datetime) -> None:
    """Keep what the actor was shown with this act; nothing for a program."""
    if actor.account_id is None or actor.person_id is None:
        return
    shown = _present(session, claim_id)
    session.add(ReviewLook(
        id=uuidv7(), org_key=shown.org_key, claim_id=claim_id, round=shown.round, person_id=actor.person_id,
        account_id=actor.account_id, act=act, seq=shown.seq, digest=shown.digest, worksheet_id=shown.worksheet,
        snapshot={"papers": shown.papers, "payees": shown.payees}, at=now))
    session.flush()


def look(session: Session, *, claim_id: uuid.UUID, actor: Actor, now: datetime) -> None:
    """“I have seen the changes”: the next list begins from here. NotPermitted for whoever reviews nothing."""
    actor.require(Role.UNIT_CLERK, *sorted(REVIEWERS), what="审核")
    record(session, claim_id=claim_id, act="look", actor=actor, now=now)


def changes_since(session: Session, claim_id: uuid.UUID, person_id: uuid.UUID | None) -> Changes:
    """What changed on the claim since the person's last look: facts, papers, amounts and answers, lines, payees."""
    shown = _present(session, claim_id)
    last = session.execute(sa.text(
        "SELECT seq, at, worksheet_id, snapshot FROM review_look WHERE claim_id = :claim AND person_id = :person"
        " ORDER BY seq DESC, at DESC LIMIT 1"), {"claim": claim_id, "person": person_id}).first()
    if last is None:
        return Changes(None, shown.digest, [])
    found = _differences(session, shown, last.worksheet_id, last.snapshot)
    said = _Said.since(session, claim_id, last.seq) if found else _Said({})
    return Changes(last.at, shown.digest, [Change(one.kind, one.label, one.old, one.new, *said.of(one)) for one in found])


def _differences(session: Session, shown: _Shown, worksheet: uuid.UUID | None,
                 snapshot: Mapping[str, Mapping[str, str]]) -> list[Difference]:
    found: list[Difference] = []
    sheets = {sheet.id: sheet for sheet in session.exec(select(Worksheet).where(
        sa.column("id").in_([wanted for wanted in (worksheet, shown.worksheet) if wanted]))).all()}
    if worksheet != shown.worksheet and worksheet in sheets and shown.worksheet in sheets:
        old, new = (Sheet(sheets[wanted].input, sheets[wanted].output, sheets[wanted].total_fen, sheets[wanted].refund_fen)
                    for wanted in (worksheet, shown.worksheet))
        plan, day = shown.book
        found += between(version(str(plan), day), old, new)     # type: ignore[arg-type]
    words = [{paper: VERDICTS[verdict] for paper, verdict in papers.items()}
             for papers in (snapshot.get("papers", {}), shown.papers)]
    found += listed("paper", words[0], words[1], shown.names)
    return found + listed("payee", snapshot.get("payees", {}), shown.payees, shown.names)


_EVENTS = {"fact": ("amend", "regrade"), "input": ("set_amount", "answer_exclusion"),
           "line": ("worksheet", "freeze", "set_amount", "answer_exclusion", "regrade"), "payee": ("note_death", "card", "confirm_card")}


@dataclass(frozen=True, slots=True)
class _Said:
    """The record since a look: by event and thing, who did it last and when."""

    last: Mapping[tuple[str, str], tuple[str | None, datetime]]

    @classmethod
    def since(cls, session: Session, claim_id: uuid.UUID, seq: int) -> _Said:
        """One select; later records replace earlier ones."""
        rows = session.execute(sa.text("""
            SELECT r.event, r.machine, r.subject_id, r.at, a.name, r.record -> 'details' AS details FROM audit_record r
            LEFT JOIN account a ON a.id = r.account_id WHERE r.chain_id = :claim AND r.seq > :seq ORDER BY r.seq"""),
            {"claim": claim_id, "seq": seq})
        last: dict[tuple[str, str], tuple[str | None, datetime]] = {}
        for row in rows:
            details = row.details or {}
            thing = (str(row.subject_id) if row.machine == "paper"
                     else str(details.get("manual") or details.get("exclusions") or details.get("fact") or ""))
            for key in {thing, ""}:
                last[row.event if row.machine != "paper" else "paper", key] = (row.name, row.at)
        return cls(last)

    def of(self, one: Difference) -> tuple[str | None, datetime | None]:
        """Who and when; by the thing itself where the record names it, else by the latest act of that kind."""
        if one.kind == "paper":
            return self.last.get(("paper", one.key), (None, None))
        key = one.key.removeprefix("event.") if one.kind == "fact" else one.key
        named = [self.last[event, key] for event in _EVENTS[one.kind] if (event, key) in self.last]
        found = named or [self.last[event, ""] for event in _EVENTS[one.kind] if (event, "") in self.last]
        return max(found, key=lambda said: said[1]) if found else (None, None)
