"""Keys change while programs run: every sealed value stays readable, none is lost, and no key goes while a value needs it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql
from sqlmodel import SQLModel

from services.access import credentials, oidc
from services.access.custody import rewrap, ring
from services.access.custody.columns import OPEN, SEALED
from services.audit import chain
from services.core import embedded
from services.core.crypto import AuditKey, KeyRing, key_ring, load_ring, make_ring
from services.core.errors import ConfigError, Conflict, InputError
from services.core.settings import settings
from services.enrolment import people, person_history
from services.evidence import conversation, readings
from services.intake import data_requests, drafts, opening
from services.models import FeedFile
from services.notice import contacts
from services.settlement.feed import keeping
from services.storage import service as storage
from tests.support.databases import Fresh, past_row_security

NOW = datetime(2026, 3, 20, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=2)
EACH = 5            # values of each column


@pytest.fixture(scope="module")
def own_ring() -> Iterator[Path]:
    """The process's ring for these tests, as it was before afterwards."""
    path = settings().key_ring
    kept = path.read_bytes()
    yield path
    path.write_bytes(kept)
    key_ring.cache_clear()


@pytest.fixture(scope="module")
def filled(server: str) -> Iterator[Fresh]:
    """Rows in every table with sealed values, past its other rules."""
    db = Fresh(server)
    db.make()
    with past_row_security(db) as connection:
        connection.execute("SET session_replication_role = replica")
        for (drop,) in connection.execute("SELECT format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I', conrelid::regclass, conname)"
                                          " FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace").fetchall():
            connection.execute(str(drop).encode())
        for table in dict.fromkeys(column.table for column in SEALED):
            for number in range(EACH):
                _insert(connection, table, number)
    yield db
    db.drop()


def _insert(connection: psycopg.Connection[tuple[object, ...]], table: str, number: int) -> None:
    shape, row = SQLModel.metadata.tables[table], {}
    for column in shape.columns:
        if not column.nullable or column.primary_key or column.name == "org_key":
            row[column.name] = _some(column, number)
    for one in SEALED:
        if one.table == table:
            row[one.name] = key_ring().seal(f"{one.words} {number}", field=one.bound(row[one.key]))
    connection.execute(sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, row)), sql.SQL(", ").join([sql.Placeholder()] * len(row))),
        list(row.values()))


def _some(column: sa.Column[object], number: int) -> object:
    kinds: dict[type, object] = {uuid.UUID: uuid.uuid4(), bytes: uuid.uuid4().bytes, str: f"cn.x{number}.", int: number, bool: False,
                                 datetime: NOW, dict: "{}", list: "[]"}
    if isinstance(column.type, sa.Date):
        return NOW.date()
    if isinstance(column.type, sa.ARRAY):
        return "{}"
    return "{}" if isinstance(column.type, sa.JSON) else kinds[column.type.python_type]


def read(db: Fresh) -> dict[str, set[str]]:
    """Every value, opened with the ring of now."""
    found: dict[str, set[str]] = {}
    with past_row_security(db) as connection:
        for one in SEALED:
            rows = connection.execute(sql.SQL("SELECT {}, {} FROM {}").format(*map(sql.Identifier, (one.key, one.name, one.table))))
            found[one.words] = {key_ring().open(bytes(value), field=one.bound(key)) for key, value in rows if isinstance(value, bytes)}
    return found


EXPECTED = {one.words: {f"{one.words} {number}" for number in range(EACH)} for one in SEALED}


def test_every_column_of_bytes_is_known_as_sealed_or_open() -> None:
    bytes_ = {f"{table.name}.{column.name}" for table in SQLModel.metadata.tables.values() for column in table.columns
              if isinstance(column.type, sa.LargeBinary)}
    sealed = {one.words for one in SEALED}
    assert bytes_ - OPEN - sealed == set(), "put it into services/access/custody/columns.py"
    assert (OPEN | sealed) - bytes_ == set() and not OPEN & sealed


def test_values_are_bound_to_what_their_stages_say() -> None:
    account, upload = uuid.uuid4(), uuid.uuid4()
    bound = {one.words: one.bound(account) for one in SEALED}
    assert bound == {
        "person.id_number_sealed": people.ID_NUMBER, "person.phone_sealed": people.PHONE, "bank_card.number_sealed": people.CARD,
        "person_change.old_sealed": person_history._FIELD, "person_change.new_sealed": person_history._FIELD,
        "letter_contact.address_sealed": contacts.ADDRESS, "report_draft.words_sealed": drafts.WORDS,
        "report_note.caller_phone_sealed": opening.CALLER_PHONE, "report_note.said_sealed": opening.SAID,
        "claim_message.words_sealed": conversation.WORDS, "paper_field.value_sealed": readings.SEALED,
        "paper_field.read_sealed": readings.SEALED, "privacy_request.wanted_sealed": data_requests.WANTED,
        "privacy_request.words_sealed": data_requests.WORDS, "credential.totp_sealed": credentials._field(account),
        "credential.totp_pending": credentials._field(account), "oidc_attempt.verifier_sealed": oidc._FIELD}
    assert keeping._field(upload, 7) == f"feed_file.content/{upload}/7"


