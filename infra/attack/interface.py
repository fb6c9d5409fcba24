"""Schemathesis over the whole interface: what its description allows and what it forbids, by everybody who may ask.

No answer may be a failure of ours, nor one that the description does not know; forbidden input must be refused. Everything is
drawn from a seed, so that a fault comes again.
"""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from infra.attack.storm import Case, Operation, Storm, people

Told = Callable[[str], None]
ALLOWED, FORBIDDEN = GenerationMode.POSITIVE, GenerationMode.NEGATIVE


def attack(storm: Storm, operations: list[Operation], *, examples: int, draw: int, everybody: bool, told: Told) -> None:
    """`examples` requests of each kind to each operation; by `everybody` who may, or by one of them, another each time."""
    for number, operation in enumerate(operations):
        able = people(operation)
        for login in able if everybody else [able[number % len(able)]]:
            _shower(storm, operation, login, ALLOWED, examples, draw, whole=False)
            _shower(storm, operation, login, FORBIDDEN, examples, draw, whole=False)
        if examples > 1 or number % 3 == draw % 3:
            _shower(storm, operation, able[0], FORBIDDEN, examples, draw, whole=True)
        told(f"{number + 1}/{len(operations)} {operation.label}")


def _shower(storm: Storm, operation: Operation, login: str, mode: GenerationMode, examples: int, draw: int, *, whole: bool) -> None:
    """`whole`: addresses and heads are drawn too; else they are the stage's and only query and body are."""
    if mode is FORBIDDEN and not whole and not operation.query and not operation.body:
        return
    records, heads = (None, None) if whole else (storm.records(operation, login) or None, storm.heads(operation, login))
    cases = operation.as_strategy(generation_mode=mode, path_parameters=records, headers=heads)

    @seed(draw)
    @settings(max_examples=examples, database=None, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=cases)
    def fall(case: Case) -> None:
        storm.send(case, login, refuses=mode is FORBIDDEN)

    try:
        fall()
    except Unsatisfiable:       # nothing of it can be forbidden: no parameter, no body
        return
