"""A broken file is refused with file, line, what is expected and the nearest known word."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from services.engine.checking.check import check, checked
from services.rulebook import registry
from services.rulebook.bundle import combine
from services.rulebook.loader import RuleBookError, load
from tests.rulebook.trial_book import broken, line_of


def test_the_trial_book_is_sound(file: Path) -> None:
    assert check(file) == []
    assert (checked(file).plan, checked(file).version, checked(file).cases) == ("hz-trial", "2025-07-01", 26)


# Each row breaks one thing: what stood there, what stands there now, text of the line that must be named, words said.
WORDS = [
    ("mode: event", "mood: event", "mood: event", "最接近的是 mode"),
    ("mode: event", "mode: always", "mode: always", "应为 event 或 year_to_date"),
    ("route: office", "route: ofice", "route: ofice", "应为 office 或 insurer"),
    ("    ends: [consolation]", "    end: [consolation]", "end: [consolation]", "最接近的是 ends"),
    ("ends: [consolation]", "ends: [consolaton]", "ends: [consolaton]", "最接近的是 consolation"),
    ("{times: cover.shares}", "{tiems: cover.shares}", "tiems", "最接近的是 times"),
    ("{times: cover.shares}", "{times: cover.share}", "cover.share}", "最接近的是 cover.shares"),
    ("{less: 100}", "{less: 100, claus: 第八条}", "claus:", "最接近的是 clause"),
    ("{less: 100}", "{less: 1oo}", "1oo", "不是数"),
    ("{cap: 4000, over: period,", "{cap: 4000, over: priod,", "priod", "最接近的是 period"),
    ("with: [fire]", "wiht: [fire]", "wiht", "最接近的是 with"),
    ("[5000, 0.40]", "[5000, 4O%]", "4O%", "不是数"),
    ("[5000, 0.40]", "[5000]", "[[5000]", "每段要写成"),
    ("rate: {by: person.category", "rate: {by: person.categry", "{times: rate}", "最接近的是 person.category"),
    ("{take: 500}", "{less: 500}", "{less: 500}", "第一步应为 take"),
    ("{less: 100}", "{less: event.subsidy_days}", "name: 意外医疗 +5", "单位与之前的数不同"),
    ("band: full, list: severe}", "band: full, list: sever}", "list: sever}", "最接近的是 severe"),
    ("band: early,", "band: erly,", "band: erly", "最接近的是 early"),
    ("benefits: [medical, subsidy]", "benefits: [medical, subsdy]", "one_of:", "最接近的是 subsidy"),
    ("age: 16..60", "age: 60..16", "60..16", "起点大于终点"),
    ("age: 16..60", "age: 16-60", "16-60", "不是范围"),
    ("from: 2025-07-01", "from: 2025-13-01", "2025-13-01", "没有这一天"),
    ("from: 2025-07-01", "from: 2025-07-01\nuntil: 2025-06-30", "until: 2025-06-30", "早于 from 2025-07-01"),
    ("role: unit_clerk", "role: clerk", "role: clerk", "unit_clerk"),
    ("banks: {clause", "banks: {alow: [ICBC], clause", "alow", "最接近的是 allow"),
    ("per: share", "per: head", "per: head", "应为 person 或 share"),
    ("by: cover.tier", "by: cover.shares", "by: cover.shares", "只能按 cover.tier"),
    ("of: staff", "of: stuff", "of: stuff", "最接近的是 staff"),
    ("shares: {max: 2, clause: 第三条}", "shares: {max: two, clause: 第三条}", "max: two", "整数"),
    ("dated_by: [event.on, event.diagnosed_on]", "dated_by: [event.on, event.diagnosd_on]", "diagnosd_on]", "event.diagnosed_on"),
    ("dated_by: [event.on, event.diagnosed_on]", "dated_by: [[event.on]]", "[[event.on]]", "应为事实的名称"),
    ("kinds: [accident, diagnosis]", "kinds: [acident, diagnosis]", "acident", "最接近的是 accident"),
    ("participation: {share: 0.80", "participation: {shares: 0.80", "shares: 0.80", "最接近的是 share"),
    ("proves: [person.born]", "prove: [person.born]", "prove: [", "最接近的是 proves"),
]

SOUND = [
    # Clauses: the part, its own clause gone.
    ("term: {years: 1, clause: 第三条}", "term: {years: 1}", "term: {", "缺少 clause"),
    ("high_risk: 32, per: share, clause: 第三条}", "high_risk: 32, per: share}", "fee: {", "缺少 clause"),
    ("shares: {max: 2, clause: 第三条}", "shares: {max: 2}", "shares: {max", "缺少 clause"),
    ("relation: [employee], clause: 第四条,", "relation: [employee],", "eligible:", "缺少 clause"),
    ("all_below: 30, clause: 第五条,", "all_below: 30,", "participation:", "缺少 clause"),
    ("when: {event.kind: diagnosis}, clause: 第六条}", "when: {event.kind: diagnosis}}", "bands:", "缺少 clause"),
    ("diseases: [恶性肿瘤], clause: 第七条,", "diseases: [恶性肿瘤],", "severe: {name", "缺少 clause"),
    ("    clause: 第九条\n", "", "  fire:", "缺少 clause"),
    ("[medical, subsidy], clause: 第八条}", "[medical, subsidy]}", "- {benefits:", "缺少 clause"),
    ("annual_maximum_cut, clause: 第十条}", "annual_maximum_cut}", "total: {", "缺少 clause"),
    ("{plan: xj-women, clause: 第四条}", "{plan: xj-women}", "requires: {", "缺少 clause"),
    ("{event.setting: work}, clause: 第八条}", "{event.setting: work}}", "- {code:", "缺少 clause"),
    ("proves: [person.born], clause: 第十一条}", "proves: [person.born]}", "kind: id_card", "缺少 clause"),
    ("role: unit_clerk, days: 1, clause: 第十二条}", "role: unit_clerk, days: 1}", "level: unit", "缺少 clause"),
    ("start: 出险次日起, clause: 第十三条}", "start: 出险次日起}", "  report:", "缺少 clause"),
    ("banks: {clause: 不限银行}", "banks: {allow: [ICBC]}", "banks: {", "缺少 clause"),
    ("term: {years: 1, clause: 第三条}\n", "", "# A plan of an imagined office", "term：缺少"),
    # Numbers nobody published.
    ("{take: 500}", "{take: 500, origin: UNVERIFIED}", "{take: 500", "UNVERIFIED"),
    ("    clause: 第七条\n    steps:\n", "    clause: 第七条\n    origin: UNVERIFIED\n    steps:\n", "{take: 3000}", "UNVERIFIED"),
    ("else: 0.25, clause: 第八条}", "else: 0.25, clause: 第八条, origin: UNVERIFIED}", "{times: rate}", "UNVERIFIED"),
    ("clause: 第六条}", "clause: 第六条, origin: UNVERIFIED}", "bands:", "UNVERIFIED"),
    ("clause: 第十条}", "clause: 第十条, origin: UNVERIFIED}", "total: {", "UNVERIFIED"),
    ("start: 收到材料次日起,", "start: 收到材料次日起, origin: UNVERIFIED,", "verification:", "UNVERIFIED"),
    # Words nobody knows.
    ("code: unverified_rate", "code: unverified_rat", "unverified_rat,", "最接近的是 unverified_rate"),
    ("flag: annual_maximum_cut", "flag: annual_maximum", "total: {", "最接近的是 annual_maximum_cut"),
    ("exclusions: [XJ-A01..XJ-A03]", "exclusions: [XJ-A01..XJ-A18]", "exclusions:", "没有“XJ-A18”"),
    ("exclusions: [XJ-A01..XJ-A03]", "exclusions: [XJ-A01..XJ-B03]", "exclusions:", "不是一个编号或范围"),
    ("exclusions: [XJ-A01..XJ-A03]", "exclusions: [XJ-A01..]", "exclusions:", "不是一个编号或范围"),
    ("{plan: xj-women,", "{plan: xj-woman,", "requires: {", "最接近的是 xj-women"),
    ("    asks: [event.disability_items]\n", "", "kind: receipt", "本计划不用事实“event.disability_items”"),
    ("asks: [event.disability_items]", "asks: [event.loss]", "asks:", "受理的事件没有事实 event.loss"),
    ("asks: [event.disability_items]", "asks: [event.disability_itms]", "asks:", "最接近的是 event.disability_items"),
    ("proves: [event.medical_own_payment,", "proves: [event.loss,", "kind: receipt", "本计划不用事实“event.loss”"),
    # Out of reach.
    ("event.setting: [life, work]", "event.setting: [life, wrok]", "  medical:", "最接近的是 work"),
    ("when: {event.kind: diagnosis, band: full,", "when: {event.kind: death, band: full,", "    name: 重度疾病 +-1", "不受理这种事件"),
    ("event.subsidy_days: 4..}", "event.loss: 4..}", "  subsidy:", "没有事实 event.loss"),
    # Numbers that contradict one another.
    ("early: 31..60", "early: 31..61", "bands:", "应紧接 early 的末日"),
    ("none: 1..30", "none: 2..30", "bands:", "第一段从第1日起"),
    ("{take: 3000}", "{take: 9001}\n      - {cap: 9000}", "    name: 重度疾病 +3", "永远不能付足"),
    ("level: office_first", "level: unit", "办事处初审", "审核级“unit”重复"),
    ("role: office_reviewer, days: 2", "role: head, days: 2, above: 6000", "办事处主任", "应不低于上一级的 6000"),
    ("role: unit_clerk", "role: head", "办事处初审", "审核级应自下而上"),
    ("role: office_reviewer, days: 2", "role: office_reviewer, days: 4", "  pay:", "合计 8 个工作日"),
    ("  pay: {", "  paid: {", "clocks:", "缺少 pay"),
]


@pytest.mark.parametrize(("old", "new", "line", "said"), [*WORDS, *SOUND], ids=lambda text: text.strip()[:40])
def test_one_wrong_thing_is_named_with_its_line(file: Path, old: str, new: str, line: str, said: str) -> None:
    found = broken(file, old, new)
    marker, _, after = line.partition(" +")
    expected = line_of(file, marker) + int(after or 0)
    assert (file.name, expected) in [(finding.file, finding.line) for finding in found if said in finding.message], found


def test_duplicate_key_and_broken_yaml_and_missing_key(file: Path) -> None:
    found = broken(file, "mode: event", "mode: event\nmode: event")
    assert [(finding.line, finding.message) for finding in found] == [(11, "键“mode”重复")]
    with pytest.raises(RuleBookError):
        load(file)
    file.write_text("plan: [", encoding="utf-8")
    assert check(file)[0].message.startswith("不是 YAML")
    file.write_text("plan: xj-women\n", encoding="utf-8")
    assert {"name", "benefits", "clocks"} <= {finding.key for finding in check(file)}


def test_two_files_from_one_day_overlap(file: Path) -> None:
    shutil.copy(file, file.with_name("2025-08-01.yaml"))
    found = check(file)
    assert [(finding.key, finding.line) for finding in found] == [("from", line_of(file, "from: 2025-07-01"))]
    assert "与 2025-08-01.yaml 同日起施行" in found[0].message
    assert "文件名是 2025-08-01" in check(file.with_name("2025-08-01.yaml"))[0].message


def test_one_plan_under_two_offices_and_a_file_in_a_strange_place(file: Path) -> None:
    other = file.parents[2] / "other" / "hz-trial"
    shutil.copytree(file.parent, other)
    assert [finding.message for finding in check(file)] == ["plan：同时放在 other 和 hz 之下"]
    assert "office：文件放在 other 之下，内容是 hz" in [finding.message for finding in check(other / file.name)]


def test_an_unknown_reading_is_named(file: Path) -> None:
    found = broken(file, "read: [A-46]", "read: [A-99]")
    assert [(finding.key, finding.line) for finding in found] == [("participation.read", line_of(file, "read: [A-99]"))]
    assert "没有解读“A-99”，最接近的是 A-" in found[0].message


def test_an_unknown_part_of_a_bundle_is_named(file: Path) -> None:
    found = broken(file, "mode: event", "mode: event\nbundle: [xj-woman]\nbundle_amounts: manual")
    assert {(finding.key, finding.line) for finding in found} == {("bundle", line_of(file, "bundle: ["))}
    assert any("最接近的是 xj-women" in finding.message for finding in found)


def test_a_wrong_amount_fails_its_examples_by_line(file: Path) -> None:
    found = broken(file, "{take: 500}", "{take: 501}")
    examples = file.with_suffix(".examples.yaml")
    assert [(finding.file, finding.line, finding.message) for finding in found] == [
        (examples.name, line_of(examples, "case: 第31日"), "第31日确诊，慰问金500元：total 应为 500.00，算得 501.00"),
        (examples.name, line_of(examples, "case: 第31日"),
         "第31日确诊，慰问金500元：lines.consolation 应为 500.00，算得 501.00"),
        (examples.name, line_of(examples, "case: 第60日"), "第60日确诊，仍是慰问金：total 应为 500.00，算得 501.00")]


def test_missing_examples_are_a_finding(file: Path) -> None:
    file.with_suffix(".examples.yaml").unlink()
    assert [finding.message for finding in check(file)] == ["缺少 2025-07-01.examples.yaml：每份规则都要有算例"]


def test_a_bundle_carries_its_parts_with_their_joint_caps() -> None:
    parts = {plan: registry.latest(plan) for plan in ("xj-critical-illness", "xj-inpatient-accident")}
    whole = combine(registry.latest("xj-women").model_copy(update={"bundle": tuple(parts)}), parts.__getitem__)
    assert len(whole.benefits) == 3 + sum(len(part.benefits) for part in parts.values())
    own = tuple(f"xj-critical-illness.{name}" for name in parts["xj-critical-illness"].benefits)
    assert whole.closed_by("xj-critical-illness.severe") == set(own)
    assert getattr(whole.benefits["xj-critical-illness.light"].steps[-1], "with_", ()) == own
    assert "xj-inpatient-accident.accident_life" in whole.one_of[-1].benefits