def test_rotated_rewrapped_after_a_kill_and_retired(filled: Fresh, own_ring: Path) -> None:
    feed = _feed(filled)
    assert read(filled) == EXPECTED
    assert ring.rotate(own_ring, now=NOW) == "k2" and key_ring().current == "k2"
    assert read(filled) == EXPECTED
    with rewrap.owner(embedded.with_user(filled.url, embedded.OWNER), "cn") as connection:
        with pytest.raises(ConnectionAbortedError):
            rewrap.rewrap(connection, key_ring(), batch=2, tell=_killed)
        part = sum(held.by_key.get("k2", 0) for held in rewrap.held(connection))
        assert 0 < part < EACH * len(SEALED)
        passing = [one.words for one in SEALED if one.passing]
        assert rewrap.rewrap(connection, key_ring(), batch=2) == EACH * len(SEALED) - part + 1      # and a piece of a feed
        assert {key for held in rewrap.held(connection) for key in held.by_key} == {"k2"}
    assert read(filled) == {words: set() if words in passing else values for words, values in EXPECTED.items()}
    assert keeping.Stored(feed, 5, _SHA).open().read() == _CONTENT
    with pytest.raises(Conflict, match="不到一小时"):
        ring.retire(own_ring, "k1", now=NOW + timedelta(minutes=59))
    away = ring.retire(own_ring, "k1", now=LATER)
    assert json.loads(away.read_text())["id"] == "k1" and away.stat().st_mode & 0o777 == 0o600
    assert read(filled)["person.phone_sealed"] == EXPECTED["person.phone_sealed"] and ring.told(own_ring).ids == ("k2",)
    assert ring.rotate(own_ring, now=LATER) == "k3"      # an id is never used again


_CONTENT = b"1,2,3"
_SHA = hashlib.sha256(_CONTENT).hexdigest()


def _feed(db: Fresh) -> uuid.UUID:
    """A received file of one piece."""
    content, feed = _CONTENT, uuid.uuid4()
    storage.put_part(feed, 0, key_ring().seal_bytes(content, field=keeping._field(feed, 0)))
    feed_row(db, feed, _SHA)
    return feed


def feed_row(db: Fresh, feed: uuid.UUID, sha256: str) -> None:
    """The row of a received file, with whatever it must have."""
    with past_row_security(db) as connection:
        connection.execute("SET session_replication_role = replica")
        columns = SQLModel.metadata.tables[str(FeedFile.__tablename__)].columns
        row = {column.name: _some(column, 1) for column in columns if not column.nullable}
        row |= {"id": feed, "org_key": "cn.", "plan": "x", "sha256": sha256}
        connection.execute(sql.SQL("INSERT INTO feed_file ({}) VALUES ({})").format(
            sql.SQL(", ").join(map(sql.Identifier, row)), sql.SQL(", ").join([sql.Placeholder()] * len(row))), list(row.values()))


def _killed(column: str, done: int, _of: int) -> None:
    if column == "person_change.old_sealed" and done >= 2:
        raise ConnectionAbortedError


_WRITER = """
import json, sys, psycopg
from services.core.crypto import key_ring
connection = psycopg.connect(sys.argv[1], autocommit=True)
ids = [row[0] for row in connection.execute("SELECT id FROM person ORDER BY id")]
held, said, count = key_ring(), {}, 0
print("ready", flush=True)
for line in sys.stdin:
    if line.strip() == "end":
        break
    for person in ids:
        count += 1
        for ring in (key_ring(), held):     # also with the ring it has held since before
            [(value,)] = connection.execute("SELECT phone_sealed FROM person WHERE id = %s", (person,)).fetchall()
            assert ring.open(value, field="person.phone")
        said[str(person)] = f"phone {count}"
        sealed = key_ring().seal(f"phone {count}", field="person.phone")
        connection.execute("UPDATE person SET phone_sealed = %s WHERE id = %s", (sealed, person))
    print(key_ring().current, flush=True)
print(json.dumps(said), flush=True)
"""


