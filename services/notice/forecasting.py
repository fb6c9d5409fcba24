"""What letters will say when they are issued next, told without a lock: numbers as they will follow, values as they now stand."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.core.clock import business_day
from services.models import Notice
from services.notice.files import gather
from services.notice.issuing import foreseen, in_order
from services.notice.pressing import Job
from statemachines.states import NoticeState

_LAST = sa.text("SELECT series, last FROM number_series WHERE year = :year AND series = ANY(CAST(:series AS text[]))")


@dataclass(frozen=True, slots=True)
class Forecast:
    """The jobs to press, and the last serial of each series when they are issued."""

    jobs: tuple[Job, ...]
    last: Mapping[str, int]


def foresee(session: Session, *, notice_ids: Sequence[uuid.UUID], now: datetime, after: Mapping[str, int] | None = None) -> Forecast:
    """The drafted ones of these letters as `issue` would write them now. `after`: serials that others, under way, will have drawn.

    A letter that could not be written is left out: `issue` says why.
    """
    drafts = session.exec(select(Notice).where(col(Notice.id).in_(list(notice_ids)), Notice.state == NoticeState.DRAFTED)).all()
    files = gather(session, in_order(drafts))
    year = business_day(now).year
    last = {row.series: row.last for row in session.execute(
        _LAST, {"year": year, "series": sorted({str(file.office.letter_series) for file in files})})}
    last |= {series: max(serial, last.get(series, 0)) for series, serial in (after or {}).items()}
    jobs = []
    for file in files:
        series = str(file.office.letter_series)
        found = foreseen([(series, last.get(series, 0) + 1, file)], now)
        last[series] = last.get(series, 0) + len(found)
        jobs += found
    return Forecast(tuple(jobs), last)
