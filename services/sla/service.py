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

from services.core.clock import business_day
from services.core.db import driver_cursor
from services.core.ids import uuidv7
from services.rulebook.registry import version
from services.rulebook.schema import ClockRule
from services.sla import policies
from services.sla.calendars import calendar_for
from services.sla.policy import Policy, budget, received_on
from services.sla.rewatch import array, rewatch
from services.sla.rules import FIRST_NOTICE as FIRST_NOTICE
from services.sla.rules import FOLLOWS, RESTARTS, SAME_RULE, WINDOWS, Op, Step
from services.sla.rules import REPORT as REPORT
from services.sla.watching import days_of
from services.workdays.calendar import Calendar, calendar
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
    """A clock to insert; its days are counted by the rule unless `count` already says the last one.

    `plan` may be left out; it is then asked of the claim where an office's policy needs it.
    """

    claim_id: uuid.UUID
    org_key: str
    round: int
    kind: str
    subject: str
    rule: ClockRule
    start_on: date
    count: LastDay | None = None
    plan: str = ""


class Stopped(NamedTuple):
    """A promise met (or missed) on a day that no move of the claim tells: a report came in, somebody was told."""

    claim_id: uuid.UUID
    kind: str
    day: date
    subject: str = ""


def count(rule: ClockRule, start_on: date, pauses: Pauses = (), cal: Calendar | None = None) -> Count:
    """The due day of a rule from its start, and the count in words; by the built-in calendar unless another is given."""
    if rule.kind == "working":
        return add_working(start_on, rule.days, cal or calendar(), pauses=pauses)
    return add_calendar(start_on, rule.days, cal or calendar(), pauses=pauses)


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
            _start(session, step, meant, known, now)
        elif step.op is Op.STOP:
            _stop(session, step, meant)
        elif step.op is Op.PAUSE:
            _pause(session, step, meant)
        else:
            _resume(session, step, meant, now)


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


def _start(session: Session, step: Step, rows: Rows, known: Mapping[uuid.UUID, Planned] | None, now: datetime) -> None:
    planned = known or _planned(session, rows)
    new = []
    for row_id, (claim_id, day) in rows.items():
        org_key, round_, plan, plan_from, days = planned[row_id]
        clocks = version(plan, plan_from).clocks
        for kind in step.kinds:
            rule = _level_rule(days or 0) if kind == "level" else clocks.get(SAME_RULE.get(kind, kind))
            if rule:
                policy = policies.policy_for(session, kind=kind, plan=plan, org_key=org_key, on=day)
                new.append(NewClock(claim_id, org_key, round_, kind, str(row_id) if step.subject else "", rule,
                                    received_on(policy, day, now), plan=plan))
    start(session, new)


@cache
def _level_rule(days: int) -> ClockRule:
    return ClockRule(days=days, kind="working", clause="审核时限（办事处内部预算）", origin="ours", start="opened")


# Worklists sort by the pay clock's due day, so the claim's row carries a copy.
_COPY_DUE = """UPDATE claim c SET pay_due = k.due_on FROM k
    WHERE k.kind = 'pay' AND k.claim_id = c.id AND k.round = c.round"""
