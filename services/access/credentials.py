"""What an account proves itself with: its password, its second factor, recovery codes, and the one-time code that begins it.

A refusal that must be counted is returned, not raised: what is raised is rolled back, and the count with it.
"""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col

from services.access import lockout, passwords, totp
from services.access.actor import Actor, Role
from services.access.lookup import account_of, digest, own_account, record
from services.access.sessions import end_all, end_tokens
from services.core.crypto import key_ring
from services.core.errors import ConfigError, Conflict, InputError, Unauthenticated
from services.models import Account, Credential, PasswordLink, RecoveryCode

LINK_LASTS = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A new second factor, shown once: `secret` to type, `uri` for the authenticator, `picture` as SVG."""

    secret: str
    uri: str
    picture: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How an account signs in at present."""

    password_at: datetime | None
    second_factor_at: datetime | None
    recovery_codes_left: int
    link_until: datetime | None


def credential(session: Session, account_id: uuid.UUID) -> Credential:
    """The account's row, locked; made when it has none yet."""
    session.execute(sa.text("INSERT INTO credential (account_id, totp_step) VALUES (:id, 0) ON CONFLICT DO NOTHING"), {"id": account_id})
    return session.get_one(Credential, account_id, with_for_update=True, populate_existing=True)


def standing(session: Session, *, account_id: uuid.UUID, actor: Actor, now: datetime) -> Standing:
    """For the account's holder and for administrators."""
    if actor.account_id != account_id:
        actor.require(Role.ADMINISTRATOR, Role.SYSTEM, what="查看账号")
    account = account_of(session, account_id, actor)
    kept = session.get(Credential, account.id)
    left = session.execute(sa.select(sa.func.count()).select_from(RecoveryCode).where(
        col(RecoveryCode.account_id) == account.id, col(RecoveryCode.used_at).is_(None))).scalar_one()
    link = session.execute(sa.select(sa.func.max(PasswordLink.expires_at)).where(
        col(PasswordLink.account_id) == account.id, col(PasswordLink.used_at).is_(None), col(PasswordLink.expires_at) > now)).scalar_one()
    return Standing(kept.password_at if kept else None, kept.totp_at if kept else None, left, link)


# --- password ---------------------------------------------------------------------------------------------------------

def issue_password_link(session: Session, *, account_id: uuid.UUID, reason: str, actor: Actor, now: datetime) -> str:
    """A code with which the account's holder sets a password; shown once, good for 72 hours; earlier ones stop.

    InputError: no reason, or the account is closed or a program's.
    """
    actor.require(Role.ADMINISTRATOR, Role.SYSTEM, what="发放一次性口令")
    account = account_of(session, account_id, actor)
    if not account.active or account.kind != "person":
        raise InputError("account_not_a_person", "该账号已停用，或属于程序，不能用密码登录", remedy="核对账号", field="account_id")
    why = _reason(reason)
    stop_password_links(session, account.id, now=now)
    code = "-".join(totp.plain(part) for part in (secrets.token_hex(2) for _ in range(8)))
    session.add(PasswordLink(digest=digest(totp.plain(code)), account_id=account.id, made_by=actor.account_id, reason=why,
                             expires_at=now + LINK_LASTS))
    record(session, account, "password.link", why, by=actor.account_id, now=now)
    return code


def stop_password_links(session: Session, account_id: uuid.UUID, *, now: datetime) -> None:
    """One-time codes given out before are good no more."""
    session.execute(sa.update(PasswordLink).where(col(PasswordLink.account_id) == account_id, col(PasswordLink.used_at).is_(None),
                                                  col(PasswordLink.expires_at) > now).values(expires_at=now))


