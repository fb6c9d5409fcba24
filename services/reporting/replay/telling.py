"""From claims computed again to what a replay says: sums, each changed claim, and everything that the sums leave out."""

from __future__ import annotations

import polars as pl

from services.engine.ceiling import PREMIUM_REFUND
from services.reporting.replay.reckoning import EARLIER, ENDED, LATER, frozen_lines, known, outside
from services.reporting.replay.views import Apart, Basis, Changed, Replay, Sum, Uncomputed
from services.rulebook import registry
from services.rulebook.facts import FACTS
from services.rulebook.forms import event_facts
from services.rulebook.schema import RuleBook

PAID_BEFORE = "paid_before"     # a year computed anew: what was paid before is taken off its lines
_STEPS = (0, 10_000, 100_000, 1_000_000)        # fen; the ranges of a difference are the same up and down
RANGES = (*(f"-{low}" for low in reversed(_STEPS)), "0", *(f"+{low}" for low in _STEPS))
_LINKED = '"paid": [{'
_SUMS = (pl.len().alias("claims"), (pl.col("after") != pl.col("before")).sum().alias("changed"), pl.col("before").sum(),
         pl.col("after").sum())


def basis_of(book: RuleBook, found: pl.DataFrame, as_if: bool | None) -> Basis:
    """As asked; where nothing is asked, as if the file had been in force when its dates govern no closed claim at all."""
    if as_if is None:
        as_if = not found.select((outside(book).is_null() & pl.col("decisive").is_not_null()).any()).item()
    return "as_if" if as_if else "governed"


def tell(book: RuleBook, claims: pl.DataFrame, found: pl.DataFrame, again: pl.DataFrame, basis: Basis) -> Replay:
    """`claims`: every closed claim (`rows.closed`); `found`: those with a worksheet, computed under the book, with `beyond`
    (null where counted); `again`: the counted under the wording of their day (`reckoning.present`).
    """
    counted = found.filter(pl.col("beyond").is_null())
    computed = counted.filter(pl.col("fault").is_null() & ~pl.col("waits"))
    changed = computed.filter(pl.col("after") != pl.col("before"))
    proven = counted.select("claim_no", "before").join(again, on="claim_no")
    apart = proven.filter(pl.col("again").is_null() | (pl.col("again") != pl.col("before"))).sort("claim_no")
    beyond = dict(found.filter(pl.col("beyond").is_not_null()).group_by("beyond").len().iter_rows())
    return Replay(
        plan=book.plan, name=book.name, version=book.version, digest=book.digest, insurer=book.insurer, basis=basis,
        closed=claims.height, without_sheet=claims.height - found.height,
        outside={key: beyond[key] for key in (EARLIER, ENDED, LATER) if key in beyond},
        computed=computed.height, before=_fen(computed, "before"), after=_fen(computed, "after"), decided=_fen(computed, "decided"),
        changed=tuple(Changed(*row) for row in changed.sort(
            (pl.col("after") - pl.col("before")).abs(), "claim_no", descending=[True, False]).select(
            "claim_no", "year", "before", "after").iter_rows()),
        uncomputed=_uncomputed(counted), waiting=tuple(counted.filter(pl.col("fault").is_null() & pl.col("waits"))["claim_no"].sort()),
        proven=proven.height - apart.height,
        unproven=tuple(Apart(no, before, other, why or "按原规则重算与冻结的核算表不同")
                       for no, before, other, why in apart.select("claim_no", "before", "again", "unable").iter_rows()),
        decided_otherwise=_decided_otherwise(computed), linked=_linked(computed, changed),
        years=_sums(computed.with_columns(pl.col("year").cast(pl.String).fill_null("").alias("key")).group_by("key").agg(*_SUMS).sort("key")),
        benefits=_benefits(book, computed), names=_names(book), ranges=_ranges(computed),
        unasked=_unasked(book), added=_added(book),
        bundles=tuple(dict.fromkeys(other.name for other in registry.plans() if book.plan in other.bundle)))


def _fen(table: pl.DataFrame, column: str) -> int:
    return int(table[column].sum() or 0)


def _sums(table: pl.DataFrame) -> tuple[Sum, ...]:
    return tuple(Sum(*row) for row in table.select("key", "claims", "changed", "before", "after").iter_rows())


def _uncomputed(counted: pl.DataFrame) -> tuple[Uncomputed, ...]:
    """By reason, the commonest first."""
    faults = counted.filter(pl.col("fault").is_not_null()).unnest("fault").group_by("code", "message", "remedy").agg(
        pl.col("claim_no").sort()).sort(pl.col("claim_no").list.len(), "message", descending=[True, False])
    return tuple(Uncomputed(code, message, remedy, tuple(numbers)) for code, message, remedy, numbers in faults.iter_rows())


