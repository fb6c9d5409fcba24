"""What a living house's store has lost, and its way back from the backup's copies; the database stays as it is."""

from __future__ import annotations

import psycopg
import sqlalchemy as sa
from sqlmodel import Session

from services.backup import papers
from services.backup.needed import Needed, needed, sealed
from services.backup.place import Place
from services.storage.backend import Store, answering

# Bytes that are there under their name and are not what it says: found when somebody wanted to draw them.
_SPOILT = sa.text("""
    SELECT p.sha256 FROM paper_page g JOIN paper p ON p.id = g.paper_id WHERE g.fault = 'object_damaged' AND p.removed_at IS NULL""")


def lacking(session: Session, store: Store) -> list[Needed]:
    """Rows in the session's sight that rest on bytes which the store has not, or has spoilt.

    Rows first, then the store: what comes in between is in the store before its row is.
    """
    connection = session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    rows = [row for row in (*needed(connection), *sealed(connection)) if row.sure]
    spoilt = set(session.execute(_SPOILT).scalars())
    there = _names(store)
    return [row for row in rows if row.sha256 in spoilt or row.name not in there]


def _names(store: Store) -> set[str]:
    with answering():
        return {str(item["path"]) for batch in store.list() for item in batch}


def bring(place: Place, store: Store, rows: list[Needed]) -> tuple[list[Needed], list[Needed]]:
    """Put back what the place has, papers proved by their hash. Returns what came, and what is in neither."""
    gone = set(papers.bring(place, store, [row.name for row in rows]))
    return [row for row in rows if row.name not in gone], [row for row in rows if row.name in gone]
