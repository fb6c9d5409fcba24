"""Of the model of paying: deaths, what is paid ahead of a decision, the bank's late lines and those that match nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from sqlmodel import Session, select

from services.access.actor import Actor
from services.core.errors import Conflict, HuzhuError
from services.models import BankLine, Payment, Person
from services.payment import service as payment
from services.payment.banks import layout_of
from services.simulate.synthetic import synthetic_card, synthetic_person
from tests.services.payment_model import Desk, Stray, Told, in_order
from tests.services.review_world import passes
from tests.support.world import ROOT

LEVELS = ("xj.clerk", "xj.district", "xj.office1")
AHEAD = "10000.00"
Proposes = Callable[[Session, Actor, datetime], object]


class Office(Desk):
    """The desk with all that comes between."""

    def die(self, place: int, heirs: int) -> None:
        """The member of one of the first three is dead; named again, the heirs may be others. What was paid may stand in the way."""
        clerk, which = self.world.actor("xj.clerk"), place % 3
        people = [synthetic_person(500 + 10 * which + n, sex="F", born=date(1990 + n, 1, 2)) for n in range(heirs)]
        before = self.states()
        try:
            with self.db.unit_of_work(clerk.scope) as session:
                payment.note_death(session, claim_id=self.claims[which], died_on=date(2026, 3, 15), left_out="放弃继承", actor=clerk,
                                   now=self.tick(), heirs=[
                    {"name": person.name, "id_number": person.id_number, "relation": "child", "share": [1, heirs], "bank": "ICBC",
                     "account": person.card} for person in people])
        except Conflict as problem:
            assert (problem.code, self.states()) == ("heirs_overpaid", before)

    def ahead(self) -> None:
        """Two persons pay part of the fourth before it is decided, once."""
        first, second, claim = self.world.actor("xj.office1"), self.world.actor("xj.senior"), self.claims[3]
        if self.decided or self.advanced:
            return
        with self.db.unit_of_work(first.scope) as session:
            payment.propose_advance(session, claim_id=claim, amount=Decimal(AHEAD), reason="病理会诊结论尚未作出", actor=first,
                                    now=self.tick())
        with self.db.unit_of_work(second.scope) as session:
            payment.confirm_advance(session, claim_id=claim, actor=second, now=self.tick())
        self.advanced = True

    def decide(self) -> None:
        """The fourth is decided over all that the table gives."""
        if not self.decided:
            for login in LEVELS:
                passes(self.world, self.claims[3], login, self.tick())
            self.decided = True

    def correct(self, place: int) -> None:
        """A returned payment gets another card, by two persons; not while the bank says that it arrived as well."""
        clerk, maker = self.world.actor("xj.clerk"), self.world.actor("xj.maker")
        with self.db.unit_of_work(clerk.scope) as session:
            if not (back := in_order(session, "returned")):
                return
            row, self.serial = back[place % len(back)], self.serial + 1
            payment.propose_card(session, payment_id=row.id, bank="ICBC", number=synthetic_card("ICBC", self.serial),
                                 holder=session.get_one(Person, row.person_id).name, actor=clerk, now=self.tick())
            chosen = row.id
        try:
            with self.db.unit_of_work(maker.scope) as session:
                payment.confirm_card(session, payment_id=chosen, actor=maker, now=self.tick())
        except Conflict as problem:
            assert (problem.code, self.clear()) == ("credit_contradicts", True)
            with self.db.unit_of_work(maker.scope) as session:
                payment.confirm_card(session, payment_id=chosen, actor=maker, now=self.tick())

    def late(self, place: int, again: bool) -> None:
        """An old file once more, or its news in a file of its own: nothing moves."""
        if not self.told:
            return
        told, before = self.told[place % len(self.told)], self.states()
        if not again:
            self.serial += 1
            said = replace(told.said, serial=f"L{self.serial}")
            told = Told(layout_of("CCB").answer(told.about.rsplit("-", 1)[0], [said]), said, told.about)
        summary = self.read(told)
        assert summary.repeated if again else summary.unmatched
        assert self.states() == before

    def assign(self, place: int) -> None:
        """Two persons say which payment a line is, after the bank's voucher; refused when it stands elsewhere by now."""
        if not (stray := self._open(place)):
            return
        with self.db.view(ROOT.scope) as session:
            sent, target = self._meant(session, stray)
            fits = sent.attempt == target.attempt and target.state in (("sent",) if stray.credited else ("sent", "credited"))
        before = self.states()
        try:
            self._two(lambda session, actor, now: payment.propose_assign(
                session, line_id=stray.line_id, payment_id=target.id, reason="银行凭证", actor=actor, now=now), stray)
        except HuzhuError as problem:
            assert (fits, self.states()) == (False, before), problem
            return
        assert fits
        self.strays.remove(stray)
        self.known[stray.about] = sent.amount_fen if stray.credited else 0

    def dismiss(self, place: int) -> None:
        """Two persons say a line is none of ours; it stays kept."""
        if stray := self._open(place):
            self._two(lambda session, actor, now: payment.propose_dismiss(
                session, line_id=stray.line_id, reason="重复", actor=actor, now=now), stray)
            stray.dismissed = True

    def undo(self) -> None:
        """What was dismissed is open again."""
        checker = self.world.actor("xj.checker")
        for stray in (stray for stray in self.strays if stray.dismissed):
            with self.db.unit_of_work(checker.scope) as session:
                payment.undo_line(session, line_id=stray.line_id, reason="银行更正", actor=checker, now=self.tick())
            stray.dismissed = False

    def finish(self) -> None:
        """Everything that waits is done: all are paid, once, to the fen, and the books balance."""
        self.decide()
        for _ in range(12):
            self.plan_and_settle()
            self.check()
            if not self._moves() and self.paid():
                return
        raise AssertionError(f"not all are paid: {sorted(map(str, self.states().values()))}")

    def _moves(self) -> bool:
        """One round of what is left to do, whether anything was: what is refused now may fit in the next."""
        before = self.states()
        self.undo()
        for stray in list(self.strays):
            self.assign(self.strays.index(stray))
        while "returned" in {state for state, _ in self.states().values()}:
            self.correct(0)
        self.build("CCB")
        while self.full_drafts():
            self.submit()
        while self.submitted:
            self.allow()
            self.release()
            while self.full_drafts():
                self.submit()
        while self.released:
            self.send(crash=False)
        while self._unanswered():
            self.bank_answers(0, credited=True, garbled=False)
        return self.states() != before

    def _unanswered(self) -> bool:
        with self.db.view(ROOT.scope) as session:
            sent = session.exec(select(BankLine.reference).where(BankLine.kind == "sent")).all()
        return bool(set(sent) - self.answered)

    def _open(self, place: int) -> Stray | None:
        waiting = [stray for stray in self.strays if not stray.dismissed]
        return waiting[place % len(waiting)] if waiting else None

    def _meant(self, session: Session, stray: Stray) -> tuple[BankLine, Payment]:
        """The line that we sent, and its payment as it stands."""
        sent = session.exec(select(BankLine).where(BankLine.kind == "sent", BankLine.reference == stray.about)).one()
        return sent, session.get_one(Payment, sent.payment_id)

    def _two(self, proposes: Proposes, stray: Stray) -> None:
        maker, checker = self.world.actor("xj.maker"), self.world.actor("xj.checker")
        with self.db.unit_of_work(maker.scope) as session:
            proposes(session, maker, self.tick())
        with self.db.unit_of_work(checker.scope) as session:
            payment.confirm_line(session, line_id=stray.line_id, actor=checker, now=self.tick())
