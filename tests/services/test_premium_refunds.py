"""A waiting period gives back what was paid: what came in where receipts are entered, what was due where none ever was."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime

import pytest

from services.access.actor import Actor
from services.benefit import queries
from services.benefit import service as benefit
from services.core.clock import at_hour
from services.core.db import Database
from services.core.errors import InputError
from services.engine.one import compute
from services.enrolment import cover_queries
from services.enrolment import service as enrolment
from services.enrolment.queries import covers_of
from services.models import Cover
from services.rulebook.results import Result
from services.simulate.synthetic import roster_xlsx
from tests.services.premium_world import NX_UNIT, books, cover_of, end, receive, unproven_in
from tests.services.review_world import in_review
from tests.support.claims import NX_EVENT, report
from tests.support.world import NX_PLAN, ROOT, World, build_world

OTHER_UNIT = ("cn.nx.yc.xq.u002.", "兴庆区示例二厂工会")
EARLY = at_hour(date(2026, 2, 6))
DECEMBER = at_hour(date(2026, 12, 10))
RENEWED = date(2027, 1, 1)
WAITED = {**NX_EVENT, "specimen_on": "2026-01-28", "diagnosed_on": "2026-02-05"}       # the covers begin on 2026-01-01


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def premium_paid(world: World, now: datetime, n: int, *readers: Actor) -> list[str]:
    """The fact as each reader's computation of member `n`'s claim has it (ROOT when nobody is named)."""
    with world.db.unit_of_work(ROOT.scope) as session:
        _, (claim,) = report(session, world, world.member(n, "nx"), NX_EVENT, now, by="nx.clerk")
        found = claim.id
    said = []
    for reader in readers or (ROOT,):
        with world.db.view(reader.scope) as session:
            paid = queries.computation(session, [found])[found].cover.premium_paid
            said.append(str(paid))
    return said


def test_without_any_receipt_of_the_plan_the_premium_due_stands_for_it(world: World, now: datetime) -> None:
    assert premium_paid(world, now, 1) == ["100.00"]


def test_a_premium_never_paid_is_not_given_back(world: World, now: datetime) -> None:
    receive(world, "100.00", now, plan=NX_PLAN, org=NX_UNIT, certificates=[cover_of(world, 0, "nx").certificate_no])
    assert premium_paid(world, now, 1) == ["0.00"]
    assert premium_paid(world, now, 0) == ["100.00"]


def test_of_a_premium_paid_in_part_that_part(world: World, now: datetime) -> None:
    receive(world, "40.00", now, plan=NX_PLAN, org=NX_UNIT, certificates=[cover_of(world, 1, "nx").certificate_no])
    assert premium_paid(world, now, 1) == ["40.00"]


def test_a_receipt_above_the_reader_counts_alike(world: World, now: datetime) -> None:
    """The district's slip pays its units' covers: the unit's clerk, who cannot see it, computes what the office computes."""
    receive(world, "100.00", now, plan=NX_PLAN, org="cn.nx.yc.xq.", certificates=[cover_of(world, 0, "nx").certificate_no])
    readers = (world.actor("nx.clerk"), world.actor("nx.head"))
    assert premium_paid(world, now, 1, *readers) == ["0.00", "0.00"]
    assert premium_paid(world, now, 0, *readers) == ["100.00", "100.00"]


def given_back(world: World, n: int) -> uuid.UUID:
    """Member `n` fell ill in the waiting period, and her premium is given back."""
    claim = in_review(world, n, EARLY, office="nx", event=WAITED)
    with world.db.unit_of_work(ROOT.scope) as session:
        assert benefit.freeze(session, claim_id=claim, actor=ROOT, now=EARLY).outcome == "refund"
    return claim


def sheet(world: World, claim: uuid.UUID) -> Result:
    """What the claim computes to now."""
    with world.db.view(ROOT.scope) as session:
        basis = queries.bases(session, [claim])[claim]
        return compute(basis.book, basis.computation)


