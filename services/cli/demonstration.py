"""A demonstration's settings, data directory and insurer: what `huzhu demo` plays in and `huzhu up --demo` opens again."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from services.cli.supervisor import Supervisor, free_port
from services.core.db import Database, Scope, urls
from services.core.errors import ConfigError
from services.core.settings import PREFIX, Settings, settings
from services.models import BusinessClockRow

MARK = ".huzhu-demo"


def directory() -> Path:
    """Where the demonstration of these settings lies."""
    return (settings().data_dir / "demo").resolve()


def demonstration() -> Settings:
    """The settings of the demonstration that was played last, at the usual ports. ConfigError when there is none."""
    place = directory()
    if not (place / MARK).exists() or not (place / "results").exists():
        raise ConfigError("demo_missing", f"{place} 中没有演示数据", remedy="先运行 make demo（或 huzhu demo）", field="HUZHU_DATA_DIR")
    config = settings()
    return choose(place, web=config.web_port, prefect=config.prefect_port)


def choose(place: Path, *, web: int, prefect: int) -> Settings:
    """Settings of a demonstration in a directory: a movable clock, always an embedded database, an insurer of our own."""
    for name in ("DATABASE_URL", "OWNER_URL", "PREFECT_API_URL"):
        os.environ.pop(f"{PREFIX}{name}", None)
    chosen = {"MODE": "demo", "MOVABLE_CLOCK": "true", "DATA_DIR": str(place), "WEB_PORT": str(web),
              "PUBLIC_URL": f"http://127.0.0.1:{web}", "PREFECT_PORT": str(prefect),
              "INSURER_URL": f"http://127.0.0.1:{free_port()}", "INSURER_KEYS": str(place / "keys" / "insurer")}
    os.environ.update({f"{PREFIX}{name}": value for name, value in chosen.items()})
    settings.cache_clear()
    return settings()


# Everything the office wrote bears its moment; the latest one is where the demonstration stood.
_STOOD = sa.text("""
    SELECT max(at) FROM (SELECT max(at) AS at FROM audit_record UNION ALL SELECT max(at) FROM access_record
                         UNION ALL SELECT max(at) FROM audit_head UNION ALL SELECT max(seen_at) FROM web_session) t""")


def take_up(config: Settings) -> None:
    """The demonstration's day goes on where it stood, however long ago it was played: its clocks are due as they were left."""
    db = Database(urls(config)[0], pool_size=1)
    try:
        with db.unit_of_work(Scope(config.root_org)) as session:
            stood: datetime | None = session.execute(_STOOD).scalar_one()
            if stood is not None:
                offset = stood + timedelta(minutes=1) - datetime.now(UTC)
                session.merge(BusinessClockRow(single=True, offset_seconds=round(offset.total_seconds())))
    finally:
        db.close()


def add_twin(machine: Supervisor, config: Settings) -> None:
    """The insurer's side as a program of its own."""
    port = config.insurer_url.rpartition(":")[2]
    machine.add("twin", [sys.executable, "-m", "infra.twins.insurer", "--port", port, "--data", str(config.data_dir / "twin"),
                         "--keys", str(config.insurer_keys), "--office-url", machine.base_url, "--auto-ack",
                         "--suite", config.insurer_suite],
                health=f"{config.insurer_url}/desk/health")
