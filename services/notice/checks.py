"""Check codes: sixteen characters printed on each letter that open its public check page, and nothing else."""

from __future__ import annotations

import secrets
import uuid

from documents.layout.context import Check
from services.core.crypto import key_ring
from services.core.ids import CODE_ALPHABET
from services.core.settings import settings

LENGTH, GROUP = 16, 4
# What hands and cameras make of signs that no code has.
_MEANT = str.maketrans({"–": "-", "—": "-", "－": "-"})


def new_code() -> str:
    """A code as it is kept: 78 bits that nobody can guess, without look-alikes."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(LENGTH))


def code_of(letter_id: uuid.UUID) -> str:
    """The code of a letter on a claim, the same however often it is asked for: so a letter can be pressed ahead of its number.

    Guessed by nobody without the key ring.
    """
    left = int.from_bytes(key_ring().index(str(letter_id), field="notice.check_code"))
    signs = []
    for _ in range(LENGTH):
        left, place = divmod(left, len(CODE_ALPHABET))
        signs.append(CODE_ALPHABET[place])
    return "".join(signs)


def spoken(code: str) -> str:
    """As it is printed: 7K4M-2QXD-9PHT-6WRC."""
    return "-".join(code[start:start + GROUP] for start in range(0, len(code), GROUP))


def normal(text: str) -> str:
    """A code as people type it, as it is kept; what cannot be a code becomes one that no letter has."""
    plain = "".join(text.upper().translate(_MEANT).replace("-", "").split())
    return plain if len(plain) == LENGTH and set(plain) <= set(CODE_ALPHABET) else "-" * LENGTH


def printed(code: str) -> Check:
    """What stands on the letter: the address that the QR holds, and the code for hands."""
    return Check(url=f"{settings().public_url.rstrip('/')}/check/{code}", code=spoken(code))
