"""The rule table equals the design's tables and the real machines: every state, every event, every guard."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import pytest
from statemachine.exceptions import TransitionNotAllowed

from statemachines import states as enums
from statemachines.guards import UNLOADED, Refused
from statemachines.rules import FACTS, MACHINES, RULES, NotAllowed, Rule, decide, events, needs, states
from tests.statemachines.guard_cases import GUARDS, Case

EVERY = [(machine, state, event) for machine in MACHINES for state in states(machine) for event in events(machine)]


def expected_transitions() -> dict[tuple[str, str, str], tuple[str, frozenset[str]]]:
    table = {}
    text = (Path(__file__).parent / "cases/transitions.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        machine, event, sources, target, reasons = (cell.strip() for cell in line.split("|"))
        for source in sources.split():
            table[machine, source, event] = (source if target == "=" else target, frozenset(reasons.split()))
    return table


def good_facts(rule: Rule) -> Case:
    merged: Case = {}
    for guard in rule.guards:
        # The first passing case that does not contradict what another guard of the rule asked for.
        passing = next(case for case in GUARDS[guard.__name__][0]
                       if all(merged.get(name, value) == value for name, value in case.items()))
        merged |= passing
    return merged


def test_table_is_the_designs() -> None:
    actual = {key: (rule.target, frozenset(guard.reason for guard in rule.guards)) for key, rule in RULES.items()}
    assert actual == expected_transitions()


@pytest.mark.parametrize(("machine", "state", "event"), EVERY)
def test_table_and_machine_agree(machine: str, state: str, event: str) -> None:
    real = MACHINES[machine](start_value=state)
    rule = RULES.get((machine, state, event))
    if rule is None:
        facts = FACTS[machine]()
        with pytest.raises(NotAllowed) as refused:
            decide(machine, state, event, facts)
        assert event not in refused.value.allowed
        with pytest.raises(TransitionNotAllowed):
            real.attempt(event, facts)
        assert real.current_state_value == state
        return
    facts = FACTS[machine](**good_facts(rule))
    real.attempt(event, facts)
    assert real.current_state_value == decide(machine, state, event, facts) == rule.target


@pytest.mark.parametrize(("machine", "state", "event"), [key for key in EVERY if key in RULES])
def test_each_guard_refuses_in_both(machine: str, state: str, event: str) -> None:
    rule = RULES[machine, state, event]
    for guard in rule.guards:
        for bad in GUARDS[guard.__name__][1]:
            facts = FACTS[machine](**(good_facts(rule) | bad))
            with pytest.raises(Refused) as by_table:
                decide(machine, state, event, facts)
            real = MACHINES[machine](start_value=state)
            with pytest.raises(Refused) as by_machine:
                real.attempt(event, facts)
            assert real.current_state_value == state
            assert by_table.value.reason == by_machine.value.reason
            assert by_table.value.fact in guard.needs
            assert by_table.value.says


@pytest.mark.parametrize(("machine", "state", "event"), list(RULES))
def test_guards_read_only_what_they_need(machine: str, state: str, event: str) -> None:
    rule = RULES[machine, state, event]
    assert set(good_facts(rule)) <= needs(machine, event)
    for guard in rule.guards:
        passing, refused = GUARDS[guard.__name__]
        for case in passing:
            assert set(case) == set(guard.needs)
            guard(FACTS[machine](**case))
        for case in refused:
            with pytest.raises(Refused):
                guard(FACTS[machine](**case))


def test_a_fact_not_loaded_fails_loudly() -> None:
    with pytest.raises(RuntimeError, match="not loaded"):
        decide("claim", "reported", "verify", FACTS["claim"]())
    with pytest.raises(RuntimeError, match="not loaded"):
        bool(UNLOADED)


@pytest.mark.parametrize(("machine", "state_enum", "event_enum"), [
    ("claim", enums.ClaimState, enums.ClaimEvent),
    ("review_step", enums.ReviewState, enums.ReviewEvent),
    ("handoff", enums.HandoffState, enums.HandoffEvent),
    ("payment", enums.PaymentState, enums.PaymentEvent),
    ("payment_run", enums.PaymentRunState, enums.PaymentRunEvent),
    ("receivable", enums.ReceivableState, enums.ReceivableEvent),
    ("notice", enums.NoticeState, enums.NoticeEvent),
    ("supplement", enums.SupplementState, enums.SupplementEvent),
    ("objection", enums.ObjectionState, enums.ObjectionEvent),
])
def test_enums_name_what_the_machine_has(machine: str, state_enum: type[StrEnum], event_enum: type[StrEnum]) -> None:
    assert [str(member) for member in state_enum] == states(machine)
    assert {str(member) for member in event_enum} == set(events(machine))


@pytest.mark.parametrize("machine", MACHINES)
def test_every_state_reaches_an_end(machine: str) -> None:
    ends = {"claim": {"closed", "cancelled"}, "review_step": {"passed", "refused", "void"},
            "handoff": {"settled", "recalled"}, "payment": {"credited", "cancelled"}, "payment_run": {"reconciled"},
            "receivable": {"received", "written_off"}, "notice": {"delivered", "replaced", "voided"},
            "supplement": {"answered", "lapsed"}, "objection": {"decided", "withdrawn"}}[machine]
    reaching = set(ends)
    while True:
        more = {source for (name, source, _), rule in RULES.items() if name == machine and rule.target in reaching}
        if more <= reaching:
            break
        reaching |= more
    assert reaching == set(states(machine))
