"""The starts beyond the desk: the insurer's side, letters on their way, rosters, a city's quarter, and the timetables."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

import sqlalchemy as sa

from flows.dispatch import ROUTES
from infra.lab.crash.ground import SPRING, Ground, Start
from services.core.clock import at_hour
from services.enrolment import sending
from services.enrolment.enrolling import Asked
from services.evidence import service as evidence
from services.evidence import viewing
from services.insurer import service as insurer
from services.notice import contacts
from services.notice import service as notice
from services.outbox import service as outbox
from services.outbox.service import Work
from services.simulate.synthetic import roster_xlsx, synthetic_person
from tests.services import city_world, recount_world
from tests.services.city_world import Row
from tests.services.handoff_world import BREAST, collect, forward, number, with_insurer
from tests.services.insurer_world import polled
from tests.services.paying_world import decided
from tests.services.review_world import in_review, passes, report
from tests.support.claims import XJ_EVENT
from tests.support.claims import report as reported
from tests.support.paper_files import page, photo, saved
from tests.support.world import NX_PLAN, ROOT

_UNIT = "cn.nx.yc.xq.u001."
# The other timetables have starts of their own.
_TIMED = tuple(topic for topic in ROUTES if topic.startswith("timetable.") and topic.partition(".")[2] not in (
    "sweep", "collect", "reconcile", "letters", "recount"))
_QUESTION = [{"code": "Q1", "paper": "other", "text": "请说明就诊经过"}]


def _insured(ground: Ground) -> None:
    """Certified and not sent, taken back unsent, answered and not told, asked back, decided and not fetched: to pay and not to pay."""
    world, twin, now = ground.world, ground.insurer, ground.at
    ready = in_review(world, 0, now, office="nx", event=BREAST)
    passes(world, ready, "nx.clerk", now)
    asked = with_insurer(world, twin, now, n=1)
    _desk(ground, asked, "file", "question")
    collect(world, twin, asked, now)
    with ground.db.view(ROOT.scope) as session:
        listed = session.execute(sa.text("SELECT id FROM supplement WHERE claim_id = :id"), {"id": asked}).scalar_one()
    ground.does("nx.clerk", evidence.deliver, supplement_id=listed, on=None)
    ground.does("nx.clerk", evidence.answer, supplement_id=listed, on=None,
                items=[{"paper": "other", "state": "unavailable", "note": "病历已遗失"}])
    back = with_insurer(world, twin, now, n=2)
    ground.does("nx.office1", insurer.recall, claim_id=back, reason="案卷须补充病理报告")
    unsent = in_review(world, 5, now, office="nx", event=BREAST)
    passes(world, unsent, "nx.clerk", now)
    assert forward(world, unsent, now) == [unsent]
    ground.does("nx.office1", insurer.recall, claim_id=unsent, reason="案卷须补充病理报告")
    ground.tell("DELETE FROM outbox WHERE claim_id = :id AND topic <> 'claim.recall'", id=unsent)
    paid = with_insurer(world, twin, now, n=3)
    _desk(ground, paid, "file", "decide", "settle")
    ground.owe("timetable.collect")
    refused = with_insurer(world, twin, now, n=4, event={**BREAST, "icd10": "D06.900", "behaviour": "2"})
    _desk(ground, refused, "file", "decide")
    with ground.db.unit_of_work(ROOT.scope) as session:         # as the webhook keeps them
        for message in polled(twin, number(world, refused)):
            insurer.receive(session, message=message, now=now)
        outbox.add(session, [Work("insurer.message", _UNIT, refused)], now=now)
    ground.owe("timetable.reconcile")


def _desk(ground: Ground, claim: uuid.UUID, *steps: str) -> None:
    for step in steps:
        more = {"items": _QUESTION} if step == "question" else {}
        ground.insurer.desk(number(ground.world, claim), step, at=ground.at.isoformat(), **more)


def _told(ground: Ground) -> None:
    """A letter whose message is owed, one that nobody opened for a week, one not yet written, rights about to end."""
    world, earlier = ground.world, ground.at - timedelta(days=8)
    for n in (0, 1):
        me = world.actor(f"xj.m{n}")
        with ground.db.unit_of_work(me.scope) as session:
            contacts.choose(session, wanted=[contacts.Wanted("sms", f"1381234567{n}")], actor=me, now=earlier)
    for n, at in ((0, ground.at), (1, earlier)):
        with ground.db.unit_of_work(ROOT.scope) as session:
            claim = decided(session, world, n, 6_000_000, now=at)
            [row] = notice.draft(session, topic="claim.approve", claim_ids=[claim.id], actor=ROOT, now=at)
            notice.issue(session, notice_ids=[row.id], actor=ROOT, now=at)
            notice.dispatch(session, notice_ids=[row.id], actor=ROOT, now=at)
    report(world, 2, ground.at)
    with ground.db.unit_of_work(ROOT.scope) as session:
        notice.draft(session, topic="claim.create", claim_ids=session.execute(sa.text(
            "SELECT c.id FROM claim c JOIN outbox o ON o.claim_id = c.id AND o.topic = 'claim.create'")).scalars().all(),
            actor=ROOT, now=ground.at)
    ground.owe("timetable.letters")


def _rostered(ground: Ground) -> None:
    """A roster sent and not waited for, and one that is refused."""
    world, who = ground.world, ground.world.actor("nx.clerk")
    people = [synthetic_person(serial) for serial in range(20, 40)]
    for content in (roster_xlsx(people, unit="兴庆区示例一厂工会"), roster_xlsx(people[:2], unit="没有这一单位")):
        with world.db.unit_of_work(who.scope) as session:
            sending.send(session, content=content, actor=who, now=ground.at, asked=Asked(
                "名单.xlsx", NX_PLAN, world.org(_UNIT), date(2026, 4, 1), "self"))


def _city(ground: Ground) -> None:
    """A city's last quarter after its first: more, less, late, reversed, above the cap, a stranger."""
    april = at_hour(date(2026, 4, 10))
    city = city_world.build(ground.db, april)
    city_world.settle(city, [Row(0, "A1", "2026-01-05", "8406.00"), Row(1, "B1", "2026-01-06", "5000.00", stay=True),
                             Row(7, "H1", "2026-02-05", "53800.00", over="50000.00")], april, quarter=1)
    city_world.begin(city, [Row(0, "A1", "2026-01-05", "4300.00"), Row(1, "B2", "2026-12-06", "3000.00", stay=True),
                            Row(3, "D1", "2026-10-31", "7000.00"), Row(4, "E1", "2026-10-31", "700.00", name="别人"),
                            Row(7, "H1", "2026-02-05", "53800.00", over="50000.00", reversed=True),
                            Row(6, "G1", "2026-11-05", "64000.00", over="60000.00")], ground.at, quarter=4)


