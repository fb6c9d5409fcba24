"""A roster in a temporary table, checked against people and covers and written as covers: sets, never row by row."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import psycopg
from sqlmodel import Session

from services.core.crypto import KeyRing, key_ring
from services.core.db import driver_cursor
from services.core.errors import Conflict
from services.enrolment import people
from services.enrolment.rules import Entrant, Standing, fits, premium
from services.models import Organisation
from services.rulebook.schema import RuleBook

_COLUMNS = {
    "row": "int4", "number_index": "bytea", "number_sealed": "bytea", "name": "text", "born": "date", "sex": "text",
    "relation": "text", "shares": "int4", "tier": "text", "high_risk": "bool", "premium_fen": "int8", "fits_new": "bool",
    "fits_renewal": "bool", "phone_sealed": "bytea", "bank": "text", "card_sealed": "bytea", "card_index": "bytea",
    "last4": "text"}
_TABLES = f"""
    DROP TABLE IF EXISTS roster_row, roster_standing;
    CREATE TEMP TABLE roster_row ({', '.join(f'{name} {kind}' for name, kind in _COLUMNS.items())}) ON COMMIT DROP"""
_COPY = f"COPY roster_row ({', '.join(_COLUMNS)}) FROM STDIN (FORMAT BINARY)"


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for the whole roster. `until` is the last covered day."""

    book: RuleBook
    org: Organisation
    effective: date
    until: date
    payer_kind: str
    payer_name: str | None
    policy_no: str | None


def stage(session: Session, entrants: Iterable[Entrant], terms: Terms) -> int:
    """Copy readable rows into the transaction's own table as they come; returns how many."""
    cursor, ring, count = driver_cursor(session), key_ring(), 0
    cursor.execute(_TABLES)
    with cursor.copy(_COPY) as copy:
        copy.set_types(list(_COLUMNS.values()))
        for entrant in entrants:
            copy.write_row(_staged(entrant, terms, ring))
            count += 1
    cursor.execute("CREATE INDEX ON roster_row (number_index); ANALYZE roster_row")
    return count


def _staged(entrant: Entrant, terms: Terms, ring: KeyRing) -> tuple[object, ...]:
    number, account = entrant.id_number, entrant.account if entrant.bank else None
    fit = [fits(terms.book, entrant.born, terms.effective, renewal=renewal) for renewal in (False, True)]
    return (entrant.row, ring.index(number, field=people.ID_NUMBER), ring.seal(number, field=people.ID_NUMBER), entrant.name,
            entrant.born, entrant.sex, entrant.relation, entrant.shares, entrant.tier, entrant.high_risk_work,
            premium(entrant, terms.book), *fit,
            ring.seal(entrant.phone, field=people.PHONE) if entrant.phone else None, entrant.bank,
            *((ring.seal(account, field=people.CARD), ring.index(account, field=people.CARD), account[-4:]) if account
              else (None, None, None)))


# Covers of other units are out of the caller's sight: `cover_standing` (migration 0006) tells of them only what a
# joining must know, and a certificate's number only of covers in sight.
_STANDING = """
    CREATE TEMP TABLE roster_standing ON COMMIT DROP AS
    WITH known AS (
        SELECT r.row, k.id AS person_id, k.name <> r.name AS renamed, k.died_on IS NOT NULL AS died,
               min(r.row) OVER (PARTITION BY coalesce(decode(replace(k.id::text, '-', ''), 'hex'), r.number_index)) AS first_row
        FROM roster_row r LEFT JOIN person p ON p.id_number_index = r.number_index
        LEFT JOIN person k ON k.id = coalesce(p.merged_into, p.id))
    SELECT k.row, k.person_id, k.first_row, coalesce(k.renamed, false) AS renamed, coalesce(k.died, false) AS died, s.clash_from,
           s.clash_until, c.certificate_no AS clash_no, coalesce(s.renewal, false) AS renewal,
           coalesce(s.required, false) AS required
    FROM known k
    LEFT JOIN cover_standing((SELECT coalesce(array_agg(DISTINCT person_id), '{}') FROM known WHERE person_id IS NOT NULL),
                             %(plan)s, %(required)s, %(effective)s, %(until)s) s ON s.person_id = k.person_id
    LEFT JOIN cover c ON c.id = s.clash_id"""
