"""One objection: lodged, accepted, decided or withdrawn. A late one is the head's."""

from __future__ import annotations

from dataclasses import dataclass

from statemachine import State

from statemachines.guards import Machine, fact, guard
from statemachines.shared import actor_new_to_round, actor_not_claimant, reason_given, withdrawal_signed
from statemachines.states import ObjectionState as S


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectionFacts:
    """What an objection's guards look at."""

    late: bool = fact("lodged after the objection clock's due day")
    actor_is_head: bool = fact("the actor acts as head of the office")
    actor_on_claimant_side: bool = fact("the actor is claimant, payee or their family")
    actor_decided_before: bool = fact("the actor decided in the round objected to")
    reason_given: bool = fact("the call carries a reason code")
    withdrawal_signed: bool = fact("the objector's signed withdrawal is on file")


@guard("late_needs_head", needs=("late", "actor_is_head"), says="逾期异议由主任决定")
def timely_or_head(facts: ObjectionFacts) -> bool:
    """Lateness is a flag, never a bar; the head decides on it."""
    return not facts.late or facts.actor_is_head


class ObjectionMachine(Machine):
    """lodged → accepted → decided; withdrawn on the objector's word."""

    lodged = State(value=S.LODGED, initial=True)
    accepted = State(value=S.ACCEPTED)
    decided = State(value=S.DECIDED, final=True)
    withdrawn = State(value=S.WITHDRAWN, final=True)

    accept = lodged.to(accepted, validators=[timely_or_head])
    decide = accepted.to(decided, validators=[
        timely_or_head, actor_not_claimant, actor_new_to_round, reason_given])
    withdraw = withdrawn.from_(lodged, accepted, validators=[withdrawal_signed])
