"""Identifiers that follow from the seed: in the shape of UUIDv7, a district's together and in order of time.

Real rows are written in the order of their keys, so each index grows at its end. Here districts are written one after
another, each with two years: were its keys spread over those years, every district would touch every page of every index.
"""

from __future__ import annotations

import hashlib
import random
import uuid
from datetime import datetime

_CODES = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_FIRST_MS = 1_735_689_600_000           # 2025-01-01 UTC: the instants in the keys lie in the half year after it
_MINUTES_SINCE = 1_577_836_800          # 2020-01-01 UTC, seconds
_set = object.__setattr__


class Chance(random.Random):
    """A generator that knows which district it draws for."""

    place: int = 0


class Key(uuid.UUID):
    """A UUID that keeps its text: each stands in a dozen rows and records."""

    __slots__ = ("text",)
    text: str

    def __init__(self, value: int) -> None:
        digits = f"{value:032x}"        # the value is in range: what UUID itself would look at again
        _set(self, "int", value)
        _set(self, "is_safe", uuid.SafeUUID.unknown)
        _set(self, "text", f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}")

    def __str__(self) -> str:
        return self.text


def key(chance: Chance, at: datetime) -> Key:
    """RFC 9562 version 7: the district, then minutes up to `at`, in the place of milliseconds; the rest are drawn bits."""
    bits = chance.getrandbits(74)
    instant = _FIRST_MS + (chance.place << 24) + ((int(at.timestamp()) - _MINUTES_SINCE) // 60 & 0xFFFFFF)
    return Key((instant << 80) | (7 << 76) | ((bits >> 62) << 64) | (2 << 62) | (bits & ((1 << 62) - 1)))


def digest(chance: Chance, *words: object) -> str:
    """Stands for the SHA-256 of bytes that were never there: the district's number, then hex over the words."""
    return f"{chance.place:08x}" + hashlib.sha256("/".join(str(word) for word in words).encode()).hexdigest()[8:]


def unseen(chance: Chance) -> str:
    """The same for bytes of which nothing is known: drawn bits."""
    return f"{chance.place:08x}{chance.getrandbits(224):056x}"


def code(chance: random.Random) -> str:
    """Eight characters of the alphabet of public codes."""
    return "".join(chance.choices(_CODES, k=8))
