"""Identifiers that follow from the seed: UUIDv7 with the row's own instant, so that they sort by time as real ones do."""

from __future__ import annotations

import hashlib
import random
import uuid
from datetime import datetime

_CODES = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


class Key(uuid.UUID):
    """A UUID that keeps its text: each stands in a dozen rows and records."""

    __slots__ = ("text",)
    text: str

    def __init__(self, value: int) -> None:
        super().__init__(int=value)
        digits = f"{value:032x}"
        object.__setattr__(self, "text", f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}")

    def __str__(self) -> str:
        return self.text


def key(chance: random.Random, at: datetime) -> Key:
    """RFC 9562 version 7 with the instant `at` and the generator's next bits."""
    bits = chance.getrandbits(74)
    return Key((int(at.timestamp() * 1000) << 80) | (7 << 76) | ((bits >> 62) << 64) | (2 << 62) | (bits & ((1 << 62) - 1)))


def digest(*words: object) -> str:
    """SHA-256 in hex over the words: stands for bytes that were never there."""
    return hashlib.sha256("/".join(str(word) for word in words).encode()).hexdigest()


def code(chance: random.Random) -> str:
    """Eight characters of the alphabet of public codes."""
    return "".join(chance.choices(_CODES, k=8))
