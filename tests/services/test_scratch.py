"""A killed program's temporary files go with the next one; nobody else's do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROGRAM = """
import sys, tempfile
from services.core import scratch
folder = scratch.own()
assert scratch.own() == folder
left = tempfile.mkdtemp(prefix="faces-")
print(folder, left, flush=True)
sys.stdin.read()
"""


@contextmanager
def program(room: Path) -> Iterator[tuple[subprocess.Popen[str], Path, Path]]:
    """One that lives until its input closes; its folder, and one that it made by the standard library."""
    made = subprocess.Popen([sys.executable, "-c", PROGRAM], env={**os.environ, "TMPDIR": str(room)}, text=True,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert made.stdout is not None and made.stderr is not None
    line = made.stdout.readline()
    assert line, made.stderr.read()
    folder, left = map(Path, line.split())
    try:
        yield made, folder, left
    finally:
        made.communicate()


def test_what_a_killed_program_leaves_goes_with_the_next(tmp_path: Path) -> None:
    with program(tmp_path) as (_, living, kept):
        with program(tmp_path) as (killed, dead, left):
            assert left.is_relative_to(dead)
            killed.send_signal(signal.SIGKILL)
        assert left.exists()
        with program(tmp_path) as (_, third, _left):
            assert not dead.exists()
            assert kept.exists()
            assert third != living
        assert not third.exists()               # it ended by itself
    assert not living.exists()


def test_a_folder_without_its_lock_is_nobodys(tmp_path: Path) -> None:
    stray = tmp_path / f"huzhu-{os.geteuid()}" / "stray"
    stray.mkdir(parents=True)
    stray.parent.chmod(0o700)
    with program(tmp_path):
        assert not stray.exists()


@pytest.mark.parametrize("spoil", [lambda base: base.mkdir() or base.chmod(0o755), lambda base: base.symlink_to("/")])
def test_a_folder_of_somebody_elses_is_refused(tmp_path: Path, spoil: object) -> None:
    assert callable(spoil)
    spoil(tmp_path / f"huzhu-{os.geteuid()}")
    with pytest.raises(AssertionError, match="不是本程序的用户独有的"), program(tmp_path):
        pass
