"""Money from the decision to the bank's credit, on a real database."""

from __future__ import annotations

import threading
import uuid
from datetime import date, datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from services.core.clock import at_hour
from services.core.db import Database
from services.core.errors import Conflict, GuardFailed, InputError, NotPermitted
from services.core.identity import luhn
from services.core.settings import settings
from services.models import BankLine, Claim, InsurerMessage, Payee, Payment, PaymentRun, Person
from services.payment import queries
from services.payment import service as payment
from services.payment.banks import layout_of
from services.payment.banks.icbc import IcbcFormat
from services.payment.port import Answer
from services.simulate.synthetic import synthetic_card, synthetic_person
from tests.services.paying_world import decided, paper
from tests.support.world import ROOT, World, build_world

CREDIT_DAY = at_hour(date(2026, 3, 24), 10)


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def made(world: World, now: datetime, *amounts: int) -> list[uuid.UUID]:
    """Payable claims of Xinjiang members 0, 1, … with their payments planned."""
    with world.db.unit_of_work(ROOT.scope) as session:
        claims = [decided(session, world, n, fen, now=now).id for n, fen in enumerate(amounts)]
        payment.plan(session, claim_ids=claims, actor=ROOT, now=now)
    return claims


def in_run(world: World, now: datetime, bank: str = "ICBC") -> uuid.UUID:
    """A run built and submitted by the maker."""
    maker = world.actor("xj.maker")
    with world.db.unit_of_work(maker.scope) as session:
        run = payment.build_run(session, plan="xj-women", bank=bank, actor=maker, now=now)
        payment.submit(session, run_id=run.id, actor=maker, now=now)
    return run.id


def sent(world: World, now: datetime, bank: str = "ICBC") -> uuid.UUID:
    """A run released by the checker and written."""
    run_id, checker = in_run(world, now, bank), world.actor("xj.checker")
    with world.db.unit_of_work(checker.scope) as session:
        payment.release(session, run_id=run_id, actor=checker, now=now)
    with world.db.unit_of_work(ROOT.scope) as session:
        payment.write_file(session, run_id=run_id, actor=ROOT, now=now)
    return run_id


def answer(session: Session, line: BankLine, status: str, serial: str = "B1", **other: object) -> Answer:
    """What the bank says to a line we sent."""
    paid = session.get_one(Payment, line.payment_id)
    person = session.get_one(Person, paid.person_id)
    from services.enrolment.queries import card_number
    from services.models import BankCard

    values: dict[str, object] = {
        "line_no": line.line_no, "reference": line.reference, "amount_fen": line.amount_fen, "status": status,
        "account": card_number(session.get_one(BankCard, paid.bank_card_id)), "holder": person.name, "serial": serial,
        "bank_time": CREDIT_DAY, "reason": "" if status == "credited" else "账户已销户"}
    return Answer(**(values | other))  # type: ignore[arg-type]


def returned_file(world: World, run_id: uuid.UUID, *status: str, bank: str = "ICBC", **other: object) -> bytes:
    """The bank's file over the lines of a run, one status a line."""
    with world.db.view(ROOT.scope) as session:
        run = session.get_one(PaymentRun, run_id)
        lines = session.exec(select(BankLine).where(BankLine.run_id == run_id, BankLine.kind == "sent").order_by(
            col(BankLine.line_no))).all()
        return layout_of(bank).answer(run.run_no, [answer(session, line, word, **other)
                                                  for line, word in zip(lines, status, strict=True)])


def read(world: World, content: bytes, now: datetime) -> payment.ReturnSummary:
    maker = world.actor("xj.maker")
    with world.db.unit_of_work(maker.scope) as session:
        return payment.read_return(session, content=content, file_name="r.txt", actor=maker, now=now)


def states(world: World, claim_id: uuid.UUID) -> list[tuple[str, int, int]]:
    with world.db.view(ROOT.scope) as session:
        return [(row.state, row.amount_fen, row.attempt) for row in queries.payments_of(session, claim_id)]


