"""Proofs that name what breaks them: each booking balances, cash is what came in and went out, and the books of claims'
money are the decisions, the bank's lines and the receivables, row by row. Each: (number to look up, what differs).
"""

from __future__ import annotations

# Cash, plan by plan, against papers that are not the ledger's: the fund's beginning, vouchers, what was credited, what came
# back; what is in transit against the payments that the bank has not answered; each cover's premium; every booking itself.
FUNDS = """
    WITH moved AS (
        SELECT plan, opening_fen AS fen FROM fund
        UNION ALL SELECT plan, sum(CASE kind WHEN 'received' THEN amount_fen ELSE -amount_fen END) FROM premium_voucher GROUP BY plan
        UNION ALL SELECT c.plan, -sum(p.amount_fen) FROM payment p JOIN claim c ON c.id = p.claim_id
            WHERE p.state = 'credited' GROUP BY c.plan
        UNION ALL SELECT s.plan, -sum(p.amount_fen) FROM settlement_payment p JOIN settlement s ON s.id = p.settlement_id
            WHERE p.state = 'credited' GROUP BY s.plan
        UNION ALL SELECT c.plan, sum(v.received_fen) FROM receivable v JOIN claim c ON c.id = v.claim_id GROUP BY c.plan
        UNION ALL SELECT plan, -sum(our_fen) FROM window_day WHERE state = 'paid' GROUP BY plan),
    papers AS (SELECT plan, sum(fen) AS fen FROM moved GROUP BY plan),
    booked AS (SELECT t.plan, coalesce(sum(e.amount_fen) FILTER (WHERE e.account IN ('cash', 'memo_cash')), 0) AS cash,
                      -coalesce(sum(e.amount_fen) FILTER (WHERE e.account IN ('in_transit', 'memo_in_transit')), 0) AS transit
               FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id
               WHERE e.account IN ('cash', 'memo_cash', 'in_transit', 'memo_in_transit') GROUP BY t.plan),
    transit AS (SELECT plan, sum(fen) AS fen FROM (
        SELECT c.plan, p.amount_fen AS fen FROM payment p JOIN claim c ON c.id = p.claim_id WHERE p.state = 'sent'
        UNION ALL SELECT s.plan, p.amount_fen FROM settlement_payment p JOIN settlement s ON s.id = p.settlement_id
            WHERE p.state = 'sent') w GROUP BY plan),
    asked AS (SELECT e.cover_id, sum(e.amount_fen) AS fen FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id
              WHERE e.cover_id IS NOT NULL AND t.kind IN ('due', 'reduced') GROUP BY e.cover_id)
    SELECT coalesce(papers.plan, booked.plan),
           format('收付相抵 %s 分，分户账 %s 分', coalesce(papers.fen, 0), coalesce(booked.cash, 0))
    FROM papers FULL JOIN booked ON booked.plan = papers.plan
    WHERE coalesce(papers.fen, 0) <> coalesce(booked.cash, 0)
    UNION ALL
    SELECT coalesce(transit.plan, booked.plan),
           format('已发送未到账 %s 分，分户账在途 %s 分', coalesce(transit.fen, 0), coalesce(booked.transit, 0))
    FROM transit FULL JOIN booked ON booked.plan = transit.plan
    WHERE coalesce(transit.fen, 0) <> coalesce(booked.transit, 0)
    UNION ALL
    SELECT v.certificate_no, format('应缴 %s 分，分户账 %s 分', v.premium_fen, coalesce(asked.fen, 0))
    FROM cover v LEFT JOIN asked ON asked.cover_id = v.id WHERE v.premium_fen <> coalesce(asked.fen, 0)
    UNION ALL
    SELECT t.id::text, format('借贷相差 %s 分', coalesce(e.fen, 0))
    FROM ledger_transaction t LEFT JOIN (SELECT transaction_id, sum(amount_fen) AS fen FROM ledger_entry GROUP BY 1) e
    ON e.transaction_id = t.id WHERE e.fen IS DISTINCT FROM 0 ORDER BY 1, 2"""

