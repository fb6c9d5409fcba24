"""Letters on a real database: which, to whom, with which number, and what they say."""

from __future__ import annotations

import subprocess
import threading
import uuid
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from services.core.clock import at_hour
from services.core.db import Database
from services.core.errors import GuardFailed, InputError
from services.models import Claim, Handoff, Notice, Person, Supplement
from services.notice import queries
from services.notice import service as notice
from services.payment import service as payment
from tests.services.paying_world import (
    CREDIT_DAY,
    consent,
    decided,
    heirs,
    paper,
    prove_heirs,
    read,
    returned_file,
    sent,
)
from tests.support.world import ROOT, World, build_world


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def text_of(pdf: bytes, tmp_path: Path) -> str:
    """The letter's words, without blanks and line ends."""
    path = tmp_path / "letter.pdf"
    path.write_bytes(pdf)
    found = subprocess.run(["pdftotext", "-layout", str(path), "-"], check=True, capture_output=True).stdout.decode()
    return "".join(found.split())


def written(session: Session, topic: str, claim: uuid.UUID, now: datetime, *subjects: uuid.UUID) -> list[Notice]:
    drafted = notice.draft(session, topic=topic, claim_ids=[claim], subject_ids=subjects, actor=ROOT, now=now)
    return notice.issue(session, notice_ids=[row.id for row in drafted], actor=ROOT, now=now)


def words(session: Session, row: Notice, tmp_path: Path) -> str:
    return text_of(queries.content(session, row.id), tmp_path)


def test_decision_names_sum_account_day_and_number(world: World, now: datetime, tmp_path: Path) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 0, 6_000_000, now=now)
        [letter] = written(session, "claim.approve", claim.id, now)
        said = words(session, letter, tmp_path)
    assert (letter.code, letter.state, letter.number) == ("decision", "issued", "新互通〔2026〕1号")
    assert "60000.00元" in said and "人民币陆万元整" in said
    assert "乳腺癌（C50.900）" in said
    assert world.member(0, "xj").synthetic.card[-4:] in said
    assert "2026年4月9日" in said                     # 15 working days after 18 March, 清明 skipped
    assert "新互通〔2026〕1号" in said


def test_same_cause_never_makes_two(world: World, now: datetime) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 0, 6_000_000, now=now)
        first = notice.draft(session, topic="claim.approve", claim_ids=[claim.id], actor=ROOT, now=now)
        again = notice.draft(session, topic="claim.approve", claim_ids=[claim.id], actor=ROOT, now=now)
        assert [row.id for row in first] == [row.id for row in again]
        issued = notice.issue(session, notice_ids=[first[0].id], actor=ROOT, now=now)
        assert len(issued) == 1
        assert notice.issue(session, notice_ids=[first[0].id], actor=ROOT, now=now) == []
        assert session.exec(select(Notice.id).where(Notice.claim_id == claim.id)).all() == [first[0].id]


def test_an_event_without_letters_is_named(world: World, now: datetime) -> None:
    with pytest.raises(InputError, match="topic_unknown"), world.db.unit_of_work(ROOT.scope) as session:
        notice.draft(session, topic="claim.verify", claim_ids=[], actor=ROOT, now=now)


def test_early_band_gets_decision_and_consolation(world: World, now: datetime, tmp_path: Path) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 1, 200_000, now=now, benefit="consolation",
                        event={"diagnosed_on": "2026-02-14"})
        letters = written(session, "claim.approve", claim.id, now)
        assert [row.code for row in letters] == ["decision", "consolation"]
        said = words(session, letters[1], tmp_path)
    assert str(letters[0].number) in said              # the consolation names the decision beside it
    assert "第45日" in said and "诚挚的慰问" in said


def test_refusal_names_clause_fact_and_objection(world: World, now: datetime, tmp_path: Path) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 0, 0, now=now, kind="nothing", state="refused", reason="in_situ")
        [letter] = written(session, "claim.refuse", claim.id, now)
        said = words(session, letter, tmp_path)
    assert letter.code == "refusal" and "原位癌不在本项保障病种之内" in said and "异议途径" in said


def test_receipt_lists_what_is_missing(world: World, now: datetime, tmp_path: Path) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 0, 0, now=now, state="reported", kind="nothing")
        claim.required = ["diagnosis", "pathology"]
        paper(session, claim, "diagnosis", now, "waiting")
        [letter] = written(session, "claim.create", claim.id, now)
        said = words(session, letter, tmp_path)
    assert letter.code == "receipt" and "病理诊断报告" in said and "2026年3月23日" in said


