"""A Beijing whose members are settled by the quarter: eight members of `bj-medical`, their union cards, and feeds written by hand."""

from __future__ import annotations

import io
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlmodel import select

from services.access.actor import Actor, Role
from services.core.db import Database, Scope
from services.enrolment import service as enrolment
from services.models import Settlement, SettlementLine
from services.payment import service as payment
from services.settlement.city import annual
from services.settlement.city import service as settling
from services.settlement.city.folder import Folder
from services.settlement.feed import receive
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


@dataclass(frozen=True, slots=True)
class Row:
    """One settlement with a hospital as a test writes it: what the member bore of class one, in yuan; `over` of it above the cap."""

    member: int
    setl_id: str
    on: str
    own: str
    stay: bool = False
    over: str = "0"
    reversed: bool = False
    name: str = ""
    certno: str = ""
    extra: str = "0"        # other reimbursement of what is above the cap


_HEAD = ("setl_id,certno,psn_name,insutype,setl_time,med_type,medfee_sumamt,inscp_scp_amt,hifp_pay,hifes_pay,fund_pay_sumamt,psn_part_amt,"
         "over_cap_amt,reversed")


def feed_csv(city: City, rows: Sequence[Row]) -> bytes:
    """The rows as a feed. The fund pays 1000 yuan of each bill; all that is within policy and not the fund's is the member's own."""
    lines = [_HEAD]
    for row in rows:
        member = city.members[row.member]
        scope, funds = Decimal(row.own) + 1000, Decimal(1000) + Decimal(row.extra)
        whole = scope + Decimal(row.extra)
        lines.append(",".join((row.setl_id, row.certno or member.id_number, row.name or member.name, "310", f"{row.on} 10:00:00",
                               "21" if row.stay else "11", f"{whole:.2f}", f"{scope:.2f}", "1000.00", f"{Decimal(row.extra):.2f}",
                               f"{funds:.2f}", f"{whole - funds:.2f}", f"{Decimal(row.over):.2f}", str(int(row.reversed)))))
    return ("\n".join(lines) + "\n").encode()


def begin(city: City, rows: Sequence[Row], now: datetime, *, quarter: int, year: int = YEAR, name: str = "数据.csv") -> uuid.UUID:
    """A feed received and its settlement owed; the settlement's id."""
    content = feed_csv(city, rows)
    with city.world.db.unit_of_work(city.maker.scope) as session:
        feed = receive.receive(session, io.BytesIO(content), file_name=name, size=len(content), plan=PLAN, year=year, quarter=quarter,
                               actor=city.maker, now=now)
        return settling.start(session, feed_id=feed.id, actor=city.maker, now=now).id


def work(city: City, settlement_id: uuid.UUID, now: datetime) -> Settlement:
    """All its steps in this process, as the flow takes them."""
    db, scope = city.world.db, city.maker.scope
    with db.unit_of_work(scope) as session:
        settlement = settling.open_one(session, settlement_id)
        if settlement is None:
            return session.get_one(Settlement, settlement_id)
        settling.prepare(session, settlement=settlement, actor=city.maker, now=now)
    settling.ready(settlement_id)
    with db.view(scope) as session:
        missing = settling.left(session, settlement_id)
    for part in missing:
        with db.unit_of_work(scope) as session:
            settling.settle_part(session, settlement_id=settlement_id, part=part, now=now)
    with db.unit_of_work(scope) as session:
        for year in annual.years(session, session.get_one(Settlement, settlement_id)):
            after: uuid.UUID | None = uuid.UUID(int=0)
            while after is not None:
                _, after = annual.open_next(session, settlement=session.get_one(Settlement, settlement_id), year=year, after=after, now=now)
    with db.unit_of_work(scope) as session:
        done = settling.finish(session, settlement_id=settlement_id, actor=city.maker, now=now)
    Folder.of(settlement_id).remove()
    assert done is not None
    return done


def settle(city: City, rows: Sequence[Row], now: datetime, *, quarter: int, year: int = YEAR) -> Settlement:
    """Received and settled."""
    return work(city, begin(city, rows, now, quarter=quarter, year=year), now)


def lines(city: City, settlement_id: uuid.UUID) -> dict[tuple[int, int], SettlementLine]:
    """The settlement's lines by member and year."""
    place = {person: number for number, person in enumerate(city.persons)}
    with city.world.db.view(city.maker.scope) as session:
        found = session.exec(select(SettlementLine).where(SettlementLine.settlement_id == settlement_id)).all()
    return {(place[line.person_id], line.year): line for line in found}
