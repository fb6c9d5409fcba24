"""A house with many payments that are ready: each a person of its own with card, claim, decision and planned payment."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg

from infra.scratch import fresh
from services.access.actor import Actor
from services.core import embedded
from services.core.crypto import key_ring
from services.core.db import Database, Scope
from services.core.ids import uuidv7
from services.models import Account, Fund, Grant, Organisation, Person
from services.payment.limits import OWN

KEY, PLAN = "cn.xj.d1.u1.", "xj-women"
NOW = datetime(2026, 3, 20, 2, tzinfo=UTC)
ROLES = ("finance_maker", "finance_checker", "verifier")
AMOUNT_FEN = 1_500_000


@dataclass
class House:
    """The database, its superuser's URL, and the persons of finance by role."""

    db: Database
    superuser: str
    people: dict[str, Actor]
    unit: uuid.UUID


def prepare(directory: Path) -> House:
    """A fresh server and database with an office, a unit, a fund and its people; no autovacuum while it is measured."""
    url, app = fresh(directory, "bench")
    superuser = embedded.with_user(url, "postgres", "bench")
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET autovacuum = off")
        connection.execute("SELECT pg_reload_conf()")
    (directory / OWN).write_text("- {org: cn., from: 2024-01-01, payment: null, run: null, day: null}\n", "utf-8")
    db = Database(app)
    with db.unit_of_work(Scope("cn")) as session:
        office = Organisation(org_key="cn.xj.", name="office", kind="office", office="xinjiang")
        unit = Organisation(org_key=KEY, name="unit", kind="unit")
        session.add_all([office, unit, Fund(plan=PLAN, opening_fen=10**15)])
        session.flush()
        people = {}
        for role in ROLES:
            person = Person(name=role, id_number_sealed=b"", id_number_index=uuidv7().bytes, born=date(1980, 1, 1), sex="M",
                            created_at=NOW)
            session.add(person)
            session.flush()
            account = Account(login=role, name=role, person_id=person.id, org_id=office.id, org_key="cn.xj.", created_at=NOW)
            session.add(account)
            session.flush()
            session.add(Grant(account_id=account.id, role=role))
            people[role] = Actor(account.id, person.id, "cn.xj.", role, frozenset({role}))
    return House(db, superuser, people, unit.id)


# One statement a table, from arrays or from the table before; ids are made by the database.
_PERSONS = """
    INSERT INTO person (id, name, id_number_sealed, id_number_index, born, sex, category, created_at)
    SELECT uuidv7(), '示一兰', '', r.mark, '1985-01-01', 'F', 'normal', %(now)s FROM unnest(%(marks)s::bytea[]) AS r(mark)"""
_CARDS = """
    INSERT INTO bank_card (id, person_id, number_sealed, number_index, last4, bank, holder, added_at)
    SELECT uuidv7(), p.id, r.sealed, r.mark, '0000', 'ICBC', p.name, %(now)s
    FROM unnest(%(marks)s::bytea[], %(sealed)s::bytea[]) AS r(mark, sealed) JOIN person p ON p.id_number_index = r.mark"""
_COVERS = """
    INSERT INTO cover (id, org_key, plan, plan_from, person_id, org_id, effective, until, renewal, shares, high_risk_work, relation,
                       premium_fen, payer_kind, certificate_no, created_at)
    SELECT uuidv7(), %(key)s, %(plan)s, '2024-01-01', b.person_id, %(unit)s, '2026-01-01', '2026-12-31', false, 1, false,
           'employee', 2500, 'self', b.id::text, %(now)s FROM bank_card b WHERE b.number_index = ANY(%(marks)s)"""
_CASES = """
    INSERT INTO case_file (id, org_key, case_no, person_id, org_id, event_kind, diagnosed_on, reported_on, reported_at,
                           reporter_name, channel, last_timely_day, count_words, late, answers)
    SELECT uuidv7(), %(key)s, v.id::text, v.person_id, v.org_id, 'diagnosis', '2026-03-12', '2026-03-16', %(now)s, '', 'clerk',
           '2026-03-23', '', false, '[]' FROM cover v JOIN bank_card b ON b.person_id = v.person_id
    WHERE b.number_index = ANY(%(marks)s)"""
