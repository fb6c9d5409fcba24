"""The promise that every row stands where its record ends, and that every recorded step is one its machine permits.

One pass over the record in the order of its key: the steps of one chain lie together there, so that what came before a
step is found by sorting some thirty records at a time and never the whole record.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlmodel import Session

from services.lifecycle.queries import transitions

_RECORDED = sa.text("""
    WITH step AS (
        SELECT chain_id, machine, subject_id, event, record->>'from' AS source, record->>'to' AS target,
               lag(record->>'to') OVER subject AS before, lead(seq) OVER subject IS NULL AS last
        FROM audit_record WHERE record->>'to' IS NOT NULL WINDOW subject AS (PARTITION BY chain_id, machine, subject_id ORDER BY seq)),
    ended AS (
        SELECT chain_id, machine, subject_id, max(target) FILTER (WHERE last) AS state,
               array_agg(format('%s：%s --%s--> %s 不是允许的一步', machine, coalesce(source, '（新建）'), event, target)) FILTER (
                   WHERE source IS DISTINCT FROM before OR event <> 'create'
                   AND concat_ws(' ', machine, source, event, target) <> ALL(CAST(:allowed AS text[]))) AS faults
        FROM step GROUP BY chain_id, machine, subject_id),
    now AS (
        SELECT 'claim' AS machine, id, state FROM claim UNION ALL SELECT 'review_step', id, state FROM review_step
        UNION ALL SELECT 'handoff', id, state FROM handoff UNION ALL SELECT 'payment', id, state FROM payment
        UNION ALL SELECT 'payment_run', id, state FROM payment_run UNION ALL SELECT 'notice', id, state FROM notice
        UNION ALL SELECT 'supplement', id, state FROM supplement)
    SELECT coalesce(c.claim_no, n.id::text), format('%s 现为 %s，记录止于 %s', n.machine, n.state, coalesce(e.state, '无'))
    FROM now n LEFT JOIN ended e ON e.machine = n.machine AND e.subject_id = n.id LEFT JOIN claim c ON c.id = e.chain_id
    WHERE e.state IS DISTINCT FROM n.state
    UNION ALL
    SELECT coalesce(c.claim_no, e.subject_id::text), unnest(e.faults) FROM ended e LEFT JOIN claim c ON c.id = e.chain_id
    WHERE e.faults IS NOT NULL ORDER BY 1, 2""")


# The planner takes sorting the whole record at once for cheaper than walking it in the order of its key.
_IN_ORDER, _AS_EVER = sa.text("SET LOCAL enable_sort = off"), sa.text("SET LOCAL enable_sort = on")


def unreachable(session: Session) -> Iterable[tuple[str, str]]:
    """What breaks the promise: claim number (or the row's id) and how."""
    allowed = [" ".join(step) for step in transitions()]
    session.execute(_IN_ORDER)
    found = [(str(row[0]), str(row[1])) for row in session.execute(_RECORDED, {"allowed": allowed})]
    session.execute(_AS_EVER)
    return found
