"""The claim's machine: from report to closed file, ten states."""

from __future__ import annotations

from dataclasses import dataclass

from statemachine import State

from statemachines.guards import Machine, fact, guard, stay
from statemachines.shared import (
    actor_new_to_round,
    actor_not_claimant,
    consent_given,
    insurer_route,
    items_answered,
    lapsed_after_reminder,
    liabilities_answered,
    not_held,
    office_route,
    reason_given,
    recall_confirmed,
    two_persons,
)
from statemachines.states import ClaimState as S


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimFacts:
    """What the claim's guards look at. Each field is one SQL expression over the claim's row."""

    papers_open: int = fact("required papers (by the plan's list and the event) not yet checked good; count")
    identity_matched: bool = fact("the person's number was checked against roster and identity paper")
    consent_missing: bool = fact("insurer route and no separate consent in force; always false on the office route")
    route: str = fact("`office` or `insurer`, from the plan's rule-book")
    held: bool = fact("the claim is on hold")
    reason_given: bool = fact("the call carries a reason code")
    two_persons: bool = fact("a second person, not the actor, confirmed this event")
    actor_on_claimant_side: bool = fact("the actor is claimant, payee or their family")
    actor_decided_before: bool = fact("the actor passed or refused a deciding level of this round")
    actor_senior: bool = fact("the actor acts as senior reviewer or head")
    actor_decides: bool = fact("the actor's review row of this round carries the right to decide (last level)")
    first_list: bool = fact("no supplement list was issued in this round yet")
    items_open: int = fact("items of the open supplement list neither answered nor declared unavailable; count")
    deadline_passed: bool = fact("the supplement clock is past its due day")
    reminder_delivered: bool = fact("the reminder of the open supplement list has proof of delivery")
    outcome_not_pursued: bool = fact("the claim was closed with outcome `not_pursued`")
    within_limitation: bool = fact("the limitation clock (2 years, 保险法26) is not over")
    worksheet_current: bool = fact("the latest worksheet was computed from the present facts' digest")
    worksheet_frozen: bool = fact("the round's worksheet was frozen under the cover lock")
    worksheet_fen: int = fact("total of the current worksheet; fen")
    levels_without_person: int = fact("levels of the chain with nobody eligible and not escalated; count")
    chain_open: int = fact("review rows of this round not yet passed; count")
    certification_overdue: bool = fact("the unit's certifying level is past its due day")
    decided_amount_fen: int = fact("amount of the round's decision (pay, part or refund); fen")
    clause_given: bool = fact("the decision names a clause of the plan")
    signature_valid: bool = fact("the insurer's message carried a valid signature")
    liabilities_open: int = fact("liabilities of the round's handoff without the insurer's answer; count")
    recall_confirmed: bool = fact("the insurer confirmed the recall of this round's handoff")
    credited_minus_decided_fen: int = fact("Σ credited − Σ receivable − decided amount, over all rounds; fen")
    reopen_ground: str = fact("`objection`, `insurer`, `correction`, or empty")
    payments_in_flight: int = fact("payments of the claim in `released` or `sent`; count")
    letters_undelivered: int = fact("letters of the claim in `drafted`, `issued` or `dispatched`; count")
    objection_window_open: bool = fact("the objection clock is still running")
    open_items: int = fact("open objections, receivables, supplement lists, handoffs and payments; count")
    withdrawal_signed: bool = fact("the claimant's signed withdrawal is on file")
    death_proved: bool = fact("a proof of death was noted")
    advance_fen: int = fact("advance asked for by the call; fen")
    undisputed_fen: int = fact("undisputed sum of the worksheet less earlier advances; fen")


@guard("papers_incomplete", needs=("papers_open",), says="材料未齐")
def papers_complete(facts: ClaimFacts) -> bool:
    """Every required paper is checked good."""
    return facts.papers_open == 0


@guard("identity_unmatched", needs=("identity_matched",), says="身份信息与参保名册不符")
def identity_matched(facts: ClaimFacts) -> bool:
    """The person is the covered person."""
    return facts.identity_matched


@guard("list_already_given", needs=("first_list", "reason_given", "actor_senior"),
       says="补充材料应一次性告知；再次告知须由复审以上人员写明理由")
def list_allowed(facts: ClaimFacts) -> bool:
    """保险法 22: one list; a second one needs a reason and a senior."""
    return facts.first_list or (facts.reason_given and facts.actor_senior)


