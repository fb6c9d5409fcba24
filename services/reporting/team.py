"""The work of a team: what is open at which level, who holds what, what is late, what nobody may take. Set-based."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import LENDABLE, REVIEWERS, Actor, Role
from services.core.errors import InputError
from services.reporting.forecast.queries import Risk, risks
from services.reporting.worklist_queries import rank
from services.reporting.worklists import LIKELY, SOON, rank_of
from services.review.summary_queries import masked_name

PAGE = 50
NOBODY = "nobody"
_FIRST = -(1 << 30)                 # before every rank


@dataclass(frozen=True, slots=True)
class Level:
    """Open work at one level (or with the papers: `level` "papers"). `waited`: calendar days since it began, on average."""

    level: str
    name: str
    open: int
    taken: int
    held: int
    soon: int
    late: int
    waited: int
    oldest: date | None


@dataclass(frozen=True, slots=True)
class Holder:
    """A colleague and what she has taken. `away`: who stands in today, empty when she is there."""

    account_id: uuid.UUID
    name: str
    org: str
    own: bool
    taken: int
    soon: int
    late: int
    next_due: date | None
    away: bool
    substitute: str


@dataclass(frozen=True, slots=True)
class OpenLevel:
    """One open level of the list."""

    step_id: uuid.UUID
    claim_id: uuid.UUID
    claim_no: str
    plan: str
    person: str
    name: str
    duty: str
    holder: str
    held: bool
    escalated: bool
    due_on: date | None
    clock: str
    since: date | None
    rank: int
    risk: Risk | None

    @property
    def cursor(self) -> str:
        """Place in the list."""
        return f"{(self.due_on or date.max).isoformat()}/{self.step_id}/{self.rank}"


_OPEN = """
    FROM review_step s JOIN claim c ON c.id = s.claim_id AND c.round = s.round
    LEFT JOIN sla_clock k ON k.claim_id = c.id AND k.round = s.round AND k.kind = 'level' AND k.subject = s.id::text
    WHERE s.state = 'open' AND c.state = 'in_review' AND s.duty_key >= :low AND s.duty_key < :high"""
_LATE = "k.state = 'running' AND k.due_on < CAST(:today AS date)"
_SOON = "k.state = 'running' AND k.due_on BETWEEN CAST(:today AS date) AND CAST(:soon AS date)"
_SUMS = f"""count(*) FILTER (WHERE c.held) AS held, count(*) FILTER (WHERE {_SOON}) AS soon, count(*) FILTER (WHERE {_LATE}) AS late,
    coalesce(round(avg(CAST(:today AS date) - k.start_on)), 0)::int AS waited, min(k.start_on) AS oldest"""
_LEVELS = sa.text(f"""
    SELECT s.level, s.name, count(*) AS open, count(s.taken_by) AS taken, {_SUMS} {_OPEN} GROUP BY s.level, s.name
    ORDER BY min(s.ordinal), s.name""")
_PAPERS = sa.text(f"""
    SELECT 'papers', '', count(*) AS open, 0, {_SUMS} FROM claim c
    LEFT JOIN sla_clock k ON k.claim_id = c.id AND k.round = c.round AND k.kind = 'verification' AND k.subject = ''
    WHERE c.state = 'reported' AND c.org_key >= :low AND c.org_key < :high""")
# Everybody of the own organisation who works on claims, and whoever below has taken something.
_HOLDERS = sa.text(f"""
    SELECT a.id, a.name, o.name AS org, a.org_key = :low AS own, coalesce(h.taken, 0) AS taken, coalesce(h.soon, 0) AS soon,
           coalesce(h.late, 0) AS late, h.next_due, u.name IS NOT NULL AS away, coalesce(u.name, '') AS substitute
    FROM account a JOIN organisation o ON o.id = a.org_id
    LEFT JOIN (SELECT s.taken_by, count(*) AS taken, count(*) FILTER (WHERE {_SOON}) AS soon,
               count(*) FILTER (WHERE {_LATE}) AS late, min(k.due_on) AS next_due {_OPEN} AND s.taken_by IS NOT NULL
               GROUP BY s.taken_by) h ON h.taken_by = a.id
    LEFT JOIN LATERAL (SELECT string_agg(b.name, '、' ORDER BY b.name) AS name FROM substitute w JOIN account b ON b.id = w.account_id
        WHERE w.absent_id = a.id AND w.ended_at IS NULL AND CAST(:today AS date) BETWEEN w.from_on AND w.until_on) u ON true
    WHERE h.taken IS NOT NULL OR (a.org_key = :low AND a.active AND EXISTS (SELECT 1 FROM role_grant g WHERE g.account_id = a.id
        AND g.role = ANY(CAST(:roles AS text[]))))
    ORDER BY own DESC, h.late DESC NULLS LAST, h.taken DESC NULLS LAST, a.name, a.id LIMIT 200""")
# In review, and no level of it is open: nobody may take the next one. OFFSET 0: first the claims, by their own small index.
_STUCK = sa.text("""
    SELECT x.claim_no FROM (SELECT c.id, c.claim_no, c.round FROM claim c WHERE c.state = 'in_review' AND c.org_key >= :low
        AND c.org_key < :high OFFSET 0) x
    LEFT JOIN LATERAL (SELECT 1 AS one FROM review_step s WHERE s.claim_id = x.id AND s.round = x.round AND s.state = 'open'
        LIMIT 1) s ON true WHERE s.one IS NULL ORDER BY x.id LIMIT :limit""")
def _list(*, likely: bool) -> sa.TextClause:
    """A page of open levels, by their day or the likeliest late first."""
    place = "coalesce(k.due_on, DATE '9999-12-31')"
    of, after, by, by_x = (rank("pay"), "CAST(:after_rank AS int), ", "rank, ", "x.rank, ") if likely else ("0", "", "", "")
    return sa.text(f"""
    SELECT x.*, p.name AS person, coalesce(o.name, '') AS duty, coalesce(a.name, '') AS holder FROM (
        SELECT s.id AS step_id, s.claim_id, c.claim_no, c.plan, c.person_id, s.name, s.duty_key, s.taken_by, c.held, s.escalated, k.due_on,
               k.state AS clock, k.start_on, {place} AS place, {of} AS rank {_OPEN}
          AND (:level = '' OR s.level = :level) AND (:due = '' OR (:due = 'late' AND {_LATE}) OR (:due = 'soon' AND {_SOON}))
          AND (:who = '' OR (:who = 'nobody' AND s.taken_by IS NULL) OR s.taken_by::text = :who)
          AND ({f"{of}, " if likely else ""}{place}, s.id) > ({after}CAST(:after_due AS date), CAST(:after_id AS uuid))
        ORDER BY {by}place, step_id LIMIT :limit) x
    JOIN person p ON p.id = x.person_id LEFT JOIN organisation o ON o.org_key = x.duty_key LEFT JOIN account a ON a.id = x.taken_by
    ORDER BY {by_x}x.place, x.step_id""")


_LIST = {likely: _list(likely=likely) for likely in (False, True)}
# Whom the head may hand work to: colleagues at an organisation where the chosen work is due, with its role; each verb asks again.
_ABLE = sa.text("""
    SELECT DISTINCT a.id, a.name FROM review_step s JOIN account a ON a.org_key = s.duty_key AND a.active AND a.person_id IS NOT NULL
    JOIN role_grant g ON g.account_id = a.id AND g.role = s.role WHERE s.id = ANY(CAST(:steps AS uuid[]))
    ORDER BY a.name, a.id LIMIT 200""")


def _bounds(actor: Actor, today: date) -> dict[str, object]:
    return {"low": actor.org_key, "high": actor.org_key.rstrip(".") + "/", "today": today, "soon": today + SOON}


def levels(session: Session, actor: Actor, *, today: date) -> list[Level]:
    """Open work at and under the actor's organisation: the papers first, then each level in the chain's order."""
    rows = [*session.execute(_PAPERS, _bounds(actor, today)), *session.execute(_LEVELS, _bounds(actor, today))]
    return [found for found in (Level(*row) for row in rows) if found.open]


def holders(session: Session, actor: Actor, *, today: date) -> list[Holder]:
    """The own organisation's people, and whoever below has taken something; those with late work first."""
    roles = sorted(LENDABLE & (REVIEWERS | {Role.UNIT_CLERK}))
    return [Holder(*row) for row in session.execute(_HOLDERS, {**_bounds(actor, today), "roles": roles})]


