"""Two ends of one start compared: the disturbed house with the one that nobody disturbed, every table, to the last cell.

What differs between two honest runs from one start is normalised here and nowhere else:

- Ids, a letter's random check code, digests of bytes that hold one, and the print of a certificate are names. A name that both runs
  have is a value like any other; the others are matched by what stands around them: colour refinement over all changed rows, so that
  a row that belongs to the wrong claim is a difference although nobody knows what its id should have been.
- Sealed values are opened with the key ring: the nonce is random, what was sealed is not.
- `DRAWN` columns hold chance, the instant of the machine or a link over ids; what they promise is proven by others (the audit chains by
  `audit verify`, whole numbers by `huzhu check`).
- Instants count to the microsecond when both runs had the same clock; with `instants=False` one that the start has not is just an instant.

Rows that stand in the start and in both ends alike are left out: a house of any size costs what was changed in it.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from services.core.crypto import KeyRing
from services.core.errors import ConfigError

# table → columns of chance, of the machine's clock, or linking ids; "*" is every table.
DRAWN: Mapping[str, frozenset[str]] = {
    "audit_record": frozenset({"prev", "hash"}),
    "claim": frozenset({"audit_head", "code"}),
    "payment_run": frozenset({"audit_head"}),
    "audit_head": frozenset({"heads", "digest"}),
    "outbox": frozenset({"id", "taken_by", "tries", "fault", "not_before"}),
    "calendar_version": frozenset({"kept_at"}),
    "timetable_run": frozenset({"at"}),
    "privacy_request": frozenset({"size"}),     # of a packed copy, in which random ids and codes stand
    "audit_seal": frozenset({"place"}),         # names the run's own folder
}
# Within a row's text: two pieces of work that are owed at once come in either order, and with them their places in a claim's record.
# A letter's number is the next one, also where another letter names it; that none is missing or given twice, `huzhu check` says.
_NUMBER = r'"serial": \d+|〔\d{4}〕\d+号'
ORDERED: Mapping[str, re.Pattern[str]] = {"audit_record": re.compile(rf'"seq": \d+|{_NUMBER}'), "notice": re.compile(_NUMBER)}
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_SIGN = "[2-9A-HJKMNP-Z]"            # of a letter's check code, as it is printed and as its address has it
_NAME = re.compile("|".join((_UUID, r"\b[0-9a-f]{64}\b", r"\b[0-9A-F]{36,40}\b", rf"\b{_SIGN}{{4}}(?:-{_SIGN}{{4}}){{3}}\b",
                             rf"(?:(?<=/check/)|(?<=code\": \")){_SIGN}{{16}}\b",
                             rf"(?<=public_code\": \"){_SIGN}{{8}}\b")))
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:\+00:00|Z)")
_HASH = re.compile("[0-9a-f]{64}")
_SEALED = re.compile(r"^\\x([0-9a-f]{2}){1,16}?3a")
_ROUNDS = 12                        # of the refinement, at most; it ends when nothing becomes finer

Row = str                           # one row as JSON, columns in order
Mark = tuple[str, str]              # table and row with the names' colours in it


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Every row of every table; a folder or another program's store is a table or several."""

    tables: Mapping[str, Counter[Row]]

    def __or__(self, other: Snapshot) -> Snapshot:
        """Both together; their tables must have different names."""
        assert not self.tables.keys() & other.tables.keys()
        return Snapshot({**self.tables, **other.tables})


@dataclass(frozen=True, slots=True)
class Difference:
    """One row that only one of the two has: `lost` was expected and is not there, `more` is there and was not expected."""

    table: str
    kind: str
    row: str

    def __str__(self) -> str:
        return f"{self.kind} {self.table} {self.row}"


