"""What finance sees: what is ready to pay by plan, the plan's fund, a run with who made and checked it. No health data."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.audit import service as audit
from services.core.errors import NotFound
from services.lifecycle.facts import FUND_BALANCE
from services.models import PaymentRun
from services.payment import limits as payment_limits
from services.payment.queries import run_numbered
from services.reporting import attached
from services.reporting.sight import missing
from services.reporting.views import PaymentView


@dataclass(frozen=True, slots=True)
class Waiting:
    """A plan with payments not yet in a run (fen); the fund's balance after all that left or is about to leave."""

    plan: str
    count: int
    total_fen: int
    fund_fen: int | None


@dataclass(frozen=True, slots=True)
class Run:
    """A payment run's head with the names of its two persons."""

    id: uuid.UUID
    run_no: str
    plan: str
    bank: str
    state: str
    version: int
    count: int
    total_fen: int
    made_at: datetime
    maker: str | None
    made_person: uuid.UUID
    checker: str | None
    released_at: datetime | None
    sent_at: datetime | None
    file_name: str | None
    file_sha256: str | None
    digest: str | None
    settlement_id: uuid.UUID | None      # it carries that settlement's lines


# `n` is the run whose plan's fund is asked; here each waiting plan stands in for one.
_WAITING = sa.text(f"""
    SELECT n.plan, n.count, n.total_fen, {FUND_BALANCE} AS fund_fen
    FROM (SELECT c.plan, count(*) AS count, sum(p.amount_fen)::bigint AS total_fen FROM payment p JOIN claim c ON c.id = p.claim_id
          WHERE p.waiting AND p.state = 'planned' AND p.channel = 'bank' GROUP BY c.plan) n ORDER BY n.plan""")


def waiting(session: Session) -> list[Waiting]:
    """Plans with planned payments in the caller's sight."""
    return [Waiting(*row) for row in session.execute(_WAITING)]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A payment that the last run made could not take, with the reason and what to do, in words."""

    id: uuid.UUID
    claim_no: str
    payee: str
    amount_fen: int
    why: str


_LEFT_OUT = sa.text("""
    SELECT p.id, c.claim_no, q.name AS payee, p.amount_fen, p.left_out AS why FROM payment p JOIN claim c ON c.id = p.claim_id
    JOIN person q ON q.id = p.person_id WHERE p.waiting AND p.state = 'planned' AND p.left_out IS NOT NULL
    ORDER BY c.claim_no, p.id LIMIT :limit""")


def left_out(session: Session, *, limit: int = 100) -> list[LeftOut]:
    """What waits because a bank's file cannot carry it, until a run takes it."""
    return [LeftOut(*row) for row in session.execute(_LEFT_OUT, {"limit": limit})]


_RUN = """SELECT r.id, r.run_no, r.plan, r.bank, r.state, r.version, r.count, r.total_fen, r.made_at, m.name AS maker, r.made_person,
    k.name AS checker, r.released_at, r.sent_at, r.file_name, r.file_sha256, r.digest,
    r.settlement_id
    FROM payment_run r LEFT JOIN account m ON m.id = r.made_by LEFT JOIN account k ON k.id = r.checked_by"""


def runs(session: Session, *, after: str = "", limit: int = 50) -> list[Run]:
    """Newest first; `after` is the last number of the page before."""
    rows = session.execute(sa.text(f"""{_RUN} WHERE :after = '' OR (r.made_at, r.run_no) < (SELECT a.made_at, a.run_no FROM payment_run a
        WHERE a.run_no = :after) ORDER BY r.made_at DESC, r.run_no DESC LIMIT :limit"""), {"after": after, "limit": limit})
    return [Run(**row._mapping) for row in rows]


def run(session: Session, run_no: str) -> tuple[Run, list[PaymentView]]:
    """A run and its payments, accounts masked. NotFound outside the caller's sight."""
    row = session.execute(sa.text(f"{_RUN} WHERE r.run_no = :no"), {"no": run_no}).first()
    if row is None:
        raise missing()
    return Run(**row._mapping), attached.payments(session, run_id=row.id)


def file_taken(session: Session, found: Run | PaymentRun, *, actor: Actor, now: datetime) -> tuple[str, str]:
    """SHA-256 and name of a run's file: it holds accounts in full, so who takes it is recorded. NotFound until it is written."""
    if found.file_sha256 is None:
        raise NotFound("file_missing", "报盘文件尚未生成", remedy="放行后稍候再取")
    assert actor.account_id is not None
    audit.looked(session, org_key=actor.org_key, account=actor.account_id, claim_id=None, what=f"bank_file:{found.run_no}",
                 reason=None, at=now)
    return found.file_sha256, found.file_name or found.run_no


def limits(session: Session, run_no: str, now: datetime) -> tuple[list[payment_limits.Measured], payment_limits.Allowed | None]:
    """The run against its organisation's limits, and the head's word on what it holds. Nothing once it is released."""
    row = run_numbered(session, run_no)
    if row is None or row.released_at is not None:
        return [], None
    return payment_limits.measured(session, row, now=now), payment_limits.allowed(session, row)
