"""Two at the same people: what changed between a roster's check and its covers is looked at again before the commit."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import psycopg
import pytest
from sqlmodel import Session

from services.core.db import Database
from services.core.errors import Conflict, HuzhuError
from services.enrolment import premium, queries
from services.enrolment import service as enrolment
from services.enrolment.enrolling import Progress
from services.ledger import service as ledger
from services.simulate.synthetic import REGIONS, Synthetic, roster_xlsx, synthetic_person
from tests.support.world import EFFECTIVE, NX_PLAN, ROOT, XJ_PLAN, World, build_world

XJ, NX = ("cn.xj.wlmq.tsd.u002.", "天山区示例二厂工会", XJ_PLAN), ("cn.nx.yc.xq.u002.", "兴庆区示例二厂工会", NX_PLAN)
SHE = synthetic_person(930, region=REGIONS["ningxia"])
Superuser = psycopg.Connection[tuple[object, ...]]
_WAITING = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


def _silent(_what: str, _done: int, _of: int) -> None:
    return None


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def _enrol(session: Session, world: World, who: Synthetic, where: tuple[str, str, str], now: datetime, *, others: int,
           progress: Progress = _silent) -> int:
    key, unit, plan = where
    people = [who, *(synthetic_person(others + n, region=REGIONS["ningxia"]) for n in range(2))]
    return enrolment.enrol(session, content=roster_xlsx(people, unit=unit), file_name="r.xlsx", plan=plan, org_id=world.org(key),
                           effective=EFFECTIVE, payer_kind="self", progress=progress, actor=ROOT, now=now).accepted


def _second(world: World, superuser: Superuser, first: Callable[[Session], object], second: Callable[[Session], object]) -> object:
    """What comes of `second` when it has begun before `first` commits, and waits for it."""
    outcome: list[object] = []

    def run() -> None:
        try:
            with world.db.unit_of_work(ROOT.scope) as session:
                outcome.append(second(session))
        except HuzhuError as error:
            outcome.append(error.code)

    thread = threading.Thread(target=run)
    with world.db.unit_of_work(ROOT.scope) as session:
        first(session)
        session.flush()
        thread.start()
        until = time.monotonic() + 20
        while not superuser.execute(_WAITING).fetchone():
            assert thread.is_alive() and time.monotonic() < until, outcome
            time.sleep(0.05)
    thread.join()
    return outcome[0]


@pytest.mark.parametrize(("name", "outcome"), [("王冒名", "people_changed"), (SHE.name, 3)])
def test_a_number_taken_meanwhile_under_another_name(world: World, now: datetime, superuser: Superuser, name: str,
                                                     outcome: object) -> None:
    """Both rosters hold a number nobody had; the second finds whose it became."""
    assert _second(world, superuser, lambda session: _enrol(session, world, SHE, XJ, now, others=940),
                   lambda session: _enrol(session, world, replace(SHE, name=name), NX, now, others=960)) == outcome
    with world.db.view(ROOT.scope) as session:
        person = queries.person_by_number(session, SHE.id_number)
        assert person is not None and person.name == SHE.name
        assert {cover.plan for cover in queries.covers_of(session, person.id)} == ({XJ_PLAN} if outcome != 3 else {XJ_PLAN, NX_PLAN})


def test_a_record_merged_after_the_check_gets_no_cover(world: World, now: datetime) -> None:
    """Between the check and the covers; the kept record was never asked what it holds."""
    kept, dropped = (_person(world, who, now) for who in (replace(synthetic_person(931), name=SHE.name), SHE))

    def merged(what: str, done: int, _of: int) -> None:
        if what == "写入" and done == 0:
            with world.db.unit_of_work(ROOT.scope) as session:
                enrolment.merge_people(session, kept_id=kept, dropped_id=dropped, why="同一人", actor=ROOT, now=now)

    with pytest.raises(Conflict, match="people_changed"), world.db.unit_of_work(ROOT.scope) as session:
        _enrol(session, world, SHE, NX, now, others=960, progress=merged)
    with world.db.view(ROOT.scope) as session:
        assert queries.covers_of(session, kept) == []


def _person(world: World, who: Synthetic, now: datetime) -> uuid.UUID:
    with world.db.unit_of_work(ROOT.scope) as session:
        return enrolment.add_person(session, name=who.name, id_number=who.id_number, actor=ROOT, now=now).id


@pytest.mark.parametrize("money_first", [True, False])
def test_money_and_roster_at_once(world: World, now: datetime, superuser: Superuser, money_first: bool) -> None:
    """Whichever comes second waits for the plan's books, and the money is placed."""
    def money(session: Session) -> int:
        return premium.receive(session, org_id=world.org(XJ[0]), plan=XJ_PLAN, amount=Decimal(75), received_on=now.date(),
                               payer="示例二厂工会", reference="YH-1", actor=ROOT, now=now).covers

    def roster(session: Session) -> int:
        return _enrol(session, world, SHE, XJ, now, others=940)

    assert _second(world, superuser, *((money, roster) if money_first else (roster, money))) == 3
    with world.db.view(ROOT.scope) as session:
        assert ledger.prepaid(session, plan=XJ_PLAN, org_key=XJ[0]) == 0
