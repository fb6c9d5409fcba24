"""A quarter settled from its feed on a real database: every amount expected here was reckoned by hand from the leaflet.

二次报销: outpatient over 1800 yuan a year, the first stay over 1300, each later one over 650 (halves for 特困); 20 %, 25 % for 劳模 and
特困; half a fen up.
"""

from __future__ import annotations

import io
import uuid
from datetime import date, datetime

import polars as pl
import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from services.benefit import queries as benefit
from services.core.clock import at_hour
from services.core.db import Database
from services.core.errors import Conflict
from services.engine.one import compute
from services.models import Settlement, SettlementPart
from services.settlement.city import queries
from services.settlement.city import service as settling
from services.settlement.city.folder import PARTS, Folder
from services.storage import service as storage
from tests.services import city_world
from tests.services.city_world import Row, lines, settle
from tests.support.world import ROOT

APRIL, JULY, JANUARY = (at_hour(day) for day in (date(2026, 4, 10), date(2026, 7, 10), date(2027, 1, 12)))


@pytest.fixture
def city(db: Database) -> city_world.City:
    return city_world.build(db, APRIL)


def amounts(done: Settlement) -> tuple[int, int, int, int]:
    return done.lines, done.paying, done.due_fen, done.receivable_fen


def books(city: city_world.City) -> dict[str, int]:
    with city.world.db.view(ROOT.scope) as session:
        return {row.account: int(row.fen) for row in session.execute(sa.text(
            "SELECT account, sum(amount_fen) AS fen FROM ledger_entry WHERE account IN ('benefits', 'payable') GROUP BY account"))}


FIRST = [Row(0, "A1", "2026-01-05", "8406.00"),
         Row(1, "B1", "2026-01-06", "5000.00", stay=True), Row(1, "B2", "2026-02-06", "3000.00", stay=True),
         Row(2, "C1", "2026-02-06", "5000.00", name="别人"), Row(3, "D1", "2026-03-31", "1800.00"),
         Row(4, "E1", "2026-03-31", "1800.03")]


def test_a_first_quarter_pays_what_the_leaflet_says(city: city_world.City) -> None:
    done = settle(city, FIRST, APRIL, quarter=1)
    found = lines(city, done.id)
    assert {key: (line.lines, line.due_fen, line.outcome) for key, line in found.items()} == {
        (0, 2026): ([132120, 0, 0], 132120, "pay"),             # (8406 - 1800) x 20 %
        (1, 2026): ([0, 121000, 0], 121000, "pay"),             # (5000 - 1300 + 3000 - 650) x 20 %
        (3, 2026): ([0, 0, 0], 0, "nothing"),                   # exactly what everybody bears
        (4, 2026): ([1, 0, 0], 1, "pay")}                       # 0.006 yuan
    assert amounts(done) == (4, 3, 253121, 0)
    assert (done.rows, done.bills, done.unchanged, done.unresolved, done.state) == (6, 5, 0, 1, "settled")
    assert books(city) == {"benefits": 253121, "payable": -253121}
    with city.world.db.view(ROOT.scope) as session:
        paid = session.execute(sa.text("SELECT amount_fen, state, org_key FROM settlement_payment ORDER BY amount_fen")).all()
        assert [tuple(row) for row in paid] == [(fen, "batched", "cn.bj.zfw.u001.") for fen in (1, 121000, 132120)]


def test_the_same_feed_again_and_the_same_rows_in_another_file_change_nothing(city: city_world.City) -> None:
    first = settle(city, FIRST, APRIL, quarter=1)
    before = books(city)
    assert city_world.begin(city, FIRST, APRIL, quarter=1) == first.id              # the same bytes: the settlement it has
    again = settle(city, FIRST[::-1], APRIL, quarter=1)
    assert (again.bills, again.unchanged, *amounts(again)) == (0, 5, 0, 0, 0, 0)
    assert books(city) == before


def test_a_corrected_feed_gives_exactly_the_differences(city: city_world.City) -> None:
    """More is paid, less is asked back by setting it off, what did not change is not touched."""
    settle(city, FIRST, APRIL, quarter=1)
    corrected = [Row(0, "A1", "2026-01-05", "4300.00"), Row(1, "B1", "2026-01-06", "6000.00", stay=True), *FIRST[2:]]
    done = settle(city, corrected, JULY, quarter=2)
    found = lines(city, done.id)
    assert {key: (line.paid, line.lines, line.took, line.due_fen, line.receivable_fen) for key, line in found.items()} == {
        (0, 2026): ([132120, 0, 0], [50000, 0, 0], [0, 0, 0], 0, 82120),           # (4300 - 1800) x 20 % = 500; 1321.20 was paid
        (1, 2026): ([0, 121000, 0], [0, 141000, 0], [0, 20000, 0], 20000, 0)}
    assert (done.bills, done.unchanged) == (2, 3)
    assert books(city) == {"benefits": 273121, "payable": -273121}
    later = settle(city, [Row(0, "A2", "2026-05-05", "5000.00")], JULY, quarter=2)
    [line] = lines(city, later.id).values()
    assert (line.outpatient_own_1, line.due_fen) == (930000, 17880)         # (9300 - 1800) x 20 % = 1500, less the 1321.20 paid


def test_a_late_bill_of_the_quarter_before_counts_in_its_place(city: city_world.City) -> None:
    """A stay of February that comes in July is the first stay of the year: the one of March becomes the second."""
    settle(city, [Row(5, "F1", "2026-03-06", "1000.00", stay=True)], APRIL, quarter=1)
    done = settle(city, [Row(5, "F0", "2026-02-01", "1500.00", stay=True)], JULY, quarter=2)
    [line] = lines(city, done.id).values()
    assert (line.stays_own_1, line.lines, line.due_fen) == ([150000, 100000], [0, 11000, 0], 11000)     # (200 + 350) x 20 %


