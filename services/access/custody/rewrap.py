"""Sealed values sealed anew with the current key: by batches, each in a transaction of its own, beside all other work.

A value is written only over the very bytes that were read: who changed it meanwhile wins. After a kill the next run goes on with
whatever still bears an old key. The tables' owner does it: some of them the application may only add to.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.errors import DeadlockDetected, LockNotAvailable
from psycopg.types.array import ListBinaryDumper

from services.access.custody.columns import FEED, SEALED, Column
from services.core.crypto import KeyRing
from services.core.errors import ConfigError, Conflict, NotFound
from services.storage import service as storage

BATCH = 500
_TRIES, _PAUSE = 120, 0.5     # about two minutes for one batch
Tell = Callable[[str, int, int], None]      # column, done, of how many
Connection = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Held:
    """How many values of a column are sealed with which key."""

    column: str
    by_key: dict[str, int]


@contextmanager
def owner(url: str, root_org: str) -> Iterator[Connection]:
    """A connection of the tables' owner in the root's sight; row security binds it too. ConfigError without its address."""
    if not url:
        raise ConfigError("owner_url", "更换密钥要用建表账号的地址", remedy="设置 HUZHU_OWNER_URL 后再运行", field="HUZHU_OWNER_URL")
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
        connection.adapters.register_dumper(list, ListBinaryDumper)
        connection.execute("SELECT set_config('app.org_path', %s, false), set_config('lock_timeout', '500ms', false)", (root_org,))
        yield connection


@contextmanager
def alone(connection: Connection) -> Iterator[None]:
    """No two seal anew or put a key away at once: a slow one would write with a key that the other puts away. Conflict at once."""
    if not connection.execute("SELECT pg_try_advisory_lock(hashtextextended('keys', 0))").fetchone() == (True,):
        raise Conflict("keys_busy", "另有一次重新加密或停用密钥正在进行", remedy="等它结束后再运行")
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("SELECT pg_advisory_unlock(hashtextextended('keys', 0))")


def held(connection: Connection) -> list[Held]:
    """Every column's values by key; a reading of each table, and of the store's feeds."""
    found = [Held(column.words, {str(key): int(str(count)) for key, count in connection.execute(_names(column, r"""
        SELECT encode(substring({name} FROM 1 FOR greatest(position('\x3a'::bytea IN {name}) - 1, 0)), 'escape'), count(*)
        FROM {table} WHERE {name} IS NOT NULL GROUP BY 1 ORDER BY 1"""))}) for column in SEALED]
    return [*found, _feeds(connection)]


def rewrap(connection: Connection, ring: KeyRing, *, tell: Tell = lambda *_: None, batch: int = BATCH) -> int:
    """Seal every value of another key anew with the current one; how many. ConfigError when a value's key is not in the ring.

    Conflict while another does it.
    """
    with alone(connection):
        return sum(_column(connection, ring, column, tell, batch) for column in SEALED) + _feed_pieces(connection, ring, tell)


def _column(connection: Connection, ring: KeyRing, column: Column, tell: Tell, batch: int) -> int:
    prefix = f"{ring.current}:".encode()
    other = _names(column, "{name} IS NOT NULL AND substring({name} FROM 1 FOR %(length)s) <> %(prefix)s")
    given: dict[str, object] = {"prefix": prefix, "length": len(prefix), "batch": batch,
                                "after": b"" if column.key == "state_digest" else uuid.UUID(int=0)}
    row = connection.execute(_names(column, "SELECT count(*) FROM {table} WHERE {other}", other), given).fetchone()
    total, done = int(str(row[0])) if row else 0, 0
    while total:
        rows = connection.execute(_names(column, """SELECT {key}, {name} FROM {table} WHERE {other}
            AND {key} > %(after)s ORDER BY {key} LIMIT %(batch)s""", other, column), given).fetchall()
        if not rows:
            break
        _write(connection, ring, column, rows)
        done, given["after"] = done + len(rows), rows[-1][0]
        tell(column.words, done, total)
    return done


def _write(connection: Connection, ring: KeyRing, column: Column, rows: list[tuple[object, ...]]) -> None:
    """One batch. Whoever works on one of its rows goes first: it is let go at once and comes again."""
    keys, old = [row[0] for row in rows], [row[1] for row in rows]
    if column.passing:
        statement, given = sql.Composed([sql.SQL(_FORGET[column.words])]), [keys, old]
    else:
        statement = _names(column, """UPDATE {table} t SET {name} = r.new FROM unnest({keys}, %s::bytea[], %s::bytea[]) AS r(key, old, new)
            WHERE t.{key} = r.key AND t.{name} = r.old""", None, column)
        given = [keys, old, [_anew(ring, column, *row) for row in rows]]
    for _ in range(_TRIES):
        try:
            connection.execute(statement, given)
            return
        except (LockNotAvailable, DeadlockDetected):
            time.sleep(_PAUSE)
    raise Conflict("busy", f"{column.words} 的记录一直在被办理，未能改完", remedy="稍后再运行 huzhu keys rewrap，已改的不会重做")


# Begun with an old key, some minutes ago: begun once more.
_FORGET = {
    "credential.totp_pending": "UPDATE credential t SET totp_pending = NULL FROM unnest(%s::uuid[], %s::bytea[]) AS r(key, old)"
                               " WHERE t.account_id = r.key AND t.totp_pending = r.old",
    "oidc_attempt.verifier_sealed": "DELETE FROM oidc_attempt t USING unnest(%s::bytea[], %s::bytea[]) AS r(key, old)"
                                    " WHERE t.state_digest = r.key AND t.verifier_sealed = r.old"}


def _anew(ring: KeyRing, column: Column, key: object, value: object) -> bytes:
    assert isinstance(value, bytes)
    return value if not value else ring.seal_bytes(ring.open_bytes(value, field=column.bound(key)), field=column.bound(key))


def _names(column: Column, text: str, other: sql.Composable | None = None, kind: Column | None = None) -> sql.Composed:
    key = sql.SQL("%s::uuid[]" if column.key != "state_digest" else "%s::bytea[]")
    return sql.SQL(text).format(table=sql.Identifier(column.table), name=sql.Identifier(column.name), key=sql.Identifier(column.key),
                                keys=key if kind else sql.SQL(""), other=other or sql.SQL(""))


def _pieces(connection: Connection) -> Iterator[tuple[uuid.UUID, int, bytes]]:
    for (feed,) in connection.execute("SELECT id FROM feed_file ORDER BY id").fetchall():
        assert isinstance(feed, uuid.UUID)
        for offset in storage.part_offsets(feed):
            try:
                yield feed, offset, storage.get_part(feed, offset)
            except NotFound:
                continue        # forgotten since it was listed


def _feeds(connection: Connection) -> Held:
    found: dict[str, int] = {}
    for _, _, piece in _pieces(connection):
        key = piece.partition(b":")[0].decode("ascii", "replace")
        found[key] = found.get(key, 0) + 1
    return Held(FEED, found)


def _feed_pieces(connection: Connection, ring: KeyRing, tell: Tell) -> int:
    """The pieces of feeds that lie in the store; each is replaced whole. What a settlement forgets meanwhile does not come back."""
    done = 0
    for feed, offset, piece in _pieces(connection):
        field = f"{FEED}/{feed}/{offset}"
        if piece.startswith(f"{ring.current}:".encode()):
            continue
        storage.put_part(feed, offset, ring.seal_bytes(ring.open_bytes(piece, field=field), field=field))
        if connection.execute("SELECT FROM feed_file WHERE id = %s AND state IN ('settled', 'refused')", (feed,)).fetchone() is not None:
            storage.drop_parts(feed)        # it was forgotten before this piece was put, or is about to be
            continue
        done += 1
        tell(FEED, done, done)
    return done
