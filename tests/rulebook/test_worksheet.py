"""The worksheet: each step with clause, readings, facts and papers; why-not with what decided; its speed."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.cli import main as cli
from services.engine import one
from services.engine.telling.worksheet import worksheet
from services.reporting import answers
from services.rulebook import registry
from services.rulebook.loader import load
from services.rulebook.vocabulary import parse

BOOKS = Path(__file__).parent / "books"
Words = dict[str, Any]
BREAST = {"plan": "nx-ankangbao", "cover": {"effective": "2026-03-01", "until": "2027-02-28"},
          "event": {"kind": "diagnosis", "icd10": "C50.900", "behaviour": "3", "specimen_on": "2026-04-20",
                    "diagnosed_on": "2026-04-25", "stays": [{"days": 10}, {"days": 5}]}}


def sheet_of(words: Words, **changes: Any) -> Words:
    return answers.compute_worksheet({**words, **changes})


def with_event(**event: Any) -> Words:
    return sheet_of(BREAST, event=BREAST["event"] | event)


def row(sheet: Words, benefit: str, step: str) -> Words:
    line = next(line for line in sheet["lines"] if line["benefit"] == benefit)
    return next(found for found in line["rows"] if found["step"] == step)


def why(sheet: Words, benefit: str) -> Words:
    return next(item for item in sheet["nothing"] if item["benefit"] == benefit)


def test_head_names_the_wording_by_the_bytes_of_its_file() -> None:
    sheet = sheet_of(BREAST)
    file = registry.PLANS / "ningxia" / "nx-ankangbao" / "2019-01-03.yaml"
    assert (sheet["plan"], sheet["version"], sheet["digest"]) == (
        "nx-ankangbao", "2019-01-03", hashlib.sha256(file.read_bytes()).hexdigest())
    assert (sheet["outcome"], sheet["total"], sheet["band"]["day"]) == ("pay", "100900.00", 51)
    assert (sheet["dated_by"]["fact"], sheet["dated_by"]["shown"], sheet["dated_by"]["clause"]) == (
        "event.specimen_on", "2026年4月20日", "第九条")
    assert sheet["explanation"][-1] == "合计100900.00元。"


def test_each_step_has_words_clause_readings_and_the_facts_it_read() -> None:
    sheet = sheet_of(BREAST)
    line = next(line for line in sheet["lines"] if line["benefit"] == "breast_cancer_allowance")
    assert [(found["step"], found["words"], found["clause"], found["read"]) for found in line["rows"]] == [
        ("when", "病种：原发性乳腺癌", "第九条", ["A-19"]),
        ("take", "每次住院天数 10、5", "第六条", []),
        ("less", "逐次扣除 (10-3)、(5-3)", "第六条", []),
        ("sum", "(10-3)+(5-3)=9 天", "第六条", []),
        ("cap", "未超过上限 180 天", "第六条", ["A-17"]),
        ("times", "9 × 100.00 = 900.00", "第八条", [])]
    stays = row(sheet, "breast_cancer_allowance", "take")["inputs"]
    assert [(fact["fact"], fact["label"], fact["value"], fact["shown"]) for fact in stays] == [
        ("event.stays.days", "每次住院天数", [10, 5], "10天、5天")]
    assert (line["name"], line["amount"], line["read"]) == ("乳腺癌住院津贴", "900.00", ["A-17"])
    assert [found["words"] for found in sheet["total_rows"]] == ["100000.00 + 900.00 = 100900.00"]


def test_every_fact_shows_the_paper_that_proves_it() -> None:
    """第十四条: the diagnosis proves the disease, the pathology report the specimen's day, hospital papers the stays."""
    sheet = sheet_of(BREAST)
    proved = {fact["fact"]: fact["proved_by"] for line in sheet["lines"] for found in line["rows"] for fact in found["inputs"]}
    assert proved["event.icd10"] == ["医院出具的疾病诊断证明书"]
    assert proved["event.stays.days"] == ["住院治疗期间医院开具的其他证明资料"]
    assert proved["event.behaviour"] == ["医院出具的病理诊断报告（病理显微镜检查、血液检验及其它科学方法检验报告）"]
    assumed = sheet_of(BREAST, event={key: value for key, value in BREAST["event"].items() if key != "behaviour"})
    facts = {fact["fact"]: fact for fact in row(assumed, "breast_cancer", "when")["inputs"]}
    assert (facts["event.behaviour"]["value"], facts["event.behaviour"]["proved_by"]) == ("3", [])
    checks = {fact["fact"]: fact["proved_by"] for found in sheet["checks"] for fact in found["inputs"]}
    assert checks["person.age"] == ["被保险人身份证复印件"]
    assert checks["cover.renewal"] == ["参保登记"]


