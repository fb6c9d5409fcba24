"""Covers when two records of a person become one, and when they part again: what may not meet, what is joined, what stays open."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.core.clock import business_day
from services.core.errors import Conflict
from services.engine.ceiling import PREMIUM_REFUND
from services.enrolment.endorsing import Change, write
from services.lifecycle.facts import CLAIM, bound
from services.models import Person
from statemachines.words import state_words

JOINED = "人员记录合并，与上一期保障首尾相接：按续保，不重新计算观察期"
PARTED = "撤销人员记录合并，上一期保障不属此人：按中断后参保，重新计算观察期"

# A cover that was taken back before its first day covers no day and meets none.
_OVERLAPS = sa.text("""
    SELECT a.plan, a.certificate_no AS one, ao.name AS one_unit, b.certificate_no AS other, bo.name AS other_unit
    FROM cover a JOIN cover b ON b.plan = a.plan AND b.person_id = :kept
        AND a.effective <= coalesce(b.ended_on, b.until) AND b.effective <= coalesce(a.ended_on, a.until)
        AND a.effective <= coalesce(a.ended_on, a.until) AND b.effective <= coalesce(b.ended_on, b.until)
    JOIN organisation ao ON ao.id = a.org_id JOIN organisation bo ON bo.id = b.org_id
    WHERE a.person_id = :dropped ORDER BY a.plan, a.effective""")
# One record's cover follows the other record's to the day (`cover_standing` says so of one person's, when it is enrolled).
_FOLLOWS = """FROM cover w WHERE v.person_id IN (:one, :other) AND w.person_id IN (:one, :other) AND w.person_id <> v.person_id
    AND w.plan = v.plan AND w.until = v.effective - 1 AND coalesce(w.ended_on, w.until) = w.until
    AND coalesce(v.ended_on, v.until) >= v.effective"""
# Not after a premium given back, nor where money placed on it came only after it had begun (`premium.receive`): a booking
# without a slip of its own, on a roster's day, used what the last slip before it brought.
_JOIN = sa.text(f"""
    UPDATE cover v SET renewal = true {_FOLLOWS} AND NOT v.renewal AND NOT EXISTS (
        SELECT 1 FROM reservation r WHERE r.cover_id = w.id AND r.benefit = :refund AND r.state IN ('reserved', 'paid'))
    AND NOT EXISTS (
        SELECT 1 FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id
        WHERE e.cover_id = v.id AND t.kind = 'allocated' AND v.effective <= CASE WHEN t.voucher_id IS NOT NULL THEN t.booked_on ELSE (
            SELECT max(s.dated_on) FROM premium_voucher s WHERE s.kind = 'received' AND s.plan = t.plan AND s.org_key = t.org_key
            AND s.at <= t.at) END)
    RETURNING v.id""").bindparams(refund=PREMIUM_REFUND)
_PART = sa.text(f"UPDATE cover v SET renewal = false {_FOLLOWS} AND v.renewal RETURNING v.id")


def require_no_overlap(session: Session, kept: Person, dropped: Person) -> None:
    """Conflict `covers_overlap` names each pair of covers of one plan that share a day."""
    met = session.execute(_OVERLAPS, {"kept": kept.id, "dropped": dropped.id}).all()
    if met:
        words = "；".join(f"{row.plan}：{row.one}（{row.one_unit}）与 {row.other}（{row.other_unit}）" for row in met)
        raise Conflict("covers_overlap", f"{dropped.name}的两条记录有重叠的保障：{words}", remedy="先终止或退回其中一份保障，再合并")


def join(session: Session, one: uuid.UUID, other: uuid.UUID, *, actor: Actor, now: datetime) -> None:
    """Before two records become one: a cover that follows the other record's, paid in time, is a renewal."""
    _turn(session, _JOIN, JOINED, one, other, actor, now)


def part(session: Session, one: uuid.UUID, other: uuid.UUID, *, actor: Actor, now: datetime) -> None:
    """After the records are two again: what was a renewal only of the other's cover is one no longer."""
    _turn(session, _PART, PARTED, one, other, actor, now)


def _turn(session: Session, statement: sa.TextClause, words: str, one: uuid.UUID, other: uuid.UUID, actor: Actor,
          now: datetime) -> None:
    turned = session.execute(statement, {"one": one, "other": other}).scalars().all()
    write(session, turned, Change("change", business_day(now), words), actor=actor, now=now)


_OF_SINCE = """c.person_id = :kept AND c.cover_id IN (SELECT unnest(CAST(:covers AS uuid[])))
    AND c.id NOT IN (SELECT unnest(CAST(:moved AS uuid[])))"""
# Past the limitation nothing is taken up again (claim.reopen, claim.resume): what such a claim was paid stays as it is.
_SINCE = sa.text(bound(f"""
    SELECT c.claim_no, c.state, CASE WHEN c.state = 'with_insurer' THEN 'insurer'
        WHEN d.given AND d.paid > d.back THEN 'paid' WHEN c.state IN ('reported', 'supplementing', 'verified', 'in_review') THEN 'open'
        WHEN c.outcome = 'not_pursued' THEN 'lapsed' ELSE 'decided' END AS way
    FROM claim c CROSS JOIN LATERAL (
        SELECT EXISTS (SELECT 1 FROM decision x WHERE x.claim_id = c.id AND x.amount_fen > 0) AS given,
            (SELECT coalesce(sum(p.amount_fen), 0) FROM payment p WHERE p.claim_id = c.id
                AND p.state IN ('released', 'sent', 'credited')) AS paid,
            (SELECT coalesce(sum(r.amount_fen), 0) FROM receivable r WHERE r.claim_id = c.id) AS back) d
    WHERE {_OF_SINCE} AND c.state <> 'cancelled'
        AND (c.state NOT IN ('refused', 'paid', 'closed') OR {CLAIM["within_limitation"]})
    ORDER BY c.claim_no"""))
_WAYS = {
    "open": "尚在办理的，撤回或作废",
    "insurer": "在保险公司的，请其退回后撤回或作废",
    "lapsed": "因未补正结案的，恢复办理后撤回或作废",
    "decided": "已决定的，由两人更正，进入新一轮后作废",
    "paid": "已付款的，由两人更正，新一轮决定不予给付并登记应返还款，再次更正后作废；已付款而不能更正的，申领时效届满后再撤销合并",
}
# What a claim that never should have been took of a cover is its own member's again.
_FREE = sa.text(f"""
    UPDATE reservation r SET state = 'released' FROM claim c WHERE c.id = r.claim_id AND {_OF_SINCE}
    AND c.state = 'cancelled' AND r.state <> 'released'""")


def require_none_since(session: Session, kept: uuid.UUID, covers: Sequence[uuid.UUID], claims: Sequence[uuid.UUID], *,
                       now: datetime) -> None:
    """Before `covers` go back to the other record, with the `claims` that had come with them.

    Conflict `split_claims_since`: claims were made on them since. Left with the kept record they would spend a stranger's
    cover, which neither their decision would lock nor its limits see; what cancelled ones had taken is free.
    """
    of = {"kept": kept, "covers": list(covers), "moved": list(claims)}
    found = session.execute(_SINCE, of | {"today": business_day(now)}).all()
    if found:
        words = "、".join(f"{row.claim_no}（{state_words('claim', row.state)}）" for row in found)
        ways = [text for way, text in _WAYS.items() if way in {row.way for row in found}]
        raise Conflict("split_claims_since", f"合并后，随记录转来的保障上又有案件：{words}", remedy="；".join([*ways, "然后撤销合并"]))
    session.execute(_FREE, of)
