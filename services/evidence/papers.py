"""Upload, judge, waive, read: papers and the digest of the facts that hangs on them."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import OFFICE, REVIEWERS, Actor, Role
from services.audit import service as audit
from services.audit.chain import Entry
from services.core.errors import Conflict, InputError, NotFound
from services.evidence import rules
from services.intake.queries import claim_for, present_digest
from services.lifecycle.apart import require_apart
from services.models import Claim, Paper
from services.outbox import service as outbox
from services.outbox.service import Work
from services.rulebook import registry
from services.storage import reading
from services.storage import service as storage
from statemachines.states import ClaimState
from statemachines.words import state_words

VERIFIERS = (Role.UNIT_CLERK, *sorted(REVIEWERS))
_READERS = (Role.MEMBER, Role.AUDITOR, Role.SYSTEM, *VERIFIERS)
CHECKED_AGAIN = "paper.upload"


def owe_check(session: Session, claim_ids: Sequence[uuid.UUID], *, now: datetime) -> None:
    """The flow `check_evidence` looks at these claims again."""
    rows = session.execute(sa.select(col(Claim.id), col(Claim.org_key)).where(col(Claim.id).in_(list(claim_ids))).order_by(col(Claim.id)))
    outbox.add(session, [Work(CHECKED_AGAIN, org_key, claim_id, claim_id) for claim_id, org_key in rows], now=now)


def upload(session: Session, *, claim_id: uuid.UUID, kind: str, file_name: str, content: bytes, actor: Actor,
           now: datetime) -> Paper:
    """Put a paper on the claim's file; the same bytes of the same kind again give the same paper, unless it was sent back.

    Its pages are drawn and the claim is checked again by `check_evidence`. InputError: unknown kind, a file that is no PDF or
    picture, empty, damaged, hostile, unreadably small or above the limit (services/storage/reading), or sent back before;
    OutsideError: no scanner.
    """
    actor.require(Role.MEMBER, Role.INSURER, Role.SYSTEM, *VERIFIERS, what="上传材料")
    claim = claim_for(session, claim_id, actor)
    rules.check_kind(registry.version(claim.plan, claim.plan_from), kind)
    storage.check_size(content)
    mime, name, warnings = _looked_into(content, file_name, kind)
    sha256 = hashlib.sha256(content).hexdigest()
    _check_open(claim, kind)            # before the bytes are laid: of a refused upload none may stay
    hold_bytes(session, sha256)
    storage.put(content)
    session.refresh(claim, with_for_update=True)
    _check_open(claim, kind)
    same = session.exec(select(Paper).where(Paper.claim_id == claim.id, Paper.kind == kind, Paper.sha256 == sha256,
                                            col(Paper.removed_at).is_(None))).first()
    if same:
        return not_sent_back(same)
    paper = Paper(org_key=claim.org_key, claim_id=claim.id, kind=kind, sha256=sha256, mime=mime, size=len(content),
                  file_name=name, uploaded_by=actor.account_id, uploaded_at=now, warnings=warnings)
    session.add(paper)
    session.flush()
    _record(session, claim, paper.id, "upload", {"kind": kind, "sha256": sha256}, actor, now)
    outbox.add(session, [Work(CHECKED_AGAIN, claim.org_key, claim.id, paper.id)], now=now)
    return paper


def not_sent_back(paper: Paper) -> Paper:
    """The paper; InputError with its fault when it was sent back: the same bytes again would wait for nobody."""
    if paper.verdict == "rejected":
        raise InputError("paper_sent_back", f"文件“{paper.file_name}”先前交过，已退回：{paper.fault}", field="content",
                         remedy="重新拍照或扫描后再交；认为退回有误的，请在案件内留言")
    return paper


def hold_bytes(session: Session, sha256: str, *, alone: bool = False) -> None:
    """Until the transaction's end nobody takes these bytes away who does so with `alone`: else a paper just handed in might
    find its bytes destroyed with another's that had lain there for ten years."""
    lock = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
    session.execute(sa.text(f"SELECT {lock}(hashtextextended(:name, 0))"), {"name": f"object:{sha256}"})


def still_here(paper: Paper) -> Paper:
    """The paper, unless its time is over. NotFound then: the row stays and says when it was destroyed."""
    if paper.removed_at is not None:
        raise NotFound("paper_removed", "这份材料已按档案保管期限销毁", remedy="案件的决定、文书和办理记录仍可查看")
    return paper


def _looked_into(content: bytes, file_name: str, kind: str) -> tuple[str, str, list[str]]:
    """(type, name, warnings) of a file that is safe to keep."""
    found = reading.received(content, file_name)
    return found.mime, found.name, reading.warnings_of(found.measure, kind=kind)


def advice(paper: Paper) -> list[dict[str, str]]:
    """What the uploader should be told about a paper that was taken: code, words, remedy."""
    return [{"code": code, "words": reading.ADVICE[code][0], "remedy": reading.ADVICE[code][1]} for code in paper.warnings]


