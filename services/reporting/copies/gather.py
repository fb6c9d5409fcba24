"""Everything the house, or one of its offices, holds about one person, as one document and the files that belong to it.

Her own numbers stand in full: it is her copy. Others in her claims stand as she sees them elsewhere, masked. What is not about her
stays out: how colleagues reviewed, machine findings, computations before a decision.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.core.crypto import key_ring
from services.enrolment import person_history, queries
from services.evidence.conversation import WORDS
from services.models import BankCard, ClaimMessage, LetterContact, Organisation, Person
from services.notice.contacts import address_of
from services.reporting import claims, own_data, seen_by
from services.reporting.copies.lists import LISTS, OWN

Row = dict[str, Any]        # as JSON has it: of every kind
_CLAIMS = sa.text(f"SELECT c.id FROM claim c WHERE c.person_id IN ({OWN}) ORDER BY c.created_at, c.claim_no")
_PAPERS = sa.text(f"""
    SELECT c.claim_no, p.kind, p.file_name, p.sha256 FROM paper p JOIN claim c ON c.id = p.claim_id
    WHERE c.person_id IN ({OWN}) AND p.removed_at IS NULL ORDER BY c.claim_no, p.uploaded_at, p.id""")
_LETTERS = sa.text(f"""
    SELECT c.claim_no, coalesce(n.number, n.code) AS name, n.sha256 FROM notice n JOIN claim c ON c.id = n.claim_id
    WHERE n.person_id IN ({OWN}) AND n.sha256 IS NOT NULL AND n.state IN ('dispatched', 'delivered', 'replaced')
    ORDER BY c.claim_no, n.drafted_at, n.id""")
_OF_CLAIM = {"claim", "plan_name", "plan_version", "case", "event", "papers", "supplements", "decisions", "handoffs", "payees", "payments",
             "clocks", "letters"}
_SENT = ("dispatched", "delivered", "replaced")


@dataclass(frozen=True, slots=True)
class File:
    """A stored file and where it lies in the copy."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Gathered:
    """The document (as JSON has it), the looks at it, and the files. `held_by`: the organisation whose part it is; "": the whole."""

    name: str
    data: Row
    seen: Sequence[seen_by.Seen]
    given: Sequence[seen_by.Given]
    files: tuple[File, ...]
    held_by: str = ""


def gather(session: Session, person_id: uuid.UUID, *, at: datetime, office: str | None = None) -> Gathered:
    """All of it, read in the house's scope, or in the one of the `office` whose part it is; the person is in every condition."""
    person = session.get_one(Person, person_id)
    held_by = session.exec(select(Organisation.name).where(Organisation.org_key == office)).one() if office else ""
    found: Row = {"made_at": at, "held_by": held_by, "person": _person(person), "bank_cards": _cards(session, person_id),
                  "contacts": _contacts(session, person_id)}
    found |= {name: [dict(row._mapping) for row in session.execute(sa.text(query), {"person": person_id})]
              for name, query in LISTS.items()}
    found["changes"] = [{"field": one.field, "old": one.old, "new": one.new, "why": one.why, "at": one.at}
                        for one in person_history.changes_of(session, person_id)]
    ids = list(session.execute(_CLAIMS, {"person": person_id}).scalars())
    found["claims"] = [_claim(session, claim_id) for claim_id in ids]
    found["messages"] = _messages(session, ids)
    found["consents"] = _consents(session, person_id)
    plain: Row = json.loads(json.dumps(found, default=_plain, ensure_ascii=False))
    return Gathered(person.name, plain, seen_by.seen_by(session, person_id, limit=seen_by.MOST), seen_by.given(session, person_id),
                    tuple(_files(session, person_id)), held_by)


def _plain(value: object) -> str:
    """Days, instants, ids as text."""
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _person(person: Person) -> Row:
    return {"name": person.name, "id_number": queries.number_of(person), "phone": queries.phone_of(person), "born": person.born,
            "sex": person.sex, "category": person.category, "died_on": person.died_on}


def _cards(session: Session, person_id: uuid.UUID) -> list[Row]:
    rows = session.exec(select(BankCard).where(BankCard.person_id == person_id).order_by(col(BankCard.added_at), col(BankCard.id)))
    return [{"bank": row.bank, "number": queries.card_number(row), "holder": row.holder, "added_at": row.added_at,
             "replaced_at": row.replaced_at} for row in rows]


def _contacts(session: Session, person_id: uuid.UUID) -> list[Row]:
    rows = session.exec(select(LetterContact).where(LetterContact.person_id == person_id)
                        .order_by(col(LetterContact.consented_at), col(LetterContact.id)))
    return [{"channel": row.channel, "address": address_of(row), "consented_at": row.consented_at, "withdrawn_at": row.withdrawn_at}
            for row in rows]


def _claim(session: Session, claim_id: uuid.UUID) -> Row:
    view = claims.whole(session, claim_id).model_dump(mode="json", include=_OF_CLAIM)
    view["letters"] = [one for one in view["letters"] if one["state"] in _SENT]
    view["supplements"] = [one for one in view["supplements"] if one["state"] != "drafted"]
    return view


def _messages(session: Session, claim_ids: Sequence[uuid.UUID]) -> list[Row]:
    rows = session.exec(select(ClaimMessage).where(col(ClaimMessage.claim_id).in_(list(claim_ids)), col(ClaimMessage.internal).is_(False))
                        .order_by(col(ClaimMessage.at), col(ClaimMessage.id)))
    ring = key_ring()
    return [{"claim_id": row.claim_id, "side": row.side, "author": row.author_name, "at": row.at,
             "words": ring.open(bytes(row.words_sealed), field=WORDS)} for row in rows]


def _consents(session: Session, person_id: uuid.UUID) -> list[Row]:
    found = own_data.consents_of(session, person_id)
    return [{"case_no": case.case_no, **_given(one)} for case in found.cases for one in case.history] + [
        {"case_no": None, **_given(one)} for one in found.messages]


def _given(one: own_data.Given) -> Row:
    return {"purpose": one.purpose, "what": one.what, "words": one.words, "version": one.version, "given_at": one.given_at,
            "withdrawn_at": one.withdrawn_at, "why": one.withdrawn_why}


def _files(session: Session, person_id: uuid.UUID) -> list[File]:
    papers = session.execute(_PAPERS, {"person": person_id}).all()
    letters = session.execute(_LETTERS, {"person": person_id}).all()
    return [*(File(f"材料/{row.claim_no}/{place:03d}_{row.kind}_{row.file_name}", row.sha256) for place, row in enumerate(papers, start=1)),
            *(File(f"文书/{row.claim_no}/{place:03d}_{row.name}.pdf", row.sha256) for place, row in enumerate(letters, start=1))]
