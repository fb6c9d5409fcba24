"""Paying as a model: any order of making runs, crashes, the bank's answers and corrections, over the real database.

The bank here books: what it said it credited and has not taken back is money that a person holds. Whatever happens, no claim
is paid more than was decided, and what the house says it paid is what the bank's books say.
"""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import col, select

from services.core.errors import InputError
from services.models import BankLine, Claim, Payment, PaymentRun, Person
from services.payment import service as payment
from services.payment.banks import layout_of
from services.payment.port import Answer
from services.simulate.synthetic import synthetic_card
from tests.services.paying_world import answer, made
from tests.support.world import ROOT, World

AMOUNTS = (6_000_000, 3_334, 1)


class Crash(Exception):
    """The process dies after the file was laid and before the transaction was committed."""


@dataclass(frozen=True, slots=True)
class Told:
    """A file of the bank with what it says, to be read again later."""

    content: bytes
    answers: tuple[Answer, ...]


class Desk:
    """Finance and the bank. Verbs that have nothing to do do nothing."""

    def __init__(self, world: World, now: datetime) -> None:
        self.world, self.now = world, now
        self.claims = made(world, now, *AMOUNTS)
        self.drafts: list[uuid.UUID] = []
        self.submitted: list[uuid.UUID] = []
        self.released: list[uuid.UUID] = []
        self.laid: dict[uuid.UUID, bytes] = {}
        self.told: list[Told] = []
        self.booked: Counter[str] = Counter()          # the bank's books: reference to fen that stands credited
        self.answered: set[str] = set()
        self.serial = 7100
        self.seen: set[str] = set()                    # the states there are, since the last check

    def sent(self, bank: str) -> None:
        """A run of all that is ready, as far as the bank."""
        self.build(bank)
        self.submit()
        self.release()
        self.send(crash=False)

    def tick(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now

    def build(self, bank: str) -> None:
        maker = self.world.actor("xj.maker")
        try:
            with self.world.db.unit_of_work(maker.scope) as session:
                run = payment.build_run(session, plan="xj-women", bank=bank, actor=maker, now=self.tick())
        except InputError as problem:
            assert problem.code == "run_empty"
        else:
            self.drafts.append(run.id)

    def exclude(self, place: int) -> None:
        maker = self.world.actor("xj.maker")
        with self.world.db.unit_of_work(maker.scope) as session:
            ids = session.exec(select(Payment.id).where(Payment.state == "batched", col(Payment.run_id).in_(self.drafts)).order_by(
                col(Payment.id))).all()
            if ids:
                payment.exclude(session, payment_ids=[ids[place % len(ids)]], reason="待核实", actor=maker, now=self.tick())

    def submit(self) -> None:
        """An empty draft stays with its maker."""
        maker, found = self.world.actor("xj.maker"), None
        with self.world.db.unit_of_work(maker.scope) as session:
            for run_id in self.drafts:
                if session.exec(select(Payment.id).where(Payment.run_id == run_id)).first():
                    payment.submit(session, run_id=run_id, actor=maker, now=self.tick())
                    found = run_id
                    break
        if found:
            self.drafts.remove(found)
            self.submitted.append(found)

    def release(self) -> None:
        if self.submitted:
            checker, run_id = self.world.actor("xj.checker"), self.submitted.pop(0)
            with self.world.db.unit_of_work(checker.scope) as session:
                payment.release(session, run_id=run_id, actor=checker, now=self.tick())
            self.released.append(run_id)

    def send(self, crash: bool) -> None:
        """The file is laid; with `crash` all else is lost, and what is laid later must be the same bytes."""
        if not self.released:
            return
        run_id = self.released[0]
        try:
            with self.world.db.unit_of_work(ROOT.scope) as session:
                content = payment.write_file(session, run_id=run_id, actor=ROOT, now=self.tick()).read_bytes()
                assert self.laid.setdefault(run_id, content) == content
                if crash:
                    raise Crash
        except Crash:
            return
        self.released.remove(run_id)

    def bank_answers(self, place: int, credited: bool) -> None:
        """The bank books one line it has, and says so. What it credited it may take back, once."""
        with self.world.db.view(ROOT.scope) as session:
            lines = session.exec(select(BankLine).where(BankLine.kind == "sent").order_by(col(BankLine.at), col(BankLine.id))).all()
            fresh = [line for line in lines if (line.reference not in self.answered if credited
                                                else line.reference not in self.answered or self.booked[line.reference])]
            if not fresh:
                return
            line = fresh[place % len(fresh)]
            run = session.get_one(PaymentRun, line.run_id)
            self.serial += 1
            said = answer(session, line, "credited" if credited else "returned", serial=f"B{self.serial}")
        self.answered.add(line.reference)
        self.booked[line.reference] = line.amount_fen if credited else 0
        self.told.append(Told(layout_of(run.bank).answer(run.run_no, [said]), (said,)))
        summary = self.read(self.told[-1])
        assert not summary.unmatched, summary

    def late(self, place: int, again: bool) -> None:
        """An old file once more, or its news in a file of its own: nothing moves."""
        if not self.told:
            return
        told, before = self.told[place % len(self.told)], self.states()
        if not again:
            self.serial += 1
            said = replace(told.answers[0], serial=f"L{self.serial}")
            told = Told(layout_of("CCB").answer(said.reference.rsplit("-", 1)[0], [said]), (said,))
        summary = self.read(told)
        assert summary.repeated if again else summary.unmatched
        assert self.states() == before

    def correct(self, place: int) -> None:
        """A returned payment gets another card, by two persons."""
        clerk, maker = self.world.actor("xj.clerk"), self.world.actor("xj.maker")
        with self.world.db.unit_of_work(clerk.scope) as session:
            back = session.exec(select(Payment).where(Payment.state == "returned").order_by(col(Payment.id))).all()
            if not back:
                return
            row, self.serial = back[place % len(back)], self.serial + 1
            payment.propose_card(session, payment_id=row.id, bank="ICBC", number=synthetic_card("ICBC", self.serial),
                                 holder=session.get_one(Person, row.person_id).name, actor=clerk, now=self.tick())
            chosen = row.id
        with self.world.db.unit_of_work(maker.scope) as session:
            payment.confirm_card(session, payment_id=chosen, actor=maker, now=self.tick())

    def plan_and_settle(self) -> None:
        """As the flows do, again and again: nothing is planned twice."""
        with self.world.db.unit_of_work(ROOT.scope) as session:
            assert payment.plan(session, claim_ids=self.claims, actor=ROOT, now=self.tick()) == []
            payment.settle(session, claim_ids=self.claims, actor=ROOT, now=self.now)

    def states(self) -> dict[uuid.UUID, tuple[str, int]]:
        with self.world.db.view(ROOT.scope) as session:
            return {row.id: (row.state, row.attempt) for row in session.exec(select(Payment)).all()}

    def check(self) -> None:
        """One obligation a claim, as decided; credited here is what stands in the bank's books, and never more than once."""
        with self.world.db.view(ROOT.scope) as session:
            owed = {row.claim_id: row for row in session.exec(select(Payment).where(Payment.state != "cancelled")).all()}
            assert [owed[claim].amount_fen for claim in self.claims] == list(AMOUNTS)
            books: Counter[uuid.UUID] = Counter()
            for line in session.exec(select(BankLine).where(BankLine.kind == "sent")).all():
                books[session.get_one(Payment, line.payment_id).claim_id] += self.booked[line.reference]
            self.seen = {row.state for row in owed.values()}
            for claim, amount in zip(self.claims, AMOUNTS, strict=True):
                assert books[claim] == (amount if owed[claim].state == "credited" else 0)
            lines = session.exec(select(BankLine).where(col(BankLine.fault).is_(None), BankLine.kind != "sent")).all()
            told = Counter((line.reference, line.kind) for line in lines)
            assert all(count == 1 for count in told.values())

    def finish(self) -> None:
        """Everything that waits is done: all are paid, once, to the fen, and the books balance."""
        while "returned" in {state for state, _ in self.states().values()}:
            self.correct(0)
        self.build("CCB")
        while self._full_drafts():
            self.submit()
        while self.submitted:
            self.release()
        while self.released:
            self.send(crash=False)
        while "sent" in {state for state, _ in self.states().values()}:
            self.bank_answers(0, credited=True)
        self.plan_and_settle()
        self.check()
        assert sum(self.booked.values()) == sum(AMOUNTS)
        with self.world.db.view(ROOT.scope) as session:
            assert {session.get_one(Claim, claim).state for claim in self.claims} == {"paid"}
            assert session.execute(sa.text("SELECT coalesce(sum(amount_fen), 0) FROM ledger_entry")).scalar_one() == 0

    def _full_drafts(self) -> bool:
        with self.world.db.view(ROOT.scope) as session:
            return bool(session.exec(select(Payment.id).where(col(Payment.run_id).in_(self.drafts))).all())

    def read(self, told: Told) -> payment.ReturnSummary:
        maker = self.world.actor("xj.maker")
        with self.world.db.unit_of_work(maker.scope) as session:
            return payment.read_return(session, content=told.content, file_name="r.txt", actor=maker, now=self.tick())
