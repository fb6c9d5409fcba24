"""Short ways to take premium in, give it back and read the ledger, for the tests of covers and ledger."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from sqlmodel import Session

from services.enrolment import covers, premium
from services.enrolment.queries import covers_of
from services.ledger import queries as ledger
from services.ledger.queries import Premium
from services.models import Cover, PremiumVoucher
from services.reporting import checks
from tests.support.world import NX_PLAN, ROOT, XJ_PLAN, World

XJ_UNIT, NX_UNIT = "cn.xj.wlmq.tsd.u001.", "cn.nx.yc.xq.u001."
_serial = itertools.count(1)


def receive(world: World, yuan: str, now: datetime, *, plan: str = XJ_PLAN, org: str = XJ_UNIT, on: date = date(2026, 3, 20),
            reference: str = "", certificates: Sequence[str] | None = None, login: str = "",
            payer: str = "示例一厂工会") -> premium.Received:
    """Money of a unit, entered by its office's finance maker."""
    actor = world.actor(login or f"{org.split('.')[1]}.maker")
    with world.db.unit_of_work(actor.scope) as session:
        return premium.receive(session, org_id=world.org(org), plan=plan, amount=Decimal(yuan), received_on=on, payer=payer,
                               reference=reference or f"YH{next(_serial)}", certificates=certificates, actor=actor, now=now)


def give_back(world: World, yuan: str, now: datetime, *, certificate_no: str | None = None, plan: str = XJ_PLAN,
              org: str = XJ_UNIT) -> PremiumVoucher:
    """Money to a unit, by its office's finance maker."""
    actor = world.actor(f"{org.split('.')[1]}.maker")
    with world.db.unit_of_work(actor.scope) as session:
        return premium.give_back(session, org_id=world.org(org), plan=plan, amount=Decimal(yuan), returned_on=date(2026, 3, 20),
                                 payee="示例一厂工会", reference=f"TK{next(_serial)}", reason="撤销参保", certificate_no=certificate_no,
                                 actor=actor, now=now)


def end(world: World, certificate_no: str, last_day: date, now: datetime, *, reason: str = "withdrawn", login: str = "xj.office1") -> Cover:
    """An early end, by the office unless another login is named."""
    actor = world.actor(login)
    with world.db.unit_of_work(actor.scope) as session:
        return covers.end(session, certificate_no=certificate_no, reason=reason, last_day=last_day, actor=actor, now=now)


def cover_of(world: World, n: int, office: str = "xj") -> Cover:
    """Member `n`'s newest cover of the office's plan."""
    with world.db.view(ROOT.scope) as session:
        return covers_of(session, world.member(n, office).person_id, XJ_PLAN if office == "xj" else NX_PLAN)[-1]


def premium_of(world: World, cover: Cover) -> Premium:
    """What the ledger says of one cover."""
    with world.db.view(ROOT.scope) as session:
        return ledger.premiums(session, [cover.id])[cover.id]


def books(world: World, plan: str = XJ_PLAN) -> dict[str, int]:
    """Balance of each account of a plan, fen, without what its fund began with; they add up to zero."""
    with world.db.view(ROOT.scope) as session:
        rows = {row.account: row for row in ledger.balances(session, plan)}
    opening = rows.pop("opening").credit_fen if "opening" in rows else 0
    found = {name: row.balance_fen - (opening if name == "cash" else 0) for name, row in rows.items()
             if (name, row.debit_fen, row.credit_fen) != ("cash", opening, 0)}
    assert sum(found.values()) == 0
    return found


def unproven(session: Session) -> list[str]:
    """What the check of premium against ledger names."""
    return [breach.what for breach in checks.run(session) if breach.check == "premium_in_ledger"]


def unproven_in(world: World) -> list[str]:
    """The same, for the whole world."""
    with world.db.view(ROOT.scope) as session:
        return unproven(session)
