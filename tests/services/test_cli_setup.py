"""From nothing to an open door, as separate programs: setup, audit verify, the web process, and what refuses to start."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import httpx
import psycopg
import pytest

from services.core.db import Database
from services.core.errors import ConfigError
from services.core.settings import Settings
from services.wiring import build
from tests.services.api_world import Api

HUZHU = [sys.executable, "-m", "services.cli.main"]
REPOSITORY = Path(__file__).resolve().parents[2]


def environment(**words: str) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("HUZHU_")}
    return {**plain, **words}


def run(environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*HUZHU, *arguments], env=environ, cwd=REPOSITORY, capture_output=True, text=True, timeout=120)


@pytest.fixture
def fresh() -> Iterator[dict[str, str]]:
    """A machine with nothing on it."""
    directory = tempfile.mkdtemp(prefix="hs")
    yield environment(HUZHU_MODE="demo", HUZHU_DATA_DIR=directory, HUZHU_INSURER_URL="http://127.0.0.1:9",
                      HUZHU_INSURER_KEYS=f"{directory}/keys/insurer")
    shutil.rmtree(directory, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ready(base: str) -> None:
    for _ in range(300):
        try:
            if httpx.get(f"{base}/api/v1/health", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the web process did not answer")


def test_setup_opens_the_house_once_and_the_door_answers(fresh: dict[str, str]) -> None:
    data = Path(fresh["HUZHU_DATA_DIR"])
    done = run(fresh, "setup", "--json")
    assert done.returncode == 0, done.stderr
    token = json.loads(done.stdout)["administrator_token"]
    assert token
    ring = data / "keys" / "ring.json"
    assert ring.stat().st_mode & 0o077 == 0
    private = data / "keys" / "insurer" / "office.pem"
    assert private.stat().st_mode & 0o077 == 0
    kept = (ring.read_bytes(), private.read_bytes())
    again = run(fresh, "setup", "--json")
    assert (again.returncode, json.loads(again.stdout)["administrator_token"]) == (0, None)
    assert (ring.read_bytes(), private.read_bytes()) == kept
    assert run(fresh, "audit", "verify").returncode == 0

    port = free_port()
    web = subprocess.Popen([sys.executable, "-m", "services.api", "--port", str(port)], env=fresh, cwd=REPOSITORY)
    try:
        base = f"http://127.0.0.1:{port}"
        ready(base)
        me = httpx.get(f"{base}/api/v1/me", headers={"Authorization": f"Bearer {token}"}).json()
        assert (me["roles"], me["org_key"]) == (["administrator"], "cn.")
        page = httpx.get(f"{base}/progress")
        assert "受理编号" in page.text
        assert "server" not in page.headers
        assert httpx.get(f"{base}/static/page.css").status_code == 200
    finally:
        web.terminate()
        web.wait(20)


def test_a_house_whose_keys_are_away_is_given_no_new_ones(fresh: dict[str, str]) -> None:
    assert run(fresh, "setup").returncode == 0
    kept = [Path(fresh["HUZHU_DATA_DIR"]) / "keys" / name for name in ("ring.json", "audit-signing.json")]
    for file in kept:                                   # somebody tidied; a disk that is not mounted looks the same
        file.rename(file.with_suffix(".away"))
    for command in ("setup", "up"):
        refused = run(fresh, command)
        assert refused.returncode == 2, refused.stdout
        assert "ring.json" in refused.stderr and "backup-and-restore.md" in refused.stderr and "Traceback" not in refused.stderr
        assert not any(file.exists() for file in kept)
    for file in kept:
        file.with_suffix(".away").rename(file)
    assert run(fresh, "setup").returncode == 0 and run(fresh, "audit", "verify").returncode == 0


def test_a_database_that_is_empty_or_away_is_named(fresh: dict[str, str]) -> None:
    bare = run(fresh, "check")
    assert (bare.returncode, "huzhu setup" in bare.stderr, "Traceback" in bare.stderr) == (2, True, False)
    # Settings that were forgotten are no reason to make another house in the house's folder.
    named = run(fresh, "stuck", "--json")
    assert (named.returncode, json.loads(named.stdout)["field"]) == (2, "HUZHU_DATABASE_URL")
    assert not (Path(fresh["HUZHU_DATA_DIR"]) / "postgres").exists()
    away = run({**fresh, "HUZHU_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x"}, "audit", "verify", "--json")
    assert (away.returncode, json.loads(away.stdout)["field"]) == (2, "HUZHU_DATABASE_URL")


def test_the_web_refuses_to_start_without_an_insurer(fresh: dict[str, str]) -> None:
    del fresh["HUZHU_INSURER_URL"]
    refused = subprocess.run([sys.executable, "-m", "services.api", "--port", "0"], env=fresh, cwd=REPOSITORY,
                             capture_output=True, text=True, timeout=60)
    assert refused.returncode == 2
    assert "HUZHU_INSURER_URL" in refused.stderr


@pytest.mark.parametrize(("words", "code"), [
    ({"insurer_url": ""}, "insurer_url"),
    ({"insurer_url": "http://127.0.0.1:9", "insurer_keys": Path("no/such/folder")}, "insurer_key"),
    ({"insurer_url": "http://127.0.0.1:9", "mode": "production", "movable_clock": True}, "movable_clock")])
def test_wiring_names_what_is_missing(words: dict[str, object], code: str) -> None:
    with pytest.raises(ConfigError) as refused:
        build(Settings(**words))  # type: ignore[arg-type]
    assert refused.value.code == code
    assert refused.value.remedy


def test_audit_verify_names_a_changed_record(db: Database, now: datetime, tmp_path: Path,
                                             superuser: psycopg.Connection[tuple[object, ...]]) -> None:
    Api(db, now, tmp_path).report()
    environ = {**os.environ, "HUZHU_DATABASE_URL": db.url}
    assert run(environ, "audit", "verify").returncode == 0
    superuser.execute("UPDATE audit_record SET record = jsonb_set(record, '{event}', '\"approve\"') WHERE seq = 1")
    found = run(environ, "audit", "verify", "--json")
    assert found.returncode == 1
    assert "changed" in {finding["code"] for finding in json.loads(found.stdout)["findings"]}
