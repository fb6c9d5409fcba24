"""A base backup: the whole database as it was, proved by its own manifest, with the papers of that hour; signed last."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.backup import papers, proving, sealing, server, signing, status, wal
from services.backup.papers import Copier
from services.backup.place import Place
from services.backup.server import Log, Server
from services.core.errors import ConfigError, Conflict, HuzhuError, InputError, NotFound
from services.core.settings import Settings

FOLDER, MANIFEST, HOUSE, PAPERS = "base", "manifest.json", "house.json", "papers.gz"
_TIMELINE = 8                       # digits of a segment's name
_SILENT = timedelta(minutes=2)      # a stream that said nothing so long has ended
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Base:
    """What is written down of a base backup. `ended_at` (the database's clock): the first instant that can be restored from it."""

    id: str
    house: str                  # the database's system identifier
    started_at: datetime
    ended_at: datetime
    timeline: int
    first_segment: str          # of the log that the recovery needs
    segment_size: int
    files: dict[str, tuple[int, str]]       # bytes and SHA-256
    papers: int
    paper_bytes: int
    keys: str                   # the keys' copy of that hour
    damaged: list[str]          # papers whose bytes were not what their name says

    @property
    def size(self) -> int:
        """Bytes of the database's part."""
        return sum(size for size, _ in self.files.values())

    def written(self) -> dict[str, object]:
        """As it is signed."""
        return {**asdict(self), "format": 1, "started_at": self.started_at.isoformat(), "ended_at": self.ended_at.isoformat()}


@dataclass(frozen=True, slots=True)
class Backup:
    """All that taking one needs."""

    config: Settings
    server: Server
    place: Place
    keys_place: Place
    passphrase: str
    copier: Copier


def claim(backup: Backup) -> str:
    """Both places are this database's own from now on; its identity. ConfigError when another database's backups or keys lie there."""
    house = backup.server.identity()
    for place, setting in ((backup.place, "HUZHU_BACKUP_PLACE"), (backup.keys_place, "HUZHU_BACKUP_KEYS")):
        place.create(HOUSE, json.dumps({"format": 1, "house": house}).encode())
        if owner(place) != house:       # of two houses' keys a restore would take the newest
            raise ConfigError("backup_other_house", f"{place.address} 里是另一套系统的备份，没有写入",
                              remedy=f"给这套系统另指一个 {setting}", field=setting)
    return house


def refuse_fork(place: Place, key: Ed25519PublicKey, log: Log) -> None:
    """Conflict while another server writes here whose log went on as another timeline: one of the two was restored, say for a drill.

    A restore takes the newest of what lies here: with both in one place it would be the drill's.
    """
    known = status.read(place, key)
    if known and known.segment[:_TIMELINE] != log.segment[:_TIMELINE] and log.at - known.rows_until < _SILENT:
        raise Conflict("backup_place_taken", f"{place.address} 正由另一台数据库的持续备份写入，没有写入", field="HUZHU_BACKUP_PLACE",
                       remedy="演练恢复出来的系统须另指备份处；确是接替原来那台的，先停掉原来那台的持续备份，两分钟后再来")


def owner(place: Place) -> str:
    """Whose backups lie here. NotFound when none do."""
    try:
        return str(json.loads(place.read(HOUSE))["house"])
    except NotFound:
        raise NotFound("backup_none", f"{place.address} 里没有备份", remedy="核对地址，或先做一次 huzhu backup", field="PLACE") from None


def take(backup: Backup, tell: Tell = lambda _: None) -> Base:
    """Take one. Killed on the way it leaves files without a manifest, which nobody takes for a backup (`prune` removes them)."""
    config, place = backup.config, backup.place
    signing.make_key(config.key_ring.parent)
    key = signing.load_key(config.key_ring.parent)
    house = claim(backup)
    log = backup.server.log()
    refuse_fork(place, key.public_key(), log)
    started = log.at
    stamp = f"{started.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    sealing.keep(backup.keys_place, sealing.gathered(config), backup.passphrase, started)      # whether it can be, before hours of work
    before = backup.copier.copy(tell)
    with _room(config, place) as room:
        tell("复制数据库")
        server.run("pg_basebackup", "-D", room, "--format=tar", "--compress=client-gzip:2", "--wal-method=stream", "--checkpoint=fast",
                   "--manifest-checksums=SHA256", "--no-password", server=backup.server)
        tell("核验数据库的副本")
        with tempfile.TemporaryDirectory(prefix="log-", dir=room.parent) as scratch:
            begins = proving.prove_archives(room, Path(scratch)).ranges[0]
        ended, size = backup.server.log().at, backup.server.segment_size()
        # Again: a key that came meanwhile opens values that this copy of the database has.
        keys = sealing.keep(backup.keys_place, sealing.gathered(config), backup.passphrase, ended)
        after = backup.copier.copy(tell)
        listed = before.names | after.names
        (room / PAPERS).write_bytes(papers.packed(listed))
        tell("存入备份处")
        files = stored(place, stamp, room)
    found = Base(id=stamp, house=house, started_at=started, ended_at=ended, timeline=begins.timeline,
                 first_segment=wal.segment_at(begins.start, begins.timeline, size), segment_size=size, files=files,
                 papers=len(listed), paper_bytes=sum(listed.values()), keys=keys, damaged=sorted({*before.damaged, *after.damaged}))
    place.put(f"{FOLDER}/{stamp}/{MANIFEST}", signing.signed(found.written(), key))
    return found


def stored(place: Place, stamp: str, room: Path) -> dict[str, tuple[int, str]]:
    """Put the files; when one cannot be put, none stays: a full disk is not made fuller by each night's attempt."""
    try:
        return {file.name: place.put_file(f"{FOLDER}/{stamp}/{file.name}", file) for file in sorted(room.iterdir())}
    except HuzhuError:
        with suppress(HuzhuError):          # what it says of the place is said already
            place.drop([item.name for item in place.items(f"{FOLDER}/{stamp}")])
        raise


class _room(tempfile.TemporaryDirectory[str]):      # noqa: N801 - used as a word of `with`
    """Where a base backup lies until it is put: on the disk it goes to when that is ours, else under the data."""

    def __init__(self, config: Settings, place: Place) -> None:
        beside = (place.folder / "making") if place.folder else (config.data_dir / "backup")
        beside.mkdir(parents=True, exist_ok=True, mode=0o700)
        super().__init__(prefix="base-", dir=beside)

    def __enter__(self) -> Path:        # type: ignore[override]
        return Path(super().__enter__())


def bases(place: Place, key: Ed25519PublicKey) -> list[Base]:
    """Finished base backups, oldest first, each proved by its signature; touched ones are passed over (`touched` names them)."""
    return _found(place, key)[0]


def touched(place: Place, key: Ed25519PublicKey) -> list[str]:
    """Base backups whose manifest is not what this house signed: one spoilt file must not take the others away."""
    return _found(place, key)[1]


def _found(place: Place, key: Ed25519PublicKey) -> tuple[list[Base], list[str]]:
    found, spoilt = list[Base](), list[str]()
    for stamp in place.folders(FOLDER):
        name = f"{FOLDER}/{stamp}/{MANIFEST}"
        try:
            content = place.read(name)
        except NotFound:
            continue            # was never finished
        try:
            one = _read(signing.proved(content, key, name=name), name)
        except InputError:
            spoilt.append(stamp)
            continue
        found.append(one) if one.id == stamp else spoilt.append(stamp)
    return found, spoilt


def _read(value: dict[str, object], name: str) -> Base:
    try:
        fields: dict[str, object] = {field: value[field] for field in Base.__dataclass_fields__}
        fields["started_at"], fields["ended_at"] = (datetime.fromisoformat(str(value[field])) for field in ("started_at", "ended_at"))
        fields["files"] = {one: (int(pair[0]), str(pair[1])) for one, pair in dict(value["files"]).items()}     # type: ignore[call-overload]
    except (KeyError, ValueError, TypeError):
        raise InputError("backup_manifest", f"备份里的 {name} 不成样子", remedy="换用另一份备份，或用写它的那个版本") from None
    return Base(**fields)       # type: ignore[arg-type]


def damaged_files(place: Place, base: Base, folder: Path | None = None) -> list[str]:
    """Files of a base backup that are missing or are not what was put there; fetched into `folder` unless only proved."""
    found = []
    for name, (size, digest) in base.files.items():
        try:
            if place.fetch(f"{FOLDER}/{base.id}/{name}", folder / name if folder else None) != (size, digest):
                found.append(name)
        except NotFound:
            found.append(name)
    return found


def paper_list(place: Place, base: Base) -> dict[str, int]:
    """The papers of a base backup, proved by its digest."""
    content = place.read(f"{FOLDER}/{base.id}/{PAPERS}")
    if hashlib.sha256(content).hexdigest() != base.files[PAPERS][1]:
        raise InputError("papers_list", f"备份 {base.id} 的材料清单已损坏", remedy="换用另一份备份")
    return papers.unpacked(content)

