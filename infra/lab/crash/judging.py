"""What two runs of one start may have otherwise, each with its reason; and what nothing excuses: money, records and calls twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlmodel import Session

from infra.lab.compare import Difference
from infra.lab.crash.points import MESSAGE, Point
from services.audit import verify as audit

# The insurer's own columns of chance or of its machine's clock. A request sent again has a nonce of its own; what it asks is the same.
INSURER_DRAWN: Mapping[str, tuple[str, ...]] = {"nonce": ("*",)}

# Where money stands, on our side and outside.
MONEY = frozenset({"bank", "bank_line", "payment", "payment_run", "settlement_payment", "ledger_transaction", "ledger_entry", "advance",
                   "receivable", "insurer.dossier", "insurer.payment"})
# Killed at the very call of a provider of messages, nobody knows whether it was sent: it is not sent again, the letter goes on paper
# (services/notice/carrying.py). What it leaves is its own record and the letter's next way.
_LOST_MESSAGE = frozenset({"delivery_attempt", "delivery_event", "notice", "audit_record", "claim", "messages", "sla_clock"})


def broken_chains(session: Session) -> set[tuple[str, str, str]]:
    """What the audit's verification says."""
    return {(f"audit_{finding.code}", finding.chain_id, finding.message) for finding in audit.verify(session)}


@dataclass(slots=True)
class Verdict:
    """One run judged. `left` are files of the paper store that no row names: bytes made, and made anew by the next worker."""

    point: Point
    died: bool
    seconds: float
    differences: list[Difference] = field(default_factory=list)
    findings: list[tuple[str, str, str]] = field(default_factory=list)
    excused: list[Difference] = field(default_factory=list)
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


def judged(point: Point, *, died: bool, seconds: float, differences: Sequence[Difference],
           findings: Sequence[tuple[str, str, str]]) -> Verdict:
    """The differences sorted into those that count, those that are excused, and files left over."""
    verdict = Verdict(point, died, seconds, findings=list(findings))
    for one in differences:
        if one.table == "papers" and one.kind == "more":
            verdict.left += 1
        elif point.kind == MESSAGE and one.table.removesuffix(" (gone)") in _LOST_MESSAGE:
            verdict.excused.append(one)
        else:
            verdict.differences.append(one)
    return verdict
