"""One claim played by random people, with what must hold after every step.

What a person counts as is kept by the test itself, from what it did, and never asked of the code that is tested.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import LENDABLE, Actor
from services.access.actors import actor_of
from services.benefit import service as benefit
from services.core.errors import GuardFailed, HuzhuError
from services.evidence import service as evidence
from services.lifecycle.service import Move, fire
from services.models import Account, Claim, ReviewStep, Substitute
from services.review import queries
from services.review import service as review
from services.review.upholding import uphold
from tests.services.review_world import SYSTEM, pdf
from tests.support.world import World

PEOPLE = ("clerk", "district", "city", "office1", "office2", "senior", "head")
VERBS = ("pass", "pass", "take", "take", "drop", "delegate", "delegate", "take_over", "send_down", "send_back", "again", "again",
         "regrade", "hold", "unhold", "escalate", "paper", "leave", "back", "away", "here", "resume", "refuse")
DECIDED = ("payable", "refused", "paid", "closed")
ENDED = (*DECIDED, "cancelled")
GRADES = ("light", "severe", "malignant")

BY_NOBODY = ("again", "leave", "back", "away", "here", "resume", "object", "withdraw", "worker", "pay")     # with seats of their own
ENDING = ("pass", "refuse", "uphold")
Step = tuple[str, int, int]                 # verb, who, a second choice


@dataclass
class Play:
    """One claim, one transaction that is given up at the end, and what the test itself remembers."""

    world: World
    session: Session
    claim: uuid.UUID
    now: datetime
    kin: set[uuid.UUID]
    acted: dict[object, set[uuid.UUID]] = field(default_factory=dict)   # step or "verify" → persons it counts as
    stood: dict[uuid.UUID, set[uuid.UUID]] = field(default_factory=dict)   # substitute's person → absent persons
    decided: list[int | None] = field(default_factory=list)            # fen of each round's decision; None: refused
    made: list[tuple[str, uuid.UUID]] = field(default_factory=list)    # every pass and refusal ever made, with its person
    barred: set[uuid.UUID] = field(default_factory=set)                # who decided before an objection
    seen: Counter[str] = field(default_factory=Counter)
    tried: set[str] = field(default_factory=set)

    def chosen(self, who: int) -> int:
        """One of the people; numbers past them choose among those whose turn it seems to be, or the head."""
        step = self.open_step()
        if who >= 5 * len(PEOPLE) // 2:
            return PEOPLE.index("head")
        if who < len(PEOPLE) or step is None:
            return who % len(PEOPLE)
        actors = [self.actor(number) for number in range(len(PEOPLE))]
        apt = [number for number, actor in enumerate(actors) if (actor.account_id == step.taken_by if step.taken_by else
               actor.has(step.role) and step.duty_key.startswith(actor.org_key))]
        return apt[who % len(apt)] if apt else who % len(PEOPLE)

    def actor(self, who: int) -> Actor:
        account = self.session.get_one(Account, self.world.account(f"xj.{PEOPLE[who]}"), populate_existing=True)
        return actor_of(self.session, account, now=self.now)

    def counts_as(self, person: uuid.UUID) -> set[uuid.UUID]:
        return {person, *self.stood.get(person, set())}

    @contextmanager
    def seat(self, actor: Actor) -> Iterator[None]:
        """Row security as of the actor; what is refused leaves nothing behind."""
        self.scope(actor.scope.org_path)
        try:
            with self.session.begin_nested():
                yield
        finally:
            self.scope("cn")

    def scope(self, path: str) -> None:
        self.session.execute(sa.text("SELECT set_config('app.org_path', :path, true)"), {"path": path})

    def row(self) -> Claim:
        return self.session.get_one(Claim, self.claim, populate_existing=True)

    def steps(self) -> list[ReviewStep]:
        return queries.chain(self.session, self.claim)

    def open_step(self) -> ReviewStep | None:
        return next((step for step in self.steps() if step.state == "open"), None)

    def do(self, step: Step) -> None:
        """One step of the plan; a refusal of the house is an answer, anything else fails the test."""
        verb, who, choice = step
        self.tried.add(verb)
        who = self.chosen(who)
        try:
            with self.seat(SYSTEM if verb in BY_NOBODY else self.actor(who)):
                getattr(self, f"do_{verb}")(self.actor(who), choice)
            self.seen[verb] += 1
        except HuzhuError:
            pass
        self.check()

    def common(self, actor: Actor) -> dict[str, Any]:
        return {"claim_id": self.claim, "actor": actor, "now": self.now}

    def do_pass(self, actor: Actor, choice: int) -> None:
        step = self.open_step()
        done = review.pass_level(self.session, claim_id=self.claim, seen=self.row().digest, actor=actor, now=self.now)
        self.note("pass", actor, step, done.decided_fen)

    def do_refuse(self, actor: Actor, choice: int) -> None:
        step = self.open_step()
        review.refuse(self.session, claim_id=self.claim, reason="facts_unproved", clause="一览表", actor=actor, now=self.now)
        self.note("refuse", actor, step)

    def do_uphold(self, actor: Actor, choice: int) -> None:
        step = self.open_step()
        uphold(self.session, claim_id=self.claim, seen=self.row().digest, actor=actor, now=self.now)
        self.note("refuse", actor, step)

    def note(self, act: str, actor: Actor, step: ReviewStep | None, fen: int | None = None) -> None:
        """What somebody just did at a level; a refusal, or a pass with an amount, decides."""
        assert step is not None and actor.person_id is not None
        self.made.append((act, actor.person_id))
        if step.act == "review":
            self.acted[step.id] = self.counts_as(actor.person_id)
        if act == "refuse" or fen is not None:
            self.decided.append(fen)

    def do_take(self, actor: Actor, choice: int) -> None:
        review.take(self.session, claim_id=self.claim, actor=actor, now=self.now)

    def do_drop(self, actor: Actor, choice: int) -> None:
        review.drop(self.session, claim_id=self.claim, actor=actor, now=self.now)

    def do_delegate(self, actor: Actor, choice: int) -> None:
        able = [one.account_id for one in queries.colleagues(self.session, self.claim, on=self.now.date())]
        to = able[choice % len(able)] if able and choice < 8 else self.world.account(f"xj.{PEOPLE[choice % len(PEOPLE)]}")
        review.delegate(self.session, claim_id=self.claim, to_account=to, reason="转交", actor=actor, now=self.now)

    def do_take_over(self, actor: Actor, choice: int) -> None:
        review.take_over(self.session, claim_id=self.claim, reason="收回", actor=actor, now=self.now)

    def do_send_down(self, actor: Actor, choice: int) -> None:
        levels = [step.level for step in self.steps()] or ["district"]
        review.send_down(self.session, claim_id=self.claim, to_level=levels[choice % len(levels)], reason="computation_doubt",
                         actor=actor, now=self.now)

    def do_send_back(self, actor: Actor, choice: int) -> None:
        review.send_back(self.session, claim_id=self.claim, reason="papers_unclear", actor=actor, now=self.now)

    def do_again(self, _: Actor, choice: int) -> None:
        """The answer: somebody verifies anew, which stands, and the worker computes and routes, again later where nobody is left."""
        if self.row().state == "reported":
            actor = self.actor(choice % len(PEOPLE))
            with self.seat(actor):
                evidence_verify(self.session, self.claim, actor, self.now)
            assert actor.person_id is not None
            self.acted["verify"] = self.counts_as(actor.person_id)
        if self.row().state == "verified":
            try:
                with self.session.begin_nested():
                    benefit.preview(self.session, claim_ids=[self.claim], why="again", actor=SYSTEM, now=self.now)
                    review.route(self.session, claim_ids=[self.claim], actor=SYSTEM, now=self.now)
            except GuardFailed as error:
                assert error.code == "level_without_person", "the worker cannot route what is verified"

    def do_regrade(self, actor: Actor, choice: int) -> None:
        review.regrade(self.session, claim_id=self.claim, fact="severity", value=GRADES[choice % len(GRADES)], reason="复核病历",
                       actor=actor, now=self.now)

    def do_hold(self, actor: Actor, choice: int) -> None:
        review.hold(self.session, claim_id=self.claim, reason="investigation", actor=actor, now=self.now)

    def do_unhold(self, actor: Actor, choice: int) -> None:
        review.unhold(self.session, claim_id=self.claim, actor=actor, now=self.now)

    def do_escalate(self, actor: Actor, choice: int) -> None:
        step = self.open_step()
        review.escalate(self.session, step_ids=[step.id] if step else [], actor=actor, now=self.now)

    def do_resume(self, _: Actor, choice: int) -> None:
        review.resume_waiting(self.session, actor=SYSTEM, now=self.now)

    def do_paper(self, actor: Actor, choice: int) -> None:
        paper = evidence.upload(self.session, claim_id=self.claim, kind="other", file_name="补充.pdf",
                                content=pdf(f"{self.claim} {sum(self.seen.values())}"), actor=actor, now=self.now)
        evidence.judge(self.session, paper_id=paper.id, accept=True, actor=actor, now=self.now)

    def do_leave(self, absent: Actor, choice: int) -> None:
        """The colleague goes on leave; somebody of the same organisation stands in with all that can be lent."""
        substitute = self.actor(choice % len(PEOPLE))
        roles = sorted(absent.roles & LENDABLE)
        if substitute.account_id == absent.account_id or substitute.org_key != absent.org_key or not roles:
            return
        assert absent.account_id and absent.person_id and substitute.account_id and substitute.person_id
        self.session.add(Substitute(
            absent_id=absent.account_id, account_id=substitute.account_id, roles=" ".join(roles), reason="休假",
            from_on=self.now.date(), until_on=self.now.date() + timedelta(days=3), made_by=absent.account_id, made_at=self.now))
        self.session.flush()
        self.stood.setdefault(substitute.person_id, set()).add(absent.person_id)

    def do_back(self, absent: Actor, choice: int) -> None:
        self.session.execute(sa.text("UPDATE substitute SET ended_at = :now WHERE absent_id = :id"),
                             {"now": self.now, "id": absent.account_id})
        for persons in self.stood.values():
            persons.discard(absent.person_id)

    def do_away(self, actor: Actor, choice: int) -> None:
        self.active(actor, on=False)

    def do_here(self, actor: Actor, choice: int) -> None:
        self.active(actor, on=True)

    def active(self, actor: Actor, *, on: bool) -> None:
        self.session.execute(sa.text("UPDATE account SET active = :on WHERE id = :id"), {"on": on, "id": actor.account_id})

    def check(self) -> None:
        """The promises that hold after every step."""
        claim, steps = self.row(), self.steps()
        reviewed: list[set[uuid.UUID]] = []
        for step in steps:
            if step.act == "review" and step.state in ("passed", "refused"):
                assert step.done_person in self.acted[step.id], "a pass nobody made"
                reviewed.append(self.acted[step.id])
        counted = [*([self.acted["verify"]] if claim.verified_person else []), *reviewed]
        everyone = [person for persons in counted for person in persons]
        assert len(everyone) == len(set(everyone)), "one person at two deciding steps"
        assert not self.kin & {person for persons in reviewed for person in persons}, "decided for the own family"
        assert not self.barred & {person for persons in counted for person in persons}, "an objection heard by who decided before"
        assert len([step for step in steps if step.state == "open"]) <= 1
        decisions = self.session.execute(sa.text("SELECT round, amount_fen, decided_person, at FROM decision WHERE claim_id = :id"
                                                 " ORDER BY round"), {"id": self.claim}).all()
        assert [row.amount_fen for row in decisions] == [fen or 0 for fen in self.decided], "a decision lost, changed or taken twice"
        assert all(row.decided_person and row.at for row in decisions)
        assert (claim.state in DECIDED) == (claim.round in {row.round for row in decisions})
        if claim.state in DECIDED:
            assert all(step.state in ("passed", "refused") for step in steps)
        recorded = self.session.execute(sa.text("SELECT event, person_id FROM audit_record WHERE chain_id = :id AND at IS NOT NULL"
            " AND machine = 'review_step' AND event IN ('pass', 'refuse') ORDER BY seq"), {"id": self.claim})
        assert [(row.event, row.person_id) for row in recorded] == self.made, "an act nobody can read any more"

    def finish(self) -> str:
        """Everybody back at work: the claim comes to its decision, or the house says that nobody is left for a level."""
        for who, name in enumerate(PEOPLE):
            self.session.execute(sa.text("UPDATE account SET active = true WHERE login = :login"), {"login": f"xj.{name}"})
            self.do(("back", who, 0))
        head = PEOPLE.index("head")
        if self.row().held:
            self.do(("unhold", head, 0))
        for _ in range(24):
            claim = self.row()
            if claim.state in ENDED:
                return str(claim.state)
            if claim.state in ("reported", "supplementing", "verified"):
                for who in range(len(PEOPLE)):
                    self.do(("again", who, who))
            self.do(("resume", head, 0))
            step = self.open_step()
            if self.row().state == "verified" or self.nobody():     # a level the worker's routing cannot staff, or one that cannot open
                return "nobody"
            assert step is not None, "stuck, and nobody is told"
            before = self.acts()
            if step.taken_by is not None:
                self.take_from(step.taken_by)
            for who in range(len(PEOPLE)):
                for verb in ENDING:
                    if self.acts() == before:
                        self.do((verb, who, 0))
            assert self.acts() > before, f"open at {step.level} and nobody may act"
        raise AssertionError("it never came to a decision")

    def acts(self) -> int:
        return sum(self.seen[verb] for verb in ENDING)

    def take_from(self, account: uuid.UUID) -> None:
        """Whoever has the level gives it back."""
        for who, name in enumerate(PEOPLE):
            if self.world.account(f"xj.{name}") == account:
                self.do(("drop", who, 0))

    def nobody(self) -> bool:
        return self.claim in [row.claim_id for row in queries.unstaffed(self.session, on=self.now.date())]


def evidence_verify(session: Session, claim_id: uuid.UUID, actor: Actor, now: datetime) -> None:
    fire(session, "claim", "verify", [Move(claim_id)], actor=actor, now=now)
    session.execute(sa.text("UPDATE claim SET verified_person = :person WHERE id = :id"), {"person": actor.person_id, "id": claim_id})
