"""What the two plans pay at their edges, and how steps put themselves into words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.engine import one
from services.engine.facts import completed_years, days_before, stay_days
from services.rulebook import registry
from services.rulebook.results import Result
from services.rulebook.schema import RuleBook
from services.rulebook.vocabulary import Cover, Stay, parse

Words = dict[str, Any]


def nx(event: Words | None = None, **rest: Any) -> Result:
    base: Words = {"plan": "nx-ankangbao", "cover": {"effective": "2026-01-01", "until": "2026-12-31"},
                   "event": {"kind": "diagnosis", "icd10": "C50.900", "behaviour": "3", "specimen_on": "2026-03-10",
                             "diagnosed_on": "2026-03-16", **(event or {})}}
    return one.compute(registry.latest("nx-ankangbao"), parse(base | rest))


def women(day: int, *, shares: int = 1, renewal: bool = False, **event: Any) -> Result:
    on = (date(2026, 1, 1) + timedelta(days=day - 1)).isoformat()
    data = {"plan": "xj-women",
            "cover": {"effective": "2026-01-01", "until": "2026-12-31", "shares": shares, "renewal": renewal},
            "event": {"kind": "diagnosis", "icd10": "C50.900", "behaviour": "3", "severity": "malignant",
                      "diagnosed_on": on, **event}}
    return one.compute(registry.latest("xj-women"), parse(data))


@pytest.mark.parametrize(("day", "paid", "borderline"), [
    (1, 0, False), (30, 0, False), (31, 500, True), (32, 500, False), (60, 500, False), (61, 15000, True),
    (62, 15000, False), (365, 15000, False)])
def test_women_bands_at_their_edges(day: int, paid: int, borderline: bool) -> None:
    result = women(day)
    assert (result.total, "borderline_waiting" in result.flags) == (Decimal(paid), borderline)


@pytest.mark.parametrize(("stays", "days", "amount"), [
    ([183], 180, 18000), ([182], 179, 17900), ([184], 180, 18000), ([93, 93], 180, 18000), ([3], 0, 0), ([4], 1, 100)])
def test_allowance_at_180_paid_days(stays: list[int], days: int, amount: int) -> None:
    result = nx({"stays": [{"days": stay} for stay in stays]})
    line = next((line for line in result.lines if line.benefit == "breast_cancer_allowance"), None)
    assert (line.days if line else 0, line.amount if line else 0) == (days, amount)


@pytest.mark.parametrize(("used", "amount"), [(179, 100), (180, 0), (170, 700)])
def test_paid_days_of_the_year_lessen_the_180(used: int, amount: int) -> None:
    paid = [{"benefit": "breast_cancer_allowance", "amount": f"{used * 100}.00", "days": used}]
    result = nx({"stays": [{"days": 10}]}, paid=paid)
    assert result.total - 100000 == amount


def test_cap_that_binds_is_said() -> None:
    result = nx({"stays": [{"days": 2}, {"days": 33}]},
                paid=[{"benefit": "breast_cancer_allowance", "amount": "16000.00", "days": 160}])
    assert result.lines[1].steps == ("(2-3→0)+(33-3)=30 天", "上限 180 天，已付 160 天，给付 20 天", "20 × 100.00 = 2000.00")


def test_every_step_leaves_a_row_with_the_files_own_rule() -> None:
    allowance = nx({"stays": [{"days": 2}, {"days": 33}]},
                   paid=[{"benefit": "breast_cancer_allowance", "amount": "16000.00", "days": 160}]).lines[1]
    steps = registry.latest("nx-ankangbao").benefits["breast_cancer_allowance"].steps
    assert [row.rule for row in allowance.rows] == list(steps)
    assert [row.left for row in allowance.rows] == [(2, 33), (0, 30), (30,), (20,), (2000,)]
    assert [(row.limit, row.used) for row in allowance.rows] == [(None, 0)] * 3 + [(180, 160), (None, 0)]
    assert [row.unit for row in allowance.rows] == ["days", "days", "days", "days", "yuan"]


def test_a_benefit_that_pays_nothing_keeps_its_rows() -> None:
    nothing = {item.benefit: item for item in nx({"stays": [{"days": 3}]}).nothing}
    assert [row.left for row in nothing["breast_cancer_allowance"].rows] == [(3,), (0,), (0,), (0,), (0,)]
    assert nothing["other_gynaecological_cancer"].rows == ()


def test_refund_is_what_was_paid() -> None:
    cover = {"effective": "2026-03-01", "until": "2027-02-28", "premium_paid": "80.00"}
    assert nx(cover=cover).refund == Decimal(80)


def test_male_or_too_old_is_not_eligible() -> None:
    for person in ({"sex": "M"}, {"born": "1964-12-31"}, {"relation": "child"}):
        assert {item.reason for item in nx(person=person).nothing} == {"not_eligible"}
    assert nx(person={"born": "1965-01-02", "sex": "F"}).outcome == "pay"  # 60, not yet 61, on the effective day
    renewed = {"effective": "2026-01-01", "until": "2026-12-31", "renewal": True}
    assert nx(cover=renewed, person={"born": "1961-01-02"}).outcome == "pay"  # 64 on renewal
    assert nx(cover=renewed, person={"born": "1961-01-01"}).outcome == "nothing"


@pytest.mark.parametrize(("first", "last", "flagged"), [("2026-11-20", "2027-01-01", False), ("2026-11-20", "2027-01-02", True),
                                                        ("2027-01-01", "2027-01-31", True), ("2026-01-01", "2026-02-01", False),
                                                        ("2025-12-31", "2026-02-01", True)])
def test_a_stay_outside_the_cover_is_a_flag_where_the_stay_does_not_date_the_plan(first: str, last: str, flagged: bool) -> None:
    """The specimen dates the plan: no other cover answers for such days, and articles 6 and 9 can be read either way."""
    result = nx({"stays": [{"from": first, "to": last}]})
    assert ("stay_outside_cover" in result.flags) == flagged
    assert "stay_outside_cover" not in nx({"stays": [{"from": first, "to": last}], "icd10": "C34.900"}).flags


def test_late_report_is_a_flag_and_pays() -> None:
    result = nx(reported_on="2026-03-27")
    assert (result.flags, result.outcome) == (("late_report",), "pay")
    assert nx(reported_on="2026-03-26").flags == ()


def test_behaviour_may_be_assumed_from_the_chapter_and_is_flagged() -> None:
    event = {"kind": "diagnosis", "specimen_on": "2026-03-10", "diagnosed_on": "2026-03-16", "icd10": "C53.900"}
    data = {"plan": "nx-ankangbao", "cover": {"effective": "2026-01-01", "until": "2026-12-31"}, "event": event}
    result = one.compute(registry.latest("nx-ankangbao"), parse(data))
    assert (result.total, result.flags) == (Decimal(50000), ("behaviour_assumed",))


def test_severity_against_behaviour_is_flagged() -> None:
    assert "severity_conflict" in women(100, behaviour="2").flags


def test_light_then_severe_pays_the_rest() -> None:
    data = {"plan": "xj-critical-illness", "cover": {"effective": "2026-01-01", "until": "2026-12-31"},
            "covers": ["xj-inpatient-accident"], "paid": [{"benefit": "light", "amount": "3000.00"}],
            "event": {"kind": "diagnosis", "severity": "severe", "diagnosed_on": "2026-06-01"}}
    book = registry.latest("xj-critical-illness")
    assert one.compute(book, parse(data)).total == Decimal(7000)
    alone = one.compute(book, parse({**data, "covers": []}))
    assert {item.reason for item in alone.nothing} == {"prerequisite_missing"}
    ended = one.compute(book, parse({**data, "paid": [{"benefit": "consolation", "amount": "500.00"}]}))
    assert ended.outcome == "nothing"
    assert {item.benefit: item.reason for item in ended.nothing}["severe"] == "ended"


def test_confirmed_exclusion_pays_nothing_and_suspected_one_is_a_flag() -> None:
    book = registry.latest("xj-inpatient-accident")
    data = {"plan": book.plan, "cover": {"effective": "2026-01-01", "until": "2026-12-31"},
            "event": {"kind": "accident", "on": "2026-01-05", "setting": "work", "disability_items": [19, 30, 24]}}
    paid = one.compute(book, parse({**data, "exclusions": {"XJ-A09": "suspected"}}))
    assert paid.total == Decimal(20000)  # day 5: the 30 days bind no accident; 30 % + 20 %, item 30 on one hand with 19
    assert paid.flags == ("exclusion_suspected", "same_limb_assumed")
    refused = one.compute(book, parse({**data, "exclusions": {"XJ-A09": True}}))
    assert ("accident_work", "excluded", "XJ-A09") in [(n.benefit, n.reason, n.clause) for n in refused.nothing]


@pytest.mark.parametrize(("grades", "amount"), [([10], 4000), ([10, 10], 8000), ([3, 7], 32000), ([1, 1], 40000)])
def test_ten_grades_highest_and_one_more_when_equal(grades: list[int], amount: int,
                                                    book_of: Callable[[str], RuleBook]) -> None:
    book = book_of("test-every-step")
    data = {"plan": book.plan, "cover": {"effective": "2026-01-01", "until": "2026-12-31", "shares": 4, "renewal": True},
            "event": {"kind": "accident", "on": "2026-02-05", "setting": "work", "disability_grades": grades}}
    assert {line.benefit: line.amount for line in one.compute(book, parse(data)).lines} == {"ten": Decimal(amount)}


def test_manual_waits_then_takes_the_reviewers_amount(book_of: Callable[[str], RuleBook]) -> None:
    book = book_of("test-every-step")
    data = {"plan": book.plan, "cover": {"effective": "2026-01-01", "until": "2026-12-31", "shares": 2},
            "event": {"kind": "accident", "on": "2026-02-05", "setting": "life", "victim": "child"}}
    waiting = one.compute(book, parse(data))
    assert (waiting.outcome, waiting.lines[0].ceiling, waiting.flags) == ("manual", Decimal(6000), ("unverified_amount",))
    set_by_hand = one.compute(book, parse({**data, "manual": {"by_hand": {"amount": "4500.00", "reason": "发票"}}}))
    assert (set_by_hand.outcome, set_by_hand.total) == ("pay", Decimal(4500))


def test_year_to_date_pays_the_difference_or_shows_a_receivable() -> None:
    book = registry.latest("bj-medical")
    data = {"plan": book.plan, "cover": {"effective": "2016-01-01", "until": "2016-12-31"},
            "event": {"kind": "medical_year", "year": 2016, "over_cap_own_1": "50000.00"}}
    more = one.compute(book, parse({**data, "paid": [{"benefit": "over_cap", "amount": "12000.00"}]}))
    assert (more.total, more.receivable) == (Decimal(8000), Decimal(0))
    less = one.compute(book, parse({**data, "paid": [{"benefit": "over_cap", "amount": "21000.00"}]}))
    assert (less.outcome, less.total, less.receivable) == ("nothing", Decimal(0), Decimal(1000))


def test_stays_count_discharge_less_admission_inside_the_cover_only() -> None:
    cover = Cover.model_validate({"effective": "2026-01-01", "until": "2026-12-31"})
    stays = tuple(Stay.model_validate({"from": first, "to": last}) for first, last in [
        ("2025-12-28", "2026-01-04"), ("2026-05-01", "2026-05-11"), ("2026-06-01", "2026-06-01"),
        ("2026-07-01", "2026-07-05"), ("2026-07-05", "2026-07-08"), ("2026-12-30", "2027-01-10")])
    assert stay_days(stays, cover) == (3, 10, 1, 7, 2)
    assert days_before(stays, cover) == (4, 0, 0, 0, 0)
    assert days_before((Stay.model_validate({"days": 5}), *stays), cover) == (0, 4, 0, 0, 0, 0)


def test_age_in_completed_years() -> None:
    assert completed_years(date(1966, 1, 2), date(2026, 1, 1)) == 59
    assert completed_years(date(1966, 1, 1), date(2026, 1, 1)) == 60
    assert completed_years(date(2008, 2, 29), date(2026, 2, 28)) == 17


MOST = {"breast_cancer": 100000, "other_gynaecological_cancer": 50000, "breast_cancer_allowance": 18000,
        "other_gynaecological_cancer_allowance": 18000}
CODE = st.sampled_from(["C50.900", "C53.900", "C56.x00", "D05.900", "D06.900", "D39.100", "C79.600", "C16.900"])


@settings(max_examples=60, deadline=None)
@given(code=CODE, behaviour=st.sampled_from("0123469"), day=st.integers(-5, 400), renewal=st.booleans(),
       stays=st.lists(st.integers(0, 300), max_size=4), used=st.integers(0, 180))
def test_nx_is_never_negative_never_above_its_caps_and_renewal_never_pays_less(
        code: str, behaviour: str, day: int, renewal: bool, stays: list[int], used: int) -> None:
    on = (date(2026, 1, 1) + timedelta(days=day)).isoformat()
    event = {"icd10": code, "behaviour": behaviour, "specimen_on": on, "diagnosed_on": on,
             "stays": [{"days": stay} for stay in stays]}
    paid = [{"benefit": "breast_cancer_allowance", "amount": f"{used * 100}.00", "days": used}]
    first, again = (nx(event, paid=paid, cover={"effective": "2026-01-01", "until": "2026-12-31", "renewal": is_renewal})
                    for is_renewal in (False, True))
    for result in (first, again):
        assert all(0 < line.amount <= MOST[line.benefit] for line in result.lines)
        assert 0 <= result.refund <= 100
        assert not (result.refund and result.total)
    allowance = sum(line.days for line in again.lines if line.benefit == "breast_cancer_allowance")
    assert allowance + used <= 180
    assert again.total >= first.total


@settings(max_examples=100, deadline=None)
@given(code=CODE, behaviour=st.sampled_from("0123469"), severity=st.sampled_from(["in_situ", "malignant"]),
       day=st.integers(-5, 400))
def test_women_more_shares_never_less_renewal_never_less_caps_kept(code: str, behaviour: str, severity: str,
                                                                   day: int) -> None:
    totals = [women(day, shares=shares, icd10=code, behaviour=behaviour, severity=severity).total
              for shares in (1, 2, 3, 4)]
    assert totals == sorted(totals)
    assert 0 <= totals[0] <= 15000
    assert totals[3] <= 60000
    renewed = women(day, renewal=True, icd10=code, behaviour=behaviour, severity=severity)
    contradictory = (severity == "in_situ") != (behaviour == "2")
    assert ("severity_conflict" in renewed.flags) == contradictory
    if not contradictory:           # facts that contradict each other are the reviewer's, not a property's
        assert renewed.total >= totals[0]
