"""How people sign in: password and second factor, wrong tries, sessions, identities elsewhere, substitutes on leave."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, Text, text
from sqlmodel import Field, SQLModel

from services.models.base import Bytes, Instant, Row, instant, one_of


class Credential(SQLModel, table=True):
    """An account's password (Argon2) and second factor (secret sealed with the key ring).

    `totp_pending` is a secret shown but not yet proved; `totp_step` is the last step used, so that no code works twice.
    """

    __tablename__ = "credential"

    account_id: uuid.UUID = Field(foreign_key="account.id", primary_key=True)
    password_hash: str | None = Field(default=None, sa_type=Text)
    password_at: datetime | None = instant()
    totp_sealed: bytes | None = Field(default=None, sa_type=Bytes)
    totp_at: datetime | None = instant()
    totp_pending: bytes | None = Field(default=None, sa_type=Bytes)
    totp_step: int = Field(default=0, sa_type=BigInteger)


class RecoveryCode(SQLModel, table=True):
    """One of ten codes for the day the phone is lost; works once. Kept as a keyed digest."""

    __tablename__ = "recovery_code"

    account_id: uuid.UUID = Field(foreign_key="account.id", primary_key=True)
    digest: bytes = Field(sa_type=Bytes, primary_key=True)
    used_at: datetime | None = instant()


class PasswordLink(SQLModel, table=True):
    """A one-time code with which somebody sets a password; given out by an administrator. Kept as its SHA-256."""

    __tablename__ = "password_link"

    digest: bytes = Field(sa_type=Bytes, primary_key=True)
    account_id: uuid.UUID = Field(foreign_key="account.id", index=True)
    made_by: uuid.UUID | None = None                 # account
    reason: str = Field(sa_type=Text)
    expires_at: datetime = Field(sa_type=Instant)
    used_at: datetime | None = instant()


class SignInGuard(SQLModel, table=True):
    """Wrong tries under one login, whether or not anybody has it, there from one place, or from a place. Keys: `access.lockout`."""

    __tablename__ = "sign_in_guard"

    login_index: bytes = Field(sa_type=Bytes, primary_key=True)
    wrong: int
    last_at: datetime = Field(sa_type=Instant, index=True)
    blocked_until: datetime | None = instant()


class WebSession(Row, table=True):
    """A browser's session, kept as the SHA-256 of its cookie. A half one has shown the password and can only go on."""

    __tablename__ = "web_session"
    __table_args__ = (one_of("stage", ("half", "full")), one_of("door", ("password", "oidc")),
                      Index("web_session_account", "account_id"))

    digest: bytes = Field(sa_type=Bytes, unique=True)
    account_id: uuid.UUID = Field(foreign_key="account.id")
    stage: str = Field(sa_type=Text)
    door: str = Field(default="password", sa_type=Text)
    created_at: datetime = Field(sa_type=Instant)
    seen_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant)    # whatever happens
    agent: str = Field(sa_type=Text)                 # shortened
    address: str = Field(sa_type=Text)
    ended_at: datetime | None = instant()
    ended_why: str | None = Field(default=None, sa_type=Text)


class OidcSubject(Row, table=True):
    """An identity at the organisation's own identity provider, bound to an account by an administrator."""

    __tablename__ = "oidc_subject"
    __table_args__ = (Index("oidc_subject_once", "issuer", "subject", unique=True, postgresql_where=text("ended_at IS NULL")),
                      Index("oidc_subject_account", "account_id"))

    issuer: str = Field(sa_type=Text)
    subject: str = Field(sa_type=Text)
    account_id: uuid.UUID = Field(foreign_key="account.id")
    bound_by: uuid.UUID | None = None                # account
    at: datetime = Field(sa_type=Instant)
    ended_at: datetime | None = instant()


class OidcAttempt(SQLModel, table=True):
    """A sign-in on its way to the identity provider and back; taken once. `binder` ties it to the browser that began."""

    __tablename__ = "oidc_attempt"

    state_digest: bytes = Field(sa_type=Bytes, primary_key=True)
    binder_digest: bytes = Field(sa_type=Bytes)
    nonce: str = Field(sa_type=Text)
    verifier_sealed: bytes = Field(sa_type=Bytes)
    expires_at: datetime = Field(sa_type=Instant, index=True)


class Substitute(Row, table=True):
    """Who does an absent colleague's work between two days, with some of that colleague's roles (space-separated)."""

    __tablename__ = "substitute"
    __table_args__ = (Index("substitute_account", "account_id"), Index("substitute_absent", "absent_id"),
                      CheckConstraint("absent_id <> account_id", name="substitute_other"),
                      CheckConstraint("from_on <= until_on", name="substitute_dates"))

    absent_id: uuid.UUID = Field(foreign_key="account.id")
    account_id: uuid.UUID = Field(foreign_key="account.id")
    roles: str = Field(sa_type=Text)
    from_on: date
    until_on: date
    reason: str = Field(sa_type=Text)
    made_by: uuid.UUID                               # account: the absent one or the head
    made_at: datetime = Field(sa_type=Instant)
    ended_at: datetime | None = instant()
    ended_by: uuid.UUID | None = None                # account
    ended_why: str | None = Field(default=None, sa_type=Text)
