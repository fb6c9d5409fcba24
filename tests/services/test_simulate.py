"""`huzhu simulate`: every state, every promise kept, the same seed the same rows, and what it refuses."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from services.access.actor import system
from services.audit.verify import verify
from services.benefit import queries as benefit
from services.core import embedded
from services.core.clock import at_hour
from services.core.db import Database
from services.core.errors import Conflict, InputError, NotFound
from services.core.identity import check_identity, luhn
from services.engine.one import compute
from services.enrolment import queries as enrolment
from services.intake.rules import facts_digest
from services.ledger import service as ledger
from services.models import Person
from services.reporting import checks
from services.rulebook.registry import version
from services.rulebook.vocabulary import parse
from services.simulate.synthetic import synthetic_card
from services.simulate.years import district, steps
from services.simulate.years.rows import COLUMNS, Tables
from services.simulate.years.service import simulate
from services.simulate.years.size import OFFICES, Size
from services.simulate.years.world import Org
from statemachines.states import ClaimState
from tests.conftest import TEMPLATE
from tests.support.simulated import NOW, ROOT, SMALL, fill

REPOSITORY = Path(__file__).resolve().parents[2]
# Sealed with a random nonce.
SEALED = {"person": ("id_number_sealed", "phone_sealed"), "bank_card": ("number_sealed",)}
NATION = Org(uuid.UUID(int=1), None, "cn.", "全国", "nation")


@pytest.fixture
def house(db: Database) -> Database:
    fill(db)
    return db


def test_claims_stand_in_every_state_with_no_promise_broken_and_a_whole_record(db: Database) -> None:
    made = fill(db)
    assert set(made.states) == {state.value for state in ClaimState}
    assert sum(made.states.values()) == 300
    with db.view(ROOT) as session:
        assert checks.run(session) == []
        assert verify(session) == []
        counted = {table: session.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one() for table in made.rows}
    assert counted == dict(made.rows) | {"organisation": made.rows["organisation"] + 1}


def test_reports_lie_in_two_years_and_nothing_after_now(house: Database) -> None:
    with house.view(ROOT) as session:
        first, last, early = session.execute(sa.text(
            "SELECT min(reported_at), max(reported_at), count(*) FILTER (WHERE reported_at < '2026-01-01') FROM case_file")).one()
        late = session.execute(sa.text("SELECT max(at) FROM audit_record")).scalar_one()
    assert first < NOW - timedelta(days=600)
    assert NOW - timedelta(days=3) < last <= NOW
    assert 90 <= early <= 200          # about half of the window lies before 2026
    assert late <= NOW


def test_staff_work_in_office_hours_on_working_days(house: Database) -> None:
    with house.view(ROOT) as session:
        rows = session.execute(sa.text("""
            SELECT DISTINCT at AT TIME ZONE 'Asia/Shanghai' FROM audit_record WHERE machine = 'review_step' AND event = 'pass'
            OR machine = 'payment_run' AND event IN ('submit', 'release')""")).scalars().all()
    assert len(rows) > 300
    assert all(9 <= at.hour < 18 for at in rows)
    # National day 2025: 1 to 8 October, by the State Council's notice of 2024-11-12.
    assert not [at for at in rows if at.month == 10 and at.day in range(1, 9) and at.year == 2025]


def test_people_have_numbers_that_are_valid_sealed_and_found(house: Database) -> None:
    with house.view(ROOT) as session:
        rows = session.execute(sa.text("SELECT id FROM person ORDER BY id")).scalars().all()
        people = enrolment.people_by_id(session, rows)
        numbers = {enrolment.number_of(person) for person in people.values()}
        assert len(numbers) == len(people) == 260 + 39 + 6 + 9       # members, offices' people, district reviewers, clerks
        for person in list(people.values())[:40]:
            number = enrolment.number_of(person)
            identity = check_identity(number)
            assert identity.valid
            assert (identity.born, identity.sex) == (person.born, person.sex)
            found = enrolment.person_by_number(session, number)
            assert isinstance(found, Person)
            assert found.id == person.id


@pytest.mark.parametrize("serial", [0, 1, 9, 123456789012])
def test_a_card_number_passes_luhn(serial: int) -> None:
    assert luhn(synthetic_card("ICBC", serial))


def test_amounts_are_what_the_other_reading_computes_from_the_kept_words(house: Database) -> None:
    with house.view(ROOT) as session:
        rows = session.execute(sa.text("SELECT w.input, w.outcome, w.total_fen, w.refund_fen, c.plan, c.plan_from FROM worksheet w"
                                       " JOIN claim c ON c.id = w.claim_id WHERE seq = 1")).all()
    assert len({row.plan for row in rows}) == 5
    for row in rows:
        result = compute(version(row.plan, row.plan_from), parse(row.input))
        assert (result.outcome, result.total * 100, result.refund * 100) == (
            row.outcome, Decimal(row.total_fen), Decimal(row.refund_fen)), row.input


def test_a_worksheet_made_anew_from_the_tables_says_the_same(house: Database) -> None:
    with house.view(ROOT) as session:
        rows = session.execute(sa.text("""
            SELECT c.id, w.total_fen, w.refund_fen FROM claim c JOIN worksheet w ON w.claim_id = c.id AND w.seq = 1
            WHERE NOT EXISTS (SELECT 1 FROM claim o WHERE o.person_id = c.person_id AND o.id <> c.id)""")).all()
        bases = benefit.bases(session, [row.id for row in rows])
    assert len(rows) > 100
    for row in rows:
        result = compute(bases[row.id].book, bases[row.id].computation)
        assert (result.total * 100, result.refund * 100) == (row.total_fen, row.refund_fen)


def test_the_digest_of_facts_is_intakes_own() -> None:
    event = {"kind": "diagnosis", "icd10": "C50.900", "diagnosed_on": "2026-03-01"}
    assert steps.facts_digest(event, ["b", "a"]) == facts_digest(event, ["a", "b"])


def plain(tables: Tables) -> dict[str, list[tuple[str, ...]]]:
    """Rows without what is sealed."""
    return {table: [tuple(value for name, value in zip(COLUMNS[table], line.split("\t"), strict=True)
                          if name not in SEALED.get(table, ())) for line in lines] for table, lines in tables.lines.items()}


def test_a_district_follows_from_size_and_seed() -> None:
    first, again = (plain(district.build(SMALL, SMALL.places[2], NATION)) for _ in range(2))
    other = Size(SMALL.members, SMALL.claims, SMALL.orgs, SMALL.seed + 1, NOW)
    assert first == again
    assert first["claim"] != plain(district.build(other, other.places[2], NATION))["claim"]


@pytest.fixture
def twins(server: str) -> Iterator[list[Database]]:
    """Two empty databases beside one another."""
    names = [f"t{uuid.uuid4().hex[:12]}" for _ in range(2)]
    with psycopg.connect(server, autocommit=True) as connection:
        for name in names:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} OWNER {embedded.OWNER} STRATEGY FILE_COPY")
    databases = [Database(embedded.with_user(server, embedded.APP, name), pool_size=2) for name in names]
    yield databases
    for db in databases:
        db.close()
    with psycopg.connect(server, autocommit=True) as connection:
        for name in names:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def digests(db: Database) -> dict[str, str]:
    """Of every table that is written, row by row in the order of its first columns."""
    found = {}
    with db.view(ROOT) as session:
        for table, columns in COLUMNS.items():
            kept = ", ".join(name for name in columns if name not in SEALED.get(table, ()))
            found[table] = session.execute(sa.text(
                f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM (SELECT {kept} FROM {table}) t")).scalar_one()
    return found


def test_the_same_seed_gives_the_same_database_whatever_the_processes(twins: list[Database]) -> None:
    size = Size(members=90, claims=120, orgs=6, seed=11, now=NOW)
    for db, workers in zip(twins, (1, 2), strict=True):
        fill(db, size, workers=workers)
    one, two = map(digests, twins)
    assert one == two


def test_a_house_in_use_is_left_alone(house: Database) -> None:
    with pytest.raises(Conflict) as refused:
        simulate(house, SMALL, root="cn", workers=1)
    assert refused.value.code == "not_empty"


def test_without_a_root_nothing_is_written(db: Database) -> None:
    with pytest.raises(NotFound) as refused:
        simulate(db, SMALL, root="cn", workers=1)
    assert refused.value.code == "not_set_up"


@pytest.mark.parametrize(("members", "claims", "orgs", "field"), [
    (10, 21, 3, "members"), (-1, 0, 3, "members"), (1, -1, 3, "claims"), (10, 10, 2, "orgs")])
def test_sizes_that_do_not_fit_name_the_option(members: int, claims: int, orgs: int, field: str) -> None:
    with pytest.raises(InputError) as refused:
        Size(members, claims, orgs, 1, NOW)
    assert refused.value.field == field


def test_a_last_day_too_near_the_first_calendar_names_the_option() -> None:
    with pytest.raises(InputError) as refused:
        Size(10, 10, 3, 1, at_hour(date(2024, 3, 1), 18))
    assert refused.value.field == "until"


@pytest.mark.parametrize(("members", "claims", "orgs"), [(0, 0, 3), (3, 6, 3), (7, 1, 11), (500, 9000, 40)])
def test_places_add_up(members: int, claims: int, orgs: int) -> None:
    size = Size(max(members, (claims + 1) // 2), claims, orgs, 1, NOW)
    places = size.places
    assert {place.office for place in places} == set(range(len(OFFICES)))
    assert (sum(place.units for place in places), sum(place.claims for place in places)) == (orgs, claims)
    assert sum(place.members for place in places) == size.members
    assert all(place.units and place.claims <= 2 * place.members for place in places)


def test_nobody_asked_for_is_nobody_there(db: Database) -> None:
    made = fill(db, Size(0, 0, 3, 1, NOW))
    assert made.states == {}
    with db.view(ROOT) as session:
        assert checks.run(session) == []


@pytest.fixture
def machine() -> Iterator[dict[str, str]]:
    """A machine with nothing on it."""
    directory = tempfile.mkdtemp(prefix="hs")
    plain_words = {name: value for name, value in os.environ.items() if not name.startswith("HUZHU_")}
    yield plain_words | {"HUZHU_MODE": "demo", "HUZHU_DATA_DIR": directory, "HUZHU_INSURER_URL": "http://127.0.0.1:9",
                         "HUZHU_INSURER_KEYS": f"{directory}/keys/insurer"}
    shutil.rmtree(directory, ignore_errors=True)


def test_the_command_sets_up_fills_and_says_what_there_is(machine: dict[str, str]) -> None:
    asked = ["--members", "40", "--claims", "60", "--orgs", "4", "--seed", "3", "--workers", "1", "--until", "2026-06-30"]
    run = [sys.executable, "-m", "services.cli.simulate", *asked]
    done = subprocess.run([*run, "--json"], env=machine, cwd=REPOSITORY, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (sum(told["states"].values()), told["rows"]["claim"], told["seed"], told["until"]) == (60, 60, 3, "2026-06-30")
    assert told["administrator_token"]
    again = subprocess.run(run, env=machine, cwd=REPOSITORY, capture_output=True, text=True, timeout=120)
    assert again.returncode != 0
    assert "not_empty" in again.stderr


def test_a_renewal_follows_a_cover_of_the_year_before(house: Database) -> None:
    with house.view(ROOT) as session:
        renewed, alone = session.execute(sa.text("""
            SELECT count(*), count(*) FILTER (WHERE f.id IS NULL) FROM cover v LEFT JOIN cover f ON f.person_id = v.person_id
            AND f.plan = v.plan AND f.until = v.effective - 1 WHERE v.renewal""")).one()
    assert (renewed > 150, alone) == (True, 0)


def test_money_is_in_the_ledger_with_its_receipts_and_nothing_is_left_to_catch_up(house: Database) -> None:
    with house.unit_of_work(ROOT) as session:
        assert ledger.catch_up(session, actor=system("cn"), now=NOW) == 0
        open_fen, paid_fen, refunds, bounced = session.execute(sa.text("""
            SELECT sum(amount_fen) FILTER (WHERE account IN ('receivable', 'memo_receivable')),
                   (SELECT sum(amount_fen) FROM premium_voucher),
                   count(*) FILTER (WHERE account = 'memo_refunds'), count(*) FILTER (WHERE step = 'bounced') FROM ledger_entry""")).one()
        due_fen = session.execute(sa.text("SELECT sum(premium_fen) FROM cover")).scalar_one()
    assert open_fen + paid_fen == due_fen
    assert 0 <= open_fen < due_fen / 20
    assert (refunds > 0, bounced > 0) == (True, True)
