"""What a refusal says on a page: the field's own words, never a program's key."""

from __future__ import annotations

import pytest

from services.core.errors import Conflict, GuardFailed, InputError
from services.core.money import parse_yuan
from services.review.rules import RETURNS, check_reason
from services.web.refusal_words import in_words


@pytest.mark.parametrize(("typed", "said"), [("", "没有填写金额"), ("八千", "“八千”不是金额")])
def test_a_sum_that_is_none_is_said_without_its_key(typed: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_yuan(typed, field="amount")
    told = in_words(refused.value)
    assert (told.message, told.field, told.status) == (said, "amount", 422)


def test_a_fact_is_called_by_its_name() -> None:
    told = in_words(InputError("wrong_value", "event.on：“昨天”不是日期", remedy="改写 event.on", field="event.on"))
    assert (told.message, told.remedy) == ("发生日期：“昨天”不是日期", "改写 发生日期")


def test_another_refusal_stays_as_it_is() -> None:
    refused = Conflict("stale_version", "记录已被他人更新", remedy="刷新后核对变动，再办理")
    assert in_words(refused) is refused


def test_no_reason_chosen_is_said_without_codes() -> None:
    with pytest.raises(InputError) as refused:
        check_reason("", RETURNS)
    assert (refused.value.message, refused.value.remedy) == ("没有选择理由", "从所列的理由中选择一项")


def test_an_empty_choice_is_not_quoted_and_codes_are_not_listed() -> None:
    empty = in_words(InputError("ground_unknown", "不认识的原因“”", remedy="可用：duplicate、mistake", field="ground"))
    assert (empty.message, empty.remedy, empty.field) == ("这一项没有选择或填写", "选择或填写后再提交", "ground")
    other = in_words(InputError("finding_unknown", "没有质检结果“好”", remedy="可用：agreed、error", field="finding"))
    assert (other.message, other.remedy) == ("没有质检结果“好”", "从所列的选项中选择一项")


def test_what_a_machine_asks_is_no_field_to_go_to() -> None:
    told = in_words(GuardFailed("papers_incomplete", "材料未齐", remedy="补正后再办理", field="papers_complete"))
    assert (told.message, told.field, told.status) == ("材料未齐", None, 409)