def test_from_decision_to_credit(world: World, now: datetime) -> None:
    first, second = made(world, now, 6_000_000, 200_000)
    run_id = sent(world, now)
    with world.db.view(ROOT.scope) as session:
        run = session.get_one(PaymentRun, run_id)
        assert (run.state, run.count, run.total_fen) == ("sent", 2, 6_200_000)
        laid = settings().bank_dir / f"ICBC_{run.run_no}.txt"
        assert len(laid.read_bytes().splitlines()) == 4        # header, two payments, trailer
    summary = read(world, returned_file(world, run_id, "credited", "credited"), now)
    assert len(summary.credited) == 2 and not summary.unmatched
    with world.db.unit_of_work(ROOT.scope) as session:
        settled = payment.settle(session, claim_ids=[first, second], actor=ROOT, now=now + timedelta(days=5))
        assert set(settled) == {first, second}
    with world.db.view(ROOT.scope) as session:
        assert session.get_one(Claim, first).state == "paid"
        assert session.get_one(PaymentRun, run_id).state == "reconciled"
        clock = session.connection().exec_driver_sql(
            "SELECT stopped_on, kept FROM sla_clock WHERE kind = 'pay' AND claim_id = %s", (first,)).one()
    assert tuple(clock) == (date(2026, 3, 24), True)           # the bank's day, not the day we heard


def test_planning_twice_adds_nothing(world: World, now: datetime) -> None:
    (claim,) = made(world, now, 6_000_000)
    with world.db.unit_of_work(ROOT.scope) as session:
        assert payment.plan(session, claim_ids=[claim], actor=ROOT, now=now) == []
    assert states(world, claim) == [("planned", 6_000_000, 1)]


def test_same_return_file_twice_changes_nothing(world: World, now: datetime) -> None:
    made(world, now, 6_000_000)
    content = returned_file(world, sent(world, now), "credited")
    read(world, content, now)
    again = read(world, content, now)
    assert again.repeated and not again.credited
    with world.db.view(ROOT.scope) as session:
        assert len(session.exec(select(BankLine).where(BankLine.kind == "credit")).all()) == 1


def test_second_file_with_the_same_credit_is_kept_as_answered(world: World, now: datetime) -> None:
    (claim,) = made(world, now, 6_000_000)
    run_id = sent(world, now)
    read(world, returned_file(world, run_id, "credited"), now)
    other = read(world, returned_file(world, run_id, "credited", serial="B2"), now)
    assert [line.fault for line in other.unmatched] == ["already_answered"]
    assert states(world, claim) == [("credited", 6_000_000, 1)]


def test_return_correct_reissue_pays_once(world: World, now: datetime) -> None:
    """S12: a closed account, another card, two persons; the old attempt's late credit pays nothing a second time."""
    (claim,) = made(world, now, 1_500_000)
    run_id = sent(world, now)
    late_credit = returned_file(world, run_id, "credited", serial="LATE")
    read(world, returned_file(world, run_id, "returned"), now)
    assert states(world, claim) == [("returned", 1_500_000, 1)]
    clerk, maker, number = world.actor("xj.clerk"), world.actor("xj.maker"), synthetic_card("CCB", 7001)
    assert luhn(number)
    with world.db.unit_of_work(clerk.scope) as session:
        paid = queries.payments_of(session, claim)[0]
        holder = session.get_one(Person, paid.person_id).name
        payment.propose_card(session, payment_id=paid.id, bank="CCB", number=number, holder=holder, actor=clerk, now=now)
    with world.db.unit_of_work(maker.scope) as session:
        payment.confirm_card(session, payment_id=paid.id, actor=maker, now=now)
    assert states(world, claim) == [("planned", 1_500_000, 2)]
    second = sent(world, now)
    assert [line.fault for line in read(world, late_credit, now).unmatched] == ["late_answer"]
    assert states(world, claim) == [("sent", 1_500_000, 2)]
    read(world, returned_file(world, second, "credited", serial="B9"), now)
    assert states(world, claim) == [("credited", 1_500_000, 2)]
    with world.db.unit_of_work(ROOT.scope) as session:
        assert payment.settle(session, claim_ids=[claim], actor=ROOT, now=now) == [claim]
        good = session.exec(select(BankLine).where(BankLine.kind == "credit", col(BankLine.fault).is_(None))).all()
        assert [(line.amount_fen, line.attempt) for line in good] == [(1_500_000, 2)]


def test_one_person_cannot_correct_alone(world: World, now: datetime) -> None:
    (claim,) = made(world, now, 1_500_000)
    read(world, returned_file(world, sent(world, now), "returned"), now)
    maker = world.actor("xj.maker")
    with world.db.unit_of_work(maker.scope) as session:
        paid = queries.payments_of(session, claim)[0]
        holder = session.get_one(Person, paid.person_id).name
        payment.propose_card(session, payment_id=paid.id, bank="ICBC", number=synthetic_card("ICBC", 7002), holder=holder,
                             actor=maker, now=now)
    with pytest.raises(GuardFailed, match="two_persons_needed"), world.db.unit_of_work(maker.scope) as session:
        payment.confirm_card(session, payment_id=paid.id, actor=maker, now=now)


