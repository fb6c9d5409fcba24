"""What the forecast says: of some claims, of the riskiest of a part of the house, and how many stand in which band."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlmodel import Session

from services.core.clock import business_day
from services.core.errors import InputError
from services.reporting.boards.area import place
from services.reporting.boards.views import Cut
from services.reporting.figures.tallies import BELOW
from services.reporting.forecast.rules import EDGES, LATE, OUTLASTS, WHOLE
from services.rulebook import registry


@dataclass(frozen=True, slots=True)
class Risk:
    """What was said of an open promise on `as_of`: `longer` of `compared` like claims needed more than the `left_days` that were left.

    `width`: which were alike: level (or stage, where there are no levels), stage, office, nation; see `forecast.rules`.
    """

    claim_id: uuid.UUID
    promise: str
    stage: str
    level: str
    rank: int
    width: str
    compared: int
    longer: int
    left_days: int
    as_of: date

    @property
    def said(self) -> str:
        """`late`: nothing is forecast any more; `outlasts`: no like claim took as long as this one has already; else `share`."""
        return "late" if self.rank == LATE else "outlasts" if self.rank == OUTLASTS else "share"

    @property
    def percent(self) -> int:
        """The share, rounded; what is not nothing is at least 1."""
        return max(1, round(100 * self.longer / self.compared)) if self.longer else 0


_COLUMNS = "r.claim_id, r.promise, r.stage, r.level, r.rank, r.width, r.compared, r.longer, r.left_days, r.as_of"


def stands(risk: str, claim: str) -> str:
    """Whether a claim is still where it was when it was forecast, at its level where there are levels, in SQL."""
    return f"""{claim}.state = {risk}.stage AND ({risk}.level = '' OR EXISTS (SELECT 1 FROM review_step s WHERE s.claim_id = {claim}.id
        AND s.round = {claim}.round AND s.state = 'open' AND s.level = {risk}.level))"""


def risk_of(claim: str, promise: str) -> str:
    """What is forecast of a claim's promise as one JSON value (or null), in SQL; `RISK` reads it."""
    return f"(SELECT to_jsonb(y) FROM (SELECT {_COLUMNS} FROM claim_risk r WHERE r.claim_id = {claim}.id AND r.promise = {promise}" \
           f" AND {stands('r', claim)}) y)"


RISK: TypeAdapter[Risk | None] = TypeAdapter(Risk | None)
_RISKS = sa.text(f"""
    SELECT {_COLUMNS} FROM unnest(CAST(:claims AS uuid[]), CAST(:promises AS text[])) AS w(claim_id, promise)
    JOIN claim_risk r ON r.claim_id = w.claim_id AND r.promise = w.promise JOIN claim c ON c.id = r.claim_id AND {stands("r", "c")}""")
_IN_CUT = """r.promise = :promise AND r.org_key >= :low AND r.org_key < :high AND (CAST(:plans AS text[]) IS NULL OR EXISTS (
        SELECT 1 FROM claim c WHERE c.id = r.claim_id AND c.plan = ANY(CAST(:plans AS text[]))))"""
_RISKIEST = sa.text(f"""
    SELECT c.claim_no, c.plan, x.* FROM (SELECT {_COLUMNS} FROM claim_risk r WHERE {_IN_CUT} AND r.rank >= :from_rank AND r.rank < :to_rank
        AND r.rank <= -CAST(:rank AS int)
        AND (-r.rank, r.left_days, r.claim_id) > (CAST(:rank AS int), CAST(:days AS int), CAST(:claim AS uuid))
        ORDER BY r.rank DESC, r.left_days, r.claim_id LIMIT :limit) x
    JOIN claim c ON c.id = x.claim_id ORDER BY x.rank DESC, x.left_days, x.claim_id""")
_COUNTED = sa.text(f"""
    SELECT width_bucket(r.rank, CAST(:edges AS int[])) AS band, count(*) AS n, max(r.as_of) AS as_of FROM claim_risk r
    WHERE {_IN_CUT} GROUP BY 1""")
