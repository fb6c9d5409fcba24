"""Released rule-books, known to every process: each unit of work begins with those that are released when it begins.

The texts lie in the `release` table, so a release and its text are one commit; a process reads a text once, when it first
meets the release.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
import structlog
from sqlmodel import Session

from services.core import db
from services.core.clock import business_day
from services.rulebook.loader import Document, RuleBookError, document_of, validate
from services.rulebook.schema import RuleBook
from services.rulebook.shelf import NONE, Released, Shelf, shelf, use

log = structlog.get_logger(__name__)

Ids = tuple[uuid.UUID, ...]
_TEXTS = sa.text("""
    SELECT r.id, r.payload ->> 'plan' AS plan, r.payload ->> 'text' AS text, r.answered_at,
           coalesce(r.payload -> 'samples', '[]') AS samples,
           coalesce(p.name, '') AS proposed_by, coalesce(a.name, '') AS released_by
    FROM release r LEFT JOIN person p ON p.id = r.proposed_person LEFT JOIN person a ON a.id = r.answered_person
    WHERE r.id IN (SELECT unnest(CAST(:ids AS uuid[]))) AND r.payload ? 'text' ORDER BY r.answered_at, r.id""")
_MOST_SHELVES = 32
_shelves: dict[Ids, Shelf] = {}


def hear(session: Session, ids: Ids) -> None:
    """This context knows the program's wordings and these releases."""
    if ids and ids not in _shelves:
        while len(_shelves) >= _MOST_SHELVES:
            _shelves.pop(next(iter(_shelves)), None)
        _shelves[ids] = Shelf(_read(session, ids))
    use(_shelves[ids] if ids else NONE)


def ask(database: db.Database, scope: db.Scope) -> Shelf:
    """What is released now, for who asks nothing else of the database."""
    with database.view(scope):
        return shelf()


def document_named(plan: str, text: str) -> Document:
    """A file that lies nowhere, under its plan's name. RuleBookError when it is no YAML."""
    return document_of(Path(f"{plan}.yaml"), text.encode())


def book_of(plan: str, text: str) -> tuple[Document, RuleBook]:
    """A released file as the program reads it. RuleBookError says what is wrong with it, by line and key."""
    document = document_named(plan, text)
    return document, validate(document)


def _read(session: Session, ids: Sequence[uuid.UUID]) -> list[Released]:
    found = []
    for row in session.execute(_TEXTS, {"ids": list(ids)}):
        try:
            document, book = book_of(row.plan, row.text)
        except RuleBookError as error:      # the language has changed since: all else goes on, and claims of this plan say why not
            log.error("released_book_unreadable", release=str(row.id), plan=row.plan, fault=error.message)
            continue
        found.append(Released(book, document, str(row.id), row.proposed_by, row.released_by, business_day(row.answered_at),
                              tuple(row.samples)))
    return found


db.on_released.append(hear)