_INSERT = f"""
    WITH p AS (INSERT INTO clock_policy (id, body) SELECT r.id, r.body::jsonb FROM unnest(%(policy_ids)s::text[], %(policy_bodies)s::text[])
               AS r(id, body) ON CONFLICT (id) DO NOTHING),
    k AS (
    INSERT INTO sla_clock (id, claim_id, org_key, round, kind, subject, budget, day_kind, clause, origin, start_on, due_on,
                           provisional, words, calendar, policy, owner_role, watch_days, watch_on, pauses, state)
    SELECT r.id, r.claim_id, r.org_key, r.round, r.kind, r.subject, r.budget, r.day_kind, r.clause, r.origin, r.start_on, r.due_on,
           r.provisional, r.words, r.calendar, r.policy, r.owner_role, r.watch_days::date[], (r.watch_days::date[])[1],
           '[]'::jsonb, 'running'
    FROM unnest(%(id)s::uuid[], %(claim_id)s::uuid[], %(org_key)s::text[],
        %(round)s::int4[], %(kind)s::text[], %(subject)s::text[], %(budget)s::int4[], %(day_kind)s::text[],
        %(clause)s::text[], %(origin)s::text[], %(start_on)s::date[], %(due_on)s::date[], %(provisional)s::bool[],
        %(words)s::text[], %(calendar)s::text[], %(policy)s::text[], %(owner_role)s::text[], %(watch_days)s::text[])
        AS r(id, claim_id, org_key, round, kind, subject, budget, day_kind, clause, origin, start_on, due_on, provisional, words,
             calendar, policy, owner_role, watch_days)
    ON CONFLICT (claim_id, round, kind, subject) DO UPDATE SET start_on = excluded.start_on, due_on = excluded.due_on,
        provisional = excluded.provisional, words = excluded.words, pauses = '[]'::jsonb, state = 'running',
        stopped_on = NULL, kept = NULL, warned_at = NULL, breached_at = NULL, budget = excluded.budget, day_kind = excluded.day_kind,
        clause = excluded.clause, origin = excluded.origin, calendar = excluded.calendar, policy = excluded.policy,
        owner_role = excluded.owner_role, watch_days = excluded.watch_days, watch_on = excluded.watch_on, step = 0, lap = sla_clock.lap + 1
    WHERE CASE sla_clock.state WHEN 'stopped' THEN sla_clock.kind = ANY(%(restarts)s::text[])
        ELSE sla_clock.kind = ANY(%(windows)s::text[]) AND excluded.due_on > sla_clock.due_on END
    RETURNING claim_id, round, kind, due_on) {_COPY_DUE}"""


def start(session: Session, clocks: Sequence[NewClock]) -> None:
    """Insert clocks under the policies of their start; one that already runs is left alone, a stopped one restarts only where rules
    allow. A window that is open stays open until the latest day: who was told later has as many days as who was told first.
    """
    if not clocks:
        return
    held = _held(session, clocks)
    counted = []
    for clock, policy in zip(clocks, held, strict=True):
        rule, cal = budget(clock.rule, policy), calendar_for(session, clock.org_key)
        found = clock.count or _counted(rule, clock.start_on, cal)
        counted.append((clock, rule, policy, found, cal, days_of(policy, clock.start_on, found.due, (), cal)))
    driver_cursor(session).execute(_INSERT, {
        "id": [uuidv7() for _ in counted], "claim_id": [clock.claim_id for clock in clocks],
        "org_key": [clock.org_key for clock in clocks], "round": [Int4(clock.round) for clock in clocks],
        "kind": [clock.kind for clock in clocks], "subject": [clock.subject for clock in clocks],
        "budget": [Int4(rule.days) for _, rule, *_ in counted], "day_kind": [rule.kind for _, rule, *_ in counted],
        "clause": [rule.clause for _, rule, *_ in counted], "origin": [rule.origin for _, rule, *_ in counted],
        "start_on": [clock.start_on for clock in clocks], "due_on": [found.due for _, _, _, found, *_ in counted],
        "provisional": [found.provisional for _, _, _, found, *_ in counted], "words": [found.words for _, _, _, found, *_ in counted],
        "calendar": [cal.version for *_, cal, _ in counted], "policy": [policy.id for policy in held],
        "owner_role": [policy.owner.role if policy.owner else "" for policy in held],
        "watch_days": [array(days) for *_, days in counted], "restarts": sorted(RESTARTS), "windows": sorted(WINDOWS),
        **policies.rows(held)})


def _held(session: Session, clocks: Sequence[NewClock]) -> list[Policy]:
    """The policy of each clock's start."""
    unknown = [clock.claim_id for clock in clocks if not clock.plan] if policies.changes(session) else []
    plans = policies.plans_of(session, unknown)
    return [policies.policy_for(session, kind=clock.kind, plan=clock.plan or plans.get(clock.claim_id, ""), org_key=clock.org_key,
                                on=clock.start_on) for clock in clocks]


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
def _counted(rule: ClockRule, start_on: date, cal: Calendar) -> Count:
    """A batch starts the same clocks on the same day: counted once."""
    return count(rule, start_on, cal=cal)


