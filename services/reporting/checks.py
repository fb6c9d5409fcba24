"""Invariants that must always hold, each one query that names what breaks it: `huzhu check`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa
from sqlmodel import Session

from services.core.money import to_fen
from services.engine.ceiling import ceiling
from services.ledger import closing, proofs
from services.reporting import settled_checks
from services.reporting.recorded import unreachable
from services.rulebook.registry import version


@dataclass(frozen=True, slots=True)
class Breach:
    """One broken promise. `what` names the row in words an office can look up."""

    check: str
    claim_no: str
    what: str


@dataclass(frozen=True, slots=True)
class Check:
    """A promise and how to find what breaks it."""

    code: str
    promise: str
    find: Callable[[Session], Iterable[tuple[str, str]]]


def _sql(statement: str) -> Callable[[Session], Iterable[tuple[str, str]]]:
    def find(session: Session) -> Iterable[tuple[str, str]]:
        return [(str(row[0]), str(row[1])) for row in session.execute(sa.text(statement))]
    return find


_NO_CLOCK = """
    SELECT c.claim_no, '状态 ' || c.state || '，没有任何在走的时限、未送达文书或待办' FROM claim c
    WHERE c.state NOT IN ('closed', 'cancelled')
    AND NOT EXISTS (SELECT 1 FROM sla_clock k WHERE k.claim_id = c.id AND k.state <> 'stopped')
    AND NOT EXISTS (SELECT 1 FROM notice n WHERE n.claim_id = c.id AND n.state IN ('drafted', 'issued', 'dispatched'))
    AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.claim_id = c.id)
    ORDER BY 1"""

# An heir may be paid in parts what a round gives: what came back from a former payee falls to her as well. Twice is what is more than
# her share of all that the claim gives, to which what of an advance is asked back belongs; a fen is rounding.
_PAID_TWICE = """
    SELECT c.claim_no, '同一领款人同一事项到账' || t.times || '次，共' || g.fen || '分，应得' || s.fen || '分'
    FROM (SELECT p.claim_id, p.person_id, count(*) AS times FROM payment p WHERE p.state = 'credited'
        GROUP BY p.claim_id, p.round, p.person_id, p.purpose HAVING count(*) > 1) t
    JOIN claim c ON c.id = t.claim_id JOIN person q ON q.id = t.person_id
    CROSS JOIN LATERAL (SELECT sum(p.amount_fen) AS fen FROM payment p
        WHERE p.claim_id = c.id AND p.person_id = t.person_id AND p.state = 'credited') g
    CROSS JOIN LATERAL (SELECT ceil(coalesce((SELECT sum(y.share_num::numeric / y.share_den) FROM payee y
            JOIN person k ON k.id = y.person_id WHERE y.claim_id = c.id AND y.active
            AND coalesce(k.merged_into, k.id) = coalesce(q.merged_into, q.id)), 1)
        * ((SELECT coalesce(sum(d.amount_fen), 0) FROM decision d WHERE d.claim_id = c.id)
           - (SELECT coalesce(sum(r.lapsed_fen), 0) FROM reopening r WHERE r.claim_id = c.id)
           + (SELECT coalesce(sum(v.amount_fen), 0) FROM receivable v WHERE v.claim_id = c.id AND v.why = 'advance')))::bigint AS fen) s
    WHERE g.fen > s.fen + 1
    UNION ALL
    SELECT c.claim_no, '一笔付款有' || count(*) || '条到账记录而只有' || min(r.returns) || '条退汇'
    FROM bank_line l JOIN payment p ON p.id = l.payment_id JOIN claim c ON c.id = p.claim_id
    CROSS JOIN LATERAL (SELECT count(*) AS returns FROM bank_line b WHERE b.payment_id = p.id AND b.kind = 'return'
                        AND b.fault IS NULL) r
    WHERE l.kind = 'credit' AND l.fault IS NULL GROUP BY c.claim_no, p.id HAVING count(*) > 1 + min(r.returns)
    UNION ALL
    SELECT c.claim_no, '第' || l.attempt || '次付款发送了' || count(*) || '遍'
    FROM bank_line l JOIN payment p ON p.id = l.payment_id JOIN claim c ON c.id = p.claim_id
    WHERE l.kind = 'sent' GROUP BY c.claim_no, p.id, l.attempt HAVING count(*) > 1
    ORDER BY 1"""

# For every claim that counts as paid: decided = planned = what the bank (or the insurer) credited, less what of an advance is
# asked back; and for every
# payment in or past `sent`: the line that went out carries its amount.
_MONEY = """
    WITH decided AS (    -- what lapsed unpaid when a claim was reopened was decided anew
        SELECT d.claim_id, sum(d.amount_fen) - (SELECT coalesce(sum(q.lapsed_fen), 0) FROM reopening q WHERE q.claim_id = d.claim_id)
            AS fen FROM decision d GROUP BY d.claim_id),
    lines AS (
        SELECT payment_id, attempt, sum(amount_fen) FILTER (WHERE kind = 'sent') AS sent,
               sum(amount_fen) FILTER (WHERE kind = 'credit' AND fault IS NULL) AS credited
        FROM bank_line WHERE payment_id IS NOT NULL GROUP BY payment_id, attempt),
    back AS (SELECT claim_id, sum(amount_fen) AS fen FROM receivable WHERE why = 'advance' GROUP BY claim_id),
    paid AS (
        SELECT p.claim_id, sum(p.amount_fen) FILTER (WHERE p.state <> 'cancelled') AS planned,
               sum(p.amount_fen) FILTER (WHERE p.state <> 'cancelled' AND p.purpose <> 'advance') AS after,
               sum(CASE p.channel WHEN 'insurer' THEN p.amount_fen ELSE l.sent END) FILTER (WHERE p.state = 'credited') AS sent,
               sum(l.credited) FILTER (WHERE p.state = 'credited') AS credited
        FROM payment p LEFT JOIN lines l ON l.payment_id = p.id AND l.attempt = p.attempt GROUP BY p.claim_id),
    money AS (
        SELECT c.claim_no, c.state, d.fen AS told, coalesce(d.fen, 0) AS decided, coalesce(p.planned, 0) - coalesce(b.fen, 0) AS planned,
               coalesce(p.after, 0) AS after, coalesce(p.sent, 0) - coalesce(b.fen, 0) AS sent,
               coalesce(p.credited, 0) - coalesce(b.fen, 0) AS credited
        FROM claim c LEFT JOIN decided d ON d.claim_id = c.id LEFT JOIN paid p ON p.claim_id = c.id
        LEFT JOIN back b ON b.claim_id = c.id)
    SELECT claim_no, format('决定 %s 分，发送 %s 分，到账 %s 分', decided, sent, credited) FROM money
    WHERE state = 'paid' AND NOT (decided = sent AND sent = credited)
    UNION ALL
    SELECT claim_no, format('决定 %s 分，应付 %s 分', decided, planned) FROM money WHERE planned <> 0 AND decided <> planned
    AND NOT (after = 0 AND planned > 0 AND planned < coalesce(told, planned + 1))    -- so far only paid ahead
    UNION ALL
    SELECT c.claim_no, format('付款 %s 分，发送 %s 分', p.amount_fen, l.amount_fen)
    FROM payment p JOIN claim c ON c.id = p.claim_id
    JOIN bank_line l ON l.payment_id = p.id AND l.attempt = p.attempt AND l.kind = 'sent'
    WHERE l.amount_fen <> p.amount_fen
    ORDER BY 1"""

# Everybody who takes a deciding step in a round: verifier, reviewing levels, maker and checker of the payment's runs, also of the
# run of an attempt that came back: the payment itself then names its present run alone.
_STEPS = """
    WITH carried AS (
        SELECT p.claim_id, p.round, p.run_id FROM payment p WHERE p.state NOT IN ('planned', 'cancelled')
        UNION ALL
        SELECT p.claim_id, p.round, l.run_id FROM payment p JOIN bank_line l ON l.payment_id = p.id AND l.kind = 'sent'
            AND l.attempt < p.attempt WHERE p.attempt > 1 AND p.state <> 'cancelled'),
    steps AS (
        SELECT c.id, c.round, c.verified_person AS person, '核验' AS step FROM claim c WHERE c.verified_person IS NOT NULL
            AND c.route = 'office'
        UNION ALL
        SELECT r.claim_id, r.round, r.done_person, r.name FROM review_step r WHERE r.act = 'review'
            AND r.state IN ('passed', 'refused') AND r.done_person IS NOT NULL
        UNION ALL
        SELECT DISTINCT p.claim_id, p.round, n.made_person, '制单' FROM carried p JOIN payment_run n ON n.id = p.run_id
        UNION ALL
        SELECT DISTINCT p.claim_id, p.round, n.checked_person, '复核放行' FROM carried p JOIN payment_run n ON n.id = p.run_id
            WHERE n.checked_person IS NOT NULL),
    side AS (
        SELECT c.id, c.person_id AS person FROM claim c
        UNION SELECT y.claim_id, y.person_id FROM payee y WHERE y.active
        UNION SELECT c.id, t.relative_id FROM claim c JOIN family_tie t ON t.person_id = c.person_id
        UNION SELECT y.claim_id, t.relative_id FROM payee y JOIN family_tie t ON t.person_id = y.person_id WHERE y.active)"""

_SEPARATION = _STEPS + """
    SELECT c.claim_no, '同一人办理：' || string_agg(DISTINCT s.step, '、') FROM steps s JOIN claim c ON c.id = s.id
    GROUP BY c.claim_no, s.id, s.round, s.person HAVING count(*) > 1
    UNION ALL
    SELECT c.claim_no, '申请人、领款人或其家属办理：' || s.step FROM steps s JOIN side ON side.id = s.id
    AND side.person = s.person JOIN claim c ON c.id = s.id
    ORDER BY 1"""

# Who stands at a level or decision is who the record (which nobody can write anew) says, also after two records of one
# person were merged.
_PERSONS = """
    WITH said AS (SELECT a.chain_id, a.machine, a.subject_id, a.event, unnest(ARRAY[p.id, p.merged_into]) AS person_id
        FROM audit_record a JOIN person p ON p.id = a.person_id
        WHERE (a.machine, a.event) IN (('review_step', 'pass'), ('review_step', 'refuse'), ('claim', 'approve'), ('claim', 'refuse')))
    SELECT c.claim_no, '“' || s.name || '”的办理人与记录不符' FROM review_step s JOIN claim c ON c.id = s.claim_id
    WHERE s.state IN ('passed', 'refused') AND NOT EXISTS (SELECT 1 FROM said a WHERE a.chain_id = s.claim_id
        AND a.machine = 'review_step' AND a.subject_id = s.id AND a.person_id = s.done_person)
    UNION ALL
    SELECT c.claim_no, '第' || d.round || '轮决定的决定人与记录不符' FROM decision d JOIN claim c ON c.id = d.claim_id
    WHERE d.source = 'office' AND NOT EXISTS (SELECT 1 FROM said a WHERE a.chain_id = d.claim_id AND a.machine = 'claim'
        AND a.person_id = d.decided_person)
    ORDER BY 1, 2"""

_RESERVED = """
    SELECT v.certificate_no, v.plan, v.plan_from, v.shares, r.benefit, sum(r.amount_fen)::bigint AS fen,
           min(c.claim_no) AS claim_no
    FROM reservation r JOIN cover v ON v.id = r.cover_id JOIN claim c ON c.id = r.claim_id
    WHERE r.state <> 'released' GROUP BY v.id, r.benefit ORDER BY 1, 5"""


def _over_cap(session: Session) -> Iterable[tuple[str, str]]:
    """Per cover and benefit: reserved and paid together stay under the rule-book's cap."""
    for row in session.execute(sa.text(_RESERVED)):
        cap = ceiling(version(row.plan, row.plan_from), row.benefit, Decimal(row.shares))
        if cap is not None and row.fen > to_fen(cap):
            yield row.claim_no, f"凭证 {row.certificate_no} 的 {row.benefit} 已占用 {row.fen} 分，上限 {to_fen(cap)} 分"


