"""Where the runs start: offices with work owed, so that every topic of the house is worked at least once.

Each start is small and owes several topics; a run keeps one of them and what follows from it. The days are those of the tests' world.
"""

from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal

import sqlalchemy as sa

from infra.lab.crash import starts_later
from infra.lab.crash.ground import SPRING, Ground, Start
from services.core.clock import at_hour
from services.evidence import service as evidence
from services.intake import data_requests
from services.intake import service as intake
from services.lifecycle.create import create
from services.models import Receivable
from services.notice import service as notice
from services.payment import receivables
from services.payment import service as payment
from services.review import objection
from services.review import service as review
from services.sla import sweep as sla
from tests.services import after_world, review_world
from tests.services.paying_world import decided, heirs, in_run, made, prove_heirs, read, returned_file, sent
from tests.support.paper_files import page, saved
from tests.support.world import ROOT

_ITEMS = [{"paper": "pathology", "reason": "报告没有加盖医院印章"}]
_NONE = [{"paper": "pathology", "state": "unavailable", "note": "医院已撤销"}]


def _reported(ground: Ground) -> None:
    """A report, a list asked, one answered, a claim withdrawn, papers uploaded, a copy of one's data asked for."""
    world, now = ground.world, ground.at
    review_world.report(world, 0, now)
    ground.does("xj.m5", data_requests.ask, person_id=world.person("xj.m5"), kind="export")
    asked = review_world.report(world, 1, now)
    ground.does("xj.clerk", evidence.ask, claim_id=asked, items=_ITEMS)
    answered = review_world.report(world, 2, now)
    listed = ground.does("xj.clerk", evidence.ask, claim_id=answered, items=_ITEMS)
    ground.does("xj.clerk", evidence.deliver, supplement_id=listed.id, on=None)
    ground.does("xj.clerk", evidence.answer, supplement_id=listed.id, on=None, items=_NONE)
    gone = review_world.report(world, 3, now)
    with ground.db.unit_of_work(ROOT.scope) as session:
        review_world.add_paper(session, gone, "cn.xj.wlmq.tsd.u001.", "withdrawal", now)
    ground.does("xj.clerk", intake.withdraw, claim_id=gone, reason="withdrawn")
    papers = review_world.report(world, 4, now)
    for kind, light in (("diagnosis", 246), ("pathology", 240)):
        content = saved(page(600, 800, light=light))
        ground.does("xj.clerk", evidence.upload, claim_id=papers, kind=kind, file_name="材料.png", content=content)


def _lapsing(ground: Ground) -> None:
    """Two lists of March, both reminded of twice: one lapsed and is answered now, the other lapses with the next sweep."""
    world, asked_at = ground.world, SPRING
    lists = []
    for n in (0, 1):
        claim = review_world.report(world, n, asked_at)
        listed = ground.does("xj.clerk", evidence.ask, claim_id=claim, items=_ITEMS, at=asked_at)
        ground.does("xj.clerk", evidence.deliver, supplement_id=listed.id, on=None, at=asked_at)
        lists.append(listed.id)
    for day in (date(2026, 4, 6), date(2026, 4, 16)):
        with ground.db.unit_of_work(ROOT.scope) as session:
            notice.remind(session, actor=ROOT, now=at_hour(day))
            ids = list(session.execute(sa.text("SELECT id FROM notice WHERE code = 'reminder' AND state = 'drafted'")).scalars())
            notice.issue(session, notice_ids=ids, actor=ROOT, now=at_hour(day))
            notice.dispatch(session, notice_ids=ids, actor=ROOT, now=at_hour(day))
            for one in ids:
                notice.deliver(session, notice_id=one, proof="会员打开", actor=ROOT, now=at_hour(day))
    ground.does("system", evidence.lapse, supplement_ids=lists[:1], at=at_hour(date(2026, 4, 24)))
    ground.does("xj.clerk", evidence.answer, supplement_id=lists[0], on=None, items=_NONE)
    ground.owe("timetable.sweep")


def _reviewed(ground: Ground) -> None:
    """In spring: verified, sent back, taken off hold, a level opened; since then nobody looked, and the level is past its days."""
    world = ground.world
    verified = review_world.report(world, 0, SPRING)
    review_world.verify(world, verified, SPRING, verifier=world.actor("xj.clerk"))
    back = review_world.in_review(world, 1, SPRING)
    review_world.passes(world, back, "xj.clerk", SPRING)
    ground.does("xj.district", review.send_back, claim_id=back, reason="papers_missing", at=SPRING)
    held = review_world.report(world, 2, SPRING)
    review_world.verify(world, held, SPRING, verifier=world.actor("xj.clerk"))
    ground.does("xj.district", review.hold, claim_id=held, reason="investigation", at=SPRING)
    ground.does("xj.district", review.unhold, claim_id=held, at=SPRING)
    review_world.passes(world, review_world.in_review(world, 3, SPRING), "xj.clerk", SPRING)
    with ground.db.unit_of_work(ROOT.scope) as session:
        sla.sweep(session, now=ground.at)


