"""Where a person agreed to be told that a letter waits for her. Addresses are sealed; pages show them masked."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import Actor
from services.core.crypto import key_ring
from services.core.errors import InputError, NotPermitted
from services.models import LetterContact
from services.models.delivery import MESSAGES
from services.notice.channels import WORDS

ADDRESS = "letter_contact.address"
_SHAPES = {"sms": (re.compile(r"1\d{10}"), "11位手机号码"), "wecom": (re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}"), "企业微信账号"),
           "mail": (re.compile(r"[^@\s,;<>\"%]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"), "电子邮件地址")}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A channel and its address; empty keeps the address that is on file."""

    channel: str
    address: str


def masked(channel: str, address: str) -> str:
    """138****5678, z***@example.cn, zh***."""
    if channel == "sms":
        return f"{address[:3]}****{address[-4:]}"
    name, at, host = address.partition("@")
    return f"{name[:1]}***{at}{host}" if channel == "mail" else f"{address[:2]}***"


def contacts(session: Session, person_id: uuid.UUID) -> list[LetterContact]:
    """A person's contacts in force, the first to be tried first."""
    return list(session.exec(select(LetterContact).where(
        LetterContact.person_id == person_id, col(LetterContact.withdrawn_at).is_(None)).order_by(col(LetterContact.place))))


def address_of(contact: LetterContact) -> str:
    """The address in full, for the provider only."""
    return key_ring().open(bytes(contact.address_sealed), field=ADDRESS)


def in_force(session: Session, contact_id: uuid.UUID) -> LetterContact | None:
    """The contact, or the newer one with the same address, saved anew meanwhile; None where the consent was taken back."""
    contact = session.get(LetterContact, contact_id)
    if contact is None or contact.withdrawn_at is None:
        return contact
    return next((row for row in contacts(session, contact.person_id)
                 if row.channel == contact.channel and address_of(row) == address_of(contact)), None)


def choose(session: Session, *, wanted: Sequence[Wanted], actor: Actor, now: datetime) -> list[LetterContact]:
    """The actor's own contacts from now on, in this order; whatever is not named is withdrawn. Choosing is consenting.

    Raises InputError naming the channel whose address is missing or wrong, NotPermitted without a person behind the account.
    """
    if actor.person_id is None:
        raise NotPermitted("person_missing", "账号没有对应的人员", remedy="请由本人办理")
    session.execute(sa.text("SELECT 1 FROM person WHERE id = :id FOR UPDATE"), {"id": actor.person_id})
    held = contacts(session, actor.person_id)           # two of one channel where two records of her were merged
    present = {row.channel: row for row in held}
    asked = [(one.channel, _address(one, present.get(one.channel))) for one in wanted]
    if len({channel for channel, _ in asked}) != len(asked):
        raise InputError("channel_twice", "同一方式写了两次", remedy="每种方式只写一次", field="channel")
    for row in held:
        row.withdrawn_at = now
    made = [LetterContact(person_id=actor.person_id, channel=channel, place=place, shown=masked(channel, address),
                          address_sealed=key_ring().seal(address, field=ADDRESS), account_id=actor.account_id, consented_at=now)
            for place, (channel, address) in enumerate(asked, start=1)]
    session.add_all(made)
    session.flush()
    return made


def _address(wanted: Wanted, present: LetterContact | None) -> str:
    if wanted.channel not in MESSAGES:
        raise InputError("channel_unknown", f"不认识的方式“{wanted.channel}”", remedy=f"可用：{'、'.join(MESSAGES)}", field="channel")
    address = wanted.address.strip()
    if not address and present:
        return address_of(present)
    shape, words = _SHAPES[wanted.channel]
    if not shape.fullmatch(address):
        raise InputError("address_wrong", f"{WORDS[wanted.channel]}：不是{words}", remedy="核对后改正", field=wanted.channel)
    return address
