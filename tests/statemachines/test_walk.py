"""Claim, review, handoff and payment walked together: no dead end, no second payment, no skipped level, no two hats."""

from __future__ import annotations

from collections import Counter

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from statemachines.rules import events_from
from tests.statemachines.honest import decide_claim, finish, insurer_decides, move, prepare
from tests.statemachines.world import CLAIMANT, OUT, PEOPLE, SPOUSE, Payment, World

people = st.sampled_from(PEOPLE)
choice = st.integers(0, 5)


def one_of(machine: str, state: str, pick: int, *others: str) -> str:
    """An event the state permits, `others` left out (what it does not permit, test_rules proves), or none."""
    possible = [event for event in events_from(machine, state) if event not in others]
    return possible[pick % len(possible)] if possible else "none"


class Walk(RuleBasedStateMachine):
    """Anybody may try anything at any time; the machines must hold."""

    world: World

    @initialize(route=st.sampled_from(["office", "insurer"]), levels=st.integers(1, 3),
                worth=st.sampled_from([0, 101, 5000]), moves=st.integers(0, 16))
    def report(self, route: str, levels: int, worth: int, moves: int) -> None:
        """A claim, already brought some way along: chance alone would seldom leave the first states."""
        self.world = World(route, levels, worth, consent_missing=route == "insurer")
        self.people = (f"able {number}" for number in range(1000))
        for _ in range(moves):
            if self.world.state not in ("payable", "paid", "refused", "closed"):
                move(self.world, self.people)

    @precondition(lambda self: self.world.state in ("reported", "supplementing", "verified"))
    @rule()
    def do_right(self) -> None:
        if self.world.held and self.world.claim("unhold"):
            self.world.held = False
        move(self.world, self.people)

    # papers

    @precondition(lambda self: self.world.state in ("reported", "supplementing", "in_review"))
    @rule()
    def bring_papers(self) -> None:
        self.world.papers_open, self.world.consent_missing = 0, False
        self.world.digest += 1

    @rule(actor=people)
    def verify(self, actor: str) -> None:
        complete = self.world.papers_open == 0 and not self.world.consent_missing
        if self.world.verify(actor):
            assert complete
            assert actor not in (CLAIMANT, SPOUSE)

    @rule()
    def ask(self) -> None:
        world = self.world
        if world.claim("ask"):
            world.lists += 1
            world.items_open = 2

    @precondition(lambda self: self.world.state == "supplementing")
    @rule()
    def answer(self) -> None:
        self.world.items_open = max(0, self.world.items_open - 1)
        self.world.digest += 1
        self.world.claim("answer")

    @precondition(lambda self: self.world.state == "supplementing")
    @rule()
    def lapse_and_resume(self) -> None:
        if self.world.claim("lapse"):
            self.world.outcome = "not_pursued"
            assert self.world.claim("resume")

    # review

    @rule(compute=st.booleans())
    def route(self, compute: bool) -> None:
        world = self.world
        if compute:
            world.worksheet = world.digest
        world.claim("route", then=world.start_review)

    @precondition(lambda self: self.world.state == "in_review")
    @rule(level=choice, actor=people, lower=choice, event=st.sampled_from(["pass", "pass", "send_down", "take", "drop"]))
    def review(self, level: int, actor: str, lower: int, event: str) -> None:
        world = self.world
        level %= len(world.chain)
        if event == "send_down":
            world.send_down(level, lower, actor)
        elif world.step(level, event, actor):
            assert all(step.state == "passed" for step in world.chain[:level])
        world.open_next()

    @rule()
    def send_back(self) -> None:
        self.world.claim("send_back")

    @precondition(lambda self: self.world.state == "in_review" or self.world.state == "verified")
    @rule(actor=people, freeze=st.booleans())
    def decide(self, actor: str, freeze: bool) -> None:
        world = self.world
        # Freezing recomputes under the cover lock, only once the last level passed.
        world.frozen = freeze
        passed = all(step.state == "passed" for step in world.chain)
        if decide_claim(world, actor):
            assert world.route == "office"
            assert not world.worth or (passed and freeze and not world.held)

    # insurer

    @precondition(lambda self: self.world.state == "in_review")
    @rule()
    def forward(self) -> None:
        passed = all(step.state == "passed" for step in self.world.chain)
        if self.world.claim("forward", then=lambda: prepare(self.world)):
            assert passed
            assert self.world.route == "insurer"
            assert not self.world.consent_missing

    @precondition(lambda self: self.world.handoff)
    @rule(pick=choice)
    def insurer(self, pick: int) -> None:
        if self.world.handoff:
            self.world.insurer(one_of("handoff", self.world.handoff.state, pick, "recall", "reopen"))

    @precondition(lambda self: self.world.handoff)
    @rule()
    def answer_insurer(self) -> None:
        if self.world.handoff:
            self.world.handoff.open_items = 0

    @precondition(lambda self: self.world.handoff)
    @rule()
    def insurer_decides(self) -> None:
        if insurer_decides(self.world):
            assert self.world.route == "insurer"
            assert self.world.handoff and self.world.handoff.liabilities_open == 0

    @precondition(lambda self: self.world.handoff)
    @rule()
    def recall(self) -> None:
        if self.world.state == "with_insurer" and self.world.insurer("recall"):
            assert self.world.claim("recall")

    # money

    @precondition(lambda self: self.world.payments)
    @rule(index=choice, pick=choice, actor=people)
    def payment(self, index: int, pick: int, actor: str) -> None:
        world = self.world
        payment = world.payments[index % len(world.payments)]
        event = one_of("payment", payment.state, pick)
        if event == "cancel" and world.superseded(payment):
            return      # happens with the reopening or the heirs' rows, not alone
        if world.payment(payment, event, actor):
            assert event != "cancel"
            assert event not in ("include", "release") or (payment.channel == "bank" and not world.held)

    @precondition(lambda self: self.world.payments)
    @rule(maker=people, checker=people, answered=st.booleans())
    def pay_run(self, maker: str, checker: str, answered: bool) -> None:
        for payment in self.world.payments:
            for event, actor in (("include", maker), ("release", checker), ("send", ""), ("announce", "")):
                self.world.payment(payment, event, actor)
            if answered:
                self.world.payment(payment, "credit")
        self.settle()

    @precondition(lambda self: self.world.payments)
    @rule()
    def settle(self) -> None:
        if self.world.claim("settle"):
            credited = sum(payment.amount for payment in self.world.payments if payment.state == "credited")
            assert credited - self.world.receivable == self.world.decided

    @precondition(lambda self: self.world.state in ("payable", "refused", "paid", "closed"))
    @rule(worth=st.sampled_from([0, 50, 101, 7001]))
    def reopen(self, worth: int) -> None:
        if self.world.claim("reopen", then=self.world.next_round):
            self.world.worth = worth

    @precondition(lambda self: self.world.state in ("paid", "refused"))
    @rule()
    def close(self) -> None:
        self.world.claim("close")

    # people and stops

    @rule(on=st.booleans())
    def hold(self, on: bool) -> None:
        if self.world.claim("hold" if on else "unhold"):
            self.world.held = on

    @rule(heirs_ready=st.booleans())
    def death(self, heirs_ready: bool) -> None:
        if self.world.claim("note_death"):
            self.world.dead = True
            self.world.heirs_ready = heirs_ready
            self.world.replace_by_heirs()

    @precondition(lambda self: self.world.state != "cancelled")
    @rule(sure=st.integers(0, 50))
    def withdraw(self, sure: int) -> None:
        if sure == 37:      # rarely, for it ends the walk
            self.world.claim("cancel", then=self.world.void_chain)

    # what must hold

    @invariant()
    def nothing_is_paid_twice(self) -> None:
        world = self.world
        out = sum(payment.amount for payment in world.payments if payment.state in OUT)
        assert out <= world.decided + world.receivable
        live = Counter(payment.key for payment in world.payments if payment.state != "cancelled")
        assert all(count == 1 for count in live.values()), live

    @invariant()
    def nobody_wears_two_hats(self) -> None:
        places: dict[tuple[int, str], set[str]] = {}
        for at, place, person in self.world.acts:
            places.setdefault((at, person), set()).add(place)
            assert person not in (CLAIMANT, SPOUSE) or place in ("make", "check")
        assert all(len(hats) == 1 for hats in places.values()), places

    @invariant()
    def money_follows_a_decision(self) -> None:
        world = self.world
        assert world.state not in ("payable", "paid") or world.decided > 0
        assert world.state != "cancelled" or not any(payment.state in OUT for payment in _of_round(world))

    def teardown(self) -> None:
        if hasattr(self, "world"):
            finish(self.world)
            self.nothing_is_paid_twice()


def _of_round(world: World) -> list[Payment]:
    return [payment for payment in world.payments if payment.round == world.round]


TestWalk = Walk.TestCase
TestWalk.settings = settings(max_examples=400, stateful_step_count=40, deadline=None,
                             suppress_health_check=[HealthCheck.too_slow])
