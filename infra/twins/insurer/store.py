"""The twin's memory: one SQLite file, so that a killed twin goes on where it was."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS nonce (nonce TEXT PRIMARY KEY, digest TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS inbound (
    message_id TEXT PRIMARY KEY, claim_no TEXT NOT NULL, round INTEGER NOT NULL, version INTEGER NOT NULL,
    kind TEXT NOT NULL, digest TEXT NOT NULL, receipt TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS dossier (
    claim_no TEXT NOT NULL, round INTEGER NOT NULL, version INTEGER NOT NULL, handoff_id TEXT NOT NULL,
    digest TEXT NOT NULL, at TEXT NOT NULL, body TEXT NOT NULL, receipt TEXT NOT NULL,
    insured_key TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('new', 'received', 'filed', 'questioned', 'decided', 'settled', 'rejected',
                                         'recalled')),
    recall_requested INTEGER NOT NULL DEFAULT 0, report_no TEXT, case_no TEXT, question TEXT, parts TEXT NOT NULL
    DEFAULT '[]', decision TEXT, PRIMARY KEY (claim_no, round, version)) STRICT;
CREATE INDEX IF NOT EXISTS dossier_insured ON dossier (insured_key);
CREATE TABLE IF NOT EXISTS reply (
    message_id TEXT PRIMARY KEY, claim_no TEXT NOT NULL, round INTEGER NOT NULL, version INTEGER NOT NULL, at TEXT NOT NULL,
    body TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS message (
    seq INTEGER PRIMARY KEY, claim_no TEXT NOT NULL, kind TEXT NOT NULL, at TEXT NOT NULL, text TEXT NOT NULL,
    webhook TEXT NOT NULL CHECK (webhook IN ('pending', 'held', 'never', 'done')), rank REAL NOT NULL,
    copies INTEGER NOT NULL, wrong INTEGER NOT NULL, delay REAL NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS message_pending ON message (claim_no, rank) WHERE webhook = 'pending';
CREATE TABLE IF NOT EXISTS step (
    claim_no TEXT NOT NULL, round INTEGER NOT NULL, version INTEGER NOT NULL, name TEXT NOT NULL,
    digest TEXT NOT NULL, answer TEXT NOT NULL, PRIMARY KEY (claim_no, round, version, name, digest)) STRICT;
CREATE TABLE IF NOT EXISTS fault (
    id INTEGER PRIMARY KEY, claim_no TEXT NOT NULL, name TEXT NOT NULL, kind TEXT, times INTEGER NOT NULL,
    seconds REAL NOT NULL) STRICT;
"""


class Store:
    """One connection behind one lock; every transaction is durable before it returns."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._db = sqlite3.connect(folder / "insurer.sqlite3", check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(SCHEMA)
        self.woken = threading.Event()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of it or nothing; wakes the postman afterwards."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        self.woken.set()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Reads only."""
        with self._lock:
            yield self._db


def newest(db: sqlite3.Connection, claim_no: str) -> sqlite3.Row | None:
    """The dossier in force: highest round, then highest version."""
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM dossier WHERE claim_no = ? ORDER BY round DESC, version DESC LIMIT 1", (claim_no,)).fetchone()
    return row


def last_seq(db: sqlite3.Connection) -> int:
    """The highest sequence number ever given out; 0 before the first."""
    return int(db.execute("SELECT coalesce(max(seq), 0) FROM message").fetchone()[0])


def of_key(row: sqlite3.Row) -> tuple[str, int, int]:
    """The dossier's key."""
    return row["claim_no"], row["round"], row["version"]
