"""The play goes on after the decision: bulk, sheets, questions, money, objections, corrections, calling a claim away."""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa

from services.access.actor import Actor
from services.core.errors import NotFound
from services.evidence import service as evidence
from services.intake import cancelling
from services.models import Objection, Supplement
from services.payment import service as payment
from services.reporting import checks
from services.reporting.separation import proof
from services.review import amendment, bulk, objection, reopening, summary
from services.review.after_queries import objections_of
from tests.services.review_play import DECIDED, PEOPLE, Play
from tests.services.review_world import SYSTEM
from tests.support.road import BANK, credited
from tests.support.world import XJ_PLAN

LATER = ("bulk", "bulk", "sheet", "sheet", "ask", "uphold", "worker", "worker", "pay", "pay", "object", "object", "accept",
         "accept", "dismiss", "withdraw", "amend", "confirm", "confirm", "drop_amend", "cancel", "confirm_cancel", "keep", "keep")
ALWAYS = ("numbers_whole",)     # a letter's number is drawn in the transaction that is given up


class LaterPlay(Play):
    """`others`: further claims in review, for acts on many."""

    others: tuple[uuid.UUID, ...] = ()

    def do_bulk(self, actor: Actor, choice: int) -> None:
        """One claim alone, or with another that waits elsewhere: all or none, and the rehearsal moves nothing."""
        ids = [self.claim, *(self.others[:1] if choice % 4 == 0 else ())]
        asks = [bulk.Ask(row.claim_no, row.digest) for row in self.session.execute(
            sa.text("SELECT claim_no, digest FROM claim WHERE id = ANY(:ids)"), {"ids": ids})]
        before, step = self.traces(ids), self.open_step()
        tried = bulk.rehearse(self.session, asks=asks, actor=actor, now=self.now)
        assert self.traces(ids) == before, "a rehearsal left something behind"
        try:
            with self.session.begin_nested():
                done = bulk.pass_many(self.session, asks=asks, actor=actor, now=self.now)
        except bulk.NotAllPassed as error:
            assert [result.code for result in error.results] == [result.code for result in tried]
            assert self.traces(ids) == before, "one could not be passed, and another was"
            raise
        assert all(result.passed for result in tried) and len(done) == len(ids)
        self.note("pass", actor, step, next(result.decided_fen for result in done if result.claim_id == self.claim))

    def traces(self, ids: list[uuid.UUID]) -> list[tuple[object, ...]]:
        return [tuple(row) for row in self.session.execute(sa.text(
            "SELECT c.id, c.state, c.version, c.audit_seq, (SELECT count(*) FROM worksheet w WHERE w.claim_id = c.id), (SELECT string_agg("
            "s.state || coalesce(s.taken_by::text, ''), ',' ORDER BY s.id) FROM review_step s WHERE s.claim_id = c.id) FROM claim c"
            " WHERE c.id = ANY(:ids) ORDER BY c.id"), {"ids": ids})]

    def do_sheet(self, actor: Actor, choice: int) -> None:
        step, claim_no = self.open_step(), self.row().claim_no
        sheet = summary.draft(self.session, plan=XJ_PLAN, month=self.now.date(), level=step.level if step else None,
                              claim_nos=[claim_no], actor=actor, now=self.now).sheet
        [done] = summary.sign(self.session, sheet_id=sheet.id, actor=actor, now=self.now)
        self.note("pass", actor, step, done.decided_fen)

    def do_ask(self, actor: Actor, choice: int) -> None:
        evidence.ask(self.session, **self.common(actor), items=[{"paper": "diagnosis", "reason": "不清"}], reason="再核")

    def do_again(self, actor: Actor, choice: int) -> None:
        """A question is answered first: the paper cannot be had."""
        if self.row().state == "supplementing":
            asked = self.session.execute(sa.select(Supplement).where(sa.column("claim_id") == self.claim).order_by(
                sa.column("asked_at").desc(), sa.column("id").desc()).limit(1)).scalar_one()
            evidence.deliver(self.session, supplement_id=asked.id, actor=SYSTEM, now=self.now)
            clerk = self.actor(PEOPLE.index("clerk"))
            with self.seat(clerk):
                evidence.answer(self.session, supplement_id=asked.id, actor=clerk, now=self.now,
                                items=[{"paper": "diagnosis", "state": "unavailable", "note": "原件已灭失"}])
        super().do_again(actor, choice)

    # --- after the decision -----------------------------------------------------------------------------------------------

    def do_worker(self, _: Actor, choice: int) -> None:
        """What the flow owes after a decision: a later round concluded, payments planned."""
        reopening.conclude(self.session, claim_ids=[self.claim], actor=SYSTEM, now=self.now)
        payment.plan(self.session, claim_ids=[self.claim], actor=SYSTEM, now=self.now)

    def do_pay(self, actor: Actor, choice: int) -> None:
        """Maker, checker, bank."""
        self.do_worker(actor, choice)
        maker, checker = (self.world.actor(f"xj.{login}") for login in ("maker", "checker"))
        with self.seat(maker):
            run = payment.build_run(self.session, plan=XJ_PLAN, bank=BANK, actor=maker, now=self.now).id
            payment.submit(self.session, run_id=run, actor=maker, now=self.now)
        with self.seat(checker):
            payment.release(self.session, run_id=run, actor=checker, now=self.now)
        payment.write_file(self.session, run_id=run, actor=SYSTEM, now=self.now)
        content = credited(self.session, run, self.now)
        with self.seat(maker):
            payment.read_return(self.session, content=content, file_name=f"{run}.txt", actor=maker, now=self.now)
        payment.settle(self.session, claim_ids=[self.claim], actor=SYSTEM, now=self.now)

    def do_object(self, _: Actor, choice: int) -> None:
        member = next(one for one in self.world.members["xj"] if one.person_id == self.row().person_id)
        with self.seat(member.actor):
            objection.lodge(self.session, claim_id=self.claim, grounds="另有会诊意见", actor=member.actor, now=self.now)

    def objection(self) -> Objection:
        found = objections_of(self.session, self.claim)
        if not found:
            raise NotFound("objection_missing", "没有异议", remedy="先提出")
        return found[-1]

    def do_accept(self, actor: Actor, choice: int) -> None:
        objection.accept(self.session, objection_id=self.objection().id, actor=actor, now=self.now)
        self.next_round(heard_by_others=True)

    def do_dismiss(self, actor: Actor, choice: int) -> None:
        objection.dismiss(self.session, objection_id=self.objection().id, words="逾期", actor=actor, now=self.now)
        raise AssertionError("an objection in time was not heard")

    def do_withdraw(self, _: Actor, choice: int) -> None:
        member = next(one for one in self.world.members["xj"] if one.person_id == self.row().person_id)
        with self.seat(member.actor):
            objection.withdraw_objection(self.session, objection_id=self.objection().id, actor=member.actor, now=self.now)

    def do_amend(self, actor: Actor, choice: int) -> None:
        event = {**self.row().event, "severity": "light" if choice % 2 else "malignant"}
        changes = [{"what": "姓名", "old": "甲", "new": "乙"}]
        wrong: dict[str, Any] = {"kind": "fact", "event": event} if choice < 8 else {"kind": "clerical", "changes": changes}
        amendment.ask_amendment(self.session, **self.common(actor), why="录入有误", **wrong)

    def do_confirm(self, actor: Actor, choice: int) -> None:
        amendment.confirm_amendment(self.session, **self.common(actor))
        self.next_round(heard_by_others=False)

    def do_drop_amend(self, actor: Actor, choice: int) -> None:
        amendment.drop_amendment(self.session, **self.common(actor), reason="无误")

    def next_round(self, *, heard_by_others: bool) -> None:
        self.barred = {person for persons in self.acted.values() for person in persons} if heard_by_others else set()
        self.acted = {}

    def do_cancel(self, actor: Actor, choice: int) -> None:
        cancelling.ask_cancel(self.session, **self.common(actor), ground="mistake", reason="误录")

    def do_confirm_cancel(self, actor: Actor, choice: int) -> None:
        if choice < 4:
            cancelling.confirm_cancel(self.session, **self.common(actor))

    def do_keep(self, actor: Actor, choice: int) -> None:
        cancelling.drop_request(self.session, **self.common(actor), reason="核实无误")

    def finish(self) -> str:
        """To the end, once more where nobody objected yet; then every promise of the house holds, and the proof with them."""
        ended = super().finish()
        if ended in DECIDED and self.row().round == 1:
            for verb in ("drop_amend", "object", "accept"):
                self.do((verb, PEOPLE.index("head"), 0))
            ended = super().finish()
        if ended in DECIDED:
            with self.seat(SYSTEM):
                self.do_worker(SYSTEM, 0)
        assert [breach for breach in checks.run(self.session) if breach.check not in ALWAYS] == []
        assert proof(self.session, self.now.year).violations == ()
        return ended
