"""All runs: cases recorded undisturbed, their points chosen, each died at once; two side by side."""

from __future__ import annotations

import queue
import random
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from flows.dispatch import ROUTES
from infra.lab.compare import differences, told
from infra.lab.crash.journal import Seen
from infra.lab.crash.judging import Verdict, judged
from infra.lab.crash.keeper import Keeper
from infra.lab.crash.points import PREFECT, Point
from infra.lab.crash.runs import Case, Lab, Recording
from infra.lab.crash.starts import STARTS

CASES = tuple(Case(start, topic) for start in STARTS for topic in start.topics)
# Topics that nothing owes at a start: in which case they follow.
FOLLOWS = {"claim.forward": "insured/review_step.pass", "handoff.create": "insured/review_step.pass",
           "claim.insurer_pay": "insured/timetable.collect", "claim.insurer_refuse": "insured/timetable.collect",
           "bytes.remove": "timed/timetable.papers", "claim.settle": "paid/payment.credit", "supplement.lapse": "lapsing/timetable.sweep"}
_TRIES = 2              # a point that was not come by is looked for once more: two lanes work side by side
T = TypeVar("T")
R = TypeVar("R")
Chosen = tuple[str, Point]      # a case's name and one of its points


def home(seen: Mapping[str, Seen]) -> list[Chosen]:
    """Each label's points once: in the case of its own topic, else where the topic follows first."""
    cases = [case for case in CASES if str(case) in seen]
    own = {case.topic for case in cases}
    taken: set[str] = set()
    chosen: list[Chosen] = []
    for case in cases:
        points = seen[str(case)].points
        here = {point.label for point in points if point.label not in taken and (point.topic == case.topic or point.topic not in own)}
        taken |= here
        chosen += [(str(case), point) for point in points if point.label in here]
    return chosen


def unworked(seen: Iterable[Seen]) -> set[str]:
    """Topics of the house that no case came by."""
    return ROUTES.keys() - {point.topic for one in seen for point in one.points}


def in_order(points: Sequence[Chosen], seed: int, seconds: Mapping[str, float]) -> list[Chosen]:
    """All of them, so that wherever one stops the most is covered: every place once, at its first coming in the shortest case; then the
    same places under every other topic; then the rest. Our own places before the calls of Prefect's server. Within that, by the seed.
    """
    chance = random.Random(seed)
    firsts = sorted(points, key=lambda one: (one[1].nth, seconds.get(one[0], 0.0)))
    keys: tuple[Callable[[Point], str], ...] = (lambda one: one.place, lambda one: f"{one.topic} {one.place}", str)
    taken: set[str] = set()
    ranks: dict[Chosen, int] = {}
    for rank, key in enumerate(keys):
        for case, point in firsts:
            if (case, point) not in ranks and key(point) not in taken:
                taken |= {each(point) for each in keys}
                ranks[case, point] = 2 * rank + (point.kind == PREFECT)
    return sorted(chance.sample(list(points), len(points)), key=lambda one: ranks[one])


def sample(points: Sequence[Chosen], seed: int, runs: int) -> list[Chosen]:
    """So many, of as many flows as there are, drawn by the seed."""
    chance = random.Random(seed)
    shuffled = chance.sample(list(points), len(points))
    flows: dict[str, int] = {}
    ranks = {}
    for case, point in shuffled:               # the first of each flow before the second of any
        flows[point.flow] = ranks[case, point] = flows.get(point.flow, 0) + 1
    return sorted(shuffled, key=lambda one: ranks[one])[:runs]


def record(lab: Lab, keeper: Keeper, case: Case, *, twice: bool = False) -> Recording:
    """Undisturbed; `twice` also says what two such runs have otherwise (nothing, or the comparison is no proof)."""
    begun, ended = lab.run(keeper, case, None)
    made = Recording(case, begun, ended)
    if twice:
        _, again = lab.run(keeper, case, None)
        made.restless = told(differences(begun, ended.snapshot, again.snapshot)) + [
            f"finding {one}" for one in ended.findings ^ again.findings]
    return made


def kill(lab: Lab, keeper: Keeper, recording: Recording, point: Point) -> Verdict:
    """Killed there, followed by another, compared with nobody killed."""
    for _ in range(_TRIES):
        _, ended = lab.run(keeper, recording.case, point)
        if ended.died:
            break
    return judged(point, recording.begun, recording.ended.snapshot, ended.snapshot, died=ended.died, seconds=ended.seconds,
                  findings=sorted(ended.findings - recording.ended.findings))


def beside(lab: Lab, lanes: int, work: Callable[[Keeper, T], R], things: Iterable[T], tell: Callable[[T, R], None]) -> list[R]:
    """Each thing worked with a keeper of its own time, so many at once; told as they end, returned in order."""
    free: queue.SimpleQueue[Keeper] = queue.SimpleQueue()
    for _ in range(lanes):
        free.put(lab.keeper())
    telling = threading.Lock()

    def one(thing: T) -> R:
        keeper = free.get()
        try:
            found = work(keeper, thing)
        finally:
            free.put(keeper)
        with telling:
            tell(thing, found)
        return found

    with ThreadPoolExecutor(lanes) as pool:
        return list(pool.map(one, things))
