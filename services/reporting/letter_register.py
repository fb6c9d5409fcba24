"""发文登记簿: every number of an office's series and year, what went out under it, and whether one is missing or twice there."""

from __future__ import annotations

import io
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
import xlsxwriter
from sqlmodel import Session

from services.core.errors import NotFound
from services.review.summary_queries import masked_name

TITLES: Mapping[str, str] = {
    "receipt": "受理回执", "supplement": "补充材料一次性告知书", "reminder": "补充材料提醒通知书", "not_pursued": "未继续办理结案通知书",
    "decision": "互助金给付决定通知书", "consolation": "慰问金通知书", "refusal": "不予给付通知书", "refund": "退费通知书",
    "transfer": "理赔材料移送函", "cover_note": "关于转送理赔决定的附函", "payment": "给付到账通知书", "withdrawal": "撤回申请确认书",
    "objection_receipt": "异议收件回执", "reopened": "重新审核通知书", "reexamined": "重新审核结果通知书", "advance": "先予支付通知书",
    "recalled": "收回移送材料告知书", "held": "暂停办理告知书", "extended": "延期告知书", "heirs": "继承人领款事项告知书",
    "repayment": "返还款项通知书", "account": "重新登记收款账户通知书", "limitation": "申领时效届满提醒书",
    "date_changed": "期限变更告知书", "exchange": "合作情况函", "cover_certificate": "参保证明", "monthly_summary": "月度情况报告、通知",
    "board_report": "运行情况分析报告",
    "archive_sheet": "结案归档表"}
STATES: Mapping[str, str] = {"issued": "已签发", "dispatched": "已发出", "delivered": "已送达", "replaced": "已被替换", "voided": "已作废"}
# All numbered letters in sight: those on claims, those about no claim, and the insurer's periods.
_ALL = """
    SELECT n.id, 'notice' AS kind, n.series, n.year, n.serial, n.number, n.code, n.recipient, n.recipient_name, n.issued_on, n.state,
        c.claim_no, n.version FROM notice n JOIN claim c ON c.id = n.claim_id WHERE n.number IS NOT NULL
    UNION ALL SELECT o.id, 'office', o.series, o.year, o.serial, o.number, o.code, 'organisation',
        coalesce(o.context ->> 'addressee', array_to_string(ARRAY(SELECT jsonb_array_elements_text(o.context -> 'addressees')), '，')),
        o.issued_on,
        CASE WHEN o.voided_at IS NOT NULL THEN 'voided' WHEN o.replaced_by IS NOT NULL THEN 'replaced' ELSE 'issued' END, NULL, 1
        FROM office_letter o
    UNION ALL SELECT e.id, 'exchange', split_part(e.number, '〔', 1), CAST(substring(e.number FROM '〔([0-9]+)〕') AS int),
        CAST(substring(e.number FROM '〕([0-9]+)号') AS int), e.number, 'exchange', 'insurer', e.insurer,
        CAST(e.issued_at AT TIME ZONE 'Asia/Shanghai' AS date), 'issued', NULL, 1 FROM exchange_report e WHERE e.number IS NOT NULL"""
_SERIES = sa.text(f"""
    SELECT l.series, l.year, count(*) AS used, count(DISTINCT l.serial) AS numbers, coalesce(max(s.last), max(l.serial)) AS last
    FROM ({_ALL}) l LEFT JOIN number_series s ON s.series = l.series AND s.year = l.year
    GROUP BY l.series, l.year ORDER BY l.year DESC, l.series""")
_MISSING = sa.text(f"""
    SELECT g FROM number_series s CROSS JOIN LATERAL generate_series(1, s.last) g WHERE s.series = :series AND s.year = :year
    AND g NOT IN (SELECT l.serial FROM ({_ALL}) l WHERE l.series = :series AND l.year = :year) ORDER BY g LIMIT 50""")
# Why a letter ended, as the record has it; the number that took its place.
_ROWS = f"""
    SELECT l.*, coalesce(b.number, (SELECT s.number FROM office_letter o JOIN office_letter s ON s.id = o.replaced_by WHERE o.id = l.id))
        AS successor, CASE WHEN l.kind = 'office' THEN (SELECT coalesce(o.void_reason, s.context ->> 'why') FROM office_letter o
            LEFT JOIN office_letter s ON s.id = o.replaced_by WHERE o.id = l.id)
        WHEN l.state IN ('voided', 'replaced') THEN (SELECT a.record ->> 'reason' FROM notice n JOIN audit_record a
            ON a.chain_id = n.claim_id AND a.machine = 'notice' AND a.subject_id = n.id AND a.event IN ('void', 'replace')
            WHERE n.id = l.id ORDER BY a.seq DESC LIMIT 1) END AS why
    FROM ({_ALL}) l LEFT JOIN notice b ON b.replaces = l.id AND b.number IS NOT NULL"""
