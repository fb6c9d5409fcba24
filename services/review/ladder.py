"""Where a level belongs in the tree and who may stand in for it, bottom up. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from services.rulebook.schema import Level, RuleBook

# A substitute holds the level's own role or a higher one.
ROLES = ("unit_clerk", "district_reviewer", "office_reviewer", "senior_reviewer", "head")
_BETWEEN = ("district", "industry", "city")


@dataclass(frozen=True, slots=True)
class Org:
    """One organisation on the way from a claim's unit to the root."""

    id: uuid.UUID
    key: str
    kind: str
    office: str | None


@dataclass(frozen=True, slots=True)
class Post:
    """An organisation and the role that is asked for there."""

    org: Org
    role: str


def prefixes(org_key: str) -> list[str]:
    """The keys from an organisation up to the root: `cn.nx.u1.` gives itself, `cn.nx.`, `cn.`."""
    codes = org_key.rstrip(".").split(".")
    return [".".join(codes[:length]) + "." for length in range(len(codes), 0, -1)]


def own_place(path: Sequence[Org], role: str, office: str) -> tuple[int, bool]:
    """Index in the path of the organisation a role's level belongs to, and whether it is really that level's own.

    `path` runs from the claim's organisation to the root. A tree without that level gives the next one above.
    """
    if role == "unit_clerk":
        return 0, True
    if role == "district_reviewer":
        found = next((i for i, org in enumerate(path) if i and org.kind in _BETWEEN), None)
        return (found, True) if found is not None else (min(1, len(path) - 1), False)
    found = next((i for i, org in enumerate(path) if org.office == office), None)
    if found is None:
        found = next((i for i, org in enumerate(path) if org.kind == "office"), None)
    return (found, True) if found is not None else (len(path) - 1, False)


def posts(path: Sequence[Org], start: int, role: str) -> list[Post]:
    """Who may act, in the order to ask: the level itself, then higher roles there, then each organisation above."""
    roles = ROLES[ROLES.index(role):]
    return [Post(org, name) for org in path[start:] for name in roles]


def missing_levels(book: RuleBook, amount: Decimal, present: Collection[str]) -> list[tuple[int, Level]]:
    """Levels that a claim of this amount (yuan) passes and the chain does not have yet, with their ordinals.

    The ordinal is the level's place in the rule-book, so that a chain that grows keeps its order.
    """
    places = {level.level: ordinal for ordinal, level in enumerate(book.chain, 1)}
    return [(places[level.level], level) for level in book.levels_for(amount) if level.level not in present]
