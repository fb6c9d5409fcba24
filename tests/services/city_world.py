"""A Beijing whose members are settled by the quarter: eight members of `bj-medical`, their union cards, and feeds written by hand."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from services.access.actor import Actor, Role
from services.core.db import Database, Scope
from services.enrolment import service as enrolment
from services.payment import service as payment
from services.simulate.synthetic import Synthetic, roster_xlsx, synthetic_person
from tests.services import beijing_world
from tests.services.beijing_world import OFFICE, UNIT, UNIT_NAME
from tests.support.world import ROOT, World, build_world, open_login

PLAN, YEAR = "bj-medical", 2026
MEMBERS = 8


@dataclass(frozen=True, slots=True)
class City:
    """The world, its members in order, and who makes settlements."""

    world: World
    members: Sequence[Synthetic]
    persons: Sequence[uuid.UUID]
    maker: Actor


def build(db: Database, now: datetime, *, members: int = MEMBERS) -> City:
    """Members 0 … of one unit, each with a cover of the year and a union card."""
    world = build_world(db, now)
    beijing_world.extend(world, now, covers=())
    people = [synthetic_person(serial, region="110199", born=date(1980, 1, 1 + serial % 28), bank="BOB_UNION_CARD")
              for serial in range(members)]
    with world.db.unit_of_work(Scope("cn")) as session:
        for login, role, serial in (("bj.maker", Role.FINANCE_MAKER, 480), ("bj.checker", Role.FINANCE_CHECKER, 481),
                                    ("bj.auditor", Role.AUDITOR, 482)):
            staff = synthetic_person(serial, born=date(1978, 5, 2))
            person = enrolment.add_person(session, name=staff.name, id_number=staff.id_number, actor=ROOT, now=now)
            open_login(session, world, login, OFFICE, role, person.id, person.name, now)
        done = enrolment.enrol(session, content=roster_xlsx(people, unit=UNIT_NAME), file_name="名单.xlsx", plan=PLAN,
                               org_id=world.org(UNIT), effective=date(YEAR, 1, 1), payer_kind="public", actor=ROOT, now=now)
        assert not done.faults, done.faults
        enrolment.open_fund(session, plan=PLAN, opening=Decimal(1_000_000), actor=ROOT, now=now)
        payment.register_account(session, plan=PLAN, holder="北京职工互助保障中心", number="0109000000000001", actor=ROOT, now=now)
        persons = [enrolment.add_person(session, name=one.name, id_number=one.id_number, actor=ROOT, now=now).id for one in people]
    return City(world, people, persons, world.actor("bj.maker"))
