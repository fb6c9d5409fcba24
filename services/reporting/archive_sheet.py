"""What the archive sheet (结案归档表) says of a claim: its whole record, part by part, in the order in which it came about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import ROLE_WORDS
from services.core.clock import business_day
from services.core.identity import BANKS
from services.evidence import findings as found_by_checks
from services.evidence.answered import VERDICTS as ANSWERS
from services.evidence.paper_names import paper_names
from services.reporting.claim_facts import sheet_of
from services.reporting.claim_file import book_of
from services.reporting.claim_parts import Whole
from services.reporting.letter_register import TITLES
from services.reporting.views import ClaimView, WorksheetView
from statemachines.words import state_words

Part = dict[str, object]
VERDICTS = {"waiting": "待核对", "accepted": "已认可", "rejected": "已退回"}
DECISIONS = {"pay": "给付", "part": "部分给付", "refund": "退还费用", "nothing": "不予给付", "manual": "须人工核定"}
SOURCES = {"office": "办事处", "insurer": "保险公司", "union": "工会"}
PURPOSES = {"benefit": "互助金", "refund": "退还费用", "advance": "先予支付", "difference": "差额"}
RESULTS = {"raised": "提高", "upheld": "维持", "lowered": "降低", "dismissed": "不予受理"}
CLOCKS = {"report": "报案", "first_notice": "首次通知", "verification": "材料核验", "level": "本级审核", "pay": "给付",
          "supplement": "补充材料", "assessment": "保险公司核定", "insurer_pay": "保险公司给付", "agreement": "达成协议后给付",
          "advance": "先予支付", "refusal_letter": "不予给付通知", "objection": "异议", "limitation": "申领时效",
          "finance": "财务", "bank": "银行"}

_OBJECTIONS = sa.text("SELECT round, grounds, state, result, result_words, lodged_at, decided_at FROM objection"
                      " WHERE claim_id = :claim ORDER BY lodged_at, id")
_CORRECTIONS = sa.text("SELECT why, result, asked_at, concluded_at FROM reopening WHERE claim_id = :claim AND ground = 'correction'"
                       " AND confirmed_at IS NOT NULL ORDER BY asked_at, id")
_PAGES = sa.text("SELECT id, pages FROM paper WHERE claim_id = :claim")


def values(session: Session, found: Whole, *, closed_on: date, times: int, head: str) -> dict[str, object]:
    """All that the sheet says apart from office, number, day and code. `head`: hash of the record's last entry."""
    view = found.view
    return {
        "claim_no": view.claim.claim_no, "plan_name": view.plan_name, "person_name": view.person.name,
        "person_role": "被保险人" if book_of(view).insurer else "会员", "person_deceased": view.claim.died,
        "closed_on": closed_on, "times": times, "result": result_words(view), "facts": _facts(found),
        "parts": [_papers(session, view), _findings(session, found), _worksheet(view), _chain(view), _decisions(view), _payments(view),
                  _letters(view), _objections(session, view), _clocks(view)],
        "entries": len(view.record), "record_hash": head}


def result_words(view: ClaimView) -> str:
    """How the claim ended, as a clause."""
    if not view.decisions:
        return state_words("claim", view.claim.state)
    last = view.decisions[-1]
    words = DECISIONS.get(last.kind, last.kind)
    return words if last.kind == "nothing" else f"{words}{last.amount}元"


def masked_serial(serial: str | None) -> str:
    """The last four characters of a bank's serial."""
    return f"****{serial[-4:]}" if serial else ""


def on(moment: datetime | date | None) -> str:
    """2026年3月20日, of an instant its day here."""
    if moment is None:
        return ""
    day = business_day(moment) if isinstance(moment, datetime) else moment
    return f"{day.year}年{day.month}月{day.day}日"


def _part(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], none: str) -> Part:
    return {"title": title, "heads": list(heads), "rows": [list(row) for row in rows], "none": none}


def _facts(found: Whole) -> list[tuple[str, str]]:
    view, case = found.view, found.view.case
    late = f"迟于最后一日{on(case.last_timely_day)}" + (f"，原因：{case.late_reason}" if case.late_reason else "")
    rows = [("报案号", case.case_no), ("证件号码", view.person.id_number), ("所在单位", found.unit),
            ("条款版本", f"{on(view.plan_version)}起施行"),
            ("报案", f"{on(case.reported_on)}，报案人{case.reporter_name}，{late if case.late else '在期限之内'}"),
            ("确诊或发生", on(case.diagnosed_on) + (f"，{case.hospital}" if case.hospital else ""))]
    for sent in view.handoffs:
        words = [state_words("handoff", sent.state), *(f"{name}{number}" for name, number in (
            ("报案号", sent.report_no), ("立案号", sent.case_no)) if number), f"{on(sent.sent_at)}移送" if sent.sent_at else ""]
        rows.append(("保险公司" if sent.round == 1 else f"保险公司第{sent.round}轮", "，".join(word for word in words if word)))
    return [(name, value or "未登记") for name, value in rows]


