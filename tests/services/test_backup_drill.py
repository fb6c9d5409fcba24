"""The drill: an office works, is backed up, works on, burns down, and stands again at the noted minute and at its last.

Real processes and a real server; what is expected was read from the living database before the fire.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.audit import sealing as audit_sealing
from services.backup import base, checking, sealing, signing, wal
from services.backup.place import Place, place_of
from services.backup.restore import Wanted, restore
from services.core import embedded
from services.core import settings as settings_module
from services.core.clock import CHINA, at_hour
from services.core.db import DATABASE, Database
from services.core.errors import HuzhuError, InputError
from services.core.settings import Settings
from services.core.signing import signing_keys
from services.models import AuditSeal
from services.notice import channels
from services.payment import limits
from services.storage.second import second_place
from tests.services.review_world import report
from tests.support.drill import COPIER, PASSPHRASE, House, OwnServer, clock, cloned, files, rows
from tests.support.road import paid_out
from tests.support.world import ROOT, build_world

NOW = at_hour(datetime(2026, 3, 20).date())
Rows = dict[str, tuple[int, str]]


@dataclass
class Drill:
    """The house in ashes, and what it was: at the noted instant, and at the end."""

    house: House
    noted: datetime
    noted_rows: Rows
    noted_papers: dict[str, str]
    last: datetime
    last_rows: Rows
    last_papers: dict[str, str]
    keys: dict[str, str]
    ring: dict[str, object]
    office: dict[str, bytes]            # the office's own files beside its data


@pytest.fixture(scope="module")
def drill(server: str, var: Path) -> Iterator[Drill]:
    """Work, backup, more work, a noted minute, more work, fire."""
    home = var / "drill"
    home.mkdir()
    shutil.copytree(var / "keys", home / "keys")
    (home / "secret").write_text(PASSPHRASE)
    own = cloned(server, home)
    house = House(home, own, var / "place", var / "keys-place", home / "secret")
    config = {"HUZHU_DATA_DIR": str(home), "HUZHU_DATABASE_URL": own.of(role=embedded.APP), "HUZHU_BACKUP_URL": own.of(role=COPIER),
              "HUZHU_BACKUP_PLACE": f"file:{house.place}", "HUZHU_BACKUP_KEYS": f"file:{house.keys_place}",
              "HUZHU_BACKUP_PASSPHRASE_FILE": str(house.secret), "HUZHU_INSURER_KEYS": str(home / "keys" / "insurer")}
    house.env = {name: value for name, value in os.environ.items() if not name.startswith("HUZHU_")} | config | {
        "HUZHU_MODE": "demo", "HUZHU_OCR": "none"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUZHU_STORE", f"file:{home / 'objects'}")
        settings_module.settings.cache_clear()
        try:
            yield _work_and_burn(house)
        finally:
            house.kill_stream()
            house.server.stop()
    settings_module.settings.cache_clear()


def _work_and_burn(house: House) -> Drill:
    office = {own: shipped.read_bytes() + "# 本单位的\n".encode()
              for own, shipped in ((limits.OWN, limits.SHIPPED), (channels.OWN, channels.SHIPPED))}
    for name, content in office.items():
        (house.home / name).write_bytes(content)
    house.start_stream()
    db = Database(house.server.of(role=embedded.APP), pool_size=2)
    world = build_world(db, NOW)
    paid_out(world, 0, NOW)
    _sealed(db, house.home, 0)
    house.wait(lambda: house.bases() == 1, "the first base backup")
    house.huzhu("backup", house.place)
    house.kill_stream()                 # it goes on where it was, and needs no new base backup for that
    report(world, 1, NOW)
    house.start_stream()
    noted, noted_rows, noted_papers = clock(house.server.url), rows(house.server.of()), files(house.home / "objects")
    paid_out(world, 2, NOW)
    _new_key(house.home / "keys" / "ring.json")
    report(world, 3, NOW)
    _sealed(db, house.home, 1)
    last_rows, last_papers, keys = rows(house.server.of()), files(house.home / "objects"), files(house.home / "keys")
    end, ring = clock(house.server.url), json.loads((house.home / "keys" / "ring.json").read_text())
    house.wait(lambda: house.streamed() > end, "all of it in the place")
    assert house.bases() == 2
    told = json.loads(house.huzhu("backup", "list", "--json"))
    assert [span["missing"] for span in told["spans"]] == [""]
    assert datetime.fromisoformat(told["spans"][0]["until"]) > end
    assert "备份完整" in house.huzhu("backup", "verify", house.place)
    house.huzhu("backup", "prune")      # the log's piece from before the first base backup may be put after the stream's own look
    assert "没有过期的备份" in house.huzhu("backup", "prune")
    states = psycopg.connect(house.server.of(), autocommit=True).execute("SELECT kind, reaches <= now() FROM backup_state").fetchall()
    assert dict(states) == {"rows": True, "papers": True, "base": True, "verify": True}
    db.close()
    house.server.kill()
    house.kill_stream()
    for burnt in ("postgres", "objects", "keys", "backup"):
        shutil.rmtree(house.home / burnt)
    for name in office:
        (house.home / name).unlink()
    return Drill(house, noted, noted_rows, noted_papers, end, last_rows, last_papers, keys, ring, office)


def _sealed(db: Database, home: Path, days: int) -> AuditSeal:
    """A day's seal so many days after the first, beside the papers: this office has no place apart for it."""
    at = NOW + timedelta(days=days)
    return audit_sealing.seal(db, ROOT.scope, place=second_place(), keys=signing_keys(home / "keys" / "audit-signing.json"),
                              day=at.date(), now=at)


