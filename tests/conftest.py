"""Fixtures: a real PostgreSQL for every test that touches data, a fresh copy of a migrated database each."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings as hypothesis_settings

from services.core import crypto, embedded, schema
from services.core import settings as settings_module
from services.core.clock import at_hour
from services.core.db import Database

TEMPLATE = "huzhu_template"
# The same examples in every run: a property that fails, fails for whoever runs the tests. `make lab` draws new ones.
hypothesis_settings.register_profile("same", derandomize=True, deadline=None)
hypothesis_settings.register_profile("new", deadline=None)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


@pytest.fixture(scope="session")
def var() -> Iterator[Path]:
    """A data directory for this test process; its path is short because of socket names."""
    directory = Path(tempfile.mkdtemp(prefix="hz"))
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def configured(var: Path) -> Iterator[None]:
    """Settings and key ring of this test process."""
    os.environ.update({"HUZHU_MODE": "demo", "HUZHU_DATA_DIR": str(var), "HUZHU_INSURER_URL": "http://127.0.0.1:9",
                       "HUZHU_INSURER_KEYS": str(var / "keys" / "insurer")})
    settings_module.settings.cache_clear()
    crypto.make_ring(settings_module.settings().key_ring)
    crypto.key_ring.cache_clear()
    yield


@pytest.fixture(scope="session")
def server(var: Path) -> str:
    """The superuser's URL of this test process's PostgreSQL, with a migrated template database."""
    url = embedded.start(var / "pg")
    with psycopg.connect(url, autocommit=True) as connection:     # a test's database need not outlive a power cut
        connection.execute("ALTER SYSTEM SET fsync TO off")
        connection.execute("ALTER SYSTEM SET full_page_writes TO off")
        connection.execute("SELECT pg_reload_conf()")
    _, owner = embedded.prepare(url, TEMPLATE)
    schema.upgrade(owner)
    return url


@pytest.fixture
def database_name(server: str) -> Iterator[str]:
    """A fresh database, dropped afterwards."""
    name = f"t{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} OWNER {embedded.OWNER} STRATEGY FILE_COPY")
    yield name
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def db(server: str, database_name: str) -> Iterator[Database]:
    """The application's database, as the role that row security binds."""
    database = Database(embedded.with_user(server, embedded.APP, database_name), pool_size=4)
    yield database
    database.close()


@pytest.fixture
def superuser(server: str, database_name: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A connection past row security, for tests that corrupt rows or look at everything."""
    with psycopg.connect(embedded.with_user(server, "postgres", database_name), autocommit=True) as connection:
        yield connection


@pytest.fixture
def now() -> datetime:
    """A working morning in spring."""
    return at_hour(datetime(2026, 3, 20).date())
