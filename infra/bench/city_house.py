"""A house of a city's size, filled past the verbs: people, covers and union cards by COPY. What is filled is not what is measured."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
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
_FILLED = ("person", "cover", "bank_card")
_SEALED = "\\x" + "00" * 52          # nobody opens it here
_UNREADY = """UPDATE pg_index SET indisready = false, indisvalid = false
    WHERE indrelid IN (SELECT oid FROM pg_class WHERE relname = ANY(%s))"""


@dataclass
class House:
    """Where it lies, the database, its superuser's URL, who settles, and the members (`certno`, `name`)."""

    directory: Path
    db: Database
    superuser: str
    maker: Actor
    members: pl.DataFrame


def build(directory: Path, count: int) -> House:
    """So many members, each with a cover of the year; of a hundred, ten in a category of their own and two without a card.

    A directory that holds such a house already is opened, and what settlements left in it is taken away.
    """
    os.environ["HUZHU_DATA_DIR"] = str(directory)
    url, app = fresh(directory, "bench")
    crypto.key_ring.cache_clear()
    superuser = embedded.with_user(url, "postgres", "bench")
    db, members = Database(app), people(count)
    with psycopg.connect(superuser, autocommit=True) as connection:
        kept = connection.execute("SELECT account.id, person_id FROM account").fetchone()
        filled = connection.execute("SELECT count(*) FROM cover").fetchone() if kept else None
    if kept is not None:
        if filled != (count,):
            raise SystemExit(f"{directory} holds a house of another size ({filled}): name another directory")
        unsettled(superuser)
        return House(directory, db, superuser, _actor(kept[0], kept[1]), members)
    maker, orgs = _offices(db, -(-count // _UNIT_OF))
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica; SET synchronous_commit = off; SET maintenance_work_mem = '1GB'")
        # Filled without indexes, which are then built whole: an index that is not ready takes no rows, and REINDEX makes it ready.
        connection.execute(_UNREADY, (list(_FILLED),))
        for start in range(0, count, _PIECE):
            _fill(connection, members.slice(start, _PIECE), start, orgs)
        for table in _FILLED:
            connection.execute(f"REINDEX TABLE {table}".encode())
            connection.execute(f"VACUUM (ANALYZE) {table}".encode())
        connection.execute("CHECKPOINT")
    return House(directory, db, superuser, maker, members)


def unsettled(superuser: str) -> None:
    """The house as it was before any settlement; the books alone keep what was booked."""
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("TRUNCATE bill, settlement_line, settlement_payment, settlement, feed_file, outbox CASCADE")
        connection.execute("CHECKPOINT")


def _actor(account: uuid.UUID, person: uuid.UUID | None) -> Actor:
    return Actor(account, person, OFFICE, "maker", frozenset({"finance_maker"}))


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
        return _actor(account.id, person.id), [(unit.id, unit.org_key) for unit in made]


def _fill(connection: psycopg.Connection[tuple[object, ...]], members: pl.DataFrame, start: int, orgs: list[tuple[uuid.UUID, str]]) -> None:
    """The next members in order of their ids, as they would have been enrolled unit by unit."""
    count = members.height
    serial = pl.int_range(start, start + count, eager=True)
    ids = _ids(start, count)
    units = pl.DataFrame({"org_id": [str(unit) for unit, _ in orgs], "org_key": [key for _, key in orgs]})[(serial // _UNIT_OF).to_numpy()]
    index = pl.Series(key_ring().indices(members["certno"].to_list(), field=ID_NUMBER), dtype=pl.Binary).bin.encode("hex")
    _copy(connection, "person (id, name, id_number_sealed, id_number_index, born, sex, category, created_at)", members.select(
        ids.alias("id"), "name", pl.lit(_SEALED).alias("sealed"), ("\\x" + index).alias("index"), "born", "sex", _category(serial),
        pl.lit(NOW.isoformat()).alias("created_at")))
    _copy(connection, "cover (id, org_key, org_id, plan, plan_from, person_id, effective, until, relation, shares, premium_fen,"
          " payer_kind, certificate_no, created_at, renewal, high_risk_work)", units.select(
              _ids(start, count, 1).alias("id"), "org_key", "org_id", *(pl.lit(value).alias(name) for name, value in (
                  ("plan", PLAN), ("plan_from", "2015-01-01"))), ids.alias("person_id"),
              *(pl.lit(value).alias(name) for name, value in (
                  ("effective", f"{YEAR}-01-01"), ("until", f"{YEAR}-12-31"), ("relation", "employee"), ("shares", 1), ("premium", 0),
                  ("payer", "public"))), ("C" + serial.cast(pl.String).str.zfill(9)).alias("certificate_no"),
              pl.lit(NOW.isoformat()).alias("created_at"), pl.lit(False).alias("renewal"), pl.lit(False).alias("risky")))
    _copy(connection, "bank_card (id, person_id, number_sealed, number_index, last4, bank, holder, added_at)", members.select(
        _ids(start, count, 2).alias("id"), ids.alias("person_id"), pl.lit(_SEALED).alias("sealed"),
        ("\\x" + serial.cast(pl.String).str.zfill(64)).alias("index"), pl.lit("0000").alias("last4"),
        pl.lit("BOB_UNION_CARD").alias("bank"), "name", pl.lit(NOW.isoformat()).alias("added_at")).filter(serial % 50 != 7))


def _category(serial: pl.Series) -> pl.Series:
    place = pl.col("n") % 100
    return serial.to_frame("n").select(
        pl.when(place < 3).then(pl.lit("model_worker")).when(place < 6).then(pl.lit("specially_poor"))
        .when(place < 10).then(pl.lit("hardship")).otherwise(pl.lit("normal")).alias("category")).to_series()


def _ids(start: int, count: int, kind: int = 0) -> pl.Series:
    """Ids of version 7, ascending: a millisecond for every row and random bits, as text without dashes."""
    held = np.frombuffer(os.urandom(16 * count), np.uint8).reshape(count, 16).copy()
    moments = (int(NOW.timestamp() * 1000) - 10**9 + np.arange(start, start + count, dtype=">u8")).astype(">u8")
    held[:, :6] = moments.view(np.uint8).reshape(count, 8)[:, 2:]
    held[:, 6] = 0x70 | kind
    held[:, 8] = 0x80 | (held[:, 8] & 0x3F)
    text = held.tobytes().hex()
    return pl.Series([text[place:place + 32] for place in range(0, 32 * count, 32)])


def _copy(connection: psycopg.Connection[tuple[object, ...]], into: str, frame: pl.DataFrame) -> None:
    with connection.cursor().copy(f"COPY {into} FROM STDIN (FORMAT csv)".encode()) as copy:
        copy.write(frame.write_csv(include_header=False))
