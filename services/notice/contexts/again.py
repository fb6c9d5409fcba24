"""Letters after a decision: an objection came in, a claim is looked at again, what that found."""

from __future__ import annotations

from datetime import date, datetime

from services.core.clock import business_day
from services.core.errors import NotFound
from services.core.money import show, to_yuan
from services.models import Decision, Objection, Reopening
from services.notice.contexts.common import Values, basis, clock_due, facts, objection, paper_name, pay_due, rule_of
from services.notice.contexts.decided import amendments, clauses, number_of_round
from services.notice.files import File
from services.review.queries import reasons
from services.review.reopening import STANDS

_KINDS = {"decision": ("pay", "part"), "refund": ("refund",), "refusal": ("nothing",)}


def objection_receipt(file: File, issued_on: date) -> Values:
    """异议收件回执."""
    made = _objection(file)
    listed = {str(paper.id): paper for paper in file.papers}
    clock = file.clocks.get("objection")
    return {
        "received_on": business_day(made.lodged_at), "objector": _objector(file, made), "earlier": earlier(file, made.round),
        "grounds": made.grounds, "papers": [paper_name(file.book, listed[key].kind) for key in made.papers if key in listed],
        "late": made.late, "last_day": clock_due(clock) if made.late and clock else None, "late_reason": made.late_reason,
        "insurer_name": file.book.insurer}


def reopened(file: File, issued_on: date) -> Values:
    """重新审核通知书."""
    made = _reopening(file, file.claim.round)
    heard = next((row for row in file.objections if row.id == made.objection_id), None)
    due: Values = {}
    if "pay" in file.clocks:
        due = {"pay_due": pay_due(file), "pay_basis": basis(file.book, rule_of(file, "pay").clause)}
    return {
        "ground": made.ground, "reopened_on": business_day(_begun(made)), "earlier": earlier(file, file.claim.round - 1),
        "objected_on": business_day(heard.lodged_at) if heard else None, "changes": made.changes,
        "why": made.why if made.ground == "correction" else None, "paid": show(to_yuan(made.before_fen - made.lapsed_fen)),
        "unpaid": show(to_yuan(made.lapsed_fen)), "insurer_name": file.book.insurer, **due}


def reexamined(file: File, issued_on: date) -> Values:
    """重新审核结果通知书, and for an objection that is not heard 异议处理决定通知书."""
    heard: Objection | None = None
    if file.notice.cause.startswith("objection."):
        heard = _objection(file)
        if heard.result == "dismissed":
            return _dismissed(file, heard)
        made = next(row for row in file.reopenings if row.objection_id == heard.id)
    else:       # a correction, or an objection withdrawn when its round had begun
        made = _reopening(file, file.claim.round)
        heard = next((row for row in file.objections if row.id == made.objection_id), None)
    found = _decision(file, made.round or file.claim.round)
    paid, after = made.before_fen - made.lapsed_fen, made.after_fen or 0
    back = sum(row.amount_fen for row in file.receivables if row.round == made.round)
    return {
        "ground": made.ground, "result": made.result, "decided_on": business_day(found.at),
        "earlier": earlier(file, found.round - 1), "objected_on": business_day(heard.lodged_at) if heard else None,
        "changes": amendments(file).get("amendments", []), "why": _why(file, found, made),
        "clauses": clauses(file, found.clause), "before": show(to_yuan(made.before_fen)), "after": show(to_yuan(after)),
        "paid": show(to_yuan(paid)), "back": show(to_yuan(back)), "insurer_name": file.book.insurer,
        "objection": objection(file, issued_on)}


def _dismissed(file: File, heard: Objection) -> Values:
    given = show(to_yuan(sum(row.amount_fen for row in file.decisions)))
    return {
        "ground": "objection", "result": "dismissed", "decided_on": business_day(heard.decided_at or heard.lodged_at),
        "earlier": earlier(file, heard.round), "objected_on": business_day(heard.lodged_at), "why": [heard.result_words],
        "before": given, "after": given, "paid": given, "insurer_name": file.book.insurer}


def _why(file: File, found: Decision, made: Reopening) -> list[str]:
    """The facts the round found; the reason of a refusal; the words of a correction."""
    listed = facts(file)
    if found.reason and found.reason != STANDS:
        listed.append(reasons().get(found.reason, found.reason))
    if found.reason == STANDS:
        listed.append("按上述事实和规则重新核算，没有应补付的金额")
    return [*listed, made.why] if made.ground == "correction" else listed


def earlier(file: File, round_: int) -> Values:
    """The newest decision up to a round, with the number of its own letter; a round that the insurer gave back has none."""
    found = max((row for row in file.decisions if row.round <= round_), key=lambda row: row.round, default=None)
    if found is None:
        raise _undecided()
    code = next(code for code, kinds in _KINDS.items() if found.kind in kinds)
    sum_ = f"{show(to_yuan(found.amount_fen))}元"
    noun = "保险费" if file.book.insurer else "会费"
    words = {"decision": f"给付互助金{sum_}", "refund": f"退还{noun}{sum_}", "refusal": "不予给付"}[code]
    return {"number": number_of_round(file, found.round), "decided_on": business_day(found.at), "words": words}


def _decision(file: File, round_: int) -> Decision:
    found = next((row for row in file.decisions if row.round == round_), None)
    if found is None:
        raise _undecided()
    return found


def _undecided() -> NotFound:
    return NotFound("decision_missing", "本案没有该次决定", remedy="核对案件", field="round")


def _objection(file: File) -> Objection:
    found = next((row for row in file.objections if str(row.id) == file.subject), None)
    if found is None:
        raise NotFound("objection_missing", "本案没有这一异议", remedy="核对异议", field="objection")
    return found


def _reopening(file: File, round_: int) -> Reopening:
    found = next((row for row in file.reopenings if row.round == round_), None)
    if found is None:
        raise NotFound("reopening_missing", "本案没有重新审核的记录", remedy="核对案件", field="round")
    return found


def _begun(made: Reopening) -> datetime:
    return made.confirmed_at or made.asked_at


def _objector(file: File, made: Objection) -> str:
    """The one addressed when it is the member's own; else for whom."""
    return "您" if file.notice.person_id == made.objector_id else f"{file.person.name}的代理人或者亲属"
