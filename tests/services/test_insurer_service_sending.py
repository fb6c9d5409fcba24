"""What the office does: pack, send, repeat, send anew, recall, and when a claim may go at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.core.db import Database
from services.core.errors import Conflict, GuardFailed
from services.evidence import service as evidence
from services.insurer import queries
from services.insurer import service as insurer
from services.insurer.port import Dossier
from services.reporting.figures.service import refresh
from tests.services.handoff_world import (
    BREAST,
    collect,
    forward,
    hand_over,
    handoff,
    number,
    pack,
    rename,
    with_insurer,
)
from tests.services.insurer_world import Twin, running
from tests.services.review_world import (
    ROOT,
    SYSTEM,
    add_paper,
    change_facts,
    claim_row,
    in_review,
    levels,
    outcome,
    passes,
    route,
    verify,
)
from tests.support.world import World, build_world


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    with running(Path(tmp_path_factory.mktemp("twin"))) as found:
        yield found


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def test_packing_again_gives_the_same_bytes_and_a_changed_file_a_new_version(world: World, twin: Twin, now: datetime) -> None:
    claim = in_review(world, 0, now, office="nx", event=BREAST)
    passes(world, claim, "nx.clerk", now)
    forward(world, claim, now)
    [first] = pack(world, claim, now)
    [again] = pack(world, claim, now + timedelta(hours=2))
    assert again == first and again.at == now
    assert first.insured.id_number == world.member(0).synthetic.id_number
    assert [stay.days for stay in first.event.stays] == [10, None]
    change_facts(world.db, claim, "another paper")
    [changed] = pack(world, claim, now)
    assert (changed.version, changed.message_id != first.message_id) == (2, True)


def test_a_lost_receipt_is_repeated_with_the_same_bytes(world: World, twin: Twin, now: datetime) -> None:
    claim = in_review(world, 0, now, office="nx", event=BREAST)
    passes(world, claim, "nx.clerk", now)
    forward(world, claim, now)
    rename(world, claim)
    [dossier] = pack(world, claim, now)
    first = twin.port.send(dossier)                 # and the worker dies before it records the receipt
    hand_over(world, twin, claim, now + timedelta(minutes=5))
    assert handoff(world, claim).receipt_no == first.receipt_no
    with world.db.unit_of_work(ROOT) as session:    # the row of work comes a second time
        insurer.sent(session, dossier=dossier, receipt=first, actor=SYSTEM, now=now)
    assert handoff(world, claim).state == "sent"


def test_a_rejected_package_goes_again_as_a_new_version(world: World, twin: Twin, now: datetime) -> None:
    claim = with_insurer(world, twin, now)
    twin.walk(number(world, claim), "reject")
    assert collect(world, twin, claim, now) == 1
    row = handoff(world, claim)
    assert (row.state, row.package) == ("prepared", 2) and row.flags[0].startswith("rejected:unreadable_paper")
    clerk = world.actor("nx.clerk")
    with world.db.unit_of_work(clerk.scope) as session:
        insurer.resend(session, claim_id=claim, actor=clerk, now=now)
    assert hand_over(world, twin, claim, now).version == 2
    twin.walk(number(world, claim), "ack", "decide")
    collect(world, twin, claim, now)
    assert outcome(world.db, claim)[0] == "payable"


def test_a_recall_ends_the_round_and_the_claim_starts_over(world: World, twin: Twin, now: datetime) -> None:
    claim = with_insurer(world, twin, now)
    no = number(world, claim)
    office = world.actor("nx.office1")
    with world.db.unit_of_work(office.scope) as session:
        request = insurer.recall(session, claim_id=claim, reason="材料有误", actor=office, now=now)
    assert request is not None
    with world.db.view(ROOT) as session:        # owed by the worker too, should the caller fall before it asks
        owed = session.execute(sa.text("SELECT claim_id FROM outbox WHERE topic = 'insurer.recall'")).scalars().all()
    assert owed == [claim]
    twin.port.recall(request)
    twin.port.recall(request)
    assert outcome(world.db, claim)[0] == "with_insurer"
    twin.walk(no, "confirm_recall")
    assert collect(world, twin, claim, now) == 1
    assert (outcome(world.db, claim)[0], handoff(world, claim).state) == ("reported", "recalled")
    assert claim_row(world.db, claim).round == 2 and levels(world.db, claim) == []
    with world.db.view(ROOT) as session:
        assert insurer.recalls(session, now=now) == []


def test_a_recalled_claim_is_verified_in_time_again_and_its_former_promise_is_over(world: World, now: datetime) -> None:
    claim = in_review(world, 0, now, office="nx", event=BREAST)
    passes(world, claim, "nx.clerk", now)
    forward(world, claim, now)
    office = world.actor("nx.office1")
    with world.db.unit_of_work(office.scope) as session:
        insurer.recall(session, claim_id=claim, reason="材料有误", actor=office, now=now)
    with world.db.unit_of_work(ROOT) as session:
        clocks = session.execute(sa.text("SELECT round, kind, state, kept FROM sla_clock WHERE kind IN ('verification', 'pay')"
                                         " ORDER BY round, kind")).all()
        assert refresh(session, now=now + timedelta(minutes=1))
        stays = session.execute(sa.text("SELECT stage, round FROM stage_visit ORDER BY ordinal")).all()
    assert [tuple(row) for row in clocks] == [
        (1, "pay", "stopped", None), (1, "verification", "stopped", True), (2, "verification", "running", None)]
    assert [tuple(row) for row in stays[-2:]] == [("with_insurer", 1), ("reported", 2)]


def test_what_was_never_sent_comes_back_at_once(world: World, now: datetime) -> None:
    claim = in_review(world, 0, now, office="nx", event=BREAST)
    passes(world, claim, "nx.clerk", now)
    forward(world, claim, now)
    office = world.actor("nx.office1")
    with world.db.unit_of_work(office.scope) as session:
        assert insurer.recall(session, claim_id=claim, reason="材料有误", actor=office, now=now) is None
    assert (outcome(world.db, claim)[0], handoff(world, claim).state) == ("reported", "recalled")


def test_what_may_be_with_the_insurer_comes_back_only_by_its_word_and_papers_of_our_own_stay(world: World, now: datetime) -> None:
    claim = in_review(world, 0, now, office="nx", event=BREAST)
    passes(world, claim, "nx.clerk", now)
    forward(world, claim, now)
    with world.db.unit_of_work(ROOT) as session:
        for kind in ("withdrawal", "death_proof"):
            add_paper(session, claim, handoff(world, claim).org_key, kind, now)
    [dossier] = pack(world, claim, now)                 # it may have gone out since: only its receipt is missing
    assert dossier.papers and not {paper.kind for paper in dossier.papers} & {"withdrawal", "death_proof"}
    office = world.actor("nx.office1")
    with world.db.unit_of_work(office.scope) as session:
        asked = insurer.recall(session, claim_id=claim, reason="材料有误", actor=office, now=now)
    assert asked is not None and (asked.version, asked.reason) == (1, "材料有误")
    assert (outcome(world.db, claim)[0], handoff(world, claim).state) == ("with_insurer", "prepared")


def test_an_uncertified_claim_waits_until_the_units_days_are_over(world: World, now: datetime) -> None:
    claim = in_review(world, 0, now, office="nx", event=BREAST)          # Friday; the unit has two working days
    assert forward(world, claim, now + timedelta(days=4)) == []
    late = now + timedelta(days=5)
    with world.db.view(ROOT) as session:
        assert queries.certification_overdue(session, today=late.date()) == [claim]
    assert forward(world, claim, late) == [claim]
    assert handoff(world, claim).flags == ["certification_overdue"]


def test_a_file_that_was_with_the_member_finds_the_units_days_whole(world: World, now: datetime) -> None:
    """Away from Friday 20 March to Friday 3 April. Two working days from then, over the holiday of 4 to 6 April, are 8 April."""
    claim, clerk, back = in_review(world, 0, now, office="nx", event=BREAST), world.actor("nx.clerk"), now + timedelta(days=14)
    with world.db.unit_of_work(clerk.scope) as session:
        listed = evidence.ask(session, claim_id=claim, items=[{"paper": "pathology", "reason": "缺"}], actor=clerk, now=now).id
        evidence.deliver(session, supplement_id=listed, actor=clerk, now=now)
    with world.db.unit_of_work(clerk.scope) as session:
        evidence.answer(session, supplement_id=listed, actor=clerk, now=back, items=[
            {"paper": "pathology", "state": "unavailable", "note": "医院已撤并"}])
    verify(world, claim, back, verifier=clerk)
    route(world, claim, now=back)
    assert levels(world.db, claim)[0][:2] == ("unit", "open")
    with world.db.view(ROOT) as session:
        assert [queries.certification_overdue(session, today=date(2026, 4, day)) for day in (3, 8, 9)] == [[], [], [claim]]


def test_nothing_goes_out_without_consent(world: World, now: datetime) -> None:
    claim = in_review(world, 0, now, office="nx", event=BREAST)
    passes(world, claim, "nx.clerk", now)
    with world.db.unit_of_work(ROOT) as session:
        session.execute(sa.text("UPDATE consent SET withdrawn_at = :now"), {"now": now})
    assert forward(world, claim, now) == []
    with world.db.unit_of_work(ROOT) as session:
        session.execute(sa.text("UPDATE consent SET withdrawn_at = NULL"))
    assert forward(world, claim, now) == [claim]
    with world.db.unit_of_work(ROOT) as session:
        session.execute(sa.text("UPDATE consent SET withdrawn_at = :now"), {"now": now})
    with pytest.raises(GuardFailed) as error:
        pack(world, claim, now)
    assert error.value.code == "consent_missing"


def test_what_lacks_consent_holds_up_no_other_and_a_packed_file_waits_too(world: World, now: datetime) -> None:
    claims = [in_review(world, n, now, office="nx", event=BREAST) for n in range(2)]
    for claim in claims:
        passes(world, claim, "nx.clerk", now)
        assert forward(world, claim, now) == [claim]
    pack(world, claims[0], now)                         # and the insurer does not answer
    with world.db.unit_of_work(ROOT) as session:
        session.execute(sa.text("UPDATE consent SET withdrawn_at = :now WHERE case_id = (SELECT case_id FROM claim WHERE id = :id)"),
                        {"now": now, "id": claims[0]})
    with world.db.unit_of_work(ROOT) as session:
        packed = insurer.pack(session, claim_ids=claims, actor=SYSTEM, now=now)
    assert [one.code for one in packed if isinstance(one, GuardFailed)] == ["consent_missing"]
    assert [one.claim_no for one in packed if isinstance(one, Dossier)] == [number(world, claims[1])]
    assert handoff(world, claims[1]).package_sha256 is not None


def test_a_packed_file_goes_to_the_payee_of_the_day_it_goes(world: World, now: datetime) -> None:
    claim = in_review(world, 0, now, office="nx", event=BREAST)
    passes(world, claim, "nx.clerk", now)
    forward(world, claim, now)
    [first] = pack(world, claim, now)                   # and the insurer does not answer
    with world.db.unit_of_work(ROOT) as session:
        session.execute(sa.text("UPDATE payee SET bank_card_id = :card, relation = 'husband' WHERE claim_id = :id"), {
            "id": claim, "card": session.execute(sa.text("SELECT id FROM bank_card WHERE person_id = :other LIMIT 1"),
                                                 {"other": world.member(1, "nx").person_id}).scalar_one()})
        holder, last4 = session.execute(sa.text("SELECT holder, last4 FROM bank_card WHERE person_id = :other LIMIT 1"),
                                        {"other": world.member(1, "nx").person_id}).one()
    [second] = pack(world, claim, now)
    assert (second.payee.name, second.payee.account[-4:], second.payee.relation) == (holder, last4, "husband")
    assert (second.payee.account != first.payee.account, second.version, second.message_id != first.message_id) == (True, 2, True)
    assert pack(world, claim, now) == [second]


def test_a_receipt_for_what_was_packed_anew_meanwhile_is_not_taken_for_the_new_one(world: World, twin: Twin, now: datetime) -> None:
    claim = in_review(world, 0, now, office="nx", event=BREAST)
    passes(world, claim, "nx.clerk", now)
    forward(world, claim, now)
    rename(world, claim)
    [dossier] = pack(world, claim, now)
    receipt = twin.port.send(dossier)
    change_facts(world.db, claim, "another paper")
    pack(world, claim, now)                             # by another worker
    with pytest.raises(Conflict, match="package_changed"), world.db.unit_of_work(ROOT) as session:
        insurer.sent(session, dossier=dossier, receipt=receipt, actor=SYSTEM, now=now)
    assert handoff(world, claim).state == "prepared"


def test_an_illness_known_by_its_name_alone_waits_for_its_code(world: World, now: datetime) -> None:
    claim = in_review(world, 0, now, office="nx", event=BREAST)
    passes(world, claim, "nx.clerk", now)
    forward(world, claim, now)
    with world.db.unit_of_work(ROOT) as session:
        session.execute(sa.text("UPDATE claim SET event = event - 'icd10' WHERE id = :id"), {"id": claim})
    with pytest.raises(GuardFailed, match="icd10_missing"):
        pack(world, claim, now)


def test_a_receipt_is_recorded_only_of_what_was_packed_under_a_consent(world: World, twin: Twin, now: datetime) -> None:
    """Taken back after it was packed, what the insurer has is recorded as sent; of what was packed without consent it never is."""
    claim = in_review(world, 0, now, office="nx", event=BREAST)
    passes(world, claim, "nx.clerk", now)
    forward(world, claim, now)
    rename(world, claim)
    [dossier] = pack(world, claim, now)
    receipt = twin.port.send(dossier)
    for moment, code in ((-1, "consent_missing"), (0, "")):
        with world.db.unit_of_work(ROOT) as session:
            session.execute(sa.text("UPDATE consent SET withdrawn_at = :at"), {"at": dossier.at + timedelta(seconds=moment)})
        if code:
            with pytest.raises(GuardFailed, match=code), world.db.unit_of_work(ROOT) as session:
                insurer.sent(session, dossier=dossier, receipt=receipt, actor=SYSTEM, now=now)
    with world.db.unit_of_work(ROOT) as session:
        insurer.sent(session, dossier=dossier, receipt=receipt, actor=SYSTEM, now=now)
    assert handoff(world, claim).state == "sent"
