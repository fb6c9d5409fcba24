"""The summary to the region (保办法 第十三条: 投保情况汇总): per unit and plan how many, how much, under which policies."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import sqlalchemy as sa
import xlsxwriter
from sqlmodel import Session

from services.core.money import to_yuan
from services.rulebook import registry


@dataclass(frozen=True, slots=True)
class UnitSummary:
    """One unit under one plan: covers, people, shares; fen due, paid and refunded; the insurer's policy numbers."""

    org_key: str
    unit: str
    plan: str
    plan_name: str
    covers: int
    people: int
    renewals: int
    shares: int
    due_fen: int
    paid_fen: int
    refunded_fen: int
    policies: tuple[str, ...]


_SUMMARY = sa.text("""
    WITH chosen AS (
        SELECT v.* FROM cover v WHERE v.org_key >= :key AND v.org_key < :past AND (CAST(:plan AS text) IS NULL OR v.plan = :plan)
        AND v.effective >= coalesce(CAST(:from AS date), '-infinity') AND v.effective <= coalesce(CAST(:to AS date), 'infinity')
        AND (v.ended_on IS NULL OR v.ended_on >= v.effective)),
    held AS (
        SELECT org_id, plan, count(*) AS covers, count(DISTINCT person_id) AS people, count(*) FILTER (WHERE renewal) AS renewals,
               sum(shares)::bigint AS shares, sum(premium_fen)::bigint AS due,
               coalesce(array_agg(DISTINCT policy_no) FILTER (WHERE policy_no IS NOT NULL), '{}') AS policies
        FROM chosen GROUP BY org_id, plan),
    money AS (
        SELECT v.org_id, v.plan, -coalesce(sum(e.amount_fen) FILTER (WHERE t.kind = 'allocated'), 0)::bigint AS paid,
               coalesce(sum(CASE WHEN t.kind IN ('returned', 'refunded', 'refund_reversed') THEN e.amount_fen
                   WHEN t.kind IN ('credited', 'bounced') THEN -e.amount_fen END), 0)::bigint AS refunded
        FROM chosen v JOIN ledger_entry e ON e.cover_id = v.id JOIN ledger_transaction t ON t.id = e.transaction_id
        GROUP BY v.org_id, v.plan)
    SELECT o.org_key, o.name, h.*, coalesce(m.paid, 0) AS paid, coalesce(m.refunded, 0) AS refunded
    FROM held h JOIN organisation o ON o.id = h.org_id LEFT JOIN money m ON m.org_id = h.org_id AND m.plan = h.plan
    ORDER BY o.org_key, h.plan""")


def summary(session: Session, *, org_key: str, plan: str | None = None, first: date | None = None,
            last: date | None = None) -> list[UnitSummary]:
    """Covers at and under an organisation that begin between two days, both inside; taken-back ones count for nothing."""
    rows = session.execute(_SUMMARY, {"key": org_key, "past": f"{org_key.rstrip('.')}/", "plan": plan, "from": first, "to": last})
    return [UnitSummary(row.org_key, row.name, row.plan, registry.latest(row.plan).name, row.covers, row.people, row.renewals,
                        row.shares, row.due, row.paid, row.refunded, tuple(row.policies)) for row in rows]


HEADINGS = ("单位", "计划", "凭证数", "人数", "其中续保", "份数", "应缴（元）", "已缴（元）", "已退（元）", "保单号")


Cell = str | int | Decimal


def cells(row: UnitSummary) -> tuple[Cell, ...]:
    """A row in the order of HEADINGS; money in yuan with two decimals."""
    money = (to_yuan(fen) for fen in (row.due_fen, row.paid_fen, row.refunded_fen))
    return (row.unit, row.plan_name, row.covers, row.people, row.renewals, row.shares, *money, "、".join(row.policies))


def totals(rows: Sequence[UnitSummary]) -> tuple[Cell, ...]:
    """The last row: everything added up. People are counted unit by unit and plan by plan."""
    counts = (sum(getattr(row, name) for row in rows) for name in ("covers", "people", "renewals", "shares"))
    money = (to_yuan(sum(getattr(row, name) for row in rows)) for name in ("due_fen", "paid_fen", "refunded_fen"))
    return ("合计", "", *counts, *money, "")


def workbook(rows: Sequence[UnitSummary], *, title: str) -> bytes:
    """The summary as a workbook of one sheet: title, headings, a row a unit and plan, the total."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet("参保汇总")
        bold, money = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00"})
        sheet.write_string(0, 0, title, bold)
        sheet.write_row(1, 0, HEADINGS, bold)
        for place, row in enumerate([*map(cells, rows), totals(rows)], start=2):
            for column, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(place, column, value)
                else:
                    sheet.write_number(place, column, value, money if isinstance(value, Decimal) else None)
        sheet.set_column(0, 1, 28)
        sheet.set_column(2, 8, 12)
        sheet.set_column(9, 9, 30)
    return buffer.getvalue()