# After a premium given back the cover had ended: whoever joins again waits again.
_GIVEN_BACK = """
    UPDATE roster_standing SET renewal = false WHERE renewal AND person_id IN (
        SELECT premium_given_back((SELECT array_agg(person_id) FROM roster_standing WHERE renewal), %(plan)s, %(effective)s))"""
_AGAINST = """
    SELECT r.row, r.born, s.first_row, s.renamed, s.died, s.clash_from, s.clash_until, s.clash_no, s.renewal, s.required
    FROM roster_row r JOIN roster_standing s ON s.row = r.row
    WHERE s.first_row < r.row OR s.renamed OR s.died OR s.clash_until IS NOT NULL
       OR NOT (CASE WHEN s.renewal THEN r.fits_renewal ELSE r.fits_new END) OR (%(required)s::text IS NOT NULL AND NOT s.required)
    ORDER BY r.row"""


def against(session: Session, terms: Terms) -> Iterator[Standing]:
    """The rows that something in the file or the database speaks against, in order."""
    cursor = driver_cursor(session)
    given = {"plan": terms.book.plan, "required": terms.book.requires.plan if terms.book.requires else None,
             "effective": terms.effective, "until": terms.until}
    cursor.execute(_STANDING, given)
    cursor.execute(_GIVEN_BACK, given)
    cursor.execute("CREATE INDEX ON roster_standing (row); ANALYZE roster_standing")
    cursor.execute(_AGAINST, given)
    for row in cursor:
        yield Standing(*row)


def leave_out(session: Session, rows: Sequence[int]) -> None:
    """Take rows with faults out of the table."""
    if rows:
        driver_cursor(session).execute("DELETE FROM roster_row r USING unnest(%s::int4[]) AS w(row) WHERE r.row = w.row",
                                       (list(rows),))


_COVERED = """
    SELECT count(DISTINCT person_id) FROM cover
    WHERE plan = %(plan)s AND org_key >= %(key)s AND org_key < %(end)s AND effective <= %(day)s
      AND coalesce(ended_on, until) >= %(day)s"""


def covered(session: Session, terms: Terms) -> int:
    """How many of the unit are covered under the plan on the effective day by earlier rosters."""
    key = terms.org.org_key
    row = driver_cursor(session).execute(_COVERED, {"plan": terms.book.plan, "key": key, "end": f"{key.rstrip('.')}/",
                                                    "day": terms.effective}).fetchone()
    return int(row[0]) if row else 0


def holds_only(session: Session, person_id: uuid.UUID) -> bool:
    """Whether this person is somebody on the roster (asked of a roster of one)."""
    found = driver_cursor(session).execute("SELECT 1 FROM roster_row r JOIN person p ON p.id_number_index = r.number_index"
                                           " WHERE coalesce(p.merged_into, p.id) = %s", (person_id,)).fetchone()
    return found is not None


# Each row's person; a record that was merged away answers with the kept one.
_WHO = """person p ON p.id_number_index = r.number_index
    CROSS JOIN LATERAL (SELECT coalesce(p.merged_into, p.id) AS id) w"""
# In order of the index, so that two rosters with the same new people wait for one another and never in a ring.
_PEOPLE = """
    INSERT INTO person (id, name, id_number_sealed, id_number_index, born, sex, category, phone_sealed, created_at)
    SELECT uuidv7(), r.name, r.number_sealed, r.number_index, r.born, r.sex, 'normal', r.phone_sealed, %(now)s
    FROM roster_row r WHERE NOT EXISTS (SELECT 1 FROM person p WHERE p.id_number_index = r.number_index)
    ORDER BY r.number_index ON CONFLICT (id_number_index) DO NOTHING"""
