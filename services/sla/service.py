"""Clocks move with the claims: set-based, in the transaction of the move."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Any, NamedTuple

from psycopg.types.numeric import Int4
from sqlmodel import Session

from services.core.db import driver_cursor
from services.core.ids import uuidv7
from services.rulebook.registry import version
from services.rulebook.schema import ClockRule
from services.sla.rules import FIRST_NOTICE as FIRST_NOTICE
from services.sla.rules import FOLLOWS, RESTARTS, SAME_RULE, WINDOWS, Op, Step
from services.sla.rules import REPORT as REPORT
from services.workdays.calendar import calendar
from services.workdays.count import Count, add_calendar, add_working

Rows = Mapping[uuid.UUID, tuple[uuid.UUID, date]]   # moved row -> (claim, business day)
Pauses = Sequence[tuple[date, date]]


class Planned(NamedTuple):
    """A moved row's organisation, its claim's round and pinned rule-book, and the days of a review level."""

    org_key: str
    round: int
    plan: str
    plan_from: date
    days: int | None


class LastDay(NamedTuple):
    """A last day that no count of the calendar gives (today, whatever day it is), and why in words."""

    due: date
    words: str
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class NewClock:
    """A clock to insert; its days are counted by the rule unless `count` already says the last one."""

    claim_id: uuid.UUID
    org_key: str
    round: int
    kind: str
    subject: str
    rule: ClockRule
    start_on: date
    count: LastDay | None = None


class Stopped(NamedTuple):
    """A promise met (or missed) on a day that no move of the claim tells: a report came in, somebody was told."""

    claim_id: uuid.UUID
    kind: str
    day: date
    subject: str = ""


def count(rule: ClockRule, start_on: date, pauses: Pauses = ()) -> Count:
    """The due day of a rule from its start, and the count in words."""
    if rule.kind == "working":
        return add_working(start_on, rule.days, calendar(), pauses=pauses)
    return add_calendar(start_on, rule.days, calendar(), pauses=pauses)


def has_clocks(machine: str, event: str) -> bool:
    """Whether any clock starts, stops or pauses at this move."""
    return (machine, event) in FOLLOWS


def follow(session: Session, machine: str, event: str, rows: Rows, *, now: datetime,
           known: Mapping[uuid.UUID, Planned] | None = None) -> None:
    """Do to the clocks what the move asks for; moves without clocks cost nothing.

    `known`: what the caller has already read of each row's claim; without it a start asks the tables.
    """
    for step in FOLLOWS.get((machine, event), ()):
        meant = _meant(session, machine, step, rows)
        if not meant:
            continue
        if step.op is Op.START:
            _start(session, step, meant, known)
        elif step.op is Op.STOP:
            _stop(session, step, meant)
        elif step.op is Op.PAUSE:
            _pause(session, step, meant)
        else:
            _resume(session, step, meant)


def _meant(session: Session, machine: str, step: Step, rows: Rows) -> Rows:
    if not step.where:
        return rows
    cursor = driver_cursor(session).execute(
        f"SELECT r.id FROM {machine} r WHERE r.id = ANY(%(ids)s::uuid[]) AND {step.where}", {"ids": list(rows)})
    return {row[0]: rows[row[0]] for row in cursor.fetchall()}


# Round, plan and its version of each moved row's claim, and the level's days where a level is meant.
_PLANS = """
    SELECT m.id, c.org_key, c.round, c.plan, c.plan_from, s.days
    FROM unnest(%(ids)s::uuid[], %(claims)s::uuid[]) AS m(id, claim_id)
    JOIN claim c ON c.id = m.claim_id LEFT JOIN review_step s ON s.id = m.id"""


def _planned(session: Session, rows: Rows) -> dict[uuid.UUID, Planned]:
    found = driver_cursor(session).execute(
        _PLANS, {"ids": list(rows), "claims": [claim for claim, _ in rows.values()]}).fetchall()
    return {row[0]: Planned(*row[1:]) for row in found}


def _start(session: Session, step: Step, rows: Rows, known: Mapping[uuid.UUID, Planned] | None) -> None:
    planned = known or _planned(session, rows)
    new = []
    for row_id, (claim_id, day) in rows.items():
        org_key, round_, plan, plan_from, days = planned[row_id]
        clocks = version(plan, plan_from).clocks
        for kind in step.kinds:
            rule = _level_rule(days or 0) if kind == "level" else clocks.get(SAME_RULE.get(kind, kind))
            if rule:
                new.append(NewClock(claim_id, org_key, round_, kind, str(row_id) if step.subject else "", rule, day))
    start(session, new)


@cache
def _level_rule(days: int) -> ClockRule:
    return ClockRule(days=days, kind="working", clause="审核时限（办事处内部预算）", origin="ours", start="opened")


# Worklists sort by the pay clock's due day, so the claim's row carries a copy.
_COPY_DUE = """UPDATE claim c SET pay_due = k.due_on FROM k
    WHERE k.kind = 'pay' AND k.claim_id = c.id AND k.round = c.round"""
_INSERT = f"""
    WITH k AS (
    INSERT INTO sla_clock (id, claim_id, org_key, round, kind, subject, budget, day_kind, clause, origin, start_on, due_on,
                           provisional, words, calendar, pauses, state)
    SELECT r.*, '[]'::jsonb, 'running' FROM unnest(%(id)s::uuid[], %(claim_id)s::uuid[], %(org_key)s::text[],
        %(round)s::int4[], %(kind)s::text[], %(subject)s::text[], %(budget)s::int4[], %(day_kind)s::text[],
        %(clause)s::text[], %(origin)s::text[], %(start_on)s::date[], %(due_on)s::date[], %(provisional)s::bool[],
        %(words)s::text[], %(calendar)s::text[]) AS r
    ON CONFLICT (claim_id, round, kind, subject) DO UPDATE SET start_on = excluded.start_on, due_on = excluded.due_on,
        provisional = excluded.provisional, words = excluded.words, pauses = '[]'::jsonb, state = 'running',
        stopped_on = NULL, kept = NULL, warned_at = NULL, breached_at = NULL
    WHERE sla_clock.state = 'stopped' AND sla_clock.kind = ANY(%(restarts)s::text[])
    RETURNING claim_id, round, kind, due_on) {_COPY_DUE}"""


def start(session: Session, clocks: Sequence[NewClock]) -> None:
    """Insert clocks; one that already runs is left alone, a stopped one restarts only where rules allow."""
    if not clocks:
        return
    counted = [(clock, clock.count or _counted(clock.rule, clock.start_on)) for clock in clocks]
    driver_cursor(session).execute(_INSERT, {
        "id": [uuidv7() for _ in counted], "claim_id": [c.claim_id for c, _ in counted],
        "org_key": [c.org_key for c, _ in counted], "round": [Int4(c.round) for c, _ in counted],
        "kind": [c.kind for c, _ in counted], "subject": [c.subject for c, _ in counted],
        "budget": [Int4(c.rule.days) for c, _ in counted], "day_kind": [c.rule.kind for c, _ in counted],
        "clause": [c.rule.clause for c, _ in counted], "origin": [c.rule.origin for c, _ in counted],
        "start_on": [c.start_on for c, _ in counted], "due_on": [n.due for _, n in counted],
        "provisional": [n.provisional for _, n in counted], "words": [n.words for _, n in counted],
        "calendar": [calendar().version for _ in counted], "restarts": sorted(RESTARTS)})


# The earliest day counts: of two reports of one event the first one kept the promise.
_STOP_NAMED = """
    UPDATE sla_clock k SET state = 'stopped', stopped_on = m.day, kept = m.day <= k.due_on
    FROM (SELECT claim_id, kind, subject, min(day) AS day FROM unnest(%(claims)s::uuid[], %(kinds)s::text[], %(subjects)s::text[],
          %(days)s::date[]) AS r(claim_id, kind, subject, day) GROUP BY claim_id, kind, subject) m
    WHERE k.claim_id = m.claim_id AND k.kind = m.kind AND k.subject = m.subject
      AND (k.state <> 'stopped' OR k.stopped_on > m.day)"""


def stop(session: Session, stopped: Sequence[Stopped]) -> None:
    """Clocks stop on a stated day; one that stopped later is put right, one that stopped earlier is left alone."""
    if stopped:
        driver_cursor(session).execute(_STOP_NAMED, {
            "claims": [one.claim_id for one in stopped], "kinds": [one.kind for one in stopped],
            "subjects": [one.subject for one in stopped], "days": [one.day for one in stopped]})


@lru_cache(maxsize=4096)
def _counted(rule: ClockRule, start_on: date) -> Count:
    """A batch starts the same clocks on the same day: counted once."""
    return count(rule, start_on)


def _which(step: Step) -> str:
    """The clocks of a step among rows `m(claim_id, subject, day)`."""
    kinds = " AND k.kind = ANY(%(kinds)s::text[])" if step.kinds else ""
    subject = " AND k.subject = m.subject" if step.subject else ""
    return f"k.claim_id = m.claim_id{kinds}{subject}"


_ROWS = "(SELECT * FROM unnest(%(claims)s::uuid[], %(subjects)s::text[], %(days)s::date[]) AS m(claim_id, subject, day)) m"


def _rows(step: Step, rows: Rows) -> dict[str, Any]:
    return {"claims": [claim for claim, _ in rows.values()], "subjects": [str(i) for i in rows],
            "days": [day for _, day in rows.values()], "kinds": list(step.kinds), "windows": sorted(WINDOWS)}


def _stop(session: Session, step: Step, rows: Rows) -> None:
    driver_cursor(session).execute(
        "UPDATE sla_clock k SET state = 'stopped', stopped_on = m.day,"
        f" kept = CASE WHEN k.kind = ANY(%(windows)s::text[]) THEN NULL ELSE m.day <= k.due_on END FROM {_ROWS}"
        f" WHERE {_which(step)} AND k.state <> 'stopped'", _rows(step, rows))


def _pause(session: Session, step: Step, rows: Rows) -> None:
    driver_cursor(session).execute(
        "UPDATE sla_clock k SET state = 'paused', pauses = k.pauses || jsonb_build_array(jsonb_build_array(m.day, null))"
        f" FROM {_ROWS} WHERE {_which(step)} AND k.state = 'running'", _rows(step, rows))


def _resume(session: Session, step: Step, rows: Rows) -> None:
    """Close the open pause and count again: the days of the pause do not run."""
    paused = driver_cursor(session).execute(
        f"SELECT k.id, k.budget, k.day_kind, k.clause, k.origin, k.start_on, k.pauses, m.day FROM sla_clock k"
        f" JOIN {_ROWS} ON {_which(step)} WHERE k.state = 'paused' FOR UPDATE OF k", _rows(step, rows)).fetchall()
    if not paused:
        return
    columns: dict[str, list[Any]] = {"ids": [], "dues": [], "words": [], "provisional": [], "pauses": []}
    for clock_id, budget, day_kind, clause, origin, start_on, pauses, day in paused:
        closed = [*pauses[:-1], [pauses[-1][0], day.isoformat()]]
        rule = ClockRule(days=budget, kind=day_kind, clause=clause, origin=origin, start="resumed")
        counted = count(rule, start_on, [(date.fromisoformat(a), date.fromisoformat(b)) for a, b in closed])
        columns["ids"].append(clock_id)
        columns["dues"].append(counted.due)
        columns["words"].append(counted.words)
        columns["provisional"].append(counted.provisional)
        columns["pauses"].append(json.dumps(closed))
    driver_cursor(session).execute(f"""
        WITH k AS (UPDATE sla_clock k SET state = 'running', due_on = r.due, words = r.words, provisional = r.provisional,
            pauses = r.pauses::jsonb FROM unnest(%(ids)s::uuid[], %(dues)s::date[], %(words)s::text[],
            %(provisional)s::bool[], %(pauses)s::text[]) AS r(id, due, words, provisional, pauses) WHERE k.id = r.id
            RETURNING k.claim_id, k.round, k.kind, k.due_on) {_COPY_DUE}""", columns)
