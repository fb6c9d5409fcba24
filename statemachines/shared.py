"""Guards that several machines share, typed by the one or two facts each reads."""

from __future__ import annotations

from typing import Protocol

from statemachines.guards import guard


class _ReasonFacts(Protocol):
    @property
    def reason_given(self) -> bool: ...


class _TwoFacts(Protocol):
    @property
    def two_persons(self) -> bool: ...


class _HeldFacts(Protocol):
    @property
    def held(self) -> bool: ...


class _ConsentFacts(Protocol):
    @property
    def consent_missing(self) -> bool: ...


class _RouteFacts(Protocol):
    @property
    def route(self) -> str: ...


class _SideFacts(Protocol):
    @property
    def actor_on_claimant_side(self) -> bool: ...


class _DecidedFacts(Protocol):
    @property
    def actor_decided_before(self) -> bool: ...


class _ItemsFacts(Protocol):
    @property
    def items_open(self) -> int: ...


class _LapseFacts(Protocol):
    @property
    def deadline_passed(self) -> bool: ...

    @property
    def reminder_delivered(self) -> bool: ...


class _LiabilityFacts(Protocol):
    @property
    def liabilities_open(self) -> int: ...


class _RecallFacts(Protocol):
    @property
    def recall_confirmed(self) -> bool: ...


class _WithdrawalFacts(Protocol):
    @property
    def withdrawal_signed(self) -> bool: ...


class _FileFacts(Protocol):
    @property
    def file_accepted(self) -> bool: ...


class _ReleaseFacts(Protocol):
    @property
    def actor_is_maker(self) -> bool: ...

    @property
    def maker_decided_before(self) -> bool: ...


class _FundFacts(Protocol):
    @property
    def fund_after_fen(self) -> int: ...


class _RunFacts(Protocol):
    @property
    def run_unchanged(self) -> bool: ...


class _ProofFacts(Protocol):
    @property
    def proof_given(self) -> bool: ...


@guard("reason_missing", needs=("reason_given",), says="须写明理由代码")
def reason_given(facts: _ReasonFacts) -> bool:
    """A reason code came with the event."""
    return facts.reason_given


@guard("two_persons_needed", needs=("two_persons",), says="须由两人共同办理")
def two_persons(facts: _TwoFacts) -> bool:
    """Two different persons stand behind the event."""
    return facts.two_persons


@guard("on_hold", needs=("held",), says="案件已暂停办理")
def not_held(facts: _HeldFacts) -> bool:
    """The claim is not on hold."""
    return not facts.held


@guard("consent_missing", needs=("consent_missing",), says="尚无向保险公司提供个人信息的单独同意")
def consent_given(facts: _ConsentFacts) -> bool:
    """The insurer's route has its separate consent (个人信息保护法 13, 23, 29)."""
    return not facts.consent_missing


@guard("not_office_route", needs=("route",), says="本计划由保险公司作出决定，工会不作给付或拒付决定")
def office_route(facts: _RouteFacts) -> bool:
    """The office decides, not the insurer (保险法 23: a union level cannot refuse an insured claim)."""
    return facts.route == "office"


@guard("not_insurer_route", needs=("route",), says="本计划不经保险公司办理")
def insurer_route(facts: _RouteFacts) -> bool:
    """The insurer decides."""
    return facts.route == "insurer"


@guard("actor_on_claimant_side", needs=("actor_on_claimant_side",), says="经办人是申请人、领款人或其家属，须回避")
def actor_not_claimant(facts: _SideFacts) -> bool:
    """The actor is neither claimant nor payee nor their family."""
    return not facts.actor_on_claimant_side


@guard("actor_decided_before", needs=("actor_decided_before",), says="同一人不得办理本案两个决定环节")
def actor_new_to_round(facts: _DecidedFacts) -> bool:
    """The actor, also as a substitute, did no other deciding step of this round."""
    return not facts.actor_decided_before


@guard("items_open", needs=("items_open",), says="补充材料清单尚未逐项答复")
def items_answered(facts: _ItemsFacts) -> bool:
    """Every item is answered or declared unavailable."""
    return facts.items_open == 0


@guard("deadline_not_passed", needs=("deadline_passed", "reminder_delivered"), says="期限未满或催告未送达")
def lapsed_after_reminder(facts: _LapseFacts) -> bool:
    """The deadline is over and the reminder was delivered."""
    return facts.deadline_passed and facts.reminder_delivered


@guard("liabilities_open", needs=("liabilities_open",), says="尚有保险责任未作答复")
def liabilities_answered(facts: _LiabilityFacts) -> bool:
    """The insurer answered every liability."""
    return facts.liabilities_open == 0


@guard("recall_not_confirmed", needs=("recall_confirmed",), says="保险公司尚未确认撤回")
def recall_confirmed(facts: _RecallFacts) -> bool:
    """The insurer confirmed that it gives the file back."""
    return facts.recall_confirmed


@guard("withdrawal_not_signed", needs=("withdrawal_signed",), says="缺少申请人签字的撤回申请")
def withdrawal_signed(facts: _WithdrawalFacts) -> bool:
    """The claimant's signed withdrawal is on file."""
    return facts.withdrawal_signed


@guard("file_not_accepted", needs=("file_accepted",), says="银行尚未接收付款文件")
def file_accepted(facts: _FileFacts) -> bool:
    """The bank accepted the file. A lost answer is no acceptance: it waits for the statement."""
    return facts.file_accepted


@guard("maker_not_separate", needs=("actor_is_maker", "maker_decided_before"), says="制单、复核与审核须各为不同的人")
def maker_separate(facts: _ReleaseFacts) -> bool:
    """The checker is not the maker, and the maker decided on no claim of the run."""
    return not facts.actor_is_maker and not facts.maker_decided_before


@guard("fund_short", needs=("fund_after_fen",), says="专户资金不足")
def fund_covers(facts: _FundFacts) -> bool:
    """The plan's fund stays at or above zero after this run."""
    return facts.fund_after_fen >= 0


@guard("run_changed", needs=("run_unchanged",), says="付款批次在提交后有改动")
def run_unchanged(facts: _RunFacts) -> bool:
    """The run's digest equals the one the maker submitted."""
    return facts.run_unchanged


@guard("proof_missing", needs=("proof_given",), says="缺少送达证明")
def proof_given(facts: _ProofFacts) -> bool:
    """Proof of delivery is on file."""
    return facts.proof_given