def _papers(session: Session, view: ClaimView) -> Part:
    names = paper_names(book_of(view), [paper.kind for paper in view.papers])
    pages = {row.id: row.pages for row in session.execute(_PAGES, {"claim": view.claim.id})}
    rows = [(names[paper.kind], on(paper.uploaded_at), "已销毁" if paper.removed_at else VERDICTS.get(paper.verdict, paper.verdict),
             f"{pages[paper.id]}页" if pages.get(paper.id) else "", paper.sha256[:12]) for paper in view.papers]
    return _part("材料", ("材料", "收到", "核对", "页数", "文件校验值"), rows, "没有收到材料。")


def _findings(session: Session, found: Whole) -> Part:
    told = found_by_checks.told(session, found.view.claim.id, found.findings)
    rows = [(one.words, f"{ANSWERS.get(one.answer.verdict, one.answer.verdict)}：{one.answer.reason}" if one.answer else "")
            for one in told]
    return _part("自动核对", ("核对发现", "经办人答复"), rows, "没有发现。")


def newest(view: ClaimView) -> WorksheetView | None:
    """The worksheet that the claim ended with."""
    return view.worksheets[0] if view.worksheets else None


def worksheet_lines(view: ClaimView, sheet: WorksheetView) -> list[tuple[str, str, str]]:
    """Benefit, yuan, clause of each paid line of a stored worksheet."""
    told = sheet_of(book_of(view), sheet, view.case.last_timely_day)
    names = book_of(view).benefits
    lines = told.told["lines"] if told.same else sheet.output.get("lines", [])
    assert isinstance(lines, list)
    found = []
    for line in lines:
        known = names.get(str(line.get("benefit", "")))
        found.append((str(line.get("name") or (known.name if known else line.get("benefit", ""))), str(line["amount"]),
                      str(line.get("clause") or (known.clause if known else ""))))
    return found


def _worksheet(view: ClaimView) -> Part:
    sheet, heads = newest(view), ("项目", "金额（元）", "依据")
    if sheet is None:
        return _part("核算", heads, (), "没有核算。")
    total = [("退还费用", sheet.refund, "")] if sheet.outcome == "refund" else []
    rows = [*worksheet_lines(view, sheet), *total, ("合计", sheet.total, f"第{sheet.round}轮第{sheet.seq}版")]
    return _part("核算", heads, rows, "没有核算。")


def _chain(view: ClaimView) -> Part:
    rows = [(f"第{step.round}轮 {step.name}", step.duty_org, _who(step.done_by, step.role), on(step.done_at),
             state_words("review_step", step.state)) for step in view.chain if step.state != "waiting"]
    return _part("审核", ("层级", "办理单位", "办理人", "日期", "结果"), rows, "没有进入审核。")


def _who(name: str | None, role: str) -> str:
    words: Mapping[str, str] = ROLE_WORDS
    return f"{name}（{words.get(role, role)}）" if name else words.get(role, role)


def _decisions(view: ClaimView) -> Part:
    rows = [(f"第{one.round}轮", SOURCES.get(one.source, one.source), DECISIONS.get(one.kind, one.kind), one.amount, one.clause, on(one.at))
            for one in view.decisions]
    return _part("决定", ("轮次", "作出", "决定", "金额（元）", "依据", "日期"), rows, "没有作出决定。")


def _payments(view: ClaimView) -> Part:
    rows = [(one.payee, PURPOSES.get(one.purpose, one.purpose), one.amount,
             f"{BANKS.get(one.bank, one.bank)} 尾号{(one.account or '')[-4:]}" if one.bank else "", masked_serial(one.serial),
             on(one.credited_at) or state_words("payment", one.state)) for one in view.payments]
    return _part("付款", ("收款人", "项目", "金额（元）", "收款账户", "银行流水号", "到账"), rows, "没有付款。")


def _letters(view: ClaimView) -> Part:
    rows = [(one.number or "", TITLES.get(one.code, one.code), one.recipient_name, on(one.issued_on),
             on(one.delivered_at) or state_words("notice", one.state)) for one in view.letters if one.number]
    return _part("文书", ("发文字号", "文书", "收件人", "签发", "送达"), rows, "没有签发文书。")


def _objections(session: Session, view: ClaimView) -> Part:
    claim = {"claim": view.claim.id}
    rows = [(on(row.lodged_at), f"异议：{row.grounds}",
             row.result_words or RESULTS.get(row.result or "", state_words("objection", row.state)),
             on(row.decided_at)) for row in session.execute(_OBJECTIONS, claim)]
    rows += [(on(row.asked_at), f"更正：{row.why}", RESULTS.get(row.result or "", ""), on(row.concluded_at))
             for row in session.execute(_CORRECTIONS, claim)]
    return _part("异议与更正", ("提出", "理由", "结果", "办结"), rows, "没有提出异议，没有更正。")


def _clocks(view: ClaimView) -> Part:
    names = {str(step.id): step.name for step in view.chain}
    rows = [(names.get(one.subject, "") or CLOCKS.get(one.kind, one.kind),
             f"{one.budget}{'个工作日' if one.day_kind == 'working' else '日'}", on(one.due_on), on(one.stopped_on),
             "" if one.kept is None else "守期" if one.kept else "逾期") for one in view.clocks]
    return _part("期限", ("期限", "天数", "应于", "止于", "守期"), rows, "没有期限。")