@pytest.mark.parametrize("day", ["2026-01-31", "2026-02-04"])       # the first day after waiting; before the first one was diagnosed
def test_a_premium_given_back_ends_the_cover(world: World, day: str) -> None:
    """A-13: with the disease that it is given back for. It holds as long as that decision does, and not for that claim itself."""
    first = given_back(world, 1)
    second = in_review(world, 1, EARLY, office="nx", event={**NX_EVENT, "specimen_on": day, "diagnosed_on": "2026-02-04"})
    found = sheet(world, second)
    assert (found.outcome, str(found.total), {item.reason for item in found.nothing}) == ("nothing", "0.00", {"not_in_cover"})
    with world.db.view(ROOT.scope) as session:
        said = queries.computation(session, [first, second])
    assert (said[first].cover.until, said[second].cover.until) == (date(2026, 12, 31), date(2026, 1, 28))
    with world.db.unit_of_work(ROOT.scope) as session:
        benefit.release(session, claim_ids=[first])
    assert (sheet(world, second).outcome, str(sheet(world, second).total)) == ("pay", "100000.00")


def test_a_premium_given_back_ends_every_benefit(world: World) -> None:
    """The office may end the cover for it, which leaves its days free."""
    cover = cover_of(world, 1, "nx")
    with pytest.raises(InputError, match="benefits_open"):
        end(world, cover.certificate_no, date(2026, 2, 5), EARLY, reason="benefit", login="nx.office1")
    given_back(world, 1)
    with world.db.view(ROOT.scope) as session:
        assert {(row.state, row.by_benefit) for row in cover_queries.liabilities(session, cover)} == {("ending", "premium_refund")}
    assert end(world, cover.certificate_no, date(2026, 2, 5), EARLY, reason="benefit", login="nx.office1").end_reason == "benefit"


def renew(world: World, members: Sequence[int], *, login: str = "nx.clerk2") -> list[Cover]:
    """The members' next year at the other unit, by its clerk, who sees nothing of the first."""
    key, unit = OTHER_UNIT
    actor, people = world.actor(login), [world.member(n, "nx").synthetic for n in members]
    with world.db.unit_of_work(actor.scope) as session:
        done = enrolment.enrol(session, content=roster_xlsx(people, unit=unit), file_name="r.xlsx", plan=NX_PLAN, org_id=world.org(key),
                               effective=RENEWED, payer_kind="self", actor=actor, now=DECEMBER)
        assert done.accepted == len(members), done.faults
    with world.db.view(actor.scope) as session:
        found = [covers_of(session, world.member(n, "nx").person_id) for n in members]
    assert [len(covers) for covers in found] == [1 for _ in members]
    return [covers[-1] for covers in found]


@pytest.mark.parametrize("late", [False, True])
def test_after_a_premium_given_back_one_waits_again(world: World, late: bool) -> None:
    """Whether it is decided before the next roster or after it, and whoever reads."""
    if not late:
        given_back(world, 1)
    assert [cover.renewal for cover in renew(world, (1, 2))] == [late, True]
    if late:
        given_back(world, 1)
    event, then = {**NX_EVENT, "specimen_on": "2027-01-08", "diagnosed_on": "2027-01-10"}, at_hour(date(2027, 1, 12))
    with world.db.unit_of_work(ROOT.scope) as session:
        claims = [report(session, world, world.member(n, "nx"), event, then, by="nx.clerk2")[1][0].id for n in (1, 2)]
    for reader in (ROOT, world.actor("nx.clerk2")):
        with world.db.view(reader.scope) as session:
            said = queries.computation(session, claims)
        assert [said[claim].cover.renewal for claim in claims] == [False, True]
    assert [sheet(world, claim).outcome for claim in claims] == ["refund", "pay"]


def test_money_that_came_before_the_roster_is_the_premium_paid(world: World) -> None:
    """The unit pays, then sends its list: the premium that a waiting period gives back is there."""
    receive(world, "750.00", DECEMBER, plan=NX_PLAN, org=NX_UNIT)                # 600 due for the year that runs
    receive(world, "150.00", DECEMBER, plan=NX_PLAN, org=OTHER_UNIT[0])
    joined = renew(world, (1, 2))
    event, then = {**NX_EVENT, "specimen_on": "2027-01-08", "diagnosed_on": "2027-01-10"}, at_hour(date(2027, 1, 12))
    with world.db.unit_of_work(ROOT.scope) as session:
        claims = [report(session, world, world.member(n, "nx"), event, then, by="nx.clerk2")[1][0].id for n in (1, 2)]
    with world.db.view(ROOT.scope) as session:
        said = queries.computation(session, claims)
    assert [str(said[claim].cover.premium_paid) for claim in claims] == ["100.00", "50.00"]
    assert [cover.renewal for cover in joined] == [True, True]
    assert books(world, NX_PLAN)["memo_prepaid"] == -15_000                      # what is the first unit's stays there
    assert unproven_in(world) == []
