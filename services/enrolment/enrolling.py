"""A roster becomes covers: read, check every row, then write all of them in a few statements."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from services.access.actor import OFFICE, REVIEWERS, Actor, Role
from services.core.clock import business_day
from services.core.errors import Conflict, InputError
from services.core.ids import uuidv7
from services.core.money import to_fen
from services.enrolment import numbers, people, roster, rules
from services.enrolment.people import NewPerson
from services.enrolment.rules import Entrant, Fault
from services.models import Cover, Organisation, Person, RosterImport
from services.rulebook import registry
from services.rulebook.schema import RuleBook
from services.storage import service as storage

MAY_ENROL = (Role.UNIT_CLERK, Role.ADMINISTRATOR, Role.SYSTEM, *sorted(REVIEWERS))
# A unit enrols for days to come (安康保办法 第四条); taking over covers that began earlier is the office's act.
_MAY_BACKDATE = (Role.ADMINISTRATOR, Role.SYSTEM, *sorted(OFFICE))


@dataclass(frozen=True, slots=True)
class _Terms:
    """What holds for the whole roster."""

    book: RuleBook
    org: Organisation
    effective: date
    payer_kind: str
    payer_name: str | None
    policy_no: str | None


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database knows of the roster's people."""

    people: Mapping[str, Person]
    covers: Mapping[uuid.UUID, Sequence[Cover]]          # of this plan, by person
    other_plans: Mapping[uuid.UUID, frozenset[str]]      # in force on the effective day


def enrol(session: Session, *, content: bytes, file_name: str, plan: str, org_id: uuid.UUID, effective: date,
          payer_kind: str, payer_name: str | None = None, policy_no: str | None = None, keep_good: bool = False,
          actor: Actor, now: datetime) -> RosterImport:
    """Covers for the people of an XLSX roster, from `effective` for the plan's term.

    All or nothing: with any fault no cover is written and the import lists row, column, fault and remedy of each;
    with `keep_good` the rows without fault are enrolled. InputError for what is wrong with the file as a whole.
    """
    actor.require(*MAY_ENROL, what="参保登记")
    org = numbers.organisation(session, org_id, actor.org_key)
    book = registry.resolve(plan, effective)
    rules.check_payer(book, payer_kind)
    _check_day(effective, actor, now)
    if storage.kind_of(content) != storage.XLSX:
        raise InputError("roster_unreadable", "名单须为 XLSX 文件", remedy="请另存为 XLSX 再上传", field="content")
    listed = roster.read(content)
    terms = _Terms(book, org, effective, payer_kind, payer_name, policy_no)
    entrants, faults = _read(listed, org, book)
    known = _known(session, entrants, terms)
    faults += _check(entrants, known, terms)
    wrong = {fault.row for fault in faults}
    good = [entrant for entrant in entrants if entrant.row not in wrong]
    if faults and (not keep_good or 0 in wrong):
        good = []
    _write(session, good, known, terms, now)
    done = RosterImport(org_key=org.org_key, plan=plan, effective=effective, sha256=storage.put(content),
                        file_name=file_name, rows=len(listed.rows), accepted=len(good),
                        faults=[fault.as_words() for fault in sorted(faults, key=lambda fault: fault.row)],
                        account_id=actor.account_id, at=now)
    session.add(done)
    session.flush()
    return done


def _check_day(effective: date, actor: Actor, now: datetime) -> None:
    if effective <= business_day(now) and not actor.has(*_MAY_BACKDATE):
        raise InputError("effective_past", "生效日须在今天之后（承保次日零时起生效）", remedy="改正生效日；补录既有保障由办事处办理",
                         field="effective")


def _read(listed: roster.Roster, org: Organisation, book: RuleBook) -> tuple[list[Entrant], list[Fault]]:
    faults = rules.unit_faults(listed, org.name)
    entrants = []
    for row in listed.rows:
        entrant, wrong = rules.read_row(row, book)
        faults += wrong
        if entrant:
            entrants.append(entrant)
    return entrants, faults + rules.twice(entrants)


def _known(session: Session, entrants: Sequence[Entrant], terms: _Terms) -> _Known:
    found = people.known(session, [entrant.id_number for entrant in entrants])
    covers: dict[uuid.UUID, list[Cover]] = defaultdict(list)
    others: dict[uuid.UUID, set[str]] = defaultdict(set)
    rows = session.exec(select(Cover).where(col(Cover.person_id).in_([person.id for person in found.values()]))).all()
    for cover in rows:
        if cover.plan == terms.book.plan:
            covers[cover.person_id].append(cover)
        if cover.effective <= terms.effective <= (cover.ended_on or cover.until):
            others[cover.person_id].add(cover.plan)
    return _Known(found, covers, {person: frozenset(plans) for person, plans in others.items()})


def _check(entrants: Sequence[Entrant], known: _Known, terms: _Terms) -> list[Fault]:
    names = {number: person.name for number, person in known.people.items()}
    faults = []
    for entrant in entrants:
        person = known.people.get(entrant.id_number)
        covers = known.covers.get(person.id, ()) if person else ()
        others = known.other_plans.get(person.id, frozenset()) if person else frozenset()
        faults += rules.check_name(names, entrant)
        faults += rules.joining_faults(entrant, terms.book, terms.effective, covers, others)
        if person and person.died_on:
            faults.append(Fault(entrant.row, roster.NAME, "此人已登记死亡", "从名单中删去；登记有误的由办事处更正"))
    return faults


def _write(session: Session, good: Sequence[Entrant], known: _Known, terms: _Terms, now: datetime) -> None:
    if not good:
        return
    found = people.find_or_make(session, [NewPerson(entrant.name, entrant.id_number, entrant.born, entrant.sex, entrant.phone)
                                          for entrant in good], now=now)
    cards = {found[entrant.id_number].id: people.card_row(found[entrant.id_number].id, entrant.bank, entrant.account,
                                                          entrant.name, now)
             for entrant in good if entrant.bank and entrant.account}
    people.add_cards(session, cards, now=now)
    office = numbers.office_of(session, terms.org.org_key)
    certificates = numbers.certificate_numbers(session, office, terms.effective.year, len(good))
    until = rules.last_day(terms.effective, terms.book.term.years)
    rows = [{"id": uuidv7(), "org_key": terms.org.org_key, "org_id": terms.org.id, "plan": terms.book.plan,
             "plan_from": terms.book.from_, "person_id": found[entrant.id_number].id, "effective": terms.effective,
             "until": until, "renewal": rules.is_renewal(known.covers.get(found[entrant.id_number].id, ()), terms.effective),
             "shares": entrant.shares, "tier": entrant.tier, "high_risk_work": entrant.high_risk_work,
             "relation": entrant.relation,
             "premium_fen": to_fen(terms.book.fee_due(entrant.shares, entrant.tier, entrant.high_risk_work)),
             "payer_kind": terms.payer_kind, "payer_name": terms.payer_name, "certificate_no": certificate,
             "policy_no": terms.policy_no, "created_at": now}
            for entrant, certificate in zip(good, certificates, strict=True)]
    try:
        session.execute(sa.insert(Cover), rows)
    except IntegrityError as error:
        if "cover_no_overlap" in str(error):
            raise Conflict("cover_overlap", "名单中有人已在别处参保，保障期重叠", remedy="刷新后重新核对名单") from None
        raise