def test_what_the_whole_plan_asks_stands_first() -> None:
    checks = sheet_of(BREAST, person={"born": "1980-02-03", "sex": "F"})["checks"]
    assert [(found["step"], found["words"], found["clause"]) for found in checks] == [
        ("cover", "保障期 2026年3月1日 至 2027年2月28日，生效后第51天", "第四条"),
        ("waiting", "等待期第1天至第30天", "第五条"),
        ("eligible", "限女性、职工本人或男职工的配偶、16至60周岁", "第三条、第四条")]
    assert [(fact["label"], fact["shown"]) for fact in checks[2]["inputs"]] == [
        ("性别", "女"), ("与职工关系", "未申报"), ("生效日周岁", "46")]
    answered = sheet_of({"plan": "xj-inpatient-accident", "cover": {"effective": "2026-01-01", "until": "2026-12-31"},
                         "event": {"kind": "accident", "on": "2026-01-05", "setting": "work", "disability_items": [24]}},
                        exclusions={"XJ-A09": "suspected", "XJ-A04": False})["checks"]
    assert answered[1]["words"] == "观察期第1天至第30天，不适用于本次事件"
    assert answered[-2]["words"].endswith("？ 疑似")
    assert answered[-1]["words"].endswith("？ 否")


@pytest.mark.parametrize(("event", "reason", "words", "clause", "facts"), [
    ({"specimen_on": "2026-03-20"}, "waiting_period",
     "病检标本提取日2026年3月20日是保障生效后第20天，在等待期（第1天至第30天）内，2026年3月31日起发生的才可给付", "第五条",
     ["event.specimen_on", "cover.effective", "cover.renewal"]),
    ({"specimen_on": "2027-03-01"}, "not_in_cover",
     "病检标本提取日2027年3月1日不在保障期（2026年3月1日至2027年2月28日）内", "第四条",
     ["event.specimen_on", "cover.effective", "cover.until"]),
    ({"icd10": "C16.900"}, "not_in_list", "疾病（编码C16.900）不在保障的病种之内，保障的病种是原发性乳腺癌", "第九条",
     ["event.icd10", "event.behaviour"]),
    ({"icd10": "D05.900", "behaviour": "2"}, "in_situ", "乳腺原位癌属原位癌，保障的病种是原发性乳腺癌", "第九条",
     ["event.icd10", "event.behaviour"])])
def test_why_not(event: Words, reason: str, words: str, clause: str, facts: list[str]) -> None:
    item = why(with_event(**event), "breast_cancer")
    assert (item["reason"], item["why"], item["clause"], [fact["fact"] for fact in item["inputs"]]) == (
        reason, words, clause, facts)
    assert item["reason_words"]
    assert item["rows"] == []


def test_why_not_keeps_the_steps_it_went_through() -> None:
    short = why(with_event(stays=[{"days": 3}, {"days": 2}]), "breast_cancer_allowance")
    assert (short["reason"], short["why"]) == ("zero_amount", "住院2次共5天，每次扣除3天，没有应付金额")
    assert [found["words"] for found in short["rows"]][1:3] == ["逐次扣除 (3-3)、(2-3→0)", "(3-3)+(2-3→0)=0 天"]
    assert [fact["fact"] for fact in short["inputs"]] == ["event.stays.days"]
    paid = [{"benefit": "breast_cancer", "amount": "100000.00"}]
    used = why(sheet_of(BREAST, paid=paid), "breast_cancer")
    assert (used["why"], used["rows"][-1]["words"]) == (
        "最高给付100000.00元，已付100000.00元，没有余额", "上限 100000.00，已付 100000.00，给付 0.00")


