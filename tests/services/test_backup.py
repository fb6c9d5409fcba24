"""The parts of a backup by themselves: the keys' copy, signatures, the log's order, papers, what a place keeps, both kinds of place."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from obstore.store import LocalStore
from sqlmodel import SQLModel

import services.models
from services.backup import papers, retention, sealing, signing, wal
from services.backup.base import Base
from services.backup.needed import NOT_KEPT, STANDING, columns
from services.backup.papers import Copier
from services.backup.place import Place, keys_place_of, place_of, refuse_inside
from services.backup.restore import pick
from services.backup.server import failed
from services.backup.stream import due
from services.backup.wal import Segment
from services.core.clock import at_hour
from services.core.errors import ConfigError, Conflict, InputError, NotFound
from services.core.settings import ROOT, Settings

KEYS = {"ring.json": b"{}", "insurer/office.pem": b"key"}
SECRET = "a passphrase of some length"
MB = 1 << 20
SEGMENT = 16 * MB


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies of the keys that open quickly; what a guess costs is tested by itself."""
    monkeypatch.setattr(sealing, "_N", 1 << 10)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return place_of(Settings(), str(tmp_path / "place"))


def test_keys_open_under_their_passphrase_only() -> None:
    sealed = sealing.seal(KEYS, SECRET)
    assert sealing.unseal(sealed, SECRET) == KEYS
    assert b"insurer" not in sealed
    for other, passphrase in ((sealed, SECRET + "."), (sealed[:-1] + bytes([sealed[-1] ^ 1]), SECRET), (b"{}\n", SECRET), (b"", SECRET)):
        with pytest.raises(InputError, match="keys_sealed"):
            sealing.unseal(other, passphrase)


@pytest.mark.usefixtures("cheap")
def test_a_copy_of_the_keys_is_made_when_one_changed_and_the_old_one_stays(place: Place) -> None:
    first = sealing.keep(place, KEYS, SECRET, day(20))
    assert sealing.keep(place, KEYS, SECRET, day(21)) == first
    assert sealing.keep(place, KEYS | {"seals/a": b"1"}, SECRET, day(22)) != first
    assert sealing.of(place, SECRET) == KEYS | {"seals/a": b"1"}
    assert sealing.of(place, SECRET, day(21)) == KEYS
    assert len(sealing.copies(place)) == 2


@pytest.mark.usefixtures("cheap")
def test_a_retired_key_still_opens_an_older_backup(place: Place) -> None:
    rings = ({"current": "k1", "field_keys": {"k1": "a"}}, {"current": "k2", "field_keys": {"k1": "a", "k2": "b"}},
             {"current": "k2", "field_keys": {"k2": "b"}})
    for number, ring in enumerate(rings):
        sealing.keep(place, KEYS | {"ring.json": json.dumps(ring).encode()}, SECRET, day(20 + number))
    for until, current in ((day(20), "k1"), (day(21), "k2"), (None, "k2"), (day(19), "k1")):
        found = json.loads(sealing.of(place, SECRET, until)["ring.json"])
        assert (found["current"], found["field_keys"]) == (current, {"k1": "a", "k2": "b"})
    with pytest.raises(InputError, match="keys_sealed"):
        sealing.of(place, SECRET + "!")


def day(number: int) -> datetime:
    return datetime(2026, 3, number, tzinfo=UTC)


def test_keys_are_laid_for_their_owner_only_and_nowhere_else(tmp_path: Path) -> None:
    sealing.lay(KEYS, tmp_path / "keys")
    assert (tmp_path / "keys" / "insurer" / "office.pem").stat().st_mode & 0o777 == 0o600
    with pytest.raises(InputError):
        sealing.lay({"../beside": b""}, tmp_path / "keys")
    assert not (tmp_path / "beside").exists()


@pytest.mark.parametrize(("data", "keys", "fine"), [
    ("/a/data", "/a/keys", True), ("/a/data", "/a/data", False), ("/a/data", "/a/data/keys", False), ("/a/data/x", "/a/data", False),
    ("/a/data", "/a/data2", True), ("s3://data/x", "s3://data/x/keys", False), ("s3://data", "s3://data/keys", False),
    ("s3://data/x", "s3://data/y", True), ("s3://data", "s3://keys", True), ("/a/data", "s3://data", True)])
def test_keys_never_lie_beside_the_data(data: str, keys: str, fine: bool) -> None:
    found = place_of(Settings(), data)
    if fine:
        assert keys_place_of(Settings(), found, keys).address.endswith(keys)
        return
    with pytest.raises(ConfigError, match="keys_beside"):
        keys_place_of(Settings(), found, keys)


def test_a_signed_line_is_this_houses_and_untouched() -> None:
    key, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    line = signing.signed({"a": 1}, key)
    assert signing.proved(line, key.public_key(), name="x") == {"a": 1}
    for touched in (line.replace(b"1", b"2", 1), signing.signed({"a": 1}, other), b"", b"[]", line[:-2]):
        with pytest.raises(InputError, match="backup_signature"):
            signing.proved(touched, key.public_key(), name="x")


