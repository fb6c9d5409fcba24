"""Letters of the insurer's road: the transfer to it, and the union's note over its decision."""

from __future__ import annotations

import re
from datetime import date

from services.core.clock import business_day
from services.core.errors import GuardFailed, InputError
from services.core.money import show, to_yuan
from services.core.words import date_cn
from services.enrolment.queries import masked_number
from services.insurer.messages import Letter, LiabilityAnswer
from services.models import Decision, Paper
from services.notice.contexts.common import (
    Values,
    amount,
    basis,
    benefit_name,
    by_kind,
    clock_due,
    counted,
    event_words,
    objection,
    paper_name,
    pay_due,
    payees,
    rule_of,
    total,
)
from services.notice.contexts.decided import decided
from services.notice.files import File
from services.review.queries import reasons
from services.storage import service as storage

INSURER_CONTACT = "报案及咨询电话95511"
_KINDS = {"pay": "decision", "part": "part", "nothing": "refusal", "refund": "refund"}


def transfer(file: File, issued_on: date) -> Values:
    """理赔材料移送函. The parcel must be packed: the letter carries its digest."""
    parcel, consent = file.handoff, file.consent
    if parcel is None or parcel.package_digest is None:
        raise GuardFailed("parcel_not_packed", "移送材料尚未打包", remedy="打包后再签发移送函", field="digest")
    if consent is None:
        raise GuardFailed("consent_missing", "尚无向保险公司提供个人信息的单独同意", remedy="先取得单独同意", field="consent_on")
    if file.claim.verified_on is None:
        raise GuardFailed("not_verified", "材料尚未核对齐全", remedy="先完成材料核对", field="complete_on")
    assessment, late = file.clocks.get("assessment"), file.case.late_reason if file.case.late else None
    sent = by_kind(paper for paper in file.papers if paper.verdict == "accepted")
    return {
        "person_id_masked": masked_number(file.person), "policy_no": file.cover.policy_no or file.cover.certificate_no,
        "unit_name": file.unit.name, "reported_on": file.case.reported_on, "event_words": _event(file),
        "late_words": f"本案报案晚于约定期限，申请人说明的原因是：{late}" if late else None,
        "certified_on": file.certified_on, "complete_on": file.claim.verified_on,
        "consent_on": business_day(consent.given_at),
        "liabilities": [benefit_name(file.book, code) for code in parcel.liabilities or file.book.benefits],
        "papers": [{"name": paper_name(file.book, kind), "pages": sum(pages(paper) for paper in group)}
                   for kind, group in sent.items()],
        "digest": parcel.package_digest, "version": parcel.package,
        "decision_due": clock_due(assessment) if assessment else counted(file, "assessment", issued_on),
        "pay_due": pay_due(file), "pay_basis": basis(file.book, rule_of(file, "pay").clause),
        "copies_to": [org.name for org in file.between]}


def _event(file: File) -> str:
    specimen = file.claim.event.get("specimen_on")
    if not specimen:
        return event_words(file)
    return f"{event_words(file)}，病检标本提取日为{date_cn(date.fromisoformat(str(specimen)))}"


def pages(paper: Paper) -> int:
    """Pages of a paper: a picture is one; a PDF's page objects are counted, at least one."""
    if paper.mime != "application/pdf":
        return 1
    return max(1, len(re.findall(rb"/Type\s*/Page(?![a-zA-Z])", storage.get(paper.sha256))))


def insurer_letter(made: Decision) -> Letter:
    """The insurer's own letter as it came with the decision. Raises InputError when it is missing."""
    letter = made.answer.get("letter")
    if not isinstance(letter, dict):
        raise InputError("insurer_letter_missing", "保险公司的决定没有附决定书", remedy="向保险公司索取决定书", field="letter")
    return Letter.model_validate(letter)


def letter_title(made: Decision) -> str:
    """《理赔决定通知书》（number)."""
    return f"《理赔决定通知书》（{insurer_letter(made).number}）"


def _answers(made: Decision) -> list[LiabilityAnswer]:
    listed = made.answer.get("liabilities")
    return [LiabilityAnswer.model_validate(item) for item in listed] if isinstance(listed, list) else []


def cover_note(file: File, issued_on: date) -> Values:
    """工会转送理赔决定的附函; the insurer's letter is its enclosure.

    The insurer decides on the whole each time: what an earlier round gave is taken off in sight, and with nothing left it `stands`.
    """
    made, _ = decided(file)
    if file.book.insurer is None:
        raise InputError("not_insured", "本计划不由保险公司给付", remedy="核对文书种类", field="code")
    answers, words, kind = _answers(made), reasons(), _KINDS[made.kind]
    lines: list[Values] = [{"benefit": benefit_name(file.book, item.liability), "amount": show(item.amount), "clause": item.clause}
                           for item in answers if item.amount > 0] if kind in ("decision", "part") else []
    unpaid = [{"benefit": benefit_name(file.book, item.liability), "clause": item.clause,
               "reason": words.get(item.reason or "", item.reason or "不属于保险责任")}
              for item in answers if item.amount == 0 or (made.kind == "part" and item.reason)]
    before = total(lines) - to_yuan(made.amount_fen)
    if made.amount_fen == 0 and kind != "refusal":
        kind, lines = "stands", []
    title = letter_title(made)
    values: Values = {
        "kind": kind, "insurer_name": file.book.insurer, "insurer_letter": title,
        "insurer_decided_on": business_day(made.at), "received_on": business_day(made.at),
        "lines": lines, "unpaid": [] if kind == "decision" else unpaid,
        "insurer_contact": INSURER_CONTACT, "objection": objection(file, issued_on), "enclosures": [title]}
    if lines and before > 0:
        values |= {"already_paid": show(before), "already_paid_words": "原决定已给付的保险金"}
    if made.amount_fen == 0:
        return values | {"amount": show(to_yuan(0))}
    return values | amount(made.amount_fen) | {
        "payees": payees(file, made.amount_fen), "pay_due": pay_due(file), "pay_basis": basis(file.book, rule_of(file, "pay").clause)}
