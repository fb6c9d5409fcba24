"""Boards: what is open, due and late, how long things take, which promises are kept; each number leads to its claims."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, get_args
from urllib.parse import urlencode

from fastapi import Response
from sqlmodel import Session

from services.core.errors import InputError, NotFound
from services.core.months import month_of, months_on
from services.reporting.boards import book, drawing, queries, reading
from services.reporting.boards.reading import Now
from services.reporting.boards.views import (
    BANDS,
    WHOLE,
    Cut,
    Kept,
    Number,
    OpenNow,
    Page,
    Place,
    Quality,
    Rates,
    TimeBy,
    Which,
)
from services.reporting.forecast import queries as forecast
from services.reporting.forecast.rules import BANDS as SHARES
from services.web import board_words as words
from services.web.board_change import Change, days_changed, share_changed
from services.web.door import Pages
from services.web.downloads import saved
from services.web.language import N_
from services.web.menu import Item
from services.web.office_words import ORG_KINDS
from services.web.render import HEADERS
from services.web.visit import Visit, whole

pages = Pages()
LINES = 50
RISKIEST = 10           # on the board's first page
ALL = "all"             # twelve months, where a month is asked for


@dataclass(frozen=True, slots=True)
class Board:
    """What the address asks for, and the addresses that lead on from it."""

    visit: Visit
    cut: Cut
    today: date

    def at(self, path: str, **fields: object) -> str:
        """Another page of the same board; fields given take the place of the cut's."""
        kept = {"org": self.cut.org_key if self.cut.org_key != self.visit.actor.org_key else "", "plan": self.cut.plan or "",
                "insurer": self.cut.insurer or "", "month": self.month}
        whole_of = {**fields, **{name: value for name, value in kept.items() if name not in fields}}
        asked = {name: value for name, value in whole_of.items() if value not in ("", None)}
        return path + (f"?{urlencode(asked)}" if asked else "")

    @property
    def month(self) -> str:
        """As the address writes it."""
        return f"{self.cut.month:%Y-%m}" if self.cut.month else ALL

    def behind(self, number: str, **fields: object) -> str:
        """The claims behind a number."""
        return self.at("/boards/claims", number=number, **fields)

    def picture(self, name: str, tone: str, size: str, **fields: object) -> str:
        """A chart of the board as a picture."""
        return self.at(f"/boards/charts/{name}", tone=tone, size=size, lang=self.visit.language.code, **fields)

    def kind(self, key: str) -> str:
        """A clock's kind in the visitor's words."""
        return self.visit.say(words.KINDS.get(key, key))

    def named(self, by: str, key: str, name: str) -> str:
        """A row's key in words."""
        if by == "kind":
            return self.kind(key)
        if by == "stage":
            return self.visit.say(words.STAGES.get(key, key))
        return {"plan": words.plans(), "level": words.levels()}.get(by, {}).get(key, name)

    def band(self, place: int) -> str:
        """6–10 days."""
        low, high = BANDS[place]
        return self.visit.say("{low}—{high}日", low=low, high=high) if high is not None else self.visit.say("{low}日以上", low=low)


def board_of(visit: Visit) -> Board:
    """The board that the address asks for: the own organisation and the last whole month where nothing is said."""
    text = visit.query.get("month", "")
    month = None if text == ALL else month_of(text) if text else months_on(visit.today, -1)
    cut = reading.cut_of(visit.actor, org=visit.query.get("org", ""), plan=visit.query.get("plan", ""), month=month,
                         insurer=visit.query.get("insurer", ""))
    return Board(visit, cut, visit.today)


def shown(board: Board, template: str, place: Place, **values: Any) -> Response:      # a template's values are of every kind
    """A page of the board in its frame."""
    key = board.cut.org_key
    above = ".".join(key.rstrip(".").split(".")[:-1]) + "."
    return board.visit.page(template, board=board, place=place, tabs=words.TABS, bands=range(len(BANDS)), plan_names=words.plans(),
                            insurers=words.insurers(), months=reading.months(board.today), kinds_of=ORG_KINDS,
                            above=above if key != board.visit.actor.org_key else "", **values)


