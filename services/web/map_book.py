"""The map's figures as a workbook: moves, waits, loops and roads, a sheet each."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import xlsxwriter

from services.reporting.moves.queries import Map
from services.reporting.moves.rules import START, STEP, percentile
from services.web.map_words import KINDS, words_of

_Rows = Sequence[Sequence[str | int | float]]
COUNTED = ("次数", "占比", "中位天数", "九成在几天内", "合计天数")


def workbook(found: Map, *, plans: Mapping[str, str]) -> bytes:
    """Chinese, as every workbook of the house; `plans`: code to title."""
    cut = found.cut
    title = f"{found.name} {plans.get(cut.plan, '全部计划')} {cut.first:%Y-%m}起至{cut.until:%Y-%m}前"
    moves = [(words_of(edge.source), words_of(edge.target), edge.n, edge.n / found.moves, percentile(edge.waits, 0.5),
              percentile(edge.waits, 0.9), edge.days) for edge in found.edges if edge.source != START]
    stops = [(words_of(stop.place), stop.n, stop.share, stop.median, stop.p90, stop.days) for stop in found.stops]
    loops = [(words_of(loop.place), words_of(loop.via), loop.n, loop.claims, percentile(loop.waits, 0.5), percentile(loop.waits, 0.9),
              loop.days) for loop in found.loops]
    roads = [(" → ".join(words_of(place) for place in road.road.split(STEP)), KINDS[road.kind][0], road.n, road.share, road.cumulative,
              road.median, road.p90) for road in found.roads]
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        _sheet(book, "走动", title, ("从", "到", *COUNTED), moves)
        _sheet(book, "等待", title, ("环节", "离开次数", "占全部等待", *COUNTED[2:]), stops)
        _sheet(book, "回头", title, ("再次进入", "曾离开去", "次数", "案件数", *COUNTED[2:]), loops)
        _sheet(book, "路线", title, ("路线", "类别", "案件数", "占比", "累计占比", *COUNTED[2:4]), roads)
    return buffer.getvalue()


def _sheet(book: xlsxwriter.Workbook, name: str, title: str, headings: Sequence[str], rows: _Rows) -> None:
    bold, share = book.add_format({"bold": True}), book.add_format({"num_format": "0.0%"})
    sheet = book.add_worksheet(name)
    sheet.write_string(0, 0, title, bold)
    sheet.write_row(1, 0, headings, bold)
    for number, row in enumerate(rows, start=2):
        for column, value in enumerate(row):
            if isinstance(value, str):
                sheet.write_string(number, column, value)
            else:
                sheet.write_number(number, column, value, share if isinstance(value, float) else None)
    if not rows:
        sheet.write_string(2, 0, "没有")
    sheet.set_column(0, 1, 22)
    sheet.set_column(2, len(headings), 14)
    sheet.freeze_panes(2, 0)
