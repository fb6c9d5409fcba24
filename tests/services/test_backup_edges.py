"""A backup's edges: another passphrase, half an instant, a release before, an emptied store, a full disk, a second house."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from obstore.store import LocalStore

from services.audit import sealing as days
from services.backup import base, lost, needed, papers, retention, sealing, signing, status
from services.backup.base import Backup, Base
from services.backup.needed import Needed
from services.backup.papers import Copier
from services.backup.place import Place, place_of
from services.backup.recovery import spoken_since
from services.backup.restore import Wanted, _papers, pick
from services.backup.server import Log, Server
from services.backup.status import Status
from services.cli.restore import _instant
from services.core.clock import CHINA
from services.core.db import Database
from services.core.errors import ConfigError, Conflict, InputError
from services.core.settings import Settings, settings
from services.core.signing import signing_keys
from services.evidence import service as evidence
from services.notice import channels
from services.payment import limits
from services.storage.backend import StoreDown, store
from services.storage.second import SecondPlace
from tests.support.claims import XJ_EVENT, report
from tests.support.databases import Superuser
from tests.support.paper_files import photo
from tests.support.world import ROOT, build_world

OLD, NEW = "the passphrase of last year", "the passphrase of this year"
AT = datetime(2026, 3, 20, 6, 5, 7, 250_000, tzinfo=UTC)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(sealing, "_N", 1 << 10)
    return place_of(Settings(), str(tmp_path / "place"))


def day(number: int) -> datetime:
    return datetime(2026, 3, number, tzinfo=UTC)


def test_an_instant_before_the_passphrase_changed_is_had_with_the_new_one(place: Place) -> None:
    """The old one was destroyed, and so was a key that was current then: the newer copy has it put away beside the ring."""
    before = {"ring.json": json.dumps({"current": "k1", "field_keys": {"k1": "a"}}).encode()}
    after = {"ring.json": json.dumps({"current": "k2", "field_keys": {"k2": "b"}}).encode(),
             "retired/k1.json": json.dumps({"id": "k1", "key": "a", "retired": day(22).isoformat()}).encode()}
    sealing.keep(place, before, OLD, day(20))
    sealing.keep(place, after, NEW, day(22))
    for until in (day(21), day(19), None):
        assert json.loads(sealing.of(place, NEW, until)["ring.json"])["field_keys"] == {"k1": "a", "k2": "b"}
    assert json.loads(sealing.of(place, OLD, day(21))["ring.json"])["current"] == "k1"
    with pytest.raises(InputError, match="keys_sealed"):      # an older copy would lack what came since
        sealing.of(place, OLD)
    with pytest.raises(InputError, match="keys_sealed"):
        sealing.of(place, OLD, day(23))


def made(at: datetime) -> Base:
    return Base("x", "1", at - timedelta(minutes=1), at, 1, "000000010000000000000002", 16 << 20, {}, 0, 0, "k", [])


def test_the_earliest_instant_that_is_told_can_be_had() -> None:
    with pytest.raises(InputError, match="until_too_early") as refused:
        pick([made(AT)], AT - timedelta(hours=1))
    told = refused.value.message.removeprefix("最早只能恢复到 ")
    assert told == spoken_since(AT) == "2026-03-20 14:05:08"
    assert pick([made(AT)], _instant(told)).ended_at == AT
    assert spoken_since(AT.replace(microsecond=0)) == "2026-03-20 14:05:07"


@pytest.mark.parametrize("said", ["2026-03-20", "20260320", "2026-W12-5", "昨天", "2026-03-20 25:00"])
def test_a_day_alone_is_no_instant(said: str) -> None:
    with pytest.raises(InputError) as refused:
        _instant(said)
    assert refused.value.field == "--until"


def test_an_instant_without_a_zone_is_beijings() -> None:
    assert _instant("2026-03-20 14:05") == datetime(2026, 3, 20, 14, 5, tzinfo=CHINA) == _instant("2026-03-20T06:05:00Z")


def test_keys_that_are_being_changed_are_copied_without_what_is_half_written(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "ring.json").write_text("{}")
    (tmp_path / "keys" / ".ring.json.0a1b2c3d").write_text("{")
    (tmp_path / "keys" / ".ring.lock").touch()
    assert set(sealing.gathered(Settings(data_dir=tmp_path, insurer_keys=tmp_path / "none"))) == {"ring.json"}


@pytest.mark.parametrize("own", [limits.OWN, channels.OWN])
def test_the_offices_own_files_go_with_the_keys(tmp_path: Path, own: str) -> None:
    """Without them a restored house pays and writes by what was shipped, and nobody is told."""
    config = Settings(data_dir=tmp_path / "house", insurer_keys=tmp_path / "none")
    sealing.lay({"ring.json": b"{}"}, config.key_ring.parent)
    (config.data_dir / own).write_bytes(b"its own")
    keys = sealing.gathered(config)
    assert set(keys) == {"ring.json", f"office/{own}"}
    sealing.lay_house(keys, tmp_path / "restored", "keys")
    assert [path.relative_to(tmp_path / "restored").as_posix() for path in sorted((tmp_path / "restored").rglob("*")) if path.is_file()] \
        == sorted(["keys/ring.json", own])
    assert (tmp_path / "restored" / own).read_bytes() == b"its own"


def test_a_database_of_an_earlier_release_is_asked_for_what_it_has(db: Database, now: datetime, superuser: Superuser) -> None:
    build_world(db, now)
    whole = needed.needed(superuser)
    superuser.execute("DROP TABLE privacy_request, release CASCADE")
    superuser.execute("ALTER TABLE paper DROP COLUMN removed_at CASCADE")
    superuser.execute("ALTER TABLE notice DROP COLUMN enclosures CASCADE")
    assert needed.needed(superuser) == whole
    assert needed.in_parts(superuser) == []


@pytest.fixture
def house(db: Database, place: Place, tmp_path: Path) -> Iterator[Backup]:
    """The test's database with a key of its own and a place; nothing is asked of its server."""
    config = settings().model_copy(update={"database_url": db.url, "data_dir": tmp_path / "house", "backup_keep_days": 1})
    signing.make_key(config.key_ring.parent)
    (tmp_path / "store").mkdir()
    yield Backup(config, Server(""), place, place, NEW, Copier(LocalStore(tmp_path / "store"), place))


