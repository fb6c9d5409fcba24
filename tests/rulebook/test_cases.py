"""Every row of the domain's tables that these plans touch; the expected amounts are the tables' own."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest

from services.engine import bulk, frame, one
from services.rulebook import registry
from services.rulebook.dating import for_computation
from services.rulebook.results import Result
from services.rulebook.vocabulary import Computation, parse
from services.rulebook.waiting import band
from tests.rulebook.case_tables import Row, rows, year_from


def scenario_computation(row: Row) -> Computation:
    event: dict[str, object] = {"kind": "diagnosis", "icd10": row["icd10"], "behaviour": row["behaviour"],
                                "specimen_on": row["specimen_on"], "diagnosed_on": row["diagnosed_on"]}
    if row["severity"]:
        event["severity"] = row["severity"]
    if row["id"] == "S03":
        event["stays"] = [{"days": 10}, {"days": 5}]
    return parse({"plan": row["plan"], "event": event, "reported_on": row["reported_on"],
                  "cover": {**year_from(row["cover_effective"]), "renewal": row["renewal"] == "1",
                            "shares": int(row["shares"])}})


SCENARIOS = [row for row in rows("scenarios") if row["outcome"] != "withdrawn"]


@pytest.mark.parametrize("row", SCENARIOS, ids=lambda row: row["id"])
def test_scenario_outcome_amount_and_late_flag(row: Row) -> None:
    c = scenario_computation(row)
    result = one.compute(for_computation(c), c, report_due=date.fromisoformat(row["last_timely_report"]))
    assert result.outcome == row["outcome"]
    assert result.total + result.refund == Decimal(row["amount"])
    assert ("late_report" in result.flags) == (row["late"] == "yes")


@pytest.mark.parametrize("plan", ["nx-ankangbao", "xj-women"])
def test_scenarios_in_columns(plan: str) -> None:
    chosen = [row for row in SCENARIOS if row["plan"] == plan]
    book = registry.latest(plan)
    table = bulk.compute(book, frame.frame(book, [scenario_computation(row) for row in chosen]))
    assert table["outcome"].to_list() == [row["outcome"] for row in chosen]
    assert (table["total"] + table["refund"]).to_list() == [int(Decimal(row["amount"]) * 100) for row in chosen]


@pytest.mark.parametrize(("scenario", "benefit"), [("S09", "malignant"), ("S10", "consolation"), ("S11", "in_situ")])
def test_scenario_pays_by_the_benefit_that_its_letter_names(scenario: str, benefit: str) -> None:
    c = scenario_computation(next(row for row in SCENARIOS if row["id"] == scenario))
    assert [line.benefit for line in one.compute(for_computation(c), c).lines] == [benefit]


@pytest.mark.parametrize("row", [row for row in rows("hospital-allowance") if row["plan"].startswith("安康保")],
                         ids=lambda row: row["case"])
def test_hospital_allowance_of_ankangbao(row: Row) -> None:
    stays = [{"days": int(days)} for days in row["stay_days"].split("+")]
    c = parse({"plan": "nx-ankangbao", "cover": year_from("2026-01-01"),
               "event": {"kind": "diagnosis", "icd10": "C50.900", "behaviour": "3", "specimen_on": "2026-03-10",
                         "diagnosed_on": "2026-03-16", "stays": stays}})
    lines = {line.benefit: line for line in one.compute(registry.latest("nx-ankangbao"), c).lines}
    paid = lines.get("breast_cancer_allowance")
    assert (paid.amount if paid else 0) == Decimal(row["amount"])
    assert (paid.days if paid else 0) == int(row["paid_days_total"])


BANDS = {"none": "none", "consolation": "early", "full": "full"}


@pytest.mark.parametrize("row", rows("waiting-30-60"), ids=lambda row: row["diagnosis_date"])
def test_band_of_women_plan(row: Row) -> None:
    found = band(registry.latest("xj-women"), date.fromisoformat(row["effective_date_0h"]),
                 date.fromisoformat(row["diagnosis_date"]))
    tier = row["tier_reading_A(recommended,保险法30)"].partition("(")[0]
    assert (found.band, found.day) == (BANDS[tier], int(row["ordinal_if_effective_day_is_day1"]))
    assert found.borderline == bool(row["flag"])


@pytest.mark.parametrize("row", rows("waiting-ankangbao"), ids=lambda row: row["specimen_date"])
def test_waiting_of_ankangbao(row: Row) -> None:
    c = parse({"plan": "nx-ankangbao", "cover": year_from(row["effective_date_0h"]),
               "event": {"kind": "diagnosis", "icd10": "C50.900", "behaviour": "3",
                         "specimen_on": row["specimen_date"], "diagnosed_on": row["specimen_date"]}})
    result = one.compute(registry.latest("nx-ankangbao"), c)
    inside = row["reading_A_recommended"].startswith("等待期内")
    assert (result.outcome, result.refund) == (("refund", Decimal(100)) if inside else ("pay", Decimal(0)))
    assert ("borderline_waiting" in result.flags) == (row["flag"] == "BORDERLINE")


def worked(example: str) -> Row:
    return next(row for row in rows("worked-examples") if row["id"] == example)


def test_we25_cervical_cancer_on_day_20_returns_the_premium() -> None:
    assert worked("WE25")["published_result"] == "0 benefit; refund 100.00"
    c = parse({"plan": "nx-ankangbao", "cover": year_from("2026-03-01"),
               "event": {"kind": "diagnosis", "icd10": "C53.900", "behaviour": "3", "specimen_on": "2026-03-20",
                         "diagnosed_on": "2026-03-24"}})
    result = one.compute(registry.latest("nx-ankangbao"), c)
    assert (result.outcome, result.total, result.refund) == ("refund", Decimal(0), Decimal(100))


def test_we26_four_shares_on_day_45() -> None:
    c = parse({"plan": "xj-women", "cover": {**year_from("2026-03-01"), "shares": 4},
               "event": {"kind": "diagnosis", "severity": "malignant", "diagnosed_on": "2026-04-14"}})
    result = one.compute(registry.latest("xj-women"), c)
    assert result.total == Decimal(worked("WE26")["published_result"])
    assert "unverified_list" in result.flags  # the disease is not coded, the severity decides


def line_amounts(result: Result) -> dict[str, Decimal]:
    return {line.benefit: line.amount for line in result.lines}


@pytest.mark.parametrize("row", rows("xinjiang-inpatient"), ids=lambda row: row["case"])
def test_xinjiang_inpatient_in_one_bill(row: Row) -> None:
    short = json.loads(row["inputs"])
    words = {"pool_pay": "pool_fund_paid", "pool_self": "pool_own", "big_self": "large_own"}
    event = {"kind": "settlement", "out_of_region": short.get("remote", False), "settled_on": "2026-05-01",
             **{name: str(short[key]) for key, name in words.items() if key in short}}
    paid = [{"benefit": "inpatient_large", "amount": str(short["big_used"])}] if "big_used" in short else []
    c = parse({"plan": "xj-inpatient-accident", "cover": year_from("2026-01-01"), "event": event, "paid": paid})
    result = one.compute(for_computation(c), c)
    amounts = line_amounts(result)
    assert amounts.get("inpatient_pool", Decimal(0)) == Decimal(row["pool_part"])
    assert amounts.get("inpatient_large", Decimal(0)) == Decimal(row["big_part"])
    assert result.total == Decimal(row["total"])


COLUMNS = {"安康保_乳腺癌": "breast_cancer", "安康保_其它妇科癌": "other_gynaecological_cancer"}
CODED = [row for row in rows("icd10-gynaecological")
         if row["cn_medinsurance_form(6-char, general knowledge)"].count(".") == 1
         and "/" not in row["cn_medinsurance_form(6-char, general knowledge)"]
         and not row["cn_medinsurance_form(6-char, general knowledge)"].endswith("x")]


def behaviour_of(code: str) -> str:
    return {"D05": "2", "D06": "2", "D39": "1", "C79": "6"}.get(code[:3], "3")


@pytest.mark.parametrize("row", CODED, ids=lambda row: row["icd10"])
def test_each_gynaecological_code_falls_in_the_lists_the_table_gives(row: Row) -> None:
    code = row["cn_medinsurance_form(6-char, general knowledge)"]
    event = {"kind": "diagnosis", "icd10": code, "behaviour": behaviour_of(code), "specimen_on": "2026-06-10",
             "diagnosed_on": "2026-06-16"}
    nx = parse({"plan": "nx-ankangbao", "cover": year_from("2026-01-01"), "event": event})
    owed = set(line_amounts(one.compute(registry.latest("nx-ankangbao"), nx)))
    assert owed == {benefit for column, benefit in COLUMNS.items() if row[column].startswith("Y")}
    severity = "in_situ" if behaviour_of(code) == "2" else "malignant"
    xj = parse({"plan": "xj-women", "cover": year_from("2026-01-01"), "event": {**event, "severity": severity}})
    paid = set(line_amounts(one.compute(registry.latest("xj-women"), xj)))
    twelve = row["北京12类"]
    expected = {"malignant"} if twelve.startswith("Y") else {"in_situ"} if "原位癌" in twelve else set()
    if code.startswith("D06"):  # its row says only “CIN III = D06”; an in situ cancer like D05 and D07
        expected = {"in_situ"}
    assert paid == expected
