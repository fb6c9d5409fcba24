"""A secret's file belongs to whoever the folder belongs to: a key changed by root is read by the programs that need it."""

from __future__ import annotations

import os
import stat
import tempfile
import time
from datetime import datetime
from pathlib import Path

import pytest

from services.access.custody import ring
from services.core.crypto import load_ring, make_ring
from services.core.files import given, replaced
from services.core.signing import make_signing_key

HOUSE = (61234, 61235)          # user and group that nobody has


def _gives() -> bool:
    """Root of a user namespace, or on some file systems, can give nothing away."""
    with tempfile.NamedTemporaryFile() as file:
        try:
            os.chown(file.fileno(), *HOUSE)
        except OSError:
            return False
    return True


only_root = pytest.mark.skipif(not _gives(), reason="only root writes for somebody else, and not everywhere")


@only_root
@pytest.mark.parametrize("owner", [HOUSE, (0, 0)])
def test_what_root_writes_is_the_folders_owners(tmp_path: Path, owner: tuple[int, int]) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    os.chown(keys, *owner)
    files = [keys / "ring.json", keys / "retired" / "older" / "k1.json"]
    for file in files:
        replaced(file, "first")
        replaced(file, "second")
        assert file.read_text() == "second"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for made in (*files, *files[1].parents[:2]):
        assert (made.stat().st_uid, made.stat().st_gid) == owner
    assert {path.name for path in keys.iterdir()} == {"ring.json", "retired"}


def test_what_is_the_folders_owners_already_is_not_given_again(tmp_path: Path) -> None:
    """A file system that lets nobody change owners (EPERM) is asked only where there is something to change."""
    file = tmp_path / "ring.json"
    file.touch()
    before = file.stat().st_ctime_ns        # every chown moves it, also one to the same owner
    time.sleep(0.05)
    given(file, tmp_path)
    assert file.stat().st_ctime_ns == before


@only_root
def test_keys_that_root_changed_are_the_houses(tmp_path: Path, now: datetime) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    os.chown(keys, *HOUSE)
    make_ring(keys / "ring.json")
    assert ring.rotate(keys / "ring.json", now=now) == load_ring(keys / "ring.json").current == "k2"
    ring.rotate_audit(keys / "ring.json", now=now)
    make_signing_key(keys / "audit-signing.json", anew=True)
    assert {path.name: (path.stat().st_uid, path.stat().st_gid) for path in keys.iterdir()} == dict.fromkeys(
        (".ring.lock", "ring.json", "audit-signing.json"), HOUSE)
