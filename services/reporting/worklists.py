"""What waits for somebody, of every kind, in one list by its day: levels to certify or review, papers to verify, messages to
answer, objections to take up, further lists to agree to, lists that reached nobody, files late at the insurer, amounts on which it
and we differ.

Each kind is asked apart for the first few of its order (day, id) and the answers are merged, so that a page costs the same
behind any number of claims. Separation of persons is asked of one level after the other until a page is full.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import OFFICE, REVIEWERS, Actor, Role
from services.core.errors import InputError
from services.evidence.further import SENIORS
from services.insurer.ageing import unheard_on
from services.lifecycle.facts import ACTOR, barred, bound, on_claimant_side
from services.reporting.handoffs import CLOCKS
from services.review.reopening import MAY_REOPEN

PAGE = 50
MOST = 100                          # counted up to here: "99+"
SOON = timedelta(days=2)
UNREAD = timedelta(days=3)          # a letter on the portal that nobody opened is handed over by the clerk
CERTIFY, REVIEW, VERIFY, ANSWER, OBJECTION, FURTHER, DELIVER, HANDOFF, DIFFER = KINDS = (
    "certify", "review", "verify", "answer", "objection", "further", "deliver", "handoff", "differ")
DUES = ("late", "soon", "later")
_STAFF = (Role.UNIT_CLERK, *sorted(REVIEWERS))


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for; empty asks for everything. `number`: how the claim's number begins; `level`: the level's role."""

    plan: str = ""
    due: str = ""
    level: str = ""
    number: str = ""


