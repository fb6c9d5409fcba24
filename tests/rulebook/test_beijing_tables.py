"""The Beijing rows of the domain's tables against the released books, for one claim and in columns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import pytest

from services.core.errors import InputError
from services.engine import bulk, frame, one
from services.rulebook import registry
from services.rulebook.dating import for_computation
from services.rulebook.results import Result
from services.rulebook.vocabulary import Computation, parse
from tests.rulebook.case_tables import Row, rows, year_from

PARTS = ("outpatient", "inpatient", "over_cap")


@dataclass(frozen=True, slots=True)
class InColumns:
    """One row of the column engine, in yuan."""

    total: Decimal
    lines: Mapping[str, Decimal]


def alone(c: Computation) -> Result:
    return one.compute(for_computation(c), c)


def in_columns(c: Computation) -> InColumns:
    book = for_computation(c)
    row = bulk.compute(book, frame.frame(book, [c])).row(0, named=True)
    return InColumns(Decimal(row["total"]) / 100, {name: Decimal(row[f"line.{name}"]) / 100 for name in book.benefits})


def medical_year(row: Row) -> Computation:
    short = json.loads(row["inputs"])
    year = 2013 if short.get("v") == "2012" else 2016
    event: dict[str, object] = {"kind": "medical_year", "year": year}
    event |= {"outpatient_own_1": str(short["outp"])} if "outp" in short else {}
    event |= {"stays_own_1": [str(stay) for stay in short["inp"]]} if "inp" in short else {}
    event |= {"over_cap_own_1": str(short["over"])} if "over" in short else {}
    return parse({"plan": "bj-medical", "cover": year_from(f"{year}-01-01"), "event": event,
                  "person": {"category": "specially_poor" if short.get("hard") else "normal"}})


MEDICAL = rows("beijing-medical-secondary")


@pytest.mark.parametrize("row", MEDICAL, ids=lambda row: row["case"])
def test_second_reimbursement_of_one_member(row: Row) -> None:
    result = alone(medical_year(row))
    amounts = {line.benefit: line.amount for line in result.lines}
    assert {part: amounts.get(part, Decimal(0)) for part in PARTS} == {part: Decimal(row[part]) for part in PARTS}
    assert result.total == Decimal(row["total"])


@pytest.mark.parametrize("row", MEDICAL, ids=lambda row: row["case"])
def test_second_reimbursement_in_columns(row: Row) -> None:
    found = in_columns(medical_year(row))
    assert found.lines == {part: Decimal(row[part]) for part in PARTS}
    assert found.total == Decimal(row["total"])


def test_the_table_reaches_both_wordings_of_the_second_reimbursement() -> None:
    assert {for_computation(medical_year(row)).version for row in MEDICAL} == {"2012-05-01", "2015-01-01"}


def hospital_stays(row: Row) -> Computation:
    first = "2012-01-01" if "2011版" in row["plan"] else "2026-01-01"
    stays = [{"days": int(days)} for days in row["stay_days"].split("+")]
    return parse({"plan": "bj-allowance", "cover": year_from(first), "event": {"kind": "inpatient", "stays": stays}})


ALLOWANCE = [row for row in rows("hospital-allowance") if row["plan"].startswith("北京")]


@pytest.mark.parametrize("row", ALLOWANCE, ids=lambda row: row["case"])
def test_allowance_of_one_member(row: Row) -> None:
    [line] = alone(hospital_stays(row)).lines
    assert (line.benefit, line.days, line.amount) == ("allowance", int(row["paid_days_total"]), Decimal(row["amount"]))


@pytest.mark.parametrize("row", ALLOWANCE, ids=lambda row: row["case"])
def test_allowance_in_columns(row: Row) -> None:
    assert in_columns(hospital_stays(row)).total == Decimal(row["amount"])


def test_the_table_reaches_both_wordings_of_the_allowance() -> None:
    assert {for_computation(hospital_stays(row)).version for row in ALLOWANCE} == {"2011-01-01", "2015-01-01"}


@pytest.mark.parametrize(("plan", "event", "version"), [
    ("bj-medical", {"kind": "medical_year", "year": 2012}, "2012-05-01"),
    ("bj-medical", {"kind": "medical_year", "year": 2014}, "2012-05-01"),
    ("bj-medical", {"kind": "medical_year", "year": 2015}, "2015-01-01"),
    ("bj-accident-property", {"kind": "property", "cause": "fire", "on": "2010-08-13"}, "2010-08-13"),
    ("bj-accident-property", {"kind": "property", "cause": "fire", "on": "2014-12-31"}, "2010-08-13"),
    ("bj-accident-property", {"kind": "property", "cause": "fire", "on": "2015-01-01"}, "2015-01-01"),
    ("bj-allowance", {"kind": "inpatient", "stays": [{"from": "2014-12-31", "to": "2015-01-10"}]}, "2011-01-01"),
    ("bj-allowance", {"kind": "inpatient", "stays": [{"from": "2015-01-01", "to": "2015-01-11"}]}, "2015-01-01"),
])
def test_the_decisive_day_chooses_the_wording_not_the_day_of_the_report(plan: str, event: Mapping[str, object],
                                                                       version: str) -> None:
    c = parse({"plan": plan, "cover": {"effective": "2010-01-01", "until": "2020-12-31"}, "event": event,
               "reported_on": "2019-06-01"})
    assert for_computation(c).version == version


@pytest.mark.parametrize(("on", "paid"), [("2014-12-31", "3000"), ("2015-01-01", "6000")])
def test_a_fire_of_60000_pays_by_the_day_of_the_loss(on: str, paid: str) -> None:
    c = parse({"plan": "bj-accident-property", "cover": {"effective": "2014-06-01", "until": "2015-05-31"},
               "event": {"kind": "property", "cause": "fire", "on": on, "loss": "60000.00"}})
    assert (alone(c).total, in_columns(c).total) == (Decimal(paid), Decimal(paid))


@pytest.mark.parametrize(("plan", "event", "field"), [
    ("bj-medical", {"kind": "medical_year", "year": 2011}, "event.year"),
    ("bj-accident-property", {"kind": "property", "cause": "fire", "on": "2010-08-12"}, "event.on"),
])
def test_before_the_first_wording_nothing_is_guessed(plan: str, event: Mapping[str, object], field: str) -> None:
    c = parse({"plan": plan, "cover": {"effective": "2010-01-01", "until": "2012-12-31"}, "event": event})
    with pytest.raises(InputError) as refused:
        for_computation(c)
    assert (refused.value.code, refused.value.field) == ("before_first_version", field)


@pytest.mark.parametrize(("plan", "event", "kinds"), [
    ("bj-medical", {"kind": "medical_year", "year": 2016, "outpatient_own_1": "9000.00"}, set()),
    ("bj-medical", {"kind": "medical_year", "year": 2016, "stays_own_1": ["9000.00"], "over_cap_own_1": "100.00"},
     {"id_card", "inpatient_bill"}),
    ("bj-medical", {"kind": "medical_year", "year": 2016, "outpatient_own_1": "9000.00", "over_cap_own_1": "100.00"},
     {"id_card", "outpatient_receipts"}),
    ("bj-accident-property", {"kind": "property", "cause": "fire"},
     {"application", "id_card", "bank_card", "fire_determination", "union_certificate"}),
    ("bj-accident-property", {"kind": "property", "cause": "burst_pipe"},
     {"application", "id_card", "bank_card", "property_certificate", "title_deed", "photos"}),
    ("bj-accident-property", {"kind": "accident", "death": True, "victim": "child"},
     {"application", "id_card", "bank_card", "accident_certificate", "death_certificate", "child_relation"}),
])
def test_papers_follow_the_event(plan: str, event: Mapping[str, object], kinds: set[str]) -> None:
    assert {paper.kind for paper in registry.latest(plan).required_papers({"event": event})} == kinds
