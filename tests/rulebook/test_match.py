"""Which covers answer one event: the first published story (seed 000), and each reason for and against."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import pytest

from services.cli.match import read
from services.core.errors import HuzhuError, InputError
from services.core.words import date_cn
from services.engine.event import last_day
from services.engine.matching.match import Answer, match
from services.engine.one import compute
from services.rulebook.dating import for_computation

Words = Mapping[str, object]
WOMAN: Words = {"sex": "F", "born": "1978-03-02"}
# Seed 000: confirmed in January 2021; the stay's days are ours. 2 shares × 15000 and 4 × 10000 are the published sums.
CANCER: Words = {"kind": "diagnosis", "icd10": "C50.900", "behaviour": "3", "diagnosed_on": "2021-01-12",
                 "specimen_on": "2021-01-08"}
STORY: Words = {**CANCER, "stays": [{"from": "2021-01-05", "to": "2021-01-20"}]}
COVERS: tuple[Words, ...] = (
    {"plan": "bj-women-1y", "effective": "2020-06-01", "shares": 2},
    {"plan": "bj-critical-1y", "effective": "2020-06-01", "shares": 4},
    {"plan": "bj-inpatient", "effective": "2020-06-01"}, {"plan": "bj-allowance", "effective": "2020-06-01"},
    {"plan": "bj-combined-a", "effective": "2020-06-01"}, {"plan": "bj-accident", "effective": "2020-06-01", "tier": "100"})


def ask(event: Words, *covers: Words, person: Words = WOMAN) -> dict[str, Answer]:
    held = read({"person": dict(person), "event": dict(event), "covers": [dict(cover) for cover in covers]})
    return {answer.plan: answer for answer in match(held)}


def why(answer: Answer) -> list[str]:
    return [reason.code for reason in answer.contra]


def test_the_first_published_story_opens_five_claims() -> None:
    answers = ask(STORY, *COVERS)
    assert {plan: answer.answer for plan, answer in answers.items()} == {
        "bj-women-1y": "yes", "bj-critical-1y": "yes", "bj-inpatient": "yes", "bj-allowance": "yes", "bj-combined-a": "yes",
        "bj-accident": "no"}
    assert [plan for plan, answer in answers.items() if answer.opens] == [
        "bj-women-1y", "bj-critical-1y", "bj-inpatient", "bj-allowance", "bj-combined-a"]
    accident = answers["bj-accident"]
    assert why(accident) == ["kind_not_answered"]
    assert "在职职工意外伤害互助保障不受理“确诊疾病”，只受理：意外" in accident.said
    assert all(reason.clause for answer in answers.values() for reason in (*answer.pro, *answer.contra))


def test_thirty_and_forty_thousand_compute() -> None:
    held = {c.plan: c for c in read({"person": WOMAN, "event": STORY, "covers": list(COVERS)})}
    paid = {plan: compute(for_computation(held[plan]), held[plan]) for plan in ("bj-women-1y", "bj-critical-1y", "bj-allowance")}
    assert {plan: result.total for plan, result in paid.items()} == {
        "bj-women-1y": Decimal("30000.00"), "bj-critical-1y": Decimal("40000.00"),
        "bj-allowance": Decimal("560.00")}      # 15 days less 1, at 40 a day


def test_a_yes_names_benefits_and_papers_and_whom_each_paper_serves() -> None:
    answers = ask(STORY, *COVERS)
    assert [owed.benefit for owed in answers["bj-women-1y"].benefits] == ["malignant"]
    assert [owed.benefit for owed in answers["bj-combined-a"].benefits] == ["bj-inpatient.inpatient", "bj-critical-1y.severe"]
    papers = {paper.kind: paper.serves for paper in answers["bj-inpatient"].papers}
    assert papers["discharge_record"] == ("bj-inpatient", "bj-allowance")
    assert papers["id_card"] == ("bj-women-1y", "bj-critical-1y", "bj-inpatient", "bj-allowance", "bj-combined-a")
    assert answers["bj-accident"].papers == ()


def test_without_stays_the_stay_plans_say_what_to_report() -> None:
    answers = ask(CANCER, *COVERS)
    for plan in ("bj-inpatient", "bj-allowance"):
        answer = answers[plan]
        assert (answer.answer, answer.opens, answer.said) == ("needs", False, "补报住院记录")
        [need] = answer.needs
        assert (need.fact, need.paper.startswith("出院记录")) == ("event.stays", True)
    combined = answers["bj-combined-a"]
    assert (combined.answer, [owed.benefit for owed in combined.benefits]) == ("yes", ["bj-critical-1y.severe"])
    assert [(need.fact, need.benefits) for need in combined.needs] == [("event.stays", ("住院医疗互助金",))]


@pytest.mark.parametrize(("effective", "answer", "code"), [
    ("2020-01-13", "yes", None), ("2020-01-12", "no", "not_in_cover"),      # to 2021-01-12, to 2021-01-11
    ("2021-01-12", "yes", None), ("2021-01-13", "no", "not_in_cover")])
def test_the_decisive_day_must_lie_in_the_cover(effective: str, answer: str, code: str | None) -> None:
    found = ask(STORY, {"plan": "bj-critical-1y", "effective": effective})["bj-critical-1y"]
    assert (found.answer, found.opens) == (answer, answer == "yes")
    if code:
        assert why(found) == [code]
        cover = f"{date_cn(date.fromisoformat(effective))}至{date_cn(last_day(date.fromisoformat(effective), 1))}"
        assert found.said == f"确诊日期2021年1月12日不在保障期（{cover}）内"


def test_a_date_before_the_first_wording_is_told_as_such() -> None:
    event = {**CANCER, "diagnosed_on": "2017-03-01", "specimen_on": "2017-03-01"}
    found = ask(event, {"plan": "bj-women-1y", "effective": "2016-06-01"})["bj-women-1y"]
    assert (found.answer, found.opens, why(found)) == ("no", False, ["before_first_version"])
    assert found.said == "在职女职工特殊疾病互助保障（一年期）自2018年1月1日起施行，2017年3月1日还没有规则"


def test_a_stay_without_dates_is_judged_by_the_events_own_day() -> None:
    """The plan's last resort `cover.effective` would put any event into the cover."""
    event = {**CANCER, "stays": [{"days": 10}]}
    inside = ask(event, {"plan": "bj-inpatient", "effective": "2020-06-01"})["bj-inpatient"]
    assert inside.answer == "yes" and "确诊日期2021年1月12日在保障期" in inside.said
    assert why(ask(event, {"plan": "bj-inpatient", "effective": "2018-06-01"})["bj-inpatient"]) == ["not_in_cover"]


