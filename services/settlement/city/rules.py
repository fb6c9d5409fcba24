"""What becomes of a partition's rows, and what each member's year gives: columns in, columns out. Pure.

Money in fen. A row that belongs to nobody covered stays out with its reason; the same bill again changes nothing; a bill that
came before and differs takes the older one's place.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from services.core.money import to_fen
from services.engine import bulk
from services.rulebook.schema import RuleBook
from services.rulebook.values import Const, FactRef

OVER_CAP = "event.over_cap_own_1"
# Why a row is nobody's, in words and with the remedy.
REASONS: dict[str, tuple[str, str]] = {
    "not_member": ("证件号不在会员名册内", "核对证件号；应为会员的，由所在单位工会补登后随下一季数据结算"),
    "name_differs": ("姓名与会员名册不符", "核对姓名和证件号，更正名册或数据后随下一季数据结算"),
    "no_cover": ("结算日不在此人本计划的保障期内", "核对保障期；应在保障期内的，补登保障后随下一季数据结算"),
    "other_member": ("这一结算编号先前属于另一会员", "与医保核对结算编号；换人的冲正原结算，另以新的结算编号报送"),
}
# Lower ends of the columns of the distribution, in fen; below the first nothing is paid.
STEPS = (1, 100_00, 300_00, 500_00, 1_000_00, 2_000_00, 5_000_00, 10_000_00, 50_000_00)


@dataclass(frozen=True, slots=True)
class Resolved:
    """A partition's rows. `bills`: new or changed, each with its person and version; `replaced`: the versions they take the
    place of; `years`: the members' years that they touch, with cover, category and card; `unresolved`: row, number, reason."""

    bills: pl.DataFrame
    replaced: pl.DataFrame
    years: pl.DataFrame
    unresolved: pl.DataFrame
    unchanged: int


def resolve(rows: pl.DataFrame, members: pl.DataFrame, known: pl.DataFrame, aliases: pl.DataFrame) -> Resolved:
    """Rows of a partition (as staged) against members of their years, and against the bills known by the same numbers."""
    who = members.unique(["member", "year"], keep="first").select("member", "year", "person_id", pl.col("name_hash").alias("registered"))
    inside = (rows.select("member", "year", "row_no", "setl_on").join(
        members.filter(pl.col("cover_id").is_not_null()).select("member", "year", "effective", "until").unique(),
        on=["member", "year"]).filter(pl.col("setl_on").is_between("effective", "until")).select("row_no").unique())
    owners = known.join(aliases.select(pl.col("person_id").alias("owner"), "kept").unique(), on="owner", how="left").with_columns(
        pl.coalesce("kept", "owner").alias("owned_by")).drop("kept")
    seen = (rows.join(who, on=["member", "year"], how="left")
            .join(inside.with_columns(pl.lit(True).alias("covered")), on="row_no", how="left")
            .join(owners, on="setl_id", how="left")
            .with_columns(_reason().alias("reason")))
    good = seen.filter(pl.col("reason").is_null())
    new = good.filter(pl.col("old_digest").is_null() | (pl.col("old_digest") != pl.col("digest"))).with_columns(
        (pl.col("version").fill_null(0) + 1).cast(pl.Int16).alias("version"))
    changed = new.filter(pl.col("old_digest").is_not_null())
    replaced = changed.select(pl.col("old_year").alias("year"), pl.col("old_part").alias("part"), pl.col("owner").alias("person_id"),
                              "setl_id", (pl.col("version") - 1).alias("version"))
    touched = pl.concat([new.select("person_id", "year"), changed.select("person_id", pl.col("old_year").alias("year"))]).unique()
    return Resolved(new, replaced, touched.join(_standing(members), on=["person_id", "year"]),
                    seen.filter(pl.col("reason").is_not_null()).select("row_no", "setl_id", "reason"), good.height - new.height)


def _reason() -> pl.Expr:
    return (pl.when(pl.col("person_id").is_null()).then(pl.lit("not_member"))
            .when(pl.col("registered") != pl.col("name_hash")).then(pl.lit("name_differs"))
            .when(pl.col("covered").is_null()).then(pl.lit("no_cover"))
            .when((pl.col("owned_by") != pl.col("person_id")).fill_null(False)).then(pl.lit("other_member")))


def _standing(members: pl.DataFrame) -> pl.DataFrame:
    """A member's year once: the latest of its covers, the newest card."""
    return (members.filter(pl.col("cover_id").is_not_null()).sort("effective", "card_added", nulls_last=False)
            .unique(["person_id", "year"], keep="last", maintain_order=True)
            .select("person_id", "year", "cover_id", "unit_key", "effective", "until", "category", "died_on", "card_id"))


