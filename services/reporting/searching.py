"""Finding claims by what somebody has in hand: a number or its beginning, a person's exact name, an identity number.

Each way is one indexed question; the session's scope decides what is seen. An identity number is looked up by its blind index
and never written anywhere.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session

from services.core.errors import InputError
from services.core.identity import eighteen
from services.enrolment.people import index_of
from services.review.summary_queries import masked_name

MOST = 50
NUMBER, NAME, IDENTITY = "number", "name", "id_number"
_IDENTITY = re.compile(r"[1-9]\d{16}[\dX]|[1-9]\d{14}", re.ASCII)
_NUMBER = re.compile(r"[A-Z0-9-]{4,40}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Hit:
    """A claim found; the person masked."""

    claim_id: uuid.UUID
    claim_no: str
    org_key: str
    plan: str
    state: str
    held: bool
    person: str
    unit: str
    reported_on: date
    diagnosed_on: date


@dataclass(frozen=True, slots=True)
class Hits:
    """What was found `by` which way; `more` than `MOST` there are. `exact`: the number of exactly one claim."""

    by: str
    hits: tuple[Hit, ...]
    more: bool
    exact: bool


# OFFSET 0: first the few claims, newest first, then what is shown of them.
_SHOWN = """
    SELECT x.id, x.claim_no, x.org_key, x.plan, x.state, x.held, p.name, coalesce(o.name, '') AS unit, k.reported_on, k.diagnosed_on
    FROM ({found} OFFSET 0) x JOIN person p ON p.id = x.person_id JOIN case_file k ON k.id = x.case_id
    LEFT JOIN organisation o ON o.org_key = x.org_key ORDER BY x.id DESC"""
_COLUMNS = "c.id, c.claim_no, c.org_key, c.plan, c.state, c.held, c.person_id, c.case_id"
_BY_NUMBER = sa.text(_SHOWN.format(found=f"""
    SELECT {_COLUMNS} FROM claim c WHERE c.claim_no COLLATE "C" >= :number AND c.claim_no COLLATE "C" < :number_end
    ORDER BY c.claim_no COLLATE "C" LIMIT :limit"""))
_BY_EXACT = sa.text(_SHOWN.format(found=f"SELECT {_COLUMNS} FROM claim c WHERE c.claim_no = :number LIMIT :limit"))
_BY_REPORT = sa.text(_SHOWN.format(found=f"""
    SELECT {_COLUMNS} FROM claim c WHERE c.case_id IN (SELECT f.id FROM case_file f WHERE f.case_no = :number) LIMIT :limit"""))
# A rare name: from its persons to their claims. A common one: along the claims in sight, its persons a table looked up in memory (`IS
# TRUE` keeps it so), until enough are found. Both are read in their indexes alone; either is short whatever the house holds.
_COMMON = 500
_HOW_COMMON = sa.text("SELECT count(*) FROM (SELECT 1 FROM person q WHERE q.name = :name LIMIT :common) x")
_NAMED = f"""
    SELECT {_COLUMNS} FROM ({{found}} LIMIT :limit) f CROSS JOIN LATERAL (SELECT * FROM claim c WHERE c.id = f.id OFFSET 0) c"""
_BY_RARE_NAME = sa.text(_SHOWN.format(found=_NAMED.format(found="""
    SELECT n.id FROM person q CROSS JOIN LATERAL (SELECT n.id FROM claim n WHERE n.person_id = q.id OFFSET 0) n WHERE q.name = :name""")))
_BY_COMMON_NAME = sa.text(_SHOWN.format(found=_NAMED.format(found="""
    SELECT n.id FROM claim n WHERE (n.person_id IN (SELECT q.id FROM person q WHERE q.name = :name)) IS TRUE""")))
# The person first: asked together, the planner reads a whole office's claims.
_WHOSE = sa.text("SELECT coalesce(q.merged_into, q.id) FROM person q WHERE q.id_number_index = :number")
_BY_IDENTITY = sa.text(_SHOWN.format(found=f"""
    SELECT {_COLUMNS} FROM claim c WHERE c.person_id = CAST(:person AS uuid) LIMIT :limit"""))


def search(session: Session, words: str) -> Hits:
    """Claims in sight for what was typed: the way of asking follows from what it looks like.

    InputError: nothing typed, or too little to look for.
    """
    typed = " ".join(words.split())
    if not typed:
        raise InputError("search_empty", "没有填写要查的内容", remedy="填写受理编号、姓名或身份证号", field="words")
    joined = typed.upper().replace(" ", "")
    if _IDENTITY.fullmatch(joined):
        person = session.execute(_WHOSE, {"number": index_of(eighteen(joined) or joined)}).scalar_one_or_none()
        return _hits(session, IDENTITY, _BY_IDENTITY, {"person": person})
    if _looks_like_number(typed.upper()):
        return _numbered(session, typed.upper())
    if typed.isascii() and len(typed) < 2:
        raise InputError("search_short", "内容太短，无从查起", remedy="受理编号至少填写前 4 位", field="words")
    return _named(session, typed)


def _looks_like_number(typed: str) -> bool:
    return _NUMBER.fullmatch(typed) is not None and any(sign.isdigit() for sign in typed)


def _named(session: Session, name: str) -> Hits:
    common = session.execute(_HOW_COMMON, {"name": name, "common": _COMMON}).scalar_one() == _COMMON
    return _hits(session, NAME, _BY_COMMON_NAME if common else _BY_RARE_NAME, {"name": name})


def _numbered(session: Session, number: str) -> Hits:
    exact = _hits(session, NUMBER, _BY_EXACT, {"number": number})
    if exact.hits:
        return Hits(NUMBER, exact.hits, False, True)
    found = _hits(session, NUMBER, _BY_NUMBER, {"number": number, "number_end": number + "\U0010ffff"})
    return found if found.hits else _hits(session, NUMBER, _BY_REPORT, {"number": number})


def _hits(session: Session, by: str, query: sa.TextClause, given: dict[str, object]) -> Hits:
    rows: Sequence[sa.Row[tuple[object, ...]]] = session.execute(query, {**given, "limit": MOST + 1}).all()
    hits = tuple(Hit(row.id, row.claim_no, row.org_key, row.plan, row.state, row.held, masked_name(row.name), row.unit, row.reported_on,
                     row.diagnosed_on) for row in rows[:MOST])
    return Hits(by, hits, len(rows) > MOST, False)