def _decided(ground: Ground) -> None:
    """Approved, refused, paid ahead, objected to, opened again, dismissed, asked back, let go."""
    world, now = ground.world, ground.at
    after_world.decided(world, 3, now)
    with ground.db.unit_of_work(ROOT.scope) as session:
        refused = [decided(session, world, n, 0, now=now, kind="nothing", state="refused", reason="in_situ").id for n in (0, 1, 4)]
    ground.owe("claim.refuse", claim_id=refused[0])
    again = after_world.decided(world, 5, now)
    raised = after_world.lodged(world, again, now, by="xj.m5")
    after_world.accepted(world, raised, now)
    turned_down = after_world.lodged(world, refused[1], now, by="xj.m1")
    ground.tell("UPDATE objection SET late = true WHERE id = :id", id=turned_down)
    ground.does("xj.head", objection.dismiss, objection_id=turned_down, words="没有新的事实")
    ahead = review_world.in_review(world, 2, now)
    ground.does("xj.office1", payment.propose_advance, claim_id=ahead, amount=Decimal("5000.00"), reason="病理会诊结论尚未作出")
    ground.does("xj.senior", payment.confirm_advance, claim_id=ahead)
    for place, claim in enumerate(refused):
        _asked_back(ground, claim, ("open", "received", "let go")[place])


def _asked_back(ground: Ground, claim: uuid.UUID, how: str) -> None:
    """Money to be paid back: asked, paid, or let go by two persons."""
    with ground.db.unit_of_work(ROOT.scope) as session:
        person, org_key = session.execute(sa.text("SELECT person_id, org_key FROM claim WHERE id = :id"), {"id": claim}).one()
        row = Receivable(org_key=org_key, state="open", claim_id=claim, round=1, person_id=person, amount_fen=700_000, why="advance",
                         created_at=ground.at)
        create(session, "receivable", [row], actor=ROOT, now=ground.at)
        key = row.id
    if how == "open":
        return
    ground.does("xj.maker", receivables.agree, receivable_id=key, agreement="4月底一次返还7000元")
    if how == "received":
        ground.does("xj.maker", receivables.receive, receivable_id=key, amount=Decimal("7000.00"), reference="B9")
        return
    ground.does("xj.maker", receivables.propose_write_off, receivable_id=key, reason="家庭困难")
    ground.does("xj.head", receivables.write_off, receivable_id=key)


def _paid(ground: Ground) -> None:
    """A run released; another's answers read: one credited, one returned, and a payee who died meanwhile."""
    world, now = ground.world, ground.at
    made(world, now, 6_000_000, 5_000_000)
    run = sent(world, now)
    read(world, returned_file(world, run, "credited", "returned"), now)
    with ground.db.unit_of_work(ROOT.scope) as session:
        payment.plan(session, claim_ids=[decided(session, world, 2, 4_000_000, now=now).id], actor=ROOT, now=now)
    ground.does("xj.checker", payment.release, run_id=in_run(world, now))
    with ground.db.unit_of_work(ROOT.scope) as session:
        died = decided(session, world, 4, 3_000_000, now=now)
        prove_heirs(session, died, now)
        claim = died.id
    ground.does("xj.office1", payment.note_death, claim_id=claim, died_on=date(2026, 3, 19), heirs=heirs([1, 2], [1, 2]))


STARTS: tuple[Start, ...] = (
    Start("reported", ("claim.create", "supplement.create", "claim.answer", "claim.cancel", "paper.upload", "data.export"),
          _reported),
    Start("lapsing", ("claim.resume", "timetable.sweep"), _lapsing, at=at_hour(date(2026, 5, 6))),
    Start("reviewed", ("claim.verify", "claim.send_back", "claim.unhold", "clock.breach"), _reviewed, at=at_hour(date(2026, 5, 8))),
    Start("decided", ("claim.approve", "claim.refuse", "claim.reopen", "claim.advance", "objection.create", "objection.decide",
                      "receivable.create", "receivable.receive", "receivable.write_off"), _decided),
    Start("paid", ("payment_run.release", "payment.credit", "payment.bounce", "claim.note_death"), _paid),
    *starts_later.STARTS,
)