def _new_key(ring: Path) -> None:
    """A field key that came after the last base backup."""
    told = json.loads(ring.read_text())
    told["field_keys"]["k2"] = base64.b64encode(secrets.token_bytes(32)).decode()
    ring.write_text(json.dumps(told))


def restored(drill: Drill, into: Path, *more: str, code: int = 0) -> dict[str, object]:
    """`huzhu restore … --json` on another machine: nothing of the burnt house is there."""
    env = {"HUZHU_DATABASE_URL": "", "HUZHU_BACKUP_URL": "", "HUZHU_DATA_DIR": str(into)}
    said = drill.house.huzhu("restore", drill.house.place, "--into", into, "--json", *more, code=code, **env)
    told: dict[str, object] = json.loads(said)
    return told


def stands(drill: Drill, into: Path) -> Rows:
    """What the restored house holds, read through a server of its own."""
    server = OwnServer(into / "postgres")
    try:
        return rows(server.of())
    finally:
        server.stop()


def own_files(drill: Drill, into: Path) -> dict[str, bytes]:
    """The office's own files as they lie in the restored house."""
    return {name: (into / name).read_bytes() for name in drill.office if (into / name).is_file()}


def same_keys(drill: Drill, folder: Path) -> None:
    """Every file but a rotation's lock, and in the ring every key: one that came a moment later opens nothing that it should not."""
    there, burnt = ({**found, "ring.json": "", ".ring.lock": ""} for found in (files(folder), drill.keys))
    assert there == burnt
    assert json.loads((folder / "ring.json").read_text()) == drill.ring


def test_to_the_noted_minute(drill: Drill, var: Path) -> None:
    told = restored(drill, var / "then", "--until", drill.noted.astimezone(CHINA).replace(tzinfo=None).isoformat(sep=" "))
    assert told["missing"] == []
    assert [proof["code"] for proof in told["proofs"]] == [0, 0]       # type: ignore[attr-defined]
    assert stands(drill, var / "then") == drill.noted_rows
    assert files(var / "then" / "objects") == drill.noted_papers
    assert own_files(drill, var / "then") == drill.office
    same_keys(drill, var / "then" / "keys")
    next_day_is_sealed(var / "then")


def next_day_is_sealed(into: Path) -> None:
    """Chains moved since the day before, so what was sealed of them then is read; of the burnt house's same day nothing is in the way."""
    server = OwnServer(into / "postgres")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUZHU_STORE", f"file:{into / 'objects'}")
        settings_module.settings.cache_clear()
        db = Database(server.of(role=embedded.APP), pool_size=1)
        try:
            row = _sealed(db, into, 1)
            assert row.exported_at is not None
            assert row.losses == 0
        finally:
            db.close()
            server.stop()
    settings_module.settings.cache_clear()


def test_to_the_last(drill: Drill, var: Path) -> None:
    """Asked for an instant after the last transaction that the stream has vouched for: nothing happened between, so it is the end."""
    place, keys = (place_of(Settings(), str(var / name)) for name in ("place", "keys-place"))
    held: Rows = {}
    told = restore(Wanted(place, keys, PASSPHRASE, var / "last", until=drill.last), DATABASE, lambda url: held.update(rows(url)))
    assert not told.missing
    assert not told.touched
    assert held == drill.last_rows
    assert files(var / "last" / "objects") == drill.last_papers
    same_keys(drill, var / "last" / "keys")


