"""Which papers the rows of a database rest on: every column that names bytes in the store by their hash, found from the models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import LiteralString

import psycopg
import sqlalchemy as sa
from psycopg import sql
from sqlmodel import SQLModel

import services.models
from services.audit import sealing, spans
from services.backup.papers import path_of
from services.core.db import urls
from services.core.settings import Settings
from services.storage.second import PAPERS, beside, second_place

# Hashes of what is not kept, or lies sealed in parts under the row's own id.
NOT_KEPT = {("feed_file", "sha256"), ("upload_session", "sha256"), ("privacy_request", "sha256"),
            ("idempotency_key", "request_sha256"), ("settlement_telling", "sha256")}
# Rows whose bytes have gone by law (services/evidence/retention.py).
STANDING = {("paper", "sha256"): "removed_at"}
# Rows whose bytes lie in parts under their own id; `sure`: there must be some. A copy of somebody's data whose days are over is none.
# Each beside the column without which an earlier release's database cannot be asked.
_IN_PARTS = {
    ("upload_session", "id"): "SELECT 'upload_session', id::text, '', false FROM upload_session",
    ("feed_file", "id"): "SELECT 'feed_file', id::text, '', false FROM feed_file",
    ("privacy_request", "expires_at"): "SELECT 'privacy_request', id::text, sha256, true FROM privacy_request"
                                       " WHERE kind = 'export' AND state = 'ready' AND expires_at > now()"}
# What a letter or a proposal says of files: some of these hashes name bytes in the store, others only tell two texts apart.
_WITHIN = {
    ("notice", "enclosures"): "SELECT 'notice', n.id::text, e ->> 'sha256', true FROM notice n, jsonb_array_elements(n.enclosures) e",
    ("office_letter", "context"): "SELECT 'office_letter', o.id::text, e.value, false FROM office_letter o, jsonb_each_text(o.context) e",
    ("release", "payload"): "SELECT 'release', r.id::text, r.payload ->> 'sha256', false FROM release r"}
_COLUMN = sql.SQL("SELECT {name} AS place, {key}::text AS row, {column} AS sha256, true AS sure FROM {table}"
                  " WHERE {column} IS NOT NULL AND {standing}")
_EACH_ONCE = sql.SQL("SELECT DISTINCT ON (sha256) place, row, sha256, sure FROM ({}) AS x WHERE sha256 ~ '^[0-9a-f]{{64}}$'"
                     " ORDER BY sha256, sure DESC, place")
_UNION = sql.SQL(" UNION ALL ")
# The record's days and what they name, where they lie beside the papers. A statement that somebody touched names what it still can.
_DAYS = """
    SELECT day, encode(sha256(convert_to(statement, 'UTF8')), 'hex'), exported_at IS NOT NULL
    FROM audit_seal WHERE place = %s ORDER BY day"""
_SPANS = """
    SELECT DISTINCT ON (sha256) day, sha256, true FROM (
        SELECT day, jsonb_path_query(CASE WHEN pg_input_is_valid(statement, 'jsonb') THEN statement::jsonb END,
                                     '$.spans[*].sha256') #>> '{}' AS sha256
        FROM audit_seal WHERE place = %s) AS x WHERE sha256 ~ '^[0-9a-f]{64}$' ORDER BY sha256, day DESC"""
Connection = psycopg.Connection[tuple[object, ...]]
Columns = set[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Needed:
    """A row and the hash of the bytes it rests on."""

    place: str              # table
    row: str                # id
    sha256: str
    sure: bool              # that there must be such bytes
    beside: str = ""        # their name in the store, where it is not the hash

    @property
    def name(self) -> str:
        """Their name in the store."""
        return self.beside or path_of(self.sha256)


def columns() -> list[tuple[str, str]]:
    """(table, column) of every hash that names bytes in the store."""
    assert services.models.__all__
    return sorted((table.name, column.name) for table in SQLModel.metadata.tables.values() for column in table.columns
                  if column.name.endswith("sha256") and isinstance(column.type, sa.Text) and (table.name, column.name) not in NOT_KEPT)


def needed(connection: Connection) -> list[Needed]:
    """Each hash once, with one row that rests on it; asked past row security, or in the sight of all."""
    had = _there(connection)
    parts: list[sql.Composable] = [
        _COLUMN.format(name=sql.Literal(table), key=sql.Identifier(_key(table)), column=sql.Identifier(column),
                       table=sql.Identifier(table), standing=_standing(table, column, had))
        for table, column in columns() if (table, column) in had]
    return _rows(connection, _EACH_ONCE.format(_UNION.join([*parts, *_known(_WITHIN, had)])))


def names(config: Settings) -> set[str]:
    """Names in the store that rows of the living house rest on, asked as the application does, in the root's sight."""
    with psycopg.connect(urls(config)[0], autocommit=True) as connection:
        connection.execute("SELECT set_config('app.org_path', %s, false)", (config.root_org,))
        return {path_of(one.sha256) for one in needed(connection)}


def sealed(connection: Connection) -> list[Needed]:
    """The record's days that were written beside the papers, and what they name; where a place apart is set, nobody misses them there."""
    if ("audit_seal", "place") not in _there(connection):
        return []
    here = not second_place().apart
    days, named = (connection.execute(query, (PAPERS,)).fetchall() for query in (_DAYS, _SPANS))
    found = [(row, sealing.name_of(date.fromisoformat(str(row[0])))) for row in days]
    found += [(row, spans.name_of(str(row[1]))) for row in named]
    return [Needed("audit_seal", str(day), str(sha256), here and bool(sure), beside(name)) for (day, sha256, sure), name in found]


def in_parts(connection: Connection) -> list[Needed]:
    """Rows whose bytes lie in parts; all other parts in a store belong to nobody any more."""
    return _rows(connection, _UNION.join(_known(_IN_PARTS, _there(connection))))


def _rows(connection: Connection, query: sql.Composed) -> list[Needed]:
    return [Needed(str(place), str(row), str(sha256), bool(sure)) for place, row, sha256, sure in connection.execute(query).fetchall()]


def _there(connection: Connection) -> Columns:
    """The columns that the database has: a backup of an earlier release lacks later ones."""
    return set(connection.execute("SELECT table_name::text, column_name::text FROM information_schema.columns"
                                  " WHERE table_schema = 'public'").fetchall())


def _known(parts: Mapping[tuple[str, str], LiteralString], had: Columns) -> list[sql.Composable]:
    return [sql.SQL(part) for column, part in parts.items() if column in had]


def _standing(table: str, column: str, had: Columns) -> sql.Composable:
    gone = STANDING.get((table, column))
    return sql.SQL("{} IS NULL").format(sql.Identifier(gone)) if gone and (table, gone) in had else sql.SQL("true")


def _key(table: str) -> str:
    return next(iter(SQLModel.metadata.tables[table].primary_key.columns)).name
