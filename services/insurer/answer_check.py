"""Each row of an insurer's workbook against the file it answers, and each claim's rows against each other. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from services.core.clock import at_hour, business_day
from services.core.errors import InputError
from services.core.money import parse_yuan
from services.enrolment.faults import Fault
from services.insurer import answer_book as book
from services.insurer.answer_book import Line
from services.insurer.messages import LiabilityAnswer, Outcome
from services.rulebook.reasons import REASONS as BENEFIT_REASONS

ZERO, MOST = Decimal("0.00"), Decimal("9999999999.99")      # the most that a message can say (`wire.Yuan`)
# The protocol's codes of a liability that is not paid: the rule-books' own and two that only the insurer uses.
REASONS = {**BENEFIT_REASONS, "no_paid_days": "没有超过免赔天数的住院", "paid_before": "以前已给付本项责任"}


@dataclass(frozen=True, slots=True)
class File:
    """A file at the insurer that may be answered; `ours`: what our newest worksheet gives by liability, in yuan."""

    id: uuid.UUID
    org_key: str
    claim_id: uuid.UUID
    claim_no: str
    round: int
    package: int
    digest: str
    state: str
    report_no: str | None
    case_no: str | None
    liabilities: tuple[str, ...]
    sent_on: date
    plan: str
    plan_from: date
    ours: Mapping[str, Decimal]

    @classmethod
    def of(cls, row: sa.Row[Any]) -> File:
        """From the stage's own query."""
        ours = {str(line["benefit"]): Decimal(str(line["amount"])) for line in row.lines if not line.get("manual")}
        return cls(row.id, row.org_key, row.claim_id, row.claim_no, row.round, row.package, row.digest, row.state, row.report_no,
                   row.case_no, tuple(row.liabilities), business_day(row.sent_at), row.plan, row.plan_from, ours)


@dataclass(frozen=True, slots=True)
class Answered:
    """A claim's whole answer, good in itself; yuan."""

    file: File
    liabilities: tuple[LiabilityAnswer, ...]
    refund: Decimal
    total: Decimal
    outcome: Outcome
    report_no: str
    case_no: str
    letter_no: str
    at: datetime


def answers(lines: Sequence[Line], files: Mapping[str, File], letters: Mapping[str, str],
            now: datetime) -> tuple[list[Answered], list[Fault]]:
    """Claims whose every row is good, and the faults of the others by row and column."""
    faults: list[Fault] = []
    by_file: dict[str, list[Line]] = {}
    for line in lines:
        found = _key_faults(line, files)
        faults += found
        by_file.setdefault(line.cells.get(book.KEY, ""), []).append(line)
    bad = {fault.row for fault in faults}
    good = []
    for key, rows in by_file.items():
        if key not in files or any(row.place in bad for row in rows):
            continue
        try:
            good.append(_claim(files[key], rows, letters, now))
        except _Wrong as wrong:
            faults += wrong.faults
    return good, faults


class _Wrong(Exception):
    def __init__(self, *faults: Fault) -> None:
        self.faults = faults


def _key_faults(line: Line, files: Mapping[str, File]) -> list[Fault]:
    """Keys as they were given out, and no cell that reckons."""
    cells, place = line.cells, line.place
    if line.formulas:
        return [Fault(place, line.formulas[0], "单元格是公式", "粘贴为数值")]
    file = files.get(cells.get(book.KEY, ""))
    if file is None:
        return [Fault(place, book.KEY, "没有这一份待答复的案卷", "重新下载待答复清单；已答复、退回或问询中的不能以表格答复")]
    meant = {book.CLAIM: file.claim_no, book.ROUND: str(file.round), book.VERSION: str(file.package), book.DIGEST: file.digest}
    found = [Fault(place, name, f"与现有案卷不符，应为 {value}", "重新下载待答复清单，核对是否答复了旧版案卷")
             for name, value in meant.items() if cells.get(name, "") != value]
    if cells.get(book.LIABILITY, "") not in file.liabilities:
        found.append(Fault(place, book.LIABILITY, "不是这一案卷的责任", f"应为：{'、'.join(file.liabilities)}"))
    return found