def test_a_card_of_another_person_is_refused(world: World, now: datetime) -> None:
    (claim,) = made(world, now, 1_500_000)
    read(world, returned_file(world, sent(world, now), "returned"), now)
    clerk = world.actor("xj.clerk")
    with pytest.raises(InputError, match="holder_differs"), world.db.unit_of_work(clerk.scope) as session:
        paid = queries.payments_of(session, claim)[0]
        payment.propose_card(session, payment_id=paid.id, bank="ICBC", number=synthetic_card("ICBC", 7003),
                             holder="别人", actor=clerk, now=now)


@pytest.mark.parametrize(("other", "fault"), [({"amount_fen": 1}, "amount_differs"), ({"holder": "别人"}, "payee_differs"),
                                              ({"account": "1"}, "payee_differs"), ({"reference": "X-1"}, "unknown_reference")])
def test_lines_that_match_nothing_are_kept(world: World, now: datetime, other: dict[str, object], fault: str) -> None:
    (claim,) = made(world, now, 1_500_000)
    summary = read(world, returned_file(world, sent(world, now), "credited", **other), now)
    assert [line.fault for line in summary.unmatched] == [fault]
    assert states(world, claim) == [("sent", 1_500_000, 1)]
    with world.db.view(ROOT.scope) as session:
        assert [line.fault for line in queries.unmatched_lines(session)] == [fault]


def test_credit_then_return_comes_back(world: World, now: datetime) -> None:
    (claim,) = made(world, now, 1_500_000)
    run_id = sent(world, now)
    read(world, returned_file(world, run_id, "credited"), now)
    read(world, returned_file(world, run_id, "returned"), now)
    assert states(world, claim) == [("returned", 1_500_000, 1)]
    with world.db.unit_of_work(ROOT.scope) as session:
        assert payment.settle(session, claim_ids=[claim], actor=ROOT, now=now) == []


def test_maker_is_not_checker_is_not_decider(world: World, now: datetime) -> None:
    (claim,) = made(world, now, 6_000_000)
    run_id, maker, checker = in_run(world, now), world.actor("xj.maker"), world.actor("xj.checker")
    with pytest.raises(NotPermitted), world.db.unit_of_work(maker.scope) as session:
        payment.release(session, run_id=run_id, actor=maker, now=now)
    same_person = type(checker)(checker.account_id, maker.person_id, checker.org_key, checker.name, checker.roles)
    with pytest.raises(GuardFailed, match="maker_not_separate"), world.db.unit_of_work(maker.scope) as session:
        payment.release(session, run_id=run_id, actor=same_person, now=now)
    verifier = type(checker)(checker.account_id, world.person("xj.office1"), checker.org_key, checker.name, checker.roles)
    with pytest.raises(GuardFailed, match="actor_decided_before"), world.db.unit_of_work(checker.scope) as session:
        payment.release(session, run_id=run_id, actor=verifier, now=now)
    assert states(world, claim) == [("batched", 6_000_000, 1)]


def test_maker_who_decided_finds_nothing_to_pay(world: World, now: datetime) -> None:
    made(world, now, 6_000_000)
    maker = world.actor("xj.maker")
    verifier = type(maker)(maker.account_id, world.person("xj.office1"), maker.org_key, maker.name, maker.roles)
    with pytest.raises(InputError, match="run_empty"), world.db.unit_of_work(maker.scope) as session:
        payment.build_run(session, plan="xj-women", bank="ICBC", actor=verifier, now=now)


def test_change_after_submit_refuses_release(world: World, now: datetime) -> None:
    first, _ = made(world, now, 6_000_000, 200_000)
    run_id, maker, checker = in_run(world, now), world.actor("xj.maker"), world.actor("xj.checker")
    with world.db.unit_of_work(maker.scope) as session:
        paid = queries.payments_of(session, first)[0]
        payment.exclude(session, payment_ids=[paid.id], reason="wrong", actor=maker, now=now)
    with pytest.raises(GuardFailed, match="run_changed"), world.db.unit_of_work(checker.scope) as session:
        payment.release(session, run_id=run_id, actor=checker, now=now)
    with world.db.unit_of_work(checker.scope) as session:
        payment.send_back(session, run_id=run_id, reason="run_changed", actor=checker, now=now)
    with world.db.unit_of_work(maker.scope) as session:
        again = payment.submit(session, run_id=run_id, actor=maker, now=now)
        assert (again.count, again.total_fen) == (1, 200_000)
    with world.db.unit_of_work(checker.scope) as session:
        assert payment.release(session, run_id=run_id, actor=checker, now=now).state == "released"