def finished(house: Backup, at: datetime, names: dict[str, int]) -> None:
    """A signed base backup that lists these papers."""
    one = replace(made(at), id=f"{at:%Y%m%dT%H%M%SZ}")
    digest = house.place.put_file(f"base/{one.id}/papers.gz", written(house, papers.packed(names)))
    whole = replace(one, files={"papers.gz": digest})
    house.place.put(f"base/{one.id}/manifest.json", signing.signed(whole.written(), signing.load_key(house.config.key_ring.parent)))


def written(house: Backup, content: bytes) -> Path:
    file = house.config.data_dir / "papers.gz"
    file.write_bytes(content)
    return file


def test_the_last_copy_of_a_paper_that_a_row_rests_on_stays(house: Backup, db: Database, now: datetime) -> None:
    """The disk of the papers came back empty, and nobody saw it for as long as backups are kept."""
    world = build_world(db, now)
    with db.unit_of_work(ROOT.scope) as session:
        _, [claim, *_] = report(session, world, world.member(0, "xj"), XJ_EVENT, now)
        sha256 = evidence.upload(session, claim_id=claim.id, kind="diagnosis", file_name="材料.jpg", content=photo(), actor=ROOT,
                                 now=now).sha256
    rests, over = papers.path_of(sha256), papers.path_of("0" * 64)
    for name in (rests, over):
        house.place.put(f"papers/{name}", b"a copy")
    later = datetime.now(UTC) + timedelta(days=2)
    finished(house, later, {})
    gone = retention.prune(house, now=later + timedelta(days=3))
    assert (gone.papers, gone.lost) == (1, 1)
    assert "文件库里没有" in str(gone)
    assert [item.name for item in house.place.items("papers")] == [f"papers/{rests}"]


def test_sealed_days_beside_the_papers_stay_and_come_back(house: Backup, db: Database, now: datetime, days_beside: SecondPlace) -> None:
    """What the next day's seal reads is not forgotten with the last backup that lists it; a store that lost it gets it again."""
    world = build_world(db, now)
    with db.unit_of_work(ROOT.scope) as session:
        report(session, world, world.member(0, "xj"), XJ_EVENT, now)
    days.seal(db, ROOT.scope, place=days_beside, keys=signing_keys(settings().signing_keys), day=now.date(), now=now)
    copier = Copier(store(), house.place)
    copier.copy()
    record = sorted(name for name in copier.known if name.startswith("audit/"))
    assert [name.split("/")[1] for name in record] == ["days", "spans"]
    later = datetime.now(UTC) + timedelta(days=2)
    finished(house, later, {})
    retention.prune(house, now=later + timedelta(days=3))
    assert sorted(item.name.removeprefix("papers/") for item in house.place.items("papers/audit")) == record

    sealed = {name: bytes(store().get(name).bytes()) for name in record}
    store().delete(record)
    with db.view(ROOT.scope) as session:
        lacking = lost.lacking(session, store())
    assert {row.name for row in lacking} >= set(record)
    came, _ = lost.bring(house.place, store(), lacking)
    assert {row.name for row in came} >= set(record)
    assert {name: bytes(store().get(name).bytes()) for name in record} == sealed


