"""The database: two engines of the application role and `unit_of_work`, the only commit in the product."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg.errors import DeadlockDetected, SerializationFailure
from psycopg.types.array import ListBinaryDumper
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlmodel import Session

from services.core import embedded
from services.core.away import DatabaseAway, away, lively, named
from services.core.errors import ConfigError
from services.core.settings import Settings, settings

DATABASE = "huzhu"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a transaction may see: everything at and under `org_path` ("cn.nx.yc", no final dot). Empty sees nothing."""

    org_path: str
    account: str = ""


def _on_connect(driver_connection: psycopg.Connection[tuple[object, ...]], _record: object) -> None:
    # Binary list parameters halve the client's cost of every `unnest` array.
    driver_connection.adapters.register_dumper(list, ListBinaryDumper)


class Database:
    """Connections of the application role to one PostgreSQL database."""

    def __init__(self, url: str, *, pool_size: int = 8, patience: float = 30) -> None:
        """`patience`: seconds that a unit of work waits for a connection before it is told to come again."""
        self.url = url

        # Writing statements find rows by key: planning them anew for each value costs more than running them.
        reads, writes = lively(url), lively(url, "-c plan_cache_mode=force_generic_plan")

        def connect(prepare_threshold: int | None) -> psycopg.Connection[tuple[object, ...]]:
            return psycopg.connect(writes if prepare_threshold else reads, prepare_threshold=prepare_threshold)

        # A failed statement's values (names, numbers) must not reach logs or the outbox's faults.
        options = {"pool_size": pool_size, "max_overflow": pool_size, "pool_timeout": patience, "pool_pre_ping": False,
                   "hide_parameters": True}
        self.writing = sa.create_engine("postgresql+psycopg://", creator=lambda: connect(5), **options)
        # A prepared list query would keep the first user's plan for everyone (PERSISTENCE.md).
        self.reading = sa.create_engine("postgresql+psycopg://", creator=lambda: connect(None), **options)
        for engine in (self.writing, self.reading):
            sa.event.listen(engine, "connect", _on_connect)
        with psycopg.connect(url) as connection:
            embedded.refuse_powerful_role(connection)

    @contextmanager
    def unit_of_work(self, scope: Scope) -> Iterator[Session]:
        """One transaction: commits at the end of the block, rolls back on any exception.

        DatabaseAway when the database goes or is gone; its `unsure` when that happened during the commit.
        """
        with named(), self._begun(self.writing, scope) as session:
            yield session
            _commit(session)

    @contextmanager
    def view(self, scope: Scope) -> Iterator[Session]:
        """One read-only transaction. DatabaseAway as above."""
        with named(), self._begun(self.reading, scope) as session:
            yield session

    def _begun(self, engine: sa.Engine, scope: Scope) -> Session:
        """A session in its scope. The first statement finds out whether the server still knows the pooled connection (it may have been
        started anew since): if not, all that are pooled go, and a new one is asked for. Nothing was done yet, so nothing is repeated.
        """
        try:
            return self._opened(engine, scope)
        except (psycopg.OperationalError, sa.exc.OperationalError) as error:
            if not away(error):
                raise
            engine.dispose()
            return self._opened(engine, scope)

    def _opened(self, engine: sa.Engine, scope: Scope) -> Session:
        session = Session(engine, expire_on_commit=False)
        try:
            if engine is self.reading:
                session.execute(sa.text("SET TRANSACTION READ ONLY"))
            _set_scope(session, scope)
        except BaseException as error:
            if away(error):
                session.invalidate()
            session.close()
            raise
        return session

    def close(self) -> None:
        """Return all connections."""
        self.writing.dispose()
        self.reading.dispose()


def _commit(session: Session) -> None:
    """What is flushed may still be refused; once COMMIT is on its way, a lost line leaves open whether it arrived."""
    session.flush()
    try:
        session.commit()
    except (psycopg.OperationalError, sa.exc.OperationalError) as error:
        if not away(error):
            raise
        session.invalidate()        # else its rollback on the dead line would be what the caller hears of
        raise DatabaseAway(unsure=True) from error


# With the scope it is asked which rule-books are released: a few ids by an index, without a round trip of their own.
_SET_SCOPE = """SELECT set_config('app.org_path', %s, true), set_config('app.account', %s, true), ARRAY(
    SELECT r.id FROM release r WHERE r.kind = 'rule_book' AND r.state = 'released' ORDER BY r.answered_at, r.id)"""
# Who is told of them before anything else is done (services.releases.books); core knows no rule-book.
on_released: list[Callable[[Session, tuple[uuid.UUID, ...]], None]] = []


def _set_scope(session: Session, scope: Scope) -> None:
    row = driver_cursor(session).execute(_SET_SCOPE, (scope.org_path, scope.account)).fetchone()
    assert row is not None
    for told in on_released:
        told(session, tuple(row[2]))


def driver_cursor(session: Session) -> psycopg.Cursor[tuple[Any, ...]]:
    """The driver's cursor in the session's transaction, for statements on the hot path: SQL as written, prepared once."""
    session.flush()
    driver: psycopg.Connection[tuple[Any, ...]] = session.connection().connection.driver_connection  # type: ignore[assignment]
    return driver.cursor()


def collided(error: BaseException) -> bool:
    """Whether others were in the way (a deadlock, rows that moved meanwhile, no connection free): nothing was written, the same may
    come again.

    Not repeated in place: the caller's own scope may be what moved, so who calls is asked anew.
    """
    return isinstance(getattr(error, "orig", error), DeadlockDetected | SerializationFailure | NoConnectionFree)


def urls(config: Settings, *, new: bool = False) -> tuple[str, str]:
    """(application URL, owner URL); starts the embedded server when no URL is set. `new`: where there is none it is made.

    ConfigError where there is none: an empty one beside a house whose settings were forgotten would say that all is well.
    """
    if config.database_url:
        return config.database_url, config.owner_url
    directory = config.data_dir / "postgres"
    if not new and not (directory / "PG_VERSION").is_file():
        raise ConfigError("not_set_up", f"没有设置数据库，{config.data_dir} 里也没有", field="HUZHU_DATABASE_URL",
                          remedy="核对 HUZHU_DATABASE_URL 和 HUZHU_DATA_DIR；初次安装先运行 huzhu setup")
    return embedded.prepare(embedded.start(directory), DATABASE)


@lru_cache(maxsize=1)
def database() -> Database:
    """This process's database."""
    return Database(urls(settings())[0])


class BusinessClock:
    """Real time plus an offset kept in the database, so that all processes of a demo or training share it."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def now(self) -> datetime:
        """The business instant."""
        with self._db.view(Scope("")) as session:
            offset = session.execute(sa.text("SELECT offset_seconds FROM business_clock")).scalar_one_or_none()
        return datetime.now(UTC) + timedelta(seconds=offset or 0)
