"""Signing in at the organisation's own identity provider: OpenID Connect, authorization code with PKCE, state and nonce.

A subject is bound to an account beforehand by an administrator: nobody gets an account by coming in. The provider takes the
password's place only; a second factor that the account has, or its roles ask for, is still shown here.

No transaction is open while the provider is asked: `depart` outside, `begin` in one; then `take` in one, `Provider.subject`
outside, `enter` in one.
"""

from __future__ import annotations

import secrets
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import sqlalchemy as sa
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlmodel import Session, col, select

from services.access import signing_in
from services.access.actor import Actor, Role
from services.access.lookup import account_of, digest, record
from services.access.signing_in import Step
from services.core.crypto import key_ring
from services.core.errors import ConfigError, Conflict, InputError, NotFound, OutsideError, Unauthenticated
from services.core.settings import Settings
from services.models import Account, OidcAttempt, OidcSubject

RETURN_PATH = "/sign-in/oidc"       # under the public address; to be entered at the provider
LASTS = timedelta(minutes=10)
LEEWAY = 60                         # seconds that the provider's time may differ
ALGORITHMS = ["RS256", "PS256", "ES256"]
_FIELD = "oidc_attempt.verifier"
_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class Departure:
    """Where the browser goes, and the cookie (ten minutes, http only) that ties the way back to this browser.

    The rest is kept here by `begin` and never leaves.
    """

    url: str
    binder: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """What the way back is held against."""

    nonce: str
    verifier: str


class Provider:
    """One identity provider, known by its discovery document. Safe to share between threads."""

    def __init__(self, *, issuer: str, client_id: str, client_secret: str, redirect_uri: str) -> None:
        self.issuer, self.client_id, self.redirect_uri = issuer.rstrip("/"), client_id, redirect_uri
        self._secret = client_secret
        self._lock = threading.Lock()
        self._told: Mapping[str, Any] = {}
        self._keys: KeySet | None = None

    def address(self, *, state: str, nonce: str, verifier: str) -> str:
        """Where to send the browser."""
        with self._client() as client:
            url, _ = client.create_authorization_url(self._discovered("authorization_endpoint"), state=state, nonce=nonce,
                                                     code_verifier=verifier)
        return str(url)

    def subject(self, *, code: str, attempt: Attempt, machine_time: datetime) -> str:
        """Exchange the code and check the ID token; gives its `sub`.

        OutsideError: the provider cannot be reached or answers nonsense. Unauthenticated: it refuses, or the token is not for us.
        """
        try:
            with self._client() as client:
                answer = client.fetch_token(self._discovered("token_endpoint"), code=code, code_verifier=attempt.verifier)
        except OAuthError as error:
            raise _refused() from error
        except (httpx.HTTPError, ValueError) as error:
            raise _unreachable() from error
        return self._checked(str(answer.get("id_token", "")), str(answer.get("access_token", "")), attempt.nonce, machine_time)

    def _checked(self, token: str, access_token: str, nonce: str, machine_time: datetime) -> str:
        try:
            read = self._decoded(token)
            wanted = {"iss": {"essential": True, "value": self.issuer}, "aud": {"essential": True, "value": self.client_id}}
            claims = CodeIDToken(read.claims, read.header, wanted,
                                 {"nonce": nonce, "client_id": self.client_id, "access_token": access_token})
            claims.validate(now=int(machine_time.timestamp()), leeway=LEEWAY)
        except (JoseError, ValueError, KeyError) as error:
            raise _refused() from error
        return str(claims["sub"])

    def _decoded(self, token: str) -> jwt.Token:
        """Signed by one of the provider's keys; an unknown key is looked up anew, once."""
        if self._keys is not None:
            try:
                return jwt.decode(token, self._keys, algorithms=ALGORITHMS)
            except (JoseError, ValueError):
                self._keys = None
        self._keys = KeySet.import_key_set(self._get(self._discovered("jwks_uri")))     # type: ignore[arg-type]
        return jwt.decode(token, self._keys, algorithms=ALGORITHMS)

    def _client(self) -> Any:
        return OAuth2Client(self.client_id, self._secret, scope="openid", redirect_uri=self.redirect_uri, code_challenge_method="S256",
                            timeout=_TIMEOUT)

    def _discovered(self, name: str) -> str:
        with self._lock:
            if not self._told:
                told = self._get(f"{self.issuer}/.well-known/openid-configuration")
                if str(told.get("issuer", "")).rstrip("/") != self.issuer:
                    raise OutsideError("oidc_issuer", "身份提供方自报的名称与设置不符", remedy="核对 HUZHU_OIDC_ISSUER")
                self._told = told
        address = str(self._told.get(name, ""))
        require_safe(address, name)
        return address

    def _get(self, address: str) -> Mapping[str, Any]:
        try:
            answer = httpx.get(address, timeout=_TIMEOUT).raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise _unreachable() from error
        if not isinstance(answer, dict):
            raise _unreachable()
        return answer


