"""Papers: copied once each, because a paper's name is the hash of its bytes; parts of files that still come are copied as they are."""

from __future__ import annotations

import gzip
import hashlib
import re
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from services.backup.place import Place
from services.core.errors import InputError
from services.storage.backend import Store, answering
from services.storage.second import beside

FOLDER = "papers"
_BY_HASH = re.compile(r"^[0-9a-f]{2}/[0-9a-f]{2}/([0-9a-f]{64})$")
_PART = "parts/"
_RECORD = beside()          # sealed days, and what they name, of an office that has no place apart for them: no law ends their time
_SPAN = re.compile(rf"^{_RECORD}spans/[0-9a-f]{{2}}/([0-9a-f]{{64}})\.gz$")       # services/audit/spans.py
_EVERY = 500                # papers between two words of progress


@dataclass(slots=True)
class Copied:
    """What one pass found: papers in the store, copied ones and their bytes, names whose bytes are not what the name says."""

    names: dict[str, int] = field(default_factory=dict)
    copied: int = 0
    bytes: int = 0
    damaged: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Copier:
    """Copies a store into a place. `known`: names that are there; parts by their state, since a part may be sent again."""

    store: Store
    place: Place
    known: dict[str, str] = field(default_factory=dict)
    asked: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def copy(self, tell: Callable[[str], None] = lambda _: None) -> Copied:
        """Whatever is new. Papers that go while we look are not missed by anyone: their time was over."""
        with self.lock:
            return self._copy(tell)

    def _copy(self, tell: Callable[[str], None]) -> Copied:
        if not self.asked:
            self.known = {item.name.removeprefix(f"{FOLDER}/"): "" for item in self.place.items(FOLDER)}
            self.asked = True
        found, laid = Copied(), list[str]()
        for name, size, state in _listed(self.store):
            found.names[name] = size
            if self.known.get(name) == state:
                continue
            if self._one(name, found):
                self.known[name] = state
                laid.append(f"{FOLDER}/{name}")
                if found.copied % _EVERY == 0:
                    tell(f"复制材料：{found.copied} 份")
        self.place.settled(laid)
        return found

    def _one(self, name: str, found: Copied) -> bool:
        try:
            with answering():
                content = bytes(self.store.get(name).bytes())
        except FileNotFoundError:
            found.names.pop(name, None)
            return False
        if not sound(name, content):
            found.damaged.append(name)      # a damaged copy must not take a sound one's place
            return False
        self.place.lay(f"{FOLDER}/{name}", content)
        found.copied += 1
        found.bytes += len(content)
        return True


def _listed(store: Store) -> Iterator[tuple[str, int, str]]:
    """Name, bytes, and what tells two states of a part apart (a paper has one state)."""
    with answering():
        for batch in store.list():
            for item in batch:
                name = str(item["path"])
                changing = f"{item['size']} {item['last_modified']}" if name.startswith(_PART) else ""
                yield name, int(item["size"]), changing


def packed(names: dict[str, int]) -> bytes:
    """The list of a backup's papers: a line each, bytes and name, in order."""
    return gzip.compress("".join(f"{size} {name}\n" for name, size in sorted(names.items())).encode(), mtime=0)


def unpacked(content: bytes) -> dict[str, int]:
    """The list again. InputError when it is none."""
    try:
        lines = gzip.decompress(content).decode().splitlines()
        return {name: int(size) for size, _, name in (line.partition(" ") for line in lines)}
    except (OSError, EOFError, ValueError):
        raise InputError("papers_list", "备份里的材料清单已损坏", remedy="换用另一份备份") from None


def lasting(name: str) -> bool:
    """Whether what lies under a name in the store never changes while it is wanted: papers, and the record's days."""
    return name.startswith(_RECORD) or by_hash(name)


def sound(name: str, content: bytes) -> bool:
    """Whether bytes are what their name in the store says; a name that says nothing of them holds for any."""
    if span := _SPAN.match(name):
        try:
            return hashlib.sha256(gzip.decompress(content)).hexdigest() == span[1]
        except (OSError, EOFError, zlib.error):
            return False
    hashed = _BY_HASH.match(name)
    return hashed is None or hashlib.sha256(content).hexdigest() == hashed[1]


def by_hash(name: str) -> bool:
    """Whether a name in the store is the hash of its bytes."""
    return _BY_HASH.match(name) is not None


def path_of(sha256: str) -> str:
    """A paper's name in the store and in the place (services/storage)."""
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


def parts(place: Place) -> list[str]:
    """The parts of files, as they were last copied: one sealed anew since opens with the keys' later copy, and is the same file."""
    return [item.name.removeprefix(f"{FOLDER}/") for item in place.items(f"{FOLDER}/{_PART}")]


def owner_of(part: str) -> str:
    """The id of the row that a part belongs to."""
    return part.split("/")[1]


def bring(place: Place, store: Store, names: Iterable[str], tell: Callable[[str], None] = lambda _: None) -> list[str]:
    """Put papers back from the place into a store; names that the place has not, or not sound."""
    missing = []
    for done, name in enumerate(names, 1):
        try:
            with answering():
                content = bytes(place.store.get(f"{FOLDER}/{name}").bytes())
        except FileNotFoundError:
            missing.append(name)
            continue
        if not sound(name, content):
            missing.append(name)
            continue
        with answering(writing=True):
            store.put(name, content, mode="overwrite")
        if done % _EVERY == 0:
            tell(f"放回材料：{done} 份")
    return missing


def forgotten(place: Place, kept: Iterable[dict[str, int]], since: datetime) -> list[str]:
    """Copies that no kept backup lists and that had come before the oldest of them: their law's time is over here too.

    Never the record's days: no law ends their time, and the next day's seal reads them.
    """
    listed = set().union(*kept)
    return [item.name for item in place.items(FOLDER) if item.at < since and not item.name.startswith(f"{FOLDER}/{_RECORD}")
            and item.name.removeprefix(f"{FOLDER}/") not in listed]