def test_a_program_that_runs_takes_the_new_key_and_loses_nothing(filled: Fresh, own_ring: Path) -> None:
    """Another process reads and writes the values that are being sealed anew; what it wrote last is what stands."""
    ring.rotate(own_ring, now=NOW, name="a")
    with past_row_security(filled) as connection:
        for (person,) in connection.execute("SELECT id FROM person").fetchall():
            connection.execute("UPDATE person SET phone_sealed = %s WHERE id = %s", (key_ring().seal("0", field=people.PHONE), person))
    program = subprocess.Popen([sys.executable, "-c", _WRITER, embedded.with_user(filled.url, "postgres")], text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert program.stdin and program.stdout

    def told(word: str) -> str:
        assert program.stdin and program.stdout
        program.stdin.write(f"{word}\n")
        program.stdin.flush()
        return program.stdout.readline().strip()

    try:
        assert program.stdout.readline().strip() == "ready" and told("go") == "a"
        ring.rotate(own_ring, now=NOW, name="b")
        assert told("go") == "b"
        ring.rotate(own_ring, now=NOW, name="c")
        with rewrap.owner(embedded.with_user(filled.url, embedded.OWNER), "cn") as connection:
            # Between a batch's reading and its writing: the program's value must win over the one that was read.
            rewrap.rewrap(connection, _slow(key_ring(), lambda: told("go")), batch=2)
            rewrap.rewrap(connection, key_ring())
            keys = {key for one in rewrap.held(connection) for key in one.by_key if one.column == "person.phone_sealed"}
        said = json.loads(told("end"))
    finally:
        program.kill()
        program.wait()
    assert keys == {"c"}
    with past_row_security(filled) as connection:
        rows = connection.execute("SELECT id, phone_sealed FROM person").fetchall()
    assert {str(key): key_ring().open(bytes(value), field=people.PHONE) for key, value in rows if isinstance(value, bytes)} == said


def _slow(one: KeyRing, between: object) -> KeyRing:
    """The ring, and something that happens before each value is sealed anew."""
    class Slow(KeyRing):
        def __init__(self) -> None:
            self.__dict__.update(one.__dict__)
            self.count = 0

        def seal_bytes(self, content: bytes, *, field: str) -> bytes:
            self.count += 1
            if field == people.PHONE and self.count % 2:
                assert callable(between)
                between()
            return super().seal_bytes(content, field=field)

    return Slow()


def test_a_key_is_not_put_away_while_a_value_needs_it(filled: Fresh, own_ring: Path) -> None:
    with pytest.raises(Conflict, match="现用"):
        ring.may_go(own_ring, ring.told(own_ring).current, now=LATER)
    with pytest.raises(InputError, match="没有密钥 k9"):
        ring.may_go(own_ring, "k9", now=LATER)
    with pytest.raises(InputError, match="用过"):
        ring.rotate(own_ring, now=NOW, name="k1")
    with pytest.raises(ConfigError, match="建表账号"), rewrap.owner("", "cn"):
        pass


def test_a_ring_is_read_whole_or_not_at_all(own_ring: Path) -> None:
    before = key_ring()
    assert key_ring() is before
    ring.rotate(own_ring, now=NOW)
    assert key_ring() is not before and key_ring().open(before.seal("一", field="x"), field="x") == "一"
    assert before.open(key_ring().seal("二", field="x"), field="x") == "二"        # who held the ring before reads it too
    kept = own_ring.read_bytes()
    own_ring.write_bytes(kept[:-20])
    with pytest.raises(ConfigError, match="不完整"):
        key_ring()
    own_ring.write_bytes(kept)
    assert sorted(path.name for path in own_ring.parent.glob(".ring.json*")) == []


def test_records_of_a_later_day_have_a_later_key(tmp_path: Path) -> None:
    path = tmp_path / "ring.json"
    make_ring(path)
    first = load_ring(path).audit_key_at(LATER)
    day = ring.rotate_audit(path, now=NOW)
    with pytest.raises(Conflict, match="已有一把"):
        ring.rotate_audit(path, now=LATER)
    found = load_ring(path)
    midnight = datetime(2026, 3, 20, 16, tzinfo=UTC)       # in China the 21st begins
    assert day.isoformat() == "2026-03-21"
    assert found.audit_key_at(midnight - timedelta(microseconds=1)) == first == found.audit_key_at(datetime(2020, 1, 1, tzinfo=UTC))
    assert found.audit_key_at(midnight) != first
    two = KeyRing("k", {"k": bytes(32)}, b"", b"1", later=[AuditKey(NOW, b"2"), AuditKey(LATER, b"3")])
    assert [two.audit_key_at(at) for at in (NOW - timedelta(1), NOW, LATER)] == [b"1", b"2", b"3"]
    assert chain.digest(first, b"", "") != chain.digest(found.audit_key_at(midnight), b"", "")