# Source by source: a decision, a line of the bank, a receivable without its booking, or booked otherwise; a booking without
# its source. And claim by claim: never more sent or taken off than was decided or paid ahead.
CLAIMS = """
    WITH lines AS (
        SELECT l.kind, l.payment_id, l.attempt, l.amount_fen, p.claim_id, p.channel FROM bank_line l JOIN payment p ON p.id = l.payment_id
        WHERE l.fault IS NULL),
    facts AS (
        SELECT id AS source, claim_id, 'decided' AS step, 0 AS attempt, 'payable' AS account, -amount_fen AS fen FROM decision
            WHERE amount_fen > 0
        UNION ALL SELECT id, claim_id, 'lapsed', 0, 'payable', lapsed_fen FROM reopening WHERE lapsed_fen > 0 AND confirmed_at IS NOT NULL
        UNION ALL SELECT payment_id, claim_id, 'sent', attempt, 'payable', sum(amount_fen) FROM lines
            WHERE kind = 'sent' OR (kind = 'credit' AND channel = 'insurer') GROUP BY 1, 2, 4
        UNION ALL SELECT payment_id, claim_id, 'credited', attempt, 'in_transit', sum(amount_fen) FROM lines
            WHERE kind = 'credit' GROUP BY 1, 2, 4
        UNION ALL SELECT payment_id, claim_id, 'bounced', attempt, 'payable', -sum(amount_fen) FROM lines
            WHERE kind = 'return' GROUP BY 1, 2, 4
        UNION ALL SELECT id, claim_id, 'advanced', 0, 'payable', -amount_fen FROM payment
            WHERE purpose = 'advance' AND (state <> 'cancelled' OR EXISTS (SELECT 1 FROM decision d JOIN ledger_entry e
                ON e.source_id = d.id AND e.step = 'deducted' WHERE d.claim_id = payment.claim_id))
        UNION ALL SELECT id, claim_id, 'owed', 0, 'recoverable', amount_fen FROM receivable
        UNION ALL SELECT id, claim_id, 'recovered', 0, 'recoverable', -received_fen FROM receivable WHERE received_fen > 0
        UNION ALL SELECT id, claim_id, 'written_off', 0, 'recoverable', received_fen - amount_fen FROM receivable
            WHERE state = 'written_off' AND received_fen < amount_fen
        -- A hospital window's: by version of a bill, and by day paid.
        UNION ALL SELECT id, NULL, CASE WHEN change_fen > 0 THEN 'decided' ELSE 'lapsed' END, 0, 'payable', -change_fen
            FROM window_version WHERE change_fen <> 0
        UNION ALL SELECT id, NULL, 'credited', 0, 'payable', our_fen FROM window_day WHERE state = 'paid'
        -- A settlement's: by partition, by line given up for good, and by run over all its files.
        UNION ALL SELECT id, NULL, 'decided', 0, 'payable', -due_fen FROM settlement_part WHERE due_fen > 0
        UNION ALL SELECT id, NULL, 'lapsed', 0, 'payable', amount_fen FROM settlement_payment WHERE state = 'cancelled'
        UNION ALL SELECT run_id, NULL, CASE kind WHEN 'sent' THEN 'sent' WHEN 'credit' THEN 'credited' ELSE 'bounced' END, 0,
            CASE kind WHEN 'credit' THEN 'in_transit' ELSE 'payable' END, sum(CASE kind WHEN 'return' THEN -amount_fen ELSE amount_fen END)
            FROM bank_line WHERE settlement_payment_id IS NOT NULL AND fault IS NULL GROUP BY run_id, kind),
    booked AS (
        SELECT source_id AS source, step, CASE WHEN step IN ('recovered', 'lapsed') OR EXISTS (SELECT 1 FROM payment_run n
                   WHERE n.id = source_id) THEN 0 ELSE attempt END AS attempt,
               string_agg(DISTINCT replace(account, 'memo_', ''), ' ') AS account, sum(amount_fen) AS fen
        FROM ledger_entry WHERE source_id IS NOT NULL AND step NOT IN ('fund', 'deducted', 'dropped')
        AND NOT (step = 'advanced' AND EXISTS (
            SELECT 1 FROM ledger_entry x WHERE x.source_id = ledger_entry.source_id AND x.step = 'dropped'))
        GROUP BY 1, 2, 3),
    owing AS (
        SELECT coalesce(d.claim_id, q.claim_id, p.claim_id) AS claim_id, sum(e.amount_fen) AS fen
        FROM ledger_entry e LEFT JOIN decision d ON d.id = e.source_id
        LEFT JOIN reopening q ON q.id = e.source_id LEFT JOIN payment p ON p.id = e.source_id
        WHERE e.account IN ('payable', 'memo_payable') AND e.source_id IS NOT NULL GROUP BY 1)
    SELECT coalesce(c.claim_no, n.run_no, b.source::text, f.source::text),
        format('%s：依据 %s 分，分户账 %s 分', CASE coalesce(f.step, b.step)
        WHEN 'decided' THEN '核定' WHEN 'lapsed' THEN '重审失效' WHEN 'sent' THEN '发送' WHEN 'credited' THEN '到账'
        WHEN 'bounced' THEN '退汇' WHEN 'advanced' THEN '先予支付' WHEN 'owed' THEN '应返还' WHEN 'recovered' THEN '返还'
        ELSE '免予返还' END, abs(coalesce(f.fen, 0)), abs(coalesce(b.fen, 0)))
    FROM facts f FULL JOIN booked b ON b.source = f.source AND b.step = f.step AND b.attempt = f.attempt AND b.account = f.account
    LEFT JOIN claim c ON c.id = f.claim_id LEFT JOIN payment_run n ON n.id = coalesce(f.source, b.source) WHERE f.fen IS DISTINCT FROM b.fen
    UNION ALL
    SELECT c.claim_no, format('分户账多付 %s 分', o.fen)
    FROM owing o JOIN claim c ON c.id = o.claim_id WHERE o.fen > 0 ORDER BY 1, 2"""
