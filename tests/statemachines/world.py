"""A world of one claim in memory: computes the facts the guards ask for and does what the lifecycle would do.

It knows the machines only through `decide` and `needs`. Money is in fen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from statemachines.guards import Refused
from statemachines.rules import FACTS, decide, events_from, needs

SPOUSE, CLAIMANT = "spouse", "claimant"
PEOPLE = (CLAIMANT, SPOUSE, *(f"clerk {number}" for number in range(3)))
OUT = ("released", "sent", "credited")       # money that left or may have left
Asked = dict[str, object]


@dataclass
class Step:
    """One level of the current round."""

    level: int
    state: str = "waiting"
    digest: int = -1


@dataclass
class Payment:
    """One obligation."""

    round: int
    payee: str
    amount: int
    channel: str
    state: str = "planned"
    maker: str = ""

    @property
    def key(self) -> tuple[int, str]:
        return self.round, self.payee


@dataclass
class Handoff:
    """The claim at the insurer."""

    round: int
    state: str = "prepared"
    open_items: int = 0
    liabilities_open: int = 2


@dataclass
class World:
    """One claim with all that hangs on it."""

    route: str
    levels: int
    worth: int
    state: str = "reported"
    round: int = 1
    held: bool = False
    papers_open: int = 1
    items_open: int = 0
    lists: int = 0
    consent_missing: bool = False
    digest: int = 0
    worksheet: int = -1
    frozen: bool = False
    decided: int = 0
    outcome: str = ""
    receivable: int = 0          # all that was ever to be recovered
    recovered: int = 0
    dead: bool = False
    heirs_ready: bool = False
    # (round, place, person): who verified, passed, refused, made or checked
    acts: set[tuple[int, str, str]] = field(default_factory=set)
    chain: list[Step] = field(default_factory=list)
    handoff: Handoff | None = None
    payments: list[Payment] = field(default_factory=list)

    def ask(self, machine: str, state: str, event: str, known: Asked) -> str | None:
        """The next state, or None when the machine says no. Only the facts it names are handed over."""
        if event not in events_from(machine, state):
            return None
        try:
            return decide(machine, state, event, FACTS[machine](**{name: known[name] for name in needs(machine, event)}))
        except Refused:
            return None

    def acted_elsewhere(self, person: str, place: str, round_: int) -> bool:
        """The person did another deciding step of the round."""
        return any(act[0] == round_ and act[1] != place and act[2] == person for act in self.acts)

    # claim

    def claim_facts(self, actor: str = "", **asked: object) -> Asked:
        credited = sum(payment.amount for payment in self.payments if payment.state == "credited")
        handoff = self.handoff
        return {
            "papers_open": self.papers_open, "identity_matched": True, "consent_missing": self.consent_missing,
            "route": self.route, "held": self.held, "reason_given": True, "two_persons": True,
            "actor_on_claimant_side": actor in (CLAIMANT, SPOUSE), "actor_senior": True, "actor_decides": True,
            "actor_decided_before": self.acted_elsewhere(actor, "verify", self.round),
            "first_list": self.lists == 0, "items_open": self.items_open, "deadline_passed": True,
            "reminder_delivered": True, "outcome_not_pursued": self.outcome == "not_pursued",
            "within_limitation": True, "worksheet_current": self.worksheet == self.digest,
            "worksheet_frozen": self.frozen, "worksheet_fen": self.worth, "levels_without_person": 0,
            "chain_open": sum(step.state != "passed" for step in self.chain), "certification_overdue": False,
            "decided_amount_fen": self.worth, "clause_given": True, "signature_valid": True,
            "liabilities_open": handoff.liabilities_open if handoff else 1, "reopen_ground": "objection",
            "credited_minus_decided_fen": credited - self.receivable - self.decided,
            "payments_in_flight": sum(payment.state in ("released", "sent") for payment in self.payments),
            "letters_undelivered": 0, "objection_window_open": False, "withdrawal_signed": True, "death_proved": True,
            "open_items": (sum(p.state not in ("credited", "cancelled") for p in self.payments)
                           + (self.receivable > self.recovered)),
            "recall_confirmed": bool(handoff and handoff.state == "recalled"),
        } | asked

    def claim(self, event: str, actor: str = "", then: Callable[[], None] = lambda: None, **asked: object) -> bool:
        """Fire a claim event; `then` is what the same transaction does besides."""
        target = self.ask("claim", self.state, event, self.claim_facts(actor, **asked))
        if target is None:
            return False
        self.state = target
        if event in ("cancel", "lapse"):
            self.held = False       # no event could lift the hold any more, and a returned payment must still go out
        then()
        return True

    def verify(self, actor: str) -> bool:
        """A decider of the round does not verify it; nor does the claimant's side."""
        return self.claim("verify", actor, then=lambda: self.acts.add((self.round, "verify", actor)))

    def start_review(self) -> None:
        """What `route` does: rows for a new round, kept rows reset where the facts changed, the lowest one opened."""
        if not self.chain:
            self.chain = [Step(level) for level in range(self.levels)]
        for step in self.chain:
            known: Asked = {"digest_changed": step.digest != self.digest}
            step.state = self.ask("review_step", step.state, "reset", known) or step.state
        self.open_next()

    def open_next(self) -> None:
        """Open the lowest waiting level whose lower ones passed."""
        for step in self.chain:
            known: Asked = {"previous_open": sum(s.state != "passed" for s in self.chain[:step.level]),
                            "eligible_persons": 1}
            step.state = self.ask("review_step", step.state, "open", known) or step.state

    # review_step

    def step(self, level: int, event: str, actor: str) -> bool:
        step, place = self.chain[level], f"level {level}"
        target = self.ask("review_step", step.state, event, {
            "route": self.route, "reason_given": True, "actor_on_claimant_side": actor in (CLAIMANT, SPOUSE),
            "actor_decided_before": self.acted_elsewhere(actor, place, self.round), "quorum_met": True,
            "previous_open": sum(lower.state != "passed" for lower in self.chain[:level]),
            "change_seen": True, "row_decides": level == self.levels - 1,
            "digest_changed": step.digest != self.digest})
        if target is None:
            return False
        step.state = target
        if event in ("pass", "refuse"):
            self.acts.add((self.round, place, actor))
            step.digest = self.digest
        return True

    def send_down(self, level: int, target: int, actor: str) -> bool:
        """Return to a lower level: it opens again, those between start again only if the facts changed."""
        if target >= level or not self.step(level, "send_down", actor):
            return False
        assert self.step(target, "reopen", actor)
        for between in range(target + 1, level):
            self.step(between, "reset", actor)
        return True

    def void_chain(self) -> None:
        for step in self.chain:
            step.state = self.ask("review_step", step.state, "void", {"round_over": True}) or step.state
        self.chain = []

    # payments

    def plan_payment(self) -> None:
        """At a decision: what has not left of earlier rounds falls away; what is then missing becomes an obligation, what
        was paid too much a receivable. What is on its way counts as paid: it may still arrive."""
        self.decided, self.frozen = self.worth, False
        self.drop([payment for payment in self.payments if payment.round < self.round])
        paid = sum(payment.amount for payment in self.payments if payment.state in OUT) - self.receivable
        if self.decided < paid:
            self.receivable += paid - self.decided
        elif self.decided > paid:
            channel = "insurer" if self.route == "insurer" else "bank"
            self.payments.append(Payment(self.round, CLAIMANT, self.decided - paid, channel))
            if self.dead:
                self.replace_by_heirs()

    def superseded(self, payment: Payment) -> bool:
        """A newer round or the heirs take its place."""
        return payment.round < self.round or (self.dead and payment.payee == CLAIMANT)

    def payment(self, payment: Payment, event: str, actor: str = "") -> bool:
        at = payment.round
        target = self.ask("payment", payment.state, event, {
            "channel": payment.channel, "held": self.held, "bank_allowed": True,
            "payees_ready": not self.dead or (payment.payee != CLAIMANT and self.heirs_ready),
            "actor_is_maker": actor == payment.maker,
            "maker_decided_before": self.acted_elsewhere(payment.maker, "make", at),
            "actor_decided_before": self.acted_elsewhere(actor, "check", at), "fund_after_fen": 0,
            "run_unchanged": True, "file_accepted": True, "credit_difference_fen": 0, "payee_matches": True,
            "return_matched": True, "new_account_given": True, "two_persons": True, "superseded": self.superseded(payment),
            "credit_reported": False})
        if target is None:
            return False
        if event == "include":
            payment.maker = actor
        if event == "release":
            self.acts |= {(at, "make", payment.maker), (at, "check", actor)}
        payment.state = target
        return True

    def drop(self, payments: list[Payment]) -> list[Payment]:
        """Cancel those that have not left; what is in a run is taken out first."""
        for payment in payments:
            self.payment(payment, "exclude")
        return [payment for payment in payments if self.payment(payment, "cancel")]

    def replace_by_heirs(self) -> None:
        """Two heirs, halves; the odd fen goes to the first."""
        for old in self.drop([payment for payment in self.payments if payment.payee == CLAIMANT]):
            half = old.amount // 2
            self.payments += [Payment(old.round, "heir one", old.amount - half, old.channel),
                              Payment(old.round, "heir two", half, old.channel)]

    def recover(self) -> None:
        """What was paid too much comes back, with the debtor's agreement."""
        state = self.ask("receivable", "open", "agree", {"agreement_given": True})
        assert state and self.ask("receivable", state, "receive", {"outstanding_fen": 0}) == "received"
        self.recovered = self.receivable

    def next_round(self) -> None:
        """What `reopen` does besides."""
        self.void_chain()
        self.round += 1
        self.drop(self.payments)
        self.digest += 1
        self.lists = 0
        self.outcome = ""
        if self.handoff:
            target = self.ask("handoff", self.handoff.state, "reopen", {"round_raised": True})
            if target:
                self.handoff.state, self.handoff.liabilities_open, self.handoff.round = target, 2, self.round

    # handoff

    def insurer(self, event: str) -> bool:
        """One message to or from the insurer."""
        handoff = self.handoff
        if handoff is None:
            return False
        known: Asked = {
            "intent_recorded": True, "digest_current": True, "consent_missing": self.consent_missing,
            "bytes_unchanged": True, "fault_given": True, "report_no_given": True, "case_no_given": True,
            "question_items": 1, "items_without_reason": 0, "items_open": handoff.open_items, "answered_now": 1,
            "amount_or_refusal": True, "liabilities_open": handoff.liabilities_open,
            "decided_amount_fen": self.worth, "bank_proof_given": True, "recall_confirmed": True, "round_raised": False}
        target = self.ask("handoff", handoff.state, event, known)
        if target is None:
            return False
        handoff.state = target
        if event == "question":
            handoff.open_items = 1
        if event == "answer_part":
            handoff.liabilities_open = max(0, handoff.liabilities_open - 1)
        if event == "settle":
            for payment in self.payments:
                self.payment(payment, "announce")
        return True