def _check_open(claim: Claim, kind: str) -> None:
    over = claim.state == ClaimState.CANCELLED or (claim.state == ClaimState.CLOSED and kind not in rules.AFTER_CLOSING)
    if over:
        raise Conflict("claim_over", "案件已结束，不能再上传材料", remedy="需要重新办理的，请联系经办人")


def judge(session: Session, *, paper_id: uuid.UUID, accept: bool, fault: str | None = None, actor: Actor,
          now: datetime) -> Paper:
    """Say whether a paper is good; `fault` says why not. The claim's digest follows the accepted papers.

    NotPermitted for anybody on the claimant's side. Conflict after the decision (but for a succession's papers), or when a
    paper that the review already rests on would be rejected (send the claim back first).
    """
    actor.require(*VERIFIERS, what="核对材料")
    paper, claim = _paper(session, paper_id, actor)
    still_here(paper)
    require_apart(session, [claim.id], actor)
    if not accept and not (fault or "").strip():
        raise InputError("fault_missing", "退回材料须写明原因", remedy="补上 fault", field="fault")
    session.refresh(claim, with_for_update=True)
    session.refresh(paper)
    judged_in = rules.PROVED_IN if paper.kind in rules.AFTER_CLOSING else rules.JUDGED_IN
    if claim.state not in judged_in or (not accept and paper.verdict == "accepted" and claim.state not in rules.REJECTED_IN):
        raise Conflict("event_not_allowed", f"案件“{state_words('claim', claim.state)}”，不能这样核对材料", remedy="由审核人退回后再核对")
    paper.verdict, paper.fault = ("accepted", None) if accept else ("rejected", fault)
    paper.checked_by, paper.checked_at = actor.account_id, now
    session.add(paper)
    session.flush()
    if claim.state in rules.JUDGED_IN:      # what was decided was decided over the digest of that day
        claim.digest = present_digest(session, claim)
        session.add(claim)
        session.flush()
    _record(session, claim, paper.id, "accept" if accept else "reject",
            {"kind": paper.kind, "sha256": paper.sha256, "fault": paper.fault or ""}, actor, now)
    return paper


def waive(session: Session, *, claim_id: uuid.UUID, kind: str, reason: str, actor: Actor, now: datetime) -> Claim:
    """Do without one required paper, with a reason: an office reviewer's act, and never for identity."""
    actor.require(*sorted(OFFICE), what="免交材料")
    if not reason.strip():
        raise InputError("reason_missing", "免交材料须写明理由", remedy="补上 reason", field="reason")
    claim = claim_for(session, claim_id, actor)
    require_apart(session, [claim.id], actor)
    session.refresh(claim, with_for_update=True)
    if kind not in claim.required:
        raise InputError("paper_kind", f"本案不要求“{kind}”", remedy=f"要求：{'、'.join(claim.required)}", field="kind")
    if kind == "id_card":
        raise InputError("paper_kind", "身份证明不能免交", remedy="补充身份证明", field="kind")
    if claim.state not in (ClaimState.REPORTED, ClaimState.SUPPLEMENTING):
        raise Conflict("event_not_allowed", f"案件“{state_words('claim', claim.state)}”，不能免交材料", remedy="由审核人退回后再办理")
    claim.required = [required for required in claim.required if required != kind]
    claim.version += 1      # whoever saw the former checklist must look again
    session.add(claim)
    session.flush()
    _record(session, claim, claim.id, "waive", {"kind": kind, "reason": reason}, actor, now)
    return claim


def read(session: Session, *, paper_id: uuid.UUID, actor: Actor, now: datetime) -> tuple[Paper, bytes]:
    """A paper with its bytes. Every reading by a person is recorded; administrators see none."""
    paper, claim = readable(session, paper_id, actor)
    still_here(paper)
    if actor.account_id:
        audit.looked(session, org_key=claim.org_key, account=actor.account_id, claim_id=claim.id, what=f"paper:{paper.id}",
                     reason=None, at=now)
        session.flush()
    return paper, storage.get(paper.sha256)


def readable(session: Session, paper_id: uuid.UUID, actor: Actor) -> tuple[Paper, Claim]:
    """A paper and its claim, for somebody who may read papers and sees this one. NotFound, NotPermitted otherwise."""
    actor.require(*_READERS, what="查看材料")
    return _paper(session, paper_id, actor)


def _paper(session: Session, paper_id: uuid.UUID, actor: Actor) -> tuple[Paper, Claim]:
    paper = session.get(Paper, paper_id)
    if paper is None:
        raise NotFound("paper_missing", "没有这一材料，或不在您的管辖范围内", remedy="核对编号")
    return paper, claim_for(session, paper.claim_id, actor)


def _record(session: Session, claim: Claim, subject: uuid.UUID, event: str, details: dict[str, object], actor: Actor,
            now: datetime) -> None:
    audit.append(session, [Entry(claim.id, claim.org_key, "paper", subject, event, details=details)],
                 account=actor.account_id, person=actor.person_id, at=now)
