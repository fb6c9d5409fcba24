"""A server whose configuration lies outside its data, as Debian has it: the backup has none of it, the restored house starts."""

from __future__ import annotations

import shutil
from pathlib import Path

from obstore.store import LocalStore

from services.backup import base
from services.backup.base import Backup
from services.backup.papers import Copier
from services.backup.place import place_of
from services.backup.restore import Wanted, restore
from services.backup.server import Server
from services.core.db import DATABASE
from services.core.settings import Settings
from tests.support.drill import COPIER, PASSPHRASE, OwnServer, cloned, rows


def test_a_server_with_its_configuration_elsewhere_is_restored(server: str, var: Path) -> None:
    home, elsewhere, into = var / "debian", var / "etc-postgresql", var / "debian-restored"
    for folder in (home / "objects", elsewhere):
        folder.mkdir(parents=True)
    shutil.copytree(var / "keys", home / "keys")
    own = cloned(server, home, elsewhere)
    try:
        config = Settings(data_dir=home, insurer_keys=home / "keys" / "insurer")
        place, keys = (place_of(config, str(var / f"debian-{name}")) for name in ("place", "keys"))
        base.take(Backup(config, Server(own.of(role=COPIER)), place, keys, PASSPHRASE, Copier(LocalStore(home / "objects"), place)))
        living = rows(own.of())
    finally:
        own.stop()
    assert not (home / "postgres" / "postgresql.conf").exists(), "what is outside is not in the copy"

    held: list[dict[str, tuple[int, str]]] = []
    told = restore(Wanted(place, keys, PASSPHRASE, into), DATABASE, lambda url: held.append(rows(url)))
    assert not told.missing
    assert held == [living]
    again = OwnServer(into / "postgres")        # as `huzhu up` starts it, to be looked at
    try:
        assert rows(again.of()) == living
    finally:
        again.stop()
