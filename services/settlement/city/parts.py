"""One partition of a settlement: from its staged rows to bills, lines, payments and bookings, in one transaction or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.core.ids import uuidv7
from services.ledger import settled as ledger
from services.models import Settlement, SettlementPart
from services.rulebook import registry
from services.rulebook.schema import RuleBook
from services.settlement.city import known, rules, unresolved, writing
from services.settlement.city.folder import Folder
from services.settlement.city.members import ALIASES, MEMBERS

_LOCK = sa.text("SELECT pg_advisory_xact_lock(hashtextextended('settlement:' || :settlement || ':' || :part, 0))")
_DONE = sa.text("SELECT EXISTS (SELECT FROM settlement_part WHERE settlement_id = :settlement AND part = :part)")


@dataclass(frozen=True, slots=True)
class _Work:
    """One partition under way."""

    session: Session
    settlement: Settlement
    part: int
    folder: Folder
    aliases: pl.DataFrame


def settle(session: Session, *, settlement: Settlement, part: int, folder: Folder, actor: Actor, now: datetime) -> bool:
    """Settle a partition; False when it was committed before. Nothing is locked but the partition, and covers that claims spend too."""
    session.execute(_LOCK, {"settlement": str(settlement.id), "part": part})
    if session.execute(_DONE, {"settlement": settlement.id, "part": part}).scalar_one():
        return False
    work = _Work(session, settlement, part, folder, folder.read("aliases", 0, ALIASES))
    rows, origins = _rows(work)
    bills = pl.concat([folder.read("known", origin, known.KNOWN) for origin in origins])
    found = rules.resolve(rows, folder.read("members", part, MEMBERS).filter(pl.col("home") == part), bills,
                          work.aliases) if rows.height else None
    lines, digest = _lines(work, found)
    kept = SettlementPart(
        id=uuidv7(), org_key=settlement.org_key, settlement_id=settlement.id, part=part, digest=digest, rows=rows.height,
        bills=found.bills.height if found else 0, unchanged=found.unchanged if found else 0,
        unresolved=found.unresolved.height if found else 0, unresolved_sha256=unresolved.of_part(found.unresolved) if found else None,
        lines=lines.height, due_fen=int(lines["due_fen"].sum()),
        paying=int((lines["due_fen"] > 0).sum()), receivable_fen=int(lines["receivable_fen"].sum()),
        over_cap=int((lines["over_cap"] > 0).sum()), buckets=rules.buckets(lines["due_fen"]), ended_at=now)
    if lines.height:
        writing.payments(session, _payments(work, lines))
    session.add(kept)
    session.flush()
    ledger.decided(session, plan=settlement.plan, org_key=settlement.org_key, part_id=kept.id, fen=kept.due_fen, actor=actor, now=now)
    return True


def _rows(work: _Work) -> tuple[pl.DataFrame, list[int]]:
    """The partition's staged rows, and the partitions they were staged in: without those of members who are at home elsewhere by
    now (merged), with theirs who are at home here.
    """
    own = work.folder.staged_rows(work.part)
    strangers = work.folder.read("members", work.part, MEMBERS).filter(pl.col("home") != work.part).select("member").unique()
    if strangers.height:
        own = own.join(strangers, on="member", how="anti")
    strays = work.folder.read("strays", work.part, MEMBERS).select("member").unique()
    if strays.is_empty():
        return own, [work.part]
    away = sorted({index[0] // 4 for index in strays["member"].to_list()} - {work.part})
    return (pl.concat([own, *(work.folder.staged_rows(origin).join(strays, on="member", how="semi") for origin in away)]),
            [work.part, *away])


def _lines(work: _Work, found: rules.Resolved | None) -> tuple[pl.DataFrame, str]:
    """Bills written, the touched years computed and written."""
    if found is None or found.bills.is_empty():
        return pl.DataFrame(schema=_LINES), ""
    settlement, session = work.settlement, work.session
    _touch(work, found.years)
    known.hold(session, plan=settlement.plan)
    spread = work.aliases["part"].to_list() if _merged(work, found.years).height else []
    years = sorted(int(year) for year in found.years["year"].unique())
    low, high = min([work.part, *spread]), max([work.part, *spread])
    # Read before the new ones are written: those are at hand.
    bills = known.live(known.bills(session, plan=settlement.plan, years=years, low=low, high=high), found.bills)
    writing.bills(session, found.bills.with_columns(pl.lit(work.part, pl.Int16).alias("part")), found.replaced,
                  feed_id=settlement.feed_id, org_key=settlement.org_key)
    facts = found.years.join(rules.year_to_date(bills), on=["person_id", "year"], how="left").with_columns(
        pl.col("over_cap").fill_null(0), pl.col("other_reimb").fill_null(0))
    lines = pl.concat([_of_year(work, facts.filter(pl.col("year") == year), year, low, high) for year in years])
    return lines, writing.lines(session, lines, settlement_id=settlement.id, part=work.part)


def _merged(work: _Work, years: pl.DataFrame) -> pl.DataFrame:
    return work.aliases.join(years.select(pl.col("person_id").alias("kept")).unique(), on="kept", how="semi")


def _touch(work: _Work, years: pl.DataFrame) -> None:
    """The members touched, under the number they have and under those of records merged into theirs."""
    people = years.select("person_id").unique().with_columns(pl.lit(work.part, pl.Int16).alias("part"), pl.col("person_id").alias("kept"))
    known.touch(work.session, pl.concat([people, _merged(work, years).select("person_id", "part", "kept")]))


def _of_year(work: _Work, facts: pl.DataFrame, year: int, low: int, high: int) -> pl.DataFrame:
    book = wording(work.settlement.plan, year)
    names = list(book.benefits)
    paid = known.paid(work.session, plan=book.plan, benefits=names, but=work.settlement.id, years=[year], low=low, high=high)
    given = facts
    for place, name in enumerate(names, 1):
        of_one = paid.filter(pl.col("benefit") == place).select("person_id", pl.col("fen").alias(f"had.{name}"))
        given = given.join(of_one, on="person_id", how="left").with_columns(pl.col(f"had.{name}").fill_null(0))
    had = [f"had.{name}" for name in names]
    given = rules.none_below_zero(given, had).with_columns(pl.concat_list(had).alias("paid"))
    return rules.lines(book, given).select(list(_LINES))


def wording(plan: str, year: int) -> RuleBook:
    """The rules of a year, whenever it is computed."""
    return registry.resolve(plan, date(year, 12, 31))


def _payments(work: _Work, lines: pl.DataFrame) -> pl.DataFrame:
    """One payment a person, whatever years it is made of."""
    return (lines.filter(pl.col("due_fen") > 0).sort("person_id", "year").group_by("person_id", maintain_order=True).agg(
        pl.col("due_fen").sum().alias("amount_fen"), pl.col("card_id").last(), pl.col("unit_key").last().alias("org_key"),
        pl.col("why_unpaid").drop_nulls().first().replace_strict(_LEFT_OUT, default=None, return_dtype=pl.String).alias("left_out"))
        .with_columns(pl.lit(str(work.settlement.id)).alias("settlement_id"), pl.lit(work.part, pl.Int16).alias("part")))


_LEFT_OUT = {"no_card": "没有可用的京卡账户", "died": "会员已故，须由继承人申领"}
_LINES = pl.Schema({
    "person_id": pl.String(), "year": pl.Int16(), "unit_key": pl.String(), "cover_id": pl.String(), "effective": pl.Date(),
    "until": pl.Date(), "category": pl.String(), "outpatient_own_1": pl.Int64(), "stays_own_1": pl.List(pl.Int64),
    "over_cap": pl.Int64(), "other_reimb": pl.Int64(), "paid": pl.List(pl.Int64), "lines": pl.List(pl.Int64),
    "took": pl.List(pl.Int64), "total_fen": pl.Int64(), "due_fen": pl.Int64(), "receivable_fen": pl.Int64(), "outcome": pl.String(),
    "flags": pl.List(pl.String), "card_id": pl.String(), "why_unpaid": pl.String()})
