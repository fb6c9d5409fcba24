"""The sums that were published, and the Beijing illness plans against the tables they were written from."""

from __future__ import annotations

import csv
import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from services.engine import bulk, frame, one
from services.rulebook import registry
from services.rulebook.dating import for_computation
from services.rulebook.vocabulary import Computation, parse

CASES = Path(__file__).parent / "cases"
Row = dict[str, str]


def rows(name: str) -> list[Row]:
    with (CASES / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def worked(example: str) -> Row:
    return next(row for row in rows("worked-examples") if row["id"] == example)


def number_after(word: str, text: str) -> Decimal:
    found = re.search(rf"{word}\s*(\d+(?:\.\d+)?)", text)
    assert found, f"{word} in {text}"
    return Decimal(found.group(1))


def one_year(first: str, shares: int = 1) -> dict[str, object]:
    start = date.fromisoformat(first)
    until = start.replace(year=start.year + 1) - timedelta(days=1)
    return {"effective": first, "until": until.isoformat(), "shares": shares}


def both_readings(c: Computation) -> Decimal:
    """The total in yuan, which the worksheet and the columns agree on."""
    book = for_computation(c)
    result = one.compute(book, c)
    assert bulk.compute(book, frame.frame(book, [c]))["total"].to_list() == [int(result.total * 100)]
    return result.total


# Seed 000, 关爱瞬间: breast cancer, diagnosed in January 2021. The day is ours, the month the article's.
STORY = {"kind": "diagnosis", "icd10": "C50.900", "behaviour": "3", "diagnosed_on": "2021-01-15"}


@pytest.mark.parametrize(("plan", "shares", "part"), [("bj-women-1y", 2, "女工"), ("bj-critical-1y", 4, "重疾")])
def test_we01_one_event_in_the_same_words_for_both_plans(plan: str, shares: int, part: str) -> None:
    c = parse({"plan": plan, "cover": one_year("2020-07-01", shares), "event": STORY})
    assert both_readings(c) == number_after(part, worked("WE01")["decomposition"])


def test_we01_the_three_published_parts_add_up() -> None:
    row = worked("WE01")
    parts = [number_after(part, row["decomposition"]) for part in ("女工", "重疾", "其余")]
    assert sum(parts) == Decimal(row["published_result"])


def mild(shares: int, *paid: str) -> Computation:
    already = [{"benefit": "light", "amount": amount, "icd10": code}
               for amount, code in zip(paid, ("D18.000", "H40.900", "N20.000", "K80.200"), strict=False)]
    return parse({"plan": "bj-mild-illness", "cover": one_year("2022-03-01", shares), "paid": already,
                  "event": {"kind": "diagnosis", "icd10": "I20.000", "severity": "light", "diagnosed_on": "2022-12-06"}})


def test_we04_one_share_once_and_the_most_of_a_period() -> None:
    row = worked("WE04")
    once, most = row["published_result"], number_after("cap", row["decomposition"])
    assert both_readings(mild(1)) == Decimal(once)
    assert both_readings(mild(1, once, once, once)) == Decimal(once)
    assert Decimal(once) * 4 == most
    assert both_readings(mild(1, once, once, once, once)) == 0


# The day before a step and its first day, by the date of diagnosis: seeds 000 and 001.
@pytest.mark.parametrize(("plan", "on", "version"), [
    ("bj-critical-3y", "2006-01-01", "2006-01-01"), ("bj-critical-3y", "2014-12-31", "2006-01-01"),
    ("bj-critical-3y", "2015-01-01", "2015-01-01"), ("bj-critical-3y", "2021-01-15", "2015-01-01"),
    ("bj-critical-1y", "2017-01-01", "2017-01-01"), ("bj-critical-1y", "2018-12-31", "2017-01-01"),
    ("bj-critical-1y", "2019-01-01", "2019-01-01"),
    ("bj-women-2y", "2006-01-01", "2006-01-01"), ("bj-women-2y", "2013-12-31", "2006-01-01"),
    ("bj-women-2y", "2014-01-01", "2014-01-01"),
    ("bj-women-1y", "2018-01-01", "2018-01-01"), ("bj-mild-illness", "2021-07-01", "2021-07-01")])
def test_wording_by_date_of_diagnosis(plan: str, on: str, version: str) -> None:
    assert registry.resolve(plan, date.fromisoformat(on)).version == version


def test_a_cover_across_a_step_is_paid_by_the_wording_of_the_diagnosis() -> None:
    cover: dict[str, object] = {"effective": "2014-03-01", "until": "2017-02-28", "shares": 2}
    event: dict[str, object] = {"kind": "diagnosis", "icd10": "C16.900", "behaviour": "3"}
    before = parse({"plan": "bj-critical-3y", "cover": cover, "event": {**event, "diagnosed_on": "2014-12-31"}})
    after = parse({"plan": "bj-critical-3y", "cover": cover, "event": {**event, "diagnosed_on": "2015-01-01"}})
    assert one.compute(for_computation(before), before).outcome == "manual"
    assert both_readings(after) == 20000


# The fifteen kinds as seed 001 prints them.
FIFTEEN = ("急性心肌梗塞", "冠状动脉(旁路)搭桥术", "恶性肿瘤", "慢性肾衰竭(尿毒症)", "重要器官移植", "白血病", "颅内原发肿瘤手术",
           "严重烧烫伤", "截瘫", "多个肢体缺失", "严重运动神经元病", "双目失明", "语言能力丧失", "重症帕金森病", "严重阿尔茨海默病")


@pytest.mark.parametrize("disease", FIFTEEN)
def test_each_of_the_fifteen_kinds_by_its_listed_name(disease: str) -> None:
    c = parse({"plan": "bj-critical-3y", "cover": {"effective": "2015-03-01", "until": "2018-02-28"},
               "event": {"kind": "diagnosis", "disease": disease, "diagnosed_on": "2016-05-09"}})
    assert both_readings(c) == 10000


FORM = "cn_medinsurance_form(6-char, general knowledge)"
CODED = [row for row in rows("icd10-gynaecological")
         if re.fullmatch(r"[A-Z]\d\d\.[x\d]\d\d", row[FORM])]
BEHAVIOUR = {"D05": "2", "D06": "2", "D39": "1", "C79": "6"}


@pytest.mark.parametrize("row", CODED, ids=lambda row: row["icd10"])
def test_eight_and_twelve_kinds_as_the_table_of_codes_gives_them(row: Row) -> None:
    code = row[FORM]
    behaviour = BEHAVIOUR.get(code[:3], "3")
    event = {"kind": "diagnosis", "icd10": code, "behaviour": behaviour,
             "severity": "in_situ" if behaviour == "2" else "malignant"}
    two = parse({"plan": "bj-women-2y", "cover": {"effective": "2014-03-01", "until": "2016-02-29"},
                 "event": {**event, "diagnosed_on": "2014-10-13"}})
    assert both_readings(two) == (10000 if row["北京8类"].startswith("Y") else 0)
    single = parse({"plan": "bj-women-1y", "cover": one_year("2021-03-01"), "event": {**event, "diagnosed_on": "2021-08-09"}})
    twelve = row["北京12类"]
    in_situ = "原位癌慰问金" in twelve
    assert both_readings(single) == (15000 if twelve.startswith("Y") else 2000 if in_situ else 0)


def test_sum_of_an_in_situ_cancer_is_the_tables_own() -> None:
    breast = next(row for row in rows("icd10-gynaecological") if row["icd10"] == "D05")
    c = parse({"plan": "bj-women-1y", "cover": one_year("2021-03-01"),
               "event": {"kind": "diagnosis", "icd10": breast[FORM], "behaviour": "2", "diagnosed_on": "2021-08-09"}})
    assert both_readings(c) == number_after("原位癌慰问金", breast["北京12类"])
