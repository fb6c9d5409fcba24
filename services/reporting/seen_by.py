"""Who looked at one person's data, when, at what and why, and to whom it was given (个人信息保护法 44, 45): for the person and the auditor.

The record names claims, records of persons, files of the bank and sheets; a file of many is everybody's in it. A person's own look
leaves no record. A member's record lies at the house's, the office's and former units' places: the caller reads in the house's
scope, and the person is in every condition.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import ROLE_WORDS, Role
from services.benefit.settled import lying

PAGE = 50
MOST = 20_000               # lines of a workbook
# What an entry of the access record is called, by what stands before its colon.
WORDS: Mapping[str, str] = {
    "claim": "查看案件", "paper": "查看材料", "letter": "查看文书", "letters": "打印文书", "unmask": "查看完整号码", "person": "查看人员",
    "person.history": "查看人员变更", "conversation": "查看会员留言", "changes": "查看变动", "heirs": "查看继承情况",
    "inputs": "查看核算依据", "findings": "查看核对发现", "disagreement": "查看不同意见", "dossier": "下载案卷", "clocks": "查看时限",
    "case_papers": "查看报案材料", "replay": "重现决定",
    "report_notes": "查看批量报案提示", "settlement_line": "查看结算核算表", "invoices": "查找票据", "bank_file": "下载银行文件",
    "settlement_sms": "下载短信清单", "汇总表": "查看汇总表", "导出汇总表": "下载汇总表", "told": "查看转告与并案",
    "data_export": "下载个人信息副本", "data_request": "查看个人信息申请", "objections": "查看异议"}
NUMBERS: Mapping[str, str] = {"id_number": "身份证号", "phone": "手机号", "bank_account": "银行账号"}
# Why somebody of a role looks, where the record has no words of its own.
_PURPOSES = ((Role.AUDITOR, "审计监督"), (Role.FINANCE_MAKER, "支付互助金"), (Role.FINANCE_CHECKER, "支付互助金"),
             (Role.ADMINISTRATOR, "维护登记"), (Role.MEMBER, "代为办理"))
PURPOSES = (*dict.fromkeys(words for _, words in _PURPOSES), "办理案件")
PAID_OUT, HANDED = "向银行提供收款信息", "向保险公司移送案卷"

_SEEN = f"""
    WITH ids AS (SELECT p.id FROM person p WHERE p.id = :person OR p.merged_into = :person),
    own AS (SELECT c.id, c.claim_no, c.case_id FROM claim c WHERE c.person_id IN (SELECT id FROM ids)),
    unmasked AS (SELECT 'unmask:' || f.name || ':' || ids.id AS what FROM ids,
                 unnest(CAST(:numbers AS text[])) AS f(name)),
    runs AS (
        SELECT y.run_id FROM payment y WHERE y.person_id IN (SELECT id FROM ids) AND y.run_id IS NOT NULL
        UNION SELECT y.run_id FROM settlement s CROSS JOIN LATERAL {lying("CAST(:person AS uuid)")} w
            JOIN settlement_payment y ON y.settlement_id = s.id AND y.part = w.part AND y.person_id = w.id WHERE y.run_id IS NOT NULL),
    named AS (
        SELECT what FROM unmasked
        UNION ALL SELECT k.word || ids.id FROM ids, unnest(ARRAY['person:', 'person.history:', 'settlement_line:']) AS k(word)
        UNION ALL SELECT k.word || f.case_no FROM case_file f, unnest(ARRAY['case_papers:', 'report_notes:']) AS k(word)
            WHERE f.person_id IN (SELECT id FROM ids)
        UNION ALL SELECT k.word || r.run_no FROM payment_run r, unnest(ARRAY['bank_file:', 'settlement_sms:']) AS k(word)
            WHERE r.id IN (SELECT run_id FROM runs)
        UNION ALL SELECT DISTINCT k.word || s.sheet_no FROM summary_line l JOIN summary_sheet s ON s.id = l.sheet_id,
            unnest(ARRAY['汇总表:', '导出汇总表:']) AS k(word) WHERE l.claim_id IN (SELECT id FROM own)
        UNION ALL SELECT k.word || q.request_no FROM privacy_request q, unnest(ARRAY['data_export:', 'data_request:']) AS k(word)
            WHERE q.person_id IN (SELECT id FROM ids)),
    found AS (
        SELECT r.id, r.at, r.account_id, r.what, r.reason, own.claim_no FROM access_record r JOIN own ON own.id = r.claim_id
            WHERE r.what NOT LIKE 'legal_hold.%' AND (split_part(r.what, ':', 1) <> 'unmask' OR r.what IN (SELECT what FROM unmasked))
        UNION ALL SELECT r.id, r.at, r.account_id, r.what, r.reason, NULL FROM access_record r
            WHERE r.claim_id IS NULL AND r.what IN (SELECT what FROM named)
        UNION ALL SELECT r.id, r.at, r.account_id, r.what, r.reason, NULL FROM access_record r
            WHERE r.claim_id IN (SELECT y.claim_id FROM payee y WHERE y.person_id IN (SELECT id FROM ids))
              AND r.claim_id NOT IN (SELECT id FROM own) AND r.what IN (SELECT what FROM unmasked))
    SELECT f.id, f.at, f.what, f.reason, f.claim_no, coalesce(a.name, '') AS name, coalesce(o.name, '') AS office,
        coalesce(a.login, '') AS login, ARRAY(SELECT g.role FROM role_grant g WHERE g.account_id = f.account_id) AS roles
    FROM found f LEFT JOIN account a ON a.id = f.account_id LEFT JOIN organisation o ON o.id = a.org_id
    WHERE (a.person_id IS NULL OR a.person_id NOT IN (SELECT id FROM ids)) AND (CAST(:after AS uuid) IS NULL OR f.id < :after)
    ORDER BY f.id DESC LIMIT :limit"""
_GIVEN = sa.text("""
    WITH ids AS (SELECT p.id FROM person p WHERE p.id = :person OR p.merged_into = :person)
    SELECT h.sent_at AS at, 'handed' AS kind, c.claim_no FROM handoff h JOIN claim c ON c.id = h.claim_id
        WHERE c.person_id IN (SELECT id FROM ids) AND h.sent_at IS NOT NULL
    UNION ALL SELECT r.sent_at, 'paid', c.claim_no FROM payment y JOIN payment_run r ON r.id = y.run_id
        JOIN claim c ON c.id = y.claim_id WHERE y.person_id IN (SELECT id FROM ids) AND r.sent_at IS NOT NULL
    ORDER BY at DESC LIMIT :limit""")


@dataclass(frozen=True, slots=True)
class Seen:
    """Somebody looked: who (with office and present duties), at what, in which claim, why. `why`: own words, or what the duty is for."""

    id: uuid.UUID
    at: datetime
    what: str
    kind: str
    detail: str
    claim_no: str | None
    name: str
    login: str
    office: str
    duties: tuple[str, ...]
    why: str
    stated: bool


@dataclass(frozen=True, slots=True)
class Given:
    """Data given to another: the insurer's dossier, the bank's payment file."""

    at: datetime
    kind: str
    claim_no: str


def seen_by(session: Session, person_id: uuid.UUID, *, after: uuid.UUID | None = None, limit: int = PAGE + 1) -> list[Seen]:
    """The newest first, without the person's own looks."""
    rows = session.execute(sa.text(_SEEN), {"person": person_id, "after": after, "limit": limit, "numbers": list(NUMBERS)}).all()
    return [Seen(row.id, row.at, row.what, *said(row.what), row.claim_no, row.name, row.login, row.office, tuple(sorted(row.roles)),
                 _stated(row) or _purpose(row.roles), bool(_stated(row))) for row in rows]