def test_fund_that_does_not_cover_refuses(world: World, now: datetime) -> None:
    made(world, now, 1_000_100_000_00)
    run_id, checker = in_run(world, now), world.actor("xj.checker")
    with pytest.raises(GuardFailed, match="fund_short"), world.db.unit_of_work(checker.scope) as session:
        payment.release(session, run_id=run_id, actor=checker, now=now)


def test_held_claim_stays_out_and_a_hold_stops_release(world: World, now: datetime) -> None:
    first, second = made(world, now, 6_000_000, 200_000)
    with world.db.unit_of_work(ROOT.scope) as session:
        session.get_one(Claim, first).held = True
    run_id, checker = in_run(world, now), world.actor("xj.checker")
    assert states(world, first) == [("planned", 6_000_000, 1)]
    with world.db.unit_of_work(ROOT.scope) as session:
        session.get_one(Claim, second).held = True
    with pytest.raises(GuardFailed, match="on_hold"), world.db.unit_of_work(checker.scope) as session:
        payment.release(session, run_id=run_id, actor=checker, now=now)


def test_writing_the_file_again_lays_the_same_bytes(world: World, now: datetime) -> None:
    made(world, now, 6_000_000)
    run_id = sent(world, now, "CCB")
    with world.db.unit_of_work(ROOT.scope) as session:
        path = payment.write_file(session, run_id=run_id, actor=ROOT, now=now)
        before = path.read_bytes()
        path.unlink()
        path = payment.write_file(session, run_id=run_id, actor=ROOT, now=now + timedelta(hours=3))
        assert path.read_bytes() == before
        assert len(session.exec(select(BankLine).where(BankLine.kind == "sent")).all()) == 1


def test_another_office_cannot_see_the_run(world: World, now: datetime) -> None:
    made(world, now, 6_000_000)
    run_id, stranger = in_run(world, now), world.actor("nx.checker")
    with pytest.raises(Exception, match="not_found"), world.db.unit_of_work(stranger.scope) as session:
        payment.release(session, run_id=run_id, actor=stranger, now=now)


def heirs(*shares: list[int]) -> list[dict[str, object]]:
    people = [synthetic_person(450 + n, sex="M" if n == 0 else "F", born=date(1979 + n, 1, 2)) for n in range(len(shares))]
    return [{"name": person.name, "id_number": person.id_number, "relation": "husband" if n == 0 else "child",
             "share": share, "bank": "ICBC", "account": person.card}
            for n, (person, share) in enumerate(zip(people, shares, strict=True))]


def test_heirs_share_by_fen_and_the_first_takes_the_rest(world: World, now: datetime) -> None:
    """100.00 yuan in thirds: 33.34, 33.33, 33.33; what was batched for the member leaves its run."""
    (claim,) = made(world, now, 10_000)
    run_id, clerk = in_run(world, now), world.actor("xj.clerk")
    with world.db.unit_of_work(clerk.scope) as session:
        paper(session, session.get_one(Claim, claim), "death_proof", now)
        payment.note_death(session, claim_id=claim, died_on=date(2026, 3, 15), heirs=heirs([1, 3], [1, 3], [1, 3]),
                           actor=clerk, now=now)
    assert sorted(states(world, claim)) == [("cancelled", 10_000, 1), ("planned", 3333, 1), ("planned", 3333, 1),
                                            ("planned", 3334, 1)]
    with world.db.view(ROOT.scope) as session:
        assert [payee.ordinal for payee in queries.payees_of(session, claim)] == [1, 2, 3]
        first = queries.payees_of(session, claim)[0]
        assert [row.amount_fen for row in queries.payments_of(session, claim) if row.payee_id == first.id] == [3334]
        assert queries.payments_of_run(session, run_id) == []


def test_shares_that_do_not_add_up_are_refused(world: World, now: datetime) -> None:
    (claim,) = made(world, now, 10_000)
    clerk = world.actor("xj.clerk")
    with pytest.raises(InputError, match="heir_shares_sum"), world.db.unit_of_work(clerk.scope) as session:
        payment.note_death(session, claim_id=claim, died_on=date(2026, 3, 15), heirs=heirs([1, 2], [1, 3]), actor=clerk,
                           now=now)


