"""A real Prefect server for the session, and a worker process on the test's own database."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.cli.setup import make_pair
from services.cli.supervisor import Program, free_port, prefect_server
from services.core.db import Database
from services.core.settings import settings


@pytest.fixture(scope="session")
def prefect_api(var: Path) -> Iterator[str]:
    """URL of one Prefect server for all flow tests."""
    port = free_port()
    env = {**os.environ, "PREFECT_HOME": str(var / "prefect"), "PREFECT_SERVER_ANALYTICS_ENABLED": "false", **prefect_server()}
    server = Program("prefect", [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1",
                                 "--port", str(port)], env, var / "logs" / "prefect.log",
                     f"http://127.0.0.1:{port}/api/health")
    server.start()
    try:
        server.wait_ready(90)
        yield f"http://127.0.0.1:{port}/api"
    finally:
        server.stop()


@pytest.fixture
def worker(prefect_api: str, db: Database, var: Path) -> Iterator[Program]:
    """`python -m flows.worker` on the test's database; the test starts it."""
    for name in ("office", "insurer"):
        make_pair(settings().insurer_keys, name)
    env = {**os.environ, "PREFECT_API_URL": prefect_api, "PREFECT_HOME": str(var / "prefect"), "HUZHU_DATABASE_URL": db.url,
           "PREFECT_LOGGING_LEVEL": "WARNING"}
    program = Program("worker", [sys.executable, "-m", "flows.worker"], env, var / "logs" / "worker.log")
    yield program
    program.stop()


def until(holds: Callable[[], bool], worker: Program, seconds: float = 60) -> None:
    """Wait for a condition; on giving up show the worker's log."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds} s; worker's log:\n{worker.log.read_text()[-3000:]}")
        time.sleep(0.1)
