"""Every identity number, telephone and account of a database in full, and which of them an answer gives away."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sqlmodel import col, select

from services.core.crypto import key_ring
from services.core.db import Database
from services.models import BankCard, Person
from tests.support.world import ROOT

SHAPES: Mapping[str, re.Pattern[str]] = {
    "id_number": re.compile(r"(?<![0-9A-Za-z])[1-9]\d{16}[\dX](?![0-9A-Za-z])"), "phone": re.compile(r"(?<!\d)1\d{10}(?!\d)"),
    "bank_account": re.compile(r"(?<!\d)\d{15,19}(?!\d)")}


class Plain:
    """`found(text)`: the fields of which somebody's number stands there in full; `told`: (who, route, field) of all that was heard."""

    def __init__(self, db: Database) -> None:
        self.told: set[tuple[str, str, str]] = set()
        ring = key_ring()
        with db.view(ROOT.scope) as session:
            people = session.exec(select(Person.id_number_sealed, Person.phone_sealed)).all()
            cards = session.exec(select(BankCard.number_sealed).where(col(BankCard.last4) != "")).all()
        self.known: dict[str, set[str]] = {
            "id_number": {ring.open(bytes(one[0]), field="person.id_number") for one in people},
            "phone": {ring.open(bytes(one[1]), field="person.phone") for one in people if one[1]},
            "bank_account": {ring.open(bytes(one), field="bank_card.number") for one in cards}}
        assert all(self.known.values()), "a house without numbers proves nothing"

    def hear(self, who: str, route: str, text: str) -> None:
        """Look through an answer."""
        self.told |= {(who, route, field) for field in self.found(text)}

    def found(self, text: str) -> set[str]:
        """Looked for by shape, then among the known ones: what is no person's number gives nothing away."""
        return {field for field, shape in SHAPES.items() if self.known[field] & set(shape.findall(text))}
