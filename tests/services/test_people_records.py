"""A person's record: names as on the card, corrections with history, categories with days and proof, proxies."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date, datetime, timedelta

import psycopg
import pytest
import sqlalchemy as sa
from sqlmodel import select

from services.audit.verify import verify
from services.benefit import queries as benefit_queries
from services.core.db import Database, Scope
from services.core.errors import Conflict, InputError, NotFound, NotPermitted
from services.core.identity import check_name, eighteen
from services.enrolment import categories, person_history, queries, service
from services.models import AccessRecord, AuditRecord, Person
from services.simulate.synthetic import REGIONS, Synthetic, synthetic_person
from tests.services.review_world import in_review, report
from tests.support.proof import PROOF, keep_proof
from tests.support.world import ROOT, World, build_world

CN = Scope("cn")
EVENT_DAY = date(2026, 3, 16)           # of review_world.MALIGNANT


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    keep_proof()
    return build_world(db, now)


def _person(serial: int, **more: object) -> Synthetic:
    return replace(synthetic_person(serial, region=REGIONS["xinjiang"]), **more)  # type: ignore[arg-type]


def _add(world: World, who: Synthetic, now: datetime) -> uuid.UUID:
    with world.db.unit_of_work(CN) as session:
        return service.add_person(session, name=who.name, id_number=who.id_number, phone=who.phone, actor=ROOT, now=now).id


@pytest.mark.parametrize(("typed", "written", "warnings"), [
    ("李示例", "李示例", ()),
    ("㛃䶮", "㛃䶮", ()),                                    # extension A and the end of the basic block
    ("\U00020bb7野\U0002a6d6", "\U00020bb7野\U0002a6d6", ()),   # 𠮷 and another beyond the basic plane
    ("\U00031350示", "\U00031350示", ()),                     # extension H, newer than this Python's tables
    ("\ufa11示", "\ufa11示", ()),                             # a compatibility ideograph is not replaced by its look-alike
    ("〇示", "〇示", ()),
    ("阿不都热合曼·阿卜杜热西提", "阿不都热合曼·阿卜杜热西提", ()),
    ("古丽•示例", "古丽·示例", ("dot",)), ("古丽‧示例", "古丽·示例", ("dot",)), ("古丽．示例", "古丽·示例", ("dot",)),
    ("古丽・示例", "古丽·示例", ("dot",)), ("古丽.示例", "古丽·示例", ("dot",)),
    (" 李 示例 ", "李示例", ()), ("ANNA", "ANNA", ("script",)), ("长" * 50, "长" * 50, ())])
def test_names_as_on_the_card(typed: str, written: str, warnings: tuple[str, ...]) -> None:
    found = check_name(typed)
    assert (found.text, found.reasons, found.warnings) == (written, (), warnings)


@pytest.mark.parametrize(("typed", "reason"), [
    ("", "empty"), ("  ", "empty"), ("长" * 51, "long"), ("李3", "sign"), ("·李", "sign"), ("李·", "sign"), ("李··示", "sign"),
    ("李(示)", "sign"), ("李?", "sign"), ("李\ue000", "private"), ("李\U000f0001", "private"), ("李\u200b示", "sign")])
def test_what_is_no_name(typed: str, reason: str) -> None:
    assert reason in check_name(typed).reasons


def test_rare_names_come_back_as_typed_and_old_numbers_find_their_person(world: World, now: datetime) -> None:
    # Two first-generation numbers by hand: the standard's own example 11010519491231002X was 110105491231002.
    assert eighteen("110105491231002") == "11010519491231002X"
    assert [eighteen(bad) for bad in ("11010549123100", "1101054912310021", "1101054912310０2", "")] == [None] * 4
    with world.db.unit_of_work(CN) as session:
        made = service.add_person(session, name="\U00020bb7㛃•示", id_number="110105491231002", actor=ROOT, now=now)
    with world.db.view(CN) as session:
        found = queries.person_by_number(session, "11010519491231002x")
        assert found is not None and (found.id, found.name) == (made.id, "\U00020bb7㛃·示")
        assert queries.person_by_number(session, "110105491231002") == found
    with world.db.unit_of_work(CN) as session, pytest.raises(InputError, match="name"):
        service.add_person(session, name="示\ue815", id_number=_person(400).id_number, actor=ROOT, now=now)


def test_a_correction_keeps_old_and_new_sealed(world: World, now: datetime, superuser: psycopg.Connection[tuple[object, ...]]) -> None:
    old, new = _person(401), _person(402)
    person_id = _add(world, old, now)
    head = world.actor("xj.head")
    with world.db.unit_of_work(head.scope) as session:
        done = service.correct_person(session, person_id=person_id, words={"id_number": new.id_number.lower(), "phone": new.phone,
                                                                            "name": old.name}, why="证件号录错", version=1,
                                      actor=head, now=now)
        assert done.version == 2
    with world.db.view(CN) as session:
        found = queries.person_by_number(session, new.id_number)
        assert found is not None and found.id == person_id
        assert queries.person_by_number(session, old.id_number) is None
        changes = {change.field: (change.old, change.new) for change in person_history.changes_of(session, person_id)}
        assert changes == {"id_number": (old.id_number, new.id_number), "phone": (old.phone, new.phone)}
        looked = session.exec(select(AccessRecord).where(AccessRecord.account_id == head.account_id)).all()
        assert [(row.what, row.reason) for row in looked] == [(f"person.changed:{person_id}:id_number,phone", "证件号录错")]
    rows = superuser.execute("SELECT c::text FROM person_change c").fetchall()
    assert rows and not any(number in str(row) or number.encode().hex() in str(row) for row in rows
                            for number in (old.id_number, new.id_number, old.phone))


def test_a_new_number_brings_its_birth_date_and_sex(world: World, now: datetime) -> None:
    person_id = _add(world, _person(403), now)
    other = synthetic_person(404, sex="M", born=date(1990, 2, 28), region=REGIONS["xinjiang"])
    with world.db.unit_of_work(CN) as session:
        service.correct_person(session, person_id=person_id, words={"id_number": other.id_number}, why="x", actor=ROOT, now=now)
        person = session.get_one(Person, person_id)
        assert (person.born, person.sex) == (date(1990, 2, 28), "M")
        fields = {change.field: (change.old, change.new) for change in person_history.changes_of(session, person_id)}
        assert fields["born"] == ("1985-03-07", "1990-02-28")
        assert fields["sex"] == ("F", "M")


def test_corrections_that_cannot_be(world: World, now: datetime) -> None:
    person_id, taken = _add(world, _person(405), now), _person(406)
    _add(world, taken, now)
    for words, code in (({"id_number": taken.id_number}, "number_taken"), ({"id_number": "110105194912310021"}, "identity_number"),
                        ({"name": "李3"}, "name"), ({"born": "1990-01-01"}, "person_field"), ({"died_on": "2026-2-30"}, "died_on")):
        with world.db.unit_of_work(CN) as session, pytest.raises((InputError, Conflict), match=code):
            service.correct_person(session, person_id=person_id, words=words, why="x", actor=ROOT, now=now)
    head = world.actor("xj.head")
    with world.db.unit_of_work(head.scope) as session:
        with pytest.raises(NotPermitted, match="own_record"):
            service.correct_person(session, person_id=world.person("xj.head"), words={"name": "他"}, why="x", actor=head, now=now)
        with pytest.raises(NotPermitted, match="role_missing"):
            service.correct_person(session, person_id=person_id, words={"name": "他"}, why="x", actor=world.actor("xj.clerk"), now=now)
        with pytest.raises(Conflict, match="stale_version"):
            service.correct_person(session, person_id=person_id, words={"name": "他"}, why="x", version=2, actor=head, now=now)


@pytest.mark.parametrize(("first", "last", "category"), [
    (EVENT_DAY, EVENT_DAY, "hardship"), (EVENT_DAY - timedelta(days=9), EVENT_DAY - timedelta(days=1), "normal"),
    (EVENT_DAY + timedelta(days=1), None, "normal"), (date(2020, 1, 1), None, "hardship")])
def test_the_category_on_the_events_day_feeds_the_computation(world: World, now: datetime, first: date, last: date | None,
                                                             category: str) -> None:
    claim_id, head = report(world, 0, now), world.actor("xj.head")
    person_id = world.member(0, "xj").person_id
    with world.db.unit_of_work(head.scope) as session:
        service.add_category(session, person_id=person_id, category="hardship", from_on=first, until_on=last, proof_sha256=PROOF,
                             actor=head, now=now)
    with world.db.view(CN) as session:
        assert benefit_queries.computation(session, [claim_id])[claim_id].person.category == category
        assert categories.categories_on(session, [person_id], EVENT_DAY) == {person_id: category}
        (change,) = person_history.changes_of(session, person_id)
        assert change.field == "category" and change.new is not None and change.new.startswith(f"困难（{first} 至")
        told = session.exec(select(AuditRecord).where(AuditRecord.chain_id == claim_id, AuditRecord.event == "category_changed")).all()
        assert len(told) == 1
        assert verify(session) == []


def test_periods_do_not_overlap_and_a_wrong_one_is_withdrawn(world: World, now: datetime) -> None:
    head, person_id = world.actor("xj.head"), world.member(0, "xj").person_id

    def add(category: str, first: date, last: date | None) -> uuid.UUID:
        with world.db.unit_of_work(head.scope) as session:
            return service.add_category(session, person_id=person_id, category=category, from_on=first, until_on=last,
                                        proof_sha256=PROOF, actor=head, now=now).id

    def word() -> str:
        with world.db.view(CN) as session:
            return session.get_one(Person, person_id).category

    poor = add("specially_poor", date(2026, 1, 1), date(2026, 6, 30))
    assert word() == "specially_poor"
    for first, last in ((date(2025, 1, 1), date(2026, 1, 1)), (date(2026, 6, 30), None), (date(2025, 1, 1), None)):
        with pytest.raises(Conflict, match=r"category_overlap.*特困（2026-01-01 至 2026-06-30）"):
            add("model_worker", first, last)
    add("model_worker", date(2026, 7, 1), None)
    assert word() == "specially_poor"
    with world.db.unit_of_work(head.scope) as session:
        service.withdraw_category(session, category_id=poor, why="材料有误", actor=head, now=now)
    assert word() == "normal"                       # today is in March; the other begins in July
    with world.db.unit_of_work(head.scope) as session:
        with pytest.raises(NotFound):
            service.withdraw_category(session, category_id=poor, why="x", actor=head, now=now)
        for category, proof, last, code in (
                ("normal", PROOF, None, "category"), ("hero", PROOF, None, "category"), ("hardship", "scan.png", None, "proof"),
                ("hardship", PROOF, date(2019, 1, 1), "category_dates")):
            with pytest.raises(InputError, match=code):
                service.add_category(session, person_id=person_id, category=category, from_on=date(2020, 1, 1), until_on=last,
                                     proof_sha256=proof, actor=head, now=now)


def test_nobody_confirms_the_own_category_or_a_relatives(world: World, now: datetime) -> None:
    head = world.actor("xj.head")
    with world.db.unit_of_work(CN) as session:
        service.add_kin(session, person_id=world.member(0, "xj").person_id, relative_id=world.person("xj.head"), relation="husband",
                        actor=ROOT, now=now)
        for person_id in (world.person("xj.head"), world.member(0, "xj").person_id):
            with pytest.raises(NotPermitted, match="own_or_kin"):
                service.add_category(session, person_id=person_id, category="hardship", from_on=EVENT_DAY, proof_sha256=PROOF,
                                     actor=head, now=now)


def test_a_category_without_days_is_dated_first(world: World, now: datetime) -> None:
    who = _person(410)
    with world.db.unit_of_work(CN) as session:
        person = service.add_person(session, name=who.name, id_number=who.id_number, category="model_worker", actor=ROOT, now=now)
        assert categories.categories_on(session, [person.id], EVENT_DAY) == {person.id: "model_worker"}
        with pytest.raises(Conflict, match="category_undated"):
            service.add_category(session, person_id=person.id, category="hardship", from_on=EVENT_DAY, proof_sha256=PROOF, actor=ROOT,
                                 now=now)
        service.add_category(session, person_id=person.id, category="model_worker", from_on=EVENT_DAY, proof_sha256=PROOF,
                             actor=ROOT, now=now)
        assert categories.categories_on(session, [person.id], EVENT_DAY - timedelta(days=1)) == {person.id: "normal"}


def test_open_claims_say_who_corrected_what(world: World, now: datetime) -> None:
    claim_id = in_review(world, 1, now)
    with world.db.unit_of_work(CN) as session:
        service.correct_person(session, person_id=world.member(1, "xj").person_id, words={"phone": "19900000001"}, why="换号",
                               actor=world.actor("xj.head"), now=now)
    with world.db.view(CN) as session:
        last = session.exec(select(AuditRecord).where(AuditRecord.chain_id == claim_id).order_by(sa.text("seq DESC"))).first()
        assert last is not None and (last.event, last.record["details"], last.record["reason"]) == (
            "person_corrected", {"fields": ["phone"]}, "换号")
        assert verify(session) == []


def test_a_death_noted_on_a_claim_is_in_the_history_once(world: World, now: datetime) -> None:
    person_id, head = world.member(1, "xj").person_id, world.actor("xj.head")
    with world.db.unit_of_work(CN) as session:
        for day in (date(2026, 3, 1), date(2026, 3, 1), date(2026, 3, 2)):
            service.note_died(session, person_id=person_id, died_on=day, actor=head, now=now)
        changes = {(change.field, change.old, change.new) for change in person_history.changes_of(session, person_id)}
        assert changes == {("died_on", None, "2026-03-01"), ("died_on", "2026-03-01", "2026-03-02")}
