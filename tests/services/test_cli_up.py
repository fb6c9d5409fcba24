"""`huzhu up` ended from outside, as a service manager does: its children end with it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from services.cli.setup import make_pair
from services.cli.supervisor import free_port
from services.core import embedded
from services.core.settings import ROOT, settings


def _children(parent: int) -> set[int]:
    """Processes whose parent is this one."""
    found = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue            # ended while we looked
        if int(fields[1]) == parent and fields[0] != "Z":
            found.add(int(status.parent.name))
    return found


def _runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def up(server: str, database_name: str, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """`huzhu up` over this test's database, and where its pages are; Prefect is somebody else's."""
    shutil.copytree(settings().key_ring.parent, tmp_path / "keys")      # the house stands: without its keys it is not started
    for name in ("office", "insurer"):
        make_pair(tmp_path / "keys", name)
    port = free_port()
    given = {"HUZHU_MODE": "demo", "HUZHU_DATA_DIR": str(tmp_path), "HUZHU_WEB_PORT": str(port), "HUZHU_INSURER_URL": "http://127.0.0.1:9",
             "HUZHU_INSURER_KEYS": str(tmp_path / "keys"), "HUZHU_PREFECT_API_URL": "http://127.0.0.1:9/api",
             "HUZHU_DATABASE_URL": embedded.with_user(server, embedded.APP, database_name)}
    outside = {name: value for name, value in os.environ.items() if not name.startswith("HUZHU_")}
    with (tmp_path / "up.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "services.cli.main", "up"], cwd=ROOT, env={**outside, **given}, stdout=log,
                                   stderr=log, start_new_session=True)
    yield process, f"http://127.0.0.1:{port}/api/v1/health"
    if process.poll() is None:
        process.kill()


def _wait_for(health: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(health, timeout=2).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    pytest.fail(f"the pages did not come up; it ended with {process.poll()}")


def test_a_terminated_house_leaves_no_child_behind(up: tuple[subprocess.Popen[bytes], str]) -> None:
    process, health = up
    _wait_for(health, process)
    children = _children(process.pid)
    assert children
    process.send_signal(signal.SIGTERM)
    process.wait(40)
    assert [child for child in children if _runs(child)] == []


_ENDED_WHILE_STARTING = """
import os, signal
from services.cli.stopping import stop_like_ctrl_c, undisturbed
stop_like_ctrl_c()
try:
    with undisturbed():
        os.kill(os.getpid(), signal.SIGTERM)
        print("the child is known")
    print("never said")
except KeyboardInterrupt:
    print("then it ends")
"""


def test_the_word_to_end_waits_for_a_child_that_is_being_started() -> None:
    said = subprocess.run([sys.executable, "-c", _ENDED_WHILE_STARTING], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert said.stdout.splitlines() == ["the child is known", "then it ends"]
