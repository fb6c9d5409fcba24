"""People, kin and bank cards, found or made set-based: numbers sealed, blind indexes to find them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlmodel import Session, col, select

from services.core.crypto import key_ring
from services.core.ids import uuidv7
from services.models import BankCard, Person

ID_NUMBER, PHONE, CARD = "person.id_number", "person.phone", "bank_card.number"


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Somebody by number; born and sex are read from it."""

    name: str
    id_number: str
    born: date
    sex: str
    phone: str | None = None
    category: str = "normal"


def index_of(id_number: str) -> bytes:
    """The blind index of an identity number."""
    return key_ring().index(id_number, field=ID_NUMBER)


def known(session: Session, id_numbers: Sequence[str]) -> dict[str, Person]:
    """The people already on record, by number; a number of a record that was merged away gives the kept one."""
    numbers = {index_of(number): number for number in id_numbers}
    if not numbers:
        return {}
    rows = session.exec(select(Person).where(col(Person.id_number_index).in_(list(numbers)))).all()
    merged = [person.merged_into for person in rows if person.merged_into]
    kept = {person.id: person for person in session.exec(select(Person).where(col(Person.id).in_(merged))).all()} if merged else {}
    return {numbers[bytes(person.id_number_index)]: kept[person.merged_into] if person.merged_into else person for person in rows}


def find_or_make(session: Session, people: Sequence[NewPerson], *, now: datetime) -> dict[str, Person]:
    """Each person by number, made when new. Two callers making the same person end with one row."""
    found = known(session, [person.id_number for person in people])
    ring = key_ring()
    new = [{"id": uuidv7(), "name": person.name, "id_number_sealed": ring.seal(person.id_number, field=ID_NUMBER),
            "id_number_index": index_of(person.id_number), "born": person.born, "sex": person.sex,
            "category": person.category, "phone_sealed": ring.seal(person.phone, field=PHONE) if person.phone else None,
            "created_at": now} for person in people if person.id_number not in found]
    if new:
        session.execute(pg_insert(Person).on_conflict_do_nothing(index_elements=["id_number_index"]), new)
        found = known(session, [person.id_number for person in people])
    return found


def current_cards(session: Session, person_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, BankCard]:
    """Each person's newest card that was not replaced."""
    rows = session.exec(select(BankCard).where(col(BankCard.person_id).in_(list(person_ids)), col(BankCard.replaced_at).is_(None))
                        .order_by(col(BankCard.added_at), col(BankCard.id))).all()
    return {card.person_id: card for card in rows}


def card_row(person_id: uuid.UUID, bank: str, number: str, holder: str, now: datetime) -> BankCard:
    """A card, sealed, not yet written."""
    ring = key_ring()
    return BankCard(person_id=person_id, number_sealed=ring.seal(number, field=CARD),
                    number_index=ring.index(number, field=CARD), last4=number[-4:], bank=bank, holder=holder, added_at=now)


def add_cards(session: Session, cards: Mapping[uuid.UUID, BankCard], *, now: datetime) -> dict[uuid.UUID, BankCard]:
    """Write cards by person; the same card again changes nothing, another one replaces the person's current one."""
    current = current_cards(session, list(cards))
    new = {person: card for person, card in cards.items()
           if person not in current or bytes(current[person].number_index) != card.number_index}
    replaced = [current[person].id for person in new if person in current]
    if replaced:
        session.execute(sa.update(BankCard).where(col(BankCard.id).in_(replaced)).values(replaced_at=now))
    session.add_all(new.values())
    session.flush()
    return {**current, **new}


_WANTING = """
    SELECT y.id, c.id AS claim_id, c.org_key FROM claim c JOIN payee y ON y.claim_id = c.id AND y.person_id = c.person_id
    LEFT JOIN bank_card b ON b.id = y.bank_card_id
    WHERE c.person_id = :person AND y.active AND c.state <> 'cancelled' AND y.bank_card_id IS DISTINCT FROM :card
    AND (b.id IS NULL OR NOT (c.banks = '[]'::jsonb OR c.banks ? b.bank)) ORDER BY c.id FOR UPDATE OF c, y"""


def give_to_payees(session: Session, card: BankCard) -> list[tuple[uuid.UUID, uuid.UUID, str]]:
    """Claims of the card's owner that have no account, or one that their plan does not pay to, are paid to this one.

    Gives payee, claim and its organisation key.
    """
    rows = session.execute(sa.text(_WANTING), {"person": card.person_id, "card": card.id}).all()
    session.execute(sa.text("UPDATE payee SET bank_card_id = :card WHERE id = ANY(CAST(:ids AS uuid[]))"),
                    {"card": card.id, "ids": [row.id for row in rows]})
    return [(row.id, row.claim_id, row.org_key) for row in rows]
