"""What a place keeps: every point in time of so many days, and nothing whose time is over."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.backup import base, needed, papers, signing, wal
from services.backup.base import Backup, Base
from services.backup.place import Place

_UNFINISHED = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Gone:
    """What was taken away: base backups, segments of the log, papers.

    `lost`: papers that stayed because rows rest on them, though no backup of all these days saw them in the store. `touched`: backups
    whose signature is not ours, for whose sake log and papers stay: with our key lost and made anew, they are our own.
    """

    bases: int
    segments: int
    papers: int
    lost: int = 0
    touched: int = 0

    @property
    def any(self) -> bool:
        """Whether there was anything."""
        return bool(self.bases or self.segments or self.papers or self.lost or self.touched)

    def __str__(self) -> str:
        lost = f"；{self.lost} 份材料仍有记录引用、文件库里没有，备份里的没有清理：运行 huzhu check 核对文件库" if self.lost else ""
        touched = f"；有 {self.touched} 份全量备份签名不符，查明以前不清理日志和材料（huzhu backup list）" if self.touched else ""
        return f"全量备份 {self.bases} 份、日志 {self.segments} 段、材料 {self.papers} 份{lost}{touched}"


def kept(found: list[Base], since: datetime) -> list[Base]:
    """Base backups that reach back to `since`: those after it and the last one before it; the newest in any case."""
    before = [one for one in found if one.ended_at <= since]
    return before[-1:] + [one for one in found if one.ended_at > since]


def prune(backup: Backup, *, now: datetime) -> Gone:
    """Take away what nobody can ask for any more. A backup's manifest goes first, so that half a backup is never offered."""
    place, since = backup.place, now - timedelta(days=backup.config.backup_keep_days)
    key = signing.load_key(backup.config.key_ring.parent).public_key()
    found = base.bases(place, key)
    stay = kept(found, since)
    old = [one for one in found if one not in stay] if stay else []
    for one in old:
        place.drop([f"{base.FOLDER}/{one.id}/{name}" for name in (base.MANIFEST, *one.files)])
    touched = base.touched(place, key)
    _unfinished(place, {*(one.id for one in found), *touched}, now)
    if not stay or touched:
        return Gone(len(old), 0, 0, touched=len(touched))
    first = wal.number(stay[0].first_segment, stay[0].segment_size)
    segments, _ = wal.listed(place)
    over = [one.path for one in segments if wal.number(one.name, stay[0].segment_size) < first]
    place.drop(over)
    with backup.copier.lock:
        unlisted = papers.forgotten(place, [base.paper_list(place, one) for one in stay], stay[0].started_at)
        # A store that was emptied is no reason to take the last copies away: rows say what is over, not what is missing.
        rests = needed.names(backup.config) if unlisted else set()
        away = [name for name in unlisted if name.removeprefix(f"{papers.FOLDER}/") not in rests]
        place.drop(away)
        for name in away:
            backup.copier.known.pop(name.removeprefix(f"{papers.FOLDER}/"), None)
    return Gone(len(old), len(over), len(away), len(unlisted) - len(away))


def _unfinished(place: Place, finished: set[str], now: datetime) -> None:
    """Files of backups that were killed on the way."""
    for stamp in place.folders(base.FOLDER):
        left = [] if stamp in finished else list(place.items(f"{base.FOLDER}/{stamp}"))
        if left and max(item.at for item in left) < now - _UNFINISHED:
            place.drop([item.name for item in left])
    making = place.folder / "making" if place.folder else None
    for room in making.iterdir() if making and making.is_dir() else ():
        if room.stat().st_mtime < (now - _UNFINISHED).timestamp():
            shutil.rmtree(room)
