"""One file, two readings: the Decimal engine and the column engine agree to the fen."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.core.errors import InputError
from services.core.money import to_fen
from services.engine import bulk, frame, one
from services.rulebook import registry
from services.rulebook.loader import load
from services.rulebook.schema import RuleBook
from services.rulebook.vocabulary import Computation, parse

BOOKS = Path(__file__).parent / "books"
EFFECTIVE = date(2026, 1, 1)
MONEY = st.integers(0, 30_000_000).map(lambda fen: f"{fen // 100}.{fen % 100:02d}")
SMALL = st.integers(0, 3_000_000).map(lambda fen: f"{fen // 100}.{fen % 100:02d}")
DAY = st.integers(-3, 400).map(lambda days: (EFFECTIVE + timedelta(days=days)).isoformat())
CODES = st.sampled_from(["C50.900", "C53.900", "C57.000", "C57.100", "C51.900", "C16.900", "C79.600", "D05.900",
                         "D06.900", "D39.100", "D39.200", "C58.x00", "I21.900"])


def stays() -> st.SearchStrategy[list[dict[str, object]]]:
    plain: st.SearchStrategy[dict[str, object]] = st.integers(0, 100).map(lambda days: {"days": days})
    dated: st.SearchStrategy[dict[str, object]] = st.tuples(st.integers(-20, 380), st.integers(0, 60)).map(
        lambda pair: {"from": (EFFECTIVE + timedelta(days=pair[0])).isoformat(),
                      "to": (EFFECTIVE + timedelta(days=pair[0] + pair[1])).isoformat()})
    return st.lists(plain | dated, max_size=4)




def paid(book: RuleBook, coded: bool) -> st.SearchStrategy[list[dict[str, object]]]:
    entry = {"benefit": st.sampled_from(sorted(book.benefits)), "amount": SMALL, "days": st.integers(0, 200),
             "earlier": st.booleans()}
    return st.lists(st.fixed_dictionaries(entry, optional={"icd10": CODES} if coded else {}), max_size=3)


def cover(shares: int) -> st.SearchStrategy[dict[str, object]]:
    return st.fixed_dictionaries(
        {"effective": st.just(EFFECTIVE.isoformat()), "until": st.just("2026-12-31"), "renewal": st.booleans(),
         "shares": st.integers(1, shares)},
        optional={"premium_paid": SMALL, "tier": st.sampled_from(["26", "50", "74"])})


PERSON = st.fixed_dictionaries({}, optional={
    "sex": st.sampled_from(["F", "F", "F", "M"]), "category": st.sampled_from(["normal", "model_worker", "specially_poor"]),
    "born": st.sampled_from(["1961-06-01", "1965-01-02", "1966-01-01", "1985-03-07", "2010-01-01", "2009-12-31"])})

DIAGNOSIS = st.fixed_dictionaries(
    {"kind": st.just("diagnosis"), "specimen_on": DAY, "diagnosed_on": DAY, "icd10": CODES},
    optional={"behaviour": st.sampled_from("0123469"), "stays": stays(), "sudden_death": st.booleans(),
              "severity": st.sampled_from(["in_situ", "malignant", "severe", "light"])})
ACCIDENT = st.fixed_dictionaries(
    {"kind": st.just("accident"), "on": DAY, "setting": st.sampled_from(["life", "work", "non_work"])},
    optional={"death": st.booleans(), "medical_own_payment": MONEY, "stays": stays(),
              "subsidy_days": st.integers(0, 250), "victim": st.sampled_from(["member", "child"]),
              "disability_items": st.lists(st.integers(1, 34), max_size=4),
              "disability_grades": st.lists(st.integers(1, 10), max_size=3)})
YEAR = st.fixed_dictionaries(
    {"kind": st.just("medical_year"), "year": st.sampled_from([2025, 2026])},
    optional={"outpatient_own_1": MONEY, "stays_own_1": st.lists(SMALL, max_size=4), "over_cap_own_1": MONEY,
              "other_reimbursed": SMALL})
SETTLEMENT = st.fixed_dictionaries(
    {"kind": st.just("settlement"), "settled_on": DAY, "out_of_region": st.booleans()},
    optional={"pool_fund_paid": MONEY, "pool_own": MONEY, "large_own": MONEY})

RELEASED = {plan: registry.latest(plan) for plan in ("nx-ankangbao", "xj-women")}
TRIAL = {path.stem: load(path) for path in sorted(BOOKS.glob("*.yaml"))}
EVENTS = {"nx-ankangbao": DIAGNOSIS, "xj-women": DIAGNOSIS, "xj-critical-illness": DIAGNOSIS, "bj-medical": YEAR,
          "test-every-step": ACCIDENT, "xj-inpatient-accident": SETTLEMENT | ACCIDENT.map(
              lambda event: {key: value for key, value in event.items() if key != "disability_grades"})}


@st.composite
def computations(draw: st.DrawFn, book: RuleBook) -> Computation:
    data: dict[str, object] = {
        "plan": book.plan, "cover": draw(cover(book.shares.max)), "person": draw(PERSON),
        "event": draw(EVENTS[book.plan]), "paid": draw(paid(book, coded=book.plan != "bj-medical"))}
    exclusions = frame.exclusion_ids(book)
    if exclusions:
        data["exclusions"] = draw(st.dictionaries(st.sampled_from(exclusions), st.booleans(), max_size=1))
    if book.requires and draw(st.integers(0, 5)):
        data["covers"] = [book.requires.plan]
    if book.plan == "test-every-step" and draw(st.booleans()):
        data["manual"] = {"by_hand": {"amount": draw(st.sampled_from(["0.01", "1200.00", "3000.00"])), "reason": "核"}}
    return parse(data)


@pytest.mark.parametrize("plan", sorted(EVENTS))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_both_readings_agree_to_the_fen(plan: str, data: st.DataObject) -> None:
    book = RELEASED.get(plan) or TRIAL[plan]
    drawn = data.draw(st.lists(computations(book), min_size=1, max_size=8))
    rows, results = [], []
    for c in drawn:
        try:
            results.append(one.compute(book, c))
        except InputError:  # a value outside a table, an amount above its ceiling: the columns refuse these too
            with pytest.raises(InputError):
                bulk.compute(book, frame.frame(book, [c]))
            continue
        rows.append(c)
    if not rows:
        return
    table = bulk.compute(book, frame.frame(book, rows))
    for row, result in zip(table.iter_rows(named=True), results, strict=True):
        lines = {line.benefit: to_fen(line.amount) for line in result.lines}
        assert {name: row[f"line.{name}"] for name in book.benefits} == {name: lines.get(name, 0) for name in book.benefits}
        assert {name for name in book.benefits if row[f"manual.{name}"]} == {
            line.benefit for line in result.lines if line.manual}
        assert (row["total"], row["refund"], row["receivable"], row["outcome"]) == (
            to_fen(result.total), to_fen(result.refund), to_fen(result.receivable), result.outcome)
        assert (row["band"], row["day"]) == (result.band, result.day)
        assert row["flag.borderline_waiting"] == ("borderline_waiting" in result.flags)


def test_the_trial_book_uses_all_eight_steps() -> None:
    steps = [step for benefit in TRIAL["test-every-step"].benefits.values() for step in benefit.steps]
    assert {type(step).__name__ for step in steps} == {"Take", "Less", "Times", "Sum", "Slices", "ScaleBy", "Cap", "Manual"}


def test_wrong_column_type_is_refused_by_name() -> None:
    with pytest.raises(InputError) as refused:
        bulk.compute(RELEASED["nx-ankangbao"], pl.DataFrame({"cover.shares": ["eins"]}))
    assert refused.value.field == "cover.shares"


def test_missing_decisive_date_is_refused_by_name() -> None:
    rows = pl.DataFrame({"event.icd10": ["C50.900"], "cover.effective": [EFFECTIVE], "cover.until": [EFFECTIVE]})
    with pytest.raises(InputError) as refused:
        bulk.compute(RELEASED["nx-ankangbao"], rows)
    assert refused.value.field == "event.specimen_on"


def test_other_columns_pass_through() -> None:
    book = RELEASED["xj-women"]
    c = parse({"plan": "xj-women", "cover": {"effective": "2026-01-01", "until": "2026-12-31", "shares": 2},
               "event": {"kind": "diagnosis", "icd10": "D06.900", "behaviour": "2", "diagnosed_on": "2026-05-20"}})
    rows = frame.frame(book, [c]).with_columns(pl.lit("XJ2026-0001").alias("claim_no"))
    table = bulk.compute(book, rows)
    assert table.select("claim_no", "total").rows() == [("XJ2026-0001", 200000)]
