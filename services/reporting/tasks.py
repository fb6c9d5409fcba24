"""The tasks of a worklist's page as they are shown: whose claim, what to do, why now, by when, how much."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.reporting.forecast.queries import RISK, Risk, risk_of
from services.reporting.handoffs import CLOCKS
from services.reporting.worklists import CERTIFY, DELIVER, DIFFER, FURTHER, HANDOFF, REVIEW, SOON, VERIFY, Key
from services.review.summary_queries import masked_name
from services.sla.calendars import calendar_for
from services.workdays.calendar import Calendar
from services.workdays.count import working_days_between


@dataclass(frozen=True, slots=True)
class Task:
    """One line of the list. `reasons`: why now, as codes. `days`: working days left, negative when late; None without a day,
    or while the clock is paused. `clock`: late, soon, paused or empty. `fen`: decided or computed, None before. `absent`: for whom
    the actor stands in here. `risk`: the forecast of the promise that the task belongs to.
    """

    key: Key
    claim_no: str
    plan: str
    person: str
    level: str
    role: str
    held: bool
    version: int
    digest: str
    fen: int | None
    due_on: date | None
    days: int | None
    clock: str
    reasons: tuple[str, ...]
    absent: str
    papers: int
    unread: int
    round: int
    since: datetime | None
    risk: Risk | None = None

    @property
    def in_bulk(self) -> bool:
        """Whether it can be passed together with others."""
        return self.key.kind in (CERTIFY, REVIEW) and not self.held


# Which promise a task is about.
_PROMISE = "CASE t.kind WHEN 'verify' THEN 'verification' WHEN 'handoff' THEN 'insurer_pay' ELSE 'pay' END"
_DETAILS = sa.text(f"""
    SELECT t.id, t.kind, c.claim_no, c.org_key, c.plan, p.name AS person, s.name AS level, s.role, c.held, c.version, c.digest, c.round,
           s.escalated, coalesce(c.amount_fen, (SELECT w.total_fen + w.refund_fen FROM worksheet w
               WHERE w.claim_id = c.id AND w.round = c.round ORDER BY w.seq DESC LIMIT 1)) AS fen,
           coalesce(k.due_on, f.due_on) AS due_on, coalesce(k.state, f.clock) AS clock, f.asked,
           s.taken_by, a.person_id AS taker, a.name AS taker_name, b.late AS late_objection, b.lodged_at,
           EXISTS (SELECT 1 FROM audit_record r WHERE r.chain_id = c.id AND t.kind IN ('certify', 'review', 'verify') AND (
               (r.machine = 'review_step' AND r.subject_id = t.id AND r.event IN ('reopen', 'reset'))
               OR (t.kind = 'verify' AND r.machine = 'claim' AND r.event = 'send_back'))) AS returned,
           (SELECT count(*) FROM paper q WHERE t.kind = 'verify' AND q.claim_id = c.id AND q.verdict = 'waiting') AS papers,
           {risk_of("c", _PROMISE)} AS risk,
           (SELECT count(*) FROM claim_message m LEFT JOIN message_mark r ON r.claim_id = m.claim_id AND r.side = 'office'
            WHERE t.kind = 'answer' AND m.claim_id = c.id AND m.side = 'member' AND NOT m.internal
              AND m.at > coalesce(r.read_until, '-infinity')) AS unread
    FROM unnest(CAST(:ids AS uuid[]), CAST(:claims AS uuid[]), CAST(:kinds AS text[])) AS t(id, claim_id, kind)
    JOIN claim c ON c.id = t.claim_id JOIN person p ON p.id = c.person_id
    LEFT JOIN review_step s ON s.id = t.id AND t.kind IN ('certify', 'review') LEFT JOIN account a ON a.id = s.taken_by
    LEFT JOIN objection b ON b.id = t.id AND t.kind = 'objection'
    LEFT JOIN sla_clock k ON k.claim_id = c.id AND k.round = c.round AND CASE WHEN t.kind = 'verify' THEN k.kind = 'verification'
        AND k.subject = '' ELSE k.kind = 'level' AND k.subject = t.id::text END
    LEFT JOIN LATERAL (SELECT min(x.due_on) AS due_on, min('running') AS clock, bool_or(x.asked) AS asked FROM (
        SELECT o.due_on, false AS asked FROM sla_clock o
        WHERE t.kind = 'handoff' AND o.claim_id = c.id AND o.round = c.round AND o.state = 'running' AND o.kind IN {CLOCKS}
        UNION ALL SELECT d.due_on, d.asked IS NOT NULL AND q.withdrawn_at IS NULL FROM disagreement d
        LEFT JOIN reopening q ON q.id = d.reopening_id WHERE t.kind = 'differ' AND d.claim_id = c.id AND d.closed_at IS NULL) x) f
    ON true""")
_ABSENT = sa.text("SELECT a.id, a.name FROM account a WHERE a.id = ANY(CAST(:ids AS uuid[]))")


def tasks(session: Session, keys: Sequence[Key], actor: Actor, *, today: date) -> list[Task]:
    """The page's lines in the order of the keys; one that has gone meanwhile is left out. Two or three queries."""
    found = {(row.id, row.kind): row for row in session.execute(_DETAILS, {
        "ids": [key.id for key in keys], "claims": [key.claim_id for key in keys], "kinds": [key.kind for key in keys]})}
    names = {row.id: row.name for row in session.execute(_ABSENT, {"ids": [lent.account_id for lent in actor.lent]})} if actor.lent else {}
    return [_task(key, row, actor, names, today, calendar_for(session, str(row.org_key)))
            for key in keys if (row := found.get((key.id, key.kind)))]


