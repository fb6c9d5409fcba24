"""The words of a computation: the vocabulary's own example, and errors that name the key."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from services.core.errors import InputError
from services.engine import one
from services.rulebook.dating import for_computation
from services.rulebook.vocabulary import parse

EXAMPLE: dict[str, Any] = json.loads("""{
  "plan": "nx-ankangbao",
  "cover": {"effective": "2026-03-01", "until": "2027-02-28", "renewal": false, "shares": 1, "tier": "100"},
  "person": {"category": "normal", "high_risk_work": false},
  "event": {"kind": "diagnosis", "icd10": "C50.900", "behaviour": "3", "specimen_on": "2026-04-20", "diagnosed_on": "2026-04-25",
            "stays": [{"days": 10}, {"days": 5}]},
  "paid": []
}""")
PRINTED = json.loads("""{
  "plan": "nx-ankangbao", "version": "2019-01-03", "outcome": "pay", "total": "100900.00",
  "lines": [
    {"benefit": "breast_cancer", "amount": "100000.00", "clause": "安康保管理办法 第五条、第八条", "steps": ["定额 100000.00"]},
    {"benefit": "breast_cancer_allowance", "amount": "900.00", "clause": "安康保管理办法 第六条、第八条",
     "steps": ["(10-3)+(5-3)=9 天", "9 × 100.00 = 900.00"]}
  ],
  "flags": [], "refund": "0.00",
  "nothing": [{"benefit": "other_gynaecological_cancer", "reason": "not_in_list", "clause": "第九条"}]
}""")

Change = Callable[[dict[str, Any]], object]


def changed(change: Change) -> dict[str, Any]:
    data = copy.deepcopy(EXAMPLE)
    change(data)
    return data


def test_the_example_comes_out_as_printed() -> None:
    c = parse(EXAMPLE)
    assert one.compute(for_computation(c), c).to_dict() == PRINTED


@pytest.mark.parametrize(("change", "code", "field", "said"), [
    (lambda d: d["event"].update(icd1="C50"), "unknown_key", "event.icd1", "event.icd10"),
    (lambda d: d.update(icd10="C50"), "unknown_key", "icd10", "event.icd10"),
    (lambda d: d["cover"].update(share=2), "unknown_key", "cover.share", "cover.shares"),
    (lambda d: d["event"]["stays"].append({"day": 3}), "unknown_key", "event.stays.2.day", "event.stays.2.days"),
    (lambda d: d["event"].update(loss="5.00"), "unknown_key", "event.loss", "property"),
    (lambda d: d["cover"].pop("until"), "missing_key", "cover.until", "缺少"),
    (lambda d: d["event"].update(specimen_on="2026-02-30"), "wrong_value", "event.specimen_on", "没有这一天"),
    (lambda d: d["event"].update(specimen_on="20260220"), "wrong_value", "event.specimen_on", "YYYY-MM-DD"),
    (lambda d: d["cover"].update(shares="2"), "wrong_value", "cover.shares", "整数"),
    (lambda d: d["cover"].update(shares=0), "wrong_value", "cover.shares", ""),
    (lambda d: d["cover"].update(renewal="yes"), "wrong_value", "cover.renewal", "true 或 false"),
    (lambda d: d["cover"].update(until="2026-01-01"), "wrong_value", "cover", "早于"),
    (lambda d: d["event"].update(behaviour=3), "wrong_value", "event.behaviour", '写成文字 "3"'),
    (lambda d: d["event"].update(icd10="breast"), "wrong_value", "event.icd10", "C50.900"),
    (lambda d: d["event"].update(kind="illness"), "wrong_value", "event.kind", "diagnosis"),
    (lambda d: d["cover"].update(premium_paid="-1.00"), "wrong_value", "cover.premium_paid", "0 至一百亿"),
    (lambda d: d["cover"].update(premium_paid=100.5), "wrong_value", "cover.premium_paid", "文字"),
    (lambda d: d["cover"].update(premium_paid="100.005"), "wrong_value", "cover.premium_paid", "两位小数"),
    (lambda d: d.update(exclusions={"XJ-A01": "yes"}), "wrong_value", "exclusions.XJ-A01", "suspected"),
])
def test_wrong_input_names_the_key(change: Change, code: str, field: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        parse(changed(change))
    assert (refused.value.code, refused.value.field) == (code, field)
    assert said in refused.value.message
    assert refused.value.exit_code == 2


@pytest.mark.parametrize(("change", "field"), [
    (lambda d: d["cover"].update(shares=2), "cover.shares"),
    (lambda d: d.update(paid=[{"benefit": "brest_cancer", "amount": "1.00"}]), "paid.0.benefit"),
    (lambda d: d.update(manual={"breast": {"amount": "1.00", "reason": "x"}}), "manual.breast"),
    (lambda d: d.update(exclusions={"XJ-A01": True}), "exclusions.XJ-A01"),
    (lambda d: d["event"].pop("icd10"), "event.icd10"),
    (lambda d: d["event"].pop("specimen_on"), "event.specimen_on"),
    (lambda d: d.update(event={"kind": "property", "on": "2026-04-20", "loss": "5.00"}), "event"),
])
def test_what_only_the_plan_knows_is_refused_by_name(change: Change, field: str) -> None:
    with pytest.raises(InputError) as refused:
        c = parse(changed(change))
        one.compute(for_computation(c), c)
    assert (refused.value.field or "").startswith(field)


def test_not_an_object_is_refused() -> None:
    with pytest.raises(InputError):
        parse(["nx-ankangbao"])
