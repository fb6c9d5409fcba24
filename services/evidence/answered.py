"""Which findings somebody has confirmed or overridden. Reads only; `findings.answer` gives the answers."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.core.errors import GuardFailed
from services.evidence.rules import SERIOUS
from services.models import Claim

VERDICTS = {"confirmed": "属实", "overridden": "不影响办理"}
_NEWEST = sa.text("""
    SELECT DISTINCT ON (f.claim_id, f.key) f.claim_id, f.key, f.verdict, f.reason, f.at, coalesce(a.name, '') AS by
    FROM finding_answer f LEFT JOIN account a ON a.id = f.account_id WHERE f.claim_id = ANY(CAST(:claims AS uuid[]))
    ORDER BY f.claim_id, f.key, f.at DESC, f.id DESC""")


@dataclass(frozen=True, slots=True)
class Answered:
    """The newest answer to a finding: what, why, who and when."""

    verdict: str
    reason: str
    by: str
    at: datetime


def answers_of(session: Session, claim_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, dict[str, Answered]]:
    """Each claim's answers by the finding's key."""
    found: dict[uuid.UUID, dict[str, Answered]] = {claim_id: {} for claim_id in claim_ids}
    for row in session.execute(_NEWEST, {"claims": list(claim_ids)}):
        found[row.claim_id][row.key] = Answered(row.verdict, row.reason, row.by, row.at)
    return found


def unanswered(session: Session, claim: Claim) -> list[dict[str, object]]:
    """The serious findings of a claim that nobody has answered."""
    serious = [finding for finding in claim.findings if finding.get("severity") == SERIOUS]
    answered = answers_of(session, [claim.id])[claim.id] if serious else {}
    return [finding for finding in serious if finding["key"] not in answered]


def require_answered(session: Session, claim: Claim) -> None:
    """GuardFailed with the list while a serious finding waits for somebody's word."""
    if left := unanswered(session, claim):
        raise GuardFailed("findings_open", "；".join(str(finding["words"]) for finding in left),
                          remedy="逐项确认属实，或写明理由不予采信后再核验", field="findings")
