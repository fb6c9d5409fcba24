"""Settlements that come more than once: within one file, and from one quarter's file to the next."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from services.settlement.feed import reading
from services.simulate import feed as synthetic
from tests.services.feed_files import PEOPLE, of, rejected, row, staged, whole


def codes(found: object) -> list[tuple[str, str]]:
    return [(line["row_no"], line["code"]) for line in rejected(found)]     # type: ignore[arg-type]


@pytest.mark.parametrize("size", [1 << 20, 300], ids=["in one piece", "in several"])
def test_word_for_word_once_more_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(reading, "PIECE", size)
    found = of([row(1), row(2), row(1), row(1)], tmp_path)
    assert whole(found)["row_no"].to_list() == [1, 2]
    assert (found.rows, found.accepted, found.rejected, found.repeated) == (4, 2, 0, 2)
    assert found.sums["own_1"] == 2 * 24_000 and found.kinds == {"outpatient": 2, "inpatient": 0}


@pytest.mark.parametrize("size", [1 << 20, 300], ids=["in one piece", "in several"])
def test_different_under_one_id_are_both_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(reading, "PIECE", size)
    found = of([row(1), row(2), row(1, act_pay_dedc="0.01"), row(3), row(3, certno=PEOPLE[1])], tmp_path)
    assert whole(found)["row_no"].to_list() == [2]
    assert codes(found) == [(number, "twice_different") for number in ("1", "3", "4", "5")]
    assert (found.accepted, found.rejected, found.reasons) == (1, 4, {"twice_different": 4})
    assert found.sums["own_1"] == 24_000 and found.sums["act_pay_dedc"] == 0


def test_a_refused_row_speaks_against_none(tmp_path: Path) -> None:
    """Of two rows under one id only one can be read: it stands."""
    found = of([row(1), row(1, insutype="390", act_pay_dedc="5.00")], tmp_path)
    assert whole(found)["row_no"].to_list() == [1] and codes(found) == [("2", "insutype")]


def test_one_bill_of_a_hospital_settled_twice_is_refused(tmp_path: Path) -> None:
    found = of([row(1), row(2, medins_setl_id="H1"), row(3, medins_setl_id="H1", certno=PEOPLE[1])], tmp_path)
    assert codes(found) == [("1", "hospital_twice"), ("2", "hospital_twice")]       # another member's H1 is another hospital's
    assert whole(found)["row_no"].to_list() == [3]


def test_unless_the_first_was_reversed(tmp_path: Path) -> None:
    found = of([row(1, reversed="1"), row(2, medins_setl_id="H1")], tmp_path)
    assert codes(found) == [] and found.accepted == 2


def test_bills_without_a_hospital_number_are_no_doubles(tmp_path: Path) -> None:
    assert of([row(1, medins_setl_id=""), row(2, medins_setl_id="")], tmp_path).accepted == 2


def test_from_one_quarter_to_the_next(tmp_path: Path) -> None:
    """Late, changed, reversed, repeated and corrected rows of synthetic feeds: told by id and digest, nothing else moved."""
    people = synthetic.people(300)
    frames: dict[str, pl.DataFrame] = {}
    for name, quarter, wish in (("second", 2, None), ("third", 3, None),
                                ("again", 3, synthetic.Wish(late=4, corrected=5, changed=6, reversed=7, repeated=8))):
        synthetic.write(tmp_path / f"{name}.csv", people, rows=1000, year=2026, quarter=quarter, seed=3, wish=wish)
        frames[name] = whole(staged(tmp_path / f"{name}.csv", tmp_path / name, quarter=quarter))
    second, third, again = (frames[name].select("setl_id", "member", "setl_on", "digest", "reversed", "own_1") for name in frames)
    before = again.join(second, on="setl_id", suffix="_then")
    same = before["digest"] == before["digest_then"]
    assert before.height == 6 + 7 + 8 and same.sum() == 8
    assert before.filter(~same).select(pl.col("reversed").sum(), (pl.col("member") == pl.col("member_then")).all()).row(0) == (7, True)
    assert before.filter("reversed")["own_1"].sum() == 0
    own = again.join(third, on="setl_id", suffix="_then")
    assert own.height == 1000 and (own["digest"] != own["digest_then"]).sum() == 5
    late = again.join(second, on="setl_id", how="anti").join(third, on="setl_id", how="anti")
    assert late.height == 4 and (late["setl_on"].dt.quarter() == 2).all()


def test_a_batch_is_the_same_however_many_rows_are_asked(tmp_path: Path) -> None:
    """A longer feed begins with the rows of a shorter one."""
    people = synthetic.people(50)
    for rows in (10, 60):
        synthetic.write(tmp_path / f"{rows}.csv", people, rows=rows, year=2026, quarter=1, seed=1)
    short, long = ((tmp_path / f"{rows}.csv").read_text().splitlines() for rows in (10, 60))
    assert long[:11] == short and len({line.split(",")[5] for line in long[1:51]}) == 50


def test_people_are_distinct_and_real_enough() -> None:
    from services.core.identity import check_identity, check_name

    people = synthetic.people(31_000)
    assert people["certno"].n_unique() == 31_000
    for certno, name, born, sex in people.gather_every(500).iter_rows():
        told = check_identity(certno)
        assert (told.valid, told.born, told.sex, check_name(name).reasons) == (True, born, sex, ())


def test_each_bad_row_of_the_generator_is_refused_for_its_reason(tmp_path: Path) -> None:
    wish = synthetic.Wish(bad=2 * len(synthetic.BAD))
    synthetic.write(tmp_path / "feed.csv", synthetic.people(50), rows=20, year=2026, quarter=3, wish=wish)
    found = staged(tmp_path / "feed.csv", tmp_path / "staged")
    told: dict[str, set[str]] = {}
    for number, code in codes(found):
        told.setdefault(number, set()).add(code)
    assert found.accepted == 20
    for place in range(2 * len(synthetic.BAD)):
        assert synthetic.BAD[place % len(synthetic.BAD)][2] in told[str(21 + place)]
