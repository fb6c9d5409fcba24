"""What the lab found, as a page of text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from infra.lab.compare import told
from infra.lab.crash.judging import Verdict
from infra.lab.crash.labour import unworked
from infra.lab.crash.points import KINDS, Point
from infra.lab.crash.runs import Case, Recording


def written(recordings: Sequence[Recording], points: Sequence[tuple[Recording, Point]], verdicts: Sequence[tuple[Case, Verdict]], *,
            at: datetime, seconds: float, seed: int) -> str:
    """Points by flow and kind, runs, and everything that was not as if nothing had happened."""
    all_ = [verdict for _, verdict in verdicts]
    lines = [f"crash lab, {at:%Y-%m-%d %H:%M} UTC, seed {seed}: a worker dies at a point (SIGKILL), another works on, all is compared", "",
             f"{'flow':<24}{'points':>8}" + "".join(f"{kind:>10}" for kind in KINDS) + f"{'runs':>8}{'differ':>8}"]
    by_flow: dict[str, list[Point]] = {}
    for _, point in points:
        by_flow.setdefault(point.flow, []).append(point)
    for flow, found in sorted(by_flow.items()):
        kinds = Counter(point.kind for point in found)
        ran = [verdict for verdict in all_ if verdict.point.flow == flow]
        lines.append(f"{flow:<24}{len(found):>8}" + "".join(f"{kinds[kind]:>10}" for kind in KINDS)
                     + f"{len(ran):>8}{sum(verdict.died and not verdict.good for verdict in ran):>8}")
    died = [verdict for verdict in all_ if verdict.died]
    totals = (("points found", len(points)), ("cases (start and topic)", len(recordings)),
              ("topics of the house that no case came by", len(unworked(recordings))),
              ("undisturbed runs that differ from one another", sum(bool(one.restless) for one in recordings)),
              ("runs", len(all_)), ("deaths", len(died)), ("points not come by", len(all_) - len(died)),
              ("runs that differ", sum(not verdict.good for verdict in died)),
              ("differences", sum(len(verdict.differences) for verdict in died)),
              ("payments doubled", sum(verdict.doubled for verdict in died)), ("records lost", sum(verdict.lost for verdict in died)),
              ("findings of huzhu check and audit verify", sum(len(verdict.findings) for verdict in died)),
              ("messages whose call was cut, told on paper instead", sum(bool(verdict.excused) for verdict in died)),
              ("files left over in the paper store", sum(verdict.left for verdict in died)))
    lines += ["", *(f"{name:<52}{number:>8}" for name, number in totals), f"{'seconds':<52}{seconds:>8.0f}", ""]
    lines += [f"not come by: {topic}" for topic in sorted(unworked(recordings))]
    lines += [f"undisturbed {one.case}: {what[:400]}" for one in recordings for what in one.restless[:3]]
    for case, verdict in verdicts:
        if not verdict.good:
            what = verdict.failed or ("not come by" if not verdict.died else "; ".join(
                [*told(verdict.differences)[:3], *map(str, verdict.findings[:3])]))
            lines.append(f"{case} | {verdict.point}: {what[:400]}")
    return "\n".join(lines).rstrip() + "\n"