def test_a_reversed_bill_counts_as_nothing(city: city_world.City) -> None:
    settle(city, FIRST[:1], APRIL, quarter=1)
    done = settle(city, [Row(0, "A1", "2026-01-05", "8406.00", reversed=True)], JULY, quarter=2)
    [line] = lines(city, done.id).values()
    assert (line.outpatient_own_1, line.total_fen, line.receivable_fen) == (None, 0, 132120)


def test_a_bill_of_another_member_and_rows_of_nobody_stay_out(city: city_world.City) -> None:
    settle(city, FIRST[:1], APRIL, quarter=1)
    done = settle(city, [Row(1, "A1", "2026-01-05", "8406.00"), Row(6, "G1", "2026-04-05", "9000.00", certno="110099196201010008")],
                  JULY, quarter=2)
    assert (done.unresolved, *amounts(done)) == (2, 0, 0, 0, 0)
    with city.world.db.view(city.maker.scope) as session:
        listed = queries.unresolved_csv(session, done.id)
    assert "other_member" in listed and "not_member" in listed
    assert city.members[1].id_number not in listed and city.members[1].name not in listed


def prepared_again(city: city_world.City, settlement_id: uuid.UUID) -> None:
    with city.world.db.unit_of_work(city.maker.scope) as session:
        found = settling.open_one(session, settlement_id)
        assert found is not None
        settling.prepare(session, settlement=found, actor=city.maker, now=APRIL)
    settling.ready(settlement_id)


def all_parts(city: city_world.City, settlement_id: uuid.UUID) -> None:
    prepared_again(city, settlement_id)
    for part in range(PARTS):
        with city.world.db.unit_of_work(city.maker.scope) as session:
            settling.settle_part(session, settlement_id=settlement_id, part=part, now=APRIL)


def listed(city: city_world.City, settlement_id: uuid.UUID) -> list[list[str]]:
    """Finished, and its list: number of the row, of the settlement, and why."""
    with city.world.db.unit_of_work(city.maker.scope) as session:
        assert settling.finish(session, settlement_id=settlement_id, actor=city.maker, now=APRIL)
    with city.world.db.view(city.maker.scope) as session:
        return [line.split(",")[:3] for line in queries.unresolved_csv(session, settlement_id).split()[1:]]


STRANGERS = [Row(0, "A1", "2026-01-05", "8406.00"), Row(4, "E1", "2026-02-06", "2300.00", name="别人"),
             Row(5, "F1", "2026-02-06", "2300.00", name="别人"), Row(6, "G1", "2026-02-07", "900.00", certno="110099196201010008")]
NOT_ENTERED = [["2", "E1", "name_differs"], ["3", "F1", "name_differs"], ["4", "G1", "not_member"]]


def test_a_settlement_ends_also_when_its_folder_was_lost_on_the_way(city: city_world.City) -> None:
    """A restored house has the database and the store, not the folder."""
    owed = city_world.begin(city, STRANGERS, APRIL, quarter=1)
    all_parts(city, owed)
    Folder.of(owed).remove()
    prepared_again(city, owed)
    assert listed(city, owed) == NOT_ENTERED


def test_partitions_of_before_have_their_list_in_the_folder_and_no_shorter_one_is_made(city: city_world.City) -> None:
    owed = city_world.begin(city, STRANGERS, APRIL, quarter=1)
    all_parts(city, owed)
    with city.world.db.unit_of_work(ROOT.scope) as session:
        _, old = session.exec(select(SettlementPart).where(SettlementPart.unresolved > 0).order_by(col(SettlementPart.part)).limit(2)).all()
        of_before = pl.read_parquet(io.BytesIO(storage.get(str(old.unresolved_sha256))))
        old.unresolved_sha256 = None
        session.add(old)
    with pytest.raises(Conflict, match="unresolved_lost"):
        listed(city, owed)
    Folder.of(owed).write("unresolved", old.part, of_before)
    assert listed(city, owed) == NOT_ENTERED


def test_what_lies_above_the_cap_is_a_claim_at_the_year_s_end(city: city_world.City, now: datetime) -> None:
    """Never in the quarter; with the last quarter one claim with the whole year, once; and then no settlement takes it off again."""
    spring = settle(city, [Row(7, "H1", "2026-02-05", "53800.00", over="50000.00")], APRIL, quarter=1)
    [line] = lines(city, spring.id).values()
    assert (line.outpatient_own_1, line.over_cap, line.flags, line.due_fen) == (380000, 5000000, ["over_cap"], 40000)
    winter = settle(city, [Row(7, "H2", "2026-12-31", "1000.00", stay=False)], JANUARY, quarter=4)
    assert (winter.claims, winter.due_fen) == (1, 20000)
    with city.world.db.view(ROOT.scope) as session:
        [claim] = session.execute(sa.text("SELECT id, state, event FROM claim WHERE plan = 'bj-medical'")).all()
        assert (claim.state, claim.event["over_cap_own_1"], claim.event["outpatient_own_1"]) == ("reported", "50000.00", "4800.00")
        basis = benefit.bases(session, [claim.id])[claim.id]
        assert basis.words["paid"] == [{"benefit": "outpatient", "amount": "600.00", "days": 0}]
        assert str(compute(basis.book, basis.computation).total) == "20000.00"      # 50000 x 40 %, the 600 being paid already
    late = settle(city, [Row(7, "H3", "2026-12-30", "100.00")], JANUARY, quarter=4)
    assert (late.claims, late.due_fen) == (0, 2000)