@pages.get("/boards", roles=reading.READERS, menu=Item(22, N_("运行情况")))
def now(visit: Visit) -> Response:
    """What is open, due and late now, and where."""
    board, band = board_of(visit), _band(visit, "risk")

    def run(session: Session) -> tuple[Now, forecast.Bands, list[forecast.Riskiest]]:
        likely = forecast.riskiest(session, board.cut, band=band, after=visit.query.get("after", ""),
                                   limit=RISKIEST if band is None else LINES + 1)
        return reading.now_open(session, board.cut, visit.now), forecast.bands(session, board.cut), likely
    found, risks, likely = visit.read(run)
    late, ages = _late(board, found.orgs if found.orgs.rows else found.kinds, bool(found.orgs.rows)), _ages(board, found.kinds)
    return shown(board, "boards.html", found.place, found=found, by_need=reading.by_need, late_told=drawing.told(late, visit.say),
                 ages_told=drawing.told(ages, visit.say), worst_kind=_worst(found.kinds), worst_org=_worst(found.orgs),
                 risks=risks, likely=likely[:LINES], band=band, shares=SHARES, states=words.STAGES, levels=words.levels(),
                 more=board.at("/boards", risk=band, after=likely[LINES - 1].cursor) if len(likely) > LINES else "")


def _worst(found: OpenNow) -> object:
    row = max(found.rows, key=lambda row: row.late, default=None)
    return row if row is not None and row.late else None


def _late(board: Board, found: OpenNow, of_orgs: bool) -> drawing.Chart:
    return drawing.late(found, (lambda name: name) if of_orgs else board.kind, board.visit.say("项"))


def _ages(board: Board, found: OpenNow) -> drawing.Chart:
    return drawing.ages(found, board.kind, board.band)


@pages.get("/boards/time", roles=reading.READERS)
def time(visit: Visit) -> Response:
    """How long stages took, beside the month before and the year before."""
    board, by, stage = board_of(visit), _by(visit), _stage(visit)

    def run(session: Session) -> tuple[Place, reading.Times]:
        return queries.place(session, board.cut), reading.times(session, board.cut, by, visit.now, stage=stage)
    place, found = visit.read(run)
    lines = [(line, days_changed(visit.say, line.row, line.last_month), days_changed(visit.say, line.row, line.last_year))
             for line in found.lines]
    return shown(board, "boards_time.html", place, by=by, stage=stage, ways=words.WAYS, stages=words.STAGES, lines=lines, found=found,
                 told=drawing.told(_times(board, by, found), visit.say))


def _times(board: Board, by: TimeBy, found: reading.Times) -> drawing.Chart:
    return drawing.times(found.found, lambda row: board.named(by, row.key, row.name), board.visit.say("天"))


def _by(visit: Visit) -> TimeBy:
    for known in get_args(TimeBy):
        if known == visit.query.get("by", "stage"):
            found: TimeBy = known
            return found
    raise InputError("by_unknown", "没有这一种分法", remedy="从页面上选", field="by")


def _stage(visit: Visit) -> str:
    stage = visit.query.get("stage", WHOLE)
    if stage not in words.STAGES:
        raise InputError("stage_unknown", "没有这一环节", remedy="从页面上选", field="stage")
    return stage


@pages.get("/boards/kept", roles=reading.READERS)
def kept(visit: Visit) -> Response:
    """Promises kept by month, and how files come in and go out."""
    board = board_of(visit)

    def run(session: Session) -> tuple[Place, Kept, Kept, Quality]:
        found, before = reading.kept_two_years(session, board.cut, visit.now, visit.today)
        return queries.place(session, board.cut), found, before, queries.quality(session, board.cut, now=visit.now)
    place, found, before, quality = visit.read(run)
    return shown(board, "boards_kept.html", place, found=found, before=before, quality=quality, part_of=_part,
                 told=drawing.told(_kept(board, found, before), visit.say), changed=_changed(visit))


def _part(row: Rates, some: str, every: str) -> float | None:
    return book.part(getattr(row, some), getattr(row, every))


def _changed(visit: Visit) -> object:
    def said(now: float | None, then: float | None, *, more_is_better: bool = True) -> Change:
        return share_changed(visit.say, now, then, more_is_better=more_is_better)
    return said


