"""What waits for whom, and a claim's chain."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, select

from services.access.actor import Actor
from services.core.errors import InputError
from services.lifecycle.facts import ACTOR, CLAIM, barred, bound, candidates, eligible
from services.models import Decision, ReviewStep
from services.review.rules import APPROVALS_STAND, REASONS


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One open level that the actor may take. `due_on` is its level clock; `cursor` goes into the next `after`."""

    step_id: uuid.UUID
    claim_id: uuid.UUID
    claim_no: str
    plan: str
    person: str
    level: str
    name: str
    role: str
    escalated: bool
    taken_by: uuid.UUID | None
    held: bool
    digest: str
    version: int
    total_fen: int | None
    due_on: date | None
    pay_due: date | None

    @property
    def cursor(self) -> str:
        """Place in the list."""
        return f"{(self.due_on or date.max).isoformat()}/{self.step_id}"


# First the actor's levels in order, then separation one by one until the page is full: asked of all of them it would cost
# a reviewer of a large office a second.
_WORKLIST = sa.text(bound(f"""
    SELECT x.step_id, x.claim_id, x.claim_no, x.plan, (SELECT p.name FROM person p WHERE p.id = x.person_id) AS person, x.level,
           x.name, x.role, x.escalated, x.taken_by, x.held, x.digest, x.version,
           (SELECT w.total_fen + w.refund_fen FROM worksheet w WHERE w.claim_id = x.claim_id AND w.round = x.round
            ORDER BY w.seq DESC LIMIT 1) AS total_fen, x.due_on, x.pay_due
    FROM (SELECT s.id AS step_id, s.claim_id, c.claim_no, c.plan, c.person_id, s.level, s.name, s.role, s.escalated, s.taken_by,
                 c.held, c.digest, c.version, c.round, s.act, s.decides, k.due_on, c.pay_due,
                 coalesce(k.due_on, DATE '9999-12-31') AS place
          FROM review_step s JOIN claim c ON c.id = s.claim_id AND c.round = s.round
          LEFT JOIN sla_clock k ON k.claim_id = c.id AND k.round = s.round AND k.kind = 'level' AND k.subject = s.id::text
          WHERE s.state = 'open' AND c.state = 'in_review' AND s.role = ANY(CAST(:roles AS text[]))
            AND s.duty_key >= :low AND s.duty_key < :high
            AND (coalesce(k.due_on, DATE '9999-12-31'), s.id) > (CAST(:due AS date), CAST(:step AS uuid))
          ORDER BY place, step_id OFFSET 0) x
    CROSS JOIN LATERAL (SELECT x.claim_id AS id, x.person_id, x.round) c
    CROSS JOIN LATERAL (SELECT x.step_id AS id, x.act, x.decides) s
    WHERE NOT {barred("s", ACTOR)} ORDER BY x.place, x.step_id LIMIT :limit"""))


def worklist(session: Session, actor: Actor, limit: int = 50, after: str | None = None) -> list[WorkItem]:
    """Open levels of the actor's roles at or under the actor's organisation, most urgent first.

    Claims from which separation of persons keeps the actor are left out. `after`: the last item's `cursor`.
    """
    due, step = _cursor(after)
    rows = session.execute(_WORKLIST, {
        "roles": sorted(actor.roles), "low": actor.org_key, "high": actor.org_key.rstrip(".") + "/",
        "persons": list(actor.persons), "due": due, "step": step, "limit": limit})
    return [WorkItem(*row) for row in rows]


def _cursor(after: str | None) -> tuple[date, uuid.UUID]:
    if after is None:
        return date.min, uuid.UUID(int=0)
    due, _, step = after.partition("/")
    try:
        return date.fromisoformat(due), uuid.UUID(step)
    except ValueError:
        raise InputError("cursor_wrong", "翻页位置不对", remedy="从第一页重新开始", field="after") from None


def chain(session: Session, claim_id: uuid.UUID) -> list[ReviewStep]:
    """The levels of the claim's present round, in order."""
    return list(session.exec(select(ReviewStep).where(
        ReviewStep.claim_id == claim_id,
        sa.text("review_step.round = (SELECT c.round FROM claim c WHERE c.id = review_step.claim_id)"))
        .order_by(sa.column("ordinal")).execution_options(populate_existing=True)))


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who may act on an open level; `absent` while a substitute stands in."""

    account_id: uuid.UUID
    name: str
    absent: bool


_COLLEAGUES = sa.text(bound(f"""
    SELECT a.id, a.name, EXISTS (SELECT 1 FROM substitute u WHERE u.absent_id = a.id AND u.ended_at IS NULL
        AND CAST(:today AS date) BETWEEN u.from_on AND u.until_on) AS absent
    FROM review_step s JOIN claim c ON c.id = s.claim_id AND c.round = s.round CROSS JOIN LATERAL (
        SELECT a.id, a.name {candidates("s")}) a
    WHERE c.id = :claim AND s.state = 'open' ORDER BY absent, a.name, a.id"""))


def colleagues(session: Session, claim_id: uuid.UUID, *, on: date) -> list[Colleague]:
    """Who may act on the claim's open level on that day: its role (held or lent) there, and separation permits."""
    return [Colleague(*row) for row in session.execute(_COLLEAGUES, {"claim": claim_id, "today": on})]