_CLAIMS = """
    INSERT INTO claim (id, org_key, state, version, claim_no, code, case_id, person_id, cover_id, plan, plan_from, route, round,
                       event, digest, outcome, amount_fen, held, died, identity_matched, required, banks, findings, inputs,
                       verified_person, verified_on, audit_seq, audit_head, created_at, updated_at)
    SELECT uuidv7(), %(key)s, 'payable', 5, k.case_no, 'A', k.id, k.person_id, v.id, v.plan, v.plan_from, 'office', 1, '{}', 'd',
           'pay', %(fen)s, false, false, true, '[]', '["ICBC", "CCB"]', '[]', '{}', %(verifier)s, '2026-03-18', 0,
           decode(repeat('00', 32), 'hex'), %(now)s, %(now)s
    FROM case_file k JOIN cover v ON v.id::text = k.case_no JOIN bank_card b ON b.person_id = v.person_id
    WHERE b.number_index = ANY(%(marks)s)"""
_OF = " FROM claim c JOIN bank_card b ON b.person_id = c.person_id WHERE b.number_index = ANY(%(marks)s)"
_PAYEES = """INSERT INTO payee (id, org_key, claim_id, person_id, relation, ordinal, share_num, share_den, bank_card_id, active,
                                added_at) SELECT uuidv7(), c.org_key, c.id, c.person_id, 'self', 1, 1, 1, b.id, true, %(now)s"""
_SHEETS = """INSERT INTO worksheet (id, org_key, claim_id, round, seq, frozen, input, output, outcome, total_fen, refund_fen,
                                    facts_digest, rule_digest, why, made_at)
    SELECT uuidv7(), c.org_key, c.id, 1, 1, true, '{}', '{}', 'pay', c.amount_fen, 0, 'd', 'r', '', %(now)s"""
_DECISIONS = """
    INSERT INTO decision (id, org_key, claim_id, round, source, kind, amount_fen, worksheet_id, decided_person, clause, answer, at)
    SELECT uuidv7(), w.org_key, w.claim_id, 1, 'office', 'pay', w.total_fen, w.id, %(verifier)s, '一览表', '{}', %(now)s
    FROM worksheet w JOIN claim c ON c.id = w.claim_id JOIN bank_card b ON b.person_id = c.person_id
    WHERE b.number_index = ANY(%(marks)s)"""
_PAYMENTS = """
    INSERT INTO payment (id, org_key, state, version, claim_id, round, payee_id, person_id, purpose, channel, amount_fen, attempt,
                         bank_card_id, created_at)
    SELECT uuidv7(), y.org_key, 'planned', 1, y.claim_id, 1, y.id, y.person_id, 'benefit', 'bank', %(fen)s, 1, y.bank_card_id,
           %(now)s FROM payee y JOIN bank_card b ON b.id = y.bank_card_id WHERE b.number_index = ANY(%(marks)s)"""
_CLOCKS = """INSERT INTO sla_clock (id, claim_id, org_key, round, kind, subject, budget, day_kind, clause, origin, start_on, due_on,
                                    provisional, words, calendar, pauses, state)
    SELECT uuidv7(), c.id, c.org_key, 1, 'pay', '', 10, 'working', 'c', 'o', '2026-03-19', '2026-04-02', false, 'w', 'v', '[]',
           'running'"""
_TABLES = "person, bank_card, cover, case_file, claim, payee, worksheet, decision, payment, sla_clock"


def fill(house: House, count: int, turn: int) -> None:
    """That many payments more, planned and ready; statistics are fresh."""
    ring, verifier = key_ring(), house.people["verifier"].person_id
    numbers = [f"622202{turn:03d}{place:010d}" for place in range(count)]
    given = {"marks": [ring.index(number, field="bank_card.number") for number in numbers],
             "sealed": [ring.seal(number, field="bank_card.number") for number in numbers], "now": NOW, "key": KEY, "plan": PLAN,
             "unit": house.unit, "verifier": verifier, "fen": AMOUNT_FEN}
    with psycopg.connect(house.superuser, autocommit=True) as connection:
        for statement in (_PERSONS, _CARDS, _COVERS, _CASES, _CLAIMS, _PAYEES + _OF, _SHEETS + _OF, _DECISIONS, _PAYMENTS,
                          _CLOCKS + _OF):
            connection.execute(statement, given)
            connection.execute("ANALYZE person, bank_card, cover, case_file, claim, payee")
        connection.execute("DELETE FROM outbox")
        connection.execute(f"VACUUM ANALYZE {_TABLES}, outbox, audit_record, bank_line, payment_run")