def _decided_otherwise(computed: pl.DataFrame) -> tuple[Apart, ...]:
    why = (pl.when(pl.col("decided").is_null()).then(pl.lit("没有决定"))
           .when(pl.col("source") == "insurer").then(pl.lit("由保险公司核定"))
           .when(pl.col("round") > 1).then(pl.format("第{}轮决定，只计与此前各轮的差额", "round"))
           .when(pl.col("kind") == "nothing").then(pl.lit("决定不予给付")).otherwise(pl.lit("决定金额与核算表不同")))
    rows = computed.filter(pl.col("decided").is_null() | (pl.col("decided") != pl.col("before"))).sort("claim_no")
    return tuple(Apart(*row) for row in rows.select("claim_no", "before", "decided", why.alias("why")).iter_rows())


def _linked(computed: pl.DataFrame, changed: pl.DataFrame) -> int:
    """Claims with payments before them, of somebody whose earlier claim the file changes: their stored input is as it was paid."""
    first = changed.group_by("person").agg(pl.col("made_at").min().alias("first"))
    after = computed.filter(pl.col("words").str.contains(_LINKED, literal=True)).join(first, on="person")
    return after.filter(pl.col("made_at") > pl.col("first")).height


def _benefits(book: RuleBook, computed: pl.DataFrame) -> tuple[Sum, ...]:
    """Each benefit's lines before and after, the premium back, and what a year's lines have taken off; together the whole."""
    placed = computed.with_row_index("place").with_columns(pl.col("place").cast(pl.Int64))
    given = [f"line.{name}" for name in book.benefits]
    now = placed.select("place", *given).unpivot(given, index="place", variable_name="benefit", value_name="after").filter(
        pl.col("after") != 0).with_columns(pl.col("benefit").str.strip_prefix("line."))
    then = frozen_lines(placed["lines"]).rename({"fen": "before"}).filter(pl.col("before") != 0)
    refunds = placed.select("place", pl.lit(PREMIUM_REFUND).alias("benefit"), pl.col("refund").alias("after"),
                            pl.col("refunded").alias("before"))
    both = pl.concat([then.join(now, on=("place", "benefit"), how="full", coalesce=True).select("place", "benefit", "after", "before"),
                      refunds]).with_columns(pl.col("after").fill_null(0), pl.col("before").fill_null(0))
    summed = both.group_by("place").agg(pl.col("after").sum().alias("lines_after"), pl.col("before").sum().alias("lines_before"))
    rest = placed.select("place", "after", "before").join(summed, on="place").select(
        "place", pl.lit(PAID_BEFORE).alias("benefit"), pl.col("after") - pl.col("lines_after"), pl.col("before") - pl.col("lines_before"))
    whole = pl.concat([both, rest]).filter((pl.col("after") != 0) | (pl.col("before") != 0))
    order = {name: place for place, name in enumerate(_names(book))}
    rows = _sums(whole.group_by(pl.col("benefit").alias("key")).agg(*_SUMS))
    return tuple(sorted(rows, key=lambda row: (order.get(row.key, len(order)), row.key)))


def _names(book: RuleBook) -> dict[str, str]:
    former = {name: benefit.name for other in known(book.plan) for name, benefit in other.benefits.items()}
    return {name: benefit.name for name, benefit in book.benefits.items()} | {
        name: said for name, said in former.items() if name not in book.benefits} | {
        PREMIUM_REFUND: "退还保费", PAID_BEFORE: "扣除此前已付"}


def _unasked(book: RuleBook) -> tuple[str, ...]:
    before = {fact for other in known(book.plan) for fact in event_facts(other)}
    return tuple(dict.fromkeys(FACTS[fact].label for fact in event_facts(book) if before and fact not in before))


def _added(book: RuleBook) -> tuple[str, ...]:
    before = {name for other in known(book.plan) for name in other.benefits}
    return tuple(benefit.name for name, benefit in book.benefits.items() if before and name not in before)


def _ranges(computed: pl.DataFrame) -> tuple[Sum, ...]:
    """Every range, those without a claim too."""
    difference = pl.col("after") - pl.col("before")
    size = pl.when(difference.abs() >= _STEPS[3]).then(_STEPS[3]).when(difference.abs() >= _STEPS[2]).then(_STEPS[2]).when(
        difference.abs() >= _STEPS[1]).then(_STEPS[1]).otherwise(0).cast(pl.String)
    key = pl.when(difference == 0).then(pl.lit("0")).when(difference < 0).then("-" + size).otherwise("+" + size)
    found = {row.key: row for row in _sums(computed.group_by(key.alias("key")).agg(*_SUMS))}
    return tuple(found.get(key, Sum(key, 0, 0, 0, 0)) for key in RANGES)
