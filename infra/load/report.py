"""What a load came to, in lines."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from infra.load.caller import DONE, REFUSED, Answer


@dataclass(frozen=True, slots=True)
class Rung:
    """One rate for some time: `generator` and `web` are the shares of a core that this program and the web process took, `late` how
    many seconds an act began after its time at most.
    """

    times: float
    offered: float
    seconds: float
    answers: Sequence[Answer]
    generator: float
    web: float
    late: float


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of what was done; counts of the rest."""

    done: int
    p50: float
    p95: float
    p99: float
    refused: int
    cut: int
    faults: int


def times(answers: Iterable[Answer]) -> Times:
    """Of some answers."""
    found = list(answers)
    done = sorted(answer.ms for answer in found if answer.status in DONE)
    cuts = statistics.quantiles(done, n=100, method="inclusive") if len(done) > 1 else [*(done or [0.0]) * 99]
    return Times(len(done), cuts[49], cuts[94], cuts[98], sum(answer.status in REFUSED for answer in found),
                 sum(answer.cut for answer in found), sum(bool(answer.fault) for answer in found))


def by_rate(rungs: Iterable[Rung]) -> list[str]:
    """A line a rate."""
    lines = [f"{'usual x':>8} {'acts/s':>7} {'asked/s':>8} {'done/s':>7} {'p50 ms':>7} {'p95 ms':>7} {'p99 ms':>7} {'refused':>8}"
             f" {'refusal p95':>12} {'cut':>5} {'errors':>7} {'web core':>9} {'asking':>7}"]
    for rung in rungs:
        got = times(rung.answers)
        refusals = sorted(answer.ms for answer in rung.answers if answer.status in REFUSED)
        told = f"{refusals[int(len(refusals) * .95)]:.0f} ms" if refusals else "-"
        asked, done = len(rung.answers) / rung.seconds, got.done / rung.seconds
        lines.append(f"{rung.times:8.1f} {rung.offered:7.1f} {asked:8.1f} {done:7.1f} {got.p50:7.0f} {got.p95:7.0f} {got.p99:7.0f}"
                     f" {got.refused:8d} {told:>12} {got.cut:5d} {got.faults:7d} {rung.web:9.0%} {rung.generator:7.0%}")
    return lines


def by_kind(rung: Rung) -> list[str]:
    """A line a kind of request."""
    kinds: dict[str, list[Answer]] = defaultdict(list)
    for answer in rung.answers:
        kinds[answer.kind].append(answer)
    title = f"at {rung.times:.1f} times the usual rate"
    lines = [f"{title:<34} {'asked':>6} {'done':>6} {'p50 ms':>7} {'p95 ms':>7} {'p99 ms':>7} {'refused':>8} {'errors':>7}"]
    for kind, answers in sorted(kinds.items(), key=lambda item: -len(item[1])):
        got = times(answers)
        wide = sum(ord(sign) > 255 for sign in kind)
        lines.append(f"{kind:<{34 - wide}} {len(answers):6d} {got.done:6d} {got.p50:7.0f} {got.p95:7.0f} {got.p99:7.0f} {got.refused:8d}"
                     f" {got.faults:7d}")
    return lines


def faults(answers: Iterable[Answer]) -> list[str]:
    """What went wrong, the most frequent first."""
    said = Counter(answer.fault[:300] for answer in answers if answer.fault)
    return [f"{count} x {fault}" for fault, count in said.most_common(12)]