def _timed(ground: Ground) -> None:
    """Papers whose time is over, money to be proven, figures to be brought up."""
    world, then = ground.world, SPRING
    with ground.db.unit_of_work(ROOT.scope) as session:
        _, [old, *_] = reported(session, world, world.member(0, "xj"), XJ_EVENT, then)
        for kind, content in (("diagnosis", photo()), ("pathology", saved(page(600, 850)))):
            evidence.upload(session, claim_id=old.id, kind=kind, file_name="材料.jpg", content=content, actor=ROOT, now=then)
        viewing.keep(session, [(paper, viewing.draw(paper)) for paper in viewing.undrawn(session, [old.id])])
        decided(session, world, 1, 6_000_000, now=then)
        key = old.id
    ground.tell("UPDATE cover v SET effective = '2026-01-01', until = '2026-12-31' FROM claim c WHERE c.cover_id = v.id AND c.id = :id",
                id=key)
    ground.tell("UPDATE claim SET state = 'closed', updated_at = :at WHERE id = :id", id=key, at=then)
    ground.owe("claim.close", claim_id=key)
    for topic in _TIMED:
        ground.owe(topic)


def _recounted(ground: Ground) -> None:
    """A calendar released that moves promised days, one of them told in a letter."""
    with ground.db.unit_of_work(ROOT.scope) as session:
        claims = [recount_world.pays(session, ground.world, n, date(2026, 12, 14)) for n in (0, 1)]
        recount_world.told(session, claims[0])
    with ground.db.unit_of_work(ROOT.scope) as session:
        recount_world.released(session, ground.world, recount_world.Y2027, 2027)
    ground.owe("timetable.recount")


STARTS: tuple[Start, ...] = (
    Start("insured", ("review_step.pass", "supplement.answer", "insurer.recall", "claim.recall", "timetable.collect", "insurer.message",
                      "timetable.reconcile"), _insured, twin=True),
    Start("told", ("letter.carry", "notice.create", "timetable.letters"), _told, gateway=True),
    Start("rostered", ("roster.enrol",), _rostered),
    Start("city", ("settlement.settle",), _city, at=at_hour(date(2027, 1, 12)), bare=True),
    Start("timed", ("claim.close", *_TIMED), _timed, at=at_hour(date(2032, 1, 5))),
    Start("recounted", ("calendar.release", "timetable.recount"), _recounted, at=recount_world.NOW),
)
