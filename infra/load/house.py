"""A house with two years of claims, and who comes to it: fifty clerks at their desks, five hundred members with their phones."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from services.access.lookup import digest
from services.access.passwords import hashed
from services.access.sessions import open_session
from services.core.db import Database, Scope
from services.core.ids import uuidv7
from services.core.settings import ROOT

TOP = Scope("cn")
CLERKS, MEMBERS = 50, 500
# Who sits at the fifty desks, as far as the house has them; units' clerks at all the others, as in a province.
DESKS = (("district_reviewer", 8), ("office_reviewer", 6), ("senior_reviewer", 2))
PASSWORD = "四月 梧桐 落雨 1987"
MARK = "filled"         # in a directory whose house is complete
TAKING = ("reported", "supplementing")
_HOUR = timedelta(hours=2)


@dataclass(slots=True)
class Person:
    """Somebody with a session, an address of her own, and what she may look at or do once."""

    account: uuid.UUID
    role: str
    login: str
    cookie: str
    token: str
    address: str
    claims: tuple[tuple[str, str], ...]                             # number and the letter's code
    open_claims: list[str] = field(default_factory=list)            # that still take papers
    steps: list[str] = field(default_factory=list)                  # claims whose level she may pass
    lists: list[uuid.UUID] = field(default_factory=list)            # supplement lists she may answer
    unreported: list[tuple[uuid.UUID, str]] = field(default_factory=list)      # covered persons without a new claim, and a plan


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody who comes."""

    clerks: Sequence[Person]
    members: Sequence[Person]


