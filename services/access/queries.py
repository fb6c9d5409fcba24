"""Reading accounts: an administrator's list."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor, Role

PAGE = 50


@dataclass(frozen=True, slots=True)
class AccountLine:
    """An account with what an administrator looks for. `came_in_at`: the last sign-in by browser."""

    id: uuid.UUID
    login: str
    name: str
    kind: str
    org_key: str
    org_name: str
    active: bool
    roles: tuple[str, ...]
    password_at: datetime | None
    second_factor_at: datetime | None
    came_in_at: datetime | None


_LINES = sa.text("""
    SELECT a.id, a.login, a.name, a.kind, a.org_key, o.name AS org_name, a.active,
           ARRAY(SELECT g.role FROM role_grant g WHERE g.account_id = a.id ORDER BY g.role) AS roles, k.password_at,
           k.totp_at AS second_factor_at,
           (SELECT max(s.created_at) FROM web_session s WHERE s.account_id = a.id AND s.stage = 'full') AS came_in_at
    FROM account a JOIN organisation o ON o.id = a.org_id LEFT JOIN credential k ON k.account_id = a.id
    WHERE a.org_key >= :low AND a.org_key < :high AND (a.org_key, a.login) > (:after_key, :after_login)
      AND (:search = '' OR strpos(lower(a.login), :search) > 0 OR strpos(a.name, :search) > 0)
      AND (CAST(:only AS uuid) IS NULL OR a.id = :only)
    ORDER BY a.org_key, a.login LIMIT :limit""")


def accounts(session: Session, *, actor: Actor, search: str = "", after: tuple[str, str] = ("", ""),
             limit: int = PAGE) -> list[AccountLine]:
    """Accounts at and under the administrator's (or auditor's) organisation, by organisation and login.

    `search`: part of login or name. `after`: (org_key, login) of the last one seen.
    """
    return _lines(session, actor, {"search": search.strip().lower(), "after_key": after[0], "after_login": after[1], "only": None,
                                   "limit": limit})


def account(session: Session, *, account_id: uuid.UUID, actor: Actor) -> AccountLine | None:
    """One of them, or None."""
    found = _lines(session, actor, {"search": "", "after_key": "", "after_login": "", "only": account_id, "limit": 1})
    return found[0] if found else None


def _lines(session: Session, actor: Actor, given: dict[str, object]) -> list[AccountLine]:
    actor.require(Role.ADMINISTRATOR, Role.AUDITOR, Role.SYSTEM, what="查看账号")
    rows = session.execute(_LINES, {"low": actor.org_key, "high": f"{actor.org_key.rstrip('.')}/", **given}).mappings()
    return [AccountLine(**{**row, "roles": tuple(row["roles"])}) for row in rows]