def test_death_needs_its_proof(world: World, now: datetime) -> None:
    (claim,) = made(world, now, 10_000)
    clerk = world.actor("xj.clerk")
    with pytest.raises(GuardFailed), world.db.unit_of_work(clerk.scope) as session:
        payment.note_death(session, claim_id=claim, died_on=date(2026, 3, 15), heirs=heirs([1, 1]), actor=clerk, now=now)
    with world.db.view(ROOT.scope) as session:
        assert [payee.relation for payee in session.exec(select(Payee).where(Payee.claim_id == claim))] == ["self"]


def test_a_name_gbk_cannot_carry_names_the_field(world: World, now: datetime) -> None:
    from services.payment.port import Batch, Order

    with pytest.raises(InputError, match="䶮") as caught:
        IcbcFormat().write(Batch("P2026000001", now, [Order("R", 1, "ICBC", "1", "王䶮", "互助金")]))
    assert caught.value.field == "person.name"


def test_run_needs_its_own_maker_to_submit(world: World, now: datetime) -> None:
    made(world, now, 10_000)
    run_id, maker = in_run(world, now), world.actor("xj.maker")
    with pytest.raises(Conflict), world.db.unit_of_work(maker.scope) as session:
        payment.submit(session, run_id=run_id, actor=maker, now=now)


def settled_by_insurer(session: Session, claim: Claim, amount: str, now: datetime, message: str = "m1") -> None:
    session.add(InsurerMessage(
        message_id=message, org_key=claim.org_key, claim_no=claim.claim_no, seq=int(message[1:]), kind="settle", sent_at=now,
        body={"amount": amount, "bank_time": CREDIT_DAY.isoformat(), "serial": "PA77", "account_last4": "3001"},
        received_at=now, state="applied"))
    session.flush()


def test_what_the_insurer_paid_is_credited_by_its_message(world: World, now: datetime) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 0, 10_000_000, now=now, office="nx")
        payment.plan(session, claim_ids=[claim.id], actor=ROOT, now=now)
        assert payment.announce(session, claim_ids=[claim.id], actor=ROOT, now=now) == []       # nothing heard yet
        settled_by_insurer(session, claim, "100000.00", now)
        assert payment.announce(session, claim_ids=[claim.id], actor=ROOT, now=now) == [claim.id]
        assert payment.announce(session, claim_ids=[claim.id], actor=ROOT, now=now) == []
        assert payment.settle(session, claim_ids=[claim.id], actor=ROOT, now=now) == [claim.id]
        [paid] = queries.payments_of(session, claim.id)
        assert (paid.state, paid.channel, paid.serial, paid.credited_at) == ("credited", "insurer", "PA77", CREDIT_DAY)


def test_an_insurers_wrong_sum_moves_nothing(world: World, now: datetime) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 0, 10_000_000, now=now, office="nx")
        payment.plan(session, claim_ids=[claim.id], actor=ROOT, now=now)
        settled_by_insurer(session, claim, "99999.99", now)
        assert payment.announce(session, claim_ids=[claim.id], actor=ROOT, now=now) == []
        assert payment.announce(session, claim_ids=[claim.id], actor=ROOT, now=now) == []
        assert [line.fault for line in queries.unmatched_lines(session)] == ["amount_differs"]
        settled_by_insurer(session, claim, "100000.00", now, "m2")
        assert payment.announce(session, claim_ids=[claim.id], actor=ROOT, now=now) == [claim.id]


def test_insurers_payment_never_enters_our_run(world: World, now: datetime) -> None:
    maker = world.actor("nx.maker")
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 0, 10_000_000, now=now, office="nx")
        payment.plan(session, claim_ids=[claim.id], actor=ROOT, now=now)
    with pytest.raises(InputError, match="fund_missing"), world.db.unit_of_work(maker.scope) as session:
        payment.build_run(session, plan="nx-ankangbao", bank="ICBC", actor=maker, now=now)


def test_two_plannings_at_once_plan_once(world: World, now: datetime) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 0, 10_000, now=now).id
    start, planned = threading.Barrier(2), list[int]()

    def work() -> None:
        start.wait()
        with world.db.unit_of_work(ROOT.scope) as session:
            planned.append(len(payment.plan(session, claim_ids=[claim], actor=ROOT, now=now)))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(planned) == [0, 1]
    assert states(world, claim) == [("planned", 10_000, 1)]
