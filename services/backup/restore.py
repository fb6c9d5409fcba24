"""A house from its backup, at an instant, in an empty folder: database, papers and keys; and what is missing, by name."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from obstore.store import LocalStore

from services.backup import base, papers, proving, sealing, signing, status, wal
from services.backup.base import Base
from services.backup.needed import Needed, in_parts, needed, sealed
from services.backup.place import Place
from services.backup.recovery import EndedBefore, Recovery, spoken, spoken_since, tidy, too_late
from services.core import embedded
from services.core.errors import ConfigError, InputError, NotFound
from services.storage.backend import Store

DATA, PAPERS, KEYS, LOG = "postgres", "objects", "keys", "wal"
_UNFINISHED = "postgres.unfinished"     # nobody starts a house that was killed on its way to the wanted instant
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is restored from where to where; `until` None: all that there is. `store`: where papers go, else into the folder."""

    place: Place
    keys_place: Place
    passphrase: str
    into: Path
    until: datetime | None = None
    store: Store | None = None


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of it: the base backup it grew from, the last transaction's instant, papers put back, papers missing.

    `touched`: base backups that were passed over because they are not what this house signed.
    """

    base: Base
    last: datetime | None
    segments: int
    papers: int
    missing: list[Needed]
    touched: list[str]


def restore(wanted: Wanted, database: str, ask: Callable[[str], None], tell: Tell = lambda _: None) -> Restored:
    """Do it. `ask` gets the URL of the running restored database (superuser), for whoever proves more of it.

    InputError before anything is written when the folder is not empty, the instant cannot be had, or a file was touched.
    """
    into = _empty(wanted.into)
    keys = sealing.of(wanted.keys_place, wanted.passphrase, wanted.until)
    key = _signer(keys)
    touched = base.touched(wanted.place, key)
    chosen = pick(base.bases(wanted.place, key), wanted.until, touched)
    known = status.read(wanted.place, key)
    segments, missing = _segments(wanted, chosen, known.segment if known else "")
    sealing.lay_house(keys, into, KEYS)
    data = _database(wanted, chosen, into, tell)
    _log(wanted.place, segments, key, into / LOG, tell)
    until = wanted.until
    try:
        return _recovered(wanted, chosen, Recovery(data, into / LOG, until), len(segments), touched, database, ask, tell)
    except EndedBefore as ended:
        if missing and (ended.last is None or until is None or until > ended.last):
            raise _lacks(missing, ended.last) from None
        if until is None or known is None or known.rows_until < until:
            ends = [at for at in (ended.last, known.rows_until if known else None) if at is not None]
            raise too_late(until or datetime.now(UTC), max(ends, default=None)) from None
    # Nothing happened between the last transaction and the wanted instant, and all of it is here: the end is that instant.
    return _recovered(wanted, chosen, Recovery(data, into / LOG, None), len(segments), touched, database, ask, tell)


def _recovered(wanted: Wanted, chosen: Base, recovery: Recovery, segments: int, touched: list[str], database: str,
               ask: Callable[[str], None], tell: Tell) -> Restored:
    tell("重放日志")
    with recovery.running(tell) as (superuser, last):
        url = embedded.with_user(superuser, "postgres", database)
        with psycopg.connect(url, autocommit=True) as connection:
            rows, parted = [*needed(connection), *sealed(connection)], in_parts(connection)
        tell(f"放回材料（{len(rows)} 份）")
        brought, missing = _papers(wanted, rows, parted, tell)
        ask(url)
    tidy(recovery.data, recovery.segments)
    recovery.data.rename(recovery.data.with_name(DATA))
    return Restored(chosen, last, segments, brought, missing, touched)


def _empty(into: Path) -> Path:
    into = into.resolve()
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise InputError("into_not_empty", f"{into.name} 不是空文件夹，没有写入", field="--into",
                         remedy="另指一个空文件夹；恢复从不覆盖已有的数据")
    into.mkdir(parents=True, exist_ok=True, mode=0o700)
    return into


def _signer(keys: dict[str, bytes]) -> Ed25519PublicKey:
    if signing.KEY not in keys:
        raise ConfigError("backup_key", "密钥的备份里没有备份签名的密钥", remedy="换用密钥备份处较早的一份")
    return signing.signing_key(keys[signing.KEY]).public_key()


def pick(found: list[Base], until: datetime | None, touched: Sequence[str] = ()) -> Base:
    """The last base backup that had ended by then. InputError names the earliest instant that can be had."""
    if not found and touched:
        raise InputError("backup_signature", f"备份 {'、'.join(touched)} 签名不符：不是本单位所做，或已被改动", field="PLACE",
                         remedy="不要用这份备份；换用另一处的备份，并查明是谁动过备份")
    if not found:
        raise NotFound("backup_none", "这里没有完整的全量备份", remedy="核对备份的地址", field="PLACE")
    reach = [one for one in found if until is None or one.ended_at <= until]
    if not reach:
        raise InputError("until_too_early", f"最早只能恢复到 {spoken_since(found[0].ended_at)}", remedy="--until 写这一时刻或以后的时刻",
                         field="--until")
    return reach[-1]


def _segments(wanted: Wanted, chosen: Base, last: str) -> tuple[list[wal.Segment], str]:
    """The segments that the recovery reads, and the first that is missing; InputError when all was wanted and one is."""
    listed, _ = wal.listed(wanted.place)
    found, missing = wal.unbroken(listed, chosen.first_segment, chosen.segment_size, last)
    if missing and wanted.until is None:
        raise _lacks(missing, None)
    return found, missing


def _lacks(missing: str, last: datetime | None) -> InputError:
    """`last`: the last transaction before the missing segment, once that is known."""
    until = f"--until 写 {spoken(last)} 或以前" if last else "用 --until 写明恢复到缺失以前的哪一刻"
    return InputError("wal_missing", f"备份里缺少日志段 {missing}，其后的日志用不上", field="--until",
                      remedy=f"{until}，或写其后一份全量备份完成以后的时刻（huzhu backup list）；恢复文件夹先清空")


def _database(wanted: Wanted, chosen: Base, into: Path, tell: Tell) -> Path:
    """The base backup laid out and proved by PostgreSQL itself."""
    tell(f"取回全量备份 {chosen.id}")
    data = into / _UNFINISHED
    data.mkdir(mode=0o700)
    room = into / "fetched"
    room.mkdir(mode=0o700)
    if bad := base.damaged_files(wanted.place, chosen, room):
        raise InputError("backup_damaged", f"备份 {chosen.id} 的 {'、'.join(bad)} 缺失或已损坏", field="PLACE",
                         remedy="换用另一份备份：--until 写在它之前")
    for archive, where in ((proving.BASE, data), (proving.LOG, data / "pg_wal")):
        with tarfile.open(room / archive) as tar:
            tar.extractall(where, filter="data")
        (room / archive).unlink()
    (room / proving.MANIFEST).replace(data / proving.MANIFEST)
    for left in room.iterdir():
        left.unlink()
    room.rmdir()
    data.chmod(0o700)
    tell("核验取回的数据库")
    proving.prove_folder(data)
    return data


def _log(place: Place, segments: list[wal.Segment], key: Ed25519PublicKey, folder: Path, tell: Tell) -> None:
    """The log's segments, each proved, where the recovery reads them."""
    folder.mkdir(mode=0o700)
    _, histories = wal.listed(place)
    for name in histories:
        (folder / name).write_bytes(wal.unpack(name, place.read(f"{wal.FOLDER}/{name}"), key))
    for done, one in enumerate(segments, 1):
        (folder / one.name).write_bytes(wal.unpack(one.name, place.read(one.path), key))
        tell(f"取回日志：{done}/{len(segments)} 段")


def _papers(wanted: Wanted, rows: list[Needed], parted: list[Needed], tell: Tell) -> tuple[int, list[Needed]]:
    """Papers and sealed days that rows rest on, whole and in parts; the rows whose papers are nowhere."""
    store = wanted.store
    if store is None:
        folder = wanted.into.resolve() / PAPERS
        folder.mkdir(exist_ok=True, mode=0o700)
        store = LocalStore(folder)
    by_name = {row.name: row for row in rows}
    by_id = {row.row: row for row in parted}
    # Only what belongs to a row: a copy of somebody's data whose days are over must not come back.
    parts = {name: owner for name in papers.parts(wanted.place) if (owner := papers.owner_of(name)) in by_id}
    names = [*by_name, *parts]
    gone = set(papers.bring(wanted.place, store, names, tell))
    there = {owner for name, owner in parts.items() if name not in gone}
    missing = [row for name, row in by_name.items() if name in gone] + [row for row in parted if row.row not in there]
    return len(names) - len(gone), [row for row in missing if row.sure]

