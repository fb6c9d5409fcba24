"""What the `huzhu` command shows to people: within the page, in Chinese words, and helpful where the input is wrong."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len

from services.cli import main as cli


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.main(list(arguments))
    said = capsys.readouterr()
    return code, said.out, said.err


def wide_as(width: int, out: str) -> bool:
    return all(cell_len(line) <= width for line in out.splitlines())


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("plan", ["xj-women", "nx-ankangbao", "xj-gig-accident", "bj-critical-1y"])
def test_the_whole_wording_is_read_within_the_page(plan: str, width: int, monkeypatch: pytest.MonkeyPatch,
                                                    capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    code, out, _ = run(capsys, "plans", "show", plan)
    assert code == 0 and wide_as(width, out)
    for part in ("参加对象", "份数", "保障期", "决定日期", "待遇", "材料", "审核", "时限", "收款银行", "所依据的解读"):
        assert part in out
    for code_word in ("certify", "district_reviewer", "not_in_list", "UNVERIFIED"):
        assert code_word not in out
    assert wide_as(width, run(capsys, "plans", "facts", plan)[1])


def test_the_wording_says_amounts_and_shares_as_the_brochure_does(monkeypatch: pytest.MonkeyPatch,
                                                                  capsys: pytest.CaptureFixture[str]) -> None:
    """安康保 第三、五、六、八条; 《八项互助保障活动简表》 and the leaflet of the second reimbursement."""
    monkeypatch.setenv("COLUMNS", "200")
    nx = run(capsys, "plans", "show", "nx-ankangbao")[1]
    for words in ("女性、职工本人或男职工的配偶、16至60周岁、续保16至64周岁、身体健康", "每人每期100元",
                  "第1天至第30天不给付，退还所交费用", "每次扣除3天", "最高180天，保障期内累计", "每天100元", "中国工商银行、中国建设银行"):
        assert words in nx
    medical = run(capsys, "plans", "show", "bj-medical")[1]
    for words in ("不少于职工总数的70%，少于30人的单位全体参加", "扣除1800元", "一般会员、困难职工 20%；劳模、特困职工 25%",
                  "50000元（含）以内的部分给付40%；超过50000元至100000元（含）的部分给付60%", "各项合计最高200653元"):
        assert words in medical


def test_the_worksheet_is_read_within_the_page_and_without_codes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                                 capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "claim.json"
    file.write_text(json.dumps({
        "plan": "nx-ankangbao", "cover": {"effective": "2026-03-01", "until": "2027-02-28"},
        "event": {"kind": "diagnosis", "icd10": "C50.900", "specimen_on": "2026-03-31", "diagnosed_on": "2026-04-25",
                  "stays": [{"days": 10}, {"days": 5}]}}), encoding="utf-8")
    for width in (80, 120):
        monkeypatch.setenv("COLUMNS", str(width))
        for more in ((), ("--worksheet",)):
            code, out, _ = run(capsys, "compute", str(file), *more)
            assert code == 0 and wide_as(width, out)
            assert "不给付的项目" in out and "(10-3)+(5-3)=9 天" in out
            assert "not_in_list" not in out and "borderline" not in out


def test_an_empty_list_of_covers_is_answered_with_what_to_write(monkeypatch: pytest.MonkeyPatch,
                                                               capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO('{"event": {"kind": "death", "on": "2026-05-04"}, "covers": []}'))
    code, _, err = run(capsys, "match", "-")
    assert code == 2 and "没有列出这个人的任何一份保障" in err and "huzhu plans list" in err


@pytest.mark.parametrize("command", ["match", "compute"])
def test_a_derived_fact_names_what_is_stated_instead(command: str, monkeypatch: pytest.MonkeyPatch,
                                                     capsys: pytest.CaptureFixture[str]) -> None:
    common = {"event": {"kind": "accident", "on": "2026-05-04"}, "person": {"age": 40}}
    cover = {"effective": "2026-01-01", "until": "2026-12-31"}
    words = common | ({"plan": "bj-accident", "cover": cover} if command == "compute" else
                      {"covers": [{"plan": "bj-accident", **cover}]})
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(words)))
    code, _, err = run(capsys, command, "-")
    assert code == 2 and "生效日周岁由出生日期推出" in err and "改写 person.born" in err


def test_a_stays_report_is_timely_until_ten_days_after_discharge(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Discharged on 2026-05-08, a Friday: the tenth day is Monday 18 May."""
    file = tmp_path / "claim.json"
    for reported, late in (("2026-05-18", False), ("2026-05-19", True)):
        file.write_text(json.dumps({
            "plan": "bj-allowance", "cover": {"effective": "2026-01-01", "until": "2026-12-31"}, "reported_on": reported,
            "event": {"kind": "inpatient", "stays": [{"from": "2026-05-01", "to": "2026-05-08"}]}}), encoding="utf-8")
        _, out, _ = run(capsys, "compute", str(file), "--json")
        assert ("late_report" in json.loads(out)["flags"]) is late
