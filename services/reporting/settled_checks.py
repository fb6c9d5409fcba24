"""The promises of a settlement's money, each one query that names what breaks it: line by line, to the fen.

What a settlement found due is what its payments say, what the bank was told, what it credited. Names are the run's number and the
line's, as the bank's file has them; of a line in no run its settlement and person.
"""

from __future__ import annotations

from services.lifecycle.facts import RUN_DIGEST
from services.lifecycle.persons import makers

_NAMED = "coalesce(n.run_no || '-' || lpad(p.line::text, 5, '0'), format('%s年%s季度结算 会员 %s', s.year, s.quarter, p.person_id))"
_LINES = "settlement_payment p JOIN settlement s ON s.id = p.settlement_id LEFT JOIN payment_run n ON n.id = p.run_id"
_SAID = """
    said AS (
        SELECT l.settlement_payment_id AS id, l.attempt, count(*) FILTER (WHERE l.kind = 'sent') AS sendings,
               sum(l.amount_fen) FILTER (WHERE l.kind = 'sent') AS sent, count(*) FILTER (WHERE l.kind = 'credit') AS credits,
               sum(l.amount_fen) FILTER (WHERE l.kind = 'credit') AS credited, count(*) FILTER (WHERE l.kind = 'return') AS returns,
               max(l.serial) FILTER (WHERE l.kind = 'credit') AS serial, max(l.bank_time) FILTER (WHERE l.kind = 'credit') AS at
        FROM bank_line l WHERE l.settlement_payment_id IS NOT NULL AND l.fault IS NULL GROUP BY 1, 2)"""

ONCE = f"""
    WITH {_SAID},
    every AS (SELECT id, sum(credits) AS credits, sum(returns) AS returns, max(sendings) AS sendings FROM said GROUP BY id)
    SELECT {_NAMED}, format('到账 %s 次而退汇 %s 次，同一次付款最多发送 %s 遍', e.credits, e.returns, e.sendings)
    FROM every e JOIN {_LINES} ON p.id = e.id WHERE e.credits > 1 + e.returns OR e.sendings > 1 ORDER BY 1"""

EQUAL = f"""
    WITH {_SAID},
    due AS (SELECT settlement_id, part, person_id, sum(due_fen) AS fen FROM settlement_line GROUP BY 1, 2, 3)
    SELECT {_NAMED}, format('应付 %s 分，付款记录 %s 分', coalesce(d.fen, 0), p.amount_fen) FROM {_LINES}
    LEFT JOIN due d ON d.settlement_id = p.settlement_id AND d.part = p.part AND d.person_id = p.person_id
    WHERE p.amount_fen IS DISTINCT FROM d.fen
    UNION ALL
    SELECT format('%s年%s季度结算 会员 %s', s.year, s.quarter, d.person_id), format('应付 %s 分，没有付款记录', d.fen)
    FROM due d JOIN settlement s ON s.id = d.settlement_id WHERE d.fen > 0 AND s.state = 'settled' AND NOT EXISTS (
        SELECT 1 FROM settlement_payment p WHERE p.settlement_id = d.settlement_id AND p.part = d.part AND p.person_id = d.person_id)
    UNION ALL
    SELECT {_NAMED}, format('%s：付款 %s 分，发送 %s 分，到账 %s 分', CASE p.state WHEN 'sent' THEN '已发送' WHEN 'credited' THEN '已到账'
        WHEN 'returned' THEN '已退汇' ELSE '未发送' END, p.amount_fen, coalesce(b.sent, 0), coalesce(b.credited, 0))
    FROM {_LINES} LEFT JOIN said b ON b.id = p.id AND b.attempt = p.attempt
    WHERE CASE WHEN p.state IN ('planned', 'batched', 'cancelled') THEN b.id IS NOT NULL
        WHEN p.state = 'sent' THEN (b.sent, b.credits, b.returns) IS DISTINCT FROM (p.amount_fen::numeric, 0::bigint, 0::bigint)
        WHEN p.state = 'returned' THEN b.sent IS DISTINCT FROM p.amount_fen OR coalesce(b.returns, 0) <> 1
        ELSE (b.sent, b.credited, b.serial, b.at) IS DISTINCT FROM (p.amount_fen::numeric, p.amount_fen::numeric, p.serial, p.credited_at)
            OR b.returns > 0 END
    UNION ALL
    SELECT n.run_no, format('封存 %s 笔 %s 分，送银行 %s 笔 %s 分', n.count, n.total_fen, coalesce(l.count, 0), coalesce(l.fen, 0))
    FROM payment_run n LEFT JOIN (SELECT run_id, count(*) AS count, sum(amount_fen) AS fen FROM bank_line WHERE kind = 'sent'
        AND settlement_payment_id IS NOT NULL GROUP BY run_id) l ON l.run_id = n.id
    WHERE n.settlement_id IS NOT NULL AND n.state IN ('sent', 'reconciled') AND (n.count, n.total_fen) IS DISTINCT FROM (l.count, l.fen)
    UNION ALL
    SELECT n.run_no, '放行后的款项与封存摘要不符' FROM payment_run n
    WHERE n.settlement_id IS NOT NULL AND n.state IN ('released', 'sent', 'reconciled')
    AND n.count = (SELECT count(*) FROM settlement_payment p WHERE p.run_id = n.id) AND n.digest IS DISTINCT FROM {RUN_DIGEST}
    UNION ALL
    -- The record, which nobody can write anew, says what was submitted.
    SELECT n.run_no, format('放行时 %s 笔 %s 分，摘要 %s，记录为 %s 笔 %s 分，摘要 %s', n.count, n.total_fen,
        left(n.digest, 8), a.count, a.fen, left(a.digest, 8))
    FROM payment_run n CROSS JOIN LATERAL (
        SELECT (a.record->'details'->>'count')::bigint AS count, (a.record->'details'->>'fen')::bigint AS fen,
               a.record->'details'->>'digest' AS digest FROM audit_record a
        WHERE a.chain_id = n.id AND a.machine = 'payment_run' AND a.event = 'seal' ORDER BY a.seq DESC LIMIT 1) a
    WHERE n.settlement_id IS NOT NULL AND n.state IN ('released', 'sent', 'reconciled')
    AND (n.count, n.total_fen, n.digest) IS DISTINCT FROM (a.count, a.fen, a.digest)
    ORDER BY 1, 2"""

