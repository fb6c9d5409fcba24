"""The interface's own examples with one value turned hostile: they come further in than what a description draws."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from typing import Any

from infra.attack.storm import Operation, Storm, people
from services.api.app import PREFIX

Told = Callable[[str], None]
Way = tuple[str | int, ...]

TEXTS = ("", " ", "\u3000", "\x00", "\ud800", "\U0001f600", "é" * 300, "字" * 5000, "=HYPERLINK(\"http://198.51.100.7\",\"x\")",
         "@SUM(1)", "-1+1", "\t=1", "'; DROP TABLE claim; --", "' OR '1'='1", "<script>alert(1)</script>", "{{7*7}}", "${7*7}", "%s%n%x",
         "../../../../etc/passwd", "file:///etc/passwd", "http://169.254.169.254/latest/meta-data/", "line\r\nX-Evil: 1",
         "\u202egnp.exe", "0" * 40, "1e400", "NaN", "-0", "00000000-0000-0000-0000-000000000000", "9999-12-31", "0001-01-01",
         "2026-02-30", "9999-12-31T23:59:59+14:00", "2026-03-20T00:00:00", "١٢٣", "１２３")
NUMBERS = (-1, 0, 1, 2**31, 2**63, -(2**63) - 1, 10**30, 0.1, 1e308, True)
SHAPES: tuple[Any, ...] = (None, [], {}, [[]], [None], {"": ""}, {"__proto__": {"a": 1}}, "x", 1)
UNKNOWN = ("state", "org_key", "account_id", "roles", "id", "version", "amount_fen", "is_admin", "actor")
PIECES = ("%00", "%ff", "..%2f..%2fetc", "%2e%2e", "a" * 4000, "%F0%9F%98%80", "'%20OR%201=1--", "-1", "9" * 40, "%0d%0aX-Evil:1",
          "{x}", "%25")


def attack(storm: Storm, operations: list[Operation], *, share: float, draw: int, told: Told) -> None:
    """Every leaf of every example before every hostile value; of these, a seeded `share`."""
    chance = random.Random(draw)
    for number, operation in enumerate(operations):
        login = people(operation)[number % len(people(operation))]
        records = storm.records(operation, login)
        plain = _example(storm, operation, login)
        _bodies(storm, operation, login, records, plain, share, chance)
        for name in records:
            for piece in _drawn(PIECES, share, chance):
                storm.address(operation, login, {**records, name: piece}, plain)
        for parameter in operation.query:
            for value in _drawn(TEXTS, share, chance):
                storm.send(operation.Case(path_parameters=records, query={parameter.name: value}), login)
        told(f"{number + 1}/{len(operations)} {operation.label}")


def _bodies(storm: Storm, operation: Operation, login: str, records: dict[str, str], plain: Any, share: float,
            chance: random.Random) -> None:
    if not isinstance(plain, dict):
        return
    for way in _leaves(plain):
        for value in _drawn((*TEXTS, *NUMBERS, *SHAPES), share, chance):
            storm.send(operation.Case(path_parameters=records, body=_turned(plain, way, value), media_type="application/json"), login)
    for name in _drawn(UNKNOWN, share, chance):
        if name not in plain:      # mass assignment: what the shape does not know is refused, never passed on
            storm.refused(operation.Case(path_parameters=records, body={**plain, name: "x"}, media_type="application/json"), login)


def _example(storm: Storm, operation: Operation, login: str) -> Any:
    """The body of the interface page's example about the stage's records; None where the body is no JSON."""
    path = operation.path.removeprefix(PREFIX)
    if operation.method != "post" or not any(body.media_type == "application/json" for body in operation.body):
        return None
    return storm.crowd.content(path, storm.crowd.known(login, path)).get("json")


def _drawn(values: tuple[Any, ...], share: float, chance: random.Random) -> Iterator[Any]:
    return (value for value in values if chance.random() < share)


def _leaves(value: Any, way: Way = ()) -> Iterator[Way]:
    """The way to each value, the containers among them."""
    if way:
        yield way
    if isinstance(value, dict):
        for name in value:
            yield from _leaves(value[name], (*way, name))
    elif isinstance(value, list):
        for number, part in enumerate(value[:2]):
            yield from _leaves(part, (*way, number))


def _turned(plain: Any, way: Way, value: Any) -> Any:
    changed = copy.deepcopy(plain)
    place = changed
    for step in way[:-1]:
        place = place[step]
    place[way[-1]] = value
    return changed
