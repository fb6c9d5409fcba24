"""Ties between people: who may record them, what merged records make of them, how one is taken back."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from sqlmodel import Session

from services.core.db import Database, Scope
from services.core.errors import Conflict, InputError, NotFound, NotPermitted
from services.enrolment import person_history, queries, service
from services.models import FamilyTie, PersonMerge
from services.simulate.synthetic import REGIONS, synthetic_person
from tests.services.api_world import Api, picture
from tests.services.review_world import MALIGNANT
from tests.support.proof import PROOF, UNKEPT, keep_proof
from tests.support.world import ROOT, World, build_world

CN = Scope("cn")
TODAY = date(2026, 3, 20)


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    keep_proof()
    return build_world(db, now)


def _twin(session: Session, world: World, n: int, serial: int, now: datetime) -> uuid.UUID:
    """A second record of a member, under a mistyped number."""
    who = replace(synthetic_person(serial, region=REGIONS["xinjiang"]), name=world.member(n, "xj").synthetic.name)
    return service.add_person(session, name=who.name, id_number=who.id_number, actor=ROOT, now=now).id


def _merge(world: World, kept: uuid.UUID, dropped: uuid.UUID, now: datetime) -> PersonMerge:
    head = world.actor("xj.head")
    with world.db.unit_of_work(head.scope) as session:
        return service.merge_people(session, kept_id=kept, dropped_id=dropped, why="同一人", actor=head, now=now)


def _tie(world: World, one: uuid.UUID, other: uuid.UUID) -> str | None:
    with world.db.view(CN) as session:
        tie = session.get(FamilyTie, (one, other))
        return tie.relation if tie else None


def _proxy(world: World, person: uuid.UUID, proxy: uuid.UUID, now: datetime) -> None:
    with world.db.unit_of_work(CN) as session:
        service.add_proxy(session, person_id=person, proxy_id=proxy, from_on=TODAY, until_on=TODAY, reason="昏迷", proof_sha256=PROOF,
                          actor=ROOT, now=now)


def test_a_tie_to_a_merged_record_is_the_kept_ones_and_stands_in_both_histories(world: World, now: datetime) -> None:
    kept, senior, clerk = world.member(3, "xj").person_id, world.person("xj.senior"), world.actor("xj.clerk")
    with world.db.unit_of_work(CN) as session:
        dropped = _twin(session, world, 3, 901, now)
    _merge(world, kept, dropped, now)
    for _ in range(2):                                      # twice changes nothing and says nothing more
        with world.db.unit_of_work(clerk.scope) as session:
            service.add_kin(session, person_id=dropped, relative_id=senior, relation="child", actor=clerk, now=now)
    assert (_tie(world, kept, senior), _tie(world, senior, kept), _tie(world, dropped, senior)) == ("child", "parent", None)
    with world.db.view(CN) as session:
        assert queries.is_kin(session, senior, kept)
        for person, relative, word in ((kept, senior, "child"), (senior, kept, "parent")):
            said = [change for change in person_history.changes_of(session, person) if change.field == "kin"]
            assert [(one.old, one.new, one.account_id) for one in said] == [(None, f"{relative}（{word}）", clerk.account_id)]


def test_nobody_ties_herself(world: World, now: datetime) -> None:
    clerk, member = world.actor("xj.clerk"), world.member(4, "xj").person_id
    for one, other in ((member, world.person("xj.clerk")), (world.person("xj.clerk"), member)):
        with world.db.unit_of_work(clerk.scope) as session, pytest.raises(NotPermitted, match="own_record"):
            service.add_kin(session, person_id=one, relative_id=other, relation="spouse", actor=clerk, now=now)
    with world.db.unit_of_work(CN) as session, pytest.raises(NotFound, match="person_missing"):
        service.add_kin(session, person_id=member, relative_id=uuid.uuid4(), relation="spouse", actor=ROOT, now=now)


def test_a_wrong_tie_is_taken_back(world: World, now: datetime) -> None:
    one, other, third = (world.member(n, "xj").person_id for n in (0, 1, 2))
    office = world.actor("xj.office1")
    with world.db.unit_of_work(CN) as session:
        service.add_kin(session, person_id=one, relative_id=other, relation="spouse", actor=ROOT, now=now)
        service.add_kin(session, person_id=one, relative_id=office.person_id or one, relation="sibling", actor=ROOT, now=now)
    for login, relative, code in (("xj.clerk", other, "role_missing"), ("xj.office1", third, "kin_missing"),
                                  ("xj.office1", world.person("xj.office1"), "own_or_kin")):
        actor = world.actor(login)
        with world.db.unit_of_work(actor.scope) as session, pytest.raises((NotPermitted, NotFound), match=code):
            service.remove_kin(session, person_id=one, relative_id=relative, why="x", actor=actor, now=now)
    head = world.actor("xj.head")
    with world.db.unit_of_work(head.scope) as session:
        service.remove_kin(session, person_id=one, relative_id=other, why="同名误登", actor=head, now=now)
    assert (_tie(world, one, other), _tie(world, other, one)) == (None, None)
    with world.db.view(CN) as session:
        last = person_history.changes_of(session, other)[-1]
        assert (last.field, last.old, last.new, last.why) == ("kin", f"{one}（spouse）", None, "同名误登")


def test_who_acted_for_her_stays_tied(world: World, now: datetime) -> None:
    """Taking back the kinship of a proxy leaves the proxy's tie; that one is not taken back at all."""
    one, other, head = world.member(0, "xj").person_id, world.member(3, "xj").person_id, world.actor("xj.head")
    _proxy(world, one, other, now)
    with world.db.unit_of_work(CN) as session:
        service.add_kin(session, person_id=one, relative_id=other, relation="sibling", actor=ROOT, now=now)
    with world.db.unit_of_work(head.scope) as session:
        service.remove_kin(session, person_id=one, relative_id=other, why="误登", actor=head, now=now)
    assert (_tie(world, one, other), _tie(world, other, one)) == ("proxy", "proxy")
    with world.db.unit_of_work(head.scope) as session, pytest.raises(Conflict, match="tie_of_proxy"):
        service.remove_kin(session, person_id=one, relative_id=other, why="误登", actor=head, now=now)


