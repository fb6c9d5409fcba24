"""A house of a city's size, filled past the verbs: people, covers and union cards by COPY. What is filled is not what is measured."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import psycopg

from infra.scratch import fresh
from services.access.actor import Actor
from services.core import crypto, embedded
from services.core.crypto import key_ring
from services.core.db import Database, Scope
from services.core.ids import uuidv7
from services.enrolment.people import ID_NUMBER
from services.models import Account, Fund, Grant, Organisation, Person
from services.simulate.feed import people

PLAN, YEAR, OFFICE = "bj-medical", 2026, "cn.bj."
NOW = datetime(YEAR, 4, 10, 2, tzinfo=UTC)
_UNIT_OF = 180          # members of a unit: 3.6 million make 20,000, about Beijing's
_PIECE = 200_000


@dataclass
class House:
    """The database, its superuser's URL, who settles, and the members (`certno`, `name`)."""

    db: Database
    superuser: str
    maker: Actor
    members: pl.DataFrame


def build(directory: Path, count: int) -> House:
    """So many members, each with a cover of the year; of a hundred, ten in a category of their own and two without a card."""
    os.environ["HUZHU_DATA_DIR"] = str(directory)
    url, app = fresh(directory, "bench")
    crypto.key_ring.cache_clear()
    superuser = embedded.with_user(url, "postgres", "bench")
    db = Database(app)
    maker, orgs = _offices(db, -(-count // _UNIT_OF))
    members = people(count)
    with psycopg.connect(superuser) as connection:
        connection.execute("SET session_replication_role = replica; SET synchronous_commit = off")
        for start in range(0, count, _PIECE):
            _fill(connection, members.slice(start, _PIECE), start, orgs)
    with psycopg.connect(superuser, autocommit=True) as connection:
        for table in ("person", "cover", "bank_card"):
            connection.execute(f"VACUUM (ANALYZE) {table}".encode())
        connection.execute("CHECKPOINT")
    return House(db, superuser, maker, members)


def _offices(db: Database, units: int) -> tuple[Actor, list[tuple[uuid.UUID, str]]]:
    with db.unit_of_work(Scope("cn")) as session:
        root = Organisation(org_key="cn.", name="root", kind="nation")
        session.add(root)
        session.flush()
        office = Organisation(org_key=OFFICE, parent_id=root.id, name="office", kind="office", office="beijing")
        person = Person(name="maker", id_number_sealed=b"", id_number_index=uuidv7().bytes, born=date(1980, 1, 1), sex="M", created_at=NOW)
        session.add_all([office, person, Fund(plan=PLAN, opening_fen=10**15)])
        session.flush()
        account = Account(login="maker", name="maker", person_id=person.id, org_id=office.id, org_key=OFFICE, created_at=NOW)
        session.add(account)
        session.flush()
        session.add(Grant(account_id=account.id, role="finance_maker"))
        made = [Organisation(org_key=f"{OFFICE}u{serial:05d}.", parent_id=office.id, name=f"u{serial:05d}", kind="unit")
                for serial in range(units)]
        session.add_all(made)
        session.flush()
        return (Actor(account.id, person.id, OFFICE, "maker", frozenset({"finance_maker"})), [(unit.id, unit.org_key) for unit in made])


def _fill(connection: psycopg.Connection[tuple[object, ...]], members: pl.DataFrame, start: int, orgs: list[tuple[uuid.UUID, str]]) -> None:
    """The next members in order of their ids, as they would have been enrolled unit by unit."""
    serial = list(range(start, start + members.height))
    ids = [str(uuidv7()) for _ in serial]
    unit = [orgs[number // _UNIT_OF] for number in serial]
    categories = [("model_worker" if number % 100 < 3 else "specially_poor" if number % 100 < 6 else "hardship" if number % 100 < 10
                   else "normal") for number in serial]
    index = ["\\x" + one.hex() for one in key_ring().indices(members["certno"].to_list(), field=ID_NUMBER)]
    base = pl.DataFrame({"id": ids, "name": members["name"], "sealed": "\\x" + "00" * 52, "index": index, "born": members["born"],
                         "sex": members["sex"], "category": categories, "created_at": NOW.isoformat()})
    _copy(connection, "person (id, name, id_number_sealed, id_number_index, born, sex, category, created_at)", base)
    _copy(connection, "cover (id, org_key, org_id, plan, plan_from, person_id, effective, until, relation, shares, premium_fen,"
          " payer_kind, certificate_no, created_at, renewal, high_risk_work)", pl.DataFrame({
              "id": [str(uuidv7()) for _ in serial], "org_key": [key for _, key in unit], "org_id": [str(org) for org, _ in unit],
              "plan": PLAN, "plan_from": "2015-01-01", "person_id": ids, "effective": f"{YEAR}-01-01", "until": f"{YEAR}-12-31",
              "relation": "employee", "shares": 1, "premium_fen": 0, "payer_kind": "public",
              "certificate_no": [f"C{number:09d}" for number in serial], "created_at": NOW.isoformat(), "renewal": False,
              "high_risk_work": False}))
    carded = [number % 50 != 7 for number in serial]
    _copy(connection, "bank_card (id, person_id, number_sealed, number_index, last4, bank, holder, added_at)", pl.DataFrame({
        "id": [str(uuidv7()) for _ in serial], "person_id": ids, "number_sealed": "\\x" + "00" * 52,
        "number_index": [f"\\x{number:064x}" for number in serial], "last4": "0000", "bank": "BOB_UNION_CARD", "holder": members["name"],
        "added_at": NOW.isoformat()}).filter(pl.Series(carded)))


def _copy(connection: psycopg.Connection[tuple[object, ...]], into: str, frame: pl.DataFrame) -> None:
    with connection.cursor().copy(f"COPY {into} FROM STDIN (FORMAT csv)".encode()) as copy:
        copy.write(frame.write_csv(include_header=False))
    connection.commit()
