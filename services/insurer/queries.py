"""Where claims stand with the insurer, and what lies in its inbox."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.core.errors import GuardFailed
from services.insurer.messages import Settle
from services.lifecycle.facts import CLAIM
from services.models import Handoff, InsurerMessage


@dataclass(frozen=True, slots=True)
class Ready:
    """An insured claim that may go on; `overdue`: without the unit's certificate, whose days are over."""

    id: uuid.UUID
    org_key: str
    claim_no: str
    round: int
    plan: str
    plan_from: date
    overdue: bool


@dataclass(frozen=True, slots=True)
class Settlement:
    """What the insurer paid: yuan, the bank's time and serial; both None when nothing was due."""

    amount: Decimal
    bank_time: datetime | None
    serial: str | None
    account_last4: str


_OPEN, _OVERDUE = CLAIM["chain_open"], CLAIM["certification_overdue"]
_INSURED = f"""
    SELECT c.id, c.org_key, c.claim_no, c.round, c.plan, c.plan_from, {_OPEN} > 0 AS overdue FROM claim c
    WHERE c.state = 'in_review' AND c.route = 'insurer' AND NOT c.held AND NOT {CLAIM["consent_missing"]}"""
_READY = f"{_INSURED} AND c.id = ANY(%(ids)s::uuid[]) AND ({_OPEN} = 0 OR {_OVERDUE}) ORDER BY c.id FOR UPDATE OF c"
_STOPPED = f"""
    SELECT c.claim_no, {CLAIM["consent_missing"]} FROM claim c WHERE c.claim_no = ANY(%(numbers)s::text[])
    AND ({CLAIM["consent_missing"]} OR c.held AND c.hold_reason = 'consent_withdrawn') ORDER BY c.claim_no"""
_LATE = f"{_INSURED} AND {_OPEN} > 0 AND {_OVERDUE} ORDER BY c.id"


def stopped(session: Session, claim_nos: Collection[str]) -> dict[str, GuardFailed]:
    """By number, the claims of which nothing may go out now: their person took back the consent to the insurer or to being dealt with."""
    rows = session.connection().exec_driver_sql(_STOPPED, {"numbers": list(claim_nos)})
    return {number: GuardFailed("consent_missing" if missing else "consent_withdrawn",
                                f"案件 {number} 的会员撤回了{'向保险公司提供个人信息' if missing else '办理所需'}的同意，不能移送",
                                remedy="会员重新同意后自动重试") for number, missing in rows}


def ready_to_forward(session: Session, claim_ids: Collection[uuid.UUID], today: date) -> list[Ready]:
    """Those of the claims that may go to the insurer now, locked: certified or overdue, not held, with consent."""
    rows = session.connection().exec_driver_sql(_READY, {"ids": list(claim_ids), "today": today})
    return [Ready(*row) for row in rows]


def certification_overdue(session: Session, *, today: date) -> list[uuid.UUID]:
    """Insured claims in review whose unit let its days pass."""
    return [row[0] for row in session.connection().exec_driver_sql(_LATE, {"today": today})]


def handoff_of(session: Session, claim_id: uuid.UUID) -> Handoff | None:
    """The newest handoff of a claim."""
    return session.exec(select(Handoff).where(Handoff.claim_id == claim_id).order_by(col(Handoff.round).desc()).limit(1)
                        .execution_options(populate_existing=True)).first()


def last_seq(session: Session) -> int:
    """The last of the insurer's messages before the first gap: what polling asks after."""
    return int(session.execute(sa.text(
        "SELECT coalesce(max(q.seq), 0) FROM (SELECT seq, row_number() OVER (ORDER BY seq) AS n FROM insurer_message) q"
        " WHERE q.seq = q.n")).scalar_one())


def claims_with_waiting(session: Session) -> list[str]:
    """Numbers of claims with messages not yet applied, the oldest message first."""
    return list(session.execute(sa.text("SELECT claim_no FROM insurer_message WHERE state = 'waiting' GROUP BY claim_no"
                                        " ORDER BY min(seq)")).scalars())


def inbox(session: Session, claim_no: str) -> list[InsurerMessage]:
    """All messages about a claim, in the insurer's order."""
    return list(session.exec(select(InsurerMessage).where(InsurerMessage.claim_no == claim_no)
                             .order_by(col(InsurerMessage.seq)).execution_options(populate_existing=True)))


def paid_by_insurer(session: Session) -> list[uuid.UUID]:
    """Claims whose insurer has settled while their payments are still planned: to be announced."""
    return list(session.execute(sa.text(
        "SELECT DISTINCT c.id FROM claim c JOIN handoff h ON h.claim_id = c.id AND h.round = c.round"
        " JOIN payment p ON p.claim_id = c.id AND p.round = c.round"
        " WHERE h.state = 'settled' AND p.channel = 'insurer' AND p.state = 'planned' ORDER BY c.id")).scalars())


def settlements(session: Session, claim_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Settlement]:
    """By claim what the insurer's applied settle message says of its money."""
    rows = session.execute(sa.text(
        "SELECT DISTINCT ON (c.id) c.id, m.body FROM claim c JOIN insurer_message m ON m.claim_no = c.claim_no"
        " AND m.round = c.round AND m.kind = 'settle' AND m.state = 'applied' WHERE c.id = ANY(CAST(:ids AS uuid[]))"
        " ORDER BY c.id, m.seq DESC"), {"ids": list(claim_ids)})
    found = {row.id: Settle.model_validate(row.body) for row in rows}
    return {claim_id: Settlement(settle.amount, settle.bank_time, settle.serial, settle.account_last4)
            for claim_id, settle in found.items()}
