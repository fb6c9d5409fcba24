"""Paying as a model: any order of making runs, crashes, the bank's answers and corrections, over the real database.

The bank here books: what it said it credited and has not taken back is money that a person holds. Whatever happens, no claim
is paid more than was decided, and what the house says it paid is what the bank's books say and the house could read of them.
Deaths, what is paid ahead and lines that match nothing are in `payment_model_more.py`.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.core.errors import Conflict, GuardFailed, InputError
from services.models import BankLine, Claim, Payee, Payment, PaymentRun
from services.payment import queries
from services.payment import service as payment
from services.payment.banks import layout_of
from services.payment.port import Answer
from services.reporting import checks
from tests.services.paying_world import answer, made, prove_heirs
from tests.services.review_world import in_review
from tests.support.databases import Fresh
from tests.support.world import ROOT, World, build_world

AMOUNTS = (60_000_000, 3_334, 1)        # the first is above what a payment may be without the head's word
LARGEST = 50_000_000                    # 500,000.00 yuan, see services/payment/limits.yaml
WEIGHED = 1_500_000                     # what the table gives the fourth, which is still weighed
PROMISES = ("paid_once", "money_equal", "separation", "claims_in_ledger")


class Crash(Exception):
    """The process dies after the file was laid and before the transaction was committed."""


@dataclass(frozen=True, slots=True)
class Told:
    """A file of the bank with what it says, to be read again later; `about` is the reference it means, whatever it says."""

    content: bytes
    said: Answer
    about: str


@dataclass(slots=True)
class Stray:
    """A line that matched nothing, and the reference of ours that the bank means."""

    line_id: uuid.UUID
    about: str
    credited: bool
    dismissed: bool = False


@dataclass(frozen=True, slots=True)
class Before:
    """A world where three claims are to be paid and a fourth is weighed; copied for each example."""

    world: World
    name: str
    claims: list[uuid.UUID] = field(default_factory=list)


def prepared(server: str, now: datetime) -> Before:
    """Every paper that a succession needs is on file."""
    world = build_world(Fresh(server), now)
    claims = [*made(world, now, *AMOUNTS), in_review(world, 3, now)]
    with world.db.unit_of_work(ROOT.scope) as session:
        for claim in claims[:3]:
            prove_heirs(session, session.get_one(Claim, claim), now, "renunciation")
    world.db.close()
    return Before(world, world.db.name, claims)     # type: ignore[attr-defined]


class Desk:
    """Finance and the bank. Verbs that have nothing to do do nothing."""

    def __init__(self, before: Before, server: str, now: datetime) -> None:
        self.db = Fresh(server)
        self.db.make(before.name)
        self.world, self.claims, self.now = replace(before.world, db=self.db), before.claims, now
        self.drafts: list[uuid.UUID] = []
        self.submitted: list[uuid.UUID] = []
        self.released: list[uuid.UUID] = []
        self.allowed: dict[uuid.UUID, set[uuid.UUID]] = {}     # what a run held when the head allowed it
        self.laid: dict[uuid.UUID, bytes] = {}
        self.told: list[Told] = []
        self.booked: Counter[str] = Counter()          # the bank's books: reference to fen that stands credited
        self.known: Counter[str] = Counter()           # as far as the house could read it
        self.answered: set[str] = set()
        self.strays: list[Stray] = []
        self.serial = 7100
        self.advanced = self.decided = False           # of the fourth
        self.seen: set[str] = set()                    # the states there are, since the last check

    def sent(self, bank: str) -> None:
        """A run of all that is ready, as far as the bank."""
        self.build(bank)
        self.submit()
        self.allow()
        self.release()
        self.send(crash=False)

    def tick(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now

    def build(self, bank: str) -> None:
        maker = self.world.actor("xj.maker")
        try:
            with self.db.unit_of_work(maker.scope) as session:
                run = payment.build_run(session, plan="xj-women", bank=bank, actor=maker, now=self.tick())
        except InputError as problem:
            assert problem.code == "run_empty"
        else:
            self.drafts.append(run.id)

    def exclude(self, place: int) -> None:
        """Also from a run that was submitted, which then is no longer what its maker saw."""
        maker = self.world.actor("xj.maker")
        with self.db.unit_of_work(maker.scope) as session:
            if rows := in_order(session, "batched"):
                payment.exclude(session, payment_ids=[rows[place % len(rows)].id], reason="待核实", actor=maker, now=self.tick())

    def submit(self) -> None:
        """An empty draft stays with its maker."""
        maker, found = self.world.actor("xj.maker"), None
        with self.db.unit_of_work(maker.scope) as session:
            for run_id in self.drafts:
                if _held(session, run_id):
                    payment.submit(session, run_id=run_id, actor=maker, now=self.tick())
                    found = run_id
                    break
        if found:
            self.drafts.remove(found)
            self.submitted.append(found)

    def allow(self) -> None:
        """The head's word on the run that is next, for what it holds; it holds nothing above a limit: none is taken."""
        if not self.submitted:
            return
        head, run_id = self.world.actor("xj.head"), self.submitted[0]
        try:
            with self.db.unit_of_work(head.scope) as session:
                holds = _held(session, run_id)
                payment.allow_over(session, run_id=run_id, reason="大额，已核", actor=head, now=self.tick())
        except Conflict as problem:
            assert (problem.code, _over(holds)) == ("limit_kept", False)
        else:
            self.allowed[run_id] = set(holds)

    def release(self) -> None:
        """Refused as long as it is above the limits without a word for just this, or other than its maker submitted it."""
        if not self.submitted:
            return
        checker, run_id = self.world.actor("xj.checker"), self.submitted[0]
        with self.db.view(ROOT.scope) as session:
            holds, fixed = _held(session, run_id), session.get_one(PaymentRun, run_id).count
        due = _over(holds) and self.allowed.get(run_id) != set(holds)
        try:
            with self.db.unit_of_work(checker.scope) as session:
                payment.release(session, run_id=run_id, actor=checker, now=self.tick())
        except Conflict as problem:
            assert (problem.code, due) == ("limit_exceeded", True)
        except GuardFailed as problem:
            if problem.code == "credit_contradicts":
                assert self.clear(), "the bank's late word of an earlier sending stands in the way, nothing else"
                return
            assert (problem.code, len(holds) != fixed) == ("run_changed" if holds else "run_empty", True)
            with self.db.unit_of_work(checker.scope) as session:
                payment.send_back(session, run_id=run_id, reason="内容有变", actor=checker, now=self.tick())
            self.drafts.append(self.submitted.pop(0))
        else:
            assert not due and len(holds) == fixed
            self.released.append(self.submitted.pop(0))

    def clear(self) -> bool:
        """Two persons look into what the bank said twice: credits of ours that moved nothing; whether there were any."""
        maker, checker = self.world.actor("xj.maker"), self.world.actor("xj.checker")
        with self.db.view(ROOT.scope) as session:
            found = [line.id for line in queries.unmatched_lines(session) if line.kind == "credit" and line.payment_id]
        for line_id in found:
            with self.db.unit_of_work(maker.scope) as session:
                payment.propose_dismiss(session, line_id=line_id, reason="旧回执", actor=maker, now=self.tick())
            with self.db.unit_of_work(checker.scope) as session:
                payment.confirm_line(session, line_id=line_id, actor=checker, now=self.tick())
        return bool(found)

    def send(self, crash: bool) -> None:
        """The file is laid; with `crash` all else is lost, and what is laid later must be the same bytes."""
        if not self.released:
            return
        run_id = self.released[0]
        try:
            with self.db.unit_of_work(ROOT.scope) as session:
                content = payment.write_file(session, run_id=run_id, actor=ROOT, now=self.tick()).read_bytes()
                assert self.laid.setdefault(run_id, content) == content
                if crash:
                    raise Crash
        except Crash:
            return
        self.released.remove(run_id)

    def bank_answers(self, place: int, credited: bool, garbled: bool) -> None:
        """The bank books one line it has, and says so, or says it under a number that is none. What it credited it may take back."""
        with self.db.view(ROOT.scope) as session:
            lines = session.exec(select(BankLine).where(BankLine.kind == "sent").order_by(col(BankLine.reference))).all()
            fresh = [line for line in lines if line.reference not in self.answered
                     or (not credited and self.booked[line.reference])]
            if not fresh:
                return
            line = fresh[place % len(fresh)]
            run = session.get_one(PaymentRun, line.run_id)
            self.serial += 1
            said = answer(session, line, "credited" if credited else "returned", serial=f"B{self.serial}", bank_time=self.tick(),
                          **({"reference": f"X{self.serial}"} if garbled else {}))
        self.answered.add(line.reference)
        self.booked[line.reference] = line.amount_fen if credited else 0
        self.told.append(Told(layout_of(run.bank).answer(run.run_no, [said]), said, line.reference))
        summary = self.read(self.told[-1])
        assert bool(summary.unmatched) == garbled
        if not garbled:
            self.known[line.reference] = self.booked[line.reference]

    def plan_and_settle(self) -> None:
        """As the flows do, again and again: nothing is planned twice."""
        with self.db.unit_of_work(ROOT.scope) as session:
            payment.plan(session, claim_ids=self.claims, actor=ROOT, now=self.tick())
            assert payment.plan(session, claim_ids=self.claims, actor=ROOT, now=self.now) == []
            payment.settle(session, claim_ids=self.claims, actor=ROOT, now=self.now)

    def states(self) -> dict[uuid.UUID, tuple[str, int]]:
        with self.db.view(ROOT.scope) as session:
            return {row.id: (row.state, row.attempt) for row in session.exec(select(Payment)).all()}

    def check(self) -> None:
        """Obligations as decided; credited here is what the house knows of the bank's books, where no claim ever has too much."""
        owed, paid, books, known = Counter[uuid.UUID](), Counter[uuid.UUID](), Counter[uuid.UUID](), Counter[uuid.UUID]()
        with self.db.view(ROOT.scope) as session:
            rows = session.exec(select(Payment).where(Payment.state != "cancelled")).all()
            for row in rows:
                owed[row.claim_id] += row.amount_fen
                paid[row.claim_id] += row.amount_fen if row.state == "credited" else 0
            self.seen = {row.state for row in rows}
            for line in session.exec(select(BankLine).where(BankLine.kind == "sent")).all():
                claim = session.get_one(Payment, line.payment_id).claim_id
                books[claim] += self.booked[line.reference]
                known[claim] += self.known[line.reference]
            lines = session.exec(select(BankLine).where(col(BankLine.fault).is_(None), BankLine.kind != "sent")).all()
        assert [owed[claim] for claim in self.claims[:3]] == list(AMOUNTS) and owed[self.claims[3]] <= WEIGHED
        assert paid == known
        assert all(books[claim] <= most for claim, most in zip(self.claims, (*AMOUNTS, WEIGHED), strict=True))
        assert all(count == 1 for count in Counter((line.reference, line.kind) for line in lines).values())

    def paid(self) -> bool:
        """Whether all is where it belongs, to the fen; then the books balance and what the house promises holds."""
        with self.db.view(ROOT.scope) as session:
            if {session.get_one(Claim, claim).state for claim in self.claims} != {"paid"}:
                return False
            assert session.execute(sa.text("SELECT coalesce(sum(amount_fen), 0) FROM ledger_entry")).scalar_one() == 0
            broken = [found for check in checks.CHECKS if check.code in PROMISES for found in check.find(session)]
        assert (sum(self.booked.values()), broken) == (sum(AMOUNTS) + WEIGHED, [])
        return True

    def full_drafts(self) -> bool:
        with self.db.view(ROOT.scope) as session:
            return any(_held(session, run_id) for run_id in self.drafts)

    def read(self, told: Told) -> payment.ReturnSummary:
        """What matches nothing is remembered, with what the bank means."""
        maker = self.world.actor("xj.maker")
        with self.db.unit_of_work(maker.scope) as session:
            summary = payment.read_return(session, content=told.content, file_name="r.txt", actor=maker, now=self.tick())
            if summary.unmatched:
                [line] = session.exec(select(BankLine.id).where(BankLine.file_sha256 == summary.file_sha256)).all()
                self.strays.append(Stray(line, told.about, told.said.status == "credited"))
        return summary


def in_order(session: Session, state: str) -> Sequence[Payment]:
    """Payments of a state; the same days give the same order, whatever ids were drawn."""
    return session.exec(select(Payment).join(Payee, col(Payee.id) == col(Payment.payee_id)).where(Payment.state == state).order_by(
        col(Payment.claim_id), col(Payment.created_at), col(Payee.ordinal), col(Payment.purpose))).all()


def _held(session: Session, run_id: uuid.UUID) -> dict[uuid.UUID, int]:
    """What a run holds, in fen."""
    return dict(session.exec(select(Payment.id, Payment.amount_fen).where(Payment.run_id == run_id)).all())


def _over(holds: dict[uuid.UUID, int]) -> bool:
    return any(fen > LARGEST for fen in holds.values())
