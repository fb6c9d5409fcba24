"""What a list asks for and how it is put right, when it is spoken of again, and how pauses are told. Pure."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from services.core.errors import InputError
from services.evidence import reminders
from services.evidence.asked import Faulty, items, proposals
from services.reporting.pauses import Pause, words
from services.rulebook import registry

BOOK = registry.latest("xj-women")
LAST_DAY = date(2026, 4, 20)


def test_each_item_says_how_it_is_put_right() -> None:
    listed = items(BOOK, [{"paper": "pathology", "reason": "缺"}, {"paper": "id_card", "reason": "过期", "remedy": " 换领后提交 "}])
    assert [(item["paper"], item["remedy"]) for item in listed] == [
        ("pathology", "医院病理科或病案室，可凭身份证补打。要求：送检或采集（标本提取）日期、病理诊断结论、报告日期、医院盖章"),
        ("id_card", "换领后提交")]


def test_two_items_of_one_paper_keep_both_remedies() -> None:
    [one] = items(BOOK, [{"paper": "diagnosis", "reason": "缺章", "remedy": "补盖"},
                         {"paper": "diagnosis", "reason": "缺页", "remedy": "拍全"}])
    assert (one["reason"], one["remedy"]) == ("缺章；缺页", "补盖；拍全")


def test_a_kind_that_the_plan_does_not_know_is_put_right_as_written() -> None:
    [one] = items(BOOK, [{"paper": "x-ray", "reason": "看片", "remedy": "带片子"}], strict=False)
    assert (one["paper"], one["reason"], one["remedy"]) == ("other", "x-ray：看片", "带片子")
    with pytest.raises(InputError, match="item_long"):
        items(BOOK, [{"paper": "other", "reason": "长" * 501}])


def test_what_is_missing_sent_back_or_unreadable_is_proposed() -> None:
    found = {one.kind: one for one in proposals(
        BOOK, [("id_card", "accepted"), ("diagnosis", "rejected"), ("pathology", "missing"), ("bank_card", "waiting")],
        {"diagnosis": Faulty(fault="没有出具单位的印章"), "bank_card": Faulty(unread=("“卡号”", "第2页")),
         "hospital": Faulty(seen=("住院天数与日期不符",)), "id_card": Faulty(seen=("身份证已过有效期",))})}
    assert {kind for kind, one in found.items() if one.ticked} == {"diagnosis", "pathology", "bank_card"}
    assert found["diagnosis"].remedy.startswith("请出具材料的单位补盖印章")
    assert found["pathology"].reason.startswith("尚未收到")
    assert found["bank_card"].reason == "“卡号”、第2页看不清，无法核对"
    assert found["hospital"].reason == "住院天数与日期不符" and found["id_card"].seen == ("身份证已过有效期",)
    assert list(found)[-1] == "other"


@pytest.mark.parametrize(("left", "said", "owed"), [
    (16, (), None), (15, (), reminders.FIRST), (15, (reminders.FIRST,), None), (6, (), reminders.FIRST),
    (5, (reminders.FIRST,), reminders.LAST), (5, (), reminders.LAST),
    (-40, (), reminders.LAST), (3, (reminders.LAST,), None),
    (-1, (reminders.FIRST, reminders.LAST), None)])
def test_reminders_are_owed_once_and_in_order(left: int, said: tuple[str, ...], owed: str | None) -> None:
    assert reminders.due(LAST_DAY, LAST_DAY - timedelta(days=left), said) == owed


@pytest.mark.parametrize(("reminded", "today", "over"), [
    ("2026-04-16", "2026-04-20", False), ("2026-04-16", "2026-04-21", True), ("2026-04-19", "2026-04-22", False),
    ("2026-04-19", "2026-04-23", True), ("2026-06-01", "2026-06-04", False), ("2026-06-01", "2026-06-05", True)])
def test_nobody_is_given_up_before_the_deadline_and_the_days_after_the_reminder(reminded: str, today: str, over: bool) -> None:
    assert reminders.over(LAST_DAY, date.fromisoformat(reminded), date.fromisoformat(today)) is over


def test_a_pause_is_told_in_words() -> None:
    sent, got = date(2026, 3, 25), date(2026, 4, 10)
    assert words(Pause("list", sent, got, None)) == (
        "2026年3月26日至2026年4月10日不计，共16日：补充材料告知书2026年3月25日送达，2026年4月10日收齐")
    assert words(Pause("list", sent, sent, None)).startswith("没有停计")
    assert words(Pause("insurer", sent, None, None)) == "自2026年3月26日起不计：等待答复保险公司的疑问（2026年3月25日提出）"
    assert words(Pause("list", sent, None, got)).endswith("至2026年4月10日时限停止")
