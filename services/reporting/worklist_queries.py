"""What the worklist asks the tables, in each of its two orders: by the day, and the likeliest late first.

Both orders ask the same. By likelihood, what the forecast says of the task's promise (`claim_risk`, found by its key) stands
before the day; a task without a forecast comes last.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from services.lifecycle.facts import ACTOR, barred, bound, on_claimant_side
from services.reporting.forecast.queries import stands
from services.reporting.handoffs import CLOCKS

# A place without a day comes last; a message waits since its day.
_LAST = "DATE '9999-12-31'"
_FILTER = """
    AND (:plan = '' OR c.plan = :plan) AND (:number = '' OR (c.claim_no COLLATE "C" >= :number AND c.claim_no COLLATE "C" < :number_end))"""
_DAY = f"coalesce(k.due_on, {_LAST})"
_OPEN_LEVEL = """s.state = 'open' AND c.state = 'in_review' AND s.role = ANY(CAST(:roles AS text[])) AND s.duty_key >= :low
    AND s.duty_key < :high AND (s.taken_by IS NULL OR s.taken_by = ANY(ARRAY(
        SELECT t.id FROM account t WHERE t.id = :account OR t.person_id = ANY(CAST(:persons AS uuid[])))))"""
_ROW = "s.id AS step_id, s.claim_id, c.person_id, c.round, s.act, s.decides"
_OWN_LEVELS = """
    SELECT r.id::text FROM review_step r WHERE r.state = 'open' AND r.role = ANY(CAST(:roles AS text[]))
    AND r.duty_key >= :low AND r.duty_key < :high"""
# A file at the insurer is its owner's to follow, else the whole office's; an owner whose account was closed is none.
_OWNER = """LEFT JOIN LATERAL (SELECT o.owner FROM handoff_owner o WHERE o.handoff_id = h.id ORDER BY o.at DESC, o.id DESC LIMIT 1) w
        ON true LEFT JOIN account a ON a.id = w.owner AND a.active"""
_FOLLOWS = "(a.id IS NULL OR a.id = :account OR a.person_id = ANY(CAST(:persons AS uuid[])))"
_OF_INSURER = "h.state NOT IN ('settled', 'recalled') AND h.org_key >= :low AND h.org_key < :high"
HOW_MANY = sa.text("""
    SELECT count(*) FROM (SELECT 1 FROM review_step s WHERE s.state = 'open' AND s.role = ANY(CAST(:roles AS text[]))
        AND s.duty_key >= :low AND s.duty_key < :high LIMIT :many) x""")


def rank(promise: str) -> str:
    """Where the promise of claim `c` stands by likelihood, the likeliest first: an ascending number, in SQL; 1 without a forecast.

    What was said before the claim moved on is none: the page does not tell it either.
    """
    return f"""(-coalesce((SELECT f.rank FROM claim_risk f WHERE f.claim_id = c.id AND f.promise = '{promise}'
        AND {stands("f", "c")}), -1))"""


class _Order:
    """What one order adds to a question: to its columns, to its ORDER BY, and after which place a page begins."""

    def __init__(self, *, likeliest: bool) -> None:
        self.likeliest = likeliest
        self.by, self.by_x, self.x = ("rank, ", "x.rank, ", ", x.rank") if likeliest else ("", "", "")

    def also(self, promise: str = "pay") -> str:
        """The promise's rank as a column."""
        return f", {rank(promise)} AS rank" if self.likeliest else ""

    def span(self, place: str, row: str, kind: str, promise: str = "pay") -> str:
        """Only what the filters ask for, only what comes after the page before."""
        first, after = (f"{rank(promise)}, ", "CAST(:rank AS int), ") if self.likeliest else ("", "")
        return f"""{_FILTER}
    AND {place} >= CAST(:first AS date) AND {place} <= CAST(:last AS date)
    AND ({first}{place}, {row}, {kind} COLLATE "C") > ({after}CAST(:due AS date), CAST(:after AS uuid), CAST(:kind AS text))"""


