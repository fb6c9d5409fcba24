"""What stands in the menu for whom. Pages name their own entry (`services.web.door.Pages`); a long menu folds what belongs together."""

from __future__ import annotations

from dataclasses import dataclass

from services.access.actor import Actor
from services.web.language import N_

MOST = 7        # entries that stand beside each other at a desk in either language; a longer menu is folded


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

    def has(self, path: str) -> bool:
        """Whether the page is the entry's or one below it."""
        return path == self.path or path.startswith(f"{self.path}/")


@dataclass(frozen=True, slots=True)
class Fold:
    """Pages that stand under common words in a long menu, and where in the order."""

    item: Item
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """What stands at one place of a menu: an entry, or the entries of a fold under its words."""

    item: Item
    entries: tuple[Entry, ...]

    def has(self, path: str) -> bool:
        """Whether the page is one of its entries' or below one."""
        return any(entry.has(path) for entry in self.entries)


FOLDS = (
    Fold(Item(22, N_("运行情况")), ("/boards", "/map", "/stuck")),
    Fold(Item(24, N_("台账与文书")), ("/invoices", "/book", "/told", "/sheets", "/letters", "/letter-register", "/monthly", "/window",
                                 "/settlements", "/privacy")),
    Fold(Item(40, N_("保险公司")), ("/handoffs", "/disagreements", "/exchange", "/reconciliation", "/reserves")),
    Fold(Item(45, N_("资金")), ("/runs", "/receivables", "/ledger", "/proofs")),
    Fold(Item(60, N_("内部管理")), ("/team", "/samples", "/releases", "/admin", "/plans")))
_ENTRIES: list[Entry] = []


def register(item: Item, path: str, roles: frozenset[str]) -> None:
    """Add an entry once."""
    entry = Entry(item, path, roles)
    if entry not in _ENTRIES:
        _ENTRIES.append(entry)
        _ENTRIES.sort(key=lambda known: known.item.order)


def parts(actor: Actor) -> list[Part]:
    """The menu of somebody's roles, in order: each entry at its own place, or folded where they are more than `MOST`."""
    return laid_out([entry for entry in _ENTRIES if actor.has(*entry.roles)])


def laid_out(entries: list[Entry]) -> list[Part]:
    """Entries in order as a menu; a fold of which only one entry is there is that entry, at the fold's place."""
    if len(entries) <= MOST:
        return [Part(entry.item, (entry,)) for entry in entries]
    folded = [Part(fold.item, held) for fold in FOLDS if (held := tuple(one for one in entries if one.path in fold.paths))]
    inside = {entry.path for part in folded for entry in part.entries}
    single = [Part(entry.item, (entry,)) for entry in entries if entry.path not in inside]
    return sorted([*single, *folded], key=lambda part: part.item.order)
