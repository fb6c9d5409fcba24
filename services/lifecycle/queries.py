"""What the machines permit, for checks and worklists; no stage asks a machine by itself."""

from __future__ import annotations

from statemachines.rules import RULES, events_from


def transitions() -> list[tuple[str, str, str, str]]:
    """Every permitted (machine, from, event, to)."""
    return [(machine, source, event, rule.target) for (machine, source, event), rule in RULES.items()]


def possible(machine: str, state: str) -> list[str]:
    """Events that a state knows, guards aside."""
    return events_from(machine, state)