def test_positions_of_the_log() -> None:
    """By PostgreSQL's own naming (pg_walfile_name): 256 segments of 16 MB to the middle eight digits."""
    assert wal.segment_at("0/2000028", 1, SEGMENT) == "000000010000000000000002"
    assert wal.segment_at("3A/FF000000", 2, SEGMENT) == "000000020000003A000000FF"
    assert wal.number("000000010000000100000000", SEGMENT) == wal.number("0000000100000000000000FF", SEGMENT) + 1


def names(*numbers: int, timeline: int = 1) -> list[Segment]:
    return [Segment(f"{timeline:08X}{number >> 8:08X}{number & 255:08X}", False) for number in numbers]


@pytest.mark.parametrize(("there", "begins", "count", "missing"), [
    (names(2, 3, 4), 2, 3, ""), (names(1, 2, 3), 2, 2, ""), (names(2, 4, 5), 2, 1, "000000010000000000000003"),
    (names(254, 255, 256, 257), 254, 4, ""), (names(254, 255, 257), 254, 2, "000000010000000100000000"),
    (names(3, 4), 2, 0, "000000010000000000000002"), ([], 2, 0, ""), (names(2, 3) + names(3, 4, timeline=2), 2, 4, "")])
def test_the_log_counts_as_far_as_none_is_missing(there: list[Segment], begins: int, count: int, missing: str) -> None:
    found, gap = wal.unbroken(there, names(begins)[0].name, SEGMENT)
    assert (len(found), gap) == (count, missing)


def test_a_log_without_its_end_is_not_whole() -> None:
    for last, missing in ((4, ""), (5, "000000010000000000000005"), (1, "")):
        assert wal.unbroken(names(2, 3, 4), names(2)[0].name, SEGMENT, names(last)[0].name)[1] == missing


def test_no_place_within_the_house_nor_the_house_within_it(tmp_path: Path) -> None:
    house = Settings(data_dir=tmp_path / "house")
    refuse_inside(house, place_of(house, str(tmp_path / "house2")), place_of(house, "s3://keys"))
    for inside in (tmp_path / "house" / "objects" / "x", tmp_path / "house", tmp_path):
        with pytest.raises(ConfigError, match="HUZHU_BACKUP_PLACE"):
            refuse_inside(house, place_of(house, str(inside)))
        with pytest.raises(ConfigError, match="HUZHU_BACKUP_KEYS"):
            refuse_inside(house, place_of(house, "s3://data"), place_of(house, str(inside)))


def test_a_program_is_told_by_its_error_not_by_its_tidying() -> None:
    said = ["pg_basebackup: error: could not write: No space left on device", "pg_basebackup: removing contents of data directory"]
    assert "No space left" in failed("pg_basebackup", said).message


def test_a_segment_is_put_once_and_another_server_is_refused(place: Place, tmp_path: Path) -> None:
    key, name = Ed25519PrivateKey.generate(), names(7)[0].name
    file = tmp_path / name
    file.write_bytes(b"log" * 1000)
    wal.ship_partial(place, name, b"log", key)
    wal.ship(place, file, key)
    wal.ship(place, file, key)          # killed between putting and forgetting: again is the same
    assert wal.listed(place) == ([Segment(name, False)], [])
    assert wal.unpack(name, place.read(f"wal/{name}"), key.public_key()) == b"log" * 1000
    file.write_bytes(b"other" * 1000)
    with pytest.raises(Conflict, match="wal_other"):
        wal.ship(place, file, key)
    place.put(f"wal/{name}", place.read(f"wal/{name}")[:-9])
    with pytest.raises(InputError, match="wal_damaged"):
        wal.unpack(name, place.read(f"wal/{name}"), key.public_key())


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    (tmp_path / "store").mkdir()
    return LocalStore(tmp_path / "store")


def laid(store: LocalStore, content: bytes) -> str:
    import hashlib

    name = papers.path_of(hashlib.sha256(content).hexdigest())
    store.put(name, content)
    return name


def test_papers_are_copied_once_parts_as_they_change_damaged_ones_never(place: Place, store: LocalStore) -> None:
    one, two = laid(store, b"one"), laid(store, b"two")
    store.put("parts/x/000000000000", b"a")
    store.put(two, b"broken")
    copier = Copier(store, place)
    found = copier.copy()
    assert (found.copied, found.damaged, set(found.names)) == (2, [two], {one, two, "parts/x/000000000000"})
    store.put("parts/x/000000000000", b"ab")
    assert copier.copy().copied == 1
    assert place.read("papers/parts/x/000000000000") == b"ab"
    laid(store, b"three")
    assert Copier(store, place).copy().copied == 2      # a new process knows papers by the place, parts it copies again
    assert papers.unpacked(papers.packed(found.names)) == found.names


