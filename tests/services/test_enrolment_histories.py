"""Random lives of covers against a plain retelling: no day covered twice, waiting after a gap only, every fen in the ledger.

The retelling below knows the wordings by heart (years, fee and shares of four plans from the seeds) and never asks the code.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.core.clock import at_hour
from services.core.db import Database
from services.core.errors import Conflict, InputError
from services.enrolment import covers as verbs
from services.enrolment import people as people_
from services.enrolment import service as enrolment
from services.enrolment.queries import covers_of
from services.ledger import queries as ledger
from services.models import Cover
from services.payment import service as payment
from services.rulebook import registry, waiting
from services.simulate.synthetic import Synthetic, roster_xlsx, synthetic_card, synthetic_person
from tests.services.paying_world import decided
from tests.services.premium_world import books, end, give_back, receive, unproven_in
from tests.services.retold_premium import Books, Told
from tests.services.test_payment_persons import settled_by_insurer
from tests.support.world import EFFECTIVE, ROOT, Member, World, build_world

NOW = at_hour(date(2045, 1, 1))     # every history lies behind it
DAY = timedelta(days=1)
UNITS = {"nx-ankangbao": ("cn.nx.yc.xq.u001.", "兴庆区示例一厂工会")}
XJ_UNIT = ("cn.xj.wlmq.tsd.u001.", "天山区示例一厂工会")
# years, yuan a share, most shares, days one waits at first
PLANS = {"nx-ankangbao": (1, 100, 1, 30), "xj-women": (1, 25, 4, 30), "bj-women-2y": (2, 40, 2, 0), "bj-critical-3y": (3, 90, 4, 0)}
OWED = {"nx-ankangbao": 60_000, "xj-women": 35_000}     # the world's own covers, before all others
COPY = sa.text("""
    INSERT INTO cover SELECT (jsonb_populate_record(v, jsonb_build_object('id', gen_random_uuid(), 'certificate_no', gen_random_uuid(),
        'effective', CAST(:day AS text), 'until', CAST(:day AS text), 'ended_on', NULL))).* FROM cover v WHERE v.id = :cover""")


@dataclass
class Life:
    """One person under one plan."""

    world: World
    plan: str
    person: Synthetic
    money: Books
    serial: int
    held: list[Told] = field(default_factory=list)

    @property
    def unit(self) -> tuple[str, str]:
        return UNITS.get(self.plan, XJ_UNIT)

    def rows(self) -> list[Cover]:
        """The covers as the database has them, in the order they were made."""
        with self.world.db.view(ROOT.scope) as session:
            known = people_.known(session, [self.person.id_number])
            if not known:
                return []
            return sorted(covers_of(session, known[self.person.id_number].id, self.plan), key=lambda row: row.id)

    def nth(self, place: int) -> tuple[Told, Cover] | None:
        return (self.held[place % len(self.held)], self.rows()[place % len(self.held)]) if self.held else None

    # The commands.
    def enrol(self, gap: int, shares: int) -> None:
        """From `gap` days after the day that follows the last cover; below zero days overlap."""
        years, fee, most, _ = PLANS[self.plan]
        shares = min(shares, most)
        after = max((told.last for told in self.held), default=date(2026, 2, 28))
        effective = after + DAY + timedelta(days=gap)
        if (effective.month, effective.day) == (2, 29):
            effective += DAY
        until = effective.replace(year=effective.year + years) - DAY
        clash = [told for told in self.held if told.effective <= told.last and told.effective <= until and effective <= told.last]
        accepted = self._roster(effective, shares)
        assert accepted == (0 if clash else 1)
        if clash:
            self._refused_by_the_database(max(effective, clash[0].effective))
            return
        renewal = any(told.ended_on in (None, told.until) and told.until == effective - DAY for told in self.held)
        self.held.append(Told(effective, until, renewal, shares, due=shares * fee * 100, open=shares * fee * 100))
        self.money.owing.append(self.held[-1])
        self.money.place(self.money.owing)

    def _roster(self, effective: date, shares: int) -> int:
        key, name = self.unit
        with self.world.db.unit_of_work(ROOT.scope) as session:
            return enrolment.enrol(session, content=roster_xlsx([replace(self.person, shares=shares)], unit=name), file_name="r.xlsx",
                                   plan=self.plan, org_id=self.world.org(key), effective=effective, payer_kind="self", actor=ROOT,
                                   now=NOW).accepted

    def _refused_by_the_database(self, day: date) -> None:
        """Past every check: a second cover of one day that is covered already."""
        if not any(told.effective <= day <= told.last for told in self.held):
            return
        with pytest.raises(sa.exc.IntegrityError, match="cover_no_overlap"), self.world.db.unit_of_work(ROOT.scope) as session:
            session.execute(COPY, {"day": day.isoformat(), "cover": self.rows()[0].id})

    def pay(self, place: int, share: int, day: int) -> None:
        """`share` hundredths of the premium come in for one cover, `day` days from its first."""
        if (found := self.nth(place)) is None:
            return
        told, row = found
        fen = told.due * share // 100
        if fen <= 0:
            return
        on = told.effective + timedelta(days=day)
        receive(self.world, str(Decimal(fen).scaleb(-2)), NOW, plan=self.plan, org=self.unit[0], on=on, certificates=[row.certificate_no])
        self.money.cash += fen
        self.money.slips.append((on, fen))
        self.money.place([told])

    def end(self, place: int, day: int) -> None:
        """The last covered day is `day` days from the first."""
        if (found := self.nth(place)) is None:
            return
        told, row = found
        last = told.effective + timedelta(days=day)
        if told.ended_on is not None or not last < told.until:
            with pytest.raises((Conflict, InputError)):
                end(self.world, row.certificate_no, last, NOW, login="system")
            return
        end(self.world, row.certificate_no, last, NOW, login="system")
        told.ended_on = last
        if day < 0:
            self._less(told, 0)

    def shares(self, place: int, shares: int, begun: bool) -> None:
        """Other shares, on the day before the first day or on it."""
        if (found := self.nth(place)) is None:
            return
        told, row = found
        _, fee, most, _ = PLANS[self.plan]
        wanted, when = min(shares, most), at_hour(told.effective if begun else told.effective - DAY)
        try:
            with self.world.db.unit_of_work(ROOT.scope) as session:
                verbs.change_shares(session, certificate_no=row.certificate_no, shares=wanted, actor=ROOT, now=when)
        except Conflict:
            assert begun or told.ended_on is not None
            return
        assert not begun
        assert told.ended_on is None
        told.shares = wanted
        due = wanted * fee * 100
        if due > told.due:
            told.open, told.due = told.open + due - told.due, due
        else:
            self._less(told, due)

    @staticmethod
    def _less(told: Told, due: int) -> None:
        let_go = min(told.open, told.due - due)
        told.open, told.owed_back, told.due = told.open - let_go, told.owed_back + told.due - due - let_go, due

    def give_back(self, place: int) -> None:
        """What is owed back for a cover, a fen more refused."""
        if (found := self.nth(place)) is None:
            return
        told, row = found
        with pytest.raises(InputError):
            give_back(self.world, str(Decimal(told.owed_back + 1).scaleb(-2)), NOW, certificate_no=row.certificate_no, plan=self.plan,
                      org=self.unit[0])
        if told.owed_back:
            give_back(self.world, str(Decimal(told.owed_back).scaleb(-2)), NOW, certificate_no=row.certificate_no, plan=self.plan,
                      org=self.unit[0])
            self.money.cash -= told.owed_back
            told.owed_back, told.returned = 0, told.returned + told.owed_back

    def refund(self) -> None:
        """The waiting period's refund of the insured plan's one cover: decided by the insurer, paid, told by its message."""
        if self.plan != "nx-ankangbao" or len(self.held) != 1 or not self.held[0].due or self.held[0].refunded:
            return
        told = self.held[0]
        with self.world.db.unit_of_work(ROOT.scope) as session:
            person = people_.known(session, [self.person.id_number])[self.person.id_number]
            self.world.members["nx"].append(Member("", person.id, self.person, ROOT))
            claim = decided(session, self.world, len(self.world.members["nx"]) - 1, told.due, now=NOW, office="nx", kind="refund")
            payment.plan(session, claim_ids=[claim.id], actor=ROOT, now=NOW)
            settled_by_insurer(session, claim, str(Decimal(told.due).scaleb(-2)), NOW, f"m{self.serial}")
            assert payment.announce(session, claim_ids=[claim.id], actor=ROOT, now=NOW) == [claim.id]
        told.refunded = told.due
        self.money.cash -= told.due

    # What must hold after each.
    def check(self) -> None:
        rows = self.rows()
        assert [(row.effective, row.until, row.ended_on, row.renewal, row.shares, row.premium_fen) for row in rows] == [
            (told.effective, told.until, told.ended_on, told.renewal, told.shares, told.due) for told in self.held]
        with self.world.db.view(ROOT.scope) as session:
            seen = ledger.premiums(session, [row.id for row in rows])
        for row, told in zip(rows, self.held, strict=True):
            self._waits(row, told)
            assert seen[row.id] == ledger.Premium(told.due, told.paid, told.open, told.owed_back, told.returned, told.refunded)
        days = [day for told in self.held for day in _days(told)]
        assert len(days) == len(set(days))
        found, memo = books(self.world, self.plan), "memo_" if self.plan == "nx-ankangbao" else ""
        assert found.get(f"{memo}cash", 0) == self.money.cash
        assert -found.get(f"{memo}prepaid", 0) == sum(fen for _, fen in self.money.slips)
        assert unproven_in(self.world) == []

    def _waits(self, row: Cover, told: Told) -> None:
        """On the last waiting day of a first or broken cover one waits, the day after no more; after a renewal never."""
        waits = PLANS[self.plan][3]
        if not waits:
            return
        book = registry.version(row.plan, row.plan_from)
        bands = [waiting.band(book, row.effective, row.effective + timedelta(days=day - 1), row.renewal).band
                 for day in (1, waits, waits + 1)]
        assert [band in ("waiting", "none") for band in bands] == [not told.renewal, not told.renewal, False]


def _days(told: Told) -> list[date]:
    return [told.effective + timedelta(days=place) for place in range((told.last - told.effective).days + 1)]


place = st.integers(0, 3)
commands = st.one_of(
    st.tuples(st.just("enrol"), st.sampled_from([0, 0, 0, 1, 40, -1, -20, -366]), st.integers(1, 4)),
    st.tuples(st.just("pay"), place, st.sampled_from([100, 100, 50, 1, 130]), st.sampled_from([-20, -1, -1, 0, 30])),
    st.tuples(st.just("end"), place, st.sampled_from([-1, 0, 200, 363, 2000])),
    st.tuples(st.just("shares"), place, st.integers(1, 4), st.booleans()),
    st.tuples(st.just("give_back"), place), st.tuples(st.just("refund")))
_serial = itertools.count(600)


@pytest.fixture
def world(db: Database) -> World:
    return build_world(db, at_hour(date(2026, 3, 20)))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(plan=st.sampled_from(sorted(PLANS)), history=st.lists(commands, min_size=3, max_size=10))
def test_any_history_keeps_its_promises(world: World, plan: str, history: list[tuple[object, ...]]) -> None:
    serial = next(_serial)
    person = replace(synthetic_person(serial, born=date(1986, 1, 1) + (serial // 500) * DAY), card=synthetic_card("ICBC", 50_000 + serial))
    life = Life(world, plan, person, _books(world, plan), serial)
    for name, *words in [("enrol", 0, 1), *history]:
        getattr(life, str(name))(*words)
        life.check()


_OF: dict[int, dict[str, Books]] = {}


def _books(world: World, plan: str) -> Books:
    """One world serves all examples: its money adds up."""
    return _OF.setdefault(id(world), {}).setdefault(plan, Books([Told(EFFECTIVE, EFFECTIVE, False, 1, 0, OWED.get(plan, 0))]))


def test_one_history_by_hand(world: World) -> None:
    """Joined, paid, renewed in time, renewed late, ended, joined again, taken back, refused: 25 yuan a share."""
    life = Life(world, "xj-women", synthetic_person(599, born=date(1987, 1, 1)), _books(world, "xj-women"), 599)
    steps: list[tuple[object, ...]] = [
        ("enrol", 0, 2), ("pay", 0, 100, -1), ("enrol", 0, 2), ("pay", 1, 100, -1), ("enrol", 0, 1), ("pay", 2, 100, 0),
        ("enrol", -1, 1), ("end", 2, 200), ("enrol", 0, 1), ("pay", 3, 100, -1), ("end", 3, -1), ("give_back", 3), ("enrol", 0, 4)]
    for name, *words in steps:
        getattr(life, str(name))(*words)
        life.check()
    assert [(told.renewal, told.due, told.paid, told.returned) for told in life.held] == [
        (False, 5000, 5000, 0), (True, 5000, 5000, 0), (False, 2500, 2500, 0), (False, 0, 2500, 2500), (False, 10000, 0, 0)]
    assert (life.held[1].effective, life.held[2].effective) == (date(2027, 3, 1), date(2028, 3, 1))