_STUCK = """
    SELECT coalesce(c.claim_no, o.id::text), o.topic || ' 已失败' || o.tries || '次：' || left(coalesce(o.fault, ''), 120)
    FROM outbox o LEFT JOIN claim c ON c.id = o.claim_id WHERE o.tries >= 5 ORDER BY 1"""

_NUMBERS = """
    SELECT s.series || s.year, '文号有缺号或重号：发出 ' || count(n.id) || '，编到 ' || s.last FROM number_series s
    LEFT JOIN notice n ON n.series = s.series AND n.year = s.year
    WHERE s.series IN (SELECT letter_series FROM organisation) GROUP BY s.series, s.year, s.last
    HAVING count(n.id) <> s.last OR max(n.serial) <> s.last ORDER BY 1"""

# A day is proven the morning after, or made up for within MISSED days; before the first of those made up for, days stay unproven.
MISSED = 31
_PROOFS = f"""
    SELECT p.office, format('%s 至 %s 没有每日资金核对报告', p.before + 1, p.day - 1) FROM (
        SELECT office, day, made_at, lag(day) OVER (PARTITION BY org_key ORDER BY day) AS before FROM money_proof) p
    WHERE p.day > p.before + 1 AND (p.made_at AT TIME ZONE 'Asia/Shanghai')::date - p.day < {MISSED} ORDER BY 1, 2"""

