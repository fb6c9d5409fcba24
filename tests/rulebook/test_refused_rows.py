"""What one computation refuses, a frame of millions refuses too: by name, with the number of rows."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from services.core.errors import InputError
from services.engine import bulk, one
from services.rulebook import registry
from services.rulebook.vocabulary import parse

DAY = date(2026, 1, 1)
XJ, YEAR = registry.latest("xj-women"), registry.latest("bj-medical")


def women(**columns: object) -> pl.DataFrame:
    row: dict[str, object] = {"event.kind": "diagnosis", "event.icd10": "C50.900", "event.severity": "malignant",
                              "event.diagnosed_on": date(2026, 5, 1), "cover.effective": DAY, "cover.until": date(2026, 12, 31)}
    return pl.DataFrame({name: [value] for name, value in {**row, **columns}.items()},
                        schema_overrides={"cover.effective": pl.Date, "cover.until": pl.Date})


def test_a_sound_row_computes_one_share_when_none_is_stated() -> None:
    assert bulk.compute(XJ, women())["total"].to_list() == [1_500_000]


@pytest.mark.parametrize(("columns", "field"), [
    ({"cover.shares": 99}, "cover.shares"), ({"cover.shares": 0}, "cover.shares"), ({"event.kind": "accident"}, "event.kind"),
    ({"cover.effective": None}, "cover.effective"), ({"cover.until": None}, "cover.until"),
    ({"event.icd10": "c50.900"}, "event.icd10"), ({"event.icd10": "乳腺癌"}, "event.icd10"),
    ({"paid.malignant.amount": -1}, "paid.malignant.amount"), ({"paid.malignant.amount": 10**13}, "paid.malignant.amount")])
def test_a_row_that_cannot_be_computed_is_named(columns: dict[str, object], field: str) -> None:
    with pytest.raises(InputError, match="有 1 行") as refused:
        bulk.compute(XJ, women(**columns))
    assert refused.value.field == field


@pytest.mark.parametrize(("column", "value"), [
    ("event.other_reimbursed", -10_000_000), ("event.outpatient_own_1", 4 * 10**17), ("event.stays_own_1", [100, -1]),
    ("event.stays_own_1", [10**17])])
def test_amounts_are_neither_negative_nor_beyond_what_is_real(column: str, value: object) -> None:
    row = pl.DataFrame({"event.year": [2026], "cover.effective": [DAY], "cover.until": [date(2026, 12, 31)], column: [value]})
    with pytest.raises(InputError, match="超过一百亿元") as refused:
        bulk.compute(YEAR, row)
    assert refused.value.field == column


def test_unknown_disability_items_are_named() -> None:
    book = registry.latest("xj-inpatient-accident")
    row = pl.DataFrame({"event.kind": ["accident"], "event.on": [date(2026, 5, 1)], "event.setting": ["life"],
                        "event.disability_items": [[1, 99]], "cover.effective": [DAY], "cover.until": [date(2026, 12, 31)]})
    with pytest.raises(InputError, match="七级") as refused:
        bulk.compute(book, row)
    assert refused.value.field == "event.disability_items"


@pytest.mark.parametrize("amount", ["1e30", "9" * 60, "-0.01", "0.001", "NaN", "10000000000.01"])
def test_amounts_of_one_computation_are_bounded(amount: str) -> None:
    with pytest.raises(InputError) as refused:
        parse({"plan": "bj-medical", "cover": {"effective": "2026-01-01", "until": "2026-12-31"},
               "event": {"kind": "medical_year", "year": 2026, "outpatient_own_1": amount}})
    assert refused.value.field == "event.outpatient_own_1"


def allowance(*stays: tuple[str, str]) -> dict[str, object]:
    return {"plan": "bj-allowance", "cover": {"effective": "2026-01-01", "until": "2026-12-31"},
            "event": {"kind": "inpatient", "stays": [{"from": first, "to": last} for first, last in stays]}}


@pytest.mark.parametrize(("stays", "total"), [
    ([("2025-12-30", "2026-01-06")], "200.00"),                     # five days inside; the unpaid first day was 30 December
    ([("2025-12-30", "2026-01-06"), ("2026-03-01", "2026-03-11")], "560.00"),
    ([("2025-12-01", "2025-12-20"), ("2026-03-01", "2026-03-11")], "360.00")])
def test_a_stay_begun_before_the_cover_counts_from_its_first_day(stays: list[tuple[str, str]], total: str) -> None:
    c = parse(allowance(*stays))
    assert f"{one.compute(registry.latest('bj-allowance'), c).total}" == total


def test_a_stay_wholly_before_the_cover_is_outside() -> None:
    c = parse(allowance(("2025-12-01", "2025-12-20")))
    [nothing] = one.compute(registry.latest("bj-allowance"), c).nothing
    assert nothing.reason == "not_in_cover"


def test_a_missing_fact_of_a_cap_is_asked_for() -> None:
    c = parse({"plan": "xj-inpatient-accident", "cover": {"effective": "2026-01-01", "until": "2026-12-31"},
               "event": {"kind": "settlement", "settled_on": "2026-05-01", "pool_own": "3000.00"}})
    reasons = {item.benefit: item.reason for item in one.compute(registry.latest("xj-inpatient-accident"), c).nothing}
    assert reasons["inpatient_pool"] == "not_claimed"


def test_a_used_up_ceiling_is_reached_not_open() -> None:
    c = parse({"plan": "bj-accident-property", "cover": {"effective": "2026-01-01", "until": "2026-12-31"},
               "event": {"kind": "property", "cause": "burst_pipe", "on": "2026-05-01", "loss": "5000.00"},
               "paid": [{"benefit": "burst_pipe", "amount": "10000.00"}]})
    result = one.compute(registry.latest("bj-accident-property"), c)
    assert (result.outcome, {item.benefit: item.reason for item in result.nothing}["burst_pipe"]) == ("nothing", "cap_reached")


def test_an_amount_for_a_benefit_that_computes_is_refused() -> None:
    c = parse({"plan": "xj-women", "cover": {"effective": "2026-01-01", "until": "2026-12-31"},
               "event": {"kind": "diagnosis", "icd10": "C50.900", "severity": "malignant", "diagnosed_on": "2026-05-01"},
               "manual": {"malignant": {"amount": "1.00", "reason": "核"}}})
    with pytest.raises(InputError, match="不由人核定"):
        one.compute(XJ, c)


@pytest.mark.parametrize(("icd10", "behaviour", "flagged"), [("C50.900", "2", True), ("C79.600", "3", True),
                                                             ("C50.900", "3", False), ("D06.900", "2", False)])
def test_a_code_against_its_behaviour_is_flagged(icd10: str, behaviour: str, flagged: bool) -> None:
    c = parse({"plan": "xj-women", "cover": {"effective": "2026-01-01", "until": "2026-12-31"},
               "event": {"kind": "diagnosis", "icd10": icd10, "behaviour": behaviour, "diagnosed_on": "2026-05-01"}})
    assert ("code_conflict" in one.compute(XJ, c).flags) == flagged
