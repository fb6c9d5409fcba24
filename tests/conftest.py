"""Fixtures: a real PostgreSQL for every test that touches data, a fresh copy of a migrated database each."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings as hypothesis_settings
from psycopg import sql

from services.core import crypto, embedded, schema
from services.core import settings as settings_module
from services.core.clock import at_hour
from services.core.db import Database
from tests.support.databases import TEMPLATE, Fresh, Superuser, past_row_security

# A test's database need not outlive a power cut, nor be tidied: it lives a second.
_COSTS = ("fsync", "full_page_writes", "synchronous_commit", "autovacuum", "jit")
_MEMORY, _ROOM = Path("/dev/shm"), 4 << 30
# The same examples in every run: a property that fails, fails for whoever runs the tests. `make lab` draws new ones.
hypothesis_settings.register_profile("same", derandomize=True, deadline=None)
hypothesis_settings.register_profile("new", deadline=None)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


@pytest.fixture(scope="session")
def var() -> Iterator[Path]:
    """A data directory for this test process, in memory where there is room; its path is short because of socket names."""
    roomy = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM
    directory = Path(tempfile.mkdtemp(prefix="hz", dir=_MEMORY if roomy else None))
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def configured(var: Path) -> Iterator[None]:
    """Settings and key ring of this test process."""
    # Nobody reads papers unless a test asks for it (`reading_machine`): a page costs a second.
    os.environ.update({"HUZHU_MODE": "demo", "HUZHU_OCR": "none", "HUZHU_DATA_DIR": str(var), "HUZHU_INSURER_URL": "http://127.0.0.1:9",
                       "HUZHU_INSURER_KEYS": str(var / "keys" / "insurer")})
    settings_module.settings.cache_clear()
    crypto.make_ring(settings_module.settings().key_ring)
    crypto.key_ring.cache_clear()
    yield


@pytest.fixture(scope="session")
def server(var: Path) -> str:
    """The superuser's URL of this test process's PostgreSQL, with a migrated template database."""
    url = embedded.start(var / "pg")
    with psycopg.connect(url, autocommit=True) as connection:
        for name in _COSTS:
            connection.execute(sql.SQL("ALTER SYSTEM SET {} TO off").format(sql.Identifier(name)))
        connection.execute("SELECT pg_reload_conf()")
    _, owner = embedded.prepare(url, TEMPLATE)
    schema.upgrade(owner)
    return url


@pytest.fixture
def db(server: str) -> Iterator[Database]:
    """The application's database, as the role that row security binds; it is made at its first use and dropped afterwards."""
    database = Fresh(server)
    yield database
    database.drop()


@pytest.fixture
def database_name(db: Fresh) -> str:
    """The name of the test's database, which is there from now on."""
    db.make()
    return db.name


@pytest.fixture
def superuser(db: Fresh) -> Iterator[Superuser]:
    """A connection past row security, for tests that corrupt rows or look at everything."""
    with past_row_security(db) as connection:
        yield connection


@pytest.fixture
def now() -> datetime:
    """A working morning in spring."""
    return at_hour(datetime(2026, 3, 20).date())