def asked(session: Session, claim: Claim, now: datetime, source: str = "union") -> Supplement:
    row = Supplement(org_key=claim.org_key, claim_id=claim.id, round=1, source=source, state="drafted", asked_at=now,
                     items=[{"paper": "pathology", "reason": "未见病理报告", "state": "open", "note": ""}])
    session.add(row)
    session.flush()
    return row


def test_supplement_list_says_until_when(world: World, now: datetime, tmp_path: Path) -> None:
    """30 calendar days after 20 March: 19 April is a Sunday, so 20 April."""
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 0, 0, now=now, state="supplementing", kind="nothing")
        [letter] = written(session, "supplement.create", claim.id, now, asked(session, claim, now).id)
        said = words(session, letter, tmp_path)
    assert "未见病理报告" in said and "2026年4月20日" in said


def test_reminder_carries_the_cause_its_guard_looks_for(world: World, now: datetime) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 0, 0, now=now, state="supplementing", kind="nothing")
        missing = asked(session, claim, now)
        written(session, "supplement.create", claim.id, now, missing.id)
        missing.state, missing.delivered_at, missing.deadline = "delivered", now, date(2026, 4, 20)
        session.flush()
        [reminder] = written(session, "supplement.reminder", claim.id, now, missing.id)
        assert reminder.cause == f"reminder:{missing.id}"


def test_a_list_is_reminded_halfway_and_near_its_end_each_once(world: World, now: datetime) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 0, 0, now=now, state="supplementing", kind="nothing")
        missing = asked(session, claim, now)
        missing.state, missing.delivered_at, missing.deadline = "delivered", now, date(2026, 4, 20)
        session.flush()
        sent = {day: [letter.cause.partition(":")[0] for letter in notice.remind(session, actor=ROOT, now=at_hour(date(2026, 4, day)))]
                for day in (4, 5, 6, 14, 15, 16)}
    assert sent == {4: [], 5: ["reminder.first"], 6: [], 14: [], 15: ["reminder"], 16: []}


def test_withdrawal_is_confirmed(world: World, now: datetime, tmp_path: Path) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 0, 0, now=now, state="cancelled", kind="nothing")
        paper(session, claim, "withdrawal", now)
        [letter] = written(session, "claim.cancel", claim.id, now)
        assert "2028年3月12日" in words(session, letter, tmp_path)      # two years from the diagnosis


def test_transfer_waits_for_the_parcel_and_carries_its_digest(world: World, now: datetime, tmp_path: Path) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 0, 0, now=now, office="nx", state="with_insurer", kind="nothing")
        consent(session, claim, now)
        paper(session, claim, "diagnosis", now, mime="image/png")
        parcel = Handoff(org_key=claim.org_key, claim_id=claim.id, round=1, state="prepared")
        session.add(parcel)
        [drafted] = notice.draft(session, topic="claim.forward", claim_ids=[claim.id], actor=ROOT, now=now)
        assert (drafted.recipient, drafted.recipient_name) == ("insurer", "平安养老保险股份有限公司宁夏分公司")
        with pytest.raises(GuardFailed, match="parcel_not_packed"), session.begin_nested():
            notice.issue(session, notice_ids=[drafted.id], actor=ROOT, now=now)
        parcel.package_digest, parcel.package_sha256 = "ab" * 32, "cd" * 32
        session.flush()
        [letter] = notice.issue(session, notice_ids=[drafted.id], actor=ROOT, now=now)
        said = words(session, letter, tmp_path)
    assert letter.number == "宁工女互通〔2026〕1号"          # the failed try gave its number back
    assert "ab" * 16 in said and "ABCD2345" not in said       # the public code is not for the insurer


INSURER_PDF = b"%PDF-1.4\n% the insurer's own bytes\n"


def insured(session: Session, world: World, now: datetime, kind: str, amount_fen: int) -> Claim:
    return decided(session, world, 0, amount_fen, now=now, office="nx", kind=kind,
                   state="refused" if kind == "nothing" else "payable", answer=kind)


@pytest.mark.parametrize(("kind", "topic", "fen", "code", "says"), [
    ("pay", "claim.insurer_pay", 10_000_000, "cover_note", "100000.00元"),
    ("nothing", "claim.insurer_refuse", 0, "cover_note", "不予给付"),
    ("refund", "claim.insurer_pay", 10_000, "refund", "退还保险费"),
])
def test_insurers_decision_goes_out_under_our_note(world: World, now: datetime, tmp_path: Path, kind: str, topic: str,
                                                   fen: int, code: str, says: str) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = insured(session, world, now, kind, fen)
        [letter] = written(session, topic, claim.id, now)
        assert letter.code == code and says in words(session, letter, tmp_path)
        [enclosed] = letter.enclosures
        assert queries.enclosure(session, letter.id, enclosed["sha256"]) == INSURER_PDF


