"""What two runs of one start may have otherwise, each with its reason, and what nothing excuses: money, records and calls twice."""

from __future__ import annotations

from collections.abc import Mapping

from sqlmodel import Session

from services.audit import verify as audit

# The insurer's own columns of chance or of its machine's clock. A request sent again has a nonce of its own; what it asks is the same.
INSURER_DRAWN: Mapping[str, tuple[str, ...]] = {"nonce": ("*",)}


def broken_chains(session: Session) -> set[tuple[str, str, str]]:
    """What the audit's verification says."""
    return {(f"audit_{finding.code}", finding.chain_id, finding.message) for finding in audit.verify(session)}
