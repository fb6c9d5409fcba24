"""Signing in at an identity provider: a real one, in a process of its own, spoken to over HTTP."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from services.access import oidc, sessions
from services.access.oidc import Departure, Provider
from services.access.signing_in import Step
from services.core.db import Database
from services.core.errors import (
    ConfigError,
    Conflict,
    HuzhuError,
    NotFound,
    NotPermitted,
    OutsideError,
    Unauthenticated,
)
from services.core.settings import Settings
from tests.services.signing_world import BROWSER, ROOT, later
from tests.support.world import World, build_world

BACK = "http://127.0.0.1:8600/sign-in/oidc"
PROGRAM = Path(__file__).parents[1] / "support" / "oidc_provider.py"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with subprocess.Popen([sys.executable, str(PROGRAM), "huzhu", "s3cret", BACK], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as process:
        assert process.stdout is not None and process.stdin is not None
        yield process.stdout.readline().strip()
        process.stdin.close()


@pytest.fixture
def provider(issuer: str, tmp_path: Path) -> Provider:
    """From the settings, as a process starts."""
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    made = oidc.configured(Settings(oidc_issuer=issuer, oidc_client_id="huzhu", oidc_client_secret_file=secret,
                                    public_url="http://127.0.0.1:8600/"))
    assert made is not None
    return made


def _set_out(db: Database, provider: Provider, now: datetime) -> Departure:
    departure = oidc.depart(provider)
    with db.unit_of_work(ROOT) as session:
        oidc.begin(session, departure, now=now)
    return departure


def _at_provider(departure: Departure, **who: str) -> dict[str, str]:
    """What the browser brings back."""
    answer = httpx.get(f"{departure.url}&{'&'.join(f'{key}={value}' for key, value in who.items())}")
    assert answer.status_code == 302, answer.text
    assert answer.headers["location"].startswith(BACK)
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def _come_back(db: Database, provider: Provider, brought: dict[str, str], binder: str, now: datetime) -> Step:
    with db.unit_of_work(ROOT) as session:
        attempt = oidc.take(session, state=brought["state"], binder=binder, now=now)
    subject = provider.subject(code=brought["code"], attempt=attempt, machine_time=datetime.now(UTC))
    with db.unit_of_work(ROOT) as session:
        return oidc.enter(session, issuer=provider.issuer, subject=subject, **BROWSER, now=now)


def _bind(world: World, provider: Provider, login: str, subject: str, now: datetime, by: str = "admin") -> None:
    with world.db.unit_of_work(ROOT) as session:
        oidc.bind_subject(session, account_id=world.account(login), issuer=provider.issuer, subject=subject, actor=world.actor(by), now=now)


def test_a_bound_clerk_comes_in_a_reviewer_must_still_bring_a_second_factor(db: Database, now: datetime, provider: Provider) -> None:
    world = build_world(db, now)
    _bind(world, provider, "nx.clerk", "u-1", now)
    _bind(world, provider, "nx.head", "u-2", now)
    there = _set_out(db, provider, now)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(there.url).query).items()}
    assert (asked["code_challenge_method"], asked["scope"], asked["state"], asked["nonce"]) == ("S256", "openid", there.state, there.nonce)
    assert there.verifier not in there.url and there.binder not in there.url
    step = _come_back(db, provider, _at_provider(there, **{"as": "u-1"}), there.binder, now)
    assert step.next == "in"
    with db.view(ROOT) as session:
        actor, held = sessions.authenticate_session(session, step.token, now=now)
    assert (actor.account_id, held.door) == (world.account("nx.clerk"), "oidc")
    there = _set_out(db, provider, now)
    assert _come_back(db, provider, _at_provider(there, **{"as": "u-2"}), there.binder, now).next == "enrol"


def test_nobody_gets_an_account_by_coming_in(db: Database, now: datetime, provider: Provider) -> None:
    world = build_world(db, now)
    _bind(world, provider, "nx.clerk", "u-1", now)
    for stranger in ("u-3", "nx.clerk", "U-1"):
        there = _set_out(db, provider, now)
        with pytest.raises(Unauthenticated, match="oidc_unbound"):
            _come_back(db, provider, _at_provider(there, **{"as": stranger}), there.binder, now)


@pytest.mark.parametrize("lie", ["aud", "iss", "nonce", "exp", "key", "alg", "at_hash"])
def test_a_token_that_is_not_for_this_sign_in_is_refused(db: Database, now: datetime, provider: Provider, lie: str) -> None:
    world = build_world(db, now)
    _bind(world, provider, "nx.clerk", "u-1", now)
    there = _set_out(db, provider, now)
    with pytest.raises(Unauthenticated, match="oidc_refused"):
        _come_back(db, provider, _at_provider(there, **{"as": "u-1", "lie": lie}), there.binder, now)


def test_the_way_back_is_for_the_same_browser_once_and_soon(db: Database, now: datetime, provider: Provider) -> None:
    world = build_world(db, now)
    _bind(world, provider, "nx.clerk", "u-1", now)
    there, other = _set_out(db, provider, now), _set_out(db, provider, now)
    brought = _at_provider(there, **{"as": "u-1"})
    for state, binder, at in ((brought["state"], other.binder, now), ("made-up", there.binder, now),
                              (brought["state"], there.binder, later(now, minutes=10))):
        with pytest.raises(Unauthenticated, match="oidc_attempt"):
            _come_back(db, provider, {**brought, "state": state}, binder, at)
    assert _come_back(db, provider, brought, there.binder, now).next == "in"
    with pytest.raises(Unauthenticated, match="oidc_attempt"):
        _come_back(db, provider, brought, there.binder, now)
    # A code stolen on its way belongs to another verifier.
    with pytest.raises(Unauthenticated, match="oidc_refused"):
        _come_back(db, provider, {"code": _at_provider(there, **{"as": "u-1"})["code"], "state": other.state}, other.binder, now)


def test_binding_is_the_administrators_once_and_can_end(db: Database, now: datetime, provider: Provider) -> None:
    world = build_world(db, now)
    with pytest.raises(NotPermitted):
        _bind(world, provider, "nx.clerk", "u-1", now, by="nx.head")
    with pytest.raises(NotFound):
        _bind(world, provider, "nx.clerk", "u-1", now, by="xj.admin")
    _bind(world, provider, "nx.clerk", "u-1", now, by="nx.admin")
    with pytest.raises(Conflict, match="subject_bound"):
        _bind(world, provider, "xj.clerk", " u-1 ", now)
    with db.unit_of_work(ROOT) as session:
        bound = oidc.subjects(session, account_id=world.account("nx.clerk"), actor=world.actor("nx.admin"))
        with pytest.raises(NotFound):
            oidc.unbind_subject(session, subject_id=bound[0].id, actor=world.actor("xj.admin"), now=now)
        oidc.unbind_subject(session, subject_id=bound[0].id, actor=world.actor("nx.admin"), now=now)
        with pytest.raises(Unauthenticated, match="oidc_unbound"):
            oidc.enter(session, issuer=provider.issuer, subject="u-1", **BROWSER, now=now)
    _bind(world, provider, "xj.clerk", "u-1", now)


def test_a_provider_that_is_away_or_refuses_us(issuer: str) -> None:
    away = Provider(issuer="http://127.0.0.1:9", client_id="huzhu", client_secret="s3cret", redirect_uri=BACK)
    with pytest.raises(OutsideError, match="oidc_unreachable"):
        oidc.depart(away)
    wrong = Provider(issuer=issuer, client_id="huzhu", client_secret="wrong", redirect_uri=BACK)
    there = oidc.depart(wrong)
    with pytest.raises(Unauthenticated, match="oidc_refused"):
        wrong.subject(code=_at_provider(there, **{"as": "u-1"})["code"], attempt=oidc.Attempt(there.nonce, there.verifier),
                      machine_time=datetime.now(UTC))


def test_the_settings_are_all_or_none_and_https(tmp_path: Path) -> None:
    assert oidc.configured(Settings()) is None
    secret = tmp_path / "secret"
    secret.write_text("x")
    for issuer, client, file, code in (("https://id.example", "", None, "oidc_incomplete"),
                                       ("https://id.example", "h", tmp_path / "none", "oidc_secret"),
                                       ("http://id.example", "h", secret, "oidc_address")):
        with pytest.raises(ConfigError) as refused:
            oidc.configured(Settings(oidc_issuer=issuer, oidc_client_id=client, oidc_client_secret_file=file))
        assert isinstance(refused.value, HuzhuError) and refused.value.code == code