@dataclass(frozen=True, slots=True)
class Queries:
    """Each gives (place, row, kind, claim), and the rank when the likeliest come first."""

    steps: sa.TextClause
    steps_by_day: sa.TextClause | None
    papers: sa.TextClause
    late_papers: sa.TextClause
    messages: sa.TextClause
    objections: sa.TextClause
    further: sa.TextClause
    unread: sa.TextClause
    handoffs: sa.TextClause
    differences: sa.TextClause


def _apart(o: _Order, levels: str, reach: str = "OFFSET 0") -> sa.TextClause:
    """Of these levels in their order, those from which separation does not keep the actor, until the page is full."""
    return sa.text(bound(f"""
        SELECT x.place, x.step_id, x.act, x.claim_id{o.x} FROM ({levels} ORDER BY {o.by}place, step_id {reach}) x
        CROSS JOIN LATERAL (SELECT x.claim_id AS id, x.person_id, x.round) c
        CROSS JOIN LATERAL (SELECT x.step_id AS id, x.act, x.decides) s
        WHERE NOT {barred("s", ACTOR)} ORDER BY {o.by_x}x.place, x.step_id LIMIT :limit"""))


def _steps(o: _Order) -> sa.TextClause:
    return _apart(o, f"""
    SELECT {_ROW}, {_DAY} AS place{o.also()} FROM review_step s JOIN claim c ON c.id = s.claim_id AND c.round = s.round
    LEFT JOIN sla_clock k ON k.claim_id = c.id AND k.round = s.round AND k.kind = 'level' AND k.subject = s.id::text
    WHERE {_OPEN_LEVEL} {o.span(_DAY, "s.id", "s.act")}""")


# For somebody with very many: along the clocks, day after day, and no further than a page needs. `IS TRUE` keeps the own levels a table
# looked up in memory, OFFSET 0 the joins in this order; the limit lets the planner begin at the first day. Clocks and own levels
# are read in their indexes alone.
def _steps_by_day(o: _Order) -> sa.TextClause:
    return _apart(o, f"""
    SELECT {_ROW}, k.due_on AS place FROM (SELECT k.due_on, k.subject, k.round FROM sla_clock k WHERE k.kind = 'level'
        AND k.state = 'running' AND (k.subject IN ({_OWN_LEVELS})) IS TRUE
        AND k.due_on >= CAST(:first AS date) AND k.due_on <= CAST(:last AS date) ORDER BY k.due_on OFFSET 0) k
    CROSS JOIN LATERAL (SELECT * FROM review_step r WHERE r.id = CAST(k.subject AS uuid) AND r.round = k.round OFFSET 0) s
    CROSS JOIN LATERAL (SELECT * FROM claim r WHERE r.id = s.claim_id AND r.round = s.round OFFSET 0) c
    WHERE {_OPEN_LEVEL} {o.span("k.due_on", "s.id", "s.act")}""", "LIMIT 2 * :limit")


def _handed_in(o: _Order) -> str:
    return f"""
    EXISTS (SELECT 1 FROM paper p WHERE p.claim_id = x.id AND p.verdict <> 'rejected') AND NOT {on_claimant_side(ACTOR)}
    ORDER BY {o.by_x}x.place, x.id LIMIT :limit"""


# A clerk verifies the own unit's claims; the district also what no clerk is there for, or what a clerk left beyond its day.
def _papers(o: _Order) -> sa.TextClause:
    return sa.text(bound(f"""
    SELECT x.place, x.id, 'verify', x.id{o.x} FROM (
        SELECT c.id, c.person_id, c.org_key, {_DAY} AS place{o.also("verification")} FROM claim c
        LEFT JOIN sla_clock k ON k.claim_id = c.id AND k.round = c.round AND k.kind = 'verification' AND k.subject = ''
        WHERE c.state = 'reported' AND c.org_key >= :low AND c.org_key < :high {o.span(_DAY, "c.id", "'verify'", "verification")}
        ORDER BY {o.by}place, c.id OFFSET 0) x
    CROSS JOIN LATERAL (SELECT x.id, x.person_id) c
    WHERE (:clerk OR x.place < CAST(:today AS date) OR NOT EXISTS (SELECT 1 FROM account a JOIN role_grant g ON g.account_id = a.id
           WHERE a.org_key = x.org_key AND a.active AND g.role = 'unit_clerk')) AND {_handed_in(o)}"""))


