"""A refusal as a page says it: the keys of the vocabulary (`event.diagnosed_on`) are for programs; people read the field's name."""

from __future__ import annotations

import re

from services.core.errors import GuardFailed, HuzhuError
from services.rulebook.facts import FACTS

_KEY = re.compile(r"\b(?:event|cover|person|case|unit)(?:\.[a-z_0-9]+)+")
_CODES = re.compile(r"[^：]+：[a-z0-9_.、 -]+")     # 可用：duplicate、mistake
_NOTHING = "“”"


def in_words(problem: HuzhuError) -> HuzhuError:
    """The same refusal with every key of a fact in the fact's words; a form's own field stands beside it and is not named again."""
    message, remedy = _named(_without_field(problem)), _named(problem.remedy)
    if _NOTHING in message:
        message, remedy = "这一项没有选择或填写", "选择或填写后再提交"
    elif _CODES.fullmatch(remedy):
        remedy = "从所列的选项中选择一项"
    field = None if isinstance(problem, GuardFailed) else problem.field      # a fact of a machine is no field of a form
    if (message, remedy, field) == (problem.message, problem.remedy, problem.field):
        return problem
    told = HuzhuError(problem.code, message, remedy=remedy, field=field)
    told.status = problem.status
    return told


def _without_field(problem: HuzhuError) -> str:
    field = problem.field or ""
    if not field or field in FACTS:
        return problem.message
    return problem.message.removeprefix(f"{field}：")


def _named(text: str) -> str:
    return _KEY.sub(lambda key: FACTS[key[0]].label if key[0] in FACTS else key[0], text)
