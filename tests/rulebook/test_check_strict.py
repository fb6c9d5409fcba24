"""What a newcomer's trial let through: each hole closed, with the line and the words; closed plans; paths."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from documents import notices
from services.cli.main import main
from services.cli.match import read
from services.core.errors import InputError
from services.engine.checking.check import check, files_at
from services.engine.matching.match import match
from services.models.office_letter import KINDS
from services.rulebook import registry
from services.rulebook.parts import INSURER_LETTERS, LETTERS
from services.rulebook.shelf import shelf
from tests.rulebook.trial_book import broken, line_of

# What a newcomer's trial let through, or said in a programmer's words.
STRICT = [
    # Numbers out of all measure, or written as people write them.
    ("years: 1, clause: 第三条", "years: 11, clause: 第三条", "term: {", "不能大于 10"),
    ("years: 1, clause: 第三条", "years: 0, clause: 第三条", "term: {", "不能小于 1"),
    ("years: 1, clause: 第三条", "years: , clause: 第三条", "term: {", "没有值，应为整数"),
    ("shares: {max: 2,", "shares: {max: 101,", "shares: {max", "不能大于 100"),
    ("report: {days: 10,", "report: {days: 36601,", "  report:", "不能大于 36600"),
    ("report: {days: 10,", "report: {days: 99999999999999999999,", "  report:", "不能大于 36600"),
    ("report: {days: 10,", "report: {", "  report:", "要写 days 或 years"),
    # Reopening, supplements and the reminder hold two years, whatever a file says.
    ("limitation: {years: 2,", "limitation: {years: 3,", "  limitation:", "申领时效只能是 years: 2"),
    ("limitation: {years: 2,", "limitation: {days: 730,", "  limitation:", "申领时效只能是 years: 2"),
    ("full: 61..}", "full: 61..36601}", "bands:", "超过 36600 天"),
    ("age: 16..60", "age: 16..160", "eligible:", "超过 150 岁"),
    ("{take: 3000}", "{take: 1000000000001}", "1000000000001", "最多一万亿"),
    ("{take: 3000}", "{take: .inf}", "{take: .inf}", "只能作各段（slices）的最后一个上限"),
    ("{take: 3000}", "{take: nan}", "{take: nan}", "不认识的事实“nan”"),
    ("{take: 3000}", "{take: 1e9}", "{take: 1e9}", "不是数"),
    ("{take: 3000}", "{take: 3,000}", "{take: 3,000}", "不写千分位"),
    ("{take: 3000}", "{take: 3_000}", "{take: 3_000}", "不写千分位，写成 3000"),
    ("{take: 3000}", "{take: ３０００}", "{take: ３０００}", "数字用半角，写成 3000"),
    ("{take: 3000}", "{take: 3000元}", "{take: 3000元}", "不写单位"),
    ("{take: 3000}", "{take: }", "{take: }", "没有写值"),
    ("{take: 3000}", "{take: -3000}", "{take: -3000}", "不能是负数"),
    ("{less: 100}", "{less: -100}", "{less: -100}", "不能是负数"),
    ("{cap: 4000, over", "{cap: -1, over", "{cap: -1", "不能是负数"),
    ("[5000, 0.40]", "[5000, -0.40]", "slices:", "不能是负数"),
    ("[5000, 0.40]", "[5000, 40]", "slices:", "四成写成 0.40"),
    ("[5000, 0.40]", "[5000, 40%]", "slices:", "写成小数 0.4"),
    ("[5000, 0.40], [.inf, 0.60]", "[5000, 0.40]", "slices:", "最后一段的上限要写 .inf"),
    ("[5000, 0.40], [.inf, 0.60]", "[5000, 0.40], [4000, 0.50], [.inf, 0.60]", "slices:", "从小到大"),
    ("share: 0.80", "share: 0", "participation:", "要大于 0"),
    ("share: 0.80", "share: 1.01", "participation:", "不能大于 1"),
    ("above: 5000,", "above: -1,", "办事处主任", "不能是负数"),
    # Codes of others.
    ("relation: [employee]", "relation: [employe]", "eligible:", "最接近的是 employee"),
    ("icd10: [C50]", "icd10: [c50]", "severe: {name", "不是 ICD-10 编码的开头"),
    ("icd10: [C50]", "icd10: [C50-C58]", "severe: {name", "不是 ICD-10 编码的开头"),
    ("icd10: [C50]", "icd10: [C50], behaviour: [malignant]", "severe: {name", "应为 0、1、2"),
    ("icd10: [C50]", "icd10: [C50], behaviour: [33]", "severe: {name", "应为 0、1、2"),
    ("banks: {clause", "banks: {allow: [ICBK], clause", "banks: {", "最接近的是 ICBC"),
    ("banks: {clause: 不限银行}", "banks: {clause: 不限银行}\nletters: [receit]", "letters:", "最接近的是 receipt"),
    ("dated_by: [event.on, event.diagnosed_on]", "dated_by: [event.on, event.loss]", "dated_by:", "不是日期"),
    ("dated_by: [event.on, event.diagnosed_on]", "dated_by: []", "dated_by:", "至少要有几项"),
    ("rate: {by: person.category, normal:",
     "rate: {by: person.category, norml:",
     "{times: rate}", "最接近的是 normal"),
    # Nothing said, said twice, or said to nobody.
    ("name: 试验互助保障", "name: ' '", "name: ' '", "不能为空"),
    ("    name: 慰问金", "    name: ''", "    name: ''", "不能为空"),
    ("name: 身份证复印件", "name: ''", "kind: id_card", "不能为空"),
    ("name: 基层工会", "name: ''", "level: unit", "不能为空"),
    ("  - {kind: receipt, name: 费用单据, when: {event.kind: accident},",
     "  - {kind: id_card, name: 费用单据,",
     "费用单据", "已写过（身份证复印件）"),
    ("kinds: [accident, diagnosis]",
     "kinds: [accident, diagnosis, property]",
     "kinds:", "没有一项待遇能对 property 给付"),
    ("exclusions: [XJ-A01..XJ-A03]",
     "exclusions: [XJ-A01..XJ-A03]\nquestions:\n  HZ-1: {question: 是否酒后？, clause: 第九条}",
     "HZ-1", "永远不会问"),
    ("exclusions: [XJ-A01..XJ-A03]",
     "exclusions: [XJ-A01..XJ-A03]\nquestions:\n  XJ-A01: {question: 是否？, clause: 第九条}",
     "  XJ-A01:", "共用的除外责任"),
    ("lists:", "lists:\n  light: {name: 轻度疾病, icd10: [D05], clause: 第七条}", "  light:", "没有一项待遇用到"),
    ("diseases: [恶性肿瘤], clause: 第七条, origin: UNVERIFIED}",
     "clause: 第七条}\n  none: {name: 空目录, clause: 第七条}",
     "  none:", "没有一项待遇用到"),
    ("icd10: [C50], diseases: [恶性肿瘤], clause: 第七条, origin: UNVERIFIED}",
     "clause: 第七条}",
     "severe: {name", "没有一种疾病"),
    # Steps that mean nothing.
    ("{times: rate}", "{times: event.disability_items}", "{times: event.disability_items}", "是列表，这里要一个数"),
    ("{times: rate}", "{times: event.on}", "{times: event.on}", "不是数"),
    ("{times: rate}", "{times: event.medical_own_payment}", "{times: event.medical_own_payment}", "元不能乘以元"),
    ("{less: 100}", "{less: event.stays.days}", "{less: event.stays.days}", "是列表，这里要一个数"),
    ("{take: 3000}\n      - {times: cover.shares}",
     "{take: event.subsidy_days}\n      - {times: cover.shares}",
     "- {times: cover.shares}", "天数乘以份数不是元"),
    ("{take: 3000}\n      - {times: cover.shares}", "{take: cover.shares}", "{take: cover.shares}", "不是元而是个数"),
    ("{take: event.medical_own_payment}\n      - {less: 100}",
     "{take: event.stays.days}\n      - {less: 100}",
     "slices:", "先写 {sum: days} 合计"),
    ("{take: 3000}\n      - {times: cover.shares}",
     "{take: event.stays.days}\n      - {times: 100}",
     "- {times: 100}", "先写 {sum: yuan} 合计"),
    ("{take: 3000}", "{take: 3000, cap: 2000}", "{take: 3000, cap", "一步只写一个动作，这里写了 take 和 cap"),
    ("{take: 3000}", "take 3000", "- take 3000", "一步要写成"),
    ("{take: 3000}", "{take：3000}", "{take：3000}", "全角标点"),
    ("{take: 3000}", "{take:3000}", "{take:3000}", "冒号后要空一格"),
    ("with: [fire]", "with: [fre]", "{cap: 4000", "最接近的是 fire"),
    ("with: [fire]", "with: [subsidy]", "{cap: 4000", "只写了一边：subsidy 的 cap 也要写 with: [medical]"),
    ("with: [fire]", "with: [medical]", "{cap: 4000", "with 只写别的待遇"),
    ("above: 5000, clause: 第十二条}", "above: 5000, clause: 第十二条}\n"
     "  - {level: last, name: 终审, act: review, role: head, clause: 第十二条}", "level: last",
     "没有写 above，即所有金额，应不低于上一级的 5000"),
    # Broken YAML, in the words of whoever typed it.
    ("mode: event", "mode：event", "mode：event", "本行用了全角标点"),
    ("mode: event", "mode:event", "mode:event", "少了半角冒号和空格"),
    ("mode: event", "\tmode: event", "mode: event", "制表符"),
    ("years: 1, clause: 第三条", "years: 1，clause: 第三条", "term: {", "括号里少了半角逗号"),
    ("steps: [{take: 500}]", "steps: 【{take: 500}】", "【{take", "全角标点"),
    ("    name: 慰问金", "    name: 慰问金: 二", "慰问金: 二", "文字里有冒号的加引号"),
]


@pytest.mark.parametrize(("old", "new", "line", "said"), STRICT, ids=lambda text: text.strip()[:40])
def test_one_wrong_thing_is_named_with_its_line(file: Path, old: str, new: str, line: str, said: str) -> None:
    found = broken(file, old, new)
    marker, _, after = line.partition(" +")
    expected = line_of(file, marker) + int(after or 0)
    assert (file.name, expected) in [(finding.file, finding.line) for finding in found if said in finding.message], found


# Whatever stands where a number should, the check says so by line, in Chinese, and never falls over.
ODD = ("", "0", "1", "-1", "1e309", "nan", ".inf", "-.inf", "9" * 40, "0.0000001", "1.", ".5", "٣", "1 0", "[]", "{}",
       "[1, 2]", "{by: band, full: 1}", "~", "true", "2026-01-01", "1..2", "cover.effective", "event.stays")


PLACES = ("years: 1,", "max: 2,", "share: 0.80,", "all_below: 30,", "{take: 500}", "{less: 100}", "{cap: 4000,", "[5000,",
          "0.40]", "{manual: 8000,", "{cap: 9000,", "days: 10,", "years: 2,", "above: 5000,", "high_risk: 32,", "age: 16..60",
          "early: 31..60", "from: 2025-07-01", "dated_by: [event.on, event.diagnosed_on]")


@pytest.mark.parametrize("place", PLACES)
def test_no_number_makes_the_check_fall_over(file: Path, place: str) -> None:
    text = file.read_text(encoding="utf-8")
    found = re.search(r"[\d.-]+(?=\D*$)|\[event.*", place)
    assert text.count(place) == 1 and found, place
    for odd in ODD:
        file.write_text(text.replace(place, place.replace(found[0], odd)), encoding="utf-8")
        for finding in check(file):
            assert finding.line > 0 and not re.search(r"should|valid|Input|None|Decimal|Error", finding.message), (odd, finding)


def test_the_letters_a_plan_may_name_are_those_the_house_writes() -> None:
    folders = {path.parent.name for path in Path(notices.__file__).parent.glob("*/template.html")}
    about_no_plan = {"exchange", *KINDS}     # a period's report to the insurer, and the office's own letters
    assert set(LETTERS) == folders - about_no_plan and not folders & set(INSURER_LETTERS)


def test_a_path_is_a_file_or_a_folder_of_rulebooks(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert files_at(tmp_path) == files_at(file) == [file]
    assert main(["plans", "check", str(tmp_path)]) == 0
    assert "检查 1 份规则" in capsys.readouterr().out
    for wrong, said in ((tmp_path / "nowhere", "读不到文件"), (file.with_suffix(".examples.yaml"), "是算例文件"),
                        (tmp_path / "empty", "没有规则文件")):
        (tmp_path / "empty").mkdir(exist_ok=True)
        assert main(["plans", "check", str(wrong)]) == 2
        assert said in capsys.readouterr().err


def test_a_closed_plan_answers_to_its_last_day(file: Path) -> None:
    closed = file.read_text(encoding="utf-8").replace("from: 2025-07-01", "from: 2025-07-01\nuntil: 2026-03-01")
    file.write_text(closed, encoding="utf-8")
    said = {finding.message for finding in check(file) if finding.line == line_of(file.with_suffix(".examples.yaml"), "case: 第61日")}
    assert said == {"第61日确诊，2份6000元：试验互助保障已停办，末日为 2026-03-01，2026-03-02 没有规则"}
    assert not any("第60日" in finding.message for finding in check(file))     # 1 March is its last day
    later = file.with_name("2026-03-01.yaml")
    later.write_text(closed.replace("from: 2025-07-01\nuntil: 2026-03-01", "from: 2026-03-01"), encoding="utf-8")
    assert "until：2026-03-01.yaml 在 2026-03-01 之前已起施行，停办日期写在计划的最后一个版本里" in [
        finding.message for finding in check(file)]


def test_after_a_closed_plan_there_is_no_wording_until_a_later_one(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("from: 2025-07-01", "from: 2025-07-01\nuntil: 2026-03-01"), encoding="utf-8")
    file.with_name("2027-01-01.yaml").write_text(text.replace("from: 2025-07-01", "from: 2027-01-01"), encoding="utf-8")
    monkeypatch.setattr(registry, "PLANS", file.parents[2])
    registry._directories.cache_clear()
    try:
        assert registry.resolve("hz-trial", date(2026, 3, 1)).version == "2025-07-01"
        with pytest.raises(InputError) as refused:
            registry.resolve("hz-trial", date(2026, 3, 2))
        assert (refused.value.code, refused.value.field) == ("plan_ended", "event.on")
        assert registry.resolve("hz-trial", date(2027, 1, 1)).version == "2027-01-01"
        assert not any(finding.key == "until" for finding in check(file))
        held = read({"person": {}, "event": {"kind": "accident", "on": "2026-04-01"},
                     "covers": [{"plan": "hz-trial", "effective": "2026-01-01"}]})
        [answer] = match(held)
        assert (answer.answer, answer.opens, [why.code for why in answer.contra]) == ("no", False, ["plan_ended"])
    finally:
        for cached in (registry._directories, registry._shipped):
            cached.cache_clear()
        shelf().made.clear()


@pytest.mark.parametrize(("text", "said"), [
    ("a: &a [x, x]\n" + "\n".join(f"{name}: &{name} [*{of}, *{of}]" for of, name in zip("abcdefgh", "bcdefghi", strict=True)),
     "不能用 YAML 的引用"),
    ("plan: &a [*a]", "不能用 YAML 的引用"), ("base: &base {plan: x}\n<<: *base", "不能用 YAML 的引用"),
    ("[" * 29_000 + "]" * 29_000, "超过 24 层"), ("plan: " + "{a: " * 900 + "1" + "}" * 900, "超过 24 层"),
    ("\n".join(" " * depth + "a:" for depth in range(600)), "超过 24 层")])
def test_a_short_file_never_grows_beyond_memory_or_stack(tmp_path: Path, text: str, said: str) -> None:
    """A hundred thousand brackets end the process in the parser itself; nine lines of references are a thousand million words."""
    path = tmp_path / "2025-07-01.yaml"
    path.write_text(text, encoding="utf-8")
    [found] = check(path)
    assert said in found.message