def critical(**changes: Any) -> Words:
    words = {"plan": "xj-critical-illness", "cover": {"effective": "2026-01-01", "until": "2026-12-31"},
             "covers": ["xj-inpatient-accident"], "event": {"kind": "diagnosis", "severity": "severe",
                                                            "diagnosed_on": "2026-06-01"}}
    return sheet_of(words, **changes)


def test_bands_ends_prerequisite_and_joint_cap() -> None:
    light = critical(paid=[{"benefit": "light", "amount": "3000.00"}])
    total = light["total_rows"][0]
    assert (total["step"], total["words"], total["read"]) == ("total", "各项合计上限 10000.00，已付 3000.00，余 7000.00", ["A-25"])
    assert row(light, "severe", "total")["words"] == "合计上限 10000.00，已付 3000.00，给付 7000.00"
    assert why(light, "consolation")["why"] == "确诊日期2026年6月1日是保障生效后第152天，本项在第31天至第60天给付"
    assert why(light, "light")["why"] == "严重程度为重度，本项限轻度"
    alone = critical(covers=[])
    assert why(alone, "severe")["why"] == (
        "确诊日期2026年6月1日没有参加在职职工（住院+意外）综合互助保障，而本计划须先参加它")
    ended = critical(paid=[{"benefit": "consolation", "amount": "500.00"}])
    assert why(ended, "severe")["why"].startswith("已给付慰问金")
    excluded = critical(exclusions={"XJ-A17": True})
    assert (why(excluded, "severe")["reason"], why(excluded, "severe")["clause"]) == ("excluded", "手册四、二（17）")


def test_every_step_form_has_words() -> None:
    book = load(BOOKS / "test-every-step.yaml")
    words = {"plan": book.plan, "cover": {"effective": "2026-01-01", "until": "2026-12-31", "shares": 2, "tier": "50"},
             "event": {"kind": "accident", "on": "2026-02-05", "setting": "life", "medical_own_payment": "3000",
                       "stays": [{"days": 40}, {"days": 2}], "subsidy_days": 200, "disability_items": [19, 30, 24],
                       "victim": "child"}}
    sheet = worksheet(one.assess(book, parse(words)))
    said = {line["benefit"]: [found["words"] for found in line["rows"] if found["step"] != "when"] for line in sheet["lines"]}
    assert said == {
        "medical": ["意外医疗自付金额 3000.00", "3000.00 - 100.00 = 2900.00", "2900.00 × 0.333 = 965.70", "未超过上限 18000.02"],
        "ladder": ["意外医疗自付金额 3000.00 × 1.5 = 4500.00", "1000.00×0.125 + 3500.00×0.4 = 1525.00",
                   "上限 2500.00，本次已计 965.70，给付 1525.00"],
        "stays": ["每次住院天数 40、2", "逐次扣除 (40-3)、(2-1)", "逐次不超过上限 (40-3)→30、(2-1)", "(40-3)→30+(2-1)=31 天",
                  "未超过上限 60 天", "31 × 80.55 = 2497.05"],
        "subsidy": ["津贴天数 200", "上限 180 天，本次已计 31 天，给付 149 天", "149 × 12.345 = 1839.405", "四舍五入到分 1839.41"],
        "seven": ["取 5000.50", "伤残项目（等级）19、30、24：5000.50 × 50% = 2500.25", "2500.25 × 2 = 5000.50"],
        "by_hand": ["待核定金额，最高 6000.00"]}
    # A step without a clause of its own stands under the benefit's.
    assert {found["clause"] for line in sheet["lines"] for found in line["rows"] if found["step"] not in ("round", "when")} == {"试"}
    assert sheet["flags"][0].keys() == {"flag", "words"}
    waits = next(line for line in sheet["lines"] if line["benefit"] == "by_hand")
    assert (waits["manual"], waits["ceiling"], sheet["outcome_words"]) == (True, "6000.00", "须人工核定")