SEVERE: Words = {"kind": "diagnosis", "icd10": "I63.900", "severity": "severe", "diagnosed_on": "2026-05-06"}
CRITICAL: Words = {"plan": "xj-critical-illness", "effective": "2026-01-01"}


def test_a_missing_prerequisite_is_refused_by_decision_not_at_the_door() -> None:
    alone = ask(SEVERE, CRITICAL)["xj-critical-illness"]
    assert (alone.answer, alone.opens, why(alone)) == ("no", True, ["prerequisite_missing"])
    assert alone.said == "确诊日期2026年5月6日没有参加在职职工（住院+意外）综合互助保障，而本计划须先参加它"
    both = ask(SEVERE, CRITICAL, {"plan": "xj-inpatient-accident", "effective": "2026-01-01"})
    assert (both["xj-critical-illness"].answer, both["xj-inpatient-accident"].answer) == ("yes", "no")
    late = ask(SEVERE, CRITICAL, {"plan": "xj-inpatient-accident", "effective": "2026-05-07"})
    assert why(late["xj-critical-illness"]) == ["prerequisite_missing"]


def test_who_is_not_eligible_gets_a_decision_too() -> None:
    found = ask({**CANCER, "diagnosed_on": "2026-05-06"}, {"plan": "xj-women", "effective": "2026-01-01"},
                person={"sex": "M"})["xj-women"]
    assert (found.answer, found.opens, why(found)) == ("no", True, ["not_eligible"])


@pytest.mark.parametrize(("effective", "event", "code"), [
    ("2026-01-01", {"icd10": "D05.900", "behaviour": "2", "specimen_on": "2026-04-02", "diagnosed_on": "2026-04-08"},
     "in_situ"),            # S05
    ("2026-01-01", {"icd10": "C79.600", "behaviour": "6", "specimen_on": "2026-04-02", "diagnosed_on": "2026-04-09"},
     "not_primary"),        # S06
    ("2026-03-01", {"icd10": "C54.100", "behaviour": "3", "specimen_on": "2026-03-20", "diagnosed_on": "2026-03-24"},
     "waiting_period")])    # S04
