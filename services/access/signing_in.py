"""Coming in: the password (or the identity provider), then the second factor; until then a half session can do nothing else.

A refusal that counts as a wrong try is returned, not raised: what is raised is rolled back, and the count with it.
Every verb here needs the root as its scope.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlmodel import Session, col, select

from services.access import credentials, lockout, passwords, sessions
from services.access.actor import NEED_SECOND_FACTOR
from services.access.actors import actor_of
from services.access.credentials import Enrolment
from services.access.lookup import record
from services.core.errors import Conflict, Unauthenticated
from services.models import Account, Credential

Door = Literal["password", "oidc"]


@dataclass(frozen=True, slots=True)
class Step:
    """How far somebody got, and the cookie for going on.

    `next`: "in" (signed in), "code" (show a code of the second factor), "enrol" (set one up first: the roles ask for it).
    """

    next: Literal["in", "code", "enrol"]
    token: str


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A second factor in force: the recovery codes, shown once, and the full session's cookie."""

    recovery_codes: tuple[str, ...]
    token: str


def sign_in(session: Session, *, login: str, password: str, agent: str, address: str, now: datetime) -> Step | Unauthenticated:
    """The first step. The same answer, wait and work whether the login, the password or the account is wrong."""
    counts = lockout.at_door(session, login, address, now=now)
    blocked = lockout.hold(session, counts, where=address, now=now)
    if blocked:
        return blocked
    row = session.exec(select(Account, Credential).join(Credential, col(Credential.account_id) == Account.id, isouter=True)
                       .where(Account.login == login.strip())).first()
    account, kept = row if row else (None, None)
    right, renewed = passwords.fits(password, kept.password_hash if kept else None)
    if not right or account is None or kept is None or not account.active or account.kind != "person":
        lockout.wrong(session, counts, where=address, now=now)
        return Unauthenticated("sign_in_refused", "登录名或密码不对", remedy="核对后再试；忘记密码请找管理员领取一次性口令")
    if renewed:
        kept.password_hash = renewed
        session.add(kept)
    return admit(session, account, door="password", agent=agent, address=address, now=now)


def admit(session: Session, account: Account, *, door: Door, agent: str, address: str, now: datetime) -> Step:
    """After the first step: straight in, or on to the second factor."""
    kept = session.get(Credential, account.id)
    if kept is not None and kept.totp_sealed:
        wanted: Literal["code", "enrol"] = "code"
    elif actor_of(session, account, now=now).has(*NEED_SECOND_FACTOR):
        wanted = "enrol"
    else:
        return Step("in", _enter(session, account, door=door, agent=agent, address=address, now=now))
    token = sessions.open_session(session, account_id=account.id, stage="half", door=door, agent=agent, address=address, now=now)
    return Step(wanted, token)


def sign_in_code(session: Session, *, token: str, code: str, agent: str, address: str, phone_time: datetime,
                 now: datetime) -> Step | Unauthenticated:
    """The second step: the phone's six digits or a recovery code. `phone_time` is the machine's own time.

    Raises Unauthenticated when the half session is over. A wrong code counts as a wrong try under the login.
    """
    account, held = sessions.half(session, token, now=now)
    counts = lockout.at_door(session, account.login, address, now=now)
    blocked = lockout.hold(session, counts, where=address, now=now)
    if blocked:
        return blocked
    if not credentials.takes(session, credentials.credential(session, account.id), code, phone_time=phone_time, now=now):
        lockout.wrong(session, counts, where=address, now=now)
        return Unauthenticated("code_wrong", "动态口令不对或已用过", remedy="等手机显示下一个口令再试，或使用恢复码")
    sessions.sign_out(session, token=token, now=now)
    return Step("in", _enter(session, account, door=_door(held.door), agent=agent, address=address, now=now))


def begin_enrolment(session: Session, *, token: str, now: datetime) -> Enrolment:
    """The secret for somebody whose roles ask for a second factor and who has none: the same as often as this way in asks."""
    account, held = sessions.half(session, token, now=now)
    return credentials.offer(session, account, place=str(held.id), again=True)


def finish_enrolment(session: Session, *, token: str, code: str, agent: str, address: str, phone_time: datetime,
                     now: datetime) -> Enrolled:
    """The first code of the new factor; then in. InputError: the code is wrong, the secret stays."""
    account, held = sessions.half(session, token, now=now)
    codes = credentials.prove(session, account, code, place=str(held.id), phone_time=phone_time, now=now)
    sessions.sign_out(session, token=token, now=now)
    return Enrolled(codes, _enter(session, account, door=_door(held.door), agent=agent, address=address, now=now))


def waiting_for(session: Session, *, token: str, now: datetime) -> tuple[uuid.UUID, Literal["code", "enrol"]]:
    """Where a half session stands: for the page that is asked for again."""
    account, _ = sessions.half(session, token, now=now)
    kept = session.get(Credential, account.id)
    return account.id, "code" if kept is not None and kept.totp_sealed else "enrol"


def _enter(session: Session, account: Account, *, door: Door, agent: str, address: str, now: datetime) -> str:
    lockout.clear(session, lockout.at_door(session, account.login, address, now=now))
    token = sessions.open_session(session, account_id=account.id, stage="full", door=door, agent=agent, address=address, now=now)
    record(session, account, "signed_in", door, by=account.id, now=now)
    return token


def _door(word: str) -> Door:
    if word not in ("password", "oidc"):
        raise Conflict("door_unknown", "登录方式不明", remedy="请重新登录")
    return "password" if word == "password" else "oidc"
