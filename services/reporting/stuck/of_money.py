"""The insurer's answers and the bank's: what was not sent, not heard, not matched, not released."""

from __future__ import annotations

from services.reporting.stuck.condition import AGAIN, Condition

_NO_WORK = "NOT EXISTS (SELECT FROM outbox o WHERE o.subject_id = {row})"
# A run takes the payment's account or the payee's present one (services/payment/picking.py); without one no run ever notes why not.
_CARDS = "EXISTS (SELECT FROM bank_card b, payee y WHERE y.id = p.payee_id AND b.id IN (p.bank_card_id, y.bank_card_id)"
_PAYABLE = f"{_CARDS} AND (c.banks = '[]'::jsonb OR c.banks ? b.bank))"
_WHY_NOT = f"CASE WHEN {_CARDS}) THEN '领款账户的开户行不在本计划允许范围内' ELSE '没有领款账户' END"

# A line has no day of its own: it waits since its settlement ended, or since the run that it came back from was sent.
_SETTLED_WAITS = """
    SELECT w.plan || ' ' || w.year || 'Q' || w.quarter || ' ' || w.why, w.org_key, NULL::uuid, w.id, min(w.since),
           w.why || '：' || count(*) || ' 笔，共 ' || (sum(w.amount_fen) / 100)::numeric(18, 2) || ' 元'
    FROM (SELECT s.id, s.org_key, s.plan, s.year, s.quarter, p.amount_fen, coalesce(n.sent_at, s.ended_at) AS since,
              CASE WHEN d.died_on IS NOT NULL THEN '会员已去世' WHEN p.state = 'returned' THEN '被银行退回'
                   WHEN p.card_id IS NULL THEN '没有账户' ELSE '没有列入批次' END AS why
          FROM settlement_payment p JOIN settlement s ON s.id = p.settlement_id AND s.state = 'settled'
          JOIN person q ON q.id = p.person_id JOIN person d ON d.id = coalesce(q.merged_into, q.id)
          LEFT JOIN payment_run n ON n.id = p.run_id WHERE p.waiting) w
    WHERE w.since < :now - interval '5 days' GROUP BY w.id, w.org_key, w.plan, w.year, w.quarter, w.why"""

