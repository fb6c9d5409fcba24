"""One claim and round at the insurer: sent, received, questioned, decided, settled."""

from __future__ import annotations

from dataclasses import dataclass

from statemachine import Event, State

from statemachines.guards import Machine, fact, guard, stay
from statemachines.shared import consent_given, items_answered, liabilities_answered, recall_confirmed
from statemachines.states import HandoffState as S


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffFacts:
    """What a handoff's guards look at."""

    intent_recorded: bool = fact("the outgoing message was committed before the call")
    digest_current: bool = fact("the package digest equals that of the papers and facts now on file")
    consent_missing: bool = fact("no separate consent for the insurer in force")
    bytes_unchanged: bool = fact("the repeat has the same idempotency key and bytes as the first sending")
    fault_given: bool = fact("the insurer's message names its fault code")
    report_no_given: bool = fact("the insurer's message carries the 报案号")
    case_no_given: bool = fact("the insurer's message carries the 立案号")
    question_items: int = fact("items of the insurer's question; count")
    items_without_reason: int = fact("items of the question that give no reason; count")
    items_open: int = fact("items of the question neither answered nor declared unavailable; count")
    answered_now: int = fact("liabilities this message answers; count")
    amount_or_refusal: bool = fact("the answer gives an amount or a refusal with reason")
    liabilities_open: int = fact("liabilities still without an answer, this message counted in; count")
    decided_amount_fen: int = fact("sum of the insurer's answers; fen")
    bank_proof_given: bool = fact("the message carries bank time and serial")
    round_raised: bool = fact("the claim's round was raised for this reopening")
    recall_confirmed: bool = fact("the insurer confirmed the recall")


@guard("intent_missing", needs=("intent_recorded",), says="发送意图尚未入库")
def intent_recorded(facts: HandoffFacts) -> bool:
    """Record, commit, then call."""
    return facts.intent_recorded


@guard("package_stale", needs=("digest_current",), says="移送材料包与案卷不一致")
def digest_current(facts: HandoffFacts) -> bool:
    """What goes out is what is on file."""
    return facts.digest_current


@guard("repeat_differs", needs=("bytes_unchanged",), says="重发内容与首次发送不一致")
def bytes_unchanged(facts: HandoffFacts) -> bool:
    """A repeat is the same message."""
    return facts.bytes_unchanged


@guard("fault_missing", needs=("fault_given",), says="退回须有错误代码")
def fault_given(facts: HandoffFacts) -> bool:
    """The insurer says what is wrong."""
    return facts.fault_given


@guard("report_no_missing", needs=("report_no_given",), says="缺少保险公司报案号")
def report_no_given(facts: HandoffFacts) -> bool:
    """Receipt is proved by the 报案号."""
    return facts.report_no_given


@guard("case_no_missing", needs=("case_no_given",), says="缺少保险公司立案号")
def case_no_given(facts: HandoffFacts) -> bool:
    """Case opening is proved by the 立案号."""
    return facts.case_no_given


@guard("question_without_reason", needs=("question_items", "items_without_reason"), says="问题件须逐项写明理由")
def question_reasoned(facts: HandoffFacts) -> bool:
    """保险法 22: what is asked for, and why."""
    return facts.question_items > 0 and facts.items_without_reason == 0


@guard("answer_malformed", needs=("answered_now", "amount_or_refusal"), says="部分答复须针对一项责任并给出金额或理由")
def one_liability_answered(facts: HandoffFacts) -> bool:
    """One liability, with amount or refusal."""
    return facts.answered_now == 1 and facts.amount_or_refusal


@guard("bank_proof_missing", needs=("decided_amount_fen", "bank_proof_given"), says="缺少到账时间和流水号")
def nothing_due_or_credited(facts: HandoffFacts) -> bool:
    """Nothing to pay, or the bank's time and serial."""
    return facts.decided_amount_fen == 0 or facts.bank_proof_given


@guard("round_not_raised", needs=("round_raised",), says="案件轮次未增加")
def round_raised(facts: HandoffFacts) -> bool:
    """A reopening is a new round of the claim."""
    return facts.round_raised


class HandoffMachine(Machine):
    """prepared → sent → received ⇄ questioned, then decided → settled; or recalled."""

    prepared = State(value=S.PREPARED, initial=True)
    sent = State(value=S.SENT)
    received = State(value=S.RECEIVED)
    questioned = State(value=S.QUESTIONED)
    decided = State(value=S.DECIDED)
    settled = State(value=S.SETTLED)
    recalled = State(value=S.RECALLED, final=True)

    send_ = Event(prepared.to(sent, validators=[intent_recorded, digest_current, consent_given]), id="send")
    repeat = stay(sent, validators=[bytes_unchanged])
    reject = sent.to(prepared, validators=[fault_given])
    ack = sent.to(received, validators=[report_no_given])
    file = stay(received, decided, settled, validators=[case_no_given])      # its message may be overtaken by the decision
    question = received.to(questioned, validators=[question_reasoned])
    reply = questioned.to(received, validators=[items_answered])
    answer_part = stay(received, validators=[one_liability_answered])
    decide = received.to(decided, validators=[liabilities_answered])
    settle = decided.to(settled, validators=[nothing_due_or_credited])
    reopen = received.from_(decided, settled, validators=[round_raised])
    recall = (prepared.to(recalled)
              | recalled.from_(sent, received, questioned, validators=[recall_confirmed]))