CHECKS = (
    Check("clock_or_end", "每件未结案件都有时限、文书或待办在推动", _sql(_NO_CLOCK)),
    Check("paid_once", "任何一笔不重复支付", _sql(_PAID_TWICE)),
    Check("money_equal", "决定 = 发送 = 到账，逐人逐分", _sql(_MONEY)),
    Check("separation", "任何人不办理同一案件的两个决定环节，也不办理自己和家属的案件", _sql(_SEPARATION)),
    Check("persons_recorded", "审核和决定的办理人与记录一致", _sql(_PERSONS)),
    Check("within_cap", "占用与已付之和不超过上限", _over_cap),
    Check("state_recorded", "状态与记录一致，且每一步都被允许", unreachable),
    Check("premium_in_ledger", "收付相抵 = 分户账，逐计划、逐份保障、逐分；每笔借贷相等", _sql(proofs.FUNDS)),
    Check("claims_in_ledger", "决定 = 分户账 = 银行回单，逐案、逐笔、逐分", _sql(proofs.CLAIMS)),
    Check("closed_stays", "结账后的月份与结账时逐科目相等", closing.changed),
    Check("settled_once", "结算的款项逐人只付一次", _sql(settled_checks.ONCE)),
    Check("settled_equal", "结算应付 = 付款 = 发送 = 到账，逐人逐分；批次与封存时一致", _sql(settled_checks.EQUAL)),
    Check("settled_whole", "结算的每笔款项都有其会员、账户和批次", _sql(settled_checks.WHOLE)),
    Check("settled_apart", "结算批次的制单与复核放行分开，也不付给本人和家属", _sql(settled_checks.APART)),
    Check("proofs_whole", "每日资金核对报告一日不缺", _sql(_PROOFS)),
    Check("numbers_whole", "文号不缺不重", _sql(_NUMBERS)),
    Check("work_flows", "没有反复失败的待办", _sql(_STUCK)),
)


# Every check looks at whole tables once: what it gathers should fit into memory for an office of some hundred thousand claims.
_MEMORY = sa.text("SET LOCAL work_mem = '128MB'")


def run(session: Session, tell: Callable[[Check], None] = lambda _: None) -> list[Breach]:
    """All checks; an empty list means that every promise holds. `tell` hears of each check before it is made."""
    session.execute(_MEMORY)
    found = []
    for check in CHECKS:
        tell(check)
        found += [Breach(check.code, claim_no, what) for claim_no, what in check.find(session)]
    return found
