"""The second place of the record's days (`HUZHU_AUDIT_PLACE`): a folder or a bucket apart from the papers, written once.

Without the setting the days lie beside the papers: another place than the database, but not one that others keep.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from obstore.exceptions import AlreadyExistsError

from services.core.settings import Settings, settings
from services.storage.backend import Store, answering, opened, settle, store

PAPERS = "papers"       # the label of the place beside them
_BESIDE = "audit"       # its folder; the papers' own names are hashes


@dataclass(frozen=True)
class SecondPlace:
    """A folder or bucket that this process only adds to."""

    config: Settings

    @property
    def apart(self) -> bool:
        """Whether a place was set."""
        return bool(self.config.audit_place)

    @property
    def label(self) -> str:
        """The setting's own words; a folder or bucket has no secret in its name."""
        return self.config.audit_place or PAPERS

    @cached_property
    def _store(self) -> Store:
        config = self.config
        if not self.apart:
            return store()
        return opened(config.audit_place, config.audit_place_endpoint, config.audit_place_region, config.audit_place_keys)

    def __reduce__(self) -> tuple[type[SecondPlace], tuple[Settings]]:
        return SecondPlace, (self.config,)      # another process opens the store itself

    def create(self, name: str, content: bytes) -> bool:
        """Write once; False when something is there already. StoreDown."""
        try:
            with answering(writing=True):
                self._store.put(self._at(name), content, mode="create")
        except AlreadyExistsError:
            return False
        settle(self._store, self._at(name))
        return True

    def read(self, name: str) -> bytes:
        """The bytes. FileNotFoundError; StoreDown."""
        with answering():
            return bytes(self._store.get(self._at(name)).bytes())

    def names(self, under: str) -> list[str]:
        """The last parts of the names under a folder. StoreDown."""
        with answering():
            return sorted(str(found["path"]).rpartition("/")[2] for batch in self._store.list(self._at(under)) for found in batch)

    def _at(self, name: str) -> str:
        return name if self.apart else beside(name)


def beside(name: str = "") -> str:
    """A name of the place as the store of papers has it when the days lie there."""
    return f"{_BESIDE}/{name}"


def second_place() -> SecondPlace:
    """The place of this process's settings."""
    return SecondPlace(settings())
