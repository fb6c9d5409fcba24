"""`python -m infra.lab.crash`: every point of every flow, a death each; results in infra/lab/crash.txt. Exit 1 when anything differs."""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from infra.lab.compare import told
from infra.lab.crash import labour
from infra.lab.crash.judging import Verdict
from infra.lab.crash.keeper import Keeper
from infra.lab.crash.machine import machine
from infra.lab.crash.points import KINDS, PREFECT, Point
from infra.lab.crash.report import written
from infra.lab.crash.runs import Case, Lab, Recording

RESULT = Path(__file__).resolve().parents[1] / "crash.txt"


def main() -> int:
    """Record, choose, kill, tell."""
    parser = argparse.ArgumentParser(prog="python -m infra.lab.crash", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--runs", type=int, default=0, help="so many drawn points instead of all")
    parser.add_argument("--prefect", type=int, default=-1, help="so many drawn points among calls of Prefect's server; all when not given")
    parser.add_argument("--start", action="append", default=[], help="only these starts, or start/topic")
    parser.add_argument("--once", action="store_true", help="do not compare two undisturbed runs with one another")
    parser.add_argument("--lanes", type=int, default=2, help="runs side by side")
    parser.add_argument("--out", type=Path, default=RESULT)
    given = parser.parse_args()
    began = time.monotonic()
    cases = [case for case in labour.CASES if not given.start or case.start.name in given.start or str(case) in given.start]
    with machine() as found:
        lab = Lab(found.server, found.prefect_api, found.folder)
        try:
            recordings = _recorded(lab, cases, given.lanes, twice=not given.once)
            points = labour.home(recordings)
            chosen = _chosen(points, given)
            verdicts = _killed(lab, chosen, given.lanes)
        finally:
            lab.close()
    words = written(recordings, points, list(zip((recording.case for recording, _ in chosen), verdicts, strict=True)),
                    at=datetime.now(UTC), seconds=time.monotonic() - began, seed=given.seed)
    given.out.write_text(words, "utf-8")
    print(words, end="")
    return int(not all(verdict.good for verdict in verdicts) or any(recording.restless for recording in recordings))


def _chosen(points: Sequence[tuple[Recording, Point]], given: argparse.Namespace) -> list[tuple[Recording, Point]]:
    if given.runs:
        return labour.sample([pair for pair in points if given.prefect or pair[1].kind != PREFECT], given.seed, given.runs)
    apart = [pair for pair in points if pair[1].kind == PREFECT]
    if given.prefect >= 0:
        apart = labour.sample(apart, given.seed, given.prefect)
    return [pair for pair in points if pair[1].kind != PREFECT] + apart


def _recorded(lab: Lab, cases: Sequence[Case], lanes: int, *, twice: bool) -> list[Recording]:
    for start in dict.fromkeys(case.start for case in cases):      # building changes this process's settings: one at a time, first
        lab.ground(start)
        print(f"built {start.name}", flush=True)

    def record(keeper: Keeper, case: Case) -> Recording:
        return labour.record(lab, keeper, case, twice=twice)

    def tell(case: Case, recording: Recording) -> None:
        kinds = {kind: sum(point.kind == kind for point in recording.ended.points) for kind in KINDS}
        print(f"recorded {case}: {kinds}{''.join(f'{chr(10)}  restless {one}' for one in recording.restless[:5])}", flush=True)

    return labour.beside(lab, lanes, record, cases, tell)


def _killed(lab: Lab, chosen: Sequence[tuple[Recording, Point]], lanes: int) -> list[Verdict]:
    done = 0

    def kill(keeper: Keeper, pair: tuple[Recording, Point]) -> Verdict:
        try:
            return labour.kill(lab, keeper, *pair)
        except AssertionError as error:         # a run that never ends is a result, and the others go on
            return Verdict(pair[1], True, 0.0, failed=str(error) or traceback.format_exc(limit=-2))

    def tell(pair: tuple[Recording, Point], verdict: Verdict) -> None:
        nonlocal done
        done += 1
        mark = "ok" if verdict.good else "not reached" if not verdict.died else "DIFFERS"
        print(f"{done}/{len(chosen)} {mark} {verdict.seconds:.1f} s {pair[0].case} | {verdict.point}", flush=True)
        for line in [verdict.failed, *told(verdict.differences)[:6], *map(str, verdict.findings[:6])]:
            if line:
                print(f"    {line[:800]}", flush=True)

    return labour.beside(lab, lanes, kill, chosen, tell)


if __name__ == "__main__":
    sys.exit(main())
