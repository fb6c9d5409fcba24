"""Wrong tries: growing waits, the same whether or not anybody has the login.

Three counts bound them: under one login from one place, which waits soonest; under one login from anywhere, against a guesser with
many addresses; and from one place under whatever login. A place a login has come in from of late waits by the first alone: so
no stranger keeps somebody out of her own office, and none her session, whose questions are counted apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlmodel import Session, col, select

from services.core import logs
from services.core.addresses import household
from services.core.crypto import key_ring
from services.core.errors import Unauthenticated
from services.models import Account, SignInGuard, WebSession

FREE, FREE_LOGIN, FREE_PLACE = 5, 20, 100   # wrong tries without a wait: login and place, login, place
FIRST, LONGEST = timedelta(seconds=30), timedelta(minutes=15)
FORGOTTEN = timedelta(hours=24)     # after which the count starts anew
KNOWN = timedelta(days=90)          # how long a place is remembered as somebody's own
LOGIN = 32                          # bytes of a login's index; its other counts begin with it


@dataclass(frozen=True, slots=True)
class Count:
    """One count a try falls under. `holds`: its wait keeps this try out; else it only counts."""

    key: bytes
    free: int
    holds: bool = True


def wait_after(wrong: int, free: int = FREE) -> timedelta:
    """How long nobody may try after so many wrong tries: 30 s after the last free one, doubling, at most 15 minutes."""
    if wrong < free:
        return timedelta(0)
    return min(LONGEST, FIRST * (1 << min(wrong - free, 10)))


def key_of(login: str) -> bytes:
    """The login without its capitals and blanks, as a blind index: wrong ones are often passwords typed in the wrong field."""
    return key_ring().index(login.strip().casefold(), field="account.login")


def at_door(session: Session, login: str, address: str, *, now: datetime) -> Sequence[Count]:
    """The counts of a try to come in from an address. The scope must be the root."""
    key, place = key_of(login), household(address)
    index = key_ring().index(place, field="sign_in.place")
    known = place in {household(found) for found in session.exec(
        select(WebSession.address).join(Account, col(Account.id) == WebSession.account_id).where(
            Account.login == login.strip(), WebSession.stage == "full", WebSession.created_at > now - KNOWN).distinct())}
    return Count(key + index[:16], FREE), Count(key, FREE_LOGIN, not known), Count(index + b"at", FREE_PLACE, not known)


def inside(login: str) -> Sequence[Count]:
    """The counts of a password or code asked for again inside a session: nobody outside can use them up."""
    key = key_of(login)
    return Count(key + b"s", FREE), Count(key, FREE_LOGIN, holds=False)


def hold(session: Session, counts: Sequence[Count], *, where: str = "", now: datetime) -> Unauthenticated | None:
    """Tries under one login wait for one another until the commit. Gives the refusal while one of the counts blocks.

    `where`: the address that asks, or which question inside a session; for the log only.
    """
    session.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": int.from_bytes(counts[0].key[:8], "big", signed=True)})
    until = session.execute(sa.select(sa.func.max(SignInGuard.blocked_until)).where(
        col(SignInGuard.login_index).in_([count.key for count in counts if count.holds]), col(SignInGuard.blocked_until) > now)).scalar()
    if until is None:
        return None
    seconds = math.ceil((until - now).total_seconds())
    logs.safety("sign_in_held", login=_told(counts), where=where, seconds=seconds)
    return Unauthenticated("sign_in_blocked", f"连续输错，请在 {seconds} 秒后再试", remedy="忘记密码请找管理员领取一次性口令")


def wrong(session: Session, counts: Sequence[Count], *, where: str = "", now: datetime) -> None:
    """Count a wrong try and say so in the log; old counts of anybody go."""
    logs.safety("sign_in_wrong", login=_told(counts), where=where)
    old = sa.select(col(SignInGuard.login_index)).where(col(SignInGuard.last_at) < now - FORGOTTEN).with_for_update(skip_locked=True)
    session.execute(sa.delete(SignInGuard).where(col(SignInGuard.login_index).in_(old)))
    for count in counts:        # the place last: its row is held until the commit, and other logins count there too
        made = pg_insert(SignInGuard).values(login_index=count.key, wrong=1, last_at=now)
        tries = session.execute(made.on_conflict_do_update(index_elements=["login_index"], set_={
            "wrong": col(SignInGuard.wrong) + 1, "last_at": now}).returning(col(SignInGuard.wrong))).scalar_one()
        wait = wait_after(tries, count.free)
        session.execute(sa.update(SignInGuard).where(col(SignInGuard.login_index) == count.key).values(
            blocked_until=now + wait if wait else None))


def _told(counts: Sequence[Count]) -> str:
    """The beginning of a login's index: the same for the same login, and nothing that was typed."""
    return counts[0].key[:6].hex()


def clear(session: Session, counts: Sequence[Count]) -> None:
    """The right person came in: her own count at this place, or in her session, begins anew."""
    session.execute(sa.delete(SignInGuard).where(col(SignInGuard.login_index) == counts[0].key))


def forget(session: Session, login: str) -> None:
    """Every wait of a login ends: an administrator's one-time code was used."""
    session.execute(sa.delete(SignInGuard).where(of_login() == key_of(login)))


def of_login() -> sa.ColumnElement[bytes]:
    """The login's index a count belongs to, in queries over `SignInGuard`."""
    return sa.func.substring(col(SignInGuard.login_index), 1, LOGIN)