def year_to_date(bills: pl.DataFrame) -> pl.DataFrame:
    """What each person's live bills (`person_id`, `year`, `setl_id`, `setl_at`, `kind` and amounts) make of a year.

    Nothing of a kind is null, not 0. Stays in the order in which they were settled.
    """
    stays, out = pl.col("kind") == "inpatient", pl.col("kind") == "outpatient"
    return bills.sort("person_id", "year", "setl_at", "setl_id").group_by("person_id", "year", maintain_order=True).agg(
        pl.when(out.any()).then(pl.col("own_1").filter(out).sum()).alias("outpatient_own_1"),
        pl.col("own_1").filter(stays).alias("stays_own_1"),
        pl.col("over_cap").sum(), pl.col("other_reimb").sum()).with_columns(
        pl.when(pl.col("stays_own_1").list.len() > 0).then("stays_own_1").alias("stays_own_1"))


def by_the_year(book: RuleBook) -> frozenset[str]:
    """The benefits that nobody gets without applying: what lies above the cap (A-06)."""
    return frozenset(name for name, benefit in book.benefits.items()
                     for step in benefit.steps if getattr(step, "take", None) == FactRef(fact=OVER_CAP))


def none_below_zero(years: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """`benefit.rules.set_off` of every row: what one of the columns (fen) has below zero taken off the others, in their order."""
    years = years.with_columns(pl.sum_horizontal((-pl.col(name)).clip(0) for name in columns).alias("short"))
    for name in columns:
        off = pl.min_horizontal("short", pl.col(name).clip(0))
        years = years.with_columns(pl.col(name).clip(0) - off, pl.col("short") - off)
    return years.drop("short")


def lines(book: RuleBook, years: pl.DataFrame) -> pl.DataFrame:
    """Each member's year of one wording computed and set against what was paid.

    In: `person_id`, `year`, facts as of `year_to_date`, `effective`, `until`, `category`, `died_on`, `card_id`, and `paid` by the
    book's benefits. Adds `lines`, `took` (by benefit), `total_fen`, `due_fen`, `receivable_fen`, `outcome`, `flags`, `why_unpaid`.
    """
    names = list(book.benefits)
    apart = by_the_year(book)
    given = years.with_columns(
        pl.col("year").cast(pl.Int64).alias("event.year"), pl.col("outpatient_own_1").alias("event.outpatient_own_1"),
        pl.col("stays_own_1").alias("event.stays_own_1"), pl.col("effective").alias("cover.effective"),
        pl.col("until").alias("cover.until"), pl.col("category").alias("person.category"),
        *(pl.col("paid").list.get(place).alias(f"paid.{name}.amount") for place, name in enumerate(names) if name not in apart))
    done = bulk.compute(book, given)
    took = {name: pl.lit(0, pl.Int64) if name in apart else pl.col(f"line.{name}") - pl.col("paid").list.get(place)
            for place, name in enumerate(names)}
    found = done.with_columns(expr.alias(f"took.{name}") for name, expr in took.items()).with_columns(
        pl.sum_horizontal(f"took.{name}" for name in names).alias("due"), pl.col("paid").list.sum().alias("had"))
    found = _within_maximum(book, found, names)
    pays = pl.col("due") > 0
    return found.with_columns(
        pl.concat_list(f"line.{name}" for name in names).alias("lines"),
        pl.sum_horizontal(f"line.{name}" for name in names).alias("total_fen"),
        pl.concat_list(pl.when(pl.col("due") >= 0).then(f"took.{name}").otherwise(0) for name in names).alias("took"),
        pl.col("due").clip(0).alias("due_fen"), (-pl.col("due")).clip(0).alias("receivable_fen"),
        pl.when(pays).then(pl.lit("pay")).when(pl.col("due") < 0).then(pl.lit("receivable")).otherwise(pl.lit("nothing")).alias("outcome"),
        pl.concat_list(pl.when(pl.col("over_cap") > 0).then(pl.lit("over_cap")), pl.when("cut").then(pl.lit("annual_maximum_cut")))
        .list.drop_nulls().alias("flags"),
        pl.when(pays & pl.col("died_on").is_not_null()).then(pl.lit("died"))
        .when(pays & pl.col("card_id").is_null()).then(pl.lit("no_card")).alias("why_unpaid")).with_columns(
        pl.when(pl.col("died_on").is_null()).then("card_id").alias("card_id"))


def _within_maximum(book: RuleBook, found: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Never more in a year than the plan's maximum, what a claim above the cap took counted in: `cut` where it binds."""
    if book.total is None or not isinstance(book.total.cap, Const):
        return found.with_columns(pl.lit(False).alias("cut"))
    room = (to_fen(Decimal(book.total.cap.number)) - pl.col("had")).clip(0)
    found = found.with_columns((pl.col("due") - room).clip(0).alias("above"))
    found = found.with_columns((pl.col("above") > 0).alias("cut"), (pl.col("due") - pl.col("above")).alias("due"))
    for name in reversed(names):
        part = pl.min_horizontal("above", pl.col(f"took.{name}").clip(0))
        found = found.with_columns((pl.col(f"took.{name}") - part).alias(f"took.{name}"), (pl.col("above") - part).alias("above"))
    return found


def buckets(due: pl.Series) -> list[int]:
    """How many lines pay nothing, and how many between each two of STEPS."""
    above = [due.len(), *(int((due >= step).sum()) for step in STEPS), 0]
    return [more - less for more, less in itertools.pairwise(above)]
