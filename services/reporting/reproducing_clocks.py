"""Clocks counted again by the calendar version that each has pinned."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from services.core.errors import HuzhuError
from services.reporting.archive_sheet import CLOCKS
from services.reporting.reproduced import Claim, Reproduced
from services.sla import calendars
from services.sla.recount import HELD, THEIRS, counted
from services.workdays.calendar import Calendar

_CLOCKS = sa.text("""
    SELECT k.claim_id, k.round, k.kind, k.budget, k.day_kind, k.start_on, k.pauses, k.due_on, k.words, k.calendar, k.state, k.stopped_on,
           k.kept FROM sla_clock k
    WHERE k.claim_id IN (SELECT unnest(CAST(:ids AS uuid[]))) ORDER BY k.claim_id, k.round, k.start_on, k.id""")


def clocks(session: Session, claims: Sequence[Claim]) -> dict[uuid.UUID, list[Reproduced]]:
    """Each clock's last day and how it was counted; and whether it was kept, by the day it stopped."""
    found: dict[uuid.UUID, list[Reproduced]] = {}
    kept: dict[str, Calendar | str] = {}
    for row in session.execute(_CLOCKS, {"ids": [claim.id for claim in claims]}).mappings():
        if row["calendar"] not in kept:
            kept[row["calendar"]] = _calendar(session, row["calendar"])
        found.setdefault(row["claim_id"], []).extend(_lines(row, kept[row["calendar"]]))
    return found


def _calendar(session: Session, version: str) -> Calendar | str:
    try:
        return calendars.pinned(session, version)
    except HuzhuError as error:
        return error.message


def _lines(row: Any, cal: Calendar | str) -> list[Reproduced]:
    days = f"{row['budget']}{'个工作日' if row['day_kind'] == 'working' else '日'}"
    what = f"第{row['round']}轮时限：{CLOCKS.get(row['kind'], row['kind'])}（{days}）"
    decided = f"{row['due_on']}：{row['words']}"
    lines = [_counted(row, what, decided, cal)]
    if row["kept"] is not None and row["stopped_on"] is not None:
        again = row["stopped_on"] <= row["due_on"]
        lines.append(Reproduced("clock", f"{what}：是否如期", _kept(row["kept"]), _kept(again), again == row["kept"]))
    return lines


def _counted(row: Any, what: str, decided: str, cal: Calendar | str) -> Reproduced:
    if isinstance(cal, str):
        return Reproduced("clock", what, decided, cal, agrees=False)
    if row["budget"] == 0:      # whatever day it is: no calendar moves it
        return Reproduced("clock", what, decided, decided, row["due_on"] == row["start_on"])
    try:
        count = counted(row["budget"], row["day_kind"], row["start_on"], row["pauses"], cal)
    except HuzhuError as error:
        return Reproduced("clock", what, decided, error.message, agrees=False)
    due, words = _promised(row["kind"], row["due_on"], row["words"], count.due, count.words)
    return Reproduced("clock", what, decided, f"{due}：{words}", (due, words) == (row["due_on"], row["words"]))


def _promised(kind: str, old: date, said: str, due: date, words: str) -> tuple[date, str]:
    """What was promised to others was not cut short by a later calendar; the clock's own words say so."""
    if kind in THEIRS and due < old and said == words + HELD:
        return old, said
    return due, words


def _kept(kept: bool) -> str:
    return "如期" if kept else "逾期"