@guard("not_resumable", needs=("outcome_not_pursued",), says="只有因逾期未补正而结的案件可以恢复")
def was_not_pursued(facts: ClaimFacts) -> bool:
    """The claim was closed only because nobody answered."""
    return facts.outcome_not_pursued


@guard("limitation_over", needs=("within_limitation",), says="已超过两年申领时效")
def within_limitation(facts: ClaimFacts) -> bool:
    """保险法 26."""
    return facts.within_limitation


@guard("worksheet_stale", needs=("worksheet_current",), says="核算表与现有事实不一致，须重新核算")
def worksheet_current(facts: ClaimFacts) -> bool:
    """The reviewers will see what the facts now give."""
    return facts.worksheet_current


@guard("level_without_person", needs=("levels_without_person",), says="有审核层级无可办理人且未上报")
def levels_staffed(facts: ClaimFacts) -> bool:
    """Each level has an eligible person or was escalated; nobody eligible never means passed."""
    return facts.levels_without_person == 0


@guard("chain_open", needs=("chain_open",), says="审核层级尚未全部通过")
def chain_passed(facts: ClaimFacts) -> bool:
    """Every level of the round passed."""
    return facts.chain_open == 0


@guard("chain_open", needs=("chain_open", "certification_overdue"), says="基层工会尚未证明，且证明期限未满")
def chain_passed_or_overdue(facts: ClaimFacts) -> bool:
    """The unit certified, or its days are over and the file goes on with a flag."""
    return facts.chain_open == 0 or facts.certification_overdue


@guard("worksheet_not_frozen", needs=("worksheet_frozen",), says="金额尚未锁定")
def worksheet_frozen(facts: ClaimFacts) -> bool:
    """The amount was fixed under the cover lock."""
    return facts.worksheet_frozen


@guard("amount_not_positive", needs=("decided_amount_fen",), says="给付决定的金额须大于零")
def amount_positive(facts: ClaimFacts) -> bool:
    """There is money in the decision."""
    return facts.decided_amount_fen > 0


@guard("amount_not_zero", needs=("decided_amount_fen",), says="不予给付决定的金额须为零")
def amount_zero(facts: ClaimFacts) -> bool:
    """There is no money in a refusal."""
    return facts.decided_amount_fen == 0


@guard("actor_not_decider", needs=("actor_decides",), says="本级无决定权")
def actor_decides(facts: ClaimFacts) -> bool:
    """The actor's level may decide."""
    return facts.actor_decides


@guard("clause_missing", needs=("reason_given", "clause_given"), says="不予给付须写明理由和条款")
def reason_with_clause(facts: ClaimFacts) -> bool:
    """保险法 24: a refusal gives its reason; ours also names the clause."""
    return facts.reason_given and facts.clause_given


@guard("signature_invalid", needs=("signature_valid",), says="保险公司消息签名无效")
def signature_valid(facts: ClaimFacts) -> bool:
    """The insurer said so itself."""
    return facts.signature_valid


@guard("not_fully_credited", needs=("credited_minus_decided_fen",), says="到账金额与决定金额不一致")
def fully_credited(facts: ClaimFacts) -> bool:
    """Σ credited − Σ receivable = decided amount."""
    return facts.credited_minus_decided_fen == 0


@guard("no_ground_to_reopen", needs=("reopen_ground", "two_persons"), says="重开须有异议成立、保险公司重开或两人更正")
def reopen_grounded(facts: ClaimFacts) -> bool:
    """An objection accepted, the insurer's reopening, or a correction by two persons."""
    if facts.reopen_ground == "correction":
        return facts.two_persons
    return facts.reopen_ground in ("objection", "insurer")


@guard("payment_in_flight", needs=("payments_in_flight",), says="有款项已发出、银行尚未答复")
def nothing_in_flight(facts: ClaimFacts) -> bool:
    """Nothing is released and not yet answered by the bank."""
    return facts.payments_in_flight == 0


@guard("letter_undelivered", needs=("letters_undelivered",), says="尚有文书未送达")
def letters_delivered(facts: ClaimFacts) -> bool:
    """Every letter reached its addressee."""
    return facts.letters_undelivered == 0


@guard("objection_window_open", needs=("objection_window_open",), says="异议期未满")
def objection_window_over(facts: ClaimFacts) -> bool:
    """Nobody can object in time any more."""
    return not facts.objection_window_open


