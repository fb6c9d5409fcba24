"""A migration that would break or hold up the release before it is refused; one that only adds passes, and waits for nobody's lock."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator

import psycopg
import pytest
import sqlalchemy as sa

from infra.lint import additive
from services.core import embedded, schema
from tests.support import databases

BREAKS = {
    "DROP TABLE stock_phrase": "stock_phrase: the table is gone",
    "ALTER TABLE payment RENAME TO payout": "payment: the table is gone",
    "ALTER TABLE person DROP COLUMN phone_sealed": "person.phone_sealed: the column is gone",
    "ALTER TABLE claim ALTER COLUMN version TYPE bigint": "claim.version: integer became bigint",
    "ALTER TABLE account ALTER COLUMN person_id SET NOT NULL": "account.person_id: NOT NULL",
    "ALTER TABLE claim ADD COLUMN shade text NOT NULL": "claim.shade: a new column that must be filled",
    "ALTER TABLE claim ADD COLUMN shade uuid DEFAULT uuidv7()": "claim: the table is written anew",
    "ALTER TABLE claim ADD CONSTRAINT few CHECK (version < 9)": "claim.few: refuses rows",
    "CREATE UNIQUE INDEX part ON payment (claim_id, round, payee_id, purpose, channel)": "payment.part: refuses rows",
    "CREATE UNIQUE INDEX few ON payment (claim_id, round, payee_id) WHERE live": "payment.few: refuses rows",
    "CREATE UNIQUE INDEX one_name ON organisation (name)": "organisation.one_name: refuses rows",
    "REVOKE INSERT ON claim FROM huzhu_app": "claim INSERT: no longer allowed",
    "CREATE POLICY nobody ON claim AS RESTRICTIVE USING (false)": "claim.nobody (policy): new",
}
ADDS = (
    "CREATE TABLE shade (id uuid PRIMARY KEY, claim_id uuid NOT NULL REFERENCES claim (id), word text NOT NULL CHECK (word <> ''))",
    "ALTER TABLE claim ADD COLUMN shade text, ADD COLUMN shaded boolean NOT NULL DEFAULT false",
    "ALTER TABLE claim ADD COLUMN shade text CHECK (shade IN ('light', 'dark'))",
    "CREATE INDEX by_shade ON claim (version)",
    "CREATE UNIQUE INDEX more ON payment (claim_id, round, payee_id, purpose, part, channel) WHERE live",
)


@pytest.fixture(scope="module")
def owner(server: str) -> Iterator[sa.Engine]:
    name = f"t{uuid.uuid4().hex[:12]}"
    databases.create(server, name)
    url = embedded.with_user(server, embedded.OWNER, name)
    engine = sa.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url))
    yield engine
    engine.dispose()
    databases.drop(server, name)


def _faults(owner: sa.Engine, statement: str) -> list[str]:
    with owner.connect() as connection:
        before = additive.shape(connection)
        connection.execute(sa.text(statement))
        after = additive.shape(connection)
        connection.rollback()
    return additive.faults(before, after)


@pytest.mark.parametrize("statement", BREAKS)
def test_what_the_release_before_would_meet_is_named(owner: sa.Engine, statement: str) -> None:
    found = _faults(owner, statement)
    assert any(fault.startswith(BREAKS[statement]) for fault in found), found


@pytest.mark.parametrize("statement", ADDS)
def test_what_only_adds_passes(owner: sa.Engine, statement: str) -> None:
    assert _faults(owner, statement) == []


def test_a_list_of_words_may_grow_and_not_shrink(owner: sa.Engine) -> None:
    with owner.connect() as connection:
        connection.execute(sa.text("CREATE TABLE sort (word text CONSTRAINT few CHECK (word IN ('a', 'b')))"))
        before = additive.shape(connection)
        shapes = []
        for words in ("'a', 'b', 'c'", "'a', 'c'"):
            connection.execute(sa.text(f"ALTER TABLE sort DROP CONSTRAINT few, ADD CONSTRAINT few CHECK (word IN ({words}))"))
            shapes.append(additive.shape(connection))
        connection.rollback()
    grown, shrunk = (additive.faults(before, after) for after in shapes)
    assert grown == []
    assert [fault.split(":")[0] for fault in shrunk] == ["sort.few"]


def test_statements_that_hold_others_up_are_named(owner: sa.Engine) -> None:
    with owner.connect() as connection:
        before = additive.shape(connection)
    said = ["CREATE INDEX a ON claim (version)", "CREATE INDEX CONCURRENTLY b ON claim (version)", "CREATE INDEX c ON new_one (version)",
            "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ UPDATE claim SET version = 1 $$; UPDATE person SET name = name",
            "ALTER TABLE claim ADD CONSTRAINT d CHECK (true) NOT VALID", "ALTER TABLE claim ADD CONSTRAINT e CHECK (true)"]
    assert [fault.split("`")[1] for fault in additive.locking(said, before)] == [
        "CREATE INDEX a ON claim (version)", "UPDATE person SET name = name", "ALTER TABLE claim ADD CONSTRAINT e CHECK (true)"]


def test_a_migration_waits_for_a_table_in_use_and_nobody_waits_behind_it(server: str) -> None:
    """While a long transaction holds `payment`, a migration that needs it comes again and again; who reads meanwhile is served at once."""
    name = f"t{uuid.uuid4().hex[:12]}"
    with psycopg.connect(embedded.with_user(server, "postgres", "postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} OWNER {embedded.OWNER} TEMPLATE template0")
    owner = embedded.with_user(server, embedded.OWNER, name)
    schema.upgrade(owner, "0057")
    migration = threading.Thread(target=schema.upgrade, args=(owner, "0058"))
    waits = []
    with psycopg.connect(owner) as held, psycopg.connect(owner, autocommit=True) as reader:
        reader.execute("SET app.org_path = 'cn'; SET app.account = ''")
        held.execute("LOCK TABLE payment IN ROW EXCLUSIVE MODE")        # what any change of a payment holds
        migration.start()
        until = time.monotonic() + 1.5
        while time.monotonic() < until:
            began = time.monotonic()
            reader.execute("BEGIN; LOCK TABLE payment IN ROW EXCLUSIVE MODE; COMMIT; SELECT count(*) FROM payment")
            waits.append(time.monotonic() - began)
            time.sleep(0.01)
        assert reader.execute("SELECT version_num FROM alembic_version").fetchone() == ("0057",)
        held.rollback()
        migration.join(30)
        assert reader.execute("SELECT version_num FROM alembic_version").fetchone() == ("0058",)
    databases.drop(server, name)
    assert max(waits) < 0.6, max(waits)
    assert len(waits) > 20
