"""Whatever befalls the insurer's side, and wherever the office's worker is killed meanwhile, a claim ends as if nothing had happened.

A run is one claim's road from the certificate to the money, with one fault of the insurer's sixteen, over one of the two lines, and one
point at which the worker is killed with SIGKILL while it works on that very claim (`tests/support/mortal.py` lists the points: all are
deaths of a real process, none an exception). Runs lie side by side in one office, each with its own claim and its own death, so that each
also suffers the deaths of the others. What revives the dead is the ordinary keeper, that starts the next worker, and the timetable's tick.

Each claim's ending, thirteen tables without ids and times, equals that of the claim which met no fault and whose worker lived; what five
of the faults leave beside the money (one more message, one more list, a second version) equals what they leave when nobody is killed.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from infra.twins.insurer.faults import REACH
from services.core.clock import at_hour
from tests.support.endings import Ending, differences, ending
from tests.support.matrix import Batch, Cell, Certified, Keeper, batch, certified

FAULTS = tuple(REACH)
POINTS = ("pack.done", "send.before", "send.after", "sent.done", "sent.kept", "poll.after", "receive.done", "receive.kept", "apply.done",
          "apply.kept", "announce.done", "announce.kept", "reply.before", "reply.after", "replied.done", "replied.kept")
ASKS = ("question_twice",)              # only a question brings it about
NEVER_ASKED = ("out_of_order",)         # it keeps the file unopened until the decision: no question can come between
# What these leave beside the money: one more message, one more list and its letters, a second version of the package.
LEAVES = {"partial_decision": {"inbox", "handoff"}, "wrong_amount": {"inbox"}, "unknown_claim": {"inbox"},
          "reject_then_accept": {"inbox", "handoff", "clocks"}, "question_twice": {"inbox", "lists", "letters", "clocks", "owed"}}
PAID = [("paid", "pay", 10_090_000, 1, "insurer", False)]
SEED, RUNS = 7, 10                      # of `make test`, over each line
NOW = at_hour(datetime(2026, 3, 20).date())


def possible(fault: str, point: str) -> bool:
    return not (fault in NEVER_ASKED and point.startswith(("reply", "replied")))


def cell(fault: str, point: str) -> Cell:
    return Cell(fault, point, asked=fault in ASKS or point.startswith(("reply", "replied")))


def drawn() -> list[Cell]:
    """Ten faults and ten points, each once over a line: seeded."""
    chance = random.Random(SEED)
    while True:
        pairs = list(zip(chance.sample(FAULTS, RUNS), chance.sample(POINTS, RUNS), strict=True))
        if all(possible(fault, point) for fault, point in pairs):
            return [cell(fault, point) for fault, point in pairs]


def endings(run: Batch) -> dict[Cell, Ending]:
    """Let it run; every death must have been died and every fault met."""
    run.run()
    assert (run.not_died(), run.not_happened()) == ([], [])
    return {fate: ending(run.ask, run.ids[number], number) for number, fate in run.cells.items()}


@pytest.fixture(scope="module")
def base(server: str) -> Certified:
    return certified(server, NOW, len(FAULTS) + 2)


@pytest.fixture(scope="module")
def keeper(prefect_api: str, var: Path) -> Iterator[Keeper]:
    with (var / "keeper.log").open("ab") as log:
        found = Keeper(prefect_api, var, log)
        found.ready()
        try:
            yield found
        finally:
            found.end()


def undisturbed(base: Certified, keeper: Keeper, folder: Path, cells: Iterable[Cell], *, sftp: bool) -> dict[Cell, Ending]:
    """The endings of these cells' claims when nobody is killed, and of a claim that meets no fault, asked and not asked."""
    alive = {Cell(one.fault, "", one.asked) for one in cells}
    plain = {Cell(asked=one.asked) for one in cells} | {Cell()}
    with batch(base, keeper, folder, sorted(plain | alive, key=str), NOW, sftp=sftp) as run:
        return endings(run)


def killed(base: Certified, keeper: Keeper, folder: Path, cells: Sequence[Cell], expected: Mapping[Cell, Ending], *, sftp: bool) -> None:
    """The same claims with their deaths, one by one against the undisturbed."""
    with batch(base, keeper, folder, cells, NOW, sftp=sftp) as run:
        compare(endings(run), cells, expected)


def compare(found: Mapping[Cell, Ending], cells: Sequence[Cell], expected: Mapping[Cell, Ending]) -> None:
    """Each as the same claim undisturbed, and, but for what its fault leaves, as the claim that met no fault."""
    wrong = {}
    for one in cells:
        unlike = differences(found[one], expected[Cell(asked=one.asked)])
        leaves = LEAVES.get(one.fault, set())
        left = differences(found[one], expected[Cell(one.fault, "", one.asked)]) if leaves and unlike else {}
        if found[one]["claim"] != PAID or not unlike.keys() <= leaves or left:
            wrong[one] = (unlike, left)
    assert wrong == {}


@pytest.mark.parametrize("sftp", [False, True], ids=["http", "sftp"])
def test_twenty_drawn_runs_end_as_those_that_die_no_death(base: Certified, keeper: Keeper, tmp_path: Path, sftp: bool) -> None:
    """To be quick, what they are compared with goes its road in the same office, without a fault, or with a fault that leaves something
    but without a death of its own; `make lab` compares every run with an office in which nobody is killed.
    """
    cells = drawn()
    beside = {Cell(one.fault, "", one.asked) for one in cells if one.fault in LEAVES} | {Cell(asked=asked) for asked in (False, True)}
    with batch(base, keeper, tmp_path, [*cells, *sorted(beside, key=str)], NOW, sftp=sftp) as run:
        found = endings(run)
    compare(found, cells, found)


@pytest.fixture(scope="module")
def expectations() -> dict[tuple[bool, bool], dict[Cell, Ending]]:
    """The undisturbed endings by line, and whether everybody is asked: run once, compared with many."""
    return {}


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("sftp", [False, True], ids=["http", "sftp"])
def test_every_fault_with_a_death_at_every_point(base: Certified, keeper: Keeper, tmp_path: Path, sftp: bool, point: str,
                                                 expectations: dict[tuple[bool, bool], dict[Cell, Ending]]) -> None:
    """Sixteen faults, sixteen points, two lines: 504 runs, eight of the 512 being none, since no question can come there."""
    cells = [cell(fault, point) for fault in FAULTS if possible(fault, point)]
    known = (sftp, point.startswith(("reply", "replied")))
    if known not in expectations:
        expectations[known] = undisturbed(base, keeper, tmp_path / "alive", cells, sftp=sftp)
    killed(base, keeper, tmp_path / "killed", cells, expectations[known], sftp=sftp)
