"""Money: one obligation, the run that carries it, and what must be recovered."""

from __future__ import annotations

from dataclasses import dataclass

from statemachine import Event, State

from statemachines.guards import Machine, fact, guard
from statemachines.shared import (
    actor_new_to_round,
    file_accepted,
    fund_covers,
    maker_separate,
    not_held,
    reason_given,
    run_unchanged,
    two_persons,
)
from statemachines.states import PaymentRunState, PaymentState, ReceivableState


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFacts:
    """What a payment's guards look at."""

    channel: str = fact("`bank` when our run pays, `insurer` when the insurer pays")
    payees_ready: bool = fact("payee known; after a death every heir is named and the shares sum to 1")
    held: bool = fact("the claim is on hold")
    bank_allowed: bool = fact("the payee's bank is on the plan's list, or the plan has none")
    actor_is_maker: bool = fact("the actor made the run")
    maker_decided_before: bool = fact("the run's maker verified or decided in this claim's round")
    actor_decided_before: bool = fact("the actor (also as substitute) verified, decided or made another payment in this"
                                      " claim's round")
    fund_after_fen: int = fact("balance of the plan's fund after the whole run; fen")
    run_unchanged: bool = fact("the run's digest equals the one submitted")
    file_accepted: bool = fact("the bank acknowledged the run's file")
    credit_difference_fen: int = fact("amount of the bank's line (or insurer's serial) less this payment's; fen")
    payee_matches: bool = fact("name and account of the line equal this payment's payee")
    return_matched: bool = fact("a return line of the bank names this payment")
    new_account_given: bool = fact("a new account was entered since the return")
    two_persons: bool = fact("a second person, not the actor, confirmed this event")
    superseded: bool = fact("the claim was reopened, or heirs replaced this payee")
    credit_reported: bool = fact("what was sent before it came back, and the bank also said it arrived: not dismissed by two")


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRunFacts:
    """What a run's guards look at."""

    payments: int = fact("payments in the run; count")
    reason_given: bool = fact("the call carries a reason code")
    actor_is_maker: bool = fact("the actor made the run")
    maker_decided_before: bool = fact("the maker verified or decided in any claim of the run")
    actor_decided_before: bool = fact("the actor verified or decided in any claim of the run")
    fund_after_fen: int = fact("balance of the plan's fund after the run; fen")
    run_unchanged: bool = fact("the run's digest equals the one submitted")
    file_accepted: bool = fact("the bank acknowledged the run's file")
    payments_unanswered: int = fact("payments of the run neither credited nor returned; count")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivableFacts:
    """What a receivable's guards look at."""

    agreement_given: bool = fact("the debtor's agreement (sum, days) is on file")
    outstanding_fen: int = fact("sum due less received; fen")
    reason_given: bool = fact("the call carries a reason code")
    two_persons: bool = fact("a second person, not the actor, confirmed this event")


@guard("not_own_bank", needs=("channel",), says="本笔由保险公司支付，不入本单位付款批次")
def paid_by_bank(facts: PaymentFacts) -> bool:
    """What the insurer pays never enters a run of ours."""
    return facts.channel == "bank"


@guard("not_insurer_channel", needs=("channel",), says="本笔不由保险公司支付")
def paid_by_insurer(facts: PaymentFacts) -> bool:
    """Only the insurer's payment is announced."""
    return facts.channel == "insurer"


@guard("payees_not_ready", needs=("payees_ready",), says="领款人信息未齐")
def payees_ready(facts: PaymentFacts) -> bool:
    """Payees are known; heirs' shares sum to 1."""
    return facts.payees_ready


@guard("bank_not_allowed", needs=("bank_allowed",), says="开户银行不在本计划允许范围内")
def bank_allowed(facts: PaymentFacts) -> bool:
    """Reading A-41: the plan's list of banks."""
    return facts.bank_allowed


@guard("credit_mismatch", needs=("credit_difference_fen", "payee_matches"), says="到账金额或收款人与付款记录不一致")
def line_equals_payment(facts: PaymentFacts) -> bool:
    """Amount and payee equal the line's."""
    return facts.credit_difference_fen == 0 and facts.payee_matches


@guard("return_unmatched", needs=("return_matched",), says="退汇记录未能匹配")
def return_matched(facts: PaymentFacts) -> bool:
    """The bank returned this one."""
    return facts.return_matched


