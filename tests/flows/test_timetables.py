"""The timetables' program before a real Prefect server: each timetable is known there and has its next runs, at the hours it is told."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from services.cli.setup import make_pair
from services.cli.supervisor import Program
from services.core.db import Database
from services.core.settings import settings
from services.lifecycle.topics import TIMETABLES

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def served(prefect_api: str, db: Database, var: Path) -> Iterator[str]:
    for name in ("office", "insurer"):
        make_pair(settings().insurer_keys, name)
    env = {**os.environ, "PREFECT_API_URL": prefect_api, "PREFECT_HOME": str(var / "prefect"), "HUZHU_DATABASE_URL": db.url}
    program = Program("timetables", [sys.executable, "-m", "flows.timetables"], env, var / "logs" / "timetables.log")
    program.start()
    yield prefect_api
    program.stop()


def asked(api: str, what: str, body: dict[str, object]) -> list[dict[str, Any]]:
    answer = httpx.post(f"{api}/{what}/filter", json=body, timeout=60)
    answer.raise_for_status()
    return list(answer.json())


def test_every_timetable_has_its_next_run_in_prefect(served: str) -> None:
    """It was once only served: the server's own scheduler failed at every turn, and no timetable ever came."""
    deadline = time.monotonic() + 120
    due: dict[str, list[datetime]] = {}
    while due.keys() != {name for name, *_ in TIMETABLES.values()}:
        assert time.monotonic() < deadline, f"without a run: {sorted({name for name, *_ in TIMETABLES.values()} - due.keys())}"
        time.sleep(1)
        names = {one["id"]: one["name"] for one in asked(served, "deployments", {})}
        due = {}
        for run in asked(served, "flow_runs", {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}, "limit": 200}):
            if run["deployment_id"] in names:
                due.setdefault(names[run["deployment_id"]], []).append(datetime.fromisoformat(run["expected_start_time"]).astimezone(ZONE))
        due = {name: times for name, times in due.items() if name in {name for name, *_ in TIMETABLES.values()}}
    assert {at.strftime("%H:%M") for at in due["prove-money"]} == {"06:40"}
    assert {at.strftime("%H:%M") for at in due["sweep-deadlines"]} <= {"00:05", "08:05", "12:05", "18:05"}
    assert {at.minute % 15 for at in due["refresh-figures"]} == {0}
