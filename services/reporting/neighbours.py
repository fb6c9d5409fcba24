"""The claims before and after one in somebody's worklist, at any place in it: by the list's own order, not by its first page.

A claim stands where its first task stands (day, id, kind). What follows is asked of the list itself; what precedes is the
same list backwards, each kind asked apart and never further than a few rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import REVIEWERS, Actor, Role
from services.intake.queries import claim_numbers
from services.lifecycle.facts import ACTOR, barred, bound, on_claimant_side
from services.reporting.worklists import Key, Wish, worklist
from services.review.reopening import MAY_REOPEN

WORKERS = (Role.UNIT_CLERK, *sorted(REVIEWERS))
MANY, FEW = 1000, 20


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The claims before and after this one in the reader's worklist; empty at its ends."""

    before: str
    after: str


def neighbours(session: Session, claim_no: str, actor: Actor, *, today: date) -> Neighbours:
    """Where the claim stands among what waits for the actor; one that has left the list is followed by the list's first."""
    if not actor.has(*WORKERS):
        return Neighbours("", "")
    found = session.execute(sa.text("SELECT id FROM claim WHERE claim_no = :no"), {"no": claim_no}).scalar_one()
    values = _values(actor, today)
    own = _firsts(session, actor, {**values, "claims": [found]}).get(found)
    if own is None:
        first = worklist(session, actor, wish=Wish(), today=today).keys
        return Neighbours("", claim_numbers(session, [first[0].claim_id])[0] if first else "")
    before = _before(session, actor, values, own)
    after = _first_of(session, actor, values, worklist(session, actor, wish=Wish(), after=own.cursor, today=today).keys, own)
    numbers = [claim_numbers(session, [key.claim_id])[0] if key else "" for key in (before, after)]
    return Neighbours(*numbers)


def _before(session: Session, actor: Actor, values: Mapping[str, object], own: Key) -> Key | None:
    place = {"due": own.place, "row": own.id, "kind": own.kind, "limit": FEW}
    return _first_of(session, actor, values, sorted(_ask(session, actor, {**values, **place}, "before"), key=_order, reverse=True), own)


def _first_of(session: Session, actor: Actor, values: Mapping[str, object], keys: list[Key] | tuple[Key, ...], own: Key) -> Key | None:
    """The first of these tasks that is its claim's first: a claim is met once."""
    firsts = _firsts(session, actor, {**values, "claims": list({key.claim_id for key in keys})}) if keys else {}
    return next((key for key in keys if key.claim_id != own.claim_id and firsts.get(key.claim_id) == key), None)


def _firsts(session: Session, actor: Actor, values: Mapping[str, object]) -> dict[object, Key]:
    """Each claim's first task of the actor's."""
    found: dict[object, Key] = {}
    for key in sorted(_ask(session, actor, {**values, "limit": None}, "own"), key=_order):
        found.setdefault(key.claim_id, key)
    return found


def _order(key: Key) -> tuple[object, ...]:
    return key.place, key.id, key.kind


def _values(actor: Actor, today: date) -> dict[str, object]:
    return {"low": actor.org_key, "high": actor.org_key.rstrip(".") + "/", "persons": list(actor.persons), "roles": sorted(actor.roles),
            "account": actor.account_id, "today": today, "clerk": actor.has(Role.UNIT_CLERK), "head": actor.has(Role.HEAD)}


def _ask(session: Session, actor: Actor, values: Mapping[str, object], how: str) -> list[Key]:
    """The actor's tasks of some claims (`own`), or the last few before a place (`before`)."""
    asked = [_levels(session, values, how)]
    if actor.has(Role.UNIT_CLERK, Role.DISTRICT_REVIEWER):
        asked.append(_PAPERS[how])
    elif actor.has(Role.OFFICE_REVIEWER):
        asked.append(_LATE_PAPERS[how])
    asked += [_MESSAGES[how]] + ([_OBJECTIONS[how]] if actor.has(*MAY_REOPEN) else [])
    return [Key(*row) for query in asked for row in session.execute(query, values)]


def _levels(session: Session, values: Mapping[str, object], how: str) -> sa.TextClause:
    """Backwards along the clocks when there are many open levels and this finds any; else all of them."""
    if how == "before" and session.execute(_HOW_MANY, {**values, "many": MANY}).scalar_one() == MANY \
            and session.execute(_BY_DAY, values).first():
        return _BY_DAY
    return _LEVELS[how]


def _both(query: Callable[[str, str], str]) -> dict[str, sa.TextClause]:
    """One query for some claims, one for what stands before a place: `query(which, order)` writes it."""
    return {"own": sa.text(bound(query("{claim} = ANY(CAST(:claims AS uuid[]))", "place, row, kind"))), "before": sa.text(bound(query(
        '({place}, {row}, {kind} COLLATE "C") < (CAST(:due AS date), CAST(:row AS uuid), CAST(:kind AS text))',
        "place DESC, row DESC, kind DESC")))}


_DAY = "coalesce(k.due_on, DATE '9999-12-31')"
_SCOPE = "{0} >= :low AND {0} < :high"
_OPEN = f"""s.state = 'open' AND c.state = 'in_review' AND s.role = ANY(CAST(:roles AS text[])) AND {_SCOPE.format("s.duty_key")}
    AND (s.taken_by IS NULL OR s.taken_by = ANY(ARRAY(
        SELECT t.id FROM account t WHERE t.id = :account OR t.person_id = ANY(CAST(:persons AS uuid[])))))"""
