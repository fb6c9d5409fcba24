"""Browser sessions: from a cookie to the one who acts; seen, listed, ended, with the account's tokens; the token that forms carry."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import NEED_SECOND_FACTOR, Actor, Role
from services.access.actors import actor_of, granted
from services.access.lookup import account_of, digest, own_account, record
from services.core.errors import InputError, NotFound, Unauthenticated
from services.models import Account, Credential, Token, WebSession

IDLE, IDLE_MEMBER = timedelta(minutes=30), timedelta(hours=2)
ABSOLUTE = timedelta(hours=12)
HALF_LASTS = timedelta(minutes=10)      # between the password and the second factor
SEEN_EVERY = timedelta(minutes=1)
AGENT, ADDRESS = 120, 45
MOST = 20                               # sessions of one account at once; one more ends the one that was seen longest ago


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session as its holder sees it. `own`: the one that asks."""

    id: uuid.UUID
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    agent: str
    address: str
    own: bool


def open_session(session: Session, *, account_id: uuid.UUID, stage: str, door: str, agent: str, address: str, now: datetime) -> str:
    """A new session; gives the cookie's value, of which only the SHA-256 is kept."""
    token = secrets.token_urlsafe(32)
    oldest = sa.select(col(WebSession.id)).where(col(WebSession.account_id) == account_id, col(WebSession.ended_at).is_(None),
                                                 col(WebSession.expires_at) > now).order_by(col(WebSession.seen_at).desc()).offset(MOST - 1)
    session.execute(sa.update(WebSession).where(col(WebSession.id).in_(oldest)).values(ended_at=now, ended_why="too_many"))
    session.add(WebSession(digest=digest(token), account_id=account_id, stage=stage, door=door, created_at=now, seen_at=now,
                           expires_at=now + (ABSOLUTE if stage == "full" else HALF_LASTS),
                           agent="".join(sign for sign in agent if sign.isprintable())[:AGENT], address=address[:ADDRESS]))
    session.flush()
    return token


def authenticate_session(session: Session, token: str, *, now: datetime) -> tuple[Actor, WebSession]:
    """The actor behind a session's cookie. The scope must be the root.

    Unauthenticated: unknown, half signed in, ended, idle or too old, the account closed, or the account's roles ask for
    a second factor that it does not have or that came after the session (roles given or lent since).
    """
    row = session.exec(
        select(WebSession, Account, Credential.totp_at).join(Account, col(Account.id) == WebSession.account_id)
        .join(Credential, col(Credential.account_id) == Account.id, isouter=True)
        .where(WebSession.digest == digest(token), WebSession.stage == "full", col(WebSession.ended_at).is_(None))).first()
    if row is None or row[0].expires_at <= now or not row[1].active:
        raise _over()
    held, account, second_factor_at = row
    actor = actor_of(session, account, now=now)
    # A session older than the factor was opened by the password alone; what asks for both does not open to it.
    unproved = second_factor_at is None or held.created_at < second_factor_at
    if held.seen_at + idle_of(actor.roles) <= now or (unproved and actor.has(*NEED_SECOND_FACTOR)):
        raise _over()
    return actor, held


def resume(session: Session, token: str, *, now: datetime) -> Actor | None:
    """The actor behind a cookie, or None; notes that it was seen, at most once a minute. The scope must be the root."""
    try:
        actor, held = authenticate_session(session, token, now=now)
    except Unauthenticated:
        return None
    if held.seen_at + SEEN_EVERY <= now:
        session.execute(sa.update(WebSession).where(col(WebSession.id) == held.id, col(WebSession.seen_at) < now).values(seen_at=now))
    return actor


def half(session: Session, token: str, *, now: datetime) -> tuple[Account, WebSession]:
    """Who showed the password (or came from the identity provider) and must go on. Unauthenticated when that is too long ago."""
    row = session.exec(select(WebSession, Account).join(Account, col(Account.id) == WebSession.account_id).where(
        WebSession.digest == digest(token), WebSession.stage == "half", col(WebSession.ended_at).is_(None))).first()
    if row is None or row[0].expires_at <= now or not row[1].active:
        raise Unauthenticated("sign_in_again", "登录已中断", remedy="请重新输入登录名和密码")
    return row[1], row[0]


def idle_of(roles: frozenset[str] | set[str]) -> timedelta:
    """How long a session may rest: a desk in an office is left alone sooner than a member's own phone."""
    return IDLE_MEMBER if roles <= {Role.MEMBER} else IDLE


def _over() -> Unauthenticated:
    return Unauthenticated("session_over", "登录已过期或已结束", remedy="请重新登录")


# --- the holder's and the administrator's verbs -----------------------------------------------------------------------

