"""What the insurer says: asked, decided, settled, in any order, against its twin as a program of its own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.core.db import Database
from services.core.errors import Conflict
from services.evidence import service as evidence
from services.insurer import queries
from services.insurer import service as insurer
from services.insurer.messages import Settle
from services.models import Claim
from services.payment import queries as payments
from services.payment import service as payment
from tests.services.handoff_world import (
    collect,
    handoff,
    number,
    with_insurer,
)
from tests.services.insurer_world import Twin, polled, running
from tests.services.paying_world import heirs, prove_heirs
from tests.services.review_world import (
    MALIGNANT,
    ROOT,
    SYSTEM,
    outcome,
    pdf,
)
from tests.support.world import World, build_world


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    with running(Path(tmp_path_factory.mktemp("twin"))) as found:
        yield found


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def test_from_the_certificate_to_the_insurers_money(world: World, twin: Twin, now: datetime) -> None:
    claim = with_insurer(world, twin, now)
    assert (outcome(world.db, claim)[0], handoff(world, claim).state) == ("with_insurer", "sent")
    no = number(world, claim)
    twin.walk(no, "ack", "file", "decide", "settle")
    assert collect(world, twin, claim, now) == 4
    # S03's benefit: 100000 and (10 − 3) + (5 − 3) days at 100.
    assert outcome(world.db, claim) == ("payable", "pay", 10_090_000)
    row = handoff(world, claim)
    assert (row.state, bool(row.report_no), bool(row.case_no), bool(row.serial)) == ("settled", True, True, True)
    with world.db.view(ROOT) as session:
        decided = session.execute(sa.text("SELECT source, kind, amount_fen, decided_by, answer FROM decision")).one()
        held = session.execute(sa.text("SELECT benefit, amount_fen, days FROM reservation ORDER BY benefit")).all()
        money = queries.settlements(session, [claim])[claim]
        kinds = [message.state for message in queries.inbox(session, no)]
    assert tuple(decided)[:4] == ("insurer", "pay", 10_090_000, None)
    assert decided.answer["letter"]["number"] and decided.answer["letter"]["pdf_base64"]
    assert [tuple(item) for item in held] == [("breast_cancer", 10_000_000, 0), ("breast_cancer_allowance", 90_000, 9)]
    assert (f"{money.amount}", money.serial) == ("100900.00", row.serial) and money.bank_time is not None
    assert kinds == ["applied"] * 4
    assert collect(world, twin, claim, now) == 0


@pytest.mark.parametrize("shares", [([1, 1],), ([1, 2], [1, 2])], ids=["one heir", "two heirs"])
def test_what_went_to_the_dead_members_account_was_not_paid_to_her_heirs(
        world: World, twin: Twin, now: datetime, shares: tuple[list[int], ...]) -> None:
    """She dies while the insurer has her file: it pays the account that the file names."""
    claim, named = with_insurer(world, twin, now), heirs(*shares)
    no, clerk = number(world, claim), world.actor("nx.clerk")
    with world.db.unit_of_work(ROOT) as session:
        prove_heirs(session, session.get_one(Claim, claim), now)
    with world.db.unit_of_work(clerk.scope) as session:
        payment.note_death(session, claim_id=claim, died_on=date(2026, 3, 19), heirs=named, actor=clerk, now=now)
    twin.walk(no, "ack", "file", "decide", "settle")
    assert collect(world, twin, claim, now) == 4
    with world.db.unit_of_work(ROOT) as session:
        owed = payment.plan(session, claim_ids=[claim], actor=SYSTEM, now=now)
        assert (handoff(world, claim).state, queries.paid_by_insurer(session)) == ("decided", [])
        assert {row.state for row in owed} == {"planned"} and len(owed) == len(shares)
        [line] = payments.unmatched_lines(session)
        assert (line.fault, line.reference, line.amount_fen, line.payment_id) == ("payee_differs", no, 10_090_000, None)
    said = polled(twin, no)[-1]
    assert isinstance(said.body, Settle)
    right = said.model_copy(update={"message_id": uuid.uuid4(), "seq": said.seq + 1_000_000, "body": said.body.model_copy(
        update={"account_last4": str(named[0]["account"])[-4:]})})
    with world.db.unit_of_work(ROOT) as session:        # the account of one of two is not the other's
        insurer.receive(session, message=right, now=now)
        assert insurer.apply(session, claim_nos=[no], now=now) == 1
    alone = len(shares) == 1
    with world.db.unit_of_work(ROOT) as session:
        assert queries.paid_by_insurer(session) == [claim] * alone
        assert payment.announce(session, claim_ids=queries.paid_by_insurer(session), actor=SYSTEM, now=now) == [claim] * alone
        assert {row.state for row in payments.payments_of(session, claim)} == {"credited" if alone else "planned"}
        assert [row.fault for row in payments.unmatched_lines(session)] == ["payee_differs"] * len(shares)


def test_messages_in_any_order_end_in_the_same_place(world: World, twin: Twin, now: datetime) -> None:
    claim = with_insurer(world, twin, now)
    twin.walk(number(world, claim), "ack", "file", "decide", "settle")
    assert collect(world, twin, claim, now, backwards=True) == 4
    assert (outcome(world.db, claim)[0], handoff(world, claim).state) == ("payable", "settled")


def test_a_message_that_comes_too_early_waits_for_the_one_before(world: World, twin: Twin, now: datetime) -> None:
    claim = with_insurer(world, twin, now)
    no = number(world, claim)
    twin.walk(no, "ack", "file")
    ack, file = polled(twin, no)
    with world.db.unit_of_work(ROOT) as session:
        assert insurer.receive(session, message=file, now=now) is True
        assert insurer.receive(session, message=file, now=now) is False
        assert insurer.apply(session, claim_nos=[no], now=now) == 0
        assert queries.claims_with_waiting(session) == [no]
    assert handoff(world, claim).state == "sent"
    with world.db.unit_of_work(ROOT) as session:
        insurer.receive(session, message=ack, now=now)
        assert insurer.apply(session, claim_nos=[no], now=now) == 2
    assert handoff(world, claim).case_no == file.body.case_no  # type: ignore[union-attr]


@pytest.mark.parametrize("before", [2, 3], ids=["decided", "settled"])
def test_a_files_number_that_the_decision_overtook_is_kept(world: World, twin: Twin, now: datetime, before: int) -> None:
    claim = with_insurer(world, twin, now)
    no = number(world, claim)
    twin.walk(no, "ack", "file", "decide", "settle")
    ack, file, decide, settle = polled(twin, no)
    for message in [*[ack, decide, settle][:before], file]:
        with world.db.unit_of_work(ROOT) as session:
            insurer.receive(session, message=message, now=now)
            assert insurer.apply(session, claim_nos=[no], now=now) == 1
    assert handoff(world, claim).case_no == file.body.case_no  # type: ignore[union-attr]


def test_the_same_id_with_another_content_is_a_conflict(world: World, twin: Twin, now: datetime) -> None:
    claim = with_insurer(world, twin, now)
    twin.walk(number(world, claim), "ack")
    [message] = polled(twin, number(world, claim))
    with world.db.unit_of_work(ROOT) as session:
        insurer.receive(session, message=message, now=now)
        with pytest.raises(Conflict) as error:
            insurer.receive(session, message=message.model_copy(update={"at": now}), now=now)
    assert error.value.code == "message_differs"


def test_a_question_becomes_a_list_and_its_answer_goes_back(world: World, twin: Twin, now: datetime) -> None:
    claim = with_insurer(world, twin, now)
    no = number(world, claim)
    twin.walk(no, "ack", "file")
    twin.desk(no, "question", items=[{"code": "Q1", "paper": "pathology", "text": "请补充免疫组化"},
                                     {"code": "Q2", "text": "请说明就诊经过"}])
    assert collect(world, twin, claim, now) == 3
    assert (outcome(world.db, claim)[0], handoff(world, claim).state) == ("with_insurer", "questioned")
    with world.db.unit_of_work(ROOT) as session:
        supplement = session.execute(sa.text("SELECT id, source, state, items FROM supplement")).one()
        assert insurer.replies(session, claim_ids=[claim], now=now) == []
    assert (supplement.source, supplement.state) == ("insurer", "drafted")
    assert [item["paper"] for item in supplement.items] == ["pathology", "other"]
    later = now + timedelta(days=3)
    clerk = world.actor("nx.clerk")
    with world.db.unit_of_work(clerk.scope) as session:
        evidence.deliver(session, supplement_id=supplement.id, on=None, actor=clerk, now=now)
    with world.db.unit_of_work(clerk.scope) as session:
        evidence.upload(session, claim_id=claim, kind="pathology", file_name="免疫组化.pdf", content=pdf("免疫组化"),
                        actor=clerk, now=later)
        evidence.answer(session, supplement_id=supplement.id, on=None, actor=clerk, now=later, items=[
            {"paper": "pathology", "state": "answered", "note": ""},
            {"paper": "other", "state": "unavailable", "note": "病历已遗失"}])
    with world.db.unit_of_work(ROOT) as session:
        [answers] = insurer.replies(session, claim_ids=[claim], now=later)
        [again] = insurer.replies(session, claim_ids=[claim], now=later + timedelta(hours=1))
    assert answers.message_id == again.message_id and answers.body() == again.body()
    assert [(item.code, item.unavailable, len(item.papers)) for item in answers.items] == [("Q1", False, 1), ("Q2", True, 0)]
    twin.port.reply(answers)
    for _ in range(2):
        with world.db.unit_of_work(ROOT) as session:
            insurer.replied(session, answers=answers, actor=SYSTEM, now=later)
    assert handoff(world, claim).state == "received"
    twin.walk(no, "decide")
    assert collect(world, twin, claim, later) == 1
    assert outcome(world.db, claim)[0] == "payable"


def test_the_insurer_refuses_and_nothing_is_held_on_the_cover(world: World, twin: Twin, now: datetime) -> None:
    claim = with_insurer(world, twin, now, event={**MALIGNANT, "icd10": "D05.900", "behaviour": "2", "severity": "in_situ"})
    twin.walk(number(world, claim), "ack", "file", "decide", "settle")
    assert collect(world, twin, claim, now) == 4
    assert outcome(world.db, claim) == ("refused", "nothing", 0)
    assert handoff(world, claim).state == "settled"
    with world.db.view(ROOT) as session:
        decided = session.execute(sa.text("SELECT kind, reason FROM decision")).one()
        assert session.execute(sa.text("SELECT count(*) FROM reservation")).scalar_one() == 0
    assert tuple(decided) == ("nothing", "in_situ")


def test_the_insurer_pays_less_than_we_computed_and_the_cover_keeps_the_rest(world: World, twin: Twin, now: datetime) -> None:
    claim = with_insurer(world, twin, now)
    no = number(world, claim)
    twin.walk(no, "ack", "file")
    twin.desk(no, "decide", adjust={"breast_cancer_allowance": {"amount": "500.00", "reason": "no_paid_days"}})
    collect(world, twin, claim, now)
    assert outcome(world.db, claim) == ("payable", "part", 10_050_000)
    with world.db.view(ROOT) as session:
        held = session.execute(sa.text("SELECT amount_fen, days FROM reservation WHERE benefit LIKE '%allowance'")).one()
    assert tuple(held) == (50_000, 5)


def test_a_message_about_an_unknown_claim_is_kept_and_leaves_no_gap(world: World, twin: Twin, now: datetime) -> None:
    claim = with_insurer(world, twin, now)
    twin.walk(number(world, claim), "ack")
    everything, page = [], twin.port.messages(0)
    while page:
        everything += page
        page = twin.port.messages(page[-1].seq)
    with world.db.unit_of_work(ROOT) as session:
        for message in everything:
            insurer.receive(session, message=message, now=now)
        assert queries.last_seq(session) == everything[-1].seq
        states = session.execute(sa.text("SELECT DISTINCT state FROM insurer_message WHERE claim_no <> :no"),
                                 {"no": number(world, claim)}).scalars().all()
    assert states in ([], ["rejected"])