_REPLACED = """
    UPDATE bank_card b SET replaced_at = %(now)s
    FROM roster_row r JOIN person p ON p.id_number_index = r.number_index
    WHERE r.card_index IS NOT NULL AND b.person_id = coalesce(p.merged_into, p.id) AND b.replaced_at IS NULL
      AND b.number_index <> r.card_index"""
_CARDS = f"""
    INSERT INTO bank_card (id, person_id, number_sealed, number_index, last4, bank, holder, added_at)
    SELECT uuidv7(), w.id, r.card_sealed, r.card_index, r.last4, r.bank, r.name, %(now)s
    FROM roster_row r JOIN {_WHO}
    WHERE r.card_index IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM bank_card b WHERE b.person_id = w.id AND b.replaced_at IS NULL AND b.number_index = r.card_index)"""
_COVERS = f"""
    INSERT INTO cover (id, org_key, org_id, plan, plan_from, person_id, effective, until, renewal, shares, tier, high_risk_work,
                       relation, premium_fen, payer_kind, payer_name, certificate_no, policy_no, created_at)
    SELECT uuidv7(), %(org_key)s, %(org_id)s, %(plan)s, %(plan_from)s, w.id, %(effective)s, %(until)s, s.renewal, r.shares,
           r.tier, r.high_risk, r.relation, r.premium_fen, %(payer_kind)s, %(payer_name)s, c.certificate, %(policy_no)s, %(now)s
    FROM (SELECT *, row_number() OVER (ORDER BY row) AS place FROM roster_row) r
    JOIN roster_standing s ON s.row = r.row
    JOIN unnest(%(certificates)s::text[]) WITH ORDINALITY AS c(certificate, place) ON c.place = r.place
    JOIN {_WHO} ORDER BY r.row"""


def write_people(session: Session, *, now: datetime) -> None:
    """New people and their cards; another card replaces the one a person had."""
    cursor = driver_cursor(session)
    for statement in (_PEOPLE, _REPLACED, _CARDS):
        cursor.execute(statement, {"now": now})


# Looked at after the covers are in: each holds its person's row, so that what is seen here stays until the commit.
# Counted, not stopped at the first: almost always there is none, and a plan that hopes for one compares every row with every.
CHANGED = """
    SELECT count(*) FROM roster_row r JOIN roster_standing s ON s.row = r.row JOIN person p ON p.id_number_index = r.number_index
    JOIN person k ON k.id = coalesce(p.merged_into, p.id)
    WHERE k.name <> r.name OR k.died_on IS NOT NULL OR k.id <> coalesce(s.person_id, p.id)"""


def write_covers(session: Session, terms: Terms, certificates: Sequence[str], *, now: datetime) -> None:
    """A cover for each row left.

    Conflict `cover_overlap` when another roster came first with one of the people; `people_changed` when a person was
    made under another name, renamed or merged since the rows were checked.
    """
    book = terms.book
    given = {"org_key": terms.org.org_key, "org_id": terms.org.id, "plan": book.plan, "plan_from": book.from_,
             "effective": terms.effective, "until": terms.until, "payer_kind": terms.payer_kind,
             "payer_name": terms.payer_name, "policy_no": terms.policy_no, "certificates": list(certificates), "now": now}
    try:
        driver_cursor(session).execute(_COVERS, given)
    except psycopg.errors.ExclusionViolation as error:
        if error.diag.constraint_name != "cover_no_overlap":
            raise
        raise Conflict("cover_overlap", "名单中有人刚在别处参保，保障期重叠", remedy="刷新后重新核对名单") from None
    if driver_cursor(session).execute(CHANGED).fetchone() != (0,):
        raise Conflict("people_changed", "名单中有人的姓名或人员记录刚被改动", remedy="刷新后重新核对名单")
