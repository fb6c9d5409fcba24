"""What two runs of one start may have otherwise, each with its reason; and what nothing excuses: money, records and calls twice.

What is excused is taken away before the comparison, row by row: were it a difference first, finer ones would not be looked for.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlmodel import Session

from infra.lab.compare import Difference, Row, Snapshot, differences
from infra.lab.crash.points import COMMIT, MESSAGE, Point
from services.audit import verify as audit

# The insurer's own columns of chance or of its machine's clock. A request sent again has a nonce of its own; what it asks is the same.
INSURER_DRAWN: Mapping[str, tuple[str, ...]] = {"nonce": ("*",)}

# Where money stands, on our side and outside.
MONEY = frozenset({"bank", "bank_line", "payment", "payment_run", "settlement_payment", "ledger_transaction", "ledger_entry", "advance",
                   "receivable", "insurer.dossier", "insurer.payment"})
_PAPERS = "papers"
_HASH = re.compile(r"[0-9a-f]{64}")


def broken_chains(session: Session) -> set[tuple[str, str, str]]:
    """What the audit's verification says."""
    return {(f"audit_{finding.code}", finding.chain_id, finding.message) for finding in audit.verify(session)}


@dataclass(slots=True)
class Verdict:
    """One run judged. `left` are whole files of the paper store that no row names: bytes put, and never committed; `cut` says that a
    message's answer was lost, so that nobody knows whether it was sent: it is not sent again.
    """

    point: Point
    died: bool
    seconds: float
    differences: list[Difference] = field(default_factory=list)
    findings: list[tuple[str, str, str]] = field(default_factory=list)
    cut: bool = False
    left: int = 0
    failed: str = ""

    @property
    def lost(self) -> int:
        """Rows that should be there and are not."""
        return sum(one.kind == "lost" for one in self.differences)

    @property
    def doubled(self) -> int:
        """Rows of money that nobody expected, here or outside."""
        return sum(one.kind == "more" and one.table.removesuffix(" (gone)") in MONEY for one in self.differences)

    @property
    def good(self) -> bool:
        """As if nothing had happened."""
        return self.died and not self.differences and not self.findings and not self.failed


def judged(point: Point, begun: Snapshot, expected: Snapshot, found: Snapshot, *, died: bool, seconds: float,
           findings: Sequence[tuple[str, str, str]]) -> Verdict:
    """The disturbed end compared with the undisturbed one, past what a death at this point may leave otherwise."""
    found, left = without_strays(found)
    expected, meant = without_strays(expected)
    cut = False
    if point.kind == MESSAGE:
        expected, cut = without_answer(expected, found, sent=point.side == "after")
    elif point.kind == COMMIT and point.label.endswith("carry_letters"):     # after the intent's commit, or before the answer's
        expected, cut = without_answer(expected, found, sent=point.side == "before")
    verdict = Verdict(point, died, seconds, differences(begun, expected, found), list(findings), cut, max(0, left - meant))
    if left < meant:
        verdict.differences.append(Difference(_PAPERS, "lost", f"{meant - left} files that no row names"))
    return verdict


def without_strays(whole: Snapshot) -> tuple[Snapshot, int]:
    """Without the undamaged papers that no row of any table names, and how many they are."""
    named = {name for table, rows in whole.tables.items() if table != _PAPERS for row in rows for name in _HASH.findall(row)}
    papers = whole.tables.get(_PAPERS, Counter())
    strays = Counter({row: times for row, times in papers.items() if _stray(row, named)})
    return _less(whole, _PAPERS, strays), strays.total()


def _stray(row: Row, named: set[str]) -> bool:
    paper = json.loads(row)
    return bool(_HASH.fullmatch(paper["name"])) and paper["name"] not in named and paper["whole"]


def without_answer(expected: Snapshot, found: Snapshot, *, sent: bool) -> tuple[Snapshot, bool]:
    """What was expected, less the one answer that a cut call cannot have: `sent` when the provider has the message nevertheless.

    Killed at the very call of a provider, nobody knows whether the message was sent: the call stands open and is not made again; the
    letter goes on paper when it stays unopened (services/notice/carrying.py). One attempt, one answer, one message; nothing else.
    """
    here, there = _answers(expected), _answers(found)
    cut = {attempt for attempt, outcomes in there.items() if outcomes == {"calling"} and here.get(attempt) == {"calling", "sent"}}
    if len(cut) != 1:
        return expected, False
    [attempt] = cut
    answer = Counter(row for row in expected.tables["delivery_event"]
                     if (cells := json.loads(row))["attempt_id"] == attempt and cells["outcome"] == "sent")
    expected = _less(expected, "delivery_event", answer)
    if not sent:
        expected = _less(expected, "messages", Counter(row for row in expected.tables["messages"] if json.loads(row)["key"] == attempt))
    return expected, True


def _answers(snapshot: Snapshot) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in snapshot.tables.get("delivery_event", ()):
        cells = json.loads(row)
        found.setdefault(cells["attempt_id"], set()).add(cells["outcome"])
    return found


def _less(whole: Snapshot, table: str, rows: Mapping[Row, int]) -> Snapshot:
    return Snapshot({**whole.tables, table: whole.tables[table] - Counter(rows)}) if rows else whole