def require_safe(address: str, name: str) -> None:
    """Tokens and keys travel over https only; plain http on this very machine alone. ConfigError otherwise."""
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")):
        raise ConfigError("oidc_address", f"身份提供方的地址 {name} 不是 https", remedy="核对 HUZHU_OIDC_ISSUER", field="HUZHU_OIDC_ISSUER")


def configured(config: Settings) -> Provider | None:
    """The provider of the settings; None without one. ConfigError when only a part is set or the secret cannot be read."""
    parts = (config.oidc_issuer, config.oidc_client_id, config.oidc_client_secret_file)
    if not any(parts):
        return None
    if not all(parts):
        raise ConfigError("oidc_incomplete", "身份提供方的设置不全", field="HUZHU_OIDC_ISSUER",
                          remedy="同时设置 HUZHU_OIDC_ISSUER、HUZHU_OIDC_CLIENT_ID、HUZHU_OIDC_CLIENT_SECRET_FILE")
    require_safe(config.oidc_issuer, "issuer")
    return Provider(issuer=config.oidc_issuer, client_id=config.oidc_client_id, client_secret=_secret(config.oidc_client_secret_file),
                    redirect_uri=config.public_url.rstrip("/") + RETURN_PATH)


def _secret(path: Path | None) -> str:
    if path is None or not path.is_file():
        raise ConfigError("oidc_secret", "没有身份提供方的密钥文件", remedy="核对文件", field="HUZHU_OIDC_CLIENT_SECRET_FILE")
    return path.read_text().strip()


def _refused() -> Unauthenticated:
    return Unauthenticated("oidc_refused", "身份提供方没有确认您的身份", remedy="重新登录；仍不成功请联系管理员")


def _unreachable() -> OutsideError:
    return OutsideError("oidc_unreachable", "暂时联系不上身份提供方", remedy="稍后再试，或用密码登录")


# --- the way there and back -------------------------------------------------------------------------------------------

def depart(provider: Provider) -> Departure:
    """Fresh secrets for one way there and back; may ask the provider for its addresses."""
    state, binder, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(4))
    return Departure(provider.address(state=state, nonce=nonce, verifier=verifier), binder, state, nonce, verifier)


def begin(session: Session, departure: Departure, *, now: datetime) -> None:
    """Keep what the way back is held against, the verifier sealed; attempts that never came back go."""
    session.execute(sa.delete(OidcAttempt).where(col(OidcAttempt.expires_at) <= now))
    session.add(OidcAttempt(state_digest=digest(departure.state), binder_digest=digest(departure.binder), nonce=departure.nonce,
                            verifier_sealed=key_ring().seal(departure.verifier, field=_FIELD), expires_at=now + LASTS))
    session.flush()


