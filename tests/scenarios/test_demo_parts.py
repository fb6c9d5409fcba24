"""The demonstration's own parts: its bank, its papers, its timeline, its judge."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from services.core.clock import CHINA
from services.core.errors import InputError, OutsideError
from services.payment.banks import layout_of
from services.payment.port import Batch, Order
from services.simulate import bank
from services.simulate.cast import claimants, others, rosters, staff
from services.simulate.kills import Kill, Saboteur, parse
from services.simulate.ongoing import ongoing
from services.simulate.outcome import Outcome, differences
from services.simulate.scans import scan
from services.simulate.scenarios import scenarios
from services.simulate.stories import timeline
from services.simulate.stories.ongoing import last_days
from services.workdays.calendar import calendar

AT = datetime(2026, 6, 12, 1, 30, tzinfo=UTC)
BATCH = Batch("P2026000001", datetime(2026, 6, 11, 9, tzinfo=CHINA), (
    Order("P2026000001-00001", 1_500_000, "ICBC", "6222020000000000017", "样三菊", "互助金 XJ1"),
    Order("P2026000001-00002", 200_000, "ICBC", "6222020000000000025", "样一兰", "互助金 XJ2")))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ICBC_P2026000001.txt"
    path.write_bytes(layout_of("ICBC").write(BATCH))
    return path


def test_the_bank_answers_what_the_product_reads(file: Path) -> None:
    content = bank.answer(file, at=AT, closed={"6222020000000000017": "账户已销户"})
    first, second = layout_of("ICBC").read(content)
    assert (first.status, first.reason, first.amount_fen) == ("returned", "账户已销户", 1_500_000)
    assert (second.status, second.reference, second.holder) == ("credited", "P2026000001-00002", "样一兰")
    assert second.bank_time == AT and first.serial != second.serial


def test_the_bank_refuses_a_changed_file(file: Path) -> None:
    file.write_bytes(file.read_bytes().replace(b"000000001500000", b"000000009500000"))
    with pytest.raises(OutsideError, match="拒收"):
        bank.answer(file, at=AT, closed={})


def test_a_scan_is_a_picture_of_its_facts() -> None:
    page = scan("pathology", [("姓名", "示一兰")])
    assert page.startswith(b"\x89PNG") and page == scan("pathology", [("姓名", "示一兰")])
    assert page != scan("pathology", [("姓名", "示一兰")], copy=2) != scan("pathology", [("姓名", "示二梅")])


def test_forty_members_by_roster_and_one_unbroken_renewal() -> None:
    listed = [member.person.id_number for roster in rosters() for member in roster.members]
    assert len(set(listed)) == 40 and len(listed) == 41      # S14 is enrolled twice, the second time as a renewal
    assert listed.count(claimants()["S14"].person.id_number) == 2
    assert len(others()) == 24 and all(roster.day < roster.effective for roster in rosters())
    assert not set(listed) & {post.person.id_number for post in staff()}


@pytest.mark.parametrize("name", list(scenarios()))
def test_the_story_keeps_the_days_of_the_table(name: str) -> None:
    row, story = scenarios()[name], [step for step in timeline() if step.scenario == name]
    assert next(step.day for step in story if step.act == "report") == row.reported_on
    verified = [step.day for step in story if step.act == "verify"]
    assert (verified[-1] if verified else None) == row.file_complete_on
    assert ("late_reason" in story[0].with_) == row.late


def test_people_act_on_workdays() -> None:
    known = calendar()
    at_work = [step for step in (*timeline(), *last_days()) if step.who != "member"]     # members report and upload on any day
    assert [step for step in at_work if not known.is_workday(step.day)] == []


def test_every_other_member_has_a_story_that_begins_on_the_day_of_her_report() -> None:
    begun = {step.scenario: step.day for step in reversed(last_days())}
    assert begun == {name: row.reported_on for name, row in ongoing().items()}
    assert min(begun.values()) > max(step.day for step in timeline())
    acting = {step.scenario for step in last_days() if step.who == "member"}
    assert acting == {name for name, row in ongoing().items() if row.account}


def test_a_kill_names_a_program_and_a_step() -> None:
    steps = timeline()
    assert parse(["worker@S03:verify", "web@17"], steps) == [Kill("worker", "S03:verify"), Kill("web", "17")]
    for wrong in ("postgres@17", "worker@S99:verify", "worker", "web@0"):
        with pytest.raises(InputError, match="中断"):
            parse([wrong], steps)


class _Programs:
    """Records what a saboteur does to it."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def kill(self, name: str) -> None:
        self.seen.append(f"kill {name}")

    def restart(self, name: str) -> None:
        self.seen.append(f"restart {name}")


def test_a_kill_strikes_once_at_its_first_moment() -> None:
    programs, steps = _Programs(), timeline()
    saboteur = Saboteur(parse(["twin@S09:verify"], steps), programs)
    for number, step in enumerate(steps, 1):
        with saboteur.during(number, step):
            pass
    assert programs.seen == ["kill twin", "restart twin"]


def _outcome(name: str) -> Outcome:
    row = scenarios()[name]
    return Outcome(name, f"NO-{name}", "paid", row.outcome, row.amount, row.last_timely_report, row.late,
                   row.file_complete_on, row.pay_due, None, row.letters, {})


def test_the_judge_names_row_and_column() -> None:
    outcomes = [_outcome(name) for name in scenarios()]
    assert differences(scenarios(), outcomes) == []
    outcomes[2] = replace(outcomes[2], amount=Decimal("100000.00"))
    outcomes[7] = replace(outcomes[7], pay_due=date(2026, 6, 15), letters=("receipt",))
    found = [(item.id, item.column, item.expected, item.got) for item in differences(scenarios(), outcomes[1:])]
    assert found[0][:2] == ("S01", "claim_no")
    assert found[1] == ("S03", "amount", "100900.00", "100000.00")
    assert [item[:2] for item in found[2:]] == [("S08", "pay_due"), ("S08", "letters")]
    assert found[2][2:] == ("2026-06-12", "2026-06-15")