def sign_out(session: Session, *, token: str, now: datetime) -> None:
    """End the session of this cookie, also a half one; one that is over already stays as it is."""
    session.execute(sa.update(WebSession).where(col(WebSession.digest) == digest(token), col(WebSession.ended_at).is_(None))
                    .values(ended_at=now, ended_why="signed_out"))


def own_sessions(session: Session, *, token: str = "", actor: Actor, now: datetime) -> list[SessionView]:
    """The caller's open sessions, the one last seen first; `token` marks the one that asks."""
    account = own_account(session, actor)
    return _open_sessions(session, account.id, token, now)


def sessions_of(session: Session, *, account_id: uuid.UUID, actor: Actor, now: datetime) -> list[SessionView]:
    """An account's open sessions, for an administrator."""
    actor.require(Role.ADMINISTRATOR, Role.SYSTEM, what="查看登录")
    return _open_sessions(session, account_of(session, account_id, actor).id, "", now)


def _open_sessions(session: Session, account_id: uuid.UUID, token: str, now: datetime) -> list[SessionView]:
    rest = idle_of(granted(session, account_id))
    rows = session.exec(select(WebSession).where(
        WebSession.account_id == account_id, WebSession.stage == "full", col(WebSession.ended_at).is_(None),
        WebSession.expires_at > now, WebSession.seen_at > now - rest).order_by(col(WebSession.seen_at).desc())).all()
    return [SessionView(row.id, row.created_at, row.seen_at, row.expires_at, row.agent, row.address, row.digest == digest(token))
            for row in rows]


def end_session(session: Session, *, session_id: uuid.UUID, actor: Actor, now: datetime) -> None:
    """End one of the caller's own sessions. NotFound when it is not one of them; one that is over stays as it is."""
    account = own_account(session, actor)
    row = session.exec(select(WebSession).where(WebSession.id == session_id, WebSession.account_id == account.id).with_for_update()).first()
    if row is None:
        raise NotFound("session_missing", "没有这次登录", remedy="刷新后再看")
    if row.ended_at is None:
        row.ended_at, row.ended_why = now, "ended_by_holder"
        session.add(row)
        record(session, account, "session.ended", None, by=account.id, now=now)


def end_other_sessions(session: Session, *, token: str, actor: Actor, now: datetime) -> int:
    """End all of the caller's sessions but the one of `token`; gives how many."""
    account = own_account(session, actor)
    ended = end_all(session, account.id, why="ended_by_holder", but=token, now=now)
    record(session, account, "session.others_ended", None, by=account.id, now=now)
    return ended


def end_account_sessions(session: Session, *, account_id: uuid.UUID, reason: str, actor: Actor, now: datetime) -> int:
    """End all sessions of an account and stop its tokens, by an administrator with a reason; gives how many sessions."""
    actor.require(Role.ADMINISTRATOR, Role.SYSTEM, what="结束登录")
    account = account_of(session, account_id, actor)
    if not reason.strip():
        raise InputError("reason_missing", "须写明理由", remedy="写明为什么结束该账号的登录", field="reason")
    ended = end_all(session, account.id, why="ended_by_administrator", now=now)
    end_tokens(session, account.id, now=now)
    record(session, account, "session.all_ended", reason.strip(), by=actor.account_id, now=now)
    return ended


def end_all(session: Session, account_id: uuid.UUID, *, why: str, but: str = "", now: datetime) -> int:
    """End an account's sessions, also half ones, but the one of a cookie; gives how many."""
    ended = session.execute(sa.update(WebSession).where(
        col(WebSession.account_id) == account_id, col(WebSession.ended_at).is_(None), col(WebSession.digest) != digest(but))
        .values(ended_at=now, ended_why=why).returning(col(WebSession.id))).all()
    return len(ended)


def end_tokens(session: Session, account_id: uuid.UUID, *, now: datetime) -> None:
    """Stop an account's tokens, also a program's: it goes on with new ones."""
    session.execute(sa.update(Token).where(col(Token.account_id) == account_id, col(Token.revoked_at).is_(None)).values(revoked_at=now))


# --- forms ------------------------------------------------------------------------------------------------------------

def csrf_of(token: str) -> str:
    """What the session's forms carry: derived from the cookie, so that no other site can know it; tells nothing about it."""
    made = hmac.new(token.encode(), b"huzhu form", hashlib.sha256).digest()
    return base64.urlsafe_b64encode(made).decode().rstrip("=")


def csrf_fits(token: str, given: str) -> bool:
    """Whether a form came from a page of this session; compared in constant time."""
    return bool(token) and hmac.compare_digest(csrf_of(token).encode(), given.encode())
