"""The verbs of the hand-over: forward, pack, sent, receive, apply, replies, recall, resend.

What talks to the insurer is the flow: intent is recorded and committed here, then the call, then its receipt here.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import OFFICE, Actor, Role, system
from services.core.clock import business_day
from services.core.errors import Conflict, GuardFailed, InputError, NotFound, OutsideError
from services.core.ids import uuidv7
from services.core.settings import settings
from services.insurer import packing, queries
from services.insurer.applying import give_back
from services.insurer.dossier import Answer, Answers, Dossier, Paper, Recall, Receipt
from services.insurer.inbox import apply, receive
from services.insurer.packing import Parcel
from services.insurer.queries import stopped
from services.insurer.rules import OVERDUE, SENT_BEFORE, item_for, message_id
from services.insurer.suites import suite_of
from services.lifecycle.create import create
from services.lifecycle.service import Move, fire
from services.models import Claim, Handoff, Supplement
from services.models import Paper as PaperRow
from services.outbox import service as outbox
from services.outbox.service import Work
from services.rulebook.registry import version
from services.storage import service as storage

__all__ = ["apply", "forward", "pack", "recall", "recalls", "receive", "replied", "replies", "resend", "sent", "stopped"]


def forward(session: Session, *, claim_ids: Collection[uuid.UUID], actor: Actor, now: datetime) -> list[uuid.UUID]:
    """Certified (or overdue, flagged) insured claims go on to the insurer; gives those that did.

    Claims that are not ready are left alone: another route, not certified in time, held, without consent.
    """
    ready = queries.ready_to_forward(session, claim_ids, business_day(now))
    rows = [Handoff(id=uuidv7(), org_key=claim.org_key, state="prepared", claim_id=claim.id, round=claim.round,
                    liabilities=list(version(claim.plan, claim.plan_from).benefits),
                    flags=[OVERDUE] if claim.overdue else []) for claim in ready]
    create(session, "handoff", rows, actor=actor, now=now, details={row.id: {"flags": row.flags} for row in rows})
    fire(session, "claim", "forward", [Move(claim.id, details={"overdue": claim.overdue}) for claim in ready],
         actor=actor, now=now)
    return [claim.id for claim in ready]


def pack(session: Session, *, claim_ids: Collection[uuid.UUID], actor: Actor, now: datetime) -> list[Dossier | GuardFailed]:
    """The dossiers of prepared handoffs, their intent recorded (digest and stored bytes); or what a file lacks to go.

    Packing again gives the same bytes; only when the facts or the payee changed since is it a new version. A file whose
    consent was withdrawn since does not go, packed or not.
    """
    actor.require(Role.SYSTEM, what="移送案卷")
    session.flush()
    handoffs = session.exec(select(Handoff).where(col(Handoff.claim_id).in_(list(claim_ids)), Handoff.state == "prepared")
                            .order_by(col(Handoff.id)).with_for_update().execution_options(populate_existing=True)).all()
    claims = {claim.id: claim for claim in session.exec(
        select(Claim).where(col(Claim.id).in_([handoff.claim_id for handoff in handoffs]))
        .execution_options(populate_existing=True))}
    made = packing.pack(session, [Parcel(handoff.id, claims[handoff.claim_id], handoff.package, _named(handoff))
                                  for handoff in handoffs], now)
    packed = [one if isinstance(one, GuardFailed) else _recorded(handoff, one, claims[handoff.claim_id].digest)
              for handoff, one in zip(handoffs, made, strict=True)]
    session.flush()
    return packed


def _named(handoff: Handoff) -> uuid.UUID:
    return message_id(handoff.id, f"dossier/{handoff.package}")


def _recorded(handoff: Handoff, dossier: Dossier, facts_digest: str) -> Dossier:
    """What goes: as it was packed before, when nothing of it changed; else as it is now, in a version of its own."""
    if handoff.package_sha256:
        before = packing.unpack(storage.get(handoff.package_sha256))
        if (handoff.facts_digest, before.payee) == (facts_digest, dossier.payee):
            return before
        handoff.package += 1
        dossier = dossier.model_copy(update={"version": handoff.package, "message_id": _named(handoff)})
    handoff.package_sha256 = storage.put(packing.keep(dossier, suite_of(settings().insurer_suite)))
    handoff.package_digest, handoff.facts_digest = dossier.package_digest, facts_digest
    return dossier


# Taken back while the insurer was answering: it has the file, which must be on the record (and may be recalled).
_NO_CONSENT = sa.text("""SELECT NOT EXISTS (SELECT FROM consent k JOIN claim c ON c.case_id = k.case_id WHERE c.claim_no = :claim
    AND k.purpose = 'insurer' AND (k.withdrawn_at IS NULL OR k.withdrawn_at >= :packed))""")
_SENT = sa.text("UPDATE handoff SET sent_at = coalesce(sent_at, :now), receipt_no = :receipt WHERE id = :id")


def sent(session: Session, *, dossier: Dossier, receipt: Receipt, actor: Actor, now: datetime) -> None:
    """The insurer holds the dossier. A repeat of the same bytes is recorded as such; later states are left alone."""
    if receipt.digest != dossier.package_digest:
        raise OutsideError("insurer_nonsense", "保险公司的回执与所发案卷不符", remedy="稍后重发同一份案卷")
    row = session.execute(sa.text("SELECT h.state, h.package_digest FROM handoff h JOIN claim c ON c.id = h.claim_id"
                                  " WHERE h.id = :id FOR UPDATE OF c, h"), {"id": dossier.handoff_id}).one_or_none()
    if row is None:
        raise NotFound("handoff_missing", "没有这一移送", remedy="核对移送编号")
    same = row.package_digest == receipt.digest
    details = {"digest": receipt.digest, "receipt": receipt.receipt_no, "version": dossier.version}
    if row.state == "prepared" and not same:        # else the insurer's messages about what it holds would be of no handoff of ours
        raise Conflict("package_changed", "案卷在送出期间已另行打包，保险公司收到的是前一版",
                       remedy="请与保险公司确认以哪一版为准，必要时请其退回前一版")
    if row.state == "prepared":
        missing = session.execute(_NO_CONSENT, {"claim": dossier.claim_no, "packed": dossier.at}).scalar_one()
        fire(session, "handoff", "send", [Move(dossier.handoff_id, facts={"consent_missing": missing}, details=details)],
             actor=actor, now=now)
    elif row.state == "sent":
        fire(session, "handoff", "repeat", [Move(dossier.handoff_id, facts={"bytes_unchanged": same}, details=details)],
             actor=actor, now=now)
    else:
        return
    session.execute(_SENT, {"now": now, "receipt": receipt.receipt_no, "id": dossier.handoff_id})


def replies(session: Session, *, claim_ids: Collection[uuid.UUID], now: datetime) -> list[Answers]:
    """The answers to the insurer's questions whose supplement list is answered. Which papers each encloses is kept at its first
    making: making it again gives the same, whatever came or was rejected since.
    """
    handoffs = session.exec(select(Handoff).where(
        col(Handoff.claim_id).in_(list(claim_ids)), Handoff.state == "questioned").order_by(col(Handoff.id))
        .with_for_update().execution_options(populate_existing=True)).all()
    ids = [handoff.claim_id for handoff in handoffs]
    papers = packing.papers_of(session, ids)
    numbers = {row.id: row.claim_no for row in session.execute(
        sa.select(col(Claim.id), col(Claim.claim_no)).where(col(Claim.id).in_(ids)))}
    lists = {item.claim_id: item for item in session.exec(select(Supplement).where(
        col(Supplement.claim_id).in_(ids), Supplement.source == "insurer").order_by(col(Supplement.asked_at), col(Supplement.id))
        .execution_options(populate_existing=True))}
    return [_answers(handoff, numbers[handoff.claim_id], lists[handoff.claim_id], papers[handoff.claim_id], now)
            for handoff in handoffs if handoff.claim_id in lists and lists[handoff.claim_id].state == "answered"]


def _answers(handoff: Handoff, claim_no: str, supplement: Supplement, papers: Sequence[PaperRow], now: datetime) -> Answers:
    asked = handoff.question["items"]
    assert isinstance(asked, list)
    since = _enclosed(handoff, supplement, papers)
    return Answers(
        message_id=message_id(handoff.id, f"reply/{handoff.question['message_id']}"), handoff_id=handoff.id,
        claim_no=claim_no, round=handoff.round, version=handoff.package, at=supplement.answered_at or now,
        in_reply_to=uuid.UUID(str(handoff.question["message_id"])),
        items=tuple(_answer(item, item_for(item, supplement.items), since) for item in asked))


def _enclosed(handoff: Handoff, supplement: Supplement, papers: Sequence[PaperRow]) -> list[PaperRow]:
    """What the answer carries: as kept with the question, or kept now. Other bytes under its id the insurer would never take."""
    if "papers" not in handoff.question:
        had = packing.enclosed(storage.get(handoff.package_sha256)) if handoff.package_sha256 else frozenset()
        handoff.question = {**handoff.question, "papers": [
            str(paper.id) for paper in papers
            if paper.verdict != "rejected" and paper.uploaded_at >= supplement.asked_at and paper.sha256 not in had]}
    kept = handoff.question["papers"]
    assert isinstance(kept, list)
    return [paper for paper in papers if str(paper.id) in kept]


def _answer(asked: dict[str, object], given: object, since: Sequence[PaperRow]) -> Answer:
    item = given if isinstance(given, dict) else {}
    kind, unavailable = str(item.get("paper", "")), item.get("state") == "unavailable"
    enclosed = () if unavailable else tuple(
        Paper.of(paper.kind, paper.mime, storage.get(paper.sha256)) for paper in since if paper.kind == kind)
    note = str(item.get("note") or "") or ("" if enclosed else SENT_BEFORE)
    return Answer(code=str(asked["code"]), text=note, unavailable=unavailable, papers=enclosed)


def replied(session: Session, *, answers: Answers, actor: Actor, now: datetime) -> None:
    """The insurer holds the answers: its clocks go on. Recording it twice changes nothing."""
    row = session.execute(sa.text("SELECT h.state, h.question ->> 'message_id' AS asked FROM handoff h JOIN claim c"
                                  " ON c.id = h.claim_id WHERE h.id = :id FOR UPDATE OF c, h"),
                          {"id": answers.handoff_id}).one()
    if row.state == "questioned" and row.asked == str(answers.in_reply_to):
        fire(session, "handoff", "reply", [Move(answers.handoff_id, details={"in_reply_to": row.asked})],
             actor=actor, now=now)


def recall(session: Session, *, claim_id: uuid.UUID, reason: str, actor: Actor, now: datetime) -> Recall | None:
    """Ask for the file back. None: nothing was sent yet and the claim is the union's again at once.

    Otherwise the request to send after the commit; the claim comes back when the insurer confirms.
    """
    actor.require(Role.UNIT_CLERK, *sorted(OFFICE), what="请保险公司退回案卷")
    if not reason.strip():
        raise InputError("reason_missing", "请求退回须写明理由", remedy="补上理由", field="reason")
    claim = session.execute(sa.text("SELECT state FROM claim WHERE id = :id FOR UPDATE"), {"id": claim_id}).one_or_none()
    handoff = queries.handoff_of(session, claim_id)
    if claim is None or handoff is None or claim.state != "with_insurer" or handoff.state in ("decided", "settled"):
        raise Conflict("event_not_allowed", "案卷不在保险公司待核状态，不能请求退回", remedy="刷新后核对案件状态")
    if handoff.state == "prepared" and handoff.package_sha256 is None:
        fire(session, "handoff", "recall", [Move(handoff.id, reason=reason)], actor=actor, now=now)
        give_back(session, claim_id, reason=reason, root=system(settings().root_org), now=now)
        return None
    session.execute(sa.text("UPDATE handoff SET recall_reason = :reason WHERE id = :id"),
                    {"reason": reason, "id": handoff.id})
    # Owed until it is asked: the one who called may fall between this commit and the request.
    outbox.add(session, [Work("insurer.recall", handoff.org_key, claim_id, handoff.id)], now=now)
    return next(iter(recalls(session, claim_ids=[claim_id], now=now)), None)


def recalls(session: Session, *, claim_ids: Collection[uuid.UUID] | None = None, now: datetime) -> list[Recall]:
    """The recorded requests the insurer has not confirmed, of these claims or of all; the same at every call."""
    rows = session.execute(sa.text("""
        SELECT h.id, c.claim_no, h.round, h.package, h.recall_reason FROM handoff h JOIN claim c ON c.id = h.claim_id
        WHERE h.recall_reason IS NOT NULL AND h.state IN ('prepared', 'sent', 'received', 'questioned')
        AND (CAST(:ids AS uuid[]) IS NULL OR c.id = ANY(CAST(:ids AS uuid[]))) ORDER BY h.id"""),
        {"ids": None if claim_ids is None else list(claim_ids)})
    return [Recall(message_id=message_id(row.id, f"recall/{row.package}"), handoff_id=row.id, claim_no=row.claim_no,
                   round=row.round, version=row.package, at=now, reason=row.recall_reason) for row in rows]


def resend(session: Session, *, claim_id: uuid.UUID, actor: Actor, now: datetime) -> None:
    """After a reject: the papers are in order now, the new version goes out."""
    actor.require(Role.UNIT_CLERK, *sorted(OFFICE), what="重新移送")
    handoff = queries.handoff_of(session, claim_id)
    if handoff is None or handoff.state != "prepared":
        raise Conflict("event_not_allowed", "案卷不在待移送状态", remedy="刷新后核对案件状态")
    outbox.add(session, [Work("handoff.create", handoff.org_key, claim_id, handoff.id)], now=now)