def test_a_base_backup_that_could_not_be_put_leaves_nothing_on_the_full_disk(place: Place, tmp_path: Path) -> None:
    (tmp_path / "room").mkdir()
    for name in ("a.tar", "b.tar"):
        (tmp_path / "room" / name).write_bytes(b"x")
    assert place.folder
    (place.folder / "base" / "one" / "b.tar").mkdir(parents=True)       # what cannot be written over
    with pytest.raises(StoreDown):
        base.stored(place, "one", tmp_path / "room")
    assert list(place.items("base/one")) == []


def test_a_house_restored_for_a_drill_writes_nothing_into_the_living_ones_place(place: Place, tmp_path: Path) -> None:
    """It has the living one's identity and keys; its log went on as another timeline."""
    signing.make_key(tmp_path)
    key, drill = signing.load_key(tmp_path), Log(AT, "0/5000000", "000000020000000000000005")
    living = replace(drill, segment="000000010000000000000009")
    base.refuse_fork(place, key.public_key(), drill)        # nobody writes here yet
    for ago, refused in ((119, True), (121, False)):
        status.write(place, Status(AT - timedelta(seconds=ago), None, 0, living.segment), key)
        base.refuse_fork(place, key.public_key(), living)
        if refused:
            with pytest.raises(Conflict, match="backup_place_taken"):
                base.refuse_fork(place, key.public_key(), drill)
        else:
            base.refuse_fork(place, key.public_key(), drill)        # the living one is gone: its heir goes on


def test_a_file_that_was_sealed_anew_since_comes_back_for_an_earlier_instant(place: Place, tmp_path: Path) -> None:
    """Its pieces were replaced after the instant; they are the same file under another key, which the keys' copies hold."""
    feed = uuid.UUID(int=7)
    place.put(f"papers/parts/{feed}/000000000000", b"k2:sealed anew")
    wanted = Wanted(place, place, NEW, tmp_path / "into", until=AT)     # long before the file's day
    (tmp_path / "into").mkdir()
    assert _papers(wanted, [], [Needed("feed_file", str(feed), "", sure=False)], lambda _: None) == (1, [])
    assert (tmp_path / "into" / "objects" / "parts" / str(feed) / "000000000000").read_bytes() == b"k2:sealed anew"


def test_the_log_stays_while_a_backup_bears_another_signature(house: Backup) -> None:
    """Who lost the signing key and had it made anew would lose every instant that its own former backups still give."""
    now = datetime.now(UTC)
    finished(house, now - timedelta(days=9), {})
    house.place.put("wal/000000010000000000000001", b"needed by the former ones")
    house.place.put("papers/" + papers.path_of("0" * 64), b"a copy")
    (house.config.key_ring.parent / signing.KEY).unlink()
    signing.make_key(house.config.key_ring.parent)
    finished(house, now + timedelta(days=1), {})
    gone = retention.prune(house, now=now + timedelta(days=20))
    assert (gone.segments, gone.papers, gone.touched) == (0, 0, 1)
    assert "签名不符" in str(gone)
    assert len(list(house.place.items("wal"))) == 1


@pytest.mark.parametrize(("other", "setting"), [("place", "HUZHU_BACKUP_PLACE"), ("keys_place", "HUZHU_BACKUP_KEYS")])
def test_two_houses_share_neither_place(house: Backup, server: str, tmp_path: Path, other: str, setting: str) -> None:
    """Whose keys are the newest would open nothing of the other's, and a restore takes the newest."""
    own = replace(house, server=Server(server), keys_place=place_of(Settings(), str(tmp_path / "keys-place")))
    getattr(own, other).put("house.json", b'{"format": 1, "house": "another"}')
    with pytest.raises(ConfigError, match="backup_other_house") as refused:
        base.claim(own)
    assert refused.value.field == setting
    getattr(own, other).drop(["house.json"])
    assert base.claim(own) == base.claim(own) == base.owner(own.keys_place)