_PAGE = sa.text(f"{_ROWS} WHERE l.series = :series AND l.year = :year ORDER BY l.serial LIMIT :limit OFFSET :skip")
_ONE = sa.text(f"{_ROWS} WHERE l.id = :id AND l.kind <> 'exchange'")
_STUCK = sa.text("""
    SELECT n.id, n.code, n.recipient, n.recipient_name, n.stuck, n.version, c.claim_no, n.drafted_at FROM notice n
    JOIN claim c ON c.id = n.claim_id WHERE n.state = 'drafted' AND n.stuck IS NOT NULL ORDER BY n.drafted_at, n.id LIMIT :limit""")


@dataclass(frozen=True, slots=True)
class Series:
    """One series and year: letters in sight, different numbers among them, the last number drawn."""

    series: str
    year: int
    used: int
    numbers: int
    last: int

    @property
    def whole(self) -> bool:
        """Neither a gap nor a number twice."""
        return self.used == self.numbers == self.last


@dataclass(frozen=True, slots=True)
class Entry:
    """One number. `to` is masked for a person; `why` a voided or replaced letter's reason; `successor` the number in its place."""

    id: uuid.UUID
    kind: str
    number: str
    code: str
    to: str
    issued_on: date
    state: str
    claim_no: str | None
    why: str | None
    successor: str | None
    version: int

    @property
    def title(self) -> str:
        """The letter's name."""
        return TITLES.get(self.code, self.code)


@dataclass(frozen=True, slots=True)
class Stuck:
    """A draft that could not be issued: what is missing, and what to do about it."""

    id: uuid.UUID
    code: str
    to: str
    claim_no: str
    message: str
    remedy: str
    field: str
    at: str
    version: int

    @property
    def title(self) -> str:
        """The letter's name."""
        return TITLES.get(self.code, self.code)


def series(session: Session) -> list[Series]:
    """The series of the offices in sight, newest year first."""
    return [Series(*row) for row in session.execute(_SERIES)]


def missing(session: Session, name: str, year: int) -> list[int]:
    """Serials that were drawn and stand nowhere, the first fifty; none, unless somebody wrote past the house."""
    return list(session.execute(_MISSING, {"series": name, "year": year}).scalars())


def entries(session: Session, name: str, year: int, *, skip: int = 0, limit: int = 100) -> list[Entry]:
    """A series' numbers in order."""
    return [_entry(row) for row in session.execute(_PAGE, {"series": name, "year": year, "skip": skip, "limit": limit})]


def entry(session: Session, notice_id: uuid.UUID) -> Entry:
    """One letter, on a claim or about none. NotFound for an insurer's period, or one without number."""
    row = session.execute(_ONE, {"id": notice_id}).first()
    if row is None:
        raise NotFound("not_found", "没有这一文书，或不在您的管辖范围内", remedy="核对编号")
    return _entry(row)


def stuck(session: Session, limit: int = 200) -> list[Stuck]:
    """Drafts that could not be issued, oldest first."""
    return [Stuck(row.id, row.code, _masked(row.recipient, row.recipient_name), row.claim_no, row.stuck["message"], row.stuck["remedy"],
                  row.stuck["field"], row.stuck["at"], row.version) for row in session.execute(_STUCK, {"limit": limit})]


def _entry(row: sa.Row[tuple[object, ...]]) -> Entry:
    return Entry(row.id, row.kind, row.number, row.code, _masked(row.recipient, row.recipient_name), row.issued_on, row.state,
                 row.claim_no, row.why, row.successor, row.version)


def _masked(recipient: str, name: str) -> str:
    if recipient in ("insurer", "organisation"):
        return name
    return "、".join(masked_name(one) for one in name.split("、"))


HEADINGS = ("发文字号", "文书", "主送", "案号", "签发日期", "状态", "替换它的文号", "作废或替换的理由")


def workbook(found: Series, rows: Sequence[Entry], gaps: Sequence[int]) -> bytes:
    """The register as XLSX. Cell texts never become formulas."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False,
                                      "strings_to_urls": False}) as book:
        page, bold = book.add_worksheet("发文登记簿"), book.add_format({"bold": True})
        page.write_string(0, 0, f"发文登记簿　{found.series}〔{found.year}〕", bold)
        page.write_string(1, 0, f"已用号 {found.numbers} 个，最后一号 {found.last}；" + (
            "无缺号、无重号" if found.whole else f"缺号：{'、'.join(map(str, gaps)) or '无'}；登记 {found.used} 件"))
        for column, heading in enumerate(HEADINGS):
            page.write_string(3, column, heading, bold)
            page.set_column(column, column, (26, 24, 22, 20, 12, 10, 26, 40)[column])
        for line, row in enumerate(rows, 4):
            words = (row.number, row.title, row.to, row.claim_no or "", row.issued_on.isoformat(), STATES.get(row.state, row.state),
                     row.successor or "", row.why or "")
            for column, word in enumerate(words):
                page.write_string(line, column, word)
    return buffer.getvalue()
