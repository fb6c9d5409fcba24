"""One person's record: made, corrected, given an account."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from services.access.actor import OFFICE, REVIEWERS, Actor, Role
from services.audit import service as audit
from services.audit.chain import Entry
from services.core.clock import business_day
from services.core.crypto import key_ring
from services.core.errors import Conflict, InputError, NotFound, NotPermitted
from services.core.identity import (
    BANKS,
    NAME_REASONS,
    NAME_WARNINGS,
    REASONS,
    WARNINGS,
    Identity,
    bank_of,
    check_identity,
    check_name,
    eighteen,
    luhn,
)
from services.enrolment import people, person_history, rules
from services.enrolment.people import NewPerson
from services.models import BankCard, Person
from services.rulebook.facts import CATEGORIES

MAY_RECORD = (Role.UNIT_CLERK, Role.ADMINISTRATOR, Role.SYSTEM, *sorted(REVIEWERS), Role.FINANCE_MAKER, Role.FINANCE_CHECKER)
_MAY_CORRECT = (Role.ADMINISTRATOR, Role.SYSTEM, *sorted(OFFICE))
_CORRECTED = ("name", "id_number", "phone", "died_on")


def add_person(session: Session, *, name: str, id_number: str, phone: str | None = None, category: str = "normal",
               actor: Actor, now: datetime) -> Person:
    """Find or make a person by identity number. InputError: bad name or number, or the number stands under another name."""
    actor.require(*MAY_RECORD, what="登记人员")
    identity = checked_number(id_number)
    if category not in CATEGORIES:
        raise InputError("category", f"不认识的会员类别“{category}”", remedy=f"可用：{'、'.join(CATEGORIES)}", field="category")
    assert identity.born and identity.sex
    new = NewPerson(checked_name(name), identity.number, identity.born, identity.sex, checked_phone(phone), category)
    person = people.find_or_make(session, [new], now=now)[identity.number]
    if person.name != new.name:
        raise InputError("name_differs", "该身份证号已登记在另一姓名下", remedy="核对姓名；确有更名的由办事处更正", field="name")
    return person


def checked_number(id_number: str) -> Identity:
    """An identity number that can be right; one of 15 places in its 18-place form. InputError otherwise."""
    identity = check_identity(eighteen(id_number) or id_number)
    if not identity.valid:
        raise InputError("identity_number", "；".join(REASONS[reason] for reason in identity.reasons),
                         remedy="按身份证核对", field="id_number")
    return identity


def checked_name(name: str) -> str:
    """A name as it is written down. InputError when it can be no name."""
    found = check_name(name)
    if found.reasons:
        raise InputError("name", "；".join(NAME_REASONS[reason] for reason in found.reasons), remedy="按身份证填写姓名", field="name")
    return found.text


def checked_phone(phone: str | None) -> str | None:
    """A mobile number, or None for an empty one. InputError when it can be none."""
    clean = "".join((phone or "").split())
    if clean and not rules.PHONE.fullmatch(clean):
        raise InputError("phone", "手机号应为 11 位", remedy="改正手机号，或留空", field="phone")
    return clean or None


def warnings(name: str, id_number: str) -> list[str]:
    """What is odd about a name and a number that may still be right."""
    number = check_identity(eighteen(id_number) or id_number)
    return [NAME_WARNINGS[code] for code in check_name(name).warnings] + [WARNINGS[code] for code in number.warnings]


def correct_person(session: Session, *, person_id: uuid.UUID, words: Mapping[str, str | None], why: str,
                   version: int | None = None, actor: Actor, now: datetime) -> Person:
    """New words for name, id_number, phone or died_on (ISO day); birth date and sex follow the number.

    Old and new are kept sealed, open claims say so in their records. NotPermitted: the actor's own name or number.
    Conflict: the number is another record's (then the two are merged).
    """
    actor.require(*_MAY_CORRECT, what="更正人员信息")
    person = person_history.locked(session, person_id, version=version)
    unknown = sorted(set(words) - set(_CORRECTED))
    if unknown:
        raise InputError("person_field", f"不能这样更正：{'、'.join(unknown)}", remedy=f"可更正：{'、'.join(_CORRECTED)}", field=unknown[0])
    if person_id in actor.persons:
        raise NotPermitted("own_record", "不能更正本人的登记信息", remedy="由其他人员办理")
    new = _new_words(words)
    old = _present(person)
    if new.get("died_on") or (new.get("born") and person.died_on and "died_on" not in new):
        _require_lived(new.get("born") or old["born"], new.get("died_on") or old["died_on"], now)
    changes = {name: (old[name], value) for name, value in new.items() if old[name] != value}
    if not changes:
        return person
    _require_unused(session, person, changes)
    _write(person, changes)
    person.version += 1
    session.add(person)
    person_history.record(session, person.id, changes, why=why, actor=actor, now=now)
    tell_open_claims(session, [person.id], "person_corrected", {"fields": sorted(changes)}, why, actor, now)
    return person


def note_died(session: Session, *, person_id: uuid.UUID, died_on: date, actor: Actor, now: datetime) -> None:
    """The day somebody died, proved on a claim: the caller has asked who may; the history keeps it. Once is enough."""
    person = session.get_one(Person, person_id, populate_existing=True)
    if person.died_on == died_on:
        return
    _require_lived(str(person.born), died_on.isoformat(), now)
    old = str(person.died_on) if person.died_on else None
    person.died_on, person.version = died_on, person.version + 1
    session.add(person)
    person_history.record(session, person_id, {"died_on": (old, died_on.isoformat())}, why="案件中登记身故（死亡证明）", actor=actor,
                          now=now)


def _new_words(words: Mapping[str, str | None]) -> dict[str, str | None]:
    new = dict(words)
    if "name" in new:
        new["name"] = checked_name(new["name"] or "")
    if "id_number" in new:
        identity = checked_number(new["id_number"] or "")
        new |= {"id_number": identity.number, "born": str(identity.born), "sex": identity.sex}
    if "phone" in new:
        new["phone"] = checked_phone(new["phone"])
    if new.get("died_on"):
        try:
            new["died_on"] = date.fromisoformat(str(new["died_on"])).isoformat()
        except ValueError:
            raise InputError("died_on", "死亡日期写法不对", remedy="写成 2026-02-13 这样的日期", field="died_on") from None
    return new


def _require_lived(born: str | None, died_on: str | None, now: datetime) -> None:
    """ISO days, which compare as days do."""
    if not str(born) <= str(died_on) <= business_day(now).isoformat():
        raise InputError("died_on", "死亡日期须在出生日期与今天之间", remedy="按死亡证明改正日期", field="died_on")


def _present(person: Person) -> dict[str, str | None]:
    ring = key_ring()
    return {"name": person.name, "id_number": ring.open(bytes(person.id_number_sealed), field=people.ID_NUMBER),
            "phone": ring.open(bytes(person.phone_sealed), field=people.PHONE) if person.phone_sealed else None,
            "born": str(person.born), "sex": person.sex, "died_on": str(person.died_on) if person.died_on else None}


def _require_unused(session: Session, person: Person, changes: Mapping[str, tuple[str | None, str | None]]) -> None:
    number = changes.get("id_number", (None, None))[1]
    if number:
        holder = session.execute(sa.select(col(Person.id)).where(
            col(Person.id_number_index) == people.index_of(number), col(Person.id) != person.id)).scalar_one_or_none()
        if holder:
            raise Conflict("number_taken", "该身份证号已是另一记录的号码", remedy=f"核对后合并两条记录（{holder}）", field="id_number")


def _write(person: Person, changes: Mapping[str, tuple[str | None, str | None]]) -> None:
    ring = key_ring()
    for name, (_, value) in changes.items():
        if name == "id_number" and value:
            person.id_number_sealed, person.id_number_index = ring.seal(value, field=people.ID_NUMBER), people.index_of(value)
        elif name == "phone":
            person.phone_sealed = ring.seal(value, field=people.PHONE) if value else None
        elif name in ("born", "died_on"):
            setattr(person, name, date.fromisoformat(value) if value else None)
        else:
            setattr(person, name, value)


_OPEN_CLAIMS = sa.text("""
    SELECT c.id, c.org_key FROM claim c WHERE c.state NOT IN ('closed', 'cancelled') AND (c.person_id = ANY(CAST(:ids AS uuid[]))
        OR EXISTS (SELECT FROM payee y WHERE y.claim_id = c.id AND y.active AND y.person_id = ANY(CAST(:ids AS uuid[]))))
    ORDER BY c.id""")


def tell_open_claims(session: Session, person_ids: list[uuid.UUID], event: str, details: dict[str, object], why: str | None,
                     actor: Actor, now: datetime) -> None:
    """Write what happened to people into the records of their open claims."""
    session.flush()
    claims = session.execute(_OPEN_CLAIMS, {"ids": person_ids}).all()
    audit.append(session, [Entry(claim.id, claim.org_key, "claim", claim.id, event, reason=why, details=details)
                           for claim in claims], account=actor.account_id, person=actor.person_id, at=now)


def add_bank_card(session: Session, *, person_id: uuid.UUID, bank: str, number: str, holder: str, actor: Actor,
                  now: datetime) -> BankCard:
    """A person's own account; another one replaces the current one, the same changes nothing. It serves the claims to
    come, and those open ones that have no account yet or one that their plan does not pay to.

    InputError: unknown bank, check digit, a card of another bank, a holder who is not the person.
    """
    actor.require(*MAY_RECORD, Role.MEMBER, what="登记银行卡")
    if actor.has(Role.MEMBER) and not actor.has(*MAY_RECORD) and actor.person_id != person_id:
        raise NotPermitted("not_own", "会员只能登记本人的银行卡", remedy="由单位经办代为登记")
    person = person_history.resolved(session, person_id)
    if person is None:
        raise NotFound("person_missing", "没有此人", remedy="核对人员", field="person_id")
    card = people.card_row(person.id, *checked_card(bank, number), holder, now)
    if holder != person.name:
        raise InputError("card_holder", "银行卡须为本人名下", remedy="核对户名", field="holder")
    kept = people.add_cards(session, {person.id: card}, now=now)[person.id]
    changed = people.give_to_payees(session, kept)
    audit.append(session, [Entry(claim, org, "payee", payee, "card", details={"bank": kept.bank, "last4": kept.last4})
                           for payee, claim, org in changed],
                 account=actor.account_id, person=actor.person_id, at=now)
    return kept


def checked_card(bank: str, number: str) -> tuple[str, str]:
    """The bank's code and the number without blanks. InputError when they cannot be right."""
    code = rules.bank_code(bank)
    clean = "".join(number.split())
    if code is None:
        raise InputError("bank_unknown", f"不认识的开户行“{bank}”", remedy=f"可填：{'、'.join(BANKS.values())}", field="bank")
    if not luhn(clean):
        raise InputError("card_number", "银行账号校验不通过", remedy="按银行卡核对", field="number")
    if bank_of(clean) not in (None, code):
        raise InputError("card_bank", "银行账号与开户行不符", remedy="核对开户行", field="bank")
    return code, clean
