"""The hospital's own books: what it did, in order; what is still to be told; which share it was answered for each settlement."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TABLES = """
    CREATE TABLE IF NOT EXISTS event (n INTEGER PRIMARY KEY, due REAL NOT NULL, words TEXT NOT NULL, told INTEGER NOT NULL DEFAULT 0,
                                      tries INTEGER NOT NULL DEFAULT 0);
    CREATE TABLE IF NOT EXISTS share (setl_id TEXT PRIMARY KEY, day TEXT NOT NULL, share TEXT NOT NULL, version INTEGER NOT NULL,
                                      state TEXT NOT NULL);
"""


@dataclass(frozen=True)
class Event:
    """`words`: {"do": "settle" | "correct" | "reverse", "setl_id", "body"}. `due`: its place among what is to be told."""

    n: int
    due: float
    words: Mapping[str, Any]
    tries: int


class Journal:
    """Kept on disk with every step: a twin that was killed goes on where it was."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(folder / "hospital.sqlite3", isolation_level=None)
        self._db.executescript(_TABLES)

    def add(self, events: Iterable[tuple[float, Mapping[str, Any]]]) -> None:
        """Once: a script that is known already is not read again."""
        if self._db.execute("SELECT 1 FROM event LIMIT 1").fetchone() is None:
            self._db.execute("BEGIN")
            self._db.executemany("INSERT INTO event (due, words) VALUES (?, ?)",
                                 [(due, json.dumps(words, ensure_ascii=False)) for due, words in events])
            self._db.execute("COMMIT")

    def next(self) -> Event | None:
        """The first that is not told."""
        row = self._db.execute("SELECT n, due, words, tries FROM event WHERE told = 0 ORDER BY due, n LIMIT 1").fetchone()
        return None if row is None else Event(row[0], row[1], json.loads(row[2]), row[3])

    def behind(self, event: Event, places: float) -> None:
        """To be tried again after some others."""
        self._db.execute("UPDATE event SET due = due + ?, tries = tries + 1 WHERE n = ?", (places, event.n))

    def told(self, event: Event) -> None:
        """Answered for good."""
        self._db.execute("UPDATE event SET told = 1 WHERE n = ?", (event.n,))

    def answered(self, answer: Mapping[str, Any]) -> None:
        """The share of a settlement, and of those that changed with it; an older answer does not undo a newer one."""
        self._db.execute("""INSERT INTO share VALUES (:setl_id, :day, :share, :version, :state) ON CONFLICT (setl_id) DO UPDATE SET
            day = excluded.day, share = excluded.share, version = excluded.version, state = excluded.state
            WHERE excluded.version >= share.version""", {key: answer[key] for key in ("setl_id", "day", "share", "version", "state")})
        for other in answer.get("adjusted", ()):
            self._db.execute("UPDATE share SET share = ? WHERE setl_id = ?", (other["after"], other["setl_id"]))

    def days(self) -> list[str]:
        """Days with a settlement on them."""
        return [row[0] for row in self._db.execute("SELECT DISTINCT day FROM share ORDER BY day")]

    def listed(self, day: str) -> dict[str, str]:
        """The hospital's own list of a day."""
        return dict(self._db.execute("SELECT setl_id, share FROM share WHERE day = ? AND state = 'standing' ORDER BY setl_id", (day,)))