def of_database(url: str, ring: KeyRing | None = None) -> Snapshot:
    """All tables of schema public, read in one moment by a role that row security does not bind."""
    with psycopg.connect(url) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        connection.execute("SET LOCAL TimeZone TO 'UTC'")
        names = [str(name) for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        chance = _identities(connection)
        return Snapshot({name: _rows(connection, name, chance.get(name, frozenset()) | DRAWN.get(name, frozenset()), ring)
                         for name in sorted(names)})


def _identities(connection: psycopg.Connection[tuple[object, ...]]) -> dict[str, frozenset[str]]:
    """Numbers that a sequence gave: a transaction that was undone leaves a hole in them."""
    found: dict[str, set[str]] = defaultdict(set)
    for table, column in connection.execute("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
                                            " AND (is_identity = 'YES' OR column_default LIKE 'nextval%')"):
        found[str(table)].add(str(column))
    return {table: frozenset(columns) for table, columns in found.items()}


def _rows(connection: psycopg.Connection[tuple[object, ...]], table: str, drawn: frozenset[str], ring: KeyRing | None) -> Counter[Row]:
    query = sql.SQL("SELECT to_jsonb(t)::text FROM {} t").format(sql.Identifier(table))
    rows: Counter[Row] = Counter()
    for (text,) in connection.execute(query):
        cells = json.loads(str(text), parse_float=str)
        kept = {column: _opened(ring, table, column, cell) for column, cell in cells.items() if column not in drawn}
        rows[json.dumps(kept, ensure_ascii=False, sort_keys=True)] += 1
    return rows


def _opened(ring: KeyRing | None, table: str, column: str, cell: object) -> object:
    """What was sealed, where the ring opens it; else as it is."""
    if ring is None or not isinstance(cell, str) or not _SEALED.match(cell):
        return cell
    content = bytes.fromhex(cell.removeprefix("\\x"))
    for field in (f"{table}.{column}", f"{table}.{column.removesuffix('_sealed')}"):
        try:
            return {"sealed": ring.open_bytes(content, field=field).decode("utf-8", "backslashreplace")}
        except ConfigError:
            continue
    return {"sealed": f"{len(content)} bytes"}


def of_sqlite(path: Path, name: str, *, drawn: Mapping[str, Iterable[str]] | None = None) -> Snapshot:
    """Another program's store, read only: its tables as `name.table`; `drawn` are its own columns of chance, "*" a whole table."""
    skipped = {table: frozenset(columns) for table, columns in (drawn or {}).items()}
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as store:
        store.row_factory = sqlite3.Row
        tables = [row[0] for row in store.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
        found = {}
        for table in sorted(tables):
            if (without := skipped.get(table, frozenset())) == {"*"}:
                continue
            rows = (dict(row) for row in store.execute(f'SELECT * FROM "{table}"'))
            found[f"{name}.{table}"] = of_rows({k: v for k, v in row.items() if k not in without} for row in rows)
    return Snapshot(found)


def of_folder(path: Path, name: str, *, contents: bool = True) -> Snapshot:
    """Every file below: its name, and with `contents` the digest of its bytes."""
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else []
    return Snapshot({name: of_rows({"file": str(file.relative_to(path)),
                                    **({"sha256": hashlib.sha256(file.read_bytes()).hexdigest()} if contents else {})} for file in files)})


def of_papers(path: Path) -> Snapshot:
    """The store of papers: each file's name, and whether a file named by its hash still has it: a torn or wrong one has not."""
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else []
    return Snapshot({"papers": of_rows({"name": file.name, "whole": not _HASH.fullmatch(file.name) or file.name == hashlib.sha256(
        file.read_bytes()).hexdigest()} for file in files)})


def of_rows(rows: Iterable[Mapping[str, object]]) -> Counter[Row]:
    """Rows of any other record; what JSON has no word for is written as text."""
    return Counter(json.dumps(row, ensure_ascii=False, sort_keys=True, default=_text) for row in rows)


def _text(value: object) -> str:
    return f"\\x{value.hex()}" if isinstance(value, bytes) else str(value)


def differences(start: Snapshot, expected: Snapshot, found: Snapshot, *, instants: bool = True,
                drawn: Sequence[tuple[str, re.Pattern[str]]] = ()) -> list[Difference]:
    """What the disturbed run (`found`) has otherwise than the undisturbed (`expected`), both from `start`; empty when nothing.

    `drawn`: (table, pattern) of more that is chance in these runs, with the reason where it is given.
    """
    sides = [_Side(start, end) for end in (expected, found)]
    common = (sides[0].names() & sides[1].names()) | _all_names(start)
    old = None if instants else _all_instants(start)
    for side in sides:
        side.prepare(common, old, drawn)
    for _ in range(_ROUNDS):                    # the coarsest look that sees a difference shows it nearest to its cause
        lost, more = (one.marks() - other.marks() for one, other in (sides, sides[::-1]))
        if lost or more:
            return [Difference(table, kind, row) for kind, left in (("lost", lost), ("more", more))
                    for (table, row), times in sorted(left.items()) for _ in range(times)]
        finer = [side.look_closer() for side in sides]
        if not any(finer):
            break
    return []


def told(found: Sequence[Difference]) -> list[str]:
    """For a reader: where a table lost as many rows as it has more, only the cells in which they differ, pair by pair."""
    lines = []
    for table in sorted({one.table for one in found}):
        lost, more = ([one.row for one in found if one.table == table and one.kind == kind] for kind in ("lost", "more"))
        try:
            pairs = list(zip(map(json.loads, lost), map(json.loads, more), strict=True))
        except ValueError:          # not as many of each; or a row is words, or has something drawn left out of it
            lines += [f"{kind} {table} {row}" for kind, rows in (("lost", lost), ("more", more)) for row in rows]
            continue
        for one, other in pairs:
            cells = "; ".join(f"{name}: {one.get(name)!r} → {other.get(name)!r}" for name in sorted({*one, *other})
                              if one.get(name) != other.get(name))
            lines.append(f"otherwise {table} {cells}")
    return lines


def _all_names(snapshot: Snapshot) -> frozenset[str]:
    return frozenset(name for rows in snapshot.tables.values() for row in rows for name in _NAME.findall(row))


def _all_instants(snapshot: Snapshot) -> frozenset[str]:
    return frozenset(at for rows in snapshot.tables.values() for row in rows for at in _INSTANT.findall(row))


class _Side:
    """What one run changed of the start: rows that came and rows that went."""

    def __init__(self, start: Snapshot, end: Snapshot) -> None:
        empty: Counter[Row] = Counter()
        self._rows: list[tuple[str, Row]] = []
        self._parts: list[Parts] = []
        self._colours: dict[str, str] = {}
        for table in sorted(start.tables.keys() | end.tables.keys()):
            before, after = start.tables.get(table, empty), end.tables.get(table, empty)
            self._rows += [(f"{table}", row) for row in (after - before).elements()]
            self._rows += [(f"{table} (gone)", row) for row in (before - after).elements()]

    def names(self) -> frozenset[str]:
        return frozenset(name for _, row in self._rows for name in _NAME.findall(row))

    def prepare(self, common: frozenset[str], old: frozenset[str] | None, drawn: Sequence[tuple[str, re.Pattern[str]]]) -> None:
        """Names that only this run has lose their spelling."""
        rows = [(table, _plain(table, row, old, drawn)) for table, row in self._rows]
        self._parts = [(table, _NAME.split(row), _NAME.findall(row)) for table, row in rows]
        self._colours = {name: "·" for _, _, names in self._parts for name in names if name not in common}

    def look_closer(self) -> bool:
        """Names told apart by one more step around them; False when none is told apart that was not before."""
        many = len(set(self._colours.values()))
        self._colours = _finer(self._parts, self._colours)
        return len(set(self._colours.values())) > many

    def marks(self) -> Counter[Mark]:
        """The rows, each name of this run alone replaced by its colour."""
        return Counter((table, _joined(texts, names, self._colours)) for table, texts, names in self._parts)


Parts = tuple[str, list[str], list[str]]


def _plain(table: str, row: Row, old: frozenset[str] | None, drawn: Sequence[tuple[str, re.Pattern[str]]]) -> Row:
    if old is not None:
        row = _INSTANT.sub(lambda at: at[0] if at[0] in old else "<instant>", row)
    for name, pattern in [*ORDERED.items(), *drawn]:
        if table.removesuffix(" (gone)") == name:
            row = pattern.sub("<drawn>", row)
    return row


def _joined(texts: Sequence[str], names: Sequence[str], colours: Mapping[str, str], own: str = "") -> str:
    """A row with colours for names; the name that is being coloured stands as itself."""
    words = [texts[0]]
    for name, text in zip(names, texts[1:], strict=True):
        words += ["<self>" if name == own else f"<{colours[name]}>" if name in colours else name, text]
    return "".join(words)


def _finer(parts: Sequence[Parts], colours: Mapping[str, str]) -> dict[str, str]:
    """Each name's colour after looking once more at the rows it stands in."""
    around: dict[str, list[str]] = defaultdict(list)
    for table, texts, names in parts:
        for name in {name for name in names if name in colours}:
            around[name].append(f"{table}\0{_joined(texts, names, colours, name)}")
    return {name: hashlib.sha256("\0".join([colours[name], *sorted(rows)]).encode()).hexdigest()[:12] for name, rows in around.items()}