CONDITIONS = (
    Condition("handoff_unsent", "案卷已组好，没有送保险公司，也没有后台工作", AGAIN, f"""
        SELECT c.claim_no, h.org_key, h.claim_id, h.id, c.updated_at, '第 ' || h.round || ' 轮案卷没有送出'
        FROM handoff h JOIN claim c ON c.id = h.claim_id
        WHERE h.state = 'prepared' AND h.package = 1 AND c.updated_at < :now - interval '1 hour' AND NOT c.held
        AND {_NO_WORK.format(row="h.id")} AND NOT EXISTS (SELECT FROM outbox o WHERE o.claim_id = h.claim_id)""",
              topic="handoff.create"),
    Condition("handoff_unheard", "案卷送出三天，保险公司没有回执",
              "打电话给保险公司经办；需要时在 /handoffs 重送（同一案卷，不会重复立案）", """
        SELECT c.claim_no, h.org_key, h.claim_id, h.id, h.sent_at, '送出后没有收到报案号'
        FROM handoff h JOIN claim c ON c.id = h.claim_id WHERE h.state = 'sent' AND h.sent_at < :now - interval '3 days'"""),
    Condition("message_unapplied", "保险公司的来文一天以上没有办成",
              "看来文的原因；前一条来文缺失时先“收取回文”：huzhu stuck owe timetable.collect", """
        SELECT m.message_id, m.org_key, h.claim_id, h.id, m.received_at,
               m.claim_no || ' 的来文（' || m.kind || '）没有办成：' || left(coalesce(m.fault, '来得太早'), 200)
        FROM insurer_message m LEFT JOIN handoff h ON h.id = m.handoff_id
        WHERE m.state = 'waiting' AND m.received_at < :now - interval '1 day'"""),
    Condition("run_unreleased", "付款批次提交三天，没有人复核放行", "由复核人打开 /runs/{subject} 放行或退回", """
        SELECT r.run_no, r.org_key, NULL::uuid, r.id, r.made_at, r.count || ' 笔，制单后没有复核'
        FROM payment_run r WHERE r.state = 'submitted' AND r.made_at < :now - interval '3 days'"""),
    Condition("run_unwritten", "付款批次已放行，没有生成银行文件，也没有后台工作", AGAIN, f"""
        SELECT r.run_no, r.org_key, NULL::uuid, r.id, r.released_at, r.count || ' 笔已放行，没有生成银行文件'
        FROM payment_run r WHERE r.state = 'released' AND r.released_at < :now - interval '1 hour'
        AND {_NO_WORK.format(row="r.id")}""", topic="payment_run.release"),
    Condition("run_unanswered", "银行文件发出三天，没有全部回盘", "向银行取回盘文件，在 /runs/{subject} 读入；款项不会重发", """
        SELECT r.run_no, r.org_key, NULL::uuid, r.id, r.sent_at, r.count || ' 笔，银行没有全部答复'
        FROM payment_run r WHERE r.state = 'sent' AND r.sent_at < :now - interval '3 days'"""),
    Condition("bank_line_unmatched", "银行回盘中有对不上的行，一天以上没有处理", "在 /runs 的“对不上的行”中认领或写明理由", """
        SELECT l.id::text, l.org_key, NULL::uuid, l.id, l.at, '回盘第 ' || l.line_no || ' 行：' || coalesce(l.fault, '')
        FROM bank_line l WHERE l.fault IS NOT NULL AND l.kind <> 'sent' AND l.at < :now - interval '1 day'
        AND NOT EXISTS (SELECT FROM line_verdict v WHERE v.line_id = l.id AND v.withdrawn_at IS NULL AND v.confirmed_at IS NOT NULL)"""),
    Condition("card_missing", "退汇或缺账户的款项五天没有更正账户",
              "退汇的由经办人在 /book/returned 提出更换账户，财务在 /runs 确认；"
              "没有账户或开户行不符的，在会员的“人员登记”页登记银行卡", f"""
        SELECT c.claim_no, c.org_key, c.id, NULL::uuid, min(p.created_at), string_agg(DISTINCT
            CASE WHEN p.state = 'returned' THEN '退汇：' || coalesce(p.return_reason, '') ELSE coalesce(p.left_out, {_WHY_NOT}) END, '；')
        FROM payment p JOIN claim c ON c.id = p.claim_id
        WHERE p.waiting AND (p.state = 'returned' OR p.left_out IS NOT NULL OR (p.channel = 'bank' AND NOT {_PAYABLE}))
        AND p.created_at < :now - interval '5 days' GROUP BY c.id"""),
    Condition("settled_line_waits", "季度结算的款项五天没有付出",
              "在 /runs 办理：会员已去世的转由继承人申领，退回的更换账户，登记京卡后或没有列入批次的再制单", _SETTLED_WAITS),
    Condition("credit_unsettled", "款项全部到账，案件没有转为已支付", AGAIN, """
        SELECT c.claim_no, c.org_key, c.id, c.id, c.updated_at, '款项已全部到账，案件仍为待支付'
        FROM claim c WHERE c.state = 'payable' AND c.updated_at < :now - interval '1 hour'
        AND EXISTS (SELECT FROM payment p WHERE p.claim_id = c.id AND p.round = c.round AND p.state = 'credited' AND p.purpose <> 'advance')
        AND NOT EXISTS (SELECT FROM payment p WHERE p.claim_id = c.id AND p.state NOT IN ('credited', 'cancelled'))
        AND NOT EXISTS (SELECT FROM outbox o WHERE o.claim_id = c.id)""", topic="payment.credit"),
    Condition("settlement_faulty", "季度结算因故停下",
              "打开 /settlements 看原因，改正后再次运行原来的 huzhu settle 命令，已完成的分区不会重做", """
        SELECT s.plan || ' ' || s.year || 'Q' || s.quarter, s.org_key, NULL::uuid, s.id, s.started_at, s.fault
        FROM settlement s WHERE s.state = 'settling' AND s.fault IS NOT NULL"""),
    Condition("settlement_forgotten", "季度结算没有办完，也没有后台工作", AGAIN, f"""
        SELECT s.id::text, s.org_key, NULL::uuid, s.id, s.started_at, s.plan || ' ' || s.year || ' 年第 ' || s.quarter || ' 季度'
        FROM settlement s WHERE s.state = 'settling' AND s.fault IS NULL AND {_NO_WORK.format(row="s.id")}
        AND s.started_at < :now - interval '1 hour'""", topic="settlement.settle"),
    Condition("window_day_differs", "医院窗口的一天三天以上没有对平", "打开 /window 核对该日的差异，通知医院更正", """
        SELECT h.code || ' ' || d.day, d.org_key, NULL::uuid, d.id, d.listed_at, d.differences || ' 处差异'
        FROM window_day d JOIN hospital h ON h.id = d.hospital_id
        WHERE d.state = 'differs' AND d.listed_at < :now - interval '3 days'"""),
)
