"""Organisations, people, bank cards and funds; `enrol` makes covers from a roster."""

from __future__ import annotations

import re
import uuid
from datetime import datetime
from decimal import Decimal

from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlmodel import Session, select

from services.access.actor import OFFICE, Actor, Role
from services.audit import service as audit
from services.audit.chain import Entry
from services.core.errors import Conflict, InputError, NotFound, NotPermitted
from services.core.identity import BANKS, REASONS, bank_of, check_identity, luhn
from services.core.money import to_fen
from services.enrolment import numbers, people, rules
from services.enrolment.enrolling import MAY_ENROL, enrol
from services.enrolment.people import NewPerson
from services.models import BankCard, FamilyTie, Fund, Organisation, Person
from services.models.organisation import KINDS
from services.rulebook import registry
from services.rulebook.facts import CATEGORIES

__all__ = ["add_bank_card", "add_kin", "add_organisation", "add_person", "enrol", "open_fund"]
_CODE = re.compile(r"[a-z0-9]{1,16}")
_MAY_RECORD = (*MAY_ENROL, Role.FINANCE_MAKER, Role.FINANCE_CHECKER)
_MIRROR = {"husband": "wife", "wife": "husband", "parent": "child", "child": "parent", "sibling": "sibling",
           "spouse": "spouse", "other": "other"}


def add_organisation(session: Session, *, parent_id: uuid.UUID | None, code: str, name: str, kind: str,
                     office: str | None = None, letter_organ: str | None = None, letter_series: str | None = None,
                     contact: str | None = None, actor: Actor, now: datetime) -> Organisation:
    """A node of the tree; its key is the parent's plus the code. Only the system makes a root (no parent)."""
    actor.require(Role.ADMINISTRATOR, Role.SYSTEM, what="组织管理")
    if not _CODE.fullmatch(code):
        raise InputError("org_code", f"组织代码“{code}”不对", remedy="1 至 16 位小写字母或数字", field="code")
    if kind not in KINDS:
        raise InputError("org_kind", f"不认识的组织类别“{kind}”", remedy=f"可用：{'、'.join(KINDS)}", field="kind")
    parent_key = ""
    if parent_id is not None:
        parent_key = numbers.organisation(session, parent_id, actor.org_key).org_key
    elif not actor.has(Role.SYSTEM):
        raise NotPermitted("root_organisation", "只有系统初始化时可以建立根组织", remedy="写明上级组织")
    key = f"{parent_key}{code}."
    if session.exec(select(Organisation.id).where(Organisation.org_key == key)).first():
        raise Conflict("org_exists", f"组织 {key} 已存在", remedy="换一个代码")
    made = Organisation(parent_id=parent_id, org_key=key, name=name, kind=kind, office=office, letter_organ=letter_organ,
                        letter_series=letter_series, contact=contact)
    session.add(made)
    session.flush()
    return made


def add_person(session: Session, *, name: str, id_number: str, phone: str | None = None, category: str = "normal",
               actor: Actor, now: datetime) -> Person:
    """Find or make a person by identity number. InputError: bad number, or the number stands under another name."""
    actor.require(*_MAY_RECORD, what="登记人员")
    identity = check_identity(id_number)
    if identity.born is None or identity.sex is None or not identity.valid:
        raise InputError("identity_number", "；".join(REASONS[reason] for reason in identity.reasons),
                         remedy="按身份证核对", field="id_number")
    if category not in CATEGORIES:
        raise InputError("category", f"不认识的会员类别“{category}”", remedy=f"可用：{'、'.join(CATEGORIES)}", field="category")
    new = NewPerson("".join(name.split()), identity.number, identity.born, identity.sex, phone, category)
    person = people.find_or_make(session, [new], now=now)[identity.number]
    if person.name != new.name:
        raise InputError("name_differs", "该身份证号已登记在另一姓名下", remedy="核对姓名；确有更名的由办事处更正", field="name")
    return person


def add_kin(session: Session, *, person_id: uuid.UUID, relative_id: uuid.UUID, relation: str, actor: Actor,
            now: datetime) -> None:
    """Record that `relative_id` is the `relation` of `person_id`; the mirror is recorded too. Twice changes nothing."""
    actor.require(*_MAY_RECORD, what="登记亲属")     # never a member: a tie opens the other's claims to her
    if relation not in _MIRROR:
        raise InputError("relation", f"不认识的亲属关系“{relation}”", remedy=f"可用：{'、'.join(_MIRROR)}", field="relation")
    if person_id == relative_id:
        raise InputError("relation", "不能登记本人为亲属", remedy="核对人员", field="relative_id")
    ties = [{"person_id": person_id, "relative_id": relative_id, "relation": relation},
            {"person_id": relative_id, "relative_id": person_id, "relation": _MIRROR[relation]}]
    session.execute(pg_insert(FamilyTie).on_conflict_do_nothing(), ties)


def add_bank_card(session: Session, *, person_id: uuid.UUID, bank: str, number: str, holder: str, actor: Actor,
                  now: datetime) -> BankCard:
    """A person's own account; another one replaces the current one, the same changes nothing. It serves the claims to
    come, and those open ones that have no account yet or one that their plan does not pay to.

    InputError: unknown bank, check digit, a card of another bank, a holder who is not the person.
    """
    actor.require(*_MAY_RECORD, Role.MEMBER, what="登记银行卡")
    if actor.has(Role.MEMBER) and not actor.has(*_MAY_RECORD) and actor.person_id != person_id:
        raise NotPermitted("not_own", "会员只能登记本人的银行卡", remedy="由单位经办代为登记")
    person = session.get(Person, person_id)
    if person is None:
        raise NotFound("person_missing", "没有此人", remedy="核对人员", field="person_id")
    card = people.card_row(person_id, *checked_card(bank, number), holder, now)
    if holder != person.name:
        raise InputError("card_holder", "银行卡须为本人名下", remedy="核对户名", field="holder")
    kept = people.add_cards(session, {person_id: card}, now=now)[person_id]
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


def open_fund(session: Session, *, plan: str, opening: Decimal, actor: Actor, now: datetime) -> Fund:
    """A plan's own money (专户专款专用), opened once with its balance in yuan."""
    actor.require(Role.ADMINISTRATOR, Role.SYSTEM, *sorted(OFFICE), what="开立专户")
    registry.latest(plan)
    if session.exec(select(Fund.id).where(Fund.plan == plan)).first():
        raise Conflict("fund_exists", f"{plan} 的专户已开立", remedy="核对计划")
    if opening < 0:
        raise InputError("opening_negative", "期初余额不能为负", remedy="改正金额", field="opening")
    fund = Fund(plan=plan, opening_fen=to_fen(opening))
    session.add(fund)
    session.flush()
    return fund
