"""Trying the pages out: in a demonstration one may sit at any synthetic person's desk. Nowhere else does this exist."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import Actor
from services.access.actors import actor_of
from services.access.lookup import record
from services.access.sessions import open_session
from services.core.errors import NotFound
from services.core.settings import settings
from services.models import Account


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody whose desk may be tried."""

    account_id: uuid.UUID
    login: str
    name: str
    organisation: str
    roles: tuple[str, ...]


def refuse_outside_demonstration() -> None:
    """NotFound, as if there were no such page, wherever real people are served."""
    if settings().mode != "demo":
        raise NotFound("page_missing", "没有这个页面", remedy="核对地址")


_SEATS = sa.text("""
    SELECT a.id, a.login, a.name, o.name AS organisation, array_agg(g.role ORDER BY g.role) AS roles
    FROM account a JOIN organisation o ON o.id = a.org_id JOIN role_grant g ON g.account_id = a.id
    WHERE a.active AND a.kind = 'person' AND (a.person_id IS NOT NULL OR g.role IN ('administrator', 'auditor'))
    GROUP BY a.id, o.name, o.org_key ORDER BY o.org_key, a.login LIMIT :limit""")


def seats(session: Session, limit: int = 200) -> Sequence[Seat]:
    """The desks of this demonstration, by organisation. The scope must be the root."""
    refuse_outside_demonstration()
    return [Seat(row.id, row.login, row.name, row.organisation, tuple(row.roles)) for row in session.execute(_SEATS, {"limit": limit})]


def actors(session: Session, accounts: Collection[uuid.UUID], *, now: datetime) -> list[Actor]:
    """Those people as they act today. The scope must be the root."""
    refuse_outside_demonstration()
    found = session.exec(select(Account).where(col(Account.id).in_(accounts))).all()
    return [actor_of(session, account, now=now) for account in found]


def sit_down(session: Session, *, account_id: uuid.UUID, agent: str, address: str, now: datetime) -> str:
    """The cookie of a session at that desk; its second factor counts as shown. The scope must be the root."""
    refuse_outside_demonstration()
    account = session.get(Account, account_id)
    if account is None or not account.active or account.kind != "person":
        raise NotFound("account_missing", "没有这个演示账号", remedy="回到演示账号一览")
    session.execute(sa.text("INSERT INTO credential (account_id, totp_step, totp_at) VALUES (:id, 0, :now)"
                            " ON CONFLICT (account_id) DO UPDATE SET totp_at = coalesce(credential.totp_at, excluded.totp_at)"),
                    {"id": account_id, "now": now})
    record(session, account, "signed_in", "demonstration", by=account.id, now=now)
    return open_session(session, account_id=account_id, stage="full", door="password", agent=agent, address=address, now=now)