@dataclass(frozen=True, slots=True)
class Held:
    """A hold that stands: its reason code and words, who put it on and when."""

    reason: str
    words: str
    by: str
    since: datetime


def held(session: Session, claim_id: uuid.UUID) -> Held | None:
    """The claim's hold; None when there is none."""
    row = session.execute(sa.text("""
        SELECT c.hold_reason, coalesce(a.name, '系统'), r.at FROM claim c JOIN LATERAL (SELECT * FROM audit_record r
            WHERE r.chain_id = c.id AND r.machine = 'claim' AND r.event = 'hold' ORDER BY r.seq DESC LIMIT 1) r ON true
        LEFT JOIN account a ON a.id = r.account_id WHERE c.id = :claim AND c.held"""), {"claim": claim_id}).first()
    return Held(row[0], REASONS.get(row[0], row[0]), row[1], row[2]) if row else None


@dataclass(frozen=True, slots=True)
class Standing:
    """A passed level of the present round and whether its approval rests on the facts as they are now."""

    level: str
    name: str
    stands: bool


def standing(session: Session, claim_id: uuid.UUID) -> tuple[tuple[str, ...], list[Standing]]:
    """The stated rule for which approvals stand, and what it says of each passed level now."""
    rows = session.execute(sa.text("""
        SELECT s.level, s.name, s.seen_digest IS NOT DISTINCT FROM c.digest FROM review_step s
        JOIN claim c ON c.id = s.claim_id AND c.round = s.round WHERE c.id = :claim AND s.state = 'passed'
        ORDER BY s.ordinal"""), {"claim": claim_id})
    return stated_rule(), [Standing(*row) for row in rows]


def stated_rule() -> tuple[str, ...]:
    """Which approvals stand after a return or a change, in sentences."""
    return APPROVALS_STAND


def ready_to_route(session: Session, claim_ids: Collection[uuid.UUID]) -> list[uuid.UUID]:
    """Those of the claims that are verified and not held."""
    return list(session.execute(sa.text(
        "SELECT id FROM claim WHERE id = ANY(CAST(:ids AS uuid[])) AND state = 'verified' AND NOT held ORDER BY id"),
        {"ids": list(claim_ids)}).scalars())


@dataclass(frozen=True, slots=True)
class Unstaffed:
    """A claim in review whose next level nobody may take: a head or an administrator must find somebody."""

    claim_id: uuid.UUID
    claim_no: str
    level: str
    role: str
    duty_key: str


# Never opened for want of a person (also when there is one by now), or open and since then without anybody.
_UNSTAFFED = sa.text(bound(f"""
    SELECT c.id, c.claim_no, s.name, s.role, s.duty_key FROM claim c CROSS JOIN LATERAL (SELECT * FROM review_step o
        WHERE o.claim_id = c.id AND o.round = c.round AND o.state IN ('waiting', 'open') ORDER BY o.ordinal LIMIT 1) s
    WHERE c.state = 'in_review' AND (s.state = 'waiting' AND NOT EXISTS (SELECT 1 FROM review_step o WHERE o.claim_id = c.id
        AND o.round = c.round AND o.state = 'open') OR {eligible("s")} = 0) ORDER BY c.id LIMIT :limit"""))


def unstaffed(session: Session, *, on: date, limit: int = 500) -> list[Unstaffed]:
    """Claims in review whose next level nobody may take on that day, oldest first."""
    return [Unstaffed(*row) for row in session.execute(_UNSTAFFED, {"today": on, "limit": limit})]


def closable(session: Session, today: date, limit: int = 500) -> list[uuid.UUID]:
    """Paid or refused claims that nothing keeps open, oldest first, in the words of the machine's own guards."""
    rows = session.connection().exec_driver_sql(_CLOSABLE, {"today": today, "limit": limit})
    return [row[0] for row in rows]


_CLOSABLE = f"""
    SELECT c.id FROM claim c WHERE c.state IN ('paid', 'refused') AND {CLAIM["letters_undelivered"]} = 0
    AND NOT {CLAIM["objection_window_open"]} AND {CLAIM["open_items"]} = 0 AND NOT {CLAIM["held"]} ORDER BY c.id LIMIT %(limit)s"""


def decision(session: Session, claim_id: uuid.UUID) -> Decision | None:
    """The newest decision of a claim."""
    return session.exec(select(Decision).where(Decision.claim_id == claim_id)
                        .order_by(sa.column("round").desc()).limit(1)).first()


def reasons() -> dict[str, str]:
    """Every reason code with its Chinese words."""
    return dict(REASONS)