def redeem_password_link(session: Session, *, code: str, password: str, now: datetime) -> Account:
    """Set the password with a one-time code: all sessions end, waits end. The scope must be the root.

    Unauthenticated: unknown, used or too old (not told apart). InputError: the password is not good enough; the code stays good.
    """
    link = session.get(PasswordLink, digest(totp.plain(code)), with_for_update=True)
    account = session.get(Account, link.account_id) if link else None
    if link is None or account is None or link.used_at or link.expires_at <= now or not account.active:
        raise Unauthenticated("link_invalid", "一次性口令不对、已用过或已过期", remedy="请向管理员重新领取")
    _set_password(session, account, password, now)
    link.used_at = now
    session.add(link)
    lockout.forget(session, account.login)
    end_all(session, account.id, why="password_set", now=now)
    record(session, account, "password.set", None, by=account.id, now=now)
    return account


def change_password(session: Session, *, old: str, new: str, token: str, actor: Actor, now: datetime) -> Unauthenticated | None:
    """Change the own password; every other session ends, the one of `token` goes on.

    A wrong old password counts as a wrong try and is returned. InputError: the new one is not good enough.
    """
    account = own_account(session, actor)
    refused = _shown_again(session, account, old, now)
    if refused:
        return refused
    if passwords.prepared(old) == passwords.prepared(new):
        raise InputError("password_same", "新密码与原密码相同", remedy="换一个密码", field="password")
    _set_password(session, account, new, now)
    end_all(session, account.id, why="password_changed", but=token, now=now)
    record(session, account, "password.changed", None, by=account.id, now=now)
    return None


def _shown_again(session: Session, account: Account, password: str, now: datetime) -> Unauthenticated | None:
    """Whoever sits at an open session shows the password once more; a wrong one counts and is given back."""
    counts = lockout.inside(account.login)
    blocked = lockout.hold(session, counts, where="own_password", now=now)
    if blocked:
        return blocked
    if not passwords.fits(password, credential(session, account.id).password_hash)[0]:
        lockout.wrong(session, counts, where="own_password", now=now)
        return Unauthenticated("password_wrong", "原密码不对", remedy="重新输入，或请管理员发放一次性口令")
    lockout.clear(session, counts)
    return None


def _set_password(session: Session, account: Account, password: str, now: datetime) -> None:
    passwords.require_good(password, login=account.login, name=account.name)
    kept = credential(session, account.id)
    kept.password_hash, kept.password_at = passwords.hashed(password), now
    session.add(kept)


# --- second factor ----------------------------------------------------------------------------------------------------

def begin_second_factor(session: Session, *, again: bool = False, actor: Actor) -> Enrolment:
    """A new secret for the caller's own account, of no effect until a code proves it. Conflict when one is in force.

    `again`: the one shown last, for a page that comes back after a wrong code.
    """
    return offer(session, own_account(session, actor), place="own", again=again)


def confirm_second_factor(session: Session, *, code: str, password: str, phone_time: datetime, actor: Actor,
                          now: datetime) -> tuple[str, ...] | Unauthenticated:
    """The first code puts the caller's new factor in force; gives ten recovery codes, shown once.

    The password is asked for again: nobody ties an account that was left open to a phone of their own. An account without one
    comes in by its identity provider only. `phone_time` is the machine's own time: phones do not follow a moved business clock.
    A wrong password counts as a wrong try and is returned. InputError: the code is wrong.
    """
    account = own_account(session, actor)
    if credential(session, account.id).password_hash is not None:
        refused = _shown_again(session, account, password, now)
        if refused:
            return refused
    return prove(session, account, code, place="own", phone_time=phone_time, now=now)


def offer(session: Session, account: Account, *, place: str, again: bool) -> Enrolment:
    """A secret for an account whose holder is known to ask. What was shown in one place is never shown in another: somebody
    else may have begun there.
    """
    kept = credential(session, account.id)
    if kept.totp_sealed:
        raise Conflict("second_factor_present", "已设置动态口令", remedy="手机遗失时请管理员重置")
    secret = (_pending(kept, place) if again else None) or totp.new_secret()
    kept.totp_pending = key_ring().seal(secret, field=_field(account.id, place))
    session.add(kept)
    session.flush()
    uri = totp.uri(secret, account.login)
    return Enrolment(secret, uri, totp.picture(uri))


