"""What stands in the menu for whom. Pages name their own entry (`services.web.door.Pages`)."""

from __future__ import annotations

from dataclasses import dataclass

from services.access.actor import Actor


@dataclass(frozen=True, slots=True)
class Item:
    """An entry: its place in the order and its Chinese words."""

    order: int
    words: str


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry with the page behind it and who sees it."""

    item: Item
    path: str
    roles: frozenset[str]


_ENTRIES: list[Entry] = []


def register(item: Item, path: str, roles: frozenset[str]) -> None:
    """Add an entry once."""
    entry = Entry(item, path, roles)
    if entry not in _ENTRIES:
        _ENTRIES.append(entry)
        _ENTRIES.sort(key=lambda known: known.item.order)


def entries(actor: Actor) -> list[Entry]:
    """The entries of somebody's roles, in order."""
    return [entry for entry in _ENTRIES if actor.has(*entry.roles)]