def _claim(file: File, rows: Sequence[Line], letters: Mapping[str, str], now: datetime) -> Answered:
    first, once = rows[0], _once(rows)
    named = [row.cells[book.LIABILITY] for row in rows]
    twice = [row for place, row in enumerate(rows) if row.cells[book.LIABILITY] in named[:place]]
    missing = [code for code in file.liabilities if code not in named]
    if twice:
        raise _Wrong(*(Fault(row.place, book.LIABILITY, "同一责任答复了两次", "只留一行") for row in twice))
    if missing:
        raise _Wrong(Fault(first.place, book.LIABILITY, f"没有答复：{'、'.join(missing)}", "一份案卷的各项责任须一并答复"))
    told = [_liability(row) for row in rows]
    refund = _money(first, once, book.REFUND) if book.REFUND in once else ZERO
    total = sum((item.amount for item in told), refund)
    if _money(first, once, book.TOTAL) != total:
        raise _Wrong(Fault(first.place, book.TOTAL, f"各项与退还费用之和是 {total:.2f}", "核对各项金额和合计"))
    if total > MOST:
        raise _Wrong(Fault(first.place, book.TOTAL, f"合计超过 {MOST}", "核对各项金额"))
    if refund and total != refund:
        raise _Wrong(Fault(first.place, book.REFUND, "退还费用的，各项责任不再给付", "核对各项金额"))
    return Answered(file, tuple(told), refund, total, _outcome(file, told, refund), _report_no(file, first, once),
                    once.get(book.CASE_NO, ""), _letter_no(file, first, once, letters), _decided_at(file, first, once, now))


def _once(rows: Sequence[Line]) -> dict[str, str]:
    """What is said of the claim as a whole. Two different words are a fault of the later row."""
    found: dict[str, str] = {}
    for row in rows:
        for name in book.OF_CLAIM:
            if name in row.cells and found.setdefault(name, row.cells[name]) != row.cells[name]:
                raise _Wrong(Fault(row.place, name, f"与本案首行的“{found[name]}”不同", "一案只写一个"))
    return found


def _liability(row: Line) -> LiabilityAnswer:
    amount, reason, clause = _money(row, row.cells, book.AMOUNT), row.cells.get(book.REASON), row.cells.get(book.CLAUSE)
    if amount == 0 and reason is None:
        raise _Wrong(Fault(row.place, book.REASON, "没有给付的须有理由", "填写理由代码，见填写说明"))
    if reason is not None and reason not in REASONS:
        raise _Wrong(Fault(row.place, book.REASON, f"不认识的理由代码“{reason}”", "取填写说明中的代码"))
    if clause is None:
        raise _Wrong(Fault(row.place, book.CLAUSE, "没有填写条款", "写明依据的条款"))
    return LiabilityAnswer(liability=row.cells[book.LIABILITY], amount=amount, reason=reason, clause=clause)


def _money(row: Line, cells: Mapping[str, str], column: str) -> Decimal:
    try:
        amount = parse_yuan(cells.get(column, "").replace(",", ""), field=column)
    except InputError as error:
        raise _Wrong(Fault(row.place, column, error.message, "写两位小数，如 12000.00；没有给付写 0.00")) from None
    if amount < 0 or amount > MOST or amount != amount.quantize(ZERO):
        raise _Wrong(Fault(row.place, column, f"金额不能是负数、多于两位小数或超过 {MOST}", "写两位小数，如 12000.00"))
    return amount.quantize(ZERO)


def _outcome(file: File, told: Sequence[LiabilityAnswer], refund: Decimal) -> Outcome:
    if refund:
        return "refund"
    if not any(item.amount for item in told):
        return "nothing"
    return "part" if any(item.amount < file.ours.get(item.liability, ZERO) for item in told) else "pay"


def _report_no(file: File, first: Line, once: Mapping[str, str]) -> str:
    said = once.get(book.REPORT_NO, "")
    if file.report_no and said and said != file.report_no:
        raise _Wrong(Fault(first.place, book.REPORT_NO, f"与已登记的 {file.report_no} 不同", "核对报案号"))
    if file.state == "sent" and not said:
        raise _Wrong(Fault(first.place, book.REPORT_NO, "尚无报案回执，须填报案号", "填写保险公司的报案号"))
    return said or file.report_no or ""


def _letter_no(file: File, first: Line, once: Mapping[str, str], letters: Mapping[str, str]) -> str:
    number = once.get(book.LETTER_NO, "")
    if not number:
        raise _Wrong(Fault(first.place, book.LETTER_NO, "没有填写决定书文号", "填写保险公司决定书的文号"))
    if file.claim_no not in letters:
        raise _Wrong(Fault(first.place, book.LETTER_NO, "没有上传这一案的决定书", f"上传 {file.claim_no}.pdf"))
    return number


def _decided_at(file: File, first: Line, once: Mapping[str, str], now: datetime) -> datetime:
    try:
        day = date.fromisoformat(once.get(book.DECIDED_ON, ""))
    except ValueError:
        raise _Wrong(Fault(first.place, book.DECIDED_ON, "没有填写决定日期，或写法不对", "写作 2026-03-20")) from None
    if not file.sent_on <= day <= business_day(now):
        raise _Wrong(Fault(first.place, book.DECIDED_ON, f"决定日期须在移送日 {file.sent_on} 之后、今天之前（含）", "核对决定日期"))
    return at_hour(day)
