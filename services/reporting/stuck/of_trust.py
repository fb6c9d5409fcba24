"""The record's seals and what the law on personal data asks: not exported, losses, requests and holds whose day has come."""

from __future__ import annotations

from services.reporting.stuck.condition import AGAIN, Condition

_ROOT = "(SELECT min(g.org_key) FROM organisation g), NULL::uuid, NULL::uuid"

CONDITIONS = (
    Condition("seal_unexported", "审计记录的每日签名没有送到第二处", "huzhu audit seal", f"""
        SELECT s.day::text, {_ROOT}, s.at, '签好后没有送出' FROM audit_seal s
        WHERE s.exported_at IS NULL AND s.at < :now - interval '2 hours'"""),
    Condition("record_lost", "审计记录比前一日的签名所载的少", "huzhu audit verify；保留数据库原样，不要重启，通知审计人员", f"""
        SELECT s.day::text, {_ROOT}, s.at, s.losses || ' 条链变短或不见了' FROM audit_seal s WHERE s.losses > 0"""),
    Condition("seal_beside_papers", "没有设置审计签名的第二处，签名与材料放在一起",
              "设置 HUZHU_AUDIT_PLACE（另一台机器的文件夹或只增不改的存储桶）后重启", f"""
        SELECT 'HUZHU_AUDIT_PLACE', {_ROOT}, r.at, '数据库和材料一起丢失时，无从证明记录是否完整' FROM timetable_run r
        WHERE r.topic = 'installed' AND :audit_place = ''"""),
    Condition("request_late", "个人信息的申请过期没有答复", "由经办人在 /privacy 答复", """
        SELECT r.request_no, r.org_key, NULL::uuid, r.id, r.asked_at, '应于 ' || r.due_on || ' 前答复' FROM privacy_request r
        WHERE r.state = 'open' AND r.kind <> 'export' AND r.due_on < :today"""),
    Condition("copy_unmade", "个人信息副本申请后一小时没有做好，也没有后台工作", AGAIN, """
        SELECT r.request_no, r.org_key, NULL::uuid, r.id, r.asked_at, '已做 ' || r.done || '，共 ' || r.total FROM privacy_request r
        WHERE r.state IN ('open', 'working') AND r.kind = 'export' AND r.asked_at < :now - interval '1 hour'
        AND NOT EXISTS (SELECT FROM outbox o WHERE o.subject_id = r.id)""", topic="data.export"),
    Condition("hold_unreviewed", "依法保留到了复查日，没有人复查", "打开 /privacy/holds，仍需保留的另写复查日，不需要的提出解除", """
        SELECT h.id::text, h.org_key, h.claim_id, h.id, h.placed_at, '复查日 ' || h.review_on || coalesce('，' || h.paper_no, '')
        FROM legal_hold h WHERE h.lifted_at IS NULL AND h.review_on < :today"""),
)
