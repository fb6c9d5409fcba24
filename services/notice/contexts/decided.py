"""The office's decision letters: payment, consolation, refusal, refund."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from services.core.clock import business_day
from services.core.errors import NotFound
from services.core.money import show, to_yuan
from services.models import Decision, Worksheet
from services.notice.contexts.ahead import paid_ahead
from services.notice.contexts.common import (
    Values,
    amount,
    basis,
    benefit_name,
    by_kind,
    effect,
    event_words,
    facts,
    limitation,
    objection,
    paper_name,
    pay_due,
    payees,
    rule_of,
    total,
    waiting_words,
)
from services.notice.files import File
from services.review.queries import reasons
from services.rulebook.exclusions import questions

CONSOLATION = "consolation"
# Papers that show the medical facts, in the order a refusal names them.
_MEDICAL = ("pathology", "diagnosis", "hospital")


def decided(file: File) -> tuple[Decision, Worksheet]:
    """The round's decision and the worksheet behind it. Raises NotFound when there is none."""
    if file.decision is None or file.worksheet is None:
        raise NotFound("decision_missing", "本案尚无决定", remedy="先作出决定", field="decision")
    return file.decision, file.worksheet


def rows(sheet: Worksheet, key: str) -> list[Mapping[str, object]]:
    """`lines` or `nothing` of a worksheet's output."""
    listed = sheet.output.get(key)
    return [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []


def benefit_lines(file: File, sheet: Worksheet) -> list[Values]:
    """The worksheet's paid lines with their steps."""
    return [{"benefit": benefit_name(file.book, str(row["benefit"])), "amount": row["amount"],
             "clause": basis(file.book, str(row["clause"])), "steps": row["steps"]}
            for row in rows(sheet, "lines") if row["amount"] != "0.00"]


def unpaid_lines(file: File, sheet: Worksheet) -> list[Values]:
    """What pays nothing, with why."""
    words = reasons()
    return [{"benefit": benefit_name(file.book, str(row["benefit"])),
             "reason": words.get(str(row["reason"]), str(row["reason"])), "clause": _cited(file, str(row["clause"]))["ref"]}
            for row in rows(sheet, "nothing")]


def _cited(file: File, clause: str) -> Values:
    """A clause as a letter cites it. Worksheets and older decisions name an exclusion by its id: its published words are quoted."""
    asked = questions(file.book).get(clause)
    return {"ref": basis(file.book, asked.clause), "quote": asked.text or None} if asked else {"ref": basis(file.book, clause)}


def clauses(file: File, given: str) -> list[Values]:
    """The decision's clauses, each once."""
    return [_cited(file, clause) for clause in dict.fromkeys(given.split("；")) if clause]


def _common(file: File, issued_on: date, fen: int) -> Values:
    pay = rule_of(file, "pay")
    return {"pay_due": pay_due(file), "pay_basis": basis(file.book, pay.clause), "payees": payees(file, fen),
            "objection": objection(file, issued_on), "facts": facts(file)}


def decision(file: File, issued_on: date) -> Values:
    """互助金给付决定通知书. A later round pays the difference: what was paid before is taken off in sight."""
    made, sheet = decided(file)
    lines = benefit_lines(file, sheet)
    before, ahead = total(lines) - to_yuan(made.amount_fen), paid_ahead(file)
    rest = made.amount_fen - ahead.taken_fen
    if ahead.taken_fen and rest:
        before += to_yuan(ahead.taken_fen)
    words = "先予支付的互助金" if ahead.taken_fen else "原决定已给付的互助金"
    still = rest or made.amount_fen         # all of it was paid ahead: the letter tells the whole, and that nothing is to come
    return {
        **_common(file, issued_on, still), **amount(still), **ahead.note(), "kind": "part" if made.kind == "part" else "pay",
        "decided_on": business_day(made.at), "clauses": clauses(file, made.clause), "lines": lines,
        "already_paid": show(before), "already_paid_words": words if before else None,
        "unpaid": unpaid_lines(file, sheet) if made.kind == "part" else [],
        "replaces": number_of_round(file, file.claim.round - 1), **amendments(file),
        "effect": effect(file, [str(row["benefit"]) for row in rows(sheet, "lines")])}


DECIDING_TOPICS = ("claim.approve", "claim.refuse", "claim.insurer_pay", "claim.insurer_refuse")


def number_of_round(file: File, round_: int) -> str | None:
    """The number of the letter that a round's decision went out with."""
    return next((file.numbered[cause] for topic in DECIDING_TOPICS if (cause := f"{topic}:{round_}") in file.numbered), None)


def amendments(file: File) -> Values:
    """What the round put right in the earlier decision, old and new, and why; empty words where it heard an objection."""
    made = next((row for row in file.reopenings if row.round == file.claim.round and row.ground == "correction"), None)
    return {"amendments": made.changes, "amended_why": made.why} if made and made.changes else {}


def is_consolation(sheet: Worksheet | None) -> bool:
    """Whether the decision pays the sum of the early band."""
    return sheet is not None and any(_consoles(row) for row in rows(sheet, "lines"))


def _consoles(row: Mapping[str, object]) -> bool:
    """The benefit's own code, within a bundle too; a plan may have one for listed and one for named diseases."""
    return str(row["benefit"]).rpartition(".")[2].partition("_")[0] == CONSOLATION


def consolation(file: File, issued_on: date) -> Values:
    """慰问金通知书: goes beside the decision and names its number."""
    made, sheet = decided(file)
    lines = [row for row in rows(sheet, "lines") if _consoles(row)]
    steps = [str(step) for row in lines for step in (row["steps"] if isinstance(row["steps"], list) else [])]
    return {
        **_common(file, issued_on, made.amount_fen), **amount(made.amount_fen), "facts": facts(file, counted_day=False),
        "waiting_words": waiting_words(file), "clauses": clauses(file, made.clause), "steps": steps,
        "decision_number": file.numbers.get("decision"),
        "effect": effect(file, [str(row["benefit"]) for row in lines])}


def refusal(file: File, issued_on: date) -> Values:
    """不予给付通知书: clause, fact and paper of each reason (保险法 24)."""
    made, sheet = decided(file)
    here = by_kind(file.papers)
    shown = "、".join(paper_name(file.book, kind) for kind in _MEDICAL if kind in here) or "参保和报案记录"
    why = reasons().get(made.reason or "", made.reason)
    unpaid = zip(unpaid_lines(file, sheet), rows(sheet, "nothing"), strict=True)
    found = [_reason(file, line["benefit"], _cited(file, str(row["clause"])), line["reason"], shown)
             for line, row in unpaid if why is None or line["reason"] == why]
    if not found:
        refs = clauses(file, made.clause) or [{"ref": file.book.source}]
        found = [_reason(file, file.book.name, refs[0], why or "不符合给付条件", shown)]
    return {
        "decided_on": business_day(made.at), "facts": facts(file), "reasons": found, **paid_ahead(file).note(),
        "remedies": [{"text": "如有新的诊断或病理材料，可以补充提交，我们将重新审核", "due": limitation(file)},
                     {"text": "可以向所在单位工会了解困难帮扶等其他关怀项目"}],
        "objection": objection(file, issued_on)}


def _reason(file: File, benefit: object, clause: Values, why: object, shown: str) -> Values:
    return {"benefit": benefit, "clause": clause, "fact": f"{event_words(file)}，{why}", "paper": shown}


def gives_back(file: File) -> str:
    """What is given back: the insurer's premium, or the union's fee."""
    return "保险费" if file.book.insurer else "会费"


def refund_title(file: File) -> str:
    """How the letter of a refund is headed."""
    return f"退还{gives_back(file)}通知书"


def refund(file: File, issued_on: date) -> Values:
    """退还保险费/会费通知书: the event lies in the waiting period."""
    made, _ = decided(file)
    rule = file.book.waiting
    found = clauses(file, rule.clause if rule else made.clause)
    return {
        **_common(file, issued_on, made.amount_fen), **amount(made.amount_fen), **paid_ahead(file).note(),
        "kind": "premium" if file.book.insurer else "fee",
        "facts": facts(file, counted_day=False), "decided_on": business_day(made.at),
        "insurer_name": file.book.insurer, "waiting_words": waiting_words(file),
        "clauses": found, "effect": f"{gives_back(file)}退还后，本期保障责任终止，您可以按规定重新参加"}
