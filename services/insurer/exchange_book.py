"""A period's report as a workbook (XLSX): the same report gives the same bytes, because nothing of the moment goes into it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet as Page

from services.core.money import to_yuan
from services.insurer.exchange_changes import told
from services.insurer.exchange_facts import Contents, insurers
from services.insurer.exchange_words import DUTIES, ENDED, SIDES, liability_name, period_words, plan_name

_CREATED = datetime(1980, 1, 1)     # a mark instead of the moment, without which bytes would differ
_WIDTH = 16
Cell = str | int | Decimal | date | None
Table = tuple[str, tuple[str, ...], Sequence[Sequence[Cell]]]


def workbook(contents: Contents, *, office: str, version: int, number: str, changes: Sequence[dict[str, str]]) -> bytes:
    """The report's lists, one a page; `changes` of a correction come last. Cell texts never become formulas."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False,
                                      "strings_to_urls": False}) as book:
        book.set_properties({"created": _CREATED})
        bold, title = book.add_format({"bold": True, "text_wrap": True, "border": 1}), book.add_format({"bold": True, "font_size": 14})
        plain, money = book.add_format({"text_wrap": True, "border": 1}), book.add_format({"num_format": "#,##0.00", "border": 1})
        head = (f"{office}与{contents.insurer}合作情况", f"期间：{period_words(contents.from_on, contents.until_on)}　编号：{number}"
                + (f"　第{version}版（更正）" if version > 1 else ""))
        for name, headings, rows in _tables(contents, changes):
            _page(book.add_worksheet(name), head, headings, rows, (title, bold, plain, money))
    return buffer.getvalue()


def _page(page: Page, head: tuple[str, str], headings: tuple[str, ...], rows: Sequence[Sequence[Cell]],
          formats: tuple[Format, Format, Format, Format]) -> None:
    title, bold, plain, money = formats
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.set_column(0, 0, 30)
    page.set_column(1, len(headings) - 1, _WIDTH)
    page.write_string(0, 0, head[0], title)
    page.write_string(1, 0, head[1])
    for column, heading in enumerate(headings):
        page.write_string(3, column, heading, bold)
    page.freeze_panes(4, 1)
    for place, row in enumerate(rows, 4):
        for column, value in enumerate(row):
            if isinstance(value, Decimal):
                page.write_number(place, column, value, money)
            elif isinstance(value, int):
                page.write_number(place, column, value, plain)
            else:
                page.write_string(place, column, value.isoformat() if isinstance(value, date) else value or "", plain)


def _tables(contents: Contents, changes: Sequence[dict[str, str]]) -> list[Table]:
    plans = insurers().get(contents.insurer, ())
    tables: list[Table] = [
        ("承保与保费", ("计划", "期末有效", "本期生效", "本期终止", "本期生效应收（元）", "本期收到（元）", "本期退还（元）"), [
            (plan_name(one.plan), one.in_force, one.begun, one.ended, to_yuan(one.premium_fen), to_yuan(one.received_fen),
             to_yuan(one.returned_fen)) for one in contents.covers]),
        ("理赔", ("计划", "报案", "移送", "问询", "退件", "撤回", "核定给付", "部分给付", "退还保险费", "不予给付", "核定金额（元）",
                 "已付件数", "已付金额（元）"), [
            (plan_name(one.plan), one.reported, one.handed_over, one.questioned, one.rejected, one.recalled, one.paid_out, one.part,
             one.refund, one.nothing, to_yuan(one.decided_fen), one.paid, to_yuan(one.paid_fen)) for one in contents.claims]),
        ("期末在办", ("案号", "计划", "移送日期", "移送天数", "最近期限"), [
            (one.claim_no, plan_name(one.plan), one.sent_on, one.days, one.due_on) for one in contents.open]),
        ("金额不一致", ("案号", "项目", "我方核算（元）", "保险公司核定（元）", "起自", "结果"), [
            (one.claim_no, liability_name(one.liability, plans), to_yuan(one.ours_fen), to_yuan(one.theirs_fen), one.opened_on,
             ENDED.get(one.ended, one.ended)) for one in contents.differing]),
        ("履约", ("事项", "责任方", "依据", "按期", "逾期", "期末未完成"), [
            (DUTIES[one.code], SIDES[one.side], one.clause, one.kept, one.missed, one.late) for one in contents.duties]),
        ("逾期明细", ("事项", "案号", "期限", "完成日期"), [
            (DUTIES[one.code], one.claim_no, one.due_on, one.done_on or "未完成") for one in contents.missed]),
        ("合作记录", ("事项", "日期", "说明"), [(DUTIES.get(one.code, one.code), one.held_on, one.note) for one in contents.acts]),
        ("未决赔款准备", ("计划", "报案天数", "件数", "其中未核算", "我方核算（元）", "保险公司已核定件数", "已核定未付（元）",
                     "准备金额（元）"), [
            (plan_name(one.plan), one.band, one.count, one.uncomputed, to_yuan(one.computed_fen), one.said, to_yuan(one.said_fen),
             to_yuan(one.reserve_fen)) for one in contents.reserves])]
    if changes:
        tables.append(("更正", ("数据", "更正前", "更正后"), [(one["what"], one["before"], one["after"]) for one in told(changes, plans)]))
    return tables
