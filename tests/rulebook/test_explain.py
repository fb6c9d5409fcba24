"""What the member is told: whole texts written by hand from the sources, and what holds for every released plan."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.core.errors import HuzhuError
from services.engine import one
from services.engine.telling.explain import member
from services.engine.telling.words import cite, disease, shown
from services.rulebook import registry
from services.rulebook.loader import load
from services.rulebook.schema import RuleBook
from services.rulebook.vocabulary import parse

BOOKS = Path(__file__).parent / "books"
Words = dict[str, Any]
YEAR = {"effective": "2026-03-01", "until": "2027-02-28"}


def told(book: RuleBook, **words: Any) -> str:
    return "".join(member(one.assess(book, parse({"plan": book.plan, **words}))))


def nx(event: Words, cover: Words | None = None, **rest: Any) -> str:
    return told(registry.latest("nx-ankangbao"), cover=YEAR | (cover or {}), event={"kind": "diagnosis", **event}, **rest)


def women(cover: Words, event: Words, **rest: Any) -> str:
    return told(registry.latest("xj-women"), cover=YEAR | cover, event={"kind": "diagnosis", **event}, **rest)


BREAST = {"icd10": "C50.900", "behaviour": "3", "specimen_on": "2026-04-20", "diagnosed_on": "2026-04-25"}
RULES = "《关爱女职工“安康保”管理办法》"
TABLE = "《新疆维吾尔自治区在职职工互助保障活动宣传手册》一览表"
OBJECT = "；对决定有异议的，可以自收到决定书次日起15日内提出。"


def test_lump_sum_and_days_in_hospital() -> None:
    assert nx({**BREAST, "stays": [{"days": 10}, {"days": 5}]}) == (
        "您于2026年4月20日提取病检标本，确诊乳腺癌，在保障期内且已过30天等待期。"
        f"依{RULES}第五条、第八条，给付乳腺癌保险金100000.00元；依第六条、第八条，住院2次共15天，每次扣除3天，"
        "按9天、每天100元计算，给付乳腺癌住院津贴900.00元。合计100900.00元。")


def test_one_stay_and_the_days_of_the_year_used_up() -> None:
    paid = [{"benefit": "breast_cancer_allowance", "amount": "16000.00", "days": 160},
            {"benefit": "breast_cancer", "amount": "100000.00"}]
    assert nx({**BREAST, "stays": [{"days": 33}]}, paid=paid) == (
        "您于2026年4月20日提取病检标本，确诊乳腺癌，在保障期内且已过30天等待期。"
        f"依{RULES}第六条、第八条，住院33天，扣除3天，最高180天，此前已计160天，按20天、每天100元计算，"
        "给付乳腺癌住院津贴2000.00元。乳腺癌保险金不给付：最高给付100000.00元，已付100000.00元，没有余额。")


def test_renewal_has_no_waiting_period() -> None:
    assert nx({**BREAST, "specimen_on": "2026-03-05"}, {"renewal": True}).startswith(
        "您于2026年3月5日提取病检标本，确诊乳腺癌，在保障期内，连续续保没有等待期。")


def test_premium_back_inside_the_waiting_period() -> None:
    assert nx({**BREAST, "icd10": "C53.900", "specimen_on": "2026-03-20"}) == (
        "您于2026年3月20日提取病检标本，确诊子宫颈癌。"
        "这一天是保障生效后第20天，在等待期（第1天至第30天）内，2026年3月31日起发生的才可给付。"
        f"依{RULES}第五条，不给付保险金，退还所交保险费100.00元。")


def test_a_disease_outside_both_lists_names_them_both() -> None:
    assert nx({**BREAST, "icd10": "C51.900"}) == (
        "您于2026年4月20日提取病检标本，确诊外阴癌。"
        "这一疾病不在保障的病种之内，保障的病种是原发性乳腺癌、原发性其它妇科癌（卵巢癌、子宫癌、子宫颈癌、输卵管癌、阴道癌），"
        f"依{RULES}第九条，本次不予给付。如诊断证明或病理报告另有结论，请补交，我们将重新审核{OBJECT}")


@pytest.mark.parametrize(("event", "words"), [
    ({"icd10": "D05.900", "behaviour": "2"}, "确诊乳腺原位癌。这一疾病属原位癌，保障的病种是原发性乳腺癌、"),
    ({"icd10": "C79.600", "behaviour": "6"}, "确诊卵巢继发性恶性肿瘤。所患肿瘤是继发（转移）的，保障的病种是原发性乳腺癌、"),
    ({"icd10": "C16.900"}, "确诊疾病（编码C16.900）。这一疾病不在保障的病种之内"),
    ({"specimen_on": "2027-03-01"}, "这一天不在保障期（2026年3月1日至2027年2月28日）内，依" + RULES + "第四条，本次不予给付。")])
def test_why_nothing_is_paid(event: Words, words: str) -> None:
    assert words in nx({**BREAST, **event})


@pytest.mark.parametrize(("person", "words"), [
    ({"sex": "M"}, "性别为男，本计划限女性"), ({"born": "2011-01-01"}, "生效日2026年3月1日为15周岁，本计划限16至60周岁"),
    ({"relation": "child"}, "与职工关系为子女，本计划限职工本人或男职工的配偶")])
def test_who_may_not_be_covered(person: Words, words: str) -> None:
    text = nx(BREAST, person=person)
    assert f"{words}，依{RULES}第三条、第四条，本次不予给付。如身份信息有误" in text


def test_shares_in_the_early_band_and_after_it() -> None:
    cancer = {"icd10": "C50.900", "behaviour": "3", "severity": "malignant"}
    assert women({"shares": 4}, {**cancer, "diagnosed_on": "2026-04-14"}) == (
        "您于2026年4月14日确诊乳腺癌，在保障期内，是生效后第45天（观察期第31天至第60天一段）。"
        f"依{TABLE}“30日（不含）后—60日（含）内”，每份500元、共4份，给付慰问金2000.00元。")
    assert women({"shares": 2}, {**cancer, "diagnosed_on": "2026-04-30"}) == (
        "您于2026年4月30日确诊乳腺癌，在保障期内且已过60天观察期。"
        f"依{TABLE}“60日（不含）后 恶性”，每份15000元、共2份，给付恶性肿瘤互助金30000.00元。")


def test_first_thirty_days_and_the_same_disease_again() -> None:
    cancer = {"icd10": "C50.900", "behaviour": "3", "severity": "malignant"}
    assert women({}, {**cancer, "diagnosed_on": "2026-03-30"}) == (
        "您于2026年3月30日确诊乳腺癌。这一天是保障生效后第30天，在观察期（第1天至第30天）内，2026年3月31日起发生的才可给付，"
        f"依{TABLE}“观察期60日（续保无）”，本次不予给付。如属不间断续保，请提交上一期参保凭证，我们将重新计算{OBJECT}")
    paid = [{"benefit": "malignant", "amount": "15000.00", "icd10": "C50.900"}]
    assert "恶性肿瘤互助金：这一疾病已经给付过，同一疾病不重复给付，" in women(
        {}, {**cancer, "diagnosed_on": "2026-08-30"}, paid=paid)


def test_year_of_medical_costs_pays_the_difference() -> None:
    """20 % above 1300 and 650 a stay: 1010; 40 % to 50000 and 60 % above: 38000; 10 were paid."""
    event = {"kind": "medical_year", "year": 2016, "stays_own_1": ["5000", "2000"], "over_cap_own_1": "80000"}
    year = {"effective": "2016-01-01", "until": "2016-12-31"}
    book = registry.latest("bj-medical")
    assert told(book, cover=year, event=event, paid=[{"benefit": "inpatient", "amount": "10.00"}]) == (
        "您申报2016年度医疗费用，在保障期内。"
        "依二次报销说明“住院方面”，各次住院自付一5000.00元、2000.00元，首次扣除1300元、以后每次扣除650元，余5050.00元，"
        "按20%计算，给付住院互助金1010.00元；"
        "依二次报销说明“封顶线以上”，封顶线以上自付一80000.00元，分段按40%、60%计算，给付封顶线以上互助金38000.00元。"
        "本年度应付39010.00元，减去已付10.00元，本次给付39000.00元。")
    over = told(book, cover=year, event={"kind": "medical_year", "year": 2016, "outpatient_own_1": "4300"},
                paid=[{"benefit": "outpatient", "amount": "620.00"}])
    assert over.endswith("本年度应付500.00元，已付620.00元，多付120.00元，办事处将另行与您联系。")


def step(event: Words, **cover: Any) -> str:
    full = {"effective": "2026-01-01", "until": "2026-12-31", "shares": 2, "tier": "50", **cover}
    return told(load(BOOKS / "test-every-step.yaml"), cover=full, event={"kind": "accident", "on": "2026-02-05", **event})


@pytest.mark.parametrize(("event", "words"), [
    ({"medical_own_payment": "3000"}, "意外医疗自付金额3000.00元，扣除100元，按33.3%计算，给付医疗965.70元；"
     "意外医疗自付金额3000.00元的150%，即4500.00元，分段按12.5%、40%计算，给付阶梯1525.00元。合计2490.70元。"),
    ({"stays": [{"days": 40}, {"days": 2}], "subsidy_days": 200},
     "住院2次共42天，首次扣除3天、以后每次扣除1天，每次最高30天，按31天、每天80.55元计算，给付住院2497.05元；"
     "津贴天数200天，最高180天，此前已计31天，按149天、每天12.345元计算，给付津贴1839.41元。合计4336.46元。"),
    ({"disability_items": [19, 30, 24], "setting": "life"}, "每份最高5000.5元、共2份，伤残给付比例50%，给付七级5000.50元。"),
    ({"disability_grades": [10, 10], "setting": "work"}, "最高40000元，伤残给付比例20%，给付十级8000.00元。")])
def test_each_step_in_a_plain_phrase(event: Words, words: str) -> None:
    assert step(event).endswith(words)


def test_about_whom_and_what_waits() -> None:
    assert step({"death": True, "setting": "work"}).startswith("会员于2026年2月5日在工作中发生意外伤害身故，")
    child = step({"victim": "child"})
    assert child.startswith("您的子女于2026年2月5日发生意外伤害，")
    assert child.endswith("核定（最高6000.00元）的金额由办事处核定，核定后书面告知。")


def test_exclusion_prerequisite_and_joint_cap() -> None:
    accident = {"kind": "accident", "on": "2026-05-01", "setting": "life", "disability_items": [24]}
    book = registry.latest("xj-inpatient-accident")
    text = told(book, cover=YEAR, event=accident, exclusions={"XJ-A09": True})
    assert "属于除外责任（酒后驾驶、无有效驾驶执照驾驶" in text
    assert "依《新疆维吾尔自治区在职职工互助保障活动宣传手册》四、二（9），本次不予给付。" in text
    severe = {"kind": "diagnosis", "severity": "severe", "diagnosed_on": "2026-09-01"}
    book = registry.latest("xj-critical-illness")
    assert "这一天没有参加在职职工（住院+意外）综合互助保障，而本计划须先参加它" in told(book, cover=YEAR, event=severe)
    paid = [{"benefit": "light", "amount": "3000.00"}]
    assert told(book, cover=YEAR, event=severe, covers=["xj-inpatient-accident"], paid=paid).endswith(
        "每份10000元、共1份，各项合计最高10000.00元，此前已计3000.00元，给付重度疾病互助金7000.00元。")


def test_nothing_asked_for_says_what_to_report() -> None:
    text = told(registry.latest("bj-allowance"), cover=YEAR, event={"kind": "diagnosis", "icd10": "I21.900",
                                                                    "diagnosed_on": "2026-05-06"})
    assert text.startswith("您于2026年5月6日确诊疾病（编码I21.900）。没有申报住院记录，")
    assert "请补报住院记录，我们将重新计算" in text


def released() -> Iterator[Any]:
    for path in registry.files():
        examples = path.with_suffix(".examples.yaml")
        for number, case in enumerate(yaml.safe_load(examples.read_text(encoding="utf-8")) if examples.exists() else ()):
            if "input" in case and "error" not in case["expect"]:
                yield pytest.param(path, case["input"], case["expect"], id=f"{path.parent.name}-{path.stem}-{number}")


@pytest.mark.parametrize(("path", "words", "expect"), list(released()))
def test_every_plan_speaks_plainly(path: Path, words: Words, expect: Words) -> None:
    """No code in the words, whole sentences, the amounts that the example states by hand."""
    book = registry.whole(load(path))
    text = told(book, **words)
    assert not re.search(r"[a-z_]{3,}|None|nan|\(|\{", re.sub(r"\(旁路\)|\([^()]*[^\x00-\x7f][^()]*\)", "", text)), text
    assert text.endswith("。")
    assert not re.search(r"，，|。。|；。|，。|“”|《》|：：", text), text
    for line, amount in expect.get("lines", {}).items():
        if amount != "0.00" and not book.benefits[line].name.startswith("("):
            assert f"{amount}元" in text
    if expect.get("refund", "0.00") != "0.00":
        assert f"{expect['refund']}元" in text
    if expect.get("outcome") == "nothing" and "receivable" not in expect and "本年度应付" not in text:
        assert "不予给付" in text or "没有可以给付" in text


def test_clauses_are_cited_with_their_document() -> None:
    nx_book, xj, bj = (registry.latest(plan) for plan in ("nx-ankangbao", "xj-women", "bj-medical"))
    assert cite(nx_book, "第五条") == f"{RULES}第五条"
    assert cite(nx_book, "安康保管理办法 第五条、第八条") == f"{RULES}第五条、第八条"
    assert cite(nx_book, "保险法第二十三条") == "保险法第二十三条"
    assert cite(nx_book, "") == RULES
    assert cite(xj, "一览表 恶性") == f"{TABLE}“恶性”"
    assert cite(xj, "一览表") == TABLE
    assert cite(xj, "手册三、逐级审核") == "《新疆维吾尔自治区在职职工互助保障活动宣传手册》三、逐级审核"
    assert cite(xj, "一览表 “自付”部分") == f"{TABLE}“‘自付’部分”"
    assert cite(bj, "seed 004 门诊方面") == "规定“门诊方面”"


def test_values_and_diseases_in_words() -> None:
    assert disease(None, "C50.900", "2") == "疾病（编码C50.900，性质码2）"
    assert disease(None, "C79.600", "6") == "卵巢继发性恶性肿瘤"
    assert disease("截瘫", "G82.200", None) == "截瘫"
    assert disease(None, None, None, "light") == "轻度疾病"
    assert shown("event.behaviour", "3") == "3（恶性，原发）"
    assert shown("event.stays.days", (10, 5)) == "10天、5天"
    assert (shown("event.death", False), shown("cover.tier", "26"), shown("event.loss", None)) == (
        "否", "每年26元档", "未申报")


def test_an_input_that_the_plan_refuses_has_no_explanation() -> None:
    with pytest.raises(HuzhuError):
        nx({**BREAST, "icd10": None})