def test_a_merger_raises_a_proxys_tie_to_kinship_and_gives_it_back(world: World, now: datetime) -> None:
    kept, friend, head = world.member(0, "xj").person_id, world.member(3, "xj").person_id, world.actor("xj.head")
    with world.db.unit_of_work(CN) as session:
        dropped = _twin(session, world, 0, 902, now)
        service.add_kin(session, person_id=dropped, relative_id=friend, relation="husband", actor=ROOT, now=now)
    _proxy(world, kept, friend, now)
    made = _merge(world, kept, dropped, now)
    assert (_tie(world, kept, friend), _tie(world, friend, kept)) == ("husband", "wife")
    with world.db.unit_of_work(head.scope) as session:
        service.split_people(session, merge_id=made.id, why="两人", actor=head, now=now)
    assert (_tie(world, kept, friend), _tie(world, friend, kept)) == ("proxy", "proxy")
    assert (_tie(world, dropped, friend), _tie(world, friend, dropped)) == ("husband", "wife")


def test_a_merger_is_undone_after_the_relative_was_merged(world: World, now: datetime) -> None:
    kept, friend, head = world.member(0, "xj").person_id, world.member(3, "xj").person_id, world.actor("xj.head")
    with world.db.unit_of_work(CN) as session:
        dropped, relative = _twin(session, world, 0, 903, now), _twin(session, world, 3, 904, now)
        service.add_kin(session, person_id=dropped, relative_id=relative, relation="husband", actor=ROOT, now=now)
    made = _merge(world, kept, dropped, now)
    _merge(world, friend, relative, now)
    with world.db.unit_of_work(head.scope) as session:
        service.split_people(session, merge_id=made.id, why="两人", actor=head, now=now)
    assert _tie(world, dropped, friend) == "husband"


@pytest.mark.parametrize("table", ["family_tie", "proxy", "bank_card", "payee", "payment"])
def test_no_row_is_left_on_a_record_that_was_merged(world: World, now: datetime, table: str,
                                                    superuser: psycopg.Connection[tuple[object, ...]]) -> None:
    with world.db.unit_of_work(CN) as session:
        dropped = _twin(session, world, 0, 905, now)
    _merge(world, world.member(0, "xj").person_id, dropped, now)
    guarded = superuser.execute("SELECT 1 FROM pg_trigger t JOIN pg_proc f ON f.oid = t.tgfoid WHERE t.tgrelid = %s::regclass"
                                " AND f.proname = 'refuse_merged_person' AND t.tgenabled = 'O'", (table,)).fetchall()
    assert guarded == [(1,)]
    if table != "family_tie":
        return
    with pytest.raises(sa.exc.OperationalError, match="record was merged"), world.db.unit_of_work(CN) as session:
        session.add(FamilyTie(person_id=dropped, relative_id=world.member(1, "xj").person_id, relation="other"))
        session.flush()


def test_a_proof_is_a_kept_paper_and_a_proxy_is_not_all_past(world: World, now: datetime) -> None:
    one, other = world.member(0, "xj").person_id, world.member(3, "xj").person_id
    with world.db.unit_of_work(CN) as session:
        with pytest.raises(InputError, match="proof"):
            service.add_category(session, person_id=one, category="hardship", from_on=TODAY, proof_sha256=UNKEPT, actor=ROOT, now=now)
        for proof, last, code in ((UNKEPT, TODAY, "proof"), (PROOF, date(2026, 3, 19), "proxy_past")):
            with pytest.raises(InputError, match=code):
                service.add_proxy(session, person_id=one, proxy_id=other, from_on=date(2026, 3, 1), until_on=last, reason="昏迷",
                                  proof_sha256=proof, actor=ROOT, now=now)