def test_each_heir_gets_a_payment_letter(world: World, now: datetime, tmp_path: Path) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 3, 1_500_000, now=now)
        prove_heirs(session, claim, now)
        clerk = world.actor("xj.clerk")
        payment.note_death(session, claim_id=claim.id, died_on=date(2026, 3, 15), heirs=heirs([1, 2], [1, 2]), actor=clerk,
                           now=now)
        decisions = {row.person_id: row for row in written(session, "claim.approve", claim.id, now)}
        assert {row.recipient for row in decisions.values()} == {"heir"} and len(decisions) == 2
    read(world, returned_file(world, sent(world, now), "credited", "credited"), now)
    with world.db.unit_of_work(ROOT.scope) as session:
        payment.settle(session, claim_ids=[claim.id], actor=ROOT, now=now)
        letters = written(session, "claim.settle", claim.id, CREDIT_DAY)
        assert [row.code for row in letters] == ["payment", "payment"]
        said = [words(session, row, tmp_path) for row in letters]
        names = [session.get_one(Person, row.person_id).name for row in letters]
        numbers = [decisions[row.person_id].number for row in letters]
    assert sorted(map(str, numbers)) == ["新互通〔2026〕1号", "新互通〔2026〕2号"]
    for name, number, body in zip(names, numbers, said, strict=True):        # each is told of the decision that she got
        assert f"{name}同志" in body and "7500.00元" in body and "二分之一" in body and str(number) in body


def test_delivery_starts_the_objection_clock(world: World, now: datetime) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 0, 6_000_000, now=now)
        [letter] = written(session, "claim.approve", claim.id, now)
        notice.dispatch(session, notice_ids=[letter.id], actor=ROOT, now=now)
        with pytest.raises(GuardFailed, match="proof_missing"), session.begin_nested():
            notice.deliver(session, notice_id=letter.id, proof=" ", actor=ROOT, now=now)
        delivered = notice.deliver(session, notice_id=letter.id, proof="会员登录查看", on=date(2026, 3, 20), actor=ROOT,
                                   now=now + timedelta(days=2))
        due = session.connection().exec_driver_sql(
            "SELECT due_on FROM sla_clock WHERE claim_id = %s AND kind = 'objection'", (claim.id,)).scalar_one()
    assert delivered.state == "delivered" and due == date(2026, 4, 7)     # day 15 is 4 April, 清明: on to the 7th


def test_a_missing_account_stops_the_letter(world: World, now: datetime) -> None:
    with pytest.raises(InputError, match="payee_card_missing"), world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 0, 6_000_000, now=now)
        session.connection().exec_driver_sql("UPDATE payee SET bank_card_id = NULL WHERE claim_id = %s", (claim.id,))
        written(session, "claim.approve", claim.id, now)


def test_numbers_have_neither_gaps_nor_doubles(world: World, now: datetime) -> None:
    """Four threads issue at once and one rolls back: its number goes to the next letter."""
    with world.db.unit_of_work(ROOT.scope) as session:
        claims = [decided(session, world, n, 100_000, now=now).id for n in range(5)]
        drafted = notice.draft(session, topic="claim.approve", claim_ids=claims, actor=ROOT, now=now)
        ids = [row.id for row in drafted]
    start, faults = threading.Barrier(5), list[BaseException]()

    def work(notice_id: uuid.UUID, fail: bool) -> None:
        try:
            start.wait()
            with world.db.unit_of_work(ROOT.scope) as session:
                notice.issue(session, notice_ids=[notice_id], actor=ROOT, now=now)
                if fail:
                    raise ZeroDivisionError
        except ZeroDivisionError:
            assert fail
        except BaseException as error:
            faults.append(error)
            raise

    threads = [threading.Thread(target=work, args=(row, n == 2)) for n, row in enumerate(ids)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with world.db.unit_of_work(ROOT.scope) as session:
        notice.issue(session, notice_ids=ids, actor=ROOT, now=now)
        serials = session.exec(select(Notice.serial).order_by(col(Notice.serial))).all()
    assert list(serials) == [1, 2, 3, 4, 5]
