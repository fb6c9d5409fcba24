"""Wrong tries under one login: a growing wait, the same whether or not anybody has that login."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col

from services.core.crypto import key_ring
from services.core.errors import Unauthenticated
from services.models import SignInGuard

FREE = 5                            # wrong tries without a wait
FIRST, LONGEST = timedelta(seconds=30), timedelta(minutes=15)
FORGOTTEN = timedelta(hours=24)     # after which the count starts anew


def wait_after(wrong: int) -> timedelta:
    """How long nobody may try after so many wrong tries: 30 s after the fifth, double for each further, at most 15 minutes."""
    if wrong < FREE:
        return timedelta(0)
    return min(LONGEST, FIRST * (1 << min(wrong - FREE, 10)))


def key_of(login: str) -> bytes:
    """The login without its capitals and blanks, as a blind index: wrong ones are often passwords typed in the wrong field."""
    return key_ring().index(login.strip().casefold(), field="account.login")


def hold(session: Session, key: bytes, *, now: datetime) -> Unauthenticated | None:
    """Tries under one login wait for one another until the commit. Gives the refusal while the login is blocked."""
    session.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": int.from_bytes(key[:8], "big", signed=True)})
    guard = session.get(SignInGuard, key, populate_existing=True)
    if guard is None or guard.blocked_until is None or guard.blocked_until <= now:
        return None
    seconds = math.ceil((guard.blocked_until - now).total_seconds())
    return Unauthenticated("sign_in_blocked", f"连续输错，请在 {seconds} 秒后再试", remedy="忘记密码请找管理员领取一次性口令")


def wrong(session: Session, key: bytes, *, now: datetime) -> None:
    """Count a wrong try; old counts of anybody go."""
    session.execute(sa.delete(SignInGuard).where(col(SignInGuard.last_at) < now - FORGOTTEN))
    guard = session.get(SignInGuard, key) or SignInGuard(login_index=key, wrong=0, last_at=now)
    guard.wrong += 1
    guard.last_at = now
    wait = wait_after(guard.wrong)
    guard.blocked_until = now + wait if wait else None
    session.add(guard)
    session.flush()


def clear(session: Session, key: bytes) -> None:
    """The right person came in."""
    session.execute(sa.delete(SignInGuard).where(col(SignInGuard.login_index) == key))
