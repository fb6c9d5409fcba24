"""A refusal speaks of states and events as people do: every one has its Chinese words, and no word is nobody's."""

from __future__ import annotations

import re

import pytest

from statemachines.effects import EFFECTS
from statemachines.rules import MACHINES, RULES, states
from statemachines.words import EVENTS, STATES, event_words, state_words

CHINESE = re.compile(r"[\u4e00-\u9fff，]+")


def test_the_words_of_seed_states() -> None:
    assert state_words("claim", "in_review") == "审核中"
    assert event_words("claim", "verify") == "核验"


@pytest.mark.parametrize("machine", sorted(MACHINES))
def test_every_state_and_event_has_chinese_words(machine: str) -> None:
    events = {event for name, _source, event in RULES if name == machine} | {event for name, event in EFFECTS if name == machine}
    assert STATES[machine].keys() == set(states(machine))
    assert EVENTS[machine].keys() - {"create"} == events - {"create"}
    said = [*STATES[machine].values(), *EVENTS[machine].values()]
    assert [words for words in said if not CHINESE.fullmatch(words)] == []
