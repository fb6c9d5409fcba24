"""The machines as tables and pictures: what is committed is what the classes say."""

from __future__ import annotations

from pathlib import Path

import pytest

from statemachines.effects import EFFECTS
from statemachines.rules import MACHINES, events
from statemachines.tables import dot, markdown

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("machine", MACHINES)
def test_table_is_the_golden_one(machine: str) -> None:
    golden = ROOT / "tests/golden/machines" / f"{machine}.md"
    assert markdown(machine) == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("machine", MACHINES)
def test_picture_is_drawn_from_the_class(machine: str) -> None:
    folder = ROOT / "infra/docs/machines"
    assert dot(machine) == (folder / f"{machine}.dot").read_text(encoding="utf-8")
    svg = (folder / f"{machine}.svg").read_text(encoding="utf-8")
    for event in events(machine):
        assert event in svg


def test_every_event_says_who_fires_it() -> None:
    expected = {(machine, event) for machine in MACHINES for event in events(machine)} | {("claim", "create")}
    assert set(EFFECTS) == expected
    assert all(effect.fired_by for effect in EFFECTS.values())
