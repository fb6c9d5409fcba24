"""Personal numbers as people may see them; the full ones come only through the recorded unmasking."""

from __future__ import annotations

from services.enrolment import queries
from services.models import Person


def masked_phone(person: Person) -> str | None:
    """`138****5678`, or None when there is none."""
    phone = queries.phone_of(person)
    if phone is None:
        return None
    return f"{phone[:3]}{'*' * max(0, len(phone) - 7)}{phone[-4:]}"


def masked_id(person: Person) -> str:
    """First three and last four places."""
    return queries.masked_number(person)
