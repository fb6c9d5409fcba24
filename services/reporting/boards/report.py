"""The board told upwards: a 运行情况分析报告 with charts, signed and numbered as the month's report is.

The month's figures decide whether it is the same report: asked again while they are the same, the one that stands is given back, with
what was open when it was signed. Changed, the next one takes its place and says why.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import Actor
from services.core.clock import CHINA, business_day
from services.core.errors import Conflict
from services.core.money import show, to_yuan
from services.core.texts import written
from services.models import OfficeLetter
from services.notice import monthly, office_letters
from services.notice.office_letters import About
from services.reporting.boards import reading, words
from services.reporting.boards.reading import Times, Whole
from services.reporting.boards.views import BANDS, Cut, Kept, OpenNow, OpenRow, Quality, Rates

CODE, SUFFIX = "board_report", "报"
MAKERS, READERS = monthly.MAKERS, monthly.READERS
SHOWN = 15              # organisations beneath that the report lists
FIGURES = ("times", "kept", "rates", "paid", "paid_amount")      # of the month; what is open changes by the hour
_LOCK = sa.text("SELECT pg_advisory_xact_lock(hashtext('board_report:' || :subject))")
_RATES = (("一次齐全", "complete", "verified"), ("补充过材料", "asked", "decided"), ("退回过", "returned", "decided"),
          ("不予给付", "refused", "decided"))


def issue(session: Session, *, month: date, why: str = "", actor: Actor, now: datetime) -> OfficeLetter:
    """The report of the actor's organisation on a month that is over, or the one that stands and still says what the records say.

    Conflict: figures changed and no reason was given. GuardFailed: nobody is above.
    """
    actor.require(*sorted(MAKERS), what="签发运行情况分析报告")
    org, first, last = monthly.asked(session, month, actor, now)
    about = About(CODE, f"{org.id}:{first:%Y-%m}:board", org.org_key, SUFFIX, last)
    session.execute(_LOCK, {"subject": about.subject})
    to = monthly.above(session, org)
    values = figures(reading.whole(session, Cut(org.org_key, None, first), now, business_day(now)))
    former = monthly.standing(session, about)
    if former is not None:
        if all(former.context.get(name) == values[name] for name in FIGURES):
            return former
        if not why.strip():
            raise Conflict("figures_changed", f"{former.number}签发以后数据有变动", remedy="写明更正的原因，签发新的一份代替它",
                           field="why")
        values |= {"instead_of": former.number, "why": written(why, "why")}
    values |= {"period": monthly.period(first), "addressees": [to], "signer": actor.name, "printed_by": monthly.organ(org),
               "printed_on": business_day(now)}
    return office_letters.issue(session, about, values, office=monthly.signer(session, org), actor=actor, now=now)


def listed(session: Session, *, actor: Actor, limit: int = 50) -> list[OfficeLetter]:
    """Reports in sight, newest month first."""
    actor.require(*sorted(READERS), what="查看运行情况分析报告")
    return list(session.exec(select(OfficeLetter).where(OfficeLetter.code == CODE).order_by(
        col(OfficeLetter.valid_on).desc(), col(OfficeLetter.org_key), col(OfficeLetter.issued_at).desc()).limit(limit)))


def one(session: Session, letter_id: uuid.UUID, *, actor: Actor) -> OfficeLetter:
    """A report. NotFound, also when it is another letter."""
    actor.require(*sorted(READERS), what="查看运行情况分析报告")
    row = office_letters.letter(session, letter_id)
    if row.code != CODE:
        raise office_letters.missing()
    return row


def figures(found: Whole) -> dict[str, object]:
    """The figures as the letter's values, written as they are kept."""
    at = found.now.kinds.as_of.astimezone(CHINA)
    below = [row for row in reading.by_need(found.now.orgs) if row.open]
    return {"as_of": f"{at.year}年{at.month}月{at.day}日{at.hour}时{at.minute}分",
            "bands": [words.band(place) for place in range(len(BANDS))], "total": _open(found.now.kinds.total, "合计"),
            "kinds": _rows(found.now.kinds, words.KINDS), "below": [_open(row, row.name) for row in below[:SHOWN]],
            "organisations": len(below), "times": _times(found.stages), "kept": _kept(found.kept, found.kept_before),
            "rates": _rates(found.quality), "paid": found.quality.now.paid, "paid_amount": show(to_yuan(found.quality.now.paid_fen)),
            "manual": sum(row.claims for row in found.outstanding.manual), "readings": len(found.outstanding.readings)}


def _open(row: OpenRow, name: str) -> dict[str, object]:
    return {"name": name, "open": row.open, "late": row.late, "due_today": row.due_today, "soon": row.soon, "ages": list(row.ages)}


def _rows(found: OpenNow, names: Mapping[str, str]) -> list[dict[str, object]]:
    return [_open(row, names.get(row.key, row.name)) for row in reading.by_need(found)]


def _times(found: Times) -> list[dict[str, object]]:
    return [{"name": words.STAGES.get(line.row.key, line.row.key), "n": line.row.n, "median": line.row.workdays.median,
             "p90": line.row.workdays.p90, "p95": line.row.workdays.p95,
             "last_month": line.last_month.workdays.median if line.last_month else None,
             "last_year": line.last_year.workdays.median if line.last_year else None} for line in found.lines]


def _kept(found: Kept, before: Kept) -> list[dict[str, object]]:
    return [{"month": words.month(row.month), "kept": row.kept, "missed": row.missed, "kept_before": then.kept,
             "missed_before": then.missed} for row, then in zip(found.months, before.months, strict=True)]


def _rates(found: Quality) -> list[dict[str, object]]:
    def pair(row: Rates, some: str, every: str) -> Sequence[int]:
        return [getattr(row, some), getattr(row, every)]
    return [{"words": said, "some": getattr(found.now, some), "every": getattr(found.now, every),
             "last_month": pair(found.last_month, some, every), "last_year": pair(found.last_year, some, every)}
            for said, some, every in _RATES]
