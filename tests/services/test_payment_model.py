"""Never credited twice, never lost: Hypothesis makes the days, the bank's books are the judge. See payment_model.py."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from tests.services.payment_model import Before, prepared
from tests.services.payment_model_more import Office

PLACES = st.integers(0, 5)


class Days(RuleBasedStateMachine):
    """Each example has a world of its own; at its end all that waits is done."""

    server: str
    now: datetime
    before: Before

    def __init__(self) -> None:
        super().__init__()
        self.desk = Office(self.before, self.server, self.now)
        self.desk.sent("ICBC")
        self.desk.check()

    @precondition(lambda self: "planned" in self.desk.seen)
    @rule(bank=st.sampled_from(["ICBC", "CCB"]))
    def build(self, bank: str) -> None:
        self.desk.build(bank)

    @precondition(lambda self: "batched" in self.desk.seen)
    @rule(place=PLACES)
    def exclude(self, place: int) -> None:
        self.desk.exclude(place)

    @precondition(lambda self: bool(self.desk.drafts))
    @rule()
    def submit(self) -> None:
        self.desk.submit()

    @precondition(lambda self: bool(self.desk.submitted))
    @rule(word=st.booleans())
    def release(self, word: bool) -> None:
        if word:
            self.desk.allow()
        self.desk.release()

    @precondition(lambda self: bool(self.desk.submitted))
    @rule()
    def allow(self) -> None:
        self.desk.allow()

    @precondition(lambda self: bool(self.desk.released))
    @rule(crash=st.booleans())
    def send(self, crash: bool) -> None:
        self.desk.send(crash)

    @precondition(lambda self: "sent" in self.desk.seen or "credited" in self.desk.seen)
    @rule(place=PLACES, credited=st.booleans(), garbled=st.booleans())
    def bank_answers(self, place: int, credited: bool, garbled: bool) -> None:
        self.desk.bank_answers(place, credited, garbled)

    @precondition(lambda self: bool(self.desk.strays))
    @rule(place=PLACES)
    def assign(self, place: int) -> None:
        self.desk.assign(place)

    @precondition(lambda self: bool(self.desk.strays))
    @rule(place=PLACES, undo=st.booleans())
    def dismiss(self, place: int, undo: bool) -> None:
        self.desk.dismiss(place)
        if undo:
            self.desk.undo()

    @rule(place=st.integers(0, 2), heirs=st.integers(1, 2))
    def die(self, place: int, heirs: int) -> None:
        self.desk.die(place, heirs)

    @precondition(lambda self: not self.desk.advanced)
    @rule()
    def ahead(self) -> None:
        self.desk.ahead()

    @precondition(lambda self: not self.desk.decided)
    @rule()
    def decide(self) -> None:
        self.desk.decide()

    @precondition(lambda self: bool(self.desk.told))
    @rule(place=PLACES, again=st.booleans())
    def late(self, place: int, again: bool) -> None:
        self.desk.late(place, again)

    @precondition(lambda self: "returned" in self.desk.seen)
    @rule(place=PLACES)
    def correct(self, place: int) -> None:
        self.desk.correct(place)

    @precondition(lambda self: "credited" in self.desk.seen)
    @rule()
    def plan_and_settle(self) -> None:
        self.desk.plan_and_settle()

    @invariant()
    def books_agree(self) -> None:
        self.desk.check()

    def teardown(self) -> None:
        try:
            self.desk.finish()
        finally:
            self.desk.db.drop()


def run(server: str, now: datetime, examples: int, steps: int) -> None:
    before = prepared(server, now)
    machine = type("Days", (Days,), {"server": server, "now": now, "before": before})
    # Not shrunk: every try is a database of its own, and the steps of one example are few enough to read.
    run_state_machine_as_test(machine, settings=settings(max_examples=examples, stateful_step_count=steps, deadline=None,
                                                         phases=[Phase.generate], suppress_health_check=list(HealthCheck)))


def test_whatever_happens_everybody_is_paid_once(server: str, now: datetime) -> None:
    run(server, now, 5, 16)


@pytest.mark.slow
def test_whatever_happens_everybody_is_paid_once_at_length(server: str, now: datetime) -> None:
    run(server, now, 60, 60)
