"""The blind index by which a feed's rows meet members: computed exactly as when a member is enrolled."""

from __future__ import annotations

from services.core.crypto import key_ring
from services.enrolment.people import ID_NUMBER


def index(numbers: list[str]) -> list[bytes]:
    """Of clean numbers (identities.clean); a function of its own so that other processes can be told of it by name."""
    return key_ring().indices(numbers, field=ID_NUMBER)