def test_a_reviewers_amount_keeps_its_reason_and_a_missing_item_is_named() -> None:
    words = {"plan": "bj-inpatient", "cover": {"effective": "2026-01-01", "until": "2026-12-31"},
             "event": {"kind": "inpatient", "stays": [{"from": "2026-05-01", "to": "2026-05-09"}], "own_payment": "41000.00"}}
    given = sheet_of(words, manual={"inpatient": {"amount": "33800.00", "reason": "按结算单核定"}})
    assert row(given, "inpatient", "manual")["words"] == "核定 33800.00，最高 39605.00：按结算单核定"
    assert [(fact["label"], fact["shown"]) for fact in row(given, "inpatient", "manual")["inputs"]] == [
        ("住院自付金额", "41000.00元")]        # the reviewer sets the amount from it
    accident = {"plan": "xj-inpatient-accident", "cover": {"effective": "2026-01-01", "until": "2026-12-31"},
                "event": {"kind": "accident", "on": "2026-05-01", "setting": "life"}}
    asked = why(sheet_of(accident), "accident_life")
    assert (asked["reason"], asked["why"]) == ("not_claimed", "没有申报伤残项目（七级三十四项）")


def cases() -> list[Any]:
    found = []
    for path in registry.files():
        examples = path.with_suffix(".examples.yaml")
        for number, case in enumerate(yaml.safe_load(examples.read_text(encoding="utf-8")) if examples.exists() else ()):
            if "input" in case and "error" not in case["expect"]:
                found.append(pytest.param(path, case, id=f"{path.parent.name}-{path.stem}-{number}"))
    return found


@pytest.mark.parametrize(("path", "case"), cases())
def test_worksheet_of_every_example(path: Path, case: Words) -> None:
    """Plain JSON; a clause beside each step of the plan; the lines are those the example states by hand."""
    book = registry.whole(load(path))
    sheet = worksheet(one.assess(book, parse({"plan": book.plan, **case["input"]})))
    assert json.loads(json.dumps(sheet, ensure_ascii=False)) == sheet
    for line in sheet["lines"]:
        assert line["rows"]
        assert all(found["clause"] for found in line["rows"] if found["step"] != "round")
        assert all(found["words"] for found in line["rows"])
    lines = {line["benefit"]: line["amount"] for line in sheet["lines"]}
    assert lines == case["expect"].get("lines", lines)
    for item in sheet["nothing"]:
        assert item["clause"]
        assert not re.search(r"None|[a-z]+_[a-z]+", item["why"]), item["why"]
    reasons = {item["benefit"]: item["reason"] for item in sheet["nothing"]}
    assert reasons == case["expect"].get("nothing", reasons)


def test_result_keeps_the_shape_of_the_vocabulary() -> None:
    found = answers.compute(BREAST).to_dict()
    assert set(found) == {"plan", "version", "outcome", "total", "lines", "flags", "refund", "nothing"}
    assert found["lines"][1] == {
        "benefit": "breast_cancer_allowance", "amount": "900.00", "clause": "安康保管理办法 第六条、第八条",
        "steps": ["(10-3)+(5-3)=9 天", "9 × 100.00 = 900.00"]}
    assert found["nothing"] == [{"benefit": "other_gynaecological_cancer", "reason": "not_in_list", "clause": "第九条"}]


def test_command_prints_tables_for_people_and_json_for_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                                capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "claim.json"
    file.write_text(json.dumps(BREAST), encoding="utf-8")
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> str:
        assert cli.main(["compute", str(file), *arguments]) == 0
        return capsys.readouterr().out

    plain = run("--worksheet")
    assert "逐次扣除 (10-3)、(5-3)" in plain
    assert "住院治疗期间医院开具的其他证明资料" in plain
    assert json.loads(run("--worksheet", "--json")) == sheet_of(BREAST)
    assert "告知会员：您于2026年4月20日提取病检标本，确诊乳腺癌" in run()
    assert "rows" not in run("--json")
