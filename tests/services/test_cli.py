"""The `huzhu` command over the rows of the seed tables: expectations stand in the tables, not in the code."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import pytest

from services.cli import main as cli
from services.core.settings import settings

CASES = Path(__file__).parent / "cases"
PLAN_CASES = Path(__file__).parents[1] / "rulebook" / "cases"


def rows(name: str) -> list[dict[str, str]]:
    path = CASES / name
    with (path if path.exists() else PLAN_CASES / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.main(list(arguments))
    said = capsys.readouterr()
    return code, said.out, said.err


def compute(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: object) -> dict[str, object]:
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(words)))
    code, out, err = run(capsys, "compute", "-", "--json")
    assert code == 0, err
    return json.loads(out)  # type: ignore[no-any-return]


def test_days_add_prints_the_day_and_the_count(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "days", "add", "2026-02-13", "15")
    assert code == 0
    assert out.splitlines() == ["2026-03-12", "自2月13日次日起算，跳过春节9天，含2月14日、28日调休上班日，第15个工作日为3月12日"]


@pytest.mark.parametrize("row", rows("working-days.csv"), ids=lambda row: f"{row['start_date_day0']} {row['weekday']}")
def test_days_add(row: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    for days in ("10", "15"):
        code, out, _ = run(capsys, "days", "add", row["start_date_day0"], days, "--json")
        assert (code, json.loads(out)["due"]) == (0, row[f"due_{days}_workdays"])


@pytest.mark.parametrize("row", rows("report-within-10-days.csv"), ids=lambda row: row["diagnosis_date_day0"])
def test_days_report(row: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "days", "report", row["diagnosis_date_day0"], "--json")
    found = json.loads(out)
    assert (code, found["last_timely_day"], found["raw_last"]) == (0, row["last_timely_day_after_extension"], row["raw_last_day"])


BANDS = {"none(30日内)": "none", "consolation(31-60日)": "early", "full(60日后)": "full"}


@pytest.mark.parametrize("row", rows("waiting-30-60.csv"), ids=lambda row: row["diagnosis_date"])
def test_days_waiting_in_bands(row: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "days", "waiting", "xj-women", row["effective_date_0h"], row["diagnosis_date"], "--json")
    found = json.loads(out)
    assert (code, found["band"], found["day"]) == (
        0, BANDS[row["tier_reading_A(recommended,保险法30)"]], int(row["ordinal_if_effective_day_is_day1"]))
    assert found["borderline"] is (row["flag"] == "BORDERLINE")


@pytest.mark.parametrize("row", rows("waiting-ankangbao.csv"), ids=lambda row: row["specimen_date"])
def test_days_waiting_of_the_insured_plan(row: dict[str, str], capsys: pytest.CaptureFixture[str],
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    _, out, _ = run(capsys, "days", "waiting", "nx-ankangbao", row["effective_date_0h"], row["specimen_date"], "--json")
    found = json.loads(out)
    inside = row["reading_A_recommended"].startswith("等待期内")
    assert (found["band"], found["borderline"]) == ("waiting" if inside else "covered", row["flag"] == "BORDERLINE")
    paid = compute(monkeypatch, capsys, {
        "plan": "nx-ankangbao", "cover": {"effective": row["effective_date_0h"], "until": "2027-02-28"},
        "event": {"kind": "diagnosis", "icd10": "C50.900", "behaviour": "3", "specimen_on": row["specimen_date"],
                  "diagnosed_on": row["specimen_date"]}})
    assert (paid["outcome"], paid["refund"]) == (("refund", "100.00") if inside else ("pay", "0.00"))


@pytest.mark.parametrize("row", rows("amount-uppercase.csv"), ids=lambda row: row["amount"])
def test_words(row: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "words", row["amount"])
    assert code == 0
    assert out.strip() in {row["uppercase"], row["also_accepted"]} - {""}


@pytest.mark.parametrize("row", rows("identity-numbers.csv"), ids=lambda row: row["number"])
def test_identity_check(row: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "identity", "check", row["number"], "--json")
    valid = row["expect"].startswith("valid")
    assert (json.loads(out)["valid"], code) == (valid, 0 if valid else 1)


def test_identity_check_gives_birth_date_and_sex(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "identity", "check", "11010519491231002X")
    assert "1949-12-31" in out
    assert "女" in out


def test_compute_prints_the_example_of_the_vocabulary(monkeypatch: pytest.MonkeyPatch,
                                                      capsys: pytest.CaptureFixture[str]) -> None:
    result = compute(monkeypatch, capsys, {
        "plan": "nx-ankangbao",
        "cover": {"effective": "2026-03-01", "until": "2027-02-28", "renewal": False, "shares": 1, "tier": "100"},
        "person": {"category": "normal", "high_risk_work": False},
        "event": {"kind": "diagnosis", "icd10": "C50.900", "behaviour": "3", "specimen_on": "2026-04-20",
                  "diagnosed_on": "2026-04-25", "stays": [{"days": 10}, {"days": 5}]},
        "paid": []})
    assert {key: result[key] for key in ("plan", "version", "outcome", "total", "flags", "refund", "nothing")} == {
        "plan": "nx-ankangbao", "version": "2019-01-03", "outcome": "pay", "total": "100900.00", "flags": [],
        "refund": "0.00",
        "nothing": [{"benefit": "other_gynaecological_cancer", "reason": "not_in_list", "clause": "第九条"}]}
    lines = result["lines"]
    assert isinstance(lines, list)
    assert [(line["benefit"], line["amount"]) for line in lines] == [
        ("breast_cancer", "100000.00"), ("breast_cancer_allowance", "900.00")]
    assert lines[0]["clause"] == "安康保管理办法 第五条、第八条"
    assert lines[1]["steps"] == ["(10-3)+(5-3)=9 天", "9 × 100.00 = 900.00"]


ALLOWANCES = [row for row in rows("hospital-allowance.csv") if row["plan"].startswith("安康保")]


@pytest.mark.parametrize("row", ALLOWANCES, ids=lambda row: row["case"])
def test_compute_hospital_allowance(row: dict[str, str], monkeypatch: pytest.MonkeyPatch,
                                    capsys: pytest.CaptureFixture[str]) -> None:
    stays = [{"days": int(days)} for days in row["stay_days"].split("+")]
    result = compute(monkeypatch, capsys, {
        "plan": "nx-ankangbao", "cover": {"effective": "2026-01-01", "until": "2026-12-31"},
        "event": {"kind": "diagnosis", "icd10": "C50.900", "behaviour": "3", "specimen_on": "2026-03-10",
                  "diagnosed_on": "2026-03-16", "stays": stays}})
    lines = result["lines"]
    assert isinstance(lines, list)
    paid = {line["benefit"]: line["amount"] for line in lines}
    assert paid.get("breast_cancer_allowance", "0.00") == f"{int(row['amount'])}.00"


COMPUTED = [row for row in rows("scenarios.csv") if row["outcome"] != "withdrawn"]
UNTIL = {"2026-01-01": "2026-12-31", "2026-03-01": "2027-02-28", "2025-07-01": "2026-06-30", "2026-06-01": "2027-05-31"}


@pytest.mark.parametrize("row", COMPUTED, ids=lambda row: row["id"])
def test_compute_scenarios(row: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    event: dict[str, object] = {"kind": "diagnosis"}
    event |= {key: row[key] for key in ("icd10", "behaviour", "severity", "specimen_on", "diagnosed_on") if row[key]}
    if row["id"] == "S03":
        event["stays"] = [{"days": 10}, {"days": 5}]
    result = compute(monkeypatch, capsys, {
        "plan": row["plan"], "event": event, "reported_on": row["reported_on"],
        "cover": {"effective": row["cover_effective"], "until": UNTIL[row["cover_effective"]],
                  "renewal": row["renewal"] == "1", "shares": int(row["shares"])}})
    money = result["refund"] if row["outcome"] == "refund" else result["total"]
    assert (result["outcome"], money) == (row["outcome"], row["amount"])
    flags = result["flags"]
    assert isinstance(flags, list)
    assert ("late_report" in flags) is (row["late"] == "yes")


def test_worked_examples_of_these_plans(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    cover = {"effective": "2026-03-01", "until": "2027-02-28"}
    we25 = compute(monkeypatch, capsys, {"plan": "nx-ankangbao", "cover": cover, "event": {
        "kind": "diagnosis", "icd10": "C53.900", "behaviour": "3", "specimen_on": "2026-03-20", "diagnosed_on": "2026-03-24"}})
    assert (we25["total"], we25["refund"]) == ("0.00", "100.00")
    we26 = compute(monkeypatch, capsys, {"plan": "xj-women", "cover": {**cover, "shares": 4}, "event": {
        "kind": "diagnosis", "icd10": "C50.900", "behaviour": "3", "severity": "malignant", "diagnosed_on": "2026-04-14"}})
    assert we26["total"] == "2000.00"


@pytest.mark.parametrize(("words", "field"), [
    ({"plan": "nx-ankangbao", "covr": {}}, "covr"),
    ({"plan": "nx-ankangbao", "cover": {"effective": "2026-03-01", "until": "2027-02-28"},
      "event": {"kind": "diagnosis", "icd11": "C50.900"}}, "event.icd11"),
    ({"plan": "nx-ankangbaa", "cover": {"effective": "2026-03-01", "until": "2027-02-28"},
      "event": {"kind": "diagnosis", "specimen_on": "2026-04-20"}}, "plan"),
    ({"plan": "nx-ankangbao", "cover": {"effective": "2026-02-30", "until": "2027-02-28"},
      "event": {"kind": "diagnosis"}}, "cover.effective")])
def test_wrong_input_exits_2_and_names_the_key(words: object, field: str, monkeypatch: pytest.MonkeyPatch,
                                               capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(words)))
    code, out, err = run(capsys, "compute", "-", "--json")
    assert (code, json.loads(out)["field"]) == (2, field)
    assert field in err


def test_a_key_given_twice_and_broken_json_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    twice = tmp_path / "twice.json"
    twice.write_text('{"plan": "nx-ankangbao", "plan": "xj-women"}')
    assert run(capsys, "compute", str(twice))[0] == 2
    broken = tmp_path / "broken.json"
    broken.write_text('{"plan": \n oops}')
    code, _, err = run(capsys, "compute", str(broken))
    assert code == 2
    assert "第2行" in err
    assert run(capsys, "compute", str(tmp_path / "none.json"))[0] == 2


@pytest.mark.parametrize("arguments", [("days", "add", "2026-13-01", "3"), ("days", "add", "2026-01-05", "0"),
                                       ("words", "abc"), ("words", "-1"), ("words", "0.001"), ("days", "add", "2026-01-05"),
                                       ("plans", "show", "xj-woman"), ("plans", "check", "none.yaml"), ("nonsense",)])
def test_wrong_arguments_exit_2(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, *arguments)
    assert code == 2
    assert err


def test_plans(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "plans", "list", "--json")
    assert {(plan["plan"], plan["version"]) for plan in json.loads(out)} >= {("nx-ankangbao", "2019-01-03"),
                                                                           ("xj-women", "2024-01-01")}
    code, out, _ = run(capsys, "plans", "show", "xj-women")
    assert code == 0
    assert "恶性肿瘤互助金" in out
    _, out, _ = run(capsys, "plans", "facts", "nx-ankangbao", "--json")
    facts = json.loads(out)
    assert {field["name"] for field in facts["fields"] if field["required"]} == {"icd10", "specimen_on", "diagnosed_on"}
    assert facts["event_schema"]["additionalProperties"] is False


def test_plans_check_says_no(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "plans", "check", "xj-women")[0] == 0
    wrong = tmp_path / "2024-01-01.yaml"
    wrong.write_text("plan: xj-women\nnmae: 写错\n", encoding="utf-8")
    code, out, _ = run(capsys, "plans", "check", str(wrong))
    assert code == 1
    assert "nmae" in out


def test_every_command_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--help")
    assert code == 0
    for name in ("compute", "days", "words", "identity", "plans", "audit", "setup", "up", "worker", "demo", "check", "bench"):
        assert name in out


def test_an_unknown_setting_refuses_and_names_the_nearest(monkeypatch: pytest.MonkeyPatch,
                                                          capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("HUZHU_INSURER_ULR", "http://127.0.0.1:9")
    settings.cache_clear()
    try:
        code, _, err = run(capsys, "audit", "verify")
    finally:
        settings.cache_clear()
    assert code == 2
    assert "HUZHU_INSURER_ULR" in err
    assert "HUZHU_INSURER_URL" in err


@pytest.mark.parametrize(("text", "field"), [
    ("[" * 100_000, "file"), ('{"a":' + "9" * 5000 + "}", "file"), ('{"plan": "a", "plan": "b"}', "plan"), ("\ufeff{}", "file"),
    ("[]", None), ("{}", "plan")])
def test_input_that_is_no_computation_is_refused(text: str, field: str | None, tmp_path: Path,
                                                 capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "claim.json"
    file.write_text(text, encoding="utf-8")
    code, out, err = run(capsys, "compute", str(file), "--json")
    assert (code, json.loads(out).get("field")) == (2, field)
    assert "错误" in err


@pytest.mark.parametrize("arguments", [
    ("add", "9999-12-31", "5"), ("add", "9999-12-31", "5", "--calendar"), ("add", "2026-02-13", "99999999", "--calendar"),
    ("report", "9999-12-31")])
def test_days_beyond_every_calendar_are_refused(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "days", *arguments, "--json")
    assert (code, json.loads(out)["field"]) == (2, "start")


def test_plans_check_says_what_is_no_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for content in (b"\x00", b"\xff\xfe", b"[" * 3000):
        file = tmp_path / "2026-01-01.yaml"
        file.write_bytes(content)
        assert run(capsys, "plans", "check", str(file))[0] == 1


def test_compute_tells_people_why_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "claim.json"
    file.write_text(json.dumps({
        "plan": "xj-women", "cover": {"effective": "2026-03-01", "until": "2027-02-28"},
        "event": {"kind": "diagnosis", "icd10": "C50.900", "behaviour": "3", "specimen_on": "2026-06-20",
                  "diagnosed_on": "2026-06-25"}}), encoding="utf-8")
    code, out, _ = run(capsys, "compute", str(file))
    assert code == 0
    assert "病种目录未经核实，请确认疾病" in out and "unverified_list" not in out