@guard("account_missing", needs=("new_account_given",), says="尚未登记新账户")
def new_account_given(facts: PaymentFacts) -> bool:
    """A corrected account is on file."""
    return facts.new_account_given


@guard("credit_contradicts", needs=("credit_reported",),
       says="有退汇后重付的款项，银行又另有记录称已到账；须先由两人处理该回盘记录，或移出批次")
def nothing_contradicts(facts: PaymentFacts) -> bool:
    """Money that came back goes out again only when the bank does not also say that it arrived."""
    return not facts.credit_reported


@guard("not_superseded", needs=("superseded",), says="案件未重开、领款人未变更，不得取消付款")
def superseded(facts: PaymentFacts) -> bool:
    """An obligation ends only because another replaces it."""
    return facts.superseded


@guard("run_empty", needs=("payments",), says="付款批次为空")
def run_not_empty(facts: PaymentRunFacts) -> bool:
    """There is something to pay."""
    return facts.payments > 0


@guard("payments_unanswered", needs=("payments_unanswered",), says="尚有款项银行未答复")
def all_answered(facts: PaymentRunFacts) -> bool:
    """Every payment of the run is credited or returned."""
    return facts.payments_unanswered == 0


@guard("agreement_missing", needs=("agreement_given",), says="缺少返还协议")
def agreement_given(facts: ReceivableFacts) -> bool:
    """The debtor agreed to sum and days."""
    return facts.agreement_given


@guard("outstanding", needs=("outstanding_fen",), says="应返还款项未收齐")
def nothing_outstanding(facts: ReceivableFacts) -> bool:
    """Received in full."""
    return facts.outstanding_fen == 0


class PaymentMachine(Machine):
    """planned → batched → released → sent → credited; a return comes back to planned."""

    planned = State(value=PaymentState.PLANNED, initial=True)
    batched = State(value=PaymentState.BATCHED)
    released = State(value=PaymentState.RELEASED)
    sent = State(value=PaymentState.SENT)
    credited = State(value=PaymentState.CREDITED)
    returned = State(value=PaymentState.RETURNED)
    cancelled = State(value=PaymentState.CANCELLED, final=True)

    include = planned.to(batched, validators=[paid_by_bank, payees_ready, not_held, bank_allowed])
    # Taking a payment out of a run must always be possible, most of all when it is held.
    exclude = batched.to(planned)
    release = batched.to(released, validators=[
        not_held, payees_ready, maker_separate, actor_new_to_round, fund_covers, run_unchanged, nothing_contradicts])
    # Never from `sent`: a lost answer waits for the statement.
    send_ = Event(released.to(sent, validators=[file_accepted]), id="send")
    announce = planned.to(sent, validators=[paid_by_insurer])
    credit = sent.to(credited, validators=[line_equals_payment])
    bounce = returned.from_(sent, credited, validators=[return_matched])
    correct = returned.to(planned, validators=[new_account_given, two_persons])
    cancel = cancelled.from_(planned, returned, validators=[superseded])


class PaymentRunMachine(Machine):
    """draft → submitted → released → sent → reconciled; the checker may give it back to its maker."""

    draft = State(value=PaymentRunState.DRAFT, initial=True)
    submitted = State(value=PaymentRunState.SUBMITTED)
    released = State(value=PaymentRunState.RELEASED)
    sent = State(value=PaymentRunState.SENT)
    reconciled = State(value=PaymentRunState.RECONCILED, final=True)

    submit = draft.to(submitted, validators=[run_not_empty])
    send_back = submitted.to(draft, validators=[reason_given])
    release = submitted.to(released, validators=[
        run_not_empty, maker_separate, actor_new_to_round, fund_covers, run_unchanged])
    send_ = Event(released.to(sent, validators=[file_accepted]), id="send")
    reconcile = sent.to(reconciled, validators=[all_answered])


class ReceivableMachine(Machine):
    """open → agreed → received; two persons may write it off."""

    opened = State(value=ReceivableState.OPEN, initial=True)
    agreed = State(value=ReceivableState.AGREED)
    received = State(value=ReceivableState.RECEIVED, final=True)
    written_off = State(value=ReceivableState.WRITTEN_OFF, final=True)

    agree = opened.to(agreed, validators=[agreement_given])
    receive = agreed.to(received, validators=[nothing_outstanding])
    write_off = written_off.from_(opened, agreed, validators=[reason_given, two_persons])
