"""The bank says of one payment that it came back and that it arrived: two persons look into it before it goes out again."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from sqlmodel import Session

from services.core.errors import Conflict, GuardFailed
from services.lifecycle.contradicted import credit_reported
from services.models import PaymentRun

_OF_CLAIM = sa.text(f"SELECT {credit_reported(':id')}")
_OF_SETTLEMENT = sa.text(f"SELECT {credit_reported(':id', 'settlement_payment_id')}")
_LINES = sa.text(f"""
    SELECT q.line FROM settlement_payment q WHERE q.run_id = :run AND q.attempt > 1
    AND {credit_reported('q.id', 'settlement_payment_id')} ORDER BY q.line LIMIT 5""")
_CODE = "credit_contradicts"


def require_clear(session: Session, payment_id: uuid.UUID, *, of_settlement: bool = False) -> None:
    """Conflict `credit_contradicts` while a credit of this payment that moved nothing is not dismissed by two persons."""
    if session.execute(_OF_SETTLEMENT if of_settlement else _OF_CLAIM, {"id": payment_id}).scalar_one():
        raise Conflict(_CODE, "这一笔既有退汇，银行又另有记录称已到账，再付可能付两次",
                       remedy="先向银行查明，由两人处理“对不上的回盘记录”中的该笔；确已到账的不再付款")


def require_lines_clear(session: Session, run: PaymentRun) -> None:
    """GuardFailed, the same of the lines of a settlement's run that go out once more."""
    if lines := session.execute(_LINES, {"run": run.id}).scalars().all():
        raise GuardFailed(_CODE, f"第 {'、'.join(map(str, lines))} 行曾退汇，银行又另有记录称已到账",
                          remedy="先由两人处理“对不上的回盘记录”中的该笔，或把该笔移出批次")
