"""The facts a rule-book may name, in the words of a computation (`vocabulary.py`).

The table is the one place that knows a fact's type, unit, Chinese label and the event kinds it belongs to; the
form, the API schema, the columns of the bulk engine and `plans check` all read it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FactType = Literal["bool", "int", "text", "date", "money", "days", "list_money", "list_days", "list_int"]

KINDS = ("diagnosis", "inpatient", "accident", "property", "medical_year", "settlement", "death", "consolation")
SEVERITIES = ("severe", "light", "in_situ", "malignant")
CATEGORIES = ("normal", "model_worker", "specially_poor", "hardship")
TIERS = ("26", "50", "74", "100", "5", "10", "15")
BEHAVIOURS = tuple("0123456789")

DIAGNOSIS, INPATIENT, ACCIDENT, PROPERTY, YEAR, SETTLEMENT, DEATH, CONSOLATION = ((kind,) for kind in KINDS)


@dataclass(frozen=True, slots=True)
class FactSpec:
    """One fact: `kinds` empty means it does not hang on the event's kind; `choices` empty means free."""

    type: FactType
    label: str
    kinds: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()

    @property
    def is_list(self) -> bool:
        """Whether a value is a list of elements until a `sum` step."""
        return self.type.startswith("list_")

    @property
    def unit(self) -> Literal["yuan", "days", "number"]:
        """What one element counts: yuan (fen in columns), days, or a bare number."""
        if self.type in ("money", "list_money"):
            return "yuan"
        return "days" if self.type in ("days", "list_days") else "number"


FACTS: dict[str, FactSpec] = {
    "cover.effective": FactSpec("date", "保障生效日"),
    "cover.until": FactSpec("date", "保障终止日"),
    "cover.renewal": FactSpec("bool", "连续续保"),
    "cover.shares": FactSpec("int", "份数"),
    "cover.tier": FactSpec("text", "缴费档次", choices=TIERS),
    "cover.premium_paid": FactSpec("money", "实缴费用"),
    "person.category": FactSpec("text", "会员类别", choices=CATEGORIES),
    "person.high_risk_work": FactSpec("bool", "高危工种"),
    "person.sex": FactSpec("text", "性别", choices=("F", "M")),
    "person.relation": FactSpec("text", "与职工关系", choices=("employee", "wife", "child")),
    "person.born": FactSpec("date", "出生日期"),
    "person.age": FactSpec("int", "生效日周岁"),
    "band": FactSpec("text", "观察期档"),
    "reported_on": FactSpec("date", "报案日期"),
    "event.kind": FactSpec("text", "事件类别", choices=KINDS),
    "event.settled_on": FactSpec("date", "结算日期", KINDS),
    "event.icd10": FactSpec("text", "疾病编码（ICD-10）", DIAGNOSIS),
    "event.behaviour": FactSpec("text", "形态学性质码（ICD-O-3）", DIAGNOSIS, BEHAVIOURS),
    "event.disease": FactSpec("text", "疾病名称", DIAGNOSIS),
    "event.severity": FactSpec("text", "严重程度", DIAGNOSIS, (*SEVERITIES, "sudden_death")),
    "event.specimen_on": FactSpec("date", "病检标本提取日", DIAGNOSIS),
    "event.diagnosed_on": FactSpec("date", "确诊日期", DIAGNOSIS),
    "event.sudden_death": FactSpec("bool", "急性疾病猝死", (*DIAGNOSIS, *ACCIDENT, *DEATH)),
    "event.stays": FactSpec("list_days", "住院记录", (*DIAGNOSIS, *INPATIENT, *ACCIDENT)),
    "event.stays.days": FactSpec("list_days", "每次住院天数", (*DIAGNOSIS, *INPATIENT, *ACCIDENT)),
    "event.stays.from": FactSpec("date", "首次入院日期", (*DIAGNOSIS, *INPATIENT, *ACCIDENT)),
    "event.own_payment": FactSpec("money", "住院自付金额", INPATIENT),
    "event.setting": FactSpec("text", "意外场合", (*ACCIDENT, *DEATH), ("life", "work", "non_work")),
    "event.on": FactSpec("date", "发生日期", (*ACCIDENT, *PROPERTY, *DEATH, *CONSOLATION)),
    "event.death": FactSpec("bool", "身故", (*ACCIDENT, *DEATH)),
    "event.disability_items": FactSpec("list_int", "伤残项目（七级三十四项）", ACCIDENT),
    "event.disability_grades": FactSpec("list_int", "伤残等级（JR/T 0083）", ACCIDENT),
    "event.medical_own_payment": FactSpec("money", "意外医疗自付金额", ACCIDENT),
    "event.subsidy_days": FactSpec("days", "津贴天数", ACCIDENT),
    "event.victim": FactSpec("text", "受伤害人", (*ACCIDENT, *DEATH), ("member", "child")),
    "event.cause": FactSpec("text", "损失原因", PROPERTY, ("fire", "burst_pipe")),
    "event.loss": FactSpec("money", "损失金额", PROPERTY),
    "event.year": FactSpec("int", "医疗年度", YEAR),
    "event.outpatient_own_1": FactSpec("money", "门诊自付一", YEAR),
    "event.stays_own_1": FactSpec("list_money", "各次住院自付一", YEAR),
    "event.over_cap_own_1": FactSpec("money", "封顶线以上自付一", YEAR),
    "event.other_reimbursed": FactSpec("money", "其他已报销金额", YEAR),
    "event.pool_fund_paid": FactSpec("money", "统筹基金支付金额", SETTLEMENT),
    "event.pool_own": FactSpec("money", "统筹段自付金额", SETTLEMENT),
    "event.large_own": FactSpec("money", "大额段自付金额", SETTLEMENT),
    "event.out_of_region": FactSpec("bool", "异地就医", SETTLEMENT),
    "event.amount": FactSpec("money", "办事处核定慰问金额", CONSOLATION),
}

# What a missing fact counts as; every other missing fact is "not stated".
DEFAULTS: dict[str, bool | str] = {
    "event.sudden_death": False, "event.death": False, "event.out_of_region": False, "event.victim": "member",
    "person.category": "normal", "person.high_risk_work": False, "cover.renewal": False,
}


def full_name(name: str) -> str:
    """`severity` → `event.severity`: conditions may leave the event's prefix out."""
    if not isinstance(name, str):
        raise ValueError("事实要写成一个名字")
    return f"event.{name}" if name not in FACTS and f"event.{name}" in FACTS else name