def _stated(row: sa.Row[Any]) -> str:
    # A settled line's entry keeps its quarter where others keep a reason.
    return "" if row.what.startswith("settlement_line:") else row.reason or ""


def given(session: Session, person_id: uuid.UUID, *, limit: int = MOST) -> list[Given]:
    """The newest first."""
    return [Given(row.at, HANDED if row.kind == "handed" else PAID_OUT, row.claim_no)
            for row in session.execute(_GIVEN, {"person": person_id, "limit": limit})]


def said(what: str) -> tuple[str, str]:
    """(its name, which number or file), of an entry: `unmask:phone:…` is 查看完整号码, 手机号."""
    kind, _, rest = what.partition(":")
    if kind == "unmask":
        return WORDS[kind], NUMBERS.get(rest.partition(":")[0], rest)
    detail = rest if kind in ("bank_file", "settlement_sms", "汇总表", "导出汇总表", "data_export", "data_request") else ""
    return WORDS.get(kind, kind), detail


def duties(roles: Sequence[str]) -> str:
    """The duties as one text, in the order of the work."""
    return "、".join(words for role, words in ROLE_WORDS.items() if role in roles)


def _purpose(roles: Sequence[str]) -> str:
    at_claims = (Role.UNIT_CLERK, Role.DISTRICT_REVIEWER, Role.OFFICE_REVIEWER, Role.SENIOR_REVIEWER, Role.HEAD)
    if any(role in roles for role in at_claims):
        return "办理案件"
    return next((words for role, words in _PURPOSES if role in roles), "办理案件")


def name_of(session: Session, person_id: uuid.UUID) -> str | None:
    """The person's name; None when there is nobody."""
    return session.execute(sa.text("SELECT name FROM person WHERE id = :id"), {"id": person_id}).scalar_one_or_none()
