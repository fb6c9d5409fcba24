"""Databases of the test server. A test's own is made when something first connects to it: empty, or as a copy of a kept one."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from services.core import embedded
from services.core.db import Database

TEMPLATE = "huzhu_template"
Superuser = psycopg.Connection[tuple[object, ...]]


class Fresh(Database):
    """The application's database that does not exist yet: `url` and the engines come with the first use.

    So a test of the small world makes one copy of it, and no empty database before.
    """

    def __init__(self, server: str, *, pool_size: int = 4) -> None:
        self.pool_size = pool_size
        self.server, self.name = server, f"t{uuid.uuid4().hex[:12]}"
        self.made = False
        self._making = threading.RLock()

    def __getattr__(self, name: str) -> object:
        if name not in ("url", "writing", "reading"):
            raise AttributeError(name)
        self.make()
        return self.__dict__[name]

    def make(self, template: str = TEMPLATE) -> None:
        """Create it, once."""
        with self._making:
            if not self.made:
                create(self.server, self.name, template)
                self.made = True
                super().__init__(embedded.with_user(self.server, embedded.APP, self.name), pool_size=self.pool_size)

    def drop(self) -> None:
        """Return the connections, remove the database."""
        if self.made:
            self.close()
            drop(self.server, self.name)


class Late:
    """A connection past row security that is opened with its first statement."""

    def __init__(self, db: Fresh) -> None:
        self._db = db
        self._opened: Superuser | None = None

    def __getattr__(self, name: str) -> object:
        if self._opened is None:
            self._opened = psycopg.connect(embedded.with_user(self._db.url, "postgres"), autocommit=True)
        return getattr(self._opened, name)

    def leave(self) -> None:
        """Close what was opened."""
        if self._opened is not None:
            self._opened.close()


@contextmanager
def past_row_security(db: Fresh) -> Iterator[Superuser]:
    """A superuser's connection to the database."""
    late = Late(db)
    try:
        yield cast(Superuser, late)
    finally:
        late.leave()


def create(server: str, name: str, template: str = TEMPLATE) -> None:
    """A database as a copy of another, owned by the owner of the tables."""
    _on(server, "CREATE DATABASE {} TEMPLATE {} OWNER {} STRATEGY FILE_COPY", name, template, embedded.OWNER)


def drop(server: str, name: str) -> None:
    """Remove a database, whoever is still connected."""
    _on(server, "DROP DATABASE {} WITH (FORCE)", name)


def name_of(db: Database) -> str:
    """The database's name on its server."""
    return str(conninfo_to_dict(db.url)["dbname"])


def _on(server: str, statement: str, *names: str) -> None:
    with psycopg.connect(embedded.with_user(server, "postgres", "postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
