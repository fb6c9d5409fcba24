"""Premiums of a district in the ledger: due with each year's covers, received and placed days later."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.core.ids import check_digit
from services.ledger.accounts import Account, prefix
from services.simulate.years.desk import CHINA, at
from services.simulate.years.keys import key
from services.simulate.years.rows import Tables
from services.simulate.years.size import OFFICES, Place, Size
from services.simulate.years.world import District, Held, Member
from services.workdays.calendar import DAY

_EARLIER = DAY * 7      # covers are entered a week before their first day
_PAYS = timedelta(hours=81)     # and their unit pays at three in the afternoon of the fourth day before it
_RECENT = DAY * 90
_OPEN = 0.1


@dataclass(slots=True)
class _Group:
    """A unit's covers of one plan and year; `paid` those whose premium came in."""

    nth: int
    plan: str
    unit: int
    effective: datetime
    covers: list[tuple[uuid.UUID, int]] = field(default_factory=list)
    paid: list[tuple[uuid.UUID, int]] = field(default_factory=list)


class Premiums:
    """Gathers covers; `write` books them. One voucher for each unit, plan and year."""

    def __init__(self, size: Size, place: Place, district: District) -> None:
        self._size, self._place, self._d = size, place, district
        self._chance = size.chance("premiums", place.index)
        self._groups: dict[tuple[int, str, datetime], _Group] = {}
        self._plans = OFFICES[place.office].plans

    def cover(self, held: Held, member: Member, *, claimed: bool) -> None:
        """A cover's premium. Only what nobody claims on may still be open."""
        effective = at(held.terms.effective, 0)
        place = (member.unit, held.book.plan, effective)
        group = self._groups.get(place)
        if group is None:
            group = self._groups[place] = _Group(self._plans.index(held.book.plan), held.book.plan, member.unit, effective)
        group.covers.append((held.id, held.terms.premium_fen))
        recent = effective > self._d.now - _RECENT
        if claimed or not recent or self._chance.random() >= _OPEN:
            group.paid.append(group.covers[-1])

    def write(self, tables: Tables) -> None:
        """Every group's bookings, in order of their first day."""
        for _, group in sorted(self._groups.items()):
            self._due(group, tables)
            self._received(group, tables)

    def _due(self, group: _Group, tables: Tables) -> None:
        lines = [(Account.RECEIVABLE, cover, fen) for cover, fen in group.covers if fen]
        if lines:
            total = (Account.INCOME, None, -sum(fen for _, _, fen in lines))
            self._book(tables, group.plan, self._d.units[group.unit].key, "due", group.effective - _EARLIER + timedelta(hours=10),
                       [*lines, total], account=self._d.staff.clerks[group.unit].account)

    def _received(self, group: _Group, tables: Tables) -> None:
        lines = [(Account.RECEIVABLE, cover, -fen) for cover, fen in group.paid if fen]
        total = -sum(fen for _, _, fen in lines)
        moment = group.effective - _PAYS
        if not total or moment > self._d.now:
            return
        unit, maker = self._d.units[group.unit], self._d.staff.one("finance_maker", self._chance).account
        serial = (self._place.first_unit + group.unit) * len(self._plans) + group.nth + 1
        code, body = f"SK{OFFICES[self._place.office].code.upper()}", f"{moment.year}{serial:07d}"
        voucher, number = key(self._chance, moment), f"{code}{body}{check_digit(body)}"
        tables.add("premium_voucher", voucher, unit.key, "received", number, group.plan, unit.id, total, moment.date(),
                   unit.name, f"YH{number[2:]}", maker, moment)
        self._book(tables, group.plan, unit.key, "received", moment,
                   [(Account.CASH, None, total), (Account.PREPAID, None, -total)], account=maker, voucher=voucher)
        self._book(tables, group.plan, unit.key, "allocated", moment, [*lines, (Account.PREPAID, None, total)],
                   account=maker, voucher=voucher)

    def _book(self, tables: Tables, plan: str, org_key: str, kind: str, moment: datetime,
              lines: list[tuple[Account, uuid.UUID | None, int]], *, account: uuid.UUID | None = None,
              voucher: uuid.UUID | None = None) -> None:
        """One transaction and its entries."""
        made, book = key(self._chance, moment), prefix(plan)
        tables.add("ledger_transaction", made, org_key, plan, kind, moment.astimezone(CHINA).date(), voucher, account, moment)
        for name, cover, fen in lines:
            tables.add("ledger_entry", key(self._chance, moment), org_key, made, book + name, cover, fen, None, None, None)

