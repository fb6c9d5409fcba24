"""The holder's own second factor while it is in force: fresh recovery codes, or another phone. Both ask for a code first.

A wrong code counts as a wrong try under the login and is returned, not raised: what is raised is rolled back with the count.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from services.access import credentials, lockout
from services.access.actor import Actor
from services.access.lookup import own_account, record
from services.access.sessions import end_all
from services.core.errors import Conflict, Unauthenticated
from services.models import Account, Credential


def renew_recovery_codes(session: Session, *, code: str, phone_time: datetime, actor: Actor,
                         now: datetime) -> tuple[str, ...] | Unauthenticated:
    """Ten new recovery codes, shown once; the old ones stop. Conflict without a second factor."""
    account, wrong = _shown(session, code, phone_time, actor, now)
    if wrong is not None:
        return wrong
    codes = credentials.new_codes(session, account.id)
    record(session, account, "recovery_codes.renewed", None, by=account.id, now=now)
    return codes


def give_up_second_factor(session: Session, *, code: str, token: str, phone_time: datetime, actor: Actor,
                          now: datetime) -> Unauthenticated | None:
    """The own factor goes, for another phone; all other sessions end.

    Whose roles ask for one has no session either until a new one is set up: the next way in asks for it first.
    """
    account, wrong = _shown(session, code, phone_time, actor, now)
    if wrong is not None:
        return wrong
    credentials.drop_factor(session, account.id)
    end_all(session, account.id, why="second_factor_given_up", but=token, now=now)
    record(session, account, "second_factor.given_up", None, by=account.id, now=now)
    return None


def _shown(session: Session, code: str, phone_time: datetime, actor: Actor, now: datetime) -> tuple[Account, Unauthenticated | None]:
    """The caller's account, and the refusal when the code is not good or the login waits."""
    account = own_account(session, actor)
    counts = lockout.inside(account.login)
    blocked = lockout.hold(session, counts, where="own_factor", now=now)
    if blocked:
        return account, blocked
    kept: Credential = credentials.credential(session, account.id)
    if kept.totp_sealed is None:
        raise Conflict("second_factor_missing", "还没有设置动态口令", remedy="先设置动态口令")
    if not credentials.takes(session, kept, code, phone_time=phone_time, now=now):
        lockout.wrong(session, counts, where="own_factor", now=now)
        return account, Unauthenticated("code_wrong", "动态口令不对或已用过", remedy="等手机显示下一个口令再试，或使用恢复码", field="code")
    lockout.clear(session, counts)
    return account, None