def _which(step: Step) -> str:
    """The clocks of a step among rows `m(claim_id, subject, day)`."""
    kinds = " AND k.kind = ANY(%(kinds)s::text[])" if step.kinds else ""
    subject = " AND k.subject = m.subject" if step.subject else ""
    return f"k.claim_id = m.claim_id{kinds}{subject}"


_ROWS = "(SELECT * FROM unnest(%(claims)s::uuid[], %(subjects)s::text[], %(days)s::date[]) AS m(claim_id, subject, day)) m"


def _rows(step: Step, rows: Rows) -> dict[str, Any]:
    return {"claims": [claim for claim, _ in rows.values()], "subjects": [str(i) for i in rows],
            "days": [day for _, day in rows.values()], "kinds": list(step.kinds)}


def _stop(session: Session, step: Step, rows: Rows) -> None:
    # A paused clock keeps the due day from before its pause; not late when it paused, it was neither kept nor missed.
    driver_cursor(session).execute(
        "UPDATE sla_clock k SET state = 'stopped', stopped_on = m.day, kept = CASE WHEN %(verdict)s AND k.kind <> ALL(%(windows)s::text[])"
        " AND NOT (k.state = 'paused' AND (k.pauses -> -1 ->> 0)::date <= k.due_on) THEN m.day <= k.due_on END"
        f" FROM {_ROWS} WHERE {_which(step)} AND k.state <> 'stopped'",
        {**_rows(step, rows), "verdict": step.verdict, "windows": sorted(WINDOWS)})


def _pause(session: Session, step: Step, rows: Rows) -> None:
    driver_cursor(session).execute(
        "UPDATE sla_clock k SET state = 'paused', pauses = k.pauses || jsonb_build_array(jsonb_build_array(m.day, null))"
        f" FROM {_ROWS} WHERE {_which(step)} AND k.state = 'running'", _rows(step, rows))


def _resume(session: Session, step: Step, rows: Rows, now: datetime) -> None:
    """Close the open pause and count again: its days do not run, the steps to come move with the due day, and a clock that was late only
    while the pause was not known is not late.
    """
    paused = driver_cursor(session).execute(
        f"SELECT k.id, k.org_key, k.budget, k.day_kind, k.clause, k.origin, k.start_on, k.pauses, p.body, m.day FROM sla_clock k"
        f" JOIN {_ROWS} ON {_which(step)} LEFT JOIN clock_policy p ON p.id = k.policy WHERE k.state = 'paused' FOR UPDATE OF k",
        _rows(step, rows)).fetchall()
    if not paused:
        return
    columns: dict[str, list[Any]] = {"ids": [], "dues": [], "words": [], "provisional": [], "calendar": [], "pauses": []}
    for clock_id, org_key, days, day_kind, clause, origin, start_on, pauses, kept, day in paused:
        policy = policies.pinned(kept) if kept else None
        closed = [*pauses[:-1], [pauses[-1][0], (received_on(policy, day, now) if policy else day).isoformat()]]
        rule = ClockRule(days=days, kind=day_kind, clause=clause, origin=origin, start="resumed")
        stood, cal = [(date.fromisoformat(a), date.fromisoformat(b)) for a, b in closed], calendar_for(session, org_key)
        counted = count(rule, start_on, stood, cal)
        columns["ids"].append(clock_id)
        columns["dues"].append(counted.due)
        columns["words"].append(counted.words)
        columns["provisional"].append(counted.provisional)
        columns["calendar"].append(cal.version)
        columns["pauses"].append(json.dumps(closed))
    driver_cursor(session).execute(f"""
        WITH k AS (UPDATE sla_clock k SET state = 'running', due_on = r.due, words = r.words, provisional = r.provisional,
            calendar = r.calendar, pauses = r.pauses::jsonb, breached_at = CASE WHEN r.due < %(today)s THEN k.breached_at END
            FROM unnest(%(ids)s::uuid[], %(dues)s::date[], %(words)s::text[], %(provisional)s::bool[], %(calendar)s::text[],
            %(pauses)s::text[]) AS r(id, due, words, provisional, calendar, pauses) WHERE k.id = r.id
            RETURNING k.claim_id, k.round, k.kind, k.due_on) {_COPY_DUE}""", {**columns, "today": business_day(now)})
    rewatch(session, columns["ids"])