def test_what_the_list_or_the_waiting_period_rules_out_is_decided_formally(effective: str, event: Words, code: str) -> None:
    found = ask({"kind": "diagnosis", **event}, {"plan": "nx-ankangbao", "effective": effective})["nx-ankangbao"]
    assert (found.answer, found.opens, found.benefits, found.needs) == ("yes", True, (), ())
    assert code in why(found)
    if code == "in_situ":       # in the computation's own words, once for all the benefits they rule out
        assert found.contra[0].text == (
            "乳腺癌保险金、乳腺癌住院津贴：乳腺原位癌属原位癌，保障的病种是原发性乳腺癌")


def test_a_disease_nobody_named_is_asked_for() -> None:
    event = {"kind": "diagnosis", "diagnosed_on": "2026-04-08"}
    found = ask(event, {"plan": "nx-ankangbao", "effective": "2026-01-01"})["nx-ankangbao"]
    assert found.answer == "needs"
    assert found.needs[0].fact == "event.icd10"
    named = ask({**event, "disease": "乳腺癌"}, {"plan": "nx-ankangbao", "effective": "2026-01-01"})["nx-ankangbao"]
    assert (named.answer, [owed.benefit for owed in named.benefits]) == ("yes", ["breast_cancer"])


@pytest.mark.parametrize(("plan", "wanted"), [
    ("bj-women-1y", {"event.icd10", "event.severity"}), ("bj-critical-3y", {"event.icd10"}),
    ("bj-critical-1y", {"event.disease", "event.severity"})])     # of its list only five are named: they say their severity
def test_an_illness_without_any_word_waits_for_one(plan: str, wanted: set[str]) -> None:
    found = ask({"kind": "diagnosis", "diagnosed_on": "2026-03-16"}, {"plan": plan, "effective": "2025-06-01"})[plan]
    assert (found.answer, {need.fact for need in found.needs}) == ("needs", wanted)


def test_the_specimens_day_may_come_later() -> None:
    found = ask({"kind": "diagnosis", "icd10": "C50.900", "diagnosed_on": "2026-04-08"},
                {"plan": "nx-ankangbao", "effective": "2026-01-01"})["nx-ankangbao"]
    assert (found.answer, found.opens) == ("yes", True)
    assert [need.fact for need in found.needs] == ["event.stays", "event.specimen_on"]
    assert found.said.endswith("确诊日期2026年4月8日在保障期（2026年1月1日至2026年12月31日）内")


def test_an_accident_asks_the_other_plans() -> None:
    answers = ask({"kind": "accident", "on": "2021-01-12", "setting": "life", "death": True}, *COVERS)
    assert answers["bj-accident"].answer == "yes" and why(answers["bj-women-1y"]) == ["kind_not_answered"]
    assert [owed.benefit for owed in answers["bj-accident"].benefits] == ["death"]


@pytest.mark.parametrize(("change", "field"), [
    ({"event": {**STORY, "diagnosis_on": "2021-01-12"}}, "event.diagnosis_on"),
    ({"event": {**STORY, "loss": "1.00"}}, "event.loss"), ({"event": {"kind": "diagnosis", "icd10": "C50"}}, "event.diagnosed_on"),
    ({"covers": [{"plan": "bj-women-1y", "effective": "2021-02-30"}]}, "covers.0.effective"),
    ({"covers": [COVERS[0], {"plan": "bj-womens", "effective": "2020-06-01"}]}, "covers.1.plan"),
    ({"covers": [{"plan": "bj-women-1y", "effectiv": "2020-06-01"}]}, "covers.0.effectiv"),
    ({"covers": []}, "covers"), ({"persons": {}}, "persons")])
def test_only_wrong_words_are_errors(change: Words, field: str) -> None:
    with pytest.raises(HuzhuError) as error:
        match(read({"person": WOMAN, "event": STORY, "covers": list(COVERS), **change}))
    assert (error.value.exit_code, error.value.field) == (2, field)


def test_an_event_without_a_word_is_named() -> None:
    with pytest.raises(InputError, match="event"):
        read({"covers": list(COVERS)})