WHOLE = f"""
    SELECT {_NAMED}, '所属的批次、账户或会员不存在，或不是这次结算、这位会员的' FROM {_LINES} LEFT JOIN person q ON q.id = p.person_id
    LEFT JOIN bank_card b ON b.id = p.card_id
    WHERE s.state = 'settled' AND (q.id IS NULL
        OR (p.run_id IS NOT NULL AND (n.id IS NULL OR n.settlement_id IS DISTINCT FROM p.settlement_id))
        OR (p.card_id IS NOT NULL AND (b.id IS NULL OR b.person_id NOT IN (q.id, coalesce(q.merged_into, q.id))))
        OR (p.state = 'batched' AND n.state NOT IN ('draft', 'submitted', 'released'))
        OR (p.state IN ('sent', 'credited', 'returned') AND n.state NOT IN ('sent', 'reconciled')))
    UNION ALL
    SELECT coalesce(n.run_no, l.reference), format('银行记录 %s 没有对应的款项', l.reference) FROM bank_line l
    LEFT JOIN payment_run n ON n.id = l.run_id WHERE l.settlement_payment_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM settlement_payment p WHERE p.id = l.settlement_payment_id)
    ORDER BY 1, 2"""

APART = f"""
    WITH acted AS (
        SELECT n.id, n.run_no, '制单' AS step, unnest({makers("n")}) AS person FROM payment_run n WHERE n.settlement_id IS NOT NULL
        UNION SELECT n.id, n.run_no, '复核放行', unnest(ARRAY(SELECT t.for_person FROM stood_in t WHERE t.subject_id = n.id
            AND t.by_person = n.checked_person) || n.checked_person) FROM payment_run n
            WHERE n.settlement_id IS NOT NULL AND n.checked_person IS NOT NULL)
    SELECT a.run_no, '同一人制单和复核放行' FROM acted a JOIN acted b ON b.id = a.id AND b.person = a.person AND b.step > a.step
    UNION ALL
    SELECT a.run_no, '领款人本人或其家属办理：' || a.step FROM (
        SELECT DISTINCT a.id, a.run_no, a.step, k.person FROM acted a CROSS JOIN LATERAL (SELECT a.person AS person
            UNION SELECT t.person_id FROM family_tie t WHERE t.relative_id = a.person) k) a
    JOIN bank_line l ON l.run_id = a.id AND l.kind = 'sent' JOIN settlement_payment p ON p.id = l.settlement_payment_id
    AND p.person_id = a.person ORDER BY 1, 2"""
