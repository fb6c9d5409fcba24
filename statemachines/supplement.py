"""One supplement list: drafted, delivered, then answered or lapsed."""

from __future__ import annotations

from dataclasses import dataclass

from statemachine import State

from statemachines.guards import Machine, fact
from statemachines.shared import items_answered, lapsed_after_reminder, proof_given
from statemachines.states import SupplementState as S


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplementFacts:
    """What a supplement list's guards look at."""

    proof_given: bool = fact("proof of delivery of its letter is on file")
    items_open: int = fact("items neither answered nor declared unavailable; count")
    deadline_passed: bool = fact("the supplement clock is past its due day")
    reminder_delivered: bool = fact("the reminder has proof of delivery")


class SupplementMachine(Machine):
    """drafted → delivered (the pay clock pauses) → answered | lapsed."""

    drafted = State(value=S.DRAFTED, initial=True)
    delivered = State(value=S.DELIVERED)
    answered = State(value=S.ANSWERED, final=True)
    lapsed = State(value=S.LAPSED, final=True)

    deliver = drafted.to(delivered, validators=[proof_given])
    answer = delivered.to(answered, validators=[items_answered])
    lapse = delivered.to(lapsed, validators=[lapsed_after_reminder])