def _kept(board: Board, found: Kept, before: Kept) -> drawing.Chart:
    say = board.visit.say
    return drawing.kept(found, before, say("按期率"), say("上年同期"), lambda month: say("{month}月", month=month))


@pages.get("/boards/waiting", roles=reading.READERS)
def waiting(visit: Visit) -> Response:
    """Sums and readings that wait for somebody's word."""
    board = board_of(visit)
    place, found = visit.read(lambda session: (queries.place(session, board.cut), queries.outstanding(session, board.cut, now=visit.now)))
    return shown(board, "boards_waiting.html", place, found=found)


@pages.get("/boards/claims", roles=reading.READERS)
def claims(visit: Visit) -> Response:
    """The claims behind one number."""
    board, which = board_of(visit), _which(visit)
    after = visit.query.get("after", "")

    def run(session: Session) -> tuple[Place, Page]:
        return queries.place(session, board.cut), queries.claims(session, board.cut, which, after=after, limit=LINES, now=visit.now)
    place, found = visit.read(run)
    fields = {"kind": which.kind, "stage": which.stage, "level": which.level, "band": which.band}
    more = board.behind(which.number, **fields, after=found.after) if found.after else ""
    return shown(board, "boards_claims.html", place, found=found, which=which, more=more, numbers=words.NUMBERS, stages=words.STAGES,
                 levels=words.levels())


def _which(visit: Visit) -> Which:
    asked, place = visit.query.get("number", ""), _band(visit, "band")
    if place is not None and place >= len(BANDS):
        raise _no_band("band")
    for number in get_args(Number):
        if number == asked:
            return Which(number, kind=visit.query.get("kind", ""), stage=visit.query.get("stage", ""),
                         level=visit.query.get("level", ""), band=place)
    raise InputError("number_unknown", "没有这个数", remedy="从页面上的数进入", field="number")


def _band(visit: Visit, field: str) -> int | None:
    """The band that the address asks for, by its place."""
    text = visit.query.get(field, "")
    place = whole(text) if text else None
    if text and place is None:
        raise _no_band(field)
    return place


def _no_band(field: str) -> InputError:
    return InputError("band_unknown", "没有这一段", remedy="从页面上的数进入", field=field)


@pages.get("/boards/workbook", roles=reading.READERS)
def workbook(visit: Visit) -> Response:
    """Every table of the board as XLSX."""
    board = board_of(visit)
    found = visit.read(lambda session: reading.whole(session, board.cut, visit.now, visit.today))
    return saved(book.workbook(found, board.cut), f"运行情况-{found.now.place.name}-{book.named(board.cut.month)}.xlsx")


@pages.get("/boards/charts/{name}", roles=reading.READERS)
def picture(visit: Visit, name: str) -> Response:
    """A chart as SVG. NotFound: no such chart."""
    board, query = board_of(visit), visit.query
    width = drawing.SIZES.get(query.get("size", "wide"), drawing.SIZES["wide"])
    tone: drawing.Tone = "dark" if query.get("tone") == "dark" else "light"
    chart = visit.read(lambda session: _chart(session, board, name))
    return Response(drawing.svg(chart, tone, width), media_type="image/svg+xml",
                    headers={**HEADERS, "Cache-Control": "private, max-age=60"})


def _chart(session: Session, board: Board, name: str) -> drawing.Chart:
    visit = board.visit
    if name == "late":
        orgs = queries.open_now(session, board.cut, by="org", now=visit.now)
        return _late(board, orgs, True) if orgs.rows else _late(
            board, queries.open_now(session, board.cut, by="kind", now=visit.now), False)
    if name == "ages":
        return _ages(board, queries.open_now(session, board.cut, by="kind", now=visit.now))
    if name == "kept":
        return _kept(board, *reading.kept_two_years(session, board.cut, visit.now, visit.today))
    if name == "time":
        by = _by(visit)
        return _times(board, by, reading.times(session, board.cut, by, visit.now, stage=_stage(visit)))
    raise NotFound("chart_missing", "没有这张图", remedy="从页面进入")