def take(session: Session, *, state: str, binder: str, now: datetime) -> Attempt:
    """The attempt that comes back, once. Unauthenticated: unknown, too old, or begun in another browser."""
    kept = session.execute(sa.delete(OidcAttempt).where(
        col(OidcAttempt.state_digest) == digest(state), col(OidcAttempt.binder_digest) == digest(binder), col(OidcAttempt.expires_at) > now)
        .returning(col(OidcAttempt.nonce), col(OidcAttempt.verifier_sealed))).one_or_none()
    if kept is None:
        raise Unauthenticated("oidc_attempt", "这次登录已中断，或不是从这个浏览器开始的", remedy="请重新登录")
    return Attempt(kept.nonce, key_ring().open(kept.verifier_sealed, field=_FIELD))


def enter(session: Session, *, issuer: str, subject: str, agent: str, address: str, now: datetime) -> Step:
    """In, or on to the second factor. Unauthenticated when no open account is bound to the subject. The scope must be the root."""
    account = session.exec(select(Account).join(OidcSubject, col(OidcSubject.account_id) == Account.id).where(
        OidcSubject.issuer == issuer, OidcSubject.subject == subject, col(OidcSubject.ended_at).is_(None), col(Account.active),
        Account.kind == "person")).first()
    if account is None:
        raise Unauthenticated("oidc_unbound", "您的身份还没有对应的账号", remedy="请管理员把该身份与您的账号绑定")
    return signing_in.admit(session, account, door="oidc", agent=agent, address=address, now=now)


# --- the administrator's verbs ----------------------------------------------------------------------------------------

def bind_subject(session: Session, *, account_id: uuid.UUID, issuer: str, subject: str, actor: Actor, now: datetime) -> OidcSubject:
    """Bind an identity to an account. Conflict when it is bound already, to whomever."""
    actor.require(Role.ADMINISTRATOR, Role.SYSTEM, what="绑定身份")
    account = account_of(session, account_id, actor)
    if account.kind != "person" or not account.active:
        raise InputError("account_not_a_person", "该账号已停用，或属于程序", remedy="核对账号", field="account_id")
    if not subject.strip():
        raise InputError("subject_missing", "没有写明身份标识", remedy="填写身份提供方的 sub", field="subject")
    issuer = issuer.rstrip("/")
    # Two who bind the same identity at once: the second waits here and then sees the first.
    session.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 5))"), {"name": f"{issuer} {subject.strip()}"})
    if session.exec(select(OidcSubject.id).where(OidcSubject.issuer == issuer, OidcSubject.subject == subject.strip(),
                                                 col(OidcSubject.ended_at).is_(None))).first():
        raise Conflict("subject_bound", "该身份已与一个账号绑定", remedy="先解除原绑定")
    made = OidcSubject(issuer=issuer, subject=subject.strip(), account_id=account.id, bound_by=actor.account_id, at=now)
    session.add(made)
    session.flush()
    record(session, account, "oidc.bound", made.subject, by=actor.account_id, now=now)
    return made


def unbind_subject(session: Session, *, subject_id: uuid.UUID, actor: Actor, now: datetime) -> None:
    """The identity opens the account no longer; sessions go on until they end. NotFound out of the administrator's sight."""
    actor.require(Role.ADMINISTRATOR, Role.SYSTEM, what="解除身份绑定")
    bound = session.get(OidcSubject, subject_id, with_for_update=True)
    if bound is None:
        raise NotFound("subject_missing", "没有这一绑定", remedy="刷新后核对")
    account = account_of(session, bound.account_id, actor)
    if bound.ended_at is None:
        bound.ended_at = now
        session.add(bound)
        record(session, account, "oidc.unbound", bound.subject, by=actor.account_id, now=now)


def subjects(session: Session, *, account_id: uuid.UUID, actor: Actor) -> list[OidcSubject]:
    """An account's bound identities."""
    actor.require(Role.ADMINISTRATOR, Role.AUDITOR, Role.SYSTEM, what="查看身份绑定")
    account = account_of(session, account_id, actor)
    return list(session.exec(select(OidcSubject).where(OidcSubject.account_id == account.id, col(OidcSubject.ended_at).is_(None))
                             .order_by(col(OidcSubject.at))).all())
