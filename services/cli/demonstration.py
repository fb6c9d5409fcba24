"""A demonstration's settings, data directory and insurer: what `huzhu demo` plays in and `huzhu up --demo` opens again."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from services.cli.supervisor import Supervisor, free_port
from services.core.errors import ConfigError
from services.core.settings import PREFIX, Settings, settings

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


def add_twin(machine: Supervisor, config: Settings) -> None:
    """The insurer's side as a program of its own."""
    port = config.insurer_url.rpartition(":")[2]
    machine.add("twin", [sys.executable, "-m", "infra.twins.insurer", "--port", port, "--data", str(config.data_dir / "twin"),
                         "--keys", str(config.insurer_keys), "--office-url", machine.base_url, "--auto-ack"],
                health=f"{config.insurer_url}/desk/health")