@dataclass(frozen=True, slots=True)
class Key:
    """One task in the list's order. `id` is the level, the claim or the objection."""

    place: date
    id: uuid.UUID
    kind: str
    claim_id: uuid.UUID

    @property
    def cursor(self) -> str:
        """Place in the list, for the next page."""
        return f"{self.place.isoformat()}/{self.id}/{self.kind}"


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of tasks. `counts`: how many of each kind wait, at most `MOST`; empty on later pages. `after`: there is more."""

    keys: tuple[Key, ...]
    counts: dict[str, int]
    after: str


# A place without a day comes last; a message waits since its day.
_LAST = "DATE '9999-12-31'"
_FILTER = """
    AND (:plan = '' OR c.plan = :plan) AND (:number = '' OR (c.claim_no COLLATE "C" >= :number AND c.claim_no COLLATE "C" < :number_end))"""
_SPAN = """
    AND {place} >= CAST(:first AS date) AND {place} <= CAST(:last AS date)
    AND ({place}, {row}, {kind} COLLATE "C") > (CAST(:due AS date), CAST(:after AS uuid), CAST(:kind AS text))"""


def _span(place: str, row: str, kind: str) -> str:
    return _FILTER + _SPAN.format(place=place, row=row, kind=kind)


_DAY = f"coalesce(k.due_on, {_LAST})"
_OPEN_LEVEL = """s.state = 'open' AND c.state = 'in_review' AND s.role = ANY(CAST(:roles AS text[])) AND s.duty_key >= :low
    AND s.duty_key < :high AND (s.taken_by IS NULL OR s.taken_by = ANY(ARRAY(
        SELECT t.id FROM account t WHERE t.id = :account OR t.person_id = ANY(CAST(:persons AS uuid[])))))"""
_ROW = "s.id AS step_id, s.claim_id, c.person_id, c.round, s.act, s.decides"


def _apart(levels: str, reach: str = "OFFSET 0") -> sa.TextClause:
    """Of these levels in their order, those from which separation does not keep the actor, until the page is full."""
    return sa.text(bound(f"""
        SELECT x.place, x.step_id, x.act, x.claim_id FROM ({levels} ORDER BY place, step_id {reach}) x
        CROSS JOIN LATERAL (SELECT x.claim_id AS id, x.person_id, x.round) c
        CROSS JOIN LATERAL (SELECT x.step_id AS id, x.act, x.decides) s
        WHERE NOT {barred("s", ACTOR)} ORDER BY x.place, x.step_id LIMIT :limit"""))


_STEPS = _apart(f"""
    SELECT {_ROW}, {_DAY} AS place FROM review_step s JOIN claim c ON c.id = s.claim_id AND c.round = s.round
    LEFT JOIN sla_clock k ON k.claim_id = c.id AND k.round = s.round AND k.kind = 'level' AND k.subject = s.id::text
    WHERE {_OPEN_LEVEL} {_span(_DAY, "s.id", "s.act")}""")
# For somebody with very many: along the clocks, day after day, and no further than a page needs. `IS TRUE` keeps the own levels a table
# looked up in memory, OFFSET 0 the joins in this order; the limit lets the planner begin at the first day. Clocks and own levels
# are read in their indexes alone.
_OWN_LEVELS = """
    SELECT r.id::text FROM review_step r WHERE r.state = 'open' AND r.role = ANY(CAST(:roles AS text[]))
    AND r.duty_key >= :low AND r.duty_key < :high"""
_STEPS_BY_DAY = _apart(f"""
    SELECT {_ROW}, k.due_on AS place FROM (SELECT k.due_on, k.subject, k.round FROM sla_clock k WHERE k.kind = 'level'
        AND k.state = 'running' AND (k.subject IN ({_OWN_LEVELS})) IS TRUE
        AND k.due_on >= CAST(:first AS date) AND k.due_on <= CAST(:last AS date) ORDER BY k.due_on OFFSET 0) k
    CROSS JOIN LATERAL (SELECT * FROM review_step r WHERE r.id = CAST(k.subject AS uuid) AND r.round = k.round OFFSET 0) s
    CROSS JOIN LATERAL (SELECT * FROM claim r WHERE r.id = s.claim_id AND r.round = s.round OFFSET 0) c
    WHERE {_OPEN_LEVEL} {_span("k.due_on", "s.id", "s.act")}""", "LIMIT 2 * :limit")
_MANY = 300
_HOW_MANY = sa.text("""
    SELECT count(*) FROM (SELECT 1 FROM review_step s WHERE s.state = 'open' AND s.role = ANY(CAST(:roles AS text[]))
        AND s.duty_key >= :low AND s.duty_key < :high LIMIT :many) x""")
_HANDED_IN = f"""
    EXISTS (SELECT 1 FROM paper p WHERE p.claim_id = x.id AND p.verdict <> 'rejected') AND NOT {on_claimant_side(ACTOR)}
    ORDER BY x.place, x.id LIMIT :limit"""
# A clerk verifies the own unit's claims; the district also what no clerk is there for, or what a clerk left beyond its day.
_PAPERS = sa.text(bound(f"""
    SELECT x.place, x.id, 'verify', x.id FROM (
        SELECT c.id, c.person_id, c.org_key, {_DAY} AS place FROM claim c
        LEFT JOIN sla_clock k ON k.claim_id = c.id AND k.round = c.round AND k.kind = 'verification' AND k.subject = ''
        WHERE c.state = 'reported' AND c.org_key >= :low AND c.org_key < :high {_span(_DAY, "c.id", "'verify'")}
        ORDER BY place, c.id OFFSET 0) x
    CROSS JOIN LATERAL (SELECT x.id, x.person_id) c
    WHERE (:clerk OR x.place < CAST(:today AS date) OR NOT EXISTS (SELECT 1 FROM account a JOIN role_grant g ON g.account_id = a.id
           WHERE a.org_key = x.org_key AND a.active AND g.role = 'unit_clerk')) AND {_HANDED_IN}"""))
# The office: what is beyond its day, found along the clocks.
_LATE_PAPERS = sa.text(bound(f"""
    SELECT x.place, x.id, 'verify', x.id FROM (
        SELECT c.id, c.person_id, k.due_on AS place FROM sla_clock k
        CROSS JOIN LATERAL (SELECT * FROM claim r WHERE r.id = k.claim_id AND r.round = k.round OFFSET 0) c
        WHERE k.kind = 'verification' AND k.state = 'running' AND k.due_on < CAST(:today AS date) AND c.state = 'reported'
          AND c.org_key >= :low AND c.org_key < :high {_span("k.due_on", "c.id", "'verify'")} ORDER BY place, c.id OFFSET 0) x
    CROSS JOIN LATERAL (SELECT x.id, x.person_id) c WHERE {_HANDED_IN}"""))
_MESSAGES = sa.text(f"""
    SELECT m.place, m.claim_id, 'answer', m.claim_id FROM (
        SELECT w.claim_id, min((w.at AT TIME ZONE 'Asia/Shanghai')::date) AS place FROM claim_message w
        LEFT JOIN message_mark r ON r.claim_id = w.claim_id AND r.side = 'office'
        WHERE w.side = 'member' AND NOT w.internal AND w.at > coalesce(r.read_until, '-infinity')
          AND w.org_key >= :low AND w.org_key < :high
        GROUP BY w.claim_id) m JOIN claim c ON c.id = m.claim_id
    WHERE c.person_id <> ALL(CAST(:persons AS uuid[])) {_span("m.place", "m.claim_id", "'answer'")}
    ORDER BY m.place, m.claim_id LIMIT :limit""")
_OBJECTIONS = sa.text(bound(f"""
    SELECT (b.lodged_at AT TIME ZONE 'Asia/Shanghai')::date, b.id, 'objection', b.claim_id
    FROM objection b JOIN claim c ON c.id = b.claim_id
    WHERE b.state = 'lodged' AND b.org_key >= :low AND b.org_key < :high AND (:head OR NOT b.late) AND NOT {on_claimant_side(ACTOR)}
      {_span("(b.lodged_at AT TIME ZONE 'Asia/Shanghai')::date", "b.id", "'objection'")} ORDER BY 1, b.id LIMIT :limit"""))
# A further supplement list that somebody prepared: a senior agrees or declines.
_FURTHER = sa.text(bound(f"""
    SELECT (f.prepared_at AT TIME ZONE 'Asia/Shanghai')::date, f.id, 'further', f.claim_id FROM further_list f
    JOIN claim c ON c.id = f.claim_id AND c.round = f.round AND c.state IN ('reported', 'verified', 'in_review')
    WHERE f.outcome IS NULL AND f.org_key >= :low AND f.org_key < :high AND NOT {on_claimant_side(ACTOR)}
      {_span("(f.prepared_at AT TIME ZONE 'Asia/Shanghai')::date", "f.id", "'further'")} ORDER BY 1, f.id LIMIT :limit"""))
# A list or its reminder that lies unread: until it is handed over neither an answer nor a lapse can come.
_UNREAD = sa.text(f"""
    SELECT (n.dispatched_at AT TIME ZONE 'Asia/Shanghai')::date, n.id, 'deliver', n.claim_id FROM claim c
    JOIN notice n ON n.claim_id = c.id AND n.state = 'dispatched' AND n.code IN ('supplement', 'reminder')
    WHERE c.state = 'supplementing' AND c.org_key >= :low AND c.org_key < :high
      AND (n.dispatched_at AT TIME ZONE 'Asia/Shanghai')::date <= CAST(:unread AS date)
      {_span("(n.dispatched_at AT TIME ZONE 'Asia/Shanghai')::date", "n.id", "'deliver'")} ORDER BY 1, n.id LIMIT :limit""")
# A file at the insurer is its owner's to follow, else the whole office's; an owner whose account was closed is none.
_OWNER = """LEFT JOIN LATERAL (SELECT o.owner FROM handoff_owner o WHERE o.handoff_id = h.id ORDER BY o.at DESC, o.id DESC LIMIT 1) w
        ON true LEFT JOIN account a ON a.id = w.owner AND a.active"""
_FOLLOWS = "(a.id IS NULL OR a.id = :account OR a.person_id = ANY(CAST(:persons AS uuid[])))"
_OF_INSURER = "h.state NOT IN ('settled', 'recalled') AND h.org_key >= :low AND h.org_key < :high"
# Past a day of the insurer's, by that day; or sent and never confirmed, by the day of sending.
_HANDOFFS = sa.text(bound(f"""
    SELECT x.place, x.id, 'handoff', x.claim_id FROM (
        SELECT h.id, h.claim_id, min(k.due_on) AS place FROM sla_clock k
        JOIN handoff h ON h.claim_id = k.claim_id AND h.round = k.round AND h.state <> 'sent'
        WHERE k.kind IN {CLOCKS} AND k.state = 'running' AND k.due_on < CAST(:today AS date) AND {_OF_INSURER} GROUP BY h.id, h.claim_id
        UNION ALL SELECT h.id, h.claim_id, (h.sent_at AT TIME ZONE 'Asia/Shanghai')::date FROM handoff h
        WHERE h.state = 'sent' AND (h.sent_at AT TIME ZONE 'Asia/Shanghai')::date <= CAST(:unheard AS date) AND {_OF_INSURER}) x
    JOIN handoff h ON h.id = x.id JOIN claim c ON c.id = x.claim_id AND c.round = h.round {_OWNER}
    WHERE {_FOLLOWS} AND NOT {on_claimant_side(ACTOR)} {_span("x.place", "x.id", "'handoff'")} ORDER BY x.place, x.id LIMIT :limit"""))
# An amount on which the two differ: whoever follows the file says what becomes of it, a senior who did not say so agrees. One that
# was insisted on waits for the insurer, unless the claim has been given up meanwhile.
_DIFFERENCES = sa.text(bound(f"""
    SELECT x.place, c.id, 'differ', c.id FROM (
        SELECT d.claim_id, min(d.due_on) AS place FROM disagreement d JOIN handoff h ON h.id = d.handoff_id
        JOIN claim e ON e.id = d.claim_id LEFT JOIN reopening q ON q.id = d.reopening_id {_OWNER}
        WHERE d.closed_at IS NULL AND d.org_key >= :low AND d.org_key < :high AND CASE
            WHEN d.asked IS NULL OR q.withdrawn_at IS NOT NULL OR (q.confirmed_at IS NOT NULL AND e.state = 'cancelled') THEN {_FOLLOWS}
            WHEN q.confirmed_at IS NOT NULL THEN false
            ELSE :senior AND d.asked_person <> ALL(CAST(:persons AS uuid[])) END
        GROUP BY d.claim_id) x
    JOIN claim c ON c.id = x.claim_id WHERE NOT {on_claimant_side(ACTOR)} {_span("x.place", "c.id", "'differ'")}
    ORDER BY x.place, c.id LIMIT :limit"""))

Asked = Callable[[Session], list[Key]]


def worklist(session: Session, actor: Actor, *, wish: Wish, what: str = "", after: str = "", today: date) -> Listed:
    """What the actor may do, most urgent first, a page of it; `what`: one of KINDS alone. InputError: a wrong cursor.

    Levels that a colleague has taken and claims from which separation keeps the actor are left out.
    """
    place, row, kind = _cursor(after)
    limit = MOST if not after else PAGE + 1
    values = {**_bounds(actor), **_days(wish, today), "plan": wish.plan, "number": wish.number, "number_end": wish.number + "\U0010ffff",
              "due": place, "after": row, "kind": kind, "today": today, "limit": limit,
              "unread": today - UNREAD, "unheard": unheard_on(today)}
    asked = [kind for kind in KINDS if not what or kind == what]
    found: list[Key] = []
    if not wish.level or wish.level in actor.roles:
        roles = [wish.level] if wish.level else sorted(actor.roles)
        found += _levels(session, {**values, "roles": roles, "account": actor.account_id})
    if not wish.level:
        found += _without_level(session, actor, wish, values)
    shown = sorted((key for key in found if key.kind in asked), key=lambda key: (key.place, key.id, key.kind))
    counts = {} if after else {kind: sum(key.kind == kind for key in found) for kind in KINDS}
    return Listed(tuple(shown[:PAGE]), counts, shown[PAGE - 1].cursor if len(shown) > PAGE else "")


def _levels(session: Session, values: dict[str, object]) -> list[Key]:
    """The first levels in order. Along the clocks when there are many; a page that this leaves short is asked for in full."""
    many = session.execute(_HOW_MANY, {**values, "many": _MANY}).scalar_one() == _MANY
    found = _ask(session, _STEPS_BY_DAY, values) if many else []
    return found if found and len(found) == values["limit"] else _ask(session, _STEPS, values)


def _without_level(session: Session, actor: Actor, wish: Wish, values: dict[str, object]) -> list[Key]:
    """What hangs on no level. Messages and objections have no day to keep: they are left out where a day is asked for."""
    found: list[Key] = []
    if actor.has(Role.UNIT_CLERK, Role.DISTRICT_REVIEWER):
        found += _ask(session, _PAPERS, {**values, "clerk": actor.has(Role.UNIT_CLERK)})
    elif actor.has(Role.OFFICE_REVIEWER):
        found += _ask(session, _LATE_PAPERS, values)
    if actor.has(*OFFICE):
        follows = {**values, "account": actor.account_id, "senior": actor.has(*MAY_REOPEN)}
        found += _ask(session, _HANDOFFS, follows) + _ask(session, _DIFFERENCES, follows)
    if wish.due:
        return found
    found += _ask(session, _MESSAGES, values)
    if actor.has(*MAY_REOPEN):
        found += _ask(session, _OBJECTIONS, {**values, "head": actor.has(Role.HEAD)})
    if actor.has(Role.UNIT_CLERK):
        found += _ask(session, _UNREAD, values)
    if actor.has(*SENIORS):
        found += _ask(session, _FURTHER, values)
    return found


def _ask(session: Session, query: sa.TextClause, values: dict[str, object]) -> list[Key]:
    return [Key(*row) for row in session.execute(query, values)]


def _bounds(actor: Actor) -> dict[str, object]:
    return {"low": actor.org_key, "high": actor.org_key.rstrip(".") + "/", "persons": list(actor.persons)}


def _days(wish: Wish, today: date) -> dict[str, object]:
    """From which day to which a task must be due."""
    day = timedelta(days=1)
    spans = {"late": (date.min, today - day), "soon": (today, today + SOON), "later": (today + SOON + day, date.max)}
    first, last = spans.get(wish.due, (date.min, date.max))
    return {"first": first, "last": last}


def _cursor(after: str) -> tuple[date, uuid.UUID, str]:
    if not after:
        return date.min, uuid.UUID(int=0), ""
    try:
        place, row, kind = after.split("/")
        return date.fromisoformat(place), uuid.UUID(row), kind
    except ValueError:
        raise InputError("cursor_wrong", "翻页位置不对", remedy="从第一页重新开始", field="after") from None
