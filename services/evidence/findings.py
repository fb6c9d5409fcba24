"""A person's word on what the automatic checks found: confirmed or overridden, with the reason. Nothing is written over."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from services.access.actor import Actor
from services.audit import service as audit
from services.audit.chain import Entry
from services.core.errors import Conflict, InputError
from services.core.texts import written
from services.evidence import rules
from services.evidence.answered import VERDICTS, Answered, answers_of
from services.evidence.papers import VERIFIERS
from services.evidence.recognition.lines import Box
from services.evidence.rules import SERIOUS
from services.intake.queries import claim_for
from services.lifecycle.apart import require_apart
from services.models import Claim, FindingAnswer
from statemachines.words import state_words

__all__ = ["ANSWERED_IN", "VERDICTS", "Told", "answer", "told"]
ANSWERED_IN = rules.JUDGED_IN


@dataclass(frozen=True, slots=True)
class Told:
    """A finding as people are shown it. `key` is empty for a finding of an earlier release, which nobody can answer; `answer`: the
    newest, if somebody gave one.
    """

    code: str
    words: str
    key: str
    serious: bool
    paper_id: uuid.UUID | None
    page: int | None
    box: Box | None
    field_id: uuid.UUID | None
    answer: Answered | None

    @property
    def waits(self) -> bool:
        """Whether verification waits for somebody's word on it."""
        return self.serious and self.answer is None


def told(session: Session, claim_id: uuid.UUID, findings: Sequence[Mapping[str, object]]) -> list[Told]:
    """A claim's findings as they stand on it (`Claim.findings`), each with its newest answer."""
    answers = answers_of(session, [claim_id])[claim_id] if findings else {}
    return [_told(finding, answers.get(str(finding.get("key", "")))) for finding in findings]


def _told(finding: Mapping[str, object], given: Answered | None) -> Told:
    paper, page, box, field = (finding.get(name) for name in ("paper", "page", "box", "field"))
    return Told(str(finding["code"]), str(finding["words"]), str(finding.get("key", "")), finding.get("severity") == SERIOUS,
                uuid.UUID(str(paper)) if paper else None, page if isinstance(page, int) else None,
                Box(*box) if isinstance(box, list) else None, uuid.UUID(str(field)) if field else None, given)


def answer(session: Session, *, claim_id: uuid.UUID, key: str, verdict: str, reason: str, actor: Actor, now: datetime) -> FindingAnswer:
    """Confirm a finding (it is so) or override it (it is not, or does not matter), with the reason; the newest answer counts.

    NotPermitted on the claimant's side. InputError: verdict, reason. Conflict: the claim is past its decision, or the finding is no
    longer what it was.
    """
    actor.require(*VERIFIERS, what="答复自动核对发现")
    claim = claim_for(session, claim_id, actor)
    require_apart(session, [claim.id], actor)
    session.refresh(claim, with_for_update=True)
    if verdict not in VERDICTS:
        raise InputError("finding_verdict", f"不认识的答复“{verdict}”", remedy=f"可用：{'、'.join(VERDICTS)}", field="verdict")
    if claim.state not in ANSWERED_IN:
        raise Conflict("event_not_allowed", f"案件“{state_words('claim', claim.state)}”，不能再答复核对发现", remedy="由审核人退回后再办理")
    finding = _standing(claim, key)
    given = FindingAnswer(org_key=claim.org_key, claim_id=claim.id, key=key, verdict=verdict, reason=written(reason, "reason"),
                          account_id=actor.account_id, person_id=actor.person_id, at=now)
    session.add(given)
    session.flush()
    audit.append(session, [Entry(claim.id, claim.org_key, "claim", claim.id, "answer_finding", reason=given.reason, details={
        "finding": str(finding["code"]), "key": key, "verdict": verdict})],
        account=actor.account_id, person=actor.person_id, at=now)
    return given


def _standing(claim: Claim, key: str) -> Mapping[str, object]:
    found = next((finding for finding in claim.findings if key and finding.get("key") == key), None)
    if found is None:
        raise Conflict("finding_gone", "这一项核对发现已经变动", remedy="刷新后按现在的发现答复")
    return found