def stuck(session: Session, actor: Actor, *, today: date, limit: int = 20) -> list[str]:
    """Claims whose next level nobody may take, oldest first."""
    return list(session.execute(_STUCK, {**_bounds(actor, today), "limit": limit}).scalars())


def open_levels(session: Session, actor: Actor, *, asked: Mapping[str, str], today: date) -> tuple[list[OpenLevel], str]:
    """A page of open levels and the next cursor. `asked`: level, who (an account, or `NOBODY`), due (late, soon), order
    (`LIKELY`: the likeliest late first), after.
    """
    due, step, after_rank = _cursor(asked.get("after", ""))
    rows = session.execute(_LIST[asked.get("order") == LIKELY], {
        **_bounds(actor, today), "level": asked.get("level", ""), "who": asked.get("who", ""), "due": asked.get("due", ""),
        "after_due": due, "after_id": step, "after_rank": after_rank, "limit": PAGE + 1}).all()
    told = risks(session, [(row.claim_id, "pay") for row in rows])
    found = [OpenLevel(row.step_id, row.claim_id, row.claim_no, row.plan, masked_name(row.person), row.name, row.duty, row.holder, row.held,
                       row.escalated, row.due_on, _clock(row.due_on, row.clock, today), row.start_on, row.rank,
                       told.get((row.claim_id, "pay")))
             for row in rows]
    return found[:PAGE], found[PAGE - 1].cursor if len(found) > PAGE else ""


def able(session: Session, found: list[OpenLevel]) -> list[tuple[uuid.UUID, str]]:
    """Whom this work could be handed to: account and name."""
    return [(row.id, row.name) for row in session.execute(_ABLE, {"steps": [one.step_id for one in found]})]


def _clock(due_on: date | None, state: str | None, today: date) -> str:
    if due_on is None or state not in ("running", "paused"):
        return ""
    return "paused" if state == "paused" else "late" if due_on < today else "soon" if due_on <= today + SOON else ""


def _cursor(after: str) -> tuple[date, uuid.UUID, int]:
    if not after:
        return date.min, uuid.UUID(int=0), _FIRST
    try:
        due, step, place = after.split("/")
        return date.fromisoformat(due), uuid.UUID(step), rank_of(place)
    except ValueError:
        raise InputError("cursor_wrong", "翻页位置不对", remedy="从第一页重新开始", field="after") from None
