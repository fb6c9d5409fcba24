"""`python -m infra.lab.crash [--minutes 25]`: a death at every point of every flow; results in infra/lab/crash.txt.

Every place is died at once before any is died at twice, so that a lab with little time has seen them all; each run stands in the journal
at once, and a lab that was interrupted goes on with the same code where it was. Exit 1 when anything differs.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from infra.lab.compare import told
from infra.lab.crash import labour
from infra.lab.crash.journal import Journal, code
from infra.lab.crash.judging import Verdict
from infra.lab.crash.keeper import Keeper
from infra.lab.crash.labour import Chosen
from infra.lab.crash.machine import machine
from infra.lab.crash.points import KINDS
from infra.lab.crash.report import bad, written
from infra.lab.crash.runs import Case, Lab, Recording
from services.core.settings import ROOT

RESULT = Path(__file__).resolve().parents[1] / "crash.txt"
JOURNAL = ROOT / "var" / "crash-lab.jsonl"
_DONE = 20.0            # seconds before the end in which no new run is begun


def main() -> int:
    """Record, choose, kill, tell."""
    parser = argparse.ArgumentParser(prog="python -m infra.lab.crash", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="of the order")
    parser.add_argument("--minutes", type=float, default=0, help="no new run after so long; all when not given")
    parser.add_argument("--runs", type=int, default=0, help="so many of the order instead of all")
    parser.add_argument("--start", action="append", default=[], help="only these starts, or start/topic")
    parser.add_argument("--once", action="store_true", help="do not compare two undisturbed runs with one another")
    parser.add_argument("--lanes", type=int, default=2, help="runs side by side")
    parser.add_argument("--journal", type=Path, default=JOURNAL, help="what was run; gone on with when it is there")
    parser.add_argument("--out", type=Path, default=RESULT)
    given = parser.parse_args()
    began = time.monotonic()
    until = began + given.minutes * 60 - _DONE if given.minutes else float("inf")
    journal = Journal(given.journal, code())
    print(f"{given.journal}: {len(journal.verdicts)} runs are known, {journal.skipped} lines are of other code", flush=True)
    cases = [case for case in labour.CASES if not given.start or case.start.name in given.start or str(case) in given.start]
    try:
        _go_on(journal, cases, given, until)
    finally:
        journal.sat(time.monotonic() - began)
        points = _points(journal, cases)
        words = written(journal, points, at=datetime.now(UTC), seed=given.seed)
        given.out.write_text(words, "utf-8")
    print(words, end="")
    return int(bad(journal, points))


def _points(journal: Journal, cases: Sequence[Case]) -> list[Chosen]:
    return labour.home({str(case): journal.seen[str(case)] for case in cases if str(case) in journal.seen})


def _go_on(journal: Journal, cases: Sequence[Case], given: argparse.Namespace, until: float) -> None:
    def left() -> list[Chosen]:
        points = _points(journal, cases)
        order = labour.in_order(points, given.seed, {name: one.seconds for name, one in journal.seen.items()})[:given.runs or None]
        return [one for one in order if (one[0], str(one[1])) not in journal.verdicts]

    wanted = {case for case, _ in left()}
    needed = [case for case in cases if str(case) in wanted or str(case) not in journal.seen]
    if not needed:
        return
    with machine() as found:
        lab = Lab(found.server, found.prefect_api, found.folder)
        try:
            recordings = _recorded(lab, needed, given, journal)
            _killed(lab, recordings, left(), given.lanes, journal, lambda: time.monotonic() > until)
        finally:
            lab.close()


def _recorded(lab: Lab, cases: Sequence[Case], given: argparse.Namespace, journal: Journal) -> Mapping[str, Recording]:
    for start in dict.fromkeys(case.start for case in cases):      # building changes this process's settings: one at a time, first
        lab.ground(start)
        print(f"built {start.name}", flush=True)

    def record(keeper: Keeper, case: Case) -> Recording:
        return labour.record(lab, keeper, case, twice=not given.once and str(case) not in journal.seen)

    def tell(case: Case, recording: Recording) -> None:
        if str(case) not in journal.seen:
            journal.saw(recording.seen)
        kinds = {kind: sum(point.kind == kind for point in recording.ended.points) for kind in KINDS}
        print(f"recorded {case}: {kinds}{''.join(f'{chr(10)}  restless {one}' for one in recording.restless[:5])}", flush=True)

    made = labour.beside(lab, given.lanes, record, cases, tell)
    return {str(recording.case): recording for recording in made}


def _killed(lab: Lab, recordings: Mapping[str, Recording], chosen: Sequence[Chosen], lanes: int, journal: Journal,
            over: Callable[[], bool]) -> None:
    done = 0

    def kill(keeper: Keeper, one: Chosen) -> Verdict | None:
        if over():
            return None
        try:
            return labour.kill(lab, keeper, recordings[one[0]], one[1])
        except AssertionError as error:         # a run that never ends is a result, and the others go on
            return Verdict(one[1], True, 0.0, failed=str(error) or traceback.format_exc(limit=-2))

    def tell(one: Chosen, verdict: Verdict | None) -> None:
        nonlocal done
        if verdict is None:
            return
        journal.judged(one[0], verdict)
        done += 1
        mark = "ok" if verdict.good else "not reached" if not verdict.died else "DIFFERS"
        print(f"{done}/{len(chosen)} {mark} {verdict.seconds:.1f} s {one[0]} | {verdict.point}", flush=True)
        for line in [verdict.failed, *told(verdict.differences)[:6], *map(str, verdict.findings[:6])]:
            if line:
                print(f"    {line[:800]}", flush=True)

    labour.beside(lab, lanes, kill, chosen, tell)


if __name__ == "__main__":
    sys.exit(main())
