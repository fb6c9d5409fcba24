"""A refusal as a page says it: the keys of the vocabulary (`event.diagnosed_on`) are for programs; people read the field's name."""

from __future__ import annotations

import re

from services.core.errors import HuzhuError
from services.rulebook.facts import FACTS

_KEY = re.compile(r"\b(?:event|cover|person|case|unit)(?:\.[a-z_0-9]+)+")


def in_words(problem: HuzhuError) -> HuzhuError:
    """The same refusal with every key of a fact in the fact's words; a form's own field stands beside it and is not named again."""
    message, remedy = _named(_without_field(problem)), _named(problem.remedy)
    if (message, remedy) == (problem.message, problem.remedy):
        return problem
    told = HuzhuError(problem.code, message, remedy=remedy, field=problem.field)
    told.status = problem.status
    return told


def _without_field(problem: HuzhuError) -> str:
    field = problem.field or ""
    if not field or field in FACTS:
        return problem.message
    return problem.message.removeprefix(f"{field}：")


def _named(text: str) -> str:
    return _KEY.sub(lambda key: FACTS[key[0]].label if key[0] in FACTS else key[0], text)