@guard("something_open", needs=("open_items",), says="尚有未了事项")
def nothing_open(facts: ClaimFacts) -> bool:
    """No objection, receivable, list, handoff or payment is open."""
    return facts.open_items == 0


@guard("withdrawal_unproved", needs=("withdrawal_signed", "two_persons", "reason_given"),
       says="须有申请人签字的撤回申请，或由两人认定重复、误录")
def withdrawal_or_mistake(facts: ClaimFacts) -> bool:
    """A signed withdrawal, or a duplicate or mistake named by two persons."""
    return facts.withdrawal_signed or (facts.two_persons and facts.reason_given)


@guard("death_unproved", needs=("death_proved",), says="缺少死亡证明")
def death_proved(facts: ClaimFacts) -> bool:
    """The proof of death was noted."""
    return facts.death_proved


@guard("advance_too_high", needs=("advance_fen", "undisputed_fen", "worksheet_fen"),
       says="先予支付须大于零，且不超过无争议金额和核算金额")
def advance_undisputed(facts: ClaimFacts) -> bool:
    """保险法 25: only what can already be determined."""
    return 0 < facts.advance_fen <= min(facts.undisputed_fen, facts.worksheet_fen)


class ClaimMachine(Machine):
    """reported → verified → in_review (→ with_insurer) → payable → paid → closed."""

    reported = State(value=S.REPORTED, initial=True)
    supplementing = State(value=S.SUPPLEMENTING)
    verified = State(value=S.VERIFIED)
    in_review = State(value=S.IN_REVIEW)
    with_insurer = State(value=S.WITH_INSURER)
    payable = State(value=S.PAYABLE)
    refused = State(value=S.REFUSED)
    paid = State(value=S.PAID)
    closed = State(value=S.CLOSED)
    cancelled = State(value=S.CANCELLED, final=True)

    verify = reported.to(verified, validators=[
        papers_complete, identity_matched, consent_given, actor_not_claimant, actor_new_to_round])
    ask = supplementing.from_(reported, verified, in_review, validators=[list_allowed, actor_not_claimant])
    answer = supplementing.to(reported, validators=[items_answered])
    lapse = supplementing.to(closed, validators=[lapsed_after_reminder])
    resume = closed.to(reported, validators=[was_not_pursued, within_limitation])
    route = verified.to(in_review, validators=[not_held, worksheet_current, levels_staffed])
    send_back = in_review.to(reported, validators=[reason_given, actor_not_claimant])
    approve = in_review.to(payable, validators=[
        office_route, not_held, chain_passed, worksheet_frozen, amount_positive])
    refuse = in_review.to(refused, validators=[office_route, actor_decides, amount_zero, reason_with_clause])
    forward = in_review.to(with_insurer, validators=[
        insurer_route, not_held, chain_passed_or_overdue, consent_given])
    insurer_pay = with_insurer.to(payable, validators=[signature_valid, liabilities_answered, amount_positive])
    insurer_refuse = with_insurer.to(refused, validators=[
        signature_valid, liabilities_answered, amount_zero, reason_given])
    recall = with_insurer.to(reported, validators=[recall_confirmed])
    settle = payable.to(paid, validators=[fully_credited])
    reopen = verified.from_(payable, refused, paid, closed, validators=[
        reopen_grounded, within_limitation, nothing_in_flight])
    # A hold is something open: no event lifts it from a closed claim, and it would block a payment the bank returns later.
    close = closed.from_(paid, refused, validators=[letters_delivered, objection_window_over, nothing_open, not_held])
    cancel = cancelled.from_(reported, supplementing, verified, in_review, validators=[withdrawal_or_mistake])

    # The state stays, the facts change. Whoever stops a claim, lets it go on or sends it back steers it: not the own family's.
    hold = stay(reported, supplementing, verified, in_review, with_insurer, payable, refused, paid,
                validators=[reason_given, actor_not_claimant])
    unhold = stay(reported, supplementing, verified, in_review, with_insurer, payable, refused, paid,
                  validators=[reason_given, actor_not_claimant])
    note_death = stay(reported, supplementing, verified, in_review, with_insurer, payable, refused, paid, closed,
                      validators=[death_proved])
    advance = stay(in_review, with_insurer, validators=[advance_undisputed, two_persons])