_LEVEL = "s.id AS row, s.act AS kind, s.claim_id, c.person_id, c.round, s.decides"
_KEPT_APART = f"""
    CROSS JOIN LATERAL (SELECT x.claim_id AS id, x.person_id, x.round) c CROSS JOIN LATERAL (SELECT x.row AS id, x.kind AS act, x.decides) s
    WHERE NOT {barred("s", ACTOR)}"""


def _open_levels(which: str, order: str) -> str:
    which = which.format(claim="s.claim_id", place=_DAY, row="s.id", kind="s.act")
    return f"""
    SELECT x.place, x.row, x.kind, x.claim_id FROM (
        SELECT {_LEVEL}, {_DAY} AS place FROM review_step s JOIN claim c ON c.id = s.claim_id AND c.round = s.round
        LEFT JOIN sla_clock k ON k.claim_id = c.id AND k.round = s.round AND k.kind = 'level' AND k.subject = s.id::text
        WHERE {_OPEN} AND {which} ORDER BY {order} OFFSET 0) x {_KEPT_APART} ORDER BY {order} LIMIT :limit"""


_LEVELS = _both(_open_levels)
_BY_DAY = sa.text(bound(f"""
    SELECT x.place, x.row, x.kind, x.claim_id FROM (
        SELECT {_LEVEL}, k.due_on AS place FROM sla_clock k
        CROSS JOIN LATERAL (SELECT * FROM review_step r WHERE r.id = CAST(k.subject AS uuid) AND r.round = k.round OFFSET 0) s
        CROSS JOIN LATERAL (SELECT * FROM claim r WHERE r.id = s.claim_id AND r.round = s.round OFFSET 0) c
        WHERE k.kind = 'level' AND k.state = 'running' AND k.due_on <= CAST(:due AS date) AND {_OPEN}
          AND (k.due_on, s.id, s.act COLLATE "C") < (CAST(:due AS date), CAST(:row AS uuid), CAST(:kind AS text))
        ORDER BY k.due_on DESC, s.id DESC LIMIT 2 * :limit) x {_KEPT_APART} ORDER BY place DESC, row DESC LIMIT :limit"""))
_HOW_MANY = sa.text(f"""
    SELECT count(*) FROM (SELECT 1 FROM review_step s WHERE s.state = 'open' AND s.role = ANY(CAST(:roles AS text[]))
        AND {_SCOPE.format("s.duty_key")} LIMIT :many) x""")


def _papers(late: bool) -> Callable[[str, str], str]:
    """What waits for a verifier; `late`: the office's share, what is beyond its day."""
    whose = "x.place < CAST(:today AS date)" if late else """(:clerk OR x.place < CAST(:today AS date) OR NOT EXISTS (
        SELECT 1 FROM account a JOIN role_grant g ON g.account_id = a.id
        WHERE a.org_key = x.org_key AND a.active AND g.role = 'unit_clerk'))"""
    join = "JOIN" if late else "LEFT JOIN"
    running = "AND k.state = 'running'" if late else ""

    def query(which: str, order: str) -> str:
        which = which.format(claim="c.id", place=_DAY, row="c.id", kind="'verify'")
        return f"""
        SELECT x.place, x.row, x.kind, x.row FROM (
            SELECT c.id AS row, 'verify' AS kind, c.person_id, c.org_key, {_DAY} AS place FROM claim c
            {join} sla_clock k ON k.claim_id = c.id AND k.round = c.round AND k.kind = 'verification' AND k.subject = '' {running}
            WHERE c.state = 'reported' AND {_SCOPE.format("c.org_key")} AND {which} ORDER BY {order} OFFSET 0) x
        CROSS JOIN LATERAL (SELECT x.row AS id, x.person_id) c
        WHERE {whose} AND EXISTS (SELECT 1 FROM paper p WHERE p.claim_id = x.row AND p.verdict <> 'rejected')
          AND NOT {on_claimant_side(ACTOR)} ORDER BY {order} LIMIT :limit"""
    return query


def _messages(which: str, order: str) -> str:
    which = which.format(claim="x.row", place="x.place", row="x.row", kind="x.kind")
    return f"""
    SELECT x.place, x.row, x.kind, x.row FROM (
        SELECT w.claim_id AS row, 'answer' AS kind, min((w.at AT TIME ZONE 'Asia/Shanghai')::date) AS place FROM claim_message w
        LEFT JOIN message_mark r ON r.claim_id = w.claim_id AND r.side = 'office'
        WHERE w.side = 'member' AND NOT w.internal AND w.at > coalesce(r.read_until, '-infinity') AND {_SCOPE.format("w.org_key")}
        GROUP BY w.claim_id) x JOIN claim c ON c.id = x.row
    WHERE c.person_id <> ALL(CAST(:persons AS uuid[])) AND {which} ORDER BY {order} LIMIT :limit"""


def _objections(which: str, order: str) -> str:
    which = which.format(claim="x.claim_id", place="x.place", row="x.row", kind="x.kind")
    return f"""
    SELECT x.place, x.row, x.kind, x.claim_id FROM (
        SELECT b.id AS row, 'objection' AS kind, b.claim_id, (b.lodged_at AT TIME ZONE 'Asia/Shanghai')::date AS place FROM objection b
        WHERE b.state = 'lodged' AND {_SCOPE.format("b.org_key")} AND (:head OR NOT b.late)) x JOIN claim c ON c.id = x.claim_id
    WHERE NOT {on_claimant_side(ACTOR)} AND {which} ORDER BY {order} LIMIT :limit"""


_PAPERS, _LATE_PAPERS, _MESSAGES, _OBJECTIONS = (_both(_papers(False)), _both(_papers(True)), _both(_messages), _both(_objections))
