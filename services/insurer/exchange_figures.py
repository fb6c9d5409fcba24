"""The figures of a period, each list one statement; what they mean is said in `exchange_facts`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from services.core.clock import at_hour
from services.core.errors import InputError
from services.insurer.exchange_facts import (
    AGES,
    Act,
    Claims,
    Contents,
    Covers,
    Differing,
    Duty,
    Missed,
    Open,
    Reserved,
    insurers,
)
from services.insurer.reserves import reserves

# side, what, clause, the clocks that count it
CLOCKED: tuple[tuple[str, str, str, str], ...] = (
    ("insurer", "pay", "第十五条", "insurer_pay"), ("insurer", "assess", "保险法第二十三条", "assessment"),
    ("insurer", "advance", "保险法第二十五条", "advance"), ("union", "first_notice", "第十四条", "first_notice"),
    ("union", "answer", "第十四条", "supplement"), ("union", "refusal_letter", "保险法第二十四条", "refusal_letter"))
# What both enter as done, and its clause; the lecture is missed when a year ends without one.
ENTERED: tuple[tuple[str, str, str], ...] = (
    ("insurer", "summary", "第十三条"), ("insurer", "meeting", "第十六条"), ("insurer", "notice", "第十六条"),
    ("insurer", "lecture", "第十七条"), ("insurer", "team", "第十八条"))

# A cover taken back ended before it began: it never was one.
_COVERS = sa.text("""
    WITH v AS (SELECT v.*, least(v.until, coalesce(v.ended_on, v.until)) AS last_day FROM cover v
               WHERE v.plan = ANY(CAST(:plans AS text[])) AND coalesce(v.ended_on, v.until) >= v.effective),
    money AS (SELECT plan, sum(amount_fen) FILTER (WHERE kind = 'received') AS received, sum(amount_fen) FILTER (WHERE kind = 'returned')
              AS returned FROM premium_voucher WHERE dated_on BETWEEN :first AND :last GROUP BY plan)
    SELECT p.plan, count(v.id) FILTER (WHERE v.effective <= :last AND v.last_day >= :last) AS in_force,
           count(v.id) FILTER (WHERE v.effective BETWEEN :first AND :last) AS begun,
           count(v.id) FILTER (WHERE v.last_day BETWEEN :first AND :last) AS ended,
           coalesce(sum(v.premium_fen) FILTER (WHERE v.effective BETWEEN :first AND :last), 0)::bigint AS premium_fen,
           coalesce(min(m.received), 0)::bigint AS received_fen, coalesce(min(m.returned), 0)::bigint AS returned_fen
    FROM unnest(CAST(:plans AS text[])) AS p(plan) LEFT JOIN v ON v.plan = p.plan LEFT JOIN money m ON m.plan = p.plan
    GROUP BY p.plan ORDER BY p.plan""")

# Each thing that happened to an insured claim in the period, once, with its sum.
_CLAIMS = sa.text("""
    WITH c AS (SELECT id, claim_no, case_id, plan FROM claim WHERE route = 'insurer' AND plan = ANY(CAST(:plans AS text[]))),
    did AS (
        SELECT c.plan, 'reported' AS what, 0::bigint AS fen FROM c JOIN case_file k ON k.id = c.case_id
            WHERE k.reported_on BETWEEN :first AND :last
        UNION ALL SELECT c.plan, 'handed_over', 0 FROM c JOIN handoff h ON h.claim_id = c.id WHERE h.sent_at >= :start AND h.sent_at < :over
        UNION ALL SELECT c.plan, m.kind, 0 FROM c JOIN insurer_message m ON m.claim_no = c.claim_no WHERE m.state = 'applied'
            AND m.kind IN ('question', 'reject', 'recalled') AND m.sent_at >= :start AND m.sent_at < :over
        UNION ALL SELECT c.plan, d.kind, d.amount_fen FROM c JOIN decision d ON d.claim_id = c.id WHERE d.source = 'insurer'
            AND d.at >= :start AND d.at < :over
        UNION ALL SELECT c.plan, 'credited', p.amount_fen FROM c JOIN payment p ON p.claim_id = c.id WHERE p.channel = 'insurer'
            AND p.state = 'credited' AND p.credited_at >= :start AND p.credited_at < :over)
    SELECT p.plan, d.what, count(d.what) AS n, coalesce(sum(d.fen), 0)::bigint AS fen
    FROM unnest(CAST(:plans AS text[])) AS p(plan) LEFT JOIN did d ON d.plan = p.plan GROUP BY 1, 2 ORDER BY 1, 2""")

# At the insurer when the period ended: sent, and neither settled nor given back by then, unless it was sent again since.
_OPEN = sa.text("""
    SELECT c.claim_no, c.plan, (h.sent_at AT TIME ZONE 'Asia/Shanghai')::date AS sent_on,
           (SELECT min(k.due_on) FROM sla_clock k WHERE k.claim_id = c.id AND k.round = h.round AND k.kind IN ('assessment', 'insurer_pay')
            AND k.start_on <= :last AND (k.stopped_on IS NULL OR k.stopped_on > :last)) AS due_on
    FROM handoff h JOIN claim c ON c.id = h.claim_id
    LEFT JOIN LATERAL (SELECT m.kind, m.received_at FROM insurer_message m WHERE m.claim_no = c.claim_no AND m.handoff_id = h.id
        AND m.state = 'applied' AND m.sent_at < :over ORDER BY m.seq DESC LIMIT 1) m ON true
    WHERE c.plan = ANY(CAST(:plans AS text[])) AND h.sent_at < :over AND coalesce(m.kind, '') NOT IN ('settle', 'recalled')
    AND (coalesce(m.kind, '') <> 'reject' OR EXISTS (SELECT 1 FROM audit_record a WHERE a.chain_id = c.id AND a.subject_id = h.id
        AND a.machine = 'handoff' AND a.event = 'send' AND a.at >= m.received_at AND a.at < :over))
    ORDER BY 3, 1""")

_DIFFERING = sa.text("""
    SELECT c.claim_no, d.liability, d.ours_fen, d.theirs_fen, (d.opened_at AT TIME ZONE 'Asia/Shanghai')::date AS opened_on,
           CASE WHEN d.closed_at < :over THEN d.result ELSE '' END AS ended
    FROM disagreement d JOIN claim c ON c.id = d.claim_id WHERE c.plan = ANY(CAST(:plans AS text[])) AND d.opened_at < :over
    AND (d.closed_at IS NULL OR d.closed_at >= :start) ORDER BY c.claim_no, d.round, d.liability""")

# A clock that ran out while it was paused is not late; nor one that stopped because nothing was owed any more.
_CLOCKS = """
    SELECT k.kind, c.claim_no, k.due_on, k.stopped_on, coalesce(k.kept AND k.stopped_on <= :last, false) AS kept,
           k.stopped_on IS NULL OR k.stopped_on > :last AS running
    FROM sla_clock k JOIN claim c ON c.id = k.claim_id WHERE c.route = 'insurer' AND c.plan = ANY(CAST(:plans AS text[]))
    AND k.kind = ANY(CAST(:kinds AS text[]))
    AND (k.kind <> 'supplement' OR EXISTS (SELECT 1 FROM supplement s WHERE s.id::text = k.subject AND s.source = 'insurer'))
    AND ((k.stopped_on BETWEEN :first AND :last AND k.kept IS NOT NULL)
         OR (k.due_on < :last AND k.start_on <= :last AND (k.stopped_on IS NULL OR k.stopped_on > :last)
             AND NOT EXISTS (SELECT 1 FROM jsonb_array_elements(k.pauses) p WHERE CAST(p ->> 0 AS date) <= :last
                             AND (p ->> 1 IS NULL OR CAST(p ->> 1 AS date) > :last))))"""
_COUNTED = sa.text(f"""
    SELECT kind, count(*) FILTER (WHERE kept) AS kept, count(*) FILTER (WHERE NOT kept AND NOT running) AS missed,
           count(*) FILTER (WHERE running) AS late FROM ({_CLOCKS}) k GROUP BY kind""")
_MISSED = sa.text(f"""
    SELECT kind, claim_no, due_on, CASE WHEN running THEN NULL ELSE stopped_on END AS done_on FROM ({_CLOCKS}) k
    WHERE running OR NOT kept ORDER BY kind, claim_no, due_on""")
_REPORTS = sa.text("""
    SELECT k.case_no, k.late, k.last_timely_day, k.reported_on FROM case_file k WHERE k.reported_on BETWEEN :first AND :last
    AND EXISTS (SELECT 1 FROM claim c WHERE c.case_id = k.id AND c.route = 'insurer' AND c.plan = ANY(CAST(:plans AS text[])))
    ORDER BY k.case_no""")
_BEGUN = sa.text("""
    SELECT count(*) FILTER (WHERE v.policy_no IS NOT NULL) AS with_policy, count(*) FILTER (WHERE v.policy_no IS NULL) AS without,
           count(*) FILTER (WHERE v.premium_fen = 0 OR e.fen <= 0) AS paid,
           count(*) FILTER (WHERE v.premium_fen > 0 AND coalesce(e.fen, 1) > 0) AS unpaid,
           (SELECT count(*) FROM roster_import r WHERE r.plan = ANY(CAST(:plans AS text[])) AND r.accepted > 0
            AND r.at >= :start AND r.at < :over) AS rosters
    FROM cover v LEFT JOIN LATERAL (SELECT sum(e.amount_fen) AS fen FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id
        WHERE e.cover_id = v.id AND e.account IN ('receivable', 'memo_receivable') AND t.booked_on <= :last) e ON true
    WHERE v.plan = ANY(CAST(:plans AS text[])) AND v.effective BETWEEN :first AND :last AND coalesce(v.ended_on, v.until) >= v.effective""")
_ACTS = sa.text("""
    SELECT a.code, a.held_on, a.note FROM cooperation_act a WHERE a.insurer = :insurer AND a.withdraws IS NULL
    AND a.held_on BETWEEN :first AND :last AND NOT EXISTS (SELECT 1 FROM cooperation_act w WHERE w.withdraws = a.id)
    ORDER BY a.held_on, a.code, a.note""")


def figures(session: Session, *, insurer: str, from_on: date, until_on: date) -> Contents:
    """The whole report from the present books. InputError for an insurer that carries no plan."""
    plans = insurers().get(insurer)
    if plans is None:
        raise InputError("unknown_insurer", f"没有由“{insurer}”承保的计划", remedy=f"可选：{'、'.join(insurers())}", field="insurer")
    asked = {"plans": list(plans), "first": from_on, "last": until_on, "start": at_hour(from_on, 0), "insurer": insurer,
             "over": at_hour(until_on + timedelta(days=1), 0), "kinds": [clock for *_, clock in CLOCKED]}
    session.flush()
    acts = tuple(Act(**row._mapping) for row in session.execute(_ACTS, asked))
    reports = session.execute(_REPORTS, asked).all()
    codes = {clock: code for _, code, _, clock in CLOCKED}
    missed = [Missed(code=codes[row.kind], claim_no=row.claim_no, due_on=row.due_on, done_on=row.done_on)
              for row in session.execute(_MISSED, asked)]
    missed += [Missed(code="report", claim_no=row.case_no, due_on=row.last_timely_day, done_on=row.reported_on)
               for row in reports if row.late]
    late = sum(1 for row in reports if row.late)
    return Contents(
        insurer=insurer, from_on=from_on, until_on=until_on, acts=acts, missed=tuple(missed),
        covers=tuple(Covers(**row._mapping) for row in session.execute(_COVERS, asked)),
        claims=_claims(session.execute(_CLAIMS, asked).all()),
        open=tuple(_open(row, until_on) for row in session.execute(_OPEN, asked)),
        differing=tuple(Differing(**row._mapping) for row in session.execute(_DIFFERING, asked)),
        duties=(*_clocked(session, asked), *_begun(session, asked),
                Duty(side="union", code="report", clause="第十四条", kept=len(reports) - late, missed=late, late=0),
                *_entered(session, asked, acts, insurer)),
        reserves=tuple(Reserved(**asdict(one)) for one in reserves(session, on=until_on, plans=plans)))


def _claims(rows: Sequence[sa.Row[tuple[object, ...]]]) -> tuple[Claims, ...]:
    counted: dict[str, dict[str, int]] = {}
    for row in rows:
        plan = counted.setdefault(row.plan, {})
        plan[row.what or ""] = row.n
        plan["fen"] = plan.get("fen", 0) + (row.fen if row.what in ("pay", "part", "refund", "nothing") else 0)
        plan["credited_fen"] = plan.get("credited_fen", 0) + (row.fen if row.what == "credited" else 0)
    return tuple(Claims(
        plan=plan, reported=found.get("reported", 0), handed_over=found.get("handed_over", 0), questioned=found.get("question", 0),
        rejected=found.get("reject", 0), recalled=found.get("recalled", 0), paid_out=found.get("pay", 0), part=found.get("part", 0),
        refund=found.get("refund", 0), nothing=found.get("nothing", 0), decided_fen=found["fen"], paid=found.get("credited", 0),
        paid_fen=found["credited_fen"]) for plan, found in counted.items())


def _open(row: sa.Row[tuple[object, ...]], until_on: date) -> Open:
    days = (until_on - row.sent_on).days
    band = next(name for name, most in AGES if days <= most)
    return Open(claim_no=row.claim_no, plan=row.plan, sent_on=row.sent_on, days=days, band=band, due_on=row.due_on)


def _clocked(session: Session, asked: dict[str, object]) -> Iterable[Duty]:
    counted = {row.kind: row for row in session.execute(_COUNTED, asked)}
    for side, code, clause, clock in CLOCKED:
        row = counted.get(clock)
        yield Duty(side=side, code=code, clause=clause, kept=row.kept if row else 0, missed=row.missed if row else 0,
                   late=row.late if row else 0)


def _begun(session: Session, asked: dict[str, object]) -> Iterable[Duty]:
    """What follows from the covers begun: policies by the insurer; rosters and premium by the union. No day is set for them."""
    row = session.execute(_BEGUN, asked).one()
    yield Duty(side="insurer", code="policies", clause="第十三条", kept=row.with_policy, missed=0, late=row.without)
    yield Duty(side="union", code="roster", clause="第十一条", kept=row.rosters, missed=0, late=0)
    yield Duty(side="union", code="premium", clause="第十二条", kept=row.paid, missed=0, late=row.unpaid)


def _entered(session: Session, asked: dict[str, object], acts: Sequence[Act], insurer: str) -> Iterable[Duty]:
    first, last = asked["first"], asked["last"]
    assert isinstance(first, date) and isinstance(last, date)
    for side, code, clause in ENTERED:
        missed = _years_without(session, first, last, insurer) if code == "lecture" else 0
        yield Duty(side=side, code=code, clause=clause, kept=sum(1 for act in acts if act.code == code), missed=missed, late=0)


def _years_without(session: Session, first: date, last: date, insurer: str) -> int:
    """Years that ended in the period without a lecture."""
    ended = [year for year in range(first.year, last.year + 1) if first <= date(year, 12, 31) <= last]
    if not ended:
        return 0
    rows = session.execute(_ACTS, {"insurer": insurer, "first": date(ended[0], 1, 1), "last": date(ended[-1], 12, 31)})
    held = {row.held_on.year for row in rows if row.code == "lecture"}
    return sum(1 for year in ended if year not in held)