_TALLIED = sa.text("""
    SELECT t.state::int AS band, sum(t.n) AS n FROM open_tally t WHERE t.org_key = :low AND t.side = 'risk' AND t.kind = :promise
    AND (CAST(:plans AS text[]) IS NULL OR t.plan = ANY(CAST(:plans AS text[]))) GROUP BY 1""")
_AS_OF = sa.text("SELECT as_of FROM figures_refresh WHERE name = 'forecast'")


def risks(session: Session, wanted: Iterable[tuple[uuid.UUID, str]]) -> Mapping[tuple[uuid.UUID, str], Risk]:
    """Of these claims' promises, those that are open and were forecast; a claim that has moved on since is left out."""
    pairs = list(dict.fromkeys(wanted))
    rows = session.execute(_RISKS, {"claims": [claim for claim, _ in pairs], "promises": [promise for _, promise in pairs]})
    return {(row.claim_id, row.promise): Risk(*row) for row in rows}


@dataclass(frozen=True, slots=True)
class Riskiest:
    """A claim of the riskiest list."""

    claim_no: str
    plan: str
    risk: Risk


    @property
    def cursor(self) -> str:
        """Place in the list, for the next page."""
        return f"{-self.risk.rank}/{self.risk.left_days}/{self.risk.claim_id}"


@dataclass(frozen=True, slots=True)
class Bands:
    """How many open promises of a part of the house stand in each band of EDGES; `as_of` None: nothing was forecast there.

    The last band is of the late ones, of which nothing is told any more.
    """

    as_of: date | None
    counts: tuple[int, ...]


def riskiest(session: Session, cut: Cut, *, band: int | None = None, after: str = "", limit: int) -> list[Riskiest]:
    """The claims likeliest to become late, or those of one band, late ones left out. An insurer's cut is of its own promise to pay.

    InputError: no such band, or a wrong cursor.
    """
    if band is not None and not 0 <= band < len(EDGES) - 1:
        raise InputError("band_unknown", "没有这一段", remedy="从页面上的数进入", field="risk")
    span = (EDGES[0], LATE) if band is None else (EDGES[band], EDGES[band + 1])
    rank, days, claim = _cursor(after)
    rows = session.execute(_RISKIEST, {**_bound(cut), "from_rank": span[0], "to_rank": span[1], "rank": rank, "days": days,
                                       "claim": claim, "limit": limit})
    return [Riskiest(row[0], row[1], Risk(*row[2:])) for row in rows]


def _cursor(after: str) -> tuple[int, int, uuid.UUID]:
    if not after:
        return -LATE, 0, uuid.UUID(int=0)
    try:
        rank, days, claim = after.split("/")
        if not (-LATE <= int(rank) <= 0 and abs(int(days)) < WHOLE):
            raise ValueError(after)
        return int(rank), int(days), uuid.UUID(claim)
    except ValueError:
        raise InputError("cursor_wrong", "翻页位置不对", remedy="从第一页重新开始", field="after") from None


def bands(session: Session, cut: Cut) -> Bands:
    """How many stand in which band of the share. NotFound: no such organisation in sight."""
    tallied = place(session, cut).kind not in BELOW
    given = _bound(cut) if tallied else {**_bound(cut), "edges": list(EDGES)}
    rows = session.execute(_TALLIED if tallied else _COUNTED, given).all()
    counts = {row.band: int(row.n) for row in rows}
    day = (business_day(session.execute(_AS_OF).scalar_one()) if tallied else max(row.as_of for row in rows)) if rows else None
    return Bands(day, tuple(counts.get(band, 0) for band in range(1, len(EDGES) + 1)))


def _bound(cut: Cut) -> dict[str, object]:
    plans = [cut.plan] if cut.plan else None
    if cut.insurer:
        plans = [book.plan for book in registry.plans() if book.insurer == cut.insurer and cut.plan in (None, book.plan)]
    return {"promise": "insurer_pay" if cut.insurer else "pay", "low": cut.org_key, "high": cut.org_key.rstrip(".") + "/", "plans": plans}
