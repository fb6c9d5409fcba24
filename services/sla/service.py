"""Clocks move with the claims: set-based, in the transaction of the move."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from services.core.ids import uuidv7
from services.rulebook.registry import version
from services.rulebook.schema import ClockRule
from services.sla.rules import FOLLOWS, RESTARTS, SAME_RULE, Op, Step
from services.workdays.calendar import calendar
from services.workdays.count import Count, add_calendar, add_working

Rows = Mapping[uuid.UUID, tuple[uuid.UUID, date]]   # moved row -> (claim, business day)
Pauses = Sequence[tuple[date, date]]


@dataclass(frozen=True, slots=True)
class NewClock:
    """A clock to insert."""

    claim_id: uuid.UUID
    org_key: str
    round: int
    kind: str
    subject: str
    rule: ClockRule
    start_on: date


def count(rule: ClockRule, start_on: date, pauses: Pauses = ()) -> Count:
    """The due day of a rule from its start, and the count in words."""
    if rule.kind == "working":
        return add_working(start_on, rule.days, calendar(), pauses=pauses)
    return add_calendar(start_on, rule.days, calendar(), pauses=pauses)


def follow(session: Session, machine: str, event: str, rows: Rows, *, now: datetime) -> None:
    """Do to the clocks what the move asks for; moves without clocks cost nothing."""
    for step in FOLLOWS.get((machine, event), ()):
        meant = _meant(session, machine, step, rows)
        if not meant:
            continue
        if step.op is Op.START:
            _start(session, step, meant)
        elif step.op is Op.STOP:
            _stop(session, step, meant)
        elif step.op is Op.PAUSE:
            _pause(session, step, meant)
        else:
            _resume(session, step, meant)


def _meant(session: Session, machine: str, step: Step, rows: Rows) -> Rows:
    if not step.where:
        return rows
    kept = session.execute(sa.text(f"SELECT r.id FROM {machine} r WHERE r.id = ANY(CAST(:ids AS uuid[])) AND {step.where}"),
                           {"ids": list(rows)}).scalars()
    return {row_id: rows[row_id] for row_id in kept}


_PLANS = sa.text("SELECT id, org_key, round, plan, plan_from FROM claim WHERE id = ANY(CAST(:ids AS uuid[]))")
_LEVEL_DAYS = sa.text("SELECT id, days FROM review_step WHERE id = ANY(CAST(:ids AS uuid[]))")


def _start(session: Session, step: Step, rows: Rows) -> None:
    claims = {row.id: row for row in session.execute(_PLANS, {"ids": list({claim for claim, _ in rows.values()})})}
    days = ({row.id: row.days for row in session.execute(_LEVEL_DAYS, {"ids": list(rows)})}
            if "level" in step.kinds else {})
    new = []
    for row_id, (claim_id, day) in rows.items():
        claim = claims[claim_id]
        clocks = version(claim.plan, claim.plan_from).clocks
        for kind in step.kinds:
            rule = _level_rule(days[row_id]) if kind == "level" else clocks.get(SAME_RULE.get(kind, kind))
            if rule:
                new.append(NewClock(claim_id, claim.org_key, claim.round, kind, str(row_id) if step.subject else "",
                                    rule, day))
    start(session, new)


def _level_rule(days: int) -> ClockRule:
    return ClockRule(days=days, kind="working", clause="审核时限（办事处内部预算）", origin="ours",
                     start="opened")


_INSERT = """
    INSERT INTO sla_clock (id, claim_id, org_key, round, kind, subject, budget, day_kind, clause, origin, start_on, due_on,
                           provisional, words, calendar, pauses, state)
    SELECT r.*, '[]'::jsonb, 'running' FROM unnest(CAST(:id AS uuid[]), CAST(:claim_id AS uuid[]),
        CAST(:org_key AS text[]), CAST(:round AS int[]), CAST(:kind AS text[]), CAST(:subject AS text[]),
        CAST(:budget AS int[]), CAST(:day_kind AS text[]), CAST(:clause AS text[]), CAST(:origin AS text[]),
        CAST(:start_on AS date[]), CAST(:due_on AS date[]), CAST(:provisional AS bool[]), CAST(:words AS text[]),
        CAST(:calendar AS text[])) AS r
    ON CONFLICT (claim_id, round, kind, subject) DO UPDATE SET start_on = excluded.start_on, due_on = excluded.due_on,
        provisional = excluded.provisional, words = excluded.words, pauses = '[]'::jsonb, state = 'running',
        stopped_on = NULL, kept = NULL, warned_at = NULL, breached_at = NULL
    WHERE sla_clock.state = 'stopped' AND sla_clock.kind = ANY(CAST(:restarts AS text[]))"""


def start(session: Session, clocks: Sequence[NewClock]) -> None:
    """Insert clocks; one that already runs is left alone, a stopped one restarts only where rules allow."""
    if not clocks:
        return
    counted = [(clock, count(clock.rule, clock.start_on)) for clock in clocks]
    columns: dict[str, list[Any]] = {
        "id": [uuidv7() for _ in counted], "claim_id": [c.claim_id for c, _ in counted],
        "org_key": [c.org_key for c, _ in counted], "round": [c.round for c, _ in counted],
        "kind": [c.kind for c, _ in counted], "subject": [c.subject for c, _ in counted],
        "budget": [c.rule.days for c, _ in counted], "day_kind": [c.rule.kind for c, _ in counted],
        "clause": [c.rule.clause for c, _ in counted], "origin": [c.rule.origin for c, _ in counted],
        "start_on": [c.start_on for c, _ in counted], "due_on": [n.due for _, n in counted],
        "provisional": [n.provisional for _, n in counted], "words": [n.words for _, n in counted],
        "calendar": [calendar().version for _ in counted]}
    session.execute(sa.text(_INSERT), {**columns, "restarts": sorted(RESTARTS)})
    _copy_pay_due(session, [clock.claim_id for clock in clocks if clock.kind == "pay"])


def _copy_pay_due(session: Session, claims: Sequence[uuid.UUID]) -> None:
    """Worklists sort by the pay clock's due day, so the claim's row carries a copy."""
    if claims:
        session.execute(sa.text(
            "UPDATE claim c SET pay_due = k.due_on FROM sla_clock k WHERE k.claim_id = c.id AND k.kind = 'pay'"
            " AND k.round = c.round AND c.id = ANY(CAST(:ids AS uuid[]))"), {"ids": list(claims)})


def _which(step: Step) -> str:
    """The clocks of a step among rows `m(claim_id, subject, day)`."""
    kinds = " AND k.kind = ANY(CAST(:kinds AS text[]))" if step.kinds else ""
    subject = " AND k.subject = m.subject" if step.subject else ""
    return f"k.claim_id = m.claim_id{kinds}{subject}"


_ROWS = ("(SELECT * FROM unnest(CAST(:claims AS uuid[]), CAST(:subjects AS text[]), CAST(:days AS date[]))"
         " AS m(claim_id, subject, day)) m")


def _rows(step: Step, rows: Rows) -> dict[str, Any]:
    parameters: dict[str, Any] = {"claims": [claim for claim, _ in rows.values()], "subjects": [str(i) for i in rows],
                                  "days": [day for _, day in rows.values()]}
    if step.kinds:
        parameters["kinds"] = list(step.kinds)
    return parameters


def _stop(session: Session, step: Step, rows: Rows) -> None:
    session.execute(sa.text(
        f"UPDATE sla_clock k SET state = 'stopped', stopped_on = m.day, kept = m.day <= k.due_on FROM {_ROWS}"
        f" WHERE {_which(step)} AND k.state <> 'stopped'"), _rows(step, rows))


def _pause(session: Session, step: Step, rows: Rows) -> None:
    session.execute(sa.text(
        "UPDATE sla_clock k SET state = 'paused', pauses = k.pauses || jsonb_build_array(jsonb_build_array(m.day, null))"
        f" FROM {_ROWS} WHERE {_which(step)} AND k.state = 'running'"), _rows(step, rows))


def _resume(session: Session, step: Step, rows: Rows) -> None:
    """Close the open pause and count again: the days of the pause do not run."""
    paused = session.execute(sa.text(
        f"SELECT k.id, k.claim_id, k.kind, k.budget, k.day_kind, k.clause, k.origin, k.start_on, k.pauses, m.day"
        f" FROM sla_clock k JOIN {_ROWS} ON {_which(step)} WHERE k.state = 'paused' FOR UPDATE OF k"),
        _rows(step, rows)).all()
    if not paused:
        return
    columns: dict[str, list[Any]] = {"ids": [], "dues": [], "words": [], "provisional": [], "pauses": []}
    for row in paused:
        pauses = [*row.pauses[:-1], [row.pauses[-1][0], row.day.isoformat()]]
        rule = ClockRule(days=row.budget, kind=row.day_kind, clause=row.clause, origin=row.origin, start="")
        counted = count(rule, row.start_on, [(date.fromisoformat(a), date.fromisoformat(b)) for a, b in pauses])
        columns["ids"].append(row.id)
        columns["dues"].append(counted.due)
        columns["words"].append(counted.words)
        columns["provisional"].append(counted.provisional)
        columns["pauses"].append(json.dumps(pauses))
    session.execute(sa.text(
        "UPDATE sla_clock k SET state = 'running', due_on = r.due, words = r.words, provisional = r.provisional,"
        " pauses = r.pauses::jsonb FROM unnest(CAST(:ids AS uuid[]), CAST(:dues AS date[]), CAST(:words AS text[]),"
        " CAST(:provisional AS bool[]), CAST(:pauses AS text[])) AS r(id, due, words, provisional, pauses)"
        " WHERE k.id = r.id"), columns)
    _copy_pay_due(session, [row.claim_id for row in paused if row.kind == "pay"])