# The office: what is beyond its day, found along the clocks.
def _late_papers(o: _Order) -> sa.TextClause:
    return sa.text(bound(f"""
    SELECT x.place, x.id, 'verify', x.id{o.x} FROM (
        SELECT c.id, c.person_id, k.due_on AS place{o.also("verification")} FROM sla_clock k
        CROSS JOIN LATERAL (SELECT * FROM claim r WHERE r.id = k.claim_id AND r.round = k.round OFFSET 0) c
        WHERE k.kind = 'verification' AND k.state = 'running' AND k.due_on < CAST(:today AS date) AND c.state = 'reported'
          AND c.org_key >= :low AND c.org_key < :high {o.span("k.due_on", "c.id", "'verify'", "verification")}
        ORDER BY {o.by}place, c.id OFFSET 0) x
    CROSS JOIN LATERAL (SELECT x.id, x.person_id) c WHERE {_handed_in(o)}"""))


def _messages(o: _Order) -> sa.TextClause:
    return sa.text(f"""
    SELECT m.place, m.claim_id, 'answer', m.claim_id{o.also()} FROM (
        SELECT w.claim_id, min((w.at AT TIME ZONE 'Asia/Shanghai')::date) AS place FROM claim_message w
        LEFT JOIN message_mark r ON r.claim_id = w.claim_id AND r.side = 'office'
        WHERE w.side = 'member' AND NOT w.internal AND w.at > coalesce(r.read_until, '-infinity')
          AND w.org_key >= :low AND w.org_key < :high
        GROUP BY w.claim_id) m JOIN claim c ON c.id = m.claim_id
    WHERE c.person_id <> ALL(CAST(:persons AS uuid[])) {o.span("m.place", "m.claim_id", "'answer'")}
    ORDER BY {o.by}m.place, m.claim_id LIMIT :limit""")


def _objections(o: _Order) -> sa.TextClause:
    return sa.text(bound(f"""
    SELECT (b.lodged_at AT TIME ZONE 'Asia/Shanghai')::date, b.id, 'objection', b.claim_id{o.also()}
    FROM objection b JOIN claim c ON c.id = b.claim_id
    WHERE b.state = 'lodged' AND b.org_key >= :low AND b.org_key < :high AND (:head OR NOT b.late) AND NOT {on_claimant_side(ACTOR)}
      {o.span("(b.lodged_at AT TIME ZONE 'Asia/Shanghai')::date", "b.id", "'objection'")} ORDER BY {o.by}1, b.id LIMIT :limit"""))


# A further supplement list that somebody prepared: a senior agrees or declines.
def _further(o: _Order) -> sa.TextClause:
    return sa.text(bound(f"""
    SELECT (f.prepared_at AT TIME ZONE 'Asia/Shanghai')::date, f.id, 'further', f.claim_id{o.also()} FROM further_list f
    JOIN claim c ON c.id = f.claim_id AND c.round = f.round AND c.state IN ('reported', 'verified', 'in_review')
    WHERE f.outcome IS NULL AND f.org_key >= :low AND f.org_key < :high AND NOT {on_claimant_side(ACTOR)}
      {o.span("(f.prepared_at AT TIME ZONE 'Asia/Shanghai')::date", "f.id", "'further'")} ORDER BY {o.by}1, f.id LIMIT :limit"""))


