"""Every row of the published worked examples is computed somewhere here, or named with why it has no exact answer."""

from __future__ import annotations

import csv
import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from services.engine import one
from services.rulebook import registry
from services.rulebook.dating import for_computation
from services.rulebook.vocabulary import parse

HERE = Path(__file__).parent
with (HERE / "cases" / "worked-examples.csv").open(encoding="utf-8") as table:
    ROWS = {row["id"]: row for row in csv.DictReader(table)}
# Another province's plan, or a sum whose parts were not published: there is nothing exact to compute.
NO_ORACLE = {
    "WE10": "an aggregate of 99 claims", "WE14": "Hubei, rounded", "WE15": "Henan, rates unknown", "WE16": "Gansu, tier unknown",
    "WE17": "Jiangxi, tier unknown", "WE20": "Hebei, a plan not in the seeds", "WE21": "Shaanxi, disability not stated",
    "WE22": "Zhengzhou, a comparison of rules", "WE23": "Anhui, a rule of procedure"}


@pytest.mark.parametrize(("row", "first"), [("WE18", date(2012, 1, 1)), ("WE19", date(2026, 1, 1))])
def test_the_years_maximum_of_the_stay_allowance(row: str, first: date) -> None:
    days = {"WE18": 183, "WE19": 181}[row]      # paid from the fourth day, or beyond one day: 180 days in all
    c = parse({"plan": "bj-allowance", "cover": {"effective": first.isoformat(), "until": f"{first.year}-12-31"},
               "event": {"kind": "inpatient", "stays": [{"from": first.isoformat(),
                                                         "to": (first + timedelta(days=days)).isoformat()}]}})
    paid = one.compute(for_computation(c), c).total
    assert f"max {paid:.0f}" == ROWS[row]["published_result"]


@pytest.mark.parametrize(("paid", "total"), [("0.00", 100_000), ("50000.00", 50_000)])
def test_front_line_consolation_is_at_most_its_maximum(paid: str, total: int) -> None:
    assert "max 100000 each" in ROWS["WE03"]["published_result"]
    c = parse({"plan": "bj-epidemic", "cover": {"effective": "2020-02-01", "until": "2020-12-31"},
               "event": {"kind": "consolation", "on": "2020-03-01", "amount": "190000.00"},
               "paid": [{"benefit": "epidemic_consolation", "amount": paid}]})
    assert one.compute(registry.resolve("bj-epidemic", date(2020, 3, 1)), c).total == Decimal(total)


def test_every_row_is_tested_or_said_to_have_no_answer() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in HERE.rglob("test_*.py"))
    sources += "".join(path.read_text(encoding="utf-8") for path in registry.PLANS.rglob("*.examples.yaml"))
    named = set(re.findall(r"WE\d\d", sources)) - set(NO_ORACLE)
    assert set(ROWS) == named | set(NO_ORACLE)