def _task(key: Key, row: sa.Row[tuple[object, ...]], actor: Actor, names: dict[uuid.UUID, str], today: date, cal: Calendar) -> Task:
    absent = _absent(row, actor, names)
    state = _clock(row.due_on, row.clock, today)
    running = row.due_on is not None and row.clock == "running"
    return Task(
        key=key, claim_no=row.claim_no, plan=row.plan, person=masked_name(row.person), level=row.level or "", role=row.role or "",
        held=row.held, version=row.version, digest=row.digest, fen=row.fen, due_on=row.due_on,
        days=working_days_between(today, row.due_on, cal) if running else None, clock=state,
        reasons=_reasons(key, row, actor, state, bool(absent)),
        absent=absent, papers=row.papers, unread=row.unread, round=row.round, since=row.lodged_at, risk=RISK.validate_python(row.risk))


def _clock(due_on: date | None, state: str | None, today: date) -> str:
    if due_on is None or state is None or state == "stopped":
        return ""
    return "paused" if state == "paused" else "late" if due_on < today else "soon" if due_on <= today + SOON else ""


def _absent(row: sa.Row[tuple[object, ...]], actor: Actor, names: dict[uuid.UUID, str]) -> str:
    """The absent colleague who had taken the level, or whose role it is that the actor holds only on loan."""
    if row.taken_by is not None and row.taken_by != actor.account_id:
        return str(row.taker_name)
    lent = [one for one in actor.lent if one.role == row.role]
    return "、".join(sorted(names.get(one.account_id, "") for one in lent))


def _reasons(key: Key, row: sa.Row[tuple[object, ...]], actor: Actor, clock: str, substitute: bool) -> tuple[str, ...]:
    """Why it waits for the actor now, the most pressing first."""
    told = {
        "held": row.held, "late": clock == "late", "soon": clock == "soon", "paused": clock == "paused", "returned": row.returned,
        "escalated": bool(row.escalated), "substitute": substitute, "again": row.round > 1 and key.kind in (CERTIFY, REVIEW),
        "mine": row.taken_by is not None and row.taken_by == actor.account_id,
        "papers": key.kind == VERIFY and row.papers > 0, "complete": key.kind == VERIFY and row.papers == 0,
        "unread": key.kind == "answer", "prepared": key.kind == FURTHER,
        "unheard": key.kind == HANDOFF and row.due_on is None, "at_insurer": key.kind == HANDOFF and row.due_on is not None,
        "differs": key.kind == DIFFER and not row.asked, "asked": key.kind == DIFFER and bool(row.asked),
        "undelivered": key.kind == DELIVER, "lodged": key.kind == "objection" and not row.late_objection,
        "late_objection": bool(row.late_objection)}
    return tuple(code for code, holds in told.items() if holds) or ("turn",)


_NUMBERED = sa.text("""
    SELECT coalesce(k.due_on, DATE '9999-12-31'), s.id, s.act, c.id
    FROM claim c JOIN review_step s ON s.claim_id = c.id AND s.round = c.round
    LEFT JOIN sla_clock k ON k.claim_id = c.id AND k.round = s.round AND k.kind = 'level' AND k.subject = s.id::text
    WHERE c.claim_no = ANY(CAST(:numbers AS text[])) AND c.state = 'in_review' AND s.state = 'open' ORDER BY 1, 2""")


def of_numbers(session: Session, numbers: Sequence[str], actor: Actor, *, today: date) -> list[Task]:
    """The open levels of the claims of these numbers, whoever's they are: each verb asks for itself."""
    keys = [Key(*row) for row in session.execute(_NUMBERED, {"numbers": list(numbers)})]
    return tasks(session, keys, actor, today=today)