# A list or its reminder that lies unread: until it is handed over neither an answer nor a lapse can come.
def _unread(o: _Order) -> sa.TextClause:
    return sa.text(f"""
    SELECT (n.dispatched_at AT TIME ZONE 'Asia/Shanghai')::date, n.id, 'deliver', n.claim_id{o.also()} FROM claim c
    JOIN notice n ON n.claim_id = c.id AND n.state = 'dispatched' AND n.code IN ('supplement', 'reminder')
    WHERE c.state = 'supplementing' AND c.org_key >= :low AND c.org_key < :high
      AND (n.dispatched_at AT TIME ZONE 'Asia/Shanghai')::date <= CAST(:unread AS date)
      {o.span("(n.dispatched_at AT TIME ZONE 'Asia/Shanghai')::date", "n.id", "'deliver'")} ORDER BY {o.by}1, n.id LIMIT :limit""")


# Past a day of the insurer's, by that day; or sent and never confirmed, by the day of sending.
def _handoffs(o: _Order) -> sa.TextClause:
    return sa.text(bound(f"""
    SELECT x.place, x.id, 'handoff', x.claim_id{o.also("insurer_pay")} FROM (
        SELECT h.id, h.claim_id, min(k.due_on) AS place FROM sla_clock k
        JOIN handoff h ON h.claim_id = k.claim_id AND h.round = k.round AND h.state <> 'sent'
        WHERE k.kind IN {CLOCKS} AND k.state = 'running' AND k.due_on < CAST(:today AS date) AND {_OF_INSURER} GROUP BY h.id, h.claim_id
        UNION ALL SELECT h.id, h.claim_id, (h.sent_at AT TIME ZONE 'Asia/Shanghai')::date FROM handoff h
        WHERE h.state = 'sent' AND (h.sent_at AT TIME ZONE 'Asia/Shanghai')::date <= CAST(:unheard AS date) AND {_OF_INSURER}) x
    JOIN handoff h ON h.id = x.id JOIN claim c ON c.id = x.claim_id AND c.round = h.round {_OWNER}
    WHERE {_FOLLOWS} AND NOT {on_claimant_side(ACTOR)} {o.span("x.place", "x.id", "'handoff'", "insurer_pay")}
    ORDER BY {o.by}x.place, x.id LIMIT :limit"""))


# An amount on which the two differ: whoever follows the file says what becomes of it, a senior who did not say so agrees. One that
# was insisted on waits for the insurer, unless the claim has been given up meanwhile.
def _differences(o: _Order) -> sa.TextClause:
    return sa.text(bound(f"""
    SELECT x.place, c.id, 'differ', c.id{o.also()} FROM (
        SELECT d.claim_id, min(d.due_on) AS place FROM disagreement d JOIN handoff h ON h.id = d.handoff_id
        JOIN claim e ON e.id = d.claim_id LEFT JOIN reopening q ON q.id = d.reopening_id {_OWNER}
        WHERE d.closed_at IS NULL AND d.org_key >= :low AND d.org_key < :high AND CASE
            WHEN d.asked IS NULL OR q.withdrawn_at IS NOT NULL OR (q.confirmed_at IS NOT NULL AND e.state = 'cancelled') THEN {_FOLLOWS}
            WHEN q.confirmed_at IS NOT NULL THEN false
            ELSE :senior AND d.asked_person <> ALL(CAST(:persons AS uuid[])) END
        GROUP BY d.claim_id) x
    JOIN claim c ON c.id = x.claim_id WHERE NOT {on_claimant_side(ACTOR)} {o.span("x.place", "c.id", "'differ'")}
    ORDER BY {o.by}x.place, c.id LIMIT :limit"""))


def _all(o: _Order) -> Queries:
    return Queries(_steps(o), None if o.likeliest else _steps_by_day(o), _papers(o), _late_papers(o), _messages(o), _objections(o),
                   _further(o), _unread(o), _handoffs(o), _differences(o))


BY_DAY, LIKELIEST = _all(_Order(likeliest=False)), _all(_Order(likeliest=True))