def test_papers_whose_time_is_over_leave_the_place_with_the_last_backup_that_lists_them(place: Place, store: LocalStore) -> None:
    kept, gone = laid(store, b"kept"), laid(store, b"gone")
    Copier(store, place).copy()
    later = datetime.now(UTC) + timedelta(seconds=2)
    assert papers.forgotten(place, [{kept: 4}, {gone: 4}], later) == []
    assert papers.forgotten(place, [{kept: 4}], later) == [f"papers/{gone}"]
    assert papers.forgotten(place, [{kept: 4}], later - timedelta(hours=1)) == []      # came after the oldest backup: the log needs it


def base(day: int) -> Base:
    at = datetime(2026, 3, day, 2, 30, tzinfo=UTC)
    return Base(f"202603{day:02d}T023000Z", "1", at, at + timedelta(minutes=5), 1, names(day)[0].name, SEGMENT, {}, 0, 0, "k", [])


def test_every_instant_of_the_days_kept_can_be_had() -> None:
    found = [base(day) for day in (1, 5, 9, 13)]
    assert retention.kept(found, datetime(2026, 3, 6, tzinfo=UTC)) == found[1:]         # the 6th needs the backup of the 5th
    assert retention.kept(found, datetime(2026, 3, 30, tzinfo=UTC)) == found[3:]        # the newest stays however old
    assert retention.kept(found, datetime(2026, 2, 1, tzinfo=UTC)) == found
    assert pick(found, datetime(2026, 3, 9, 2, 35, tzinfo=UTC)).id == found[2].id       # its very end counts
    assert pick(found, datetime(2026, 3, 9, 2, 34, 59, tzinfo=UTC)).id == found[1].id
    assert pick(found, None).id == found[3].id
    with pytest.raises(InputError, match="until_too_early"):
        pick(found, datetime(2026, 3, 1, 2, 34, tzinfo=UTC))
    with pytest.raises(NotFound):
        pick([], None)


@pytest.mark.parametrize(("last", "now", "expected"), [
    (None, at_hour(datetime(2026, 3, 20), 9), at_hour(datetime(2026, 3, 20), 9)),
    (at_hour(datetime(2026, 3, 20), 2, 31), at_hour(datetime(2026, 3, 20), 9), at_hour(datetime(2026, 3, 21), 2, 30)),
    (at_hour(datetime(2026, 3, 19), 2, 31), at_hour(datetime(2026, 3, 20), 9), at_hour(datetime(2026, 3, 20), 9)),     # missed: at once
    (at_hour(datetime(2026, 3, 19), 2, 31), at_hour(datetime(2026, 3, 20), 2, 29), at_hour(datetime(2026, 3, 20), 2, 30))])
def test_the_nightly_backup_is_due(last: datetime | None, now: datetime, expected: datetime) -> None:
    assert due("02:30", last, now) == expected


def test_every_column_that_names_bytes_is_asked_for_or_known_not_to() -> None:
    assert services.models.__all__
    named = {(table.name, column.name) for table in SQLModel.metadata.tables.values() for column in table.columns
             if column.name.endswith("sha256")}
    assert named >= NOT_KEPT
    assert set(STANDING) <= named
    assert set(columns()) == named - NOT_KEPT


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[Place]:
    server = subprocess.Popen([sys.executable, str(ROOT / "tests" / "support" / "s3_server.py"), "backups", "id", "secret"],
                              stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    keys = tmp_path / "access"
    keys.write_text("aws_access_key_id = id\naws_secret_access_key = secret\n")
    yield Place("s3://backups/huzhu", f"http://127.0.0.1:{server.stdout.readline().strip()}", "cn-north-1", keys)
    server.kill()
    server.wait()


def test_a_bucket_does_what_a_folder_does(bucket: Place, place: Place, tmp_path: Path) -> None:
    for one in (bucket, place):
        assert one.create("house.json", b"1")
        assert not one.create("house.json", b"2")
        assert one.read("house.json") == b"1"
        one.put("wal/a", b"1")
        one.put("wal/a", b"22")
        one.put("base/x/manifest.json", b"")
        one.put("base/y/manifest.json", b"")
        assert one.folders("base") == ["x", "y"]
        big = tmp_path / "big"
        big.write_bytes(bytes(range(256)) * (40 * MB // 256))       # in parts of 16 MB
        assert one.put_file("base/x/big", big) == one.fetch("base/x/big", tmp_path / "back")
        assert (tmp_path / "back").read_bytes() == big.read_bytes()
        assert {(item.name, item.size) for item in one.items("wal")} == {("wal/a", 2)}
        one.drop(["wal/a", "wal/never"])
        assert list(one.items("wal")) == []
        with pytest.raises(NotFound, match="wal/a"):
            one.read("wal/a")


def test_what_is_missing_is_said_with_its_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="HUZHU_BACKUP_PLACE"):
        place_of(Settings())
    (tmp_path / "short").write_text("short")
    with pytest.raises(ConfigError, match="至少 16"):
        sealing.passphrase_of(Settings(), tmp_path / "short")
    assert json.loads(sealing.seal(KEYS, SECRET).partition(b"\n")[0])["n"] >= 1 << 16
