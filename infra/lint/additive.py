"""A new migration only adds: the release before it goes on reading and writing while both run side by side.

What is compared is what PostgreSQL holds before and after, whatever words a migration uses for it; and the statements themselves, for
what they would lock. Each fault names the thing and what to do instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

RELEASED = "0058"       # the newest migration of the release that may still be running
CHECKED = ("c", "u", "x", "f")      # constraints that refuse rows: check, unique, exclusion, foreign key

_TABLES = """SELECT c.oid::regclass::text AS name, pg_relation_filenode(c.oid) AS file FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND c.relname <> 'alembic_version'"""
_COLUMNS = """SELECT a.attrelid::regclass::text || '.' || a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
    a.attnotnull AS needed, a.atthasdef AS has_default FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped"""
_CONSTRAINTS = """SELECT k.conrelid::regclass::text || '.' || k.conname AS name, pg_get_constraintdef(k.oid) AS text,
    ARRAY(SELECT a.attname FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = ANY(k.conkey)) AS columns
    FROM pg_constraint k WHERE k.connamespace = 'public'::regnamespace AND k.contype::text IN ('c', 'u', 'x', 'f', 'p')"""
_UNIQUE = """SELECT i.indrelid::regclass::text || '.' || c.relname AS name, pg_get_indexdef(i.indexrelid) AS text,
    ARRAY(SELECT a.attname FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey::int2[])) AS columns
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indisunique AND c.relnamespace = 'public'::regnamespace"""
_RULES = """SELECT p.polrelid::regclass::text || '.' || p.polname || ' (policy)' AS name,
        concat_ws(' ', p.polcmd, p.polpermissive, pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) AS text
    FROM pg_policy p UNION ALL
    SELECT t.tgrelid::regclass::text || '.' || t.tgname || ' (trigger)', pg_get_triggerdef(t.oid) FROM pg_trigger t
    WHERE NOT t.tgisinternal"""
_GRANTS = """SELECT table_name || ' ' || privilege_type AS name FROM information_schema.role_table_grants WHERE grantee = 'huzhu_app' UNION
    SELECT 'function ' || p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace"""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the database is made of, each by `table.name`; `rules`: policies and triggers; `grants`: what may be read, written, called."""

    tables: Mapping[str, int | None]
    columns: Mapping[str, tuple[str, bool, bool]]
    constraints: Mapping[str, tuple[str, frozenset[str]]]
    rules: Mapping[str, str]
    grants: frozenset[str]


def shape(connection: sa.Connection) -> Shape:
    """The public schema as it is now."""
    def rows(query: str) -> Iterable[sa.Row[tuple[object, ...]]]:
        return connection.execute(sa.text(query)).all()
    held = {str(row.name): (str(row.text), frozenset(row.columns)) for query in (_UNIQUE, _CONSTRAINTS) for row in rows(query)}
    return Shape({row.name: row.file for row in rows(_TABLES)},
                 {row.name: (row.type, row.needed, row.has_default) for row in rows(_COLUMNS)}, held,
                 {row.name: row.text for row in rows(_RULES)}, frozenset(str(row.name) for row in rows(_GRANTS)))


def faults(before: Shape, after: Shape) -> list[str]:
    """What would break the release before, or hold it up."""
    return [*_gone(before, after), *_columns(before, after), *_constraints(before, after), *_rules(before, after)]


def _table(name: str) -> str:
    return name.split(".")[0]


def _gone(before: Shape, after: Shape) -> Iterable[str]:
    for name in sorted(set(before.tables) - set(after.tables)):
        yield f"{name}: the table is gone; leave it for the release after next"
    for name in sorted(before.grants - after.grants):
        yield f"{name}: no longer allowed or no longer there; leave it for the release after next"
    for name in sorted(set(before.tables) & set(after.tables)):
        if before.tables[name] != after.tables[name]:
            yield f"{name}: the table is written anew under an exclusive lock; add a column beside and fill it in batches"


