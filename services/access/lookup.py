"""An account in an administrator's sight, and the record of what was done to it."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime

from sqlmodel import Session

from services.access.actor import Actor
from services.audit import service as audit
from services.core.errors import NotFound
from services.models import Account


def digest(secret: str) -> bytes:
    """How random secrets of 128 bits and more (tokens, session cookies, one-time codes) are kept."""
    return hashlib.sha256(secret.encode()).digest()


def account_of(session: Session, account_id: uuid.UUID, actor: Actor) -> Account:
    """NotFound unless it lies at or under the actor's organisation."""
    account = session.get(Account, account_id)
    if account is None or not account.org_key.startswith(actor.org_key):
        raise NotFound("account_missing", "没有这一账号，或不在您的管辖范围内", remedy="核对账号", field="account_id")
    return account


def own_account(session: Session, actor: Actor) -> Account:
    """The actor's own account. NotFound for a program without one."""
    account = session.get(Account, actor.account_id) if actor.account_id else None
    if account is None:
        raise NotFound("account_missing", "当前操作没有对应的账号", remedy="请以本人账号登录")
    return account


def record(session: Session, account: Account, what: str, reason: str | None, *, by: uuid.UUID | None, now: datetime) -> None:
    """Accounts have no claim's chain: the access record keeps who changed which. The first one has no earlier actor."""
    audit.looked(session, org_key=account.org_key, account=by or account.id, claim_id=None, what=f"{what}:{account.login}",
                 reason=reason, at=now)
    session.flush()
