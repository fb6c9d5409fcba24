"""Who acts for the gravely ill: between two days, with proof, and deciding nothing of hers."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import select

from services.access import service as access
from services.core.clock import at_hour
from services.core.db import Database, Scope
from services.core.errors import Conflict, GuardFailed, InputError, NotFound, NotPermitted
from services.enrolment import queries, service
from services.intake import queries as intake_queries
from services.intake import service as intake
from services.models import Case
from services.notice import service as notice
from services.reporting import checks
from services.reporting.claims import locate
from tests.services.api_world import Api
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
        assert (ill.person_id in actor.acts_for) is may
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
        assert ill not in access.authenticate(session, world.tokens["xj.clerk"], now=at_hour(date(2026, 3, 21))).acts_for
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


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    keep_proof()
    return Api(db, now, tmp_path)


def test_a_proxy_opens_her_letters_through_the_api(api: Api) -> None:
    """Between the two days, recorded as a look of another; opening hands the letter over as her own opening would."""
    claim_no, friend, other = api.report(0), "xj.m3", "xj.m1"
    path = f"/claims/{claim_no}/notices"
    letter = letter_sent(api, claim_no)
    content = f"/notices/{letter}/content"
    assert [api.get(friend, url).status_code for url in (path, f"/notices/{letter}", content)] == [404] * 3
    person, proxy = (api.world.member(n, "xj").person_id for n in (0, 3))
    body = {"proxy_id": str(proxy), "from_on": "2026-03-20", "until_on": "2026-03-25", "reason": "昏迷，无法自行办理",
            "proof_sha256": PROOF}
    assert api.post(friend, f"/people/{person}/proxies", body).status_code == 403         # nobody makes herself a proxy
    assert api.post("xj.clerk", f"/people/{person}/proxies", body).status_code == 201

    [listed] = api.get(friend, path).json()
    assert listed["id"] == letter
    seen = api.get(friend, content)
    assert (seen.status_code, seen.headers["content-type"], seen.content[:5]) == (200, "application/pdf", b"%PDF-")
    assert api.get("xj.m0", content).content == seen.content
    assert api.get(other, content).status_code == 404
    with api.db.view(CN) as session:
        looks = session.execute(sa.text("SELECT n.login FROM access_record r JOIN account n ON n.id = r.account_id "
                                        "WHERE r.what = :what"), {"what": f"letter:{letter}"}).scalars().all()
    assert looks == [friend]                # her own look leaves no record, another's does
    done = api.post(friend, f"/notices/{letter}/delivered", {"proof": "代理人在进度页打开"}, version=listed["version"])
    assert (done.status_code, done.json()["state"]) == (200, "delivered"), done.text

    api.clock.instant = at_hour(date(2026, 3, 26))
    assert [api.get(friend, url).status_code for url in (path, f"/notices/{letter}", content)] == [404] * 3
    assert api.get("xj.m0", content).status_code == 200


def test_a_proxys_right_ends_with_the_death_of_whom_she_acts_for(world: World, now: datetime) -> None:
    """民法典 173 (3): agency ends with the principal's death; a relative who was her proxy stays a relative."""
    ill, friend, sister = (world.member(n, "xj").person_id for n in (0, 3, 1))
    for proxy in (friend, sister):
        _proxy(world, now, person=ill, proxy=proxy)
    claim_id = report(world, 0, now)
    with world.db.unit_of_work(CN) as session:
        service.add_kin(session, person_id=ill, relative_id=sister, relation="sibling", actor=ROOT, now=now)
        actors = [access.authenticate(session, world.tokens[login], now=now) for login in ("xj.m3", "xj.m1")]
        assert [intake_queries.claim_for(session, claim_id, actor).id for actor in actors] == [claim_id, claim_id]
        service.correct_person(session, person_id=ill, words={"died_on": "2026-03-19"}, why="死亡证明", actor=ROOT, now=now)
        with pytest.raises(NotFound):
            intake_queries.claim_for(session, claim_id, actors[0])
        with pytest.raises(NotPermitted, match="not_own"):
            intake.report(session, person_id=ill, event=MALIGNANT, channel="member", actor=actors[0], now=now)
        assert intake_queries.claim_for(session, claim_id, actors[1]).id == claim_id


def letter_sent(api: Api, claim_no: str) -> str:
    """The receipt of the report: drafted, issued, dispatched as the worker does."""
    now = api.clock.now()
    with api.db.unit_of_work(ROOT.scope) as session:
        [letter] = notice.draft(session, topic="claim.create", claim_ids=[locate(session, claim_no).id], actor=ROOT, now=now)
        notice.issue(session, notice_ids=[letter.id], actor=ROOT, now=now)
        notice.dispatch(session, notice_ids=[letter.id], actor=ROOT, now=now)
        return str(letter.id)
