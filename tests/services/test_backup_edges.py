"""A backup's edges: another passphrase, an instant said by halves, a release before, a store that was emptied, a full disk, a second house."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.backup import needed, sealing
from services.backup.base import Base
from services.backup.place import Place, place_of
from services.backup.recovery import spoken_since
from services.backup.restore import pick
from services.cli.restore import _instant
from services.core.clock import CHINA
from services.core.db import Database
from services.core.errors import InputError
from services.core.settings import Settings
from tests.support.databases import Superuser
from tests.support.world import build_world

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


def test_a_database_of_an_earlier_release_is_asked_for_what_it_has(db: Database, now: datetime, superuser: Superuser) -> None:
    build_world(db, now)
    whole = needed.needed(superuser)
    superuser.execute("DROP TABLE privacy_request, release CASCADE")
    superuser.execute("ALTER TABLE paper DROP COLUMN removed_at CASCADE")
    superuser.execute("ALTER TABLE notice DROP COLUMN enclosures CASCADE")
    assert needed.needed(superuser) == whole
    assert needed.in_parts(superuser) == []
