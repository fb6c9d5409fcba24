"""The register of readings: complete, used, carried by something that exists, and confirmed by somebody or open."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from services.cli import main as cli
from services.core.errors import ConfigError, NotFound
from services.rulebook import readings
from services.rulebook.loader import read_document
from services.rulebook.readings import Rest, parse, register, resting

ROOT = Path(__file__).resolve().parents[2]
IDS = [f"A-{number:02d}" for number in range(1, 57)]
ENTRY = """
A-01:
  where: 手册
  question: 哪一天起？
  reading: 次日起
  why: 民法典第201条
  confidence: high
  state: {state}
"""


def test_the_register_has_each_reading_once_in_order() -> None:
    assert list(register()) == IDS


@pytest.mark.parametrize("name", IDS)
def test_each_is_a_chinese_question_an_office_can_answer(name: str) -> None:
    found = register()[name]
    assert found.question.endswith("？")
    for said in (found.where, found.question, found.reading, found.why):
        assert re.search(r"[一-鿿]{2}", said)
        assert not re.search(r"seed|rec:|[a-z]{3,}_|种子|[;,]", said), said


def test_every_reading_that_a_file_names_is_in_the_register() -> None:
    assert set(resting()) <= set(IDS)


def test_every_reading_is_carried_by_a_rule_or_by_a_place_that_holds_it() -> None:
    rests = resting()
    assert [name for name, found in register().items() if not rests.get(name) and not found.carried] == []


@pytest.mark.parametrize("name", [name for name in IDS if register()[name].carried])
def test_the_place_named_as_carrier_exists_and_says_so(name: str) -> None:
    for carrier in register()[name].carried:
        assert carrier.says in (ROOT / carrier.at).read_text(encoding="utf-8"), carrier


def test_confirmation_needs_a_name_a_day_and_a_source() -> None:
    by = "\n  confirmed: {by: 北京办事处主任, on: 2026-12-01, source: 会议纪要第3号}\n"
    assert parse(ENTRY.format(state="open"))["A-01"].confirmed is None
    confirmed = parse(ENTRY.format(state="confirmed") + by)["A-01"].confirmed
    assert confirmed is not None and (confirmed.by, confirmed.on.isoformat()) == ("北京办事处主任", "2026-12-01")
    for wrong in (ENTRY.format(state="confirmed"), ENTRY.format(state="open") + by,
                  ENTRY.format(state="confirmed") + by.replace("on: 2026-12-01, ", ""),
                  ENTRY.format(state="confirmed") + by.replace("北京办事处主任", '""'),
                  ENTRY.format(state="confirmed") + by.replace("2026-12-01", "今天"),
                  ENTRY.format(state="maybe"), ENTRY.format(state="open").replace("A-01", "A1"),
                  ENTRY.format(state="open").replace("  why: 民法典第201条\n", "")):
        with pytest.raises(ConfigError) as refused:
            parse(wrong)
        assert (refused.value.field or "").startswith("A")


def test_a_file_tells_which_key_rests_on_what_also_in_comments(tmp_path: Path) -> None:
    file = tmp_path / "2026-01-01.yaml"
    file.write_text("""plan: xx-plan
from: 2026-01-01
# A-12: 下一行起作用
dated_by: event.on      # 也见 A-48 和 SHA-256
waiting: {days: 1..30, read: [A-10, A-11]}
benefits:
  one:
    steps:
      - {take: 5, read: A-17}
      - {cap: 5}        # A-33
""", encoding="utf-8")
    rest = {name: [(place.key, place.line) for place in places] for name, places in resting([read_document(file)]).items()}
    assert rest == {"A-10": [("waiting", 5)], "A-11": [("waiting", 5)], "A-12": [("dated_by", 3)],
                    "A-17": [("benefits.one.steps.0", 9)], "A-33": [("benefits.one.steps.1.cap", 10)],
                    "A-48": [("dated_by", 4)]}
    assert resting([read_document(file)])["A-10"] == [Rest("xx-plan", "2026-01-01", "waiting", 5)]


def test_an_unknown_reading_is_named() -> None:
    with pytest.raises(NotFound) as refused:
        readings.reading("A-99")
    assert "A-49" in refused.value.remedy
    assert readings.reading("A-50").reading.startswith("每项待遇算完以后四舍五入到分")


def test_the_command_lists_state_and_the_keys_that_rest(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["plans", "readings", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["id"] for row in rows] == IDS
    waiting = next(row for row in rows if row["id"] == "A-11")
    assert {(rule["plan"], rule["version"], rule["key"]) for rule in waiting["rules"]} >= {
        ("nx-ankangbao", "2019-01-03", "waiting")}
    assert cli.main(["plans", "readings", "--plan", "nx-ankangbao", "--state", "open"]) == 0
    said = capsys.readouterr().out
    assert "规则：nx-ankangbao 2019-01-03  waiting" in said
    assert "xj-women" not in said
    assert "A-22" not in said
    assert "services/enrolment/rules.py" in said            # A-42 is carried by enrolment too


def test_the_command_refuses_what_it_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["plans", "readings", "--plan", "nx-ankanbao"]) == 2
    assert "nx-ankangbao" in capsys.readouterr().err
    assert cli.main(["plans", "readings", "--state", "maybe"]) == 2
    assert cli.main(["plans", "readings", "A-99"]) == 2
    capsys.readouterr()
    assert cli.main(["plans", "readings", "A-50"]) == 0
    assert "共 1 项解读，已确认 0 项，未确认 1 项" in capsys.readouterr().out