def environment(directory: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Settings of a house in a directory; nothing of the caller's own."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("HUZHU_")}
    return {**bare, "HUZHU_MODE": "demo", "HUZHU_DATA_DIR": str(directory), "HUZHU_INSURER_URL": "http://127.0.0.1:9",
            "HUZHU_INSURER_KEYS": str(directory / "keys" / "insurer"), "HUZHU_OCR": "none", **(more or {})}


def fill(directory: Path, claims: int, *, tree: Path = ROOT) -> None:
    """`huzhu simulate` by the programs of a tree, told as it goes. SystemExit when it fails."""
    directory.mkdir(parents=True, exist_ok=True)
    argv = [sys.executable, "-m", "services.cli.main", "simulate", "--members", str(claims * 3 // 4), "--claims", str(claims),
            "--orgs", str(max(60, claims // 53))]
    with (directory / "simulate.log").open("wb") as log:
        done = subprocess.run(argv, env=environment(directory, of_tree(tree)), cwd=tree, stdout=log, stderr=log)
    if done.returncode:
        raise SystemExit(f"the house was not filled: {directory / 'simulate.log'}")
    (directory / MARK).touch()


def of_tree(tree: Path) -> dict[str, str]:
    """Python's own settings under which a program is taken from this tree and no other."""
    return {"PYTHONPATH": str(tree), "PYTHONSAFEPATH": "1", "PYTHONUNBUFFERED": "1"}


_DESK = sa.text("""
    SELECT a.id, a.login, a.org_key, a.person_id,
        (SELECT count(*) FROM review_step s JOIN claim c ON c.id = s.claim_id WHERE s.state = 'open' AND s.role = :role
            AND c.state = 'in_review' AND s.duty_key = a.org_key) AS steps
    FROM account a JOIN role_grant g ON g.account_id = a.id WHERE g.role = :role AND a.active AND EXISTS (
        SELECT 1 FROM claim c WHERE c.org_key >= a.org_key AND c.org_key < rtrim(a.org_key, '.') || '/')
    ORDER BY steps DESC, a.login LIMIT :seats""")
_CLAIMS = sa.text("""SELECT claim_no, code, state FROM (
        SELECT claim_no, code, state FROM claim WHERE org_key >= :low AND org_key < :high ORDER BY org_key LIMIT 3000) c
    ORDER BY md5(claim_no) LIMIT 60""")
_STEPS = sa.text("""SELECT c.claim_no FROM review_step s JOIN claim c ON c.id = s.claim_id WHERE s.state = 'open' AND s.role = :role
    AND s.duty_key = :low AND c.state = 'in_review' AND NOT c.held AND c.verified_person IS DISTINCT FROM :person AND c.person_id <> :person
    AND NOT EXISTS (SELECT 1 FROM review_step e WHERE e.claim_id = c.id AND e.done_person = :person) ORDER BY md5(c.claim_no)""")
_LISTS = sa.text("""SELECT id FROM supplement WHERE state = 'delivered' AND org_key >= :low AND org_key < :high ORDER BY md5(id::text)""")
_COVERED = sa.text("""SELECT DISTINCT ON (v.person_id) v.person_id, v.plan FROM cover v WHERE v.org_key >= :low AND v.org_key < :high
    AND v.effective < :before AND v.until > :today AND v.plan IN ('bj-critical-1y', 'bj-women-1y', 'nx-ankangbao')
    AND NOT EXISTS (SELECT 1 FROM claim c WHERE c.person_id = v.person_id AND c.created_at > :before)
    ORDER BY v.person_id, v.plan LIMIT 60""")
_MEMBERS = sa.text("""SELECT c.person_id, min(p.name) AS name, (array_agg(u.id))[1] AS org_id, min(u.org_key) AS org_key,
        array_agg(ARRAY[c.claim_no, c.code, c.state]) AS claims
    FROM claim c JOIN person p ON p.id = c.person_id JOIN organisation u ON u.org_key = c.org_key
    WHERE NOT EXISTS (SELECT 1 FROM account a WHERE a.person_id = c.person_id)
    GROUP BY c.person_id ORDER BY md5(c.person_id::text) LIMIT :members""")
# `totp_at` before the session: a desk's second factor was shown when she came in.
_CREDENTIAL = sa.text("""INSERT INTO credential (account_id, password_hash, password_at, totp_step, totp_at)
    VALUES (:account, :hash, :now, 0, :factor_at) ON CONFLICT (account_id) DO UPDATE
    SET password_hash = excluded.password_hash, totp_at = excluded.totp_at""")


def cast(db: Database) -> Cast:
    """Fifty desks and five hundred members of the house, signed in."""
    now, secret = datetime.now(UTC), hashed(PASSWORD)
    with db.unit_of_work(TOP) as session:
        clerks = [_clerk(session, row, role, now, secret) for role, seats in DESKS
                  for row in session.execute(_DESK, {"role": role, "seats": seats}).all()]
        clerks += [_clerk(session, row, "unit_clerk", now, secret)
                   for row in session.execute(_DESK, {"role": "unit_clerk", "seats": CLERKS - len(clerks)}).all()]
        members = [_member(session, row, now, secret) for row in session.execute(_MEMBERS, {"members": MEMBERS}).all()]
    if (len(clerks), len(members)) != (CLERKS, MEMBERS):
        raise SystemExit(f"the house is too small: {len(clerks)} desks and {len(members)} members")
    seen: set[str] = set()
    for clerk in clerks:            # a level is passed by one of those who may
        clerk.steps = [number for number in clerk.steps if number not in seen]
        seen.update(clerk.steps)
    for place, person in enumerate([*clerks, *members]):
        person.address = f"127.1.{place // 250}.{place % 250 + 1}"      # each asks from an address of her own
    return Cast(clerks, members)


def _clerk(session: Session, row: sa.Row[Any], role: str, now: datetime, secret: str) -> Person:
    area = {"low": row.org_key, "high": row.org_key.rstrip(".") + "/", "role": role, "person": row.person_id}
    cookie, token = _signed_in(session, row.id, now, secret, factor=role != "unit_clerk")
    claims = session.execute(_CLAIMS, area).all()
    found = Person(row.id, role, row.login, cookie, token, "", tuple((one.claim_no, one.code) for one in claims))
    found.open_claims = [one.claim_no for one in claims if one.state in TAKING]
    found.steps = [one.claim_no for one in session.execute(_STEPS, area)]
    if role == "unit_clerk":
        found.lists = [one.id for one in session.execute(_LISTS, area)]
        dates = {"today": now.date(), "before": now.date() - timedelta(days=200)}
        found.unreported = [(one.person_id, one.plan) for one in session.execute(_COVERED, {**area, **dates})]
    return found


def _member(session: Session, row: sa.Row[Any], now: datetime, secret: str) -> Person:
    account, login = uuidv7(), f"load.{row.person_id}"
    session.execute(sa.text("""INSERT INTO account (id, login, kind, name, person_id, org_id, org_key, active, created_at)
        VALUES (:id, :login, 'person', :name, :person, :org, :key, true, :now)"""), {
            "id": account, "login": login, "name": row.name, "person": row.person_id, "org": row.org_id, "key": row.org_key, "now": now})
    session.execute(sa.text("INSERT INTO role_grant (account_id, role) VALUES (:id, 'member')"), {"id": account})
    cookie, token = _signed_in(session, account, now, secret, factor=False)
    return Person(account, "member", login, cookie, token, "", tuple((number, code) for number, code, _ in row.claims),
                  [number for number, _, state in row.claims if state in TAKING])


def _signed_in(session: Session, account: uuid.UUID, now: datetime, secret: str, *, factor: bool) -> tuple[str, str]:
    session.execute(_CREDENTIAL, {"account": account, "hash": secret, "now": now, "factor_at": now if factor else None})
    cookie = open_session(session, account_id=account, stage="full", door="password", agent="load", address="127.0.0.1", now=now)
    token = secrets.token_urlsafe(32)
    session.execute(sa.text("INSERT INTO token (digest, account_id, roles, expires_at) VALUES (:digest, :account, '', :until)"),
                    {"digest": digest(token), "account": account, "until": now + _HOUR})
    return cookie, token