@pytest.mark.parametrize(("words", "code"), [
    ({"died_on": "2026-03-21"}, "died_on"), ({"died_on": "1900-01-01"}, "died_on"), ({"phone": "abc"}, "phone"),
    ({"phone": "0951-0000000"}, "phone"), ({"phone": "1990000000"}, "phone")])
def test_days_and_numbers_that_cannot_be(world: World, now: datetime, words: dict[str, str | None], code: str) -> None:
    member, who = world.member(0, "xj").person_id, synthetic_person(906)
    with world.db.unit_of_work(CN) as session:
        with pytest.raises(InputError, match=code):
            service.correct_person(session, person_id=member, words=words, why="x", actor=ROOT, now=now)
        if died := words.get("died_on"):
            with pytest.raises(InputError, match=code):
                service.note_died(session, person_id=member, died_on=date.fromisoformat(died), actor=ROOT, now=now)
        else:
            with pytest.raises(InputError, match=code):
                service.add_person(session, name=who.name, id_number=who.id_number, phone=words["phone"], actor=ROOT, now=now)


def test_somebody_may_die_today_or_on_the_day_of_birth(world: World, now: datetime) -> None:
    with world.db.unit_of_work(CN) as session:
        for day in (TODAY, date(1980, 5, 10)):
            done = service.correct_person(session, person_id=world.member(0, "xj").person_id, words={"died_on": str(day)}, why="x",
                                          actor=ROOT, now=now)
            assert done.died_on == day
        later = synthetic_person(907, born=date(1990, 2, 28)).id_number
        with pytest.raises(InputError, match="died_on"):     # dead before the birth that the new number says
            service.correct_person(session, person_id=done.id, words={"id_number": later}, why="x", actor=ROOT, now=now)


def test_ties_and_proofs_over_http(db: Database, now: datetime, tmp_path: Path) -> None:
    api = Api(db, now, tmp_path)
    member, stranger = api.world.member(0, "xj").person_id, api.world.member(0, "nx").person_id
    # Her own region knows the clerk by her account; that opens nobody else's record.
    for relative in (api.world.person("nx.clerk"), api.world.person("nx.clerk2")):
        kin = {"relative_id": str(relative), "relation": "spouse"}
        assert api.post("nx.clerk", f"/people/{member}/kin", kin).status_code == 404
    assert api.post("xj.clerk", f"/people/{member}/kin", {"relative_id": str(api.world.person("xj.clerk")),
                                                         "relation": "spouse"}).json()["code"] == "own_record"
    other = api.world.person("xj.office2")
    assert api.post("xj.clerk", f"/people/{member}/kin", {"relative_id": str(other), "relation": "spouse"}).status_code == 201
    gone = f"/people/{member}/kin/{other}/remove"
    assert api.post("nx.head", gone, {"why": "误登"}).status_code == 404
    assert api.post("xj.clerk", gone, {"why": "误登"}).status_code == 403
    assert api.post("xj.head", gone, {"why": "误登"}).status_code == 200
    assert _tie(api.world, member, other) is None
    kept = api.upload("xj.district", f"/people/{member}/proofs", picture("低保证"))
    assert kept.status_code == 201, kept.text
    body = {"category": "hardship", "from_on": "2026-01-01", "proof_sha256": kept.json()["sha256"]}
    assert api.post("xj.district", f"/people/{member}/categories", {**body, "proof_sha256": UNKEPT}).status_code == 422
    assert api.post("xj.district", f"/people/{member}/categories", body).status_code == 201
    assert api.upload("xj.m0", f"/people/{member}/proofs", picture("x")).status_code == 403
    assert api.upload("xj.district", f"/people/{stranger}/proofs", picture("x")).status_code == 404


def test_a_report_is_matched_with_the_category_of_its_day(world: World, now: datetime) -> None:
    member = world.member(0, "xj").person_id
    with world.db.unit_of_work(CN) as session:
        service.add_category(session, person_id=member, category="hardship", from_on=date(2026, 3, 17), proof_sha256=PROOF, actor=ROOT,
                             now=now)
    with world.db.view(CN) as session:
        person, covers = queries.people_by_id(session, [member])[member], queries.covers_of(session, member)
        assert person.category == "hardship"
        for day, category in (("2026-03-16", "normal"), ("2026-03-17", "hardship")):
            event = dict(MALIGNANT) | {"diagnosed_on": day}
            assert [held.person.category for held in queries.held(person, covers, event)] == [category]
