"""What the lab found, as a page of text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from infra.lab.compare import told
from infra.lab.crash.journal import Journal
from infra.lab.crash.judging import Verdict
from infra.lab.crash.labour import Chosen, unworked
from infra.lab.crash.points import KINDS, PREFECT, Point

_LISTED = 40        # places that were not covered, by name


def _ran(journal: Journal, points: Sequence[Chosen]) -> list[tuple[str, Verdict]]:
    return [(case, journal.verdicts[case, str(point)]) for case, point in points if (case, str(point)) in journal.verdicts]


def bad(journal: Journal, points: Sequence[Chosen]) -> bool:
    """Whether a run ended otherwise or never, or two undisturbed runs did. A point that was not come by is not covered, and told so."""
    return any(verdict.died and not verdict.good for _, verdict in _ran(journal, points)) or any(
        journal.seen[case].restless for case in {case for case, _ in points})


def written(journal: Journal, points: Sequence[Chosen], *, at: datetime, seed: int) -> str:
    """Points by flow and kind, runs, and everything that was not as if nothing had happened."""
    ran = _ran(journal, points)
    lines = [f"crash lab, {at:%Y-%m-%d %H:%M} UTC, seed {seed}: a worker dies at a point (SIGKILL), another works on, all is compared", "",
             *_by_flow([point for _, point in points], [verdict for _, verdict in ran]), "",
             *(f"{name:<62}{number:>8}" for name, number in _totals(journal, points, ran)), ""]
    lines += [f"topic not come by: {topic}" for topic in sorted(unworked(journal.seen.values()))]
    lines += [f"undisturbed {case}: {what[:400]}" for case in sorted({case for case, _ in points})
              for what in journal.seen[case].restless[:3]]
    missing = sorted(_places(points) - _covered(ran))
    lines += [f"place not covered: {place}" for place in missing[:_LISTED]]
    lines += [f"and {len(missing) - _LISTED} more places not covered"] if len(missing) > _LISTED else []
    for case, verdict in ran:
        if not verdict.good:
            what = verdict.failed or ("not come by" if not verdict.died else "; ".join(
                [*told(verdict.differences)[:3], *map(str, verdict.findings[:3])]))
            lines.append(f"{case} | {verdict.point}: {what[:400]}")
    return "\n".join(lines).rstrip() + "\n"


def _by_flow(points: Sequence[Point], ran: Sequence[Verdict]) -> Iterator[str]:
    yield f"{'flow':<24}{'points':>8}" + "".join(f"{kind:>10}" for kind in KINDS) + f"{'places':>8}{'covered':>9}{'runs':>8}{'differ':>8}"
    by_flow: dict[str, list[Point]] = {}
    for point in points:
        by_flow.setdefault(point.flow, []).append(point)
    for flow, found in sorted(by_flow.items()):
        kinds = Counter(point.kind for point in found)
        here = [verdict for verdict in ran if verdict.point.flow == flow]
        yield (f"{flow:<24}{len(found):>8}" + "".join(f"{kinds[kind]:>10}" for kind in KINDS) + f"{len({one.place for one in found}):>8}"
               f"{len({one.point.place for one in here if one.died}):>9}{len(here):>8}"
               f"{sum(one.died and not one.good for one in here):>8}")


def _places(points: Sequence[Chosen], *, prefect: bool | None = None) -> set[str]:
    return {point.place for _, point in points if prefect is None or (point.kind == PREFECT) == prefect}


def _covered(ran: Sequence[tuple[str, Verdict]], *, prefect: bool | None = None) -> set[str]:
    return _places([(case, verdict.point) for case, verdict in ran if verdict.died and not verdict.failed], prefect=prefect)


def _totals(journal: Journal, points: Sequence[Chosen], ran: Sequence[tuple[str, Verdict]]) -> Iterator[tuple[str, int]]:
    """Runs that never ended are failures, no deaths that were compared."""
    cases = {case for case, _ in points}
    died = [verdict for _, verdict in ran if verdict.died]
    yield "points found", len(points)
    yield "cases (start and topic)", len(cases)
    yield "topics of the house that no case came by", len(unworked(journal.seen[case] for case in cases))
    yield "undisturbed cases that differ from themselves", sum(bool(journal.seen[case].restless) for case in cases)
    for words, prefect in (("of the office: commits, insurer, messages, store, files", False), ("calls of Prefect's server", True)):
        yield f"places, {words}", len(_places(points, prefect=prefect))
        yield "  of them covered by a death", len(_covered(ran, prefect=prefect))
    yield "places not covered", len(_places(points) - _covered(ran))
    yield "runs", len(ran)
    yield "deaths", len(died)
    yield "points not come by", len(ran) - len(died)
    yield "points not run", len(points) - len(ran)
    yield "runs that differ", sum(bool(one.differences or one.findings) for one in died)
    yield "runs that never ended", sum(bool(one.failed) for one in died)
    yield "differences", sum(len(one.differences) for one in died)
    yield "payments doubled", sum(one.doubled for one in died)
    yield "records lost", sum(one.lost for one in died)
    yield "findings of huzhu check and audit verify", sum(len(one.findings) for one in died)
    yield "messages whose answer was cut off: never sent twice", sum(one.cut for one in died)
    yield "files put and never committed, left in the paper store", sum(one.left for one in died)
    yield "sittings", journal.sittings
    yield "seconds", round(journal.seconds)
