"""What becomes of a letter's news when another takes its place: lists and their days, the interface, several heirs."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from services.access.actor import Role
from services.core import settings as settings_module
from services.core.db import Database
from services.evidence import queries as lists
from services.evidence import service as evidence
from services.models import Claim, Notice, SlaClock
from services.notice import replacing
from services.notice import service as notice
from services.notice.receiving import receive
from services.payment import service as payment
from services.reporting import mine
from services.storage.backend import StoreDown
from tests.services.api_world import Api
from tests.services.paying_world import decided, heirs, prove_heirs
from tests.services.review_world import report
from tests.support.world import ROOT, World, build_world

ONE = [{"paper": "pathology", "reason": "报告没有加盖医院印章"}]


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def out(session: Session, topic: str, claim: uuid.UUID, now: datetime, *subjects: uuid.UUID) -> list[Notice]:
    """Drafted, issued and sent."""
    rows = notice.draft(session, topic=topic, claim_ids=[claim], subject_ids=subjects, actor=ROOT, now=now)
    notice.issue(session, notice_ids=[row.id for row in rows], actor=ROOT, now=now)
    return notice.dispatch(session, notice_ids=[row.id for row in rows], actor=ROOT, now=now)


@pytest.mark.parametrize("by_hand", [False, True], ids=["its letter was read", "handed over on paper"])
def test_a_replaced_list_keeps_the_day_it_first_reached_her(world: World, now: datetime, by_hand: bool) -> None:
    claim, clerk, office = report(world, 0, now), world.actor("xj.clerk"), world.actor("xj.office1")
    with world.db.unit_of_work(clerk.scope) as session:
        listed = evidence.ask(session, claim_id=claim, items=ONE, actor=clerk, now=now).id
    with world.db.unit_of_work(ROOT.scope) as session:
        [first] = [row.id for row in out(session, "supplement.create", claim, now, listed)]
    with world.db.unit_of_work(clerk.scope) as session:
        if by_hand:
            evidence.deliver(session, supplement_id=listed, actor=clerk, now=now)
        receive(session, notice_id=first, proof="本人签收", actor=clerk, now=now)
    later = now + timedelta(days=3)
    with world.db.unit_of_work(office.scope) as session:
        new = replacing.replace(session, notice_id=first, reason="写错了医院", actor=office, now=later).id
    with world.db.unit_of_work(ROOT.scope) as session:
        notice.dispatch(session, notice_ids=[new], actor=ROOT, now=later)
    with world.db.unit_of_work(clerk.scope) as session:
        assert receive(session, notice_id=new, proof="本人签收", actor=clerk, now=later).state == "delivered"
    with world.db.view(ROOT.scope) as session:
        kept = lists.supplement(session, listed)
        [clock] = session.exec(select(SlaClock).where(SlaClock.claim_id == claim, SlaClock.kind == "supplement")).all()
        assert (kept.state, kept.delivered_at, clock.start_on) == ("delivered", now, now.date())


def test_the_register_over_the_interface(db: Database, now: datetime, tmp_path: Path) -> None:
    api = Api(db, now, tmp_path)
    with api.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, api.world, 0, 6_000_000, now=now)
        [old] = [str(row.id) for row in out(session, "claim.approve", claim.id, now)]
        stuck = decided(session, api.world, 1, 6_000_000, now=now)
        session.execute(sa.text("UPDATE payee SET bank_card_id = NULL WHERE claim_id = :id"), {"id": stuck.id})
        [lacks] = [row.id for row in notice.draft(session, topic="claim.approve", claim_ids=[stuck.id], actor=ROOT, now=now)]
        assert replacing.issue_each(session, notice_ids=[lacks], actor=ROOT, now=now) == []
    path = f"/notices/{old}"

    def version() -> int:
        return int(api.get("xj.office1", path).json()["version"])
    refused = api.post("xj.office1", f"{path}/void", {"reason": "重复"}, version=version())
    assert (refused.status_code, refused.json()["code"]) == (409, "letter_sent")
    assert api.post("xj.office1", f"{path}/replace", {"reason": "户名写错"}, version=version() + 1).json()["code"] == "stale_version"
    assert api.post("nx.office1", f"{path}/replace", {"reason": "户名写错"}, version=version()).status_code == 404
    new = api.post("xj.office1", f"{path}/replace", {"reason": "户名写错"}, version=version()).json()
    assert (new["number"], new["state"]) == ("新互通〔2026〕2号", "issued")
    rows = api.get("xj.auditor", "/letter-register/numbers", series="新互通", year="2026").json()
    assert [(row["number"], row["state"], row["why"], row["successor"]) for row in rows["entries"]] == [
        ("新互通〔2026〕1号", "replaced", "户名写错", "新互通〔2026〕2号"), ("新互通〔2026〕2号", "issued", None, None)]
    assert (rows["missing"], rows["next"]) == ([], None)
    assert api.get("nx.office1", "/letter-register/numbers", series="新互通", year="2026").json()["entries"] == []
    [one] = api.get("xj.office1", "/letter-register").json()
    assert (one["series"], one["last"], one["whole"]) == ("新互通", 2, True)
    [waits] = api.get("xj.office1", "/letter-register/stuck").json()
    assert (waits["id"], waits["field"]) == (str(lacks), "payees.account")
    said = api.post("xj.office1", f"/notices/{lacks}/again", {}, version=waits["version"])
    assert said.status_code == 200 and api.get("xj.office1", "/letter-register/stuck").json() == []


def test_each_heir_has_a_letter_of_her_own_and_hers_alone(world: World, now: datetime) -> None:
    clerk, office = world.actor("xj.clerk"), world.actor("xj.office1")
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 3, 6_000_000, now=now)
        [told] = notice.draft(session, topic="claim.create", claim_ids=[claim.id], actor=ROOT, now=now)      # to the living
        prove_heirs(session, claim, now)
        payment.note_death(session, claim_id=claim.id, died_on=date(2026, 3, 15), heirs=heirs([1, 2], [1, 2]), actor=clerk, now=now)
        again = notice.draft(session, topic="claim.create", claim_ids=[claim.id], actor=ROOT, now=now)
        assert [row.id for row in again] == [told.id]           # not once more to each heir
        first, second = sorted(out(session, "claim.approve", claim.id, now), key=lambda row: row.number or "")
        drafted = notice.draft(session, topic="claim.approve", claim_ids=[claim.id], actor=ROOT, now=now)
        assert {row.id for row in drafted} == {first.id, second.id}
        assert first.person_id != second.person_id and second.recipient_name not in first.recipient_name
        for row in (first, second):
            reader = replace(clerk, person_id=row.person_id, roles=frozenset({Role.MEMBER}))
            assert {one.id for one in mine.letters(session, reader, claim.id) if one.own} == {row.id}
        receive(session, notice_id=second.id, proof="本人签收", actor=clerk, now=now)
    with world.db.unit_of_work(office.scope) as session:
        new = replacing.replace(session, notice_id=second.id, reason="写错了单位", actor=office, now=now)
        assert (new.person_id, new.recipient_name) == (second.person_id, second.recipient_name)
        assert {row.id for row in notice.draft(session, topic="claim.approve", claim_ids=[claim.id], actor=ROOT, now=now)} == {
            first.id, new.id}


def test_any_heirs_receipt_of_a_list_delivers_it(world: World, now: datetime) -> None:
    claim, clerk = report(world, 3, now), world.actor("xj.clerk")
    with world.db.unit_of_work(clerk.scope) as session:
        prove_heirs(session, session.get_one(Claim, claim), now)
        payment.note_death(session, claim_id=claim, died_on=date(2026, 3, 15), heirs=heirs([1, 2], [1, 2]), actor=clerk, now=now)
        listed = evidence.ask(session, claim_id=claim, items=ONE, actor=clerk, now=now).id
    with world.db.unit_of_work(ROOT.scope) as session:
        rows = [row.id for row in out(session, "supplement.create", claim, now, listed)]
    with world.db.unit_of_work(clerk.scope) as session:
        for row in reversed(rows):
            receive(session, notice_id=row, proof="本人签收", actor=clerk, now=now)
        assert len(rows) == 2 and lists.supplement(session, listed).state == "delivered"


def test_a_letter_waits_for_a_store_that_is_away_and_lacks_nothing(world: World, now: datetime, tmp_path: Path,
                                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    """The work is owed until the store is back; nobody at a desk could bring anything."""
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 0, 6_000_000, now=now)
        [row] = [one.id for one in notice.draft(session, topic="claim.approve", claim_ids=[claim.id], actor=ROOT, now=now)]
    nobody = {"": "s3://letters", "_ENDPOINT": "http://127.0.0.1:9", "_REGION": "x", "_KEYS": str(tmp_path / "keys")}
    (tmp_path / "keys").write_text("aws_access_key_id = a\naws_secret_access_key = b\n")
    try:
        with monkeypatch.context() as away:
            for name, value in nobody.items():
                away.setenv(f"HUZHU_STORE{name}", value)
            settings_module.settings.cache_clear()
            with pytest.raises(StoreDown), world.db.unit_of_work(ROOT.scope) as session:
                replacing.issue_each(session, notice_ids=[row], actor=ROOT, now=now)
    finally:
        settings_module.settings.cache_clear()
    with world.db.unit_of_work(ROOT.scope) as session:
        assert session.get_one(Notice, row).stuck is None
        assert [one.state for one in replacing.issue_each(session, notice_ids=[row], actor=ROOT, now=now)] == ["issued"]
