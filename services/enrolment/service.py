"""What enrolment does for others: organisations, people, bank cards, funds; `enrol` makes covers from a roster."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlmodel import Session, select

from services.access.actor import OFFICE, Actor, Role
from services.core.errors import Conflict, InputError
from services.core.money import to_fen
from services.enrolment.categories import add_category, withdraw_category
from services.enrolment.enrolling import enrol
from services.enrolment.kin import add_kin, remove_kin
from services.enrolment.merging import merge_people, split_people
from services.enrolment.moving import merge_organisation, move_organisation
from services.enrolment.organisations import add_liaison, add_organisation, change_organisation, close_organisation
from services.enrolment.persons import add_bank_card, add_person, checked_card, correct_person, note_died
from services.enrolment.proxies import add_proxy, end_proxy
from services.ledger import service as ledger
from services.models import Fund
from services.rulebook import registry

__all__ = ["add_bank_card", "add_category", "add_kin", "add_liaison", "add_organisation", "add_person", "add_proxy",
           "change_organisation", "checked_card", "close_organisation", "correct_person", "end_proxy", "enrol",
           "merge_organisation", "merge_people", "move_organisation", "note_died", "open_fund", "remove_kin",
           "split_people", "withdraw_category"]


def open_fund(session: Session, *, plan: str, opening: Decimal, actor: Actor, now: datetime) -> Fund:
    """A plan's own money (专户专款专用), opened once with its balance in yuan."""
    actor.require(Role.ADMINISTRATOR, Role.SYSTEM, *sorted(OFFICE), what="开立专户")
    registry.latest(plan)
    if session.exec(select(Fund.id).where(Fund.plan == plan)).first():
        raise Conflict("fund_exists", f"{plan} 的专户已开立", remedy="核对计划")
    if opening < 0:
        raise InputError("opening_negative", "期初余额不能为负", remedy="改正金额", field="opening")
    fund = Fund(plan=plan, opening_fen=to_fen(opening))
    session.add(fund)
    session.flush()
    ledger.open_fund(session, plan=plan, actor=actor, now=now)
    return fund