@pytest.fixture
def copied(drill: Drill, var: Path) -> Iterator[tuple[Place, Place]]:
    """The place and the keys' place again, to be spoilt."""
    for name in ("place", "keys-place"):
        shutil.copytree(var / name, var / "spoilt" / name)
    yield place_of(Settings(), str(var / "spoilt" / "place")), place_of(Settings(), str(var / "spoilt" / "keys-place"))
    shutil.rmtree(var / "spoilt")


def whole(place: Place, key: Ed25519PublicKey) -> list[str]:
    return [fault.name for fault in checking.faults(place, key, bytes_too=True)]


def test_what_was_touched_or_lost_is_named(drill: Drill, copied: tuple[Place, Place], var: Path) -> None:
    place, keys = copied
    folder = place.folder
    assert folder is not None
    key = signing.signing_key(sealing.of(keys, PASSPHRASE)[signing.KEY]).public_key()
    assert whole(place, key) == []
    first, second = base.bases(place, key)
    segments = sorted(path for path in (folder / "wal").iterdir() if wal.SEGMENT.match(path.name))
    paper = next(path for path in (folder / "papers").glob("??/??/*") if path.is_file())
    span = next((folder / "papers" / "audit" / "spans").rglob("*.gz"))

    spoilt = [folder / "base" / first.id / "base.tar.gz", segments[-1], paper, span]
    for file in spoilt:
        content = file.read_bytes()
        file.write_bytes(content[:-20] + bytes(20))
    assert set(whole(place, key)) == {file.relative_to(folder).as_posix() for file in spoilt}
    with pytest.raises(InputError, match="wal_damaged"):
        restore(Wanted(place, keys, PASSPHRASE, var / "never"), "huzhu", lambda _: None)
    assert (var / "never" / "keys").is_dir()
    assert not (var / "never" / "postgres").exists(), "what was not brought to its instant must not start as if it were"
    shutil.rmtree(var / "never")
    segments[-1].unlink()
    assert f"wal/{segments[-1].name}" in whole(place, key)
    with pytest.raises(InputError, match="wal_missing"):
        restore(Wanted(place, keys, PASSPHRASE, var / "never"), "huzhu", lambda _: None)

    with pytest.raises(InputError, match="wal_missing"):            # the stream vouched for it, but it lies behind the gap
        restore(Wanted(place, keys, PASSPHRASE, var / "gap", until=drill.last), "huzhu", lambda _: None)
    for partial in (folder / "wal").glob("*.partial"):
        partial.unlink()                # nothing follows the gap any more; the stream's word does
    assert f"wal/{segments[-1].name}" in whole(place, key)
    with pytest.raises(InputError, match="wal_missing"):
        restore(Wanted(place, keys, PASSPHRASE, var / "never"), "huzhu", lambda _: None)

    manifest = folder / "base" / second.id / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b"2026", b"2027", 1))
    assert f"base/{second.id}/manifest.json" in whole(place, key)
    assert base.touched(place, key) == [second.id]
    with pytest.raises(InputError, match=r"backup_damaged.*base\.tar\.gz"):     # the one before is taken; it was spoilt above
        restore(Wanted(place, keys, PASSPHRASE, var / "never", until=second.ended_at), "huzhu", lambda _: None)


def test_what_cannot_be_is_refused_before_anything_is_written(drill: Drill, copied: tuple[Place, Place], var: Path) -> None:
    place, keys = copied
    never = var / "refused"
    for wanted, code in ((Wanted(place, keys, PASSPHRASE, never, until=NOW), "until_too_early"),
                         (Wanted(place, keys, PASSPHRASE + "!", never), "keys_sealed"),
                         (Wanted(place, keys, PASSPHRASE, var / "then"), "into_not_empty"),
                         (Wanted(keys, keys, PASSPHRASE, never), "backup_none")):
        with pytest.raises(HuzhuError, match=code):
            restore(wanted, "huzhu", lambda _: None)
        assert not never.exists() or not any(never.iterdir())


def test_an_instant_that_nobody_vouches_for_is_refused_with_the_last_that_can_be_had(drill: Drill, copied: tuple[Place, Place],
                                                                                     var: Path) -> None:
    place, keys = copied
    with pytest.raises(InputError, match="until_too_late"):
        restore(Wanted(place, keys, PASSPHRASE, var / "future", until=drill.last + timedelta(days=1)), "huzhu", lambda _: None)

