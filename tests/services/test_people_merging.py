"""Two records of one person become one: everything is re-pointed, both histories stay, and the way back is kept."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date, datetime

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from services.audit.verify import verify
from services.core.db import Database
from services.core.errors import Conflict, HuzhuError, InputError, NotPermitted
from services.enrolment import person_history, queries, service
from services.intake import service as intake
from services.models import AuditRecord, BankCard, Claim, Cover, FamilyTie, Payee, Person, PersonMerge
from services.notice import contacts
from services.notice.contacts import Wanted
from services.reporting import checks
from services.simulate.synthetic import synthetic_person
from tests.services.merging_world import CN, enrol, merge, mistyped, split
from tests.services.premium_world import end
from tests.services.review_world import MALIGNANT, in_review, levels, passes, report
from tests.support.proof import PROOF, keep_proof
from tests.support.road import decided, pay
from tests.support.world import NX_PLAN, ROOT, XJ_PLAN, World, build_world


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    keep_proof()
    return build_world(db, now)


def _owners(session: Session) -> set[tuple[str, str, str]]:
    """Who is named where: (table, row, person)."""
    rows = session.execute(sa.text("""
        SELECT 'cover', id::text, person_id::text FROM cover UNION ALL SELECT 'claim', id::text, person_id::text FROM claim
        UNION ALL SELECT 'payee', id::text, person_id::text FROM payee UNION ALL SELECT 'case', id::text, person_id::text FROM case_file
        UNION ALL SELECT 'card', id::text || coalesce(replaced_at::text, ''), person_id::text FROM bank_card
        UNION ALL SELECT 'account', id::text, person_id::text FROM account WHERE person_id IS NOT NULL
        UNION ALL SELECT 'payment', id::text, person_id::text FROM payment
        UNION ALL SELECT 'category', id::text, person_id::text FROM person_category
        UNION ALL SELECT 'proxy', id::text, person_id::text FROM proxy
        UNION ALL SELECT 'step', id::text, done_person::text FROM review_step WHERE done_person IS NOT NULL
        UNION ALL SELECT 'decision', id::text, decided_person::text FROM decision WHERE decided_person IS NOT NULL
        UNION ALL SELECT 'tie', relative_id::text || relation, person_id::text FROM family_tie"""))
    return {(row[0], row[1], row[2]) for row in rows}


def test_a_merger_repoints_everything_and_goes_back(world: World, now: datetime) -> None:
    """Kept: this year's cover with a claim paid. Dropped: last year's cover, a claim in review, kin, a category, a proxy."""
    kept = world.member(1, "xj").person_id
    pay(world, [decided(world, 1, now)], now)
    typed = mistyped(world, 1, 410)
    dropped = enrol(world, typed, date(2025, 1, 1), now)
    clerk = world.actor("xj.clerk")
    with world.db.unit_of_work(clerk.scope) as session:
        old_event = dict(MALIGNANT) | {"diagnosed_on": "2025-12-20", "specimen_on": "2025-12-18"}
        case = intake.report(session, person_id=dropped, event=old_event, channel="clerk", late_reason="住院", actor=clerk, now=now)
        claim_id = session.execute(sa.text("SELECT id FROM claim WHERE case_id = :case"), {"case": case.id}).scalar_one()
    with world.db.unit_of_work(CN) as session:
        for relative, relation in ((world.member(2, "xj").person_id, "sibling"), (kept, "other")):
            service.add_kin(session, person_id=dropped, relative_id=relative, relation=relation, actor=ROOT, now=now)
        service.add_category(session, person_id=dropped, category="hardship", from_on=date(2025, 1, 1), proof_sha256=PROOF,
                             actor=ROOT, now=now)
        service.add_proxy(session, person_id=dropped, proxy_id=world.member(3, "xj").person_id, from_on=date(2026, 3, 1),
                          until_on=date(2026, 4, 1), reason="病重", proof_sha256=PROOF, actor=ROOT, now=now)
        service.correct_person(session, person_id=dropped, words={"phone": "19900000009"}, why="换号", actor=ROOT, now=now)
        before = _owners(session)
    made = merge(world, kept, dropped, now)
    with world.db.view(CN) as session:
        assert not any(owner == str(dropped) for _, _, owner in _owners(session))
        assert {cover.effective for cover in queries.covers_of(session, kept)} == {date(2025, 1, 1), date(2026, 1, 1)}
        assert session.get_one(Claim, claim_id).person_id == kept
        assert set(session.exec(select(Payee.person_id).where(Payee.claim_id == claim_id)).all()) == {kept}
        ties = {(tie.relative_id, tie.relation) for tie in session.exec(select(FamilyTie).where(FamilyTie.person_id == kept)).all()}
        assert ties == {(world.member(2, "xj").person_id, "sibling"), (world.member(3, "xj").person_id, "proxy")}
        # The kept record's card is still the current one, the other is kept as a former one.
        current = queries.current_cards(session, [kept])[kept]
        assert current.last4 == world.member(1, "xj").synthetic.card[-4:]
        assert len(session.exec(select(BankCard).where(BankCard.person_id == kept)).all()) == 2
        # The old id and the old number still find her; both histories are read together.
        for found in (queries.person_by_number(session, typed.id_number), person_history.resolved(session, dropped),
                      queries.require_person(session, id_number=None, person_id=dropped)):
            assert found is not None and found.id == kept
        assert {change.field for change in person_history.changes_of(session, kept)} == {"kin", "category", "proxy", "phone", "merged"}
        last = session.exec(select(AuditRecord).where(AuditRecord.chain_id == claim_id).order_by(sa.text("seq DESC"))).first()
        assert last is not None and (last.event, last.record["reason"]) == ("person_merged", "同一人两条记录")
        assert checks.run(session) == []
        assert verify(session) == []
    split(world, made, now)
    with world.db.view(CN) as session:
        assert _owners(session) == before
        alone = person_history.resolved(session, dropped)
        assert alone is not None and alone.id == dropped
        assert checks.run(session) == []
        assert verify(session) == []
    with pytest.raises(Conflict, match="merge_undone"):
        split(world, made, now)


def test_overlapping_covers_are_named_and_nothing_is_merged(world: World, now: datetime) -> None:
    kept = world.member(2, "xj").person_id
    dropped = enrol(world, mistyped(world, 2, 411), date(2026, 12, 31), now)        # the last day of the kept one's cover
    with world.db.view(CN) as session:
        ours, theirs = (queries.covers_of(session, person)[0].certificate_no for person in (kept, dropped))
    with pytest.raises(Conflict) as refused:
        merge(world, kept, dropped, now)
    assert refused.value.code == "covers_overlap"
    assert all(word in refused.value.message for word in (XJ_PLAN, ours, theirs, "天山区示例一厂工会"))
    with world.db.view(CN) as session:
        assert session.exec(select(PersonMerge)).all() == []
        assert session.exec(select(Cover.person_id).where(Cover.certificate_no == theirs)).one() == dropped
    end(world, theirs, date(2026, 12, 30), now)             # taken back as the refusal asks: it covers no day any more
    merge(world, kept, dropped, now)
    with world.db.view(CN) as session:
        assert session.exec(select(Cover.person_id).where(Cover.certificate_no == theirs)).one() == kept


def test_a_number_of_the_dropped_record_enrols_the_kept_one(world: World, now: datetime) -> None:
    kept, typed = world.member(2, "xj").person_id, mistyped(world, 2, 413)
    with world.db.unit_of_work(CN) as session:
        dropped = service.add_person(session, name=typed.name, id_number=typed.id_number, actor=ROOT, now=now).id
    merge(world, kept, dropped, now)
    assert enrol(world, typed, date(2027, 1, 1), now) == kept
    claim = report(world, 2, now)
    with world.db.view(CN) as session:
        assert session.get_one(Claim, claim).person_id == kept


def test_a_writer_that_read_the_dropped_record_is_refused(world: World, now: datetime) -> None:
    """Its transaction is tried again and then finds the kept record; no cover is left on the dropped one."""
    kept, typed = world.member(2, "xj").person_id, mistyped(world, 2, 415)
    with world.db.unit_of_work(CN) as session:
        dropped = service.add_person(session, name=typed.name, id_number=typed.id_number, actor=ROOT, now=now).id
    merge(world, kept, dropped, now)
    with pytest.raises(sa.exc.OperationalError, match="record was merged"), world.db.unit_of_work(CN) as session:
        (cover,) = queries.covers_of(session, kept)
        copy = cover.model_dump(exclude={"id", "person_id", "certificate_no"})
        session.add(Cover(**copy, person_id=dropped, certificate_no="T1"))
        session.flush()


def test_a_decider_under_two_records_is_one_person(world: World, now: datetime) -> None:
    """Separation follows the merger: whom the record names as verifier may not decide under the other record."""
    claim_id = in_review(world, 1, now)
    with world.db.unit_of_work(CN) as session:
        other = synthetic_person(420)
        second = service.add_person(session, name=other.name, id_number=other.id_number, actor=ROOT, now=now).id
        session.execute(sa.text("UPDATE claim SET verified_person = :second WHERE id = :id"), {"second": second, "id": claim_id})
        service.merge_people(session, kept_id=world.person("xj.district"), dropped_id=second, why="同一人", actor=ROOT, now=now)
    passes(world, claim_id, "xj.clerk", now)
    # The district's only reviewer verified it: the level went up to the city.
    assert ("district", "open", "cn.xj.wlmq.") in levels(world.db, claim_id)
    with pytest.raises(HuzhuError, match="not_your_level"):
        passes(world, claim_id, "xj.district", now)


def test_rows_beyond_the_actors_scope_stop_the_merger(world: World, now: datetime) -> None:
    kept, typed = world.member(2, "xj").person_id, mistyped(world, 2, 414)
    dropped = enrol(world, typed, date(2026, 5, 1), now, plan=NX_PLAN, office="nx")
    with pytest.raises(NotPermitted, match="beyond_scope"):
        merge(world, kept, dropped, now)
    merge(world, kept, dropped, now, actor=ROOT)
    with world.db.view(CN) as session:
        assert {cover.plan for cover in queries.covers_of(session, kept)} == {XJ_PLAN, NX_PLAN}


def test_an_office_does_not_undo_what_it_cannot_give_back(world: World, now: datetime) -> None:
    """Her claim and cover at the other office would stay with a stranger for good: who reaches both undoes the merger."""
    claim_id = report(world, 0, now)
    kept, dropped, head = world.member(0, "nx").person_id, world.member(0, "xj").person_id, world.actor("nx.head")
    with world.db.view(CN) as session:
        before = _owners(session)
    made = merge(world, kept, dropped, now, actor=ROOT)
    with world.db.unit_of_work(head.scope) as session, pytest.raises(NotPermitted, match="beyond_scope"):
        service.split_people(session, merge_id=made.id, why="查明为两人", actor=head, now=now)
    with world.db.view(CN) as session:
        assert session.get_one(PersonMerge, made.id).undone_at is None and session.get_one(Person, dropped).merged_into == kept
    with world.db.unit_of_work(CN) as session:
        service.split_people(session, merge_id=made.id, why="查明为两人", actor=ROOT, now=now)
    with world.db.view(CN) as session:
        assert session.get_one(Claim, claim_id).person_id == dropped and _owners(session) == before


def test_mergers_that_cannot_be(world: World, now: datetime) -> None:
    kept, head = world.member(2, "xj").person_id, world.person("xj.head")
    for one, other, actor, code in ((kept, kept, "xj.head", "merge_self"), (kept, uuid.uuid4(), "xj.head", "person_missing"),
                                    (kept, head, "xj.head", "own_or_kin"), (kept, head, "xj.clerk", "role_missing")):
        with pytest.raises((InputError, NotPermitted, HuzhuError), match=code):
            merge(world, one, other, now, actor=world.actor(actor))


def test_a_chain_of_mergers_is_one_hop(world: World, now: datetime) -> None:
    with world.db.unit_of_work(CN) as session:
        one, two, three = (service.add_person(session, name="示例", id_number=synthetic_person(serial).id_number, actor=ROOT, now=now).id
                           for serial in (430, 431, 432))
        first = service.merge_people(session, kept_id=two, dropped_id=one, why="x", actor=ROOT, now=now)
        second = service.merge_people(session, kept_id=three, dropped_id=two, why="x", actor=ROOT, now=now)
        assert {session.get_one(Person, old).merged_into for old in (one, two)} == {three}
        with pytest.raises(Conflict, match="person_merged"):
            service.merge_people(session, kept_id=two, dropped_id=three, why="x", actor=ROOT, now=now)
        with pytest.raises(Conflict, match="merge_undone"):
            service.split_people(session, merge_id=first.id, why="x", actor=ROOT, now=now)      # the later one first
        service.split_people(session, merge_id=second.id, why="x", actor=ROOT, now=now)
        service.split_people(session, merge_id=first.id, why="x", actor=ROOT, now=now)
        assert {session.get_one(Person, old).merged_into for old in (one, two, three)} == {None}


def test_taking_messages_back_takes_back_the_numbers_of_both_records(world: World, now: datetime) -> None:
    """Each record had its own number for messages; she sees one of them and takes it back: the other may not go on being told."""
    kept, typed = world.member(1, "xj"), mistyped(world, 1, 416)
    with world.db.unit_of_work(CN) as session:
        dropped = service.add_person(session, name=typed.name, id_number=typed.id_number, actor=ROOT, now=now).id
        for person, number in ((kept.person_id, "13800001111"), (dropped, "13800002222")):
            contacts.choose(session, wanted=[Wanted("sms", number)], actor=replace(kept.actor, person_id=person), now=now)
    merge(world, kept.person_id, dropped, now)
    with world.db.unit_of_work(CN) as session:
        assert {contacts.address_of(row) for row in contacts.contacts(session, kept.person_id)} == {"13800001111", "13800002222"}
        contacts.choose(session, wanted=[], actor=kept.actor, now=now)
        assert contacts.contacts(session, kept.person_id) == []