def prove(session: Session, account: Account, code: str, *, place: str, phone_time: datetime, now: datetime) -> tuple[str, ...]:
    """The secret shown in this place comes into force with its first code."""
    kept = credential(session, account.id)
    secret = _pending(kept, place)
    if kept.totp_sealed or secret is None:
        raise Conflict("second_factor_not_begun", "没有待确认的动态口令", remedy="重新扫描二维码")
    step = totp.step_of(secret, code, at=phone_time, after=0)
    if step is None:
        raise InputError("code_wrong", "动态口令不对", remedy="核对手机时间是否自动校准，输入手机上现在显示的六位数字", field="code")
    kept.totp_sealed = key_ring().seal(secret, field=_field(account.id))
    kept.totp_pending, kept.totp_at, kept.totp_step = None, now, step
    session.add(kept)
    record(session, account, "second_factor.set", None, by=account.id, now=now)
    return new_codes(session, account.id)


def _field(account_id: uuid.UUID, place: str = "") -> str:
    return f"credential.totp.{account_id}.{place}"


def _pending(kept: Credential, place: str) -> str | None:
    """The secret shown in that place; one that was sealed for another place does not open."""
    if kept.totp_pending is None:
        return None
    try:
        return key_ring().open(kept.totp_pending, field=_field(kept.account_id, place))
    except ConfigError:
        return None


def new_codes(session: Session, account_id: uuid.UUID) -> tuple[str, ...]:
    """Ten recovery codes in place of the earlier ones."""
    session.execute(sa.delete(RecoveryCode).where(col(RecoveryCode.account_id) == account_id))
    codes = totp.new_recovery_codes()
    session.add_all([RecoveryCode(account_id=account_id, digest=_recovery_digest(account_id, code)) for code in codes])
    session.flush()
    return codes


def _recovery_digest(account_id: uuid.UUID, code: str) -> bytes:
    return key_ring().index(totp.plain(code), field=f"recovery_code.{account_id}")


def takes(session: Session, kept: Credential, code: str, *, phone_time: datetime, now: datetime) -> bool:
    """Whether the code is the phone's present one (each step once) or a recovery code not yet used; it is used up by this."""
    if kept.totp_sealed is None:
        return False
    step = totp.step_of(key_ring().open(kept.totp_sealed, field=_field(kept.account_id)), code, at=phone_time, after=kept.totp_step)
    if step is not None:
        kept.totp_step = step
        session.add(kept)
        return True
    used = session.execute(sa.update(RecoveryCode).where(
        col(RecoveryCode.account_id) == kept.account_id, col(RecoveryCode.digest) == _recovery_digest(kept.account_id, code),
        col(RecoveryCode.used_at).is_(None)).values(used_at=now).returning(col(RecoveryCode.digest))).first()
    return used is not None


def reset_second_factor(session: Session, *, account_id: uuid.UUID, reason: str, actor: Actor, now: datetime) -> None:
    """Take the second factor away (phone lost): with a reason, recorded; all sessions and tokens of the account end.

    Not for the own account: somebody else looks at who asks.
    """
    actor.require(Role.ADMINISTRATOR, Role.SYSTEM, what="重置动态口令")
    account = account_of(session, account_id, actor)
    if actor.account_id == account.id:
        raise InputError("own_second_factor", "不能重置自己的动态口令", remedy="请另一位管理员办理，或使用恢复码", field="account_id")
    why = _reason(reason)
    drop_factor(session, account.id)
    end_all(session, account.id, why="second_factor_reset", now=now)
    end_tokens(session, account.id, now=now)
    record(session, account, "second_factor.reset", why, by=actor.account_id, now=now)


def drop_factor(session: Session, account_id: uuid.UUID) -> None:
    """Without a second factor and recovery codes from now on; who may ask for it is the caller's to know."""
    kept = credential(session, account_id)
    kept.totp_sealed, kept.totp_pending, kept.totp_at = None, None, None
    session.add(kept)
    session.execute(sa.delete(RecoveryCode).where(col(RecoveryCode.account_id) == account_id))


def _reason(reason: str) -> str:
    if not reason.strip():
        raise InputError("reason_missing", "须写明理由", remedy="写明为什么办理", field="reason")
    return reason.strip()
