"""Who acts for the gravely ill: between two days, with proof, and deciding nothing of hers."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import select

from services.access import service as access
from services.core.clock import at_hour
from services.core.db import Database, Scope
from services.core.errors import Conflict, GuardFailed, InputError, NotFound, NotPermitted
from services.enrolment import proxies, queries, service
from services.intake import queries as intake_queries
from services.intake import service as intake
from services.models import Case
from services.reporting import checks
from tests.services.review_world import MALIGNANT, claim_row, report, route
from tests.services.review_world import verify as verified
from tests.support.proof import PROOF, keep_proof
from tests.support.world import ROOT, World, build_world

CN = Scope("cn")


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    keep_proof()
    return build_world(db, now)


def _proxy(world: World, now: datetime, *, person: uuid.UUID, proxy: uuid.UUID, first: date = date(2026, 3, 20),
           last: date = date(2026, 6, 30), by: str = "xj.office1") -> uuid.UUID:
    actor = world.actor(by)
    with world.db.unit_of_work(actor.scope) as session:
        return service.add_proxy(session, person_id=person, proxy_id=proxy, from_on=first, until_on=last, reason="昏迷，无法自行办理",
                                 proof_sha256=PROOF, actor=actor, now=now).id


@pytest.mark.parametrize(("day", "may"), [(date(2026, 3, 19), False), (date(2026, 3, 20), True), (date(2026, 3, 25), True),
                                          (date(2026, 3, 26), False)])
def test_a_proxy_reports_between_two_days(world: World, now: datetime, day: date, may: bool) -> None:
    ill, friend = world.member(0, "xj"), world.member(3, "xj")
    _proxy(world, now, person=ill.person_id, proxy=friend.person_id, last=date(2026, 3, 25))
    then = at_hour(day)
    with world.db.view(CN) as session:
        actor = access.authenticate(session, world.tokens["xj.m3"], now=then)
        assert list(proxies.proxies_on(session, [ill.person_id], day)) == ([ill.person_id] if may else [])
    with world.db.unit_of_work(actor.scope) as session:
        if not may:
            with pytest.raises(NotPermitted, match="not_own"):
                intake.report(session, person_id=ill.person_id, event=MALIGNANT, channel="member", actor=actor, now=then)
            return
        case = intake.report(session, person_id=ill.person_id, event=MALIGNANT, channel="member", actor=actor, now=then)
        assert (case.person_id, case.reported_by) == (ill.person_id, actor.account_id)
        (claim,) = intake_queries.claims_of(session, case.id)
        assert intake_queries.claim_for(session, claim.id, actor).id == claim.id
    with world.db.view(CN) as session, pytest.raises(NotFound):         # the days are over: her claims do not exist for the proxy
        later = access.authenticate(session, world.tokens["xj.m3"], now=at_hour(date(2026, 3, 26)))
        intake_queries.claim_for(session, claim.id, later)


def test_who_acted_for_her_decides_nothing_of_hers(world: World, now: datetime) -> None:
    """A proxy counts as the claimant's kin, also after the end."""
    ill = world.member(0, "xj").person_id
    proxy_id = _proxy(world, now, person=ill, proxy=world.person("xj.clerk"))
    with world.db.unit_of_work(CN) as session:
        service.end_proxy(session, proxy_id=proxy_id, why="本人已能办理", actor=ROOT, now=now)
        with pytest.raises(NotFound):
            service.end_proxy(session, proxy_id=proxy_id, why="x", actor=ROOT, now=now)
    with world.db.view(CN) as session:
        assert proxies.proxies_on(session, [ill], date(2026, 3, 21)) == {}
        assert queries.is_kin(session, world.person("xj.clerk"), ill)
    claim_id = report(world, 0, now)
    with pytest.raises(GuardFailed):
        verified(world, claim_id, now, verifier=world.actor("xj.clerk"))
    verified(world, claim_id, now, verifier=world.actor("xj.district"))
    route(world, claim_id, now=now)
    assert claim_row(world.db, claim_id).state == "in_review"
    with world.db.view(CN) as session:
        assert checks.run(session) == []
        assert session.exec(select(Case.id)).all() != []


def test_kinship_replaces_a_proxys_tie(world: World, now: datetime) -> None:
    one, other = world.member(0, "xj").person_id, world.member(3, "xj").person_id
    _proxy(world, now, person=one, proxy=other)
    with world.db.unit_of_work(CN) as session:
        assert not queries.may_act_for(session, world.member(3, "xj").actor, one)     # the actor of before the proxy
        service.add_kin(session, person_id=one, relative_id=other, relation="sibling", actor=ROOT, now=now)
        service.add_kin(session, person_id=one, relative_id=other, relation="other", actor=ROOT, now=now)
        ties = session.execute(sa.text("SELECT DISTINCT relation FROM family_tie")).scalars().all()
        assert ties == ["sibling"]
        assert queries.may_act_for(session, world.member(3, "xj").actor, one)


def test_proxies_that_cannot_be(world: World, now: datetime) -> None:
    ill, friend = world.member(0, "xj").person_id, world.member(3, "xj").person_id
    first = date(2026, 3, 20)
    for person, proxy, start, last, code in (
            (ill, ill, first, first, "proxy_self"), (ill, friend, first, first - timedelta(days=1), "proxy_dates"),
            (ill, friend, first, first + timedelta(days=367), "proxy_dates")):
        with pytest.raises(InputError, match=code):
            _proxy(world, now, person=person, proxy=proxy, first=start, last=last)
    with pytest.raises(NotPermitted, match="own_or_kin"):
        _proxy(world, now, person=ill, proxy=world.person("xj.office1"))
    with pytest.raises(NotPermitted, match="role_missing"):
        _proxy(world, now, person=ill, proxy=friend, by="xj.m3")
    with world.db.unit_of_work(CN) as session:
        service.correct_person(session, person_id=friend, words={"died_on": "2026-03-01"}, why="死亡证明", actor=ROOT, now=now)
    with pytest.raises(Conflict, match="person_died"):
        _proxy(world, now, person=ill, proxy=friend)
