"""One review level of one round: opened in order, passed, sent down, refused or void."""

from __future__ import annotations

from dataclasses import dataclass

from statemachine import Event, State

from statemachines.guards import Machine, fact, guard, stay
from statemachines.shared import actor_new_to_round, actor_not_claimant, office_route, reason_given
from statemachines.states import ReviewState as S


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewFacts:
    """What a review level's guards look at."""

    route: str = fact("`office` or `insurer`, from the plan's rule-book")
    reason_given: bool = fact("the call carries a reason code")
    previous_open: int = fact("lower levels of the round not passed; count")
    eligible_persons: int = fact("persons who may take this row, at its organisation or the one it was escalated to")
    actor_on_claimant_side: bool = fact("the actor is claimant, payee or their family")
    actor_decided_before: bool = fact("the actor (also as substitute) verified, passed another level, made or checked"
                                      " a payment in this round")
    quorum_met: bool = fact("with this vote the level has the votes it needs")
    change_seen: bool = fact("the actor was shown the facts' present digest since their own last look")
    digest_changed: bool = fact("the facts' digest differs from the one this level passed")
    row_decides: bool = fact("the row carries the right to decide")
    round_over: bool = fact("the claim is cancelled or a newer round has begun")


@guard("previous_level_open", needs=("previous_open",), says="前一层级尚未通过")
def previous_passed(facts: ReviewFacts) -> bool:
    """Levels open in order."""
    return facts.previous_open == 0


@guard("nobody_eligible", needs=("eligible_persons",), says="本级及上级组织均无可办理人")
def someone_eligible(facts: ReviewFacts) -> bool:
    """Somebody here, else at the parent organisation, may take it."""
    return facts.eligible_persons > 0


@guard("quorum_missing", needs=("quorum_met",), says="审核人数不足")
def quorum_met(facts: ReviewFacts) -> bool:
    """Enough votes."""
    return facts.quorum_met


@guard("change_not_seen", needs=("change_seen",), says="材料有变动，请先查看变动后再审核")
def change_seen(facts: ReviewFacts) -> bool:
    """Nobody passes what they have not been shown."""
    return facts.change_seen


@guard("facts_unchanged", needs=("digest_changed",), says="事实未变，已通过的层级继续有效")
def digest_changed(facts: ReviewFacts) -> bool:
    """A passed level stands while the facts' digest is the same."""
    return facts.digest_changed


@guard("level_not_deciding", needs=("row_decides",), says="本级无决定权")
def row_decides(facts: ReviewFacts) -> bool:
    """The row may decide."""
    return facts.row_decides


@guard("round_running", needs=("round_over",), says="本轮审核仍在进行")
def round_over(facts: ReviewFacts) -> bool:
    """The claim is cancelled or in its next round."""
    return facts.round_over


class ReviewStepMachine(Machine):
    """waiting → open → passed, with returns to any lower level."""

    waiting = State(value=S.WAITING, initial=True)
    opened = State(value=S.OPEN)
    passed = State(value=S.PASSED)
    refused = State(value=S.REFUSED, final=True)
    voided = State(value=S.VOID, final=True)

    open = waiting.to(opened, validators=[previous_passed, someone_eligible])
    take = stay(opened, validators=[actor_not_claimant, actor_new_to_round])
    drop = stay(opened, validators=[actor_not_claimant, actor_new_to_round])
    # An open level whose lower ones were reset (papers came back changed) stays open and waits for them.
    pass_ = Event(opened.to(passed, validators=[
        previous_passed, actor_not_claimant, actor_new_to_round, quorum_met, change_seen]), id="pass")
    send_down = opened.to(waiting, validators=[reason_given, actor_not_claimant])
    # What a level above does to the one it returns to, and to those between whose facts changed.
    reopen = passed.to(opened, validators=[reason_given])
    reset = passed.to(waiting, validators=[digest_changed])
    # A refusal decides: its actor is separated from the claimant and the other deciders, and has seen the facts, as in `pass`.
    refuse = opened.to(refused, validators=[
        office_route, row_decides, previous_passed, actor_not_claimant, actor_new_to_round, change_seen])
    void = voided.from_(waiting, opened, passed, validators=[round_over])
