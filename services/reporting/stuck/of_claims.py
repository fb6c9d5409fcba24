"""Claims, papers and letters that nothing pushes on any more."""

from __future__ import annotations

from services.reporting.stuck.condition import AGAIN, Condition

_NO_WORK = "NOT EXISTS (SELECT FROM outbox o WHERE o.claim_id = {claim})"

CONDITIONS = (
    Condition("claim_unmoved", "未结案件没有时限、文书或后台工作在推动", "打开 /claims/{subject}，看“全部记录”的最后一步由谁接着办", f"""
        SELECT c.claim_no, c.org_key, c.id, c.id, c.updated_at, '状态 ' || c.state || '，没有任何在走的时限、未送达的文书或后台工作'
        FROM claim c WHERE c.state NOT IN ('closed', 'cancelled') AND c.updated_at < :now - interval '1 hour'
        AND NOT EXISTS (SELECT FROM sla_clock k WHERE k.claim_id = c.id AND k.state <> 'stopped')
        AND NOT EXISTS (SELECT FROM notice n WHERE n.claim_id = c.id AND n.state IN ('drafted', 'issued', 'dispatched'))
        AND {_NO_WORK.format(claim="c.id")}"""),
    Condition("benefit_uncomputed", "核验已完成，但没有核算，也没有送审", AGAIN, f"""
        SELECT c.claim_no, c.org_key, c.id, c.id, c.updated_at, '核验后没有进入审核'
        FROM claim c WHERE c.state = 'verified' AND NOT c.held AND c.updated_at < :now - interval '1 hour'
        AND {_NO_WORK.format(claim="c.id")}""", topic="claim.verify"),
    Condition("level_without_person", "审核中的案件没有一级是开放的：无人可办", "在 /team 上报上级，或由管理员为该级增加人员", f"""
        SELECT c.claim_no, c.org_key, c.id, c.id, c.updated_at, '第 ' || c.round || ' 轮没有可办理的层级'
        FROM claim c WHERE c.state = 'in_review' AND NOT c.held AND c.updated_at < :now - interval '1 hour'
        AND NOT EXISTS (SELECT FROM review_step s WHERE s.claim_id = c.id AND s.round = c.round AND s.state = 'open')
        AND {_NO_WORK.format(claim="c.id")}"""),
    Condition("hold_forgotten", "案件暂停三十天以上，没有人过问",
              "由办事处负责人打开 /claims/{subject} 核对暂停的事由；已消除的解除暂停，仍在的在 /stuck 搁置", """
        SELECT c.claim_no, c.org_key, c.id, c.id, c.updated_at, '状态 ' || c.state || '，时限照走' FROM claim c
        WHERE c.held AND c.state NOT IN ('closed', 'cancelled') AND c.updated_at < :now - interval '30 days'"""),
    *(Condition(code, words, AGAIN, f"""
        SELECT c.claim_no, c.org_key, c.id, c.id, c.updated_at, '决定给付后没有应付款项'
        FROM claim c WHERE c.state = 'payable' AND c.updated_at < :now - interval '1 hour' AND c.route = '{route}'
        AND NOT EXISTS (SELECT FROM payment p WHERE p.claim_id = c.id AND p.round = c.round AND p.state <> 'cancelled')
        AND {_NO_WORK.format(claim="c.id")}""", topic=topic)
      for code, words, route, topic in (
          ("payment_unplanned", "已决定给付，但没有生成应付款项", "office", "claim.approve"),
          ("insurer_payment_unplanned", "保险公司已决定给付，但没有登记应付款项", "insurer", "claim.insurer_pay"))),
    Condition("paper_unlooked", "材料上传后一小时没有检查", AGAIN, f"""
        SELECT c.claim_no, c.org_key, c.id, NULL::uuid, min(p.uploaded_at), count(*) || ' 份材料没有检查、没有生成页面'
        FROM paper p JOIN claim c ON c.id = p.claim_id
        WHERE p.pages IS NULL AND p.verdict = 'waiting' AND p.fault IS NULL AND p.removed_at IS NULL
        AND p.uploaded_at < :now - interval '1 hour' AND c.state NOT IN ('closed', 'cancelled')
        AND {_NO_WORK.format(claim="c.id")} GROUP BY c.id""", topic="paper.upload"),
    Condition("paper_lost", "材料的文件在文件库里丢失或损坏", "huzhu papers bring；备份里也没有的，再请申请人重交", """
        SELECT c.claim_no, c.org_key, c.id, NULL::uuid, min(p.uploaded_at),
               count(DISTINCT p.id) || ' 份材料的文件不在文件库里，或内容与校验值不符'
        FROM claim c JOIN paper p ON p.claim_id = c.id JOIN paper_page g ON g.paper_id = p.id
        WHERE c.state NOT IN ('closed', 'cancelled') AND p.removed_at IS NULL AND p.verdict <> 'rejected'
        AND g.fault IN ('object_missing', 'object_damaged') GROUP BY c.id"""),
    Condition("letter_unissued", "文书拟好后没有签发，也没有后台工作", AGAIN, f"""
        SELECT n.id::text, n.org_key, n.claim_id, n.id, n.drafted_at, c.claim_no || ' 的文书（' || n.code || '）没有签发'
        FROM notice n JOIN claim c ON c.id = n.claim_id
        WHERE n.state = 'drafted' AND n.stuck IS NULL AND n.drafted_at < :now - interval '1 hour'
        AND {_NO_WORK.format(claim="n.claim_id")}""", topic="notice.create"),
    Condition("letter_lacks", "文书缺少内容，签发不了", "打开 /letter-register，补齐后“再次签发”", """
        SELECT n.id::text, n.org_key, n.claim_id, n.id, n.drafted_at,
               c.claim_no || ' 的文书（' || n.code || '）：' || coalesce(n.stuck ->> 'code', '')
        FROM notice n JOIN claim c ON c.id = n.claim_id
        WHERE n.state = 'drafted' AND n.stuck IS NOT NULL AND n.drafted_at < :now - interval '1 hour'"""),
    Condition("roster_unfinished", "名册收下一小时仍未办完，也没有后台工作", "在 /book/rosters 重新上传同一份名册（已收的行不会重复）", """
        SELECT r.id::text, r.org_key, NULL::uuid, r.id, r.at, '已核对 ' || r.checked || ' 行，共 ' || r.rows || ' 行'
        FROM roster_import r WHERE r.done_at IS NULL AND r.at < :now - interval '1 hour'
        AND NOT EXISTS (SELECT FROM outbox o WHERE o.subject_id = r.id)"""),
)
