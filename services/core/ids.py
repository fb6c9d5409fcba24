"""Identifiers: UUIDv7 keys (time-ordered, RFC 9562) and claim numbers people can read out."""

from __future__ import annotations

import os
import secrets
import time
import uuid

# Crockford's alphabet without look-alikes, for codes told over the phone.
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def uuidv7() -> uuid.UUID:
    """RFC 9562 version 7: 48 bits of milliseconds, then random bits."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    high = (random >> 68) & 0xFFF
    low = random & ((1 << 62) - 1)
    return uuid.UUID(int=(milliseconds << 80) | (7 << 76) | (high << 64) | (2 << 62) | low)


def uuidv7s(count: int) -> list[uuid.UUID]:
    """That many of one moment, ascending, so that an index only grows at its end; the system's randomness is asked once.

    PostgreSQL's own `uuidv7()` may open the system's source of it anew for every row.
    """
    first = (time.time_ns() // 1_000_000 << 80) | (7 << 76) | (2 << 62)
    random = os.urandom(10 * count)
    made = []
    for start in range(0, 10 * count, 10):
        bits = int.from_bytes(random[start:start + 10], "big")
        made.append(first | (bits >> 68 << 64) | (bits & 0x3FFF_FFFF_FFFF_FFFF))
    return [uuid.UUID(int=one) for one in sorted(made)]


def check_digit(digits: str) -> str:
    """ISO 7064 MOD 11-10, as in GB 32100-like codes: one decimal digit that catches slips and swaps."""
    product = 10
    for digit in digits:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return str((11 - product) % 10)


def spoken_number(office: str, year: int, serial: int) -> str:
    """A number to read out: office, year, serial in two groups, check digit, e.g. `NX2026-0004-217`."""
    body = f"{serial:06d}"
    return f"{office.upper()}{year}-{body[:4]}-{body[4:]}{check_digit(f'{year}{body}')}"


def public_code() -> str:
    """Eight characters that open the public progress page together with the claim number."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(8))