def _columns(before: Shape, after: Shape) -> Iterable[str]:
    for name, (kind, needed, default) in sorted(before.columns.items()):
        if _table(name) not in after.tables:
            continue
        if name not in after.columns:
            yield f"{name}: the column is gone; leave it for the release after next"
            continue
        now_kind, now_needed, now_default = after.columns[name]
        if now_kind != kind:
            yield f"{name}: {kind} became {now_kind}; add a column beside"
        if now_needed and not needed:
            yield f"{name}: NOT NULL, but the release before leaves it empty; a later release may ask for it"
        if default and not now_default:
            yield f"{name}: its default is gone, and the release before relies on it"
    for name in sorted(set(after.columns) - set(before.columns)):
        _, needed, default = after.columns[name]
        if _table(name) in before.tables and needed and not default:
            yield f"{name}: a new column that must be filled; make it nullable or give it a default"


def _constraints(before: Shape, after: Shape) -> Iterable[str]:
    for name, (text, columns) in sorted(after.constraints.items()):
        table = _table(name)
        was = before.constraints.get(name)
        if table not in before.tables or (was and was[0] == text) or (was and _wider(was[0], text)):
            continue
        if any(_looser(old, (text, columns)) for old in before.constraints.values()):
            continue
        if columns and not any(f"{table}.{column}" in before.columns for column in columns):
            continue            # only what the release before never writes
        yield f"{name}: refuses rows that the release before may write ({text}); widen it, or refuse in code first"


def _wider(was: str, now: str) -> bool:
    """Whether a CHECK differs only in longer lists of words."""
    lists, words = re.compile(r"ARRAY\[[^\]]*\]"), re.compile(r"'((?:[^']|'')*)'")
    old, new = lists.findall(was), lists.findall(now)
    same = lists.sub("[]", was) == lists.sub("[]", now) and len(old) == len(new)
    return was.startswith("CHECK") and same and all(set(words.findall(a)) <= set(words.findall(b)) for a, b in zip(old, new, strict=True))


def _rules(before: Shape, after: Shape) -> Iterable[str]:
    for name, text in sorted(after.rules.items()):
        if _table(name) in before.tables and before.rules.get(name) != text:
            yield f"{name}: new or other on a table of the release before, which does not reckon with it; use a new table, or ask in code"
    for name in sorted(set(before.rules) - set(after.rules)):
        if _table(name) in after.tables:
            yield f"{name}: gone from a table that the release before relies on"


def _looser(was: tuple[str, frozenset[str]], now: tuple[str, frozenset[str]]) -> bool:
    """Whether a unique index adds columns to one of the release before, over the same rows: what it refuses was refused then."""
    index = re.compile(r"CREATE UNIQUE INDEX \S+ ON (\S+) USING btree \(([\w, ]+)\)(.*)")
    old, new = index.fullmatch(was[0]), index.fullmatch(now[0])
    return bool(old and new and (old[1], old[3]) == (new[1], new[3]) and was[1] < now[1])


_LOCKING = (
    (re.compile(r"^CREATE (?:UNIQUE )?INDEX (?!CONCURRENTLY)(?:IF NOT EXISTS )?\S+ ON (?:ONLY )?(?:public\.)?\"?(\w+)", re.I),
     "builds an index while nobody may write; infra.migrations.online.add_index"),
    (re.compile(r"^(?:UPDATE|DELETE FROM)\s+(?:ONLY )?(?:public\.)?\"?(\w+)", re.I),
     "rewrites rows that are in use; fill them in batches by a flow"),
    (re.compile(r"^ALTER TABLE (?:ONLY )?(?:public\.)?\"?(\w+)\"?\s(?=.*ADD CONSTRAINT)(?!.*NOT VALID)", re.I | re.S),
     "reads the whole table under an exclusive lock; infra.migrations.online.widen_check"),
    (re.compile(r"^(?:LOCK TABLE|TRUNCATE(?: TABLE)?|CLUSTER|VACUUM FULL|REINDEX TABLE) (?:ONLY )?(?:public\.)?\"?(\w+)", re.I),
     "keeps everybody out"))


def locking(statements: Iterable[str], before: Shape) -> list[str]:
    """Statements that would make requests on a table of the release before wait."""
    found = []
    for statement in statements:
        for part in _parts(statement):
            for pattern, why in _LOCKING:
                met = pattern.match(part)
                if met and met[1] in before.tables:
                    found.append(f"{met[1]}: `{' '.join(part.split())[:80]}` {why}")
    return found


def _parts(statements: str) -> list[str]:
    """Single statements; a function's body is none."""
    bare = re.sub(r"\$(\w*)\$.*?\$\1\$", "''", re.sub(r"--[^\n]*", "", statements), flags=re.S)
    return [part.strip() for part in bare.split(";") if part.strip()]
