"""Which rows of a feed are taken and which not, one row at a time: each reason, and both sides of each boundary."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.identity import check_identity, eighteen
from services.settlement.feed import amounts, identities
from services.settlement.feed.reasons import REASONS
from tests.services.feed_files import PEOPLE, Row, index, of, rejected, row, whole

FIFTEEN = "110099620101000"         # of the first generation; with 19 and a check digit it is PEOPLE[0]
BAD: list[tuple[str, Row, set[tuple[str, str]]]] = [
    ("no settlement id", {"setl_id": ""}, {("setl_id", "id_empty")}),
    ("settlement id of 31 places", {"setl_id": "S" * 31}, {("setl_id", "id_form")}),
    ("settlement id with a sign", {"setl_id": "=S1"}, {("setl_id", "id_form")}),
    ("the row's own number as settlement id", {"setl_id": PEOPLE[0]}, {("setl_id", "id_is_identity")}),
    ("somebody's number as visit id", {"mdtrt_id": PEOPLE[1]}, {("mdtrt_id", "id_is_identity")}),
    ("an old number as hospital id", {"medins_setl_id": FIFTEEN}, {("medins_setl_id", "id_is_identity")}),
    ("hospital id of 31 places", {"medins_setl_id": "H" * 31}, {("medins_setl_id", "id_form")}),
    ("no name", {"psn_name": "  "}, {("psn_name", "name_empty")}),
    ("passport", {"psn_cert_type": "03", "certno": "E12345678"}, {("psn_cert_type", "cert_type")}),
    ("no number", {"certno": ""}, {("certno", "identity_pattern")}),
    ("number of 17 places", {"certno": PEOPLE[0][:17]}, {("certno", "identity_pattern")}),
    ("number with a letter", {"certno": "1100991962010100A8"}, {("certno", "identity_pattern")}),
    ("30 February", {"certno": "110099196202300007"}, {("certno", "identity_date")}),
    ("29 February of a common year", {"certno": "110099190002290003"}, {("certno", "identity_date")}),
    ("month 13", {"certno": "110099196213010005"}, {("certno", "identity_date")}),
    ("wrong check digit", {"certno": "110099196201010009"}, {("certno", "identity_checksum")}),
    ("residents' insurance", {"insutype": "390"}, {("insutype", "insutype")}),
    ("no insurance", {"insutype": ""}, {("insutype", "insutype")}),
    ("maternity", {"med_type": "51"}, {("med_type", "med_type")}),
    ("no kind of care", {"med_type": ""}, {("med_type", "med_type")}),
    ("no time", {"setl_time": ""}, {("setl_time", "date")}),
    ("a day that is none", {"setl_time": "2026-02-29 10:00:00"}, {("setl_time", "date")}),
    ("hour 24", {"setl_time": "2026-08-01 24:00:00"}, {("setl_time", "date")}),
    ("a day with slashes", {"setl_time": "2026/08/01"}, {("setl_time", "date")}),
    ("the first second after the quarter", {"setl_time": "2026-10-01 00:00:00"}, {("setl_time", "not_due")}),
    ("the day before the first wording", {"setl_time": "2012-04-30 23:59:59"}, {("setl_time", "too_old")}),
    ("a word for an amount", {"hifob_pay": "五十"}, {("hifob_pay", "money")}),
    ("with a thousands sign", {"act_pay_dedc": "1 300.00"}, {("act_pay_dedc", "money")}),
    ("in powers of ten", {"act_pay_dedc": "1E3"}, {("act_pay_dedc", "money")}),
    ("two points", {"act_pay_dedc": "1.2.00"}, {("act_pay_dedc", "money")}),
    ("a tenth of a fen", {"act_pay_dedc": "1.001"}, {("act_pay_dedc", "money_decimals")}),
    ("fifteen places before the point", {"act_pay_dedc": "1" * 15 + ".00"}, {("act_pay_dedc", "money_size")}),
    ("no total", {"medfee_sumamt": ""}, {("medfee_sumamt", "money_empty")}),
    ("a fen below nothing", {"act_pay_dedc": "-0.01"}, {("act_pay_dedc", "money_negative")}),
    ("funds a fen short", {"fund_pay_sumamt": "659.99", "psn_part_amt": "340.01"}, {("fund_pay_sumamt", "fund_sum")}),
    ("person's part a fen more", {"psn_part_amt": "340.01"}, {("psn_part_amt", "person_part")}),
    ("the hospital's part left out", {"hosp_part_amt": "0.01"}, {("psn_part_amt", "person_part")}),
    ("insured more than all", {"inscp_scp_amt": "1000.01"}, {("inscp_scp_amt", "beyond_bill")}),
    ("funds a fen above the insured", {"inscp_scp_amt": "659.99"}, {("inscp_scp_amt", "own_negative")}),
    ("above the ceiling more than all", {"over_cap_amt": "240.01"}, {("over_cap_amt", "over_cap")}),
    ("segments a fen short", {"pool_own_amt": "200.00", "large_own_amt": "39.99"}, {("pool_own_amt", "segments")}),
    ("an unknown mark", {"reversed": "2"}, {("reversed", "reversed")}),
    ("a reversed bill's amount that is none", {"reversed": "1", "hifp_pay": "x"}, {("hifp_pay", "money")}),
    ("two faults", {"insutype": "390", "med_type": "51"}, {("insutype", "insutype"), ("med_type", "med_type")}),
]


def test_each_fault_has_its_reason(tmp_path: Path) -> None:
    """All of them in one file, each under its row number, with the reason's words and remedy and nothing of the row but its id."""
    found = of([row(place, **changes) for place, (_, changes, _) in enumerate(BAD, 1)], tmp_path)
    lines = rejected(found)
    told: dict[int, set[tuple[str, str]]] = {}
    for line in lines:
        told.setdefault(int(line["row_no"]), set()).add((line["column"], line["code"]))
        assert (line["reason"], line["remedy"]) == (REASONS[line["code"]].text, REASONS[line["code"]].remedy)
    wrong = [(name, told.get(place), expected) for place, (name, _, expected) in enumerate(BAD, 1) if told.get(place) != expected]
    assert wrong == []
    assert (found.rows, found.accepted, found.rejected) == (len(BAD), 0, len(BAD))
    assert found.reasons["money"] == 5 and found.reasons["identity_date"] == 3


def test_every_reason_is_met_by_some_test() -> None:
    elsewhere = {"line", "encoding", "twice_different", "hospital_twice"}      # test_feed_lines, test_feed_twice
    assert {code for _, _, expected in BAD for _, code in expected} == REASONS.keys() - elsewhere


def test_an_id_that_may_be_something_else_is_not_written_down(tmp_path: Path) -> None:
    """Of the rows whose settlement id is crooked or an identity number, the reject file names the row only."""
    found = of([row(1, setl_id="示一兰"), row(2, setl_id=PEOPLE[0]), row(3, insutype="390")], tmp_path)
    assert [(line["row_no"], line["setl_id"]) for line in rejected(found)] == [("1", ""), ("2", ""), ("3", "S3")]


GOOD_EDGES: list[tuple[str, Row, dict[str, object]]] = [
    ("as it is", {}, {"own_1": 24_000, "kind": "outpatient", "hifp_pay": 60_000, "medfee_sumamt": 100_000, "reversed": False}),
    ("nothing left to pay", {"inscp_scp_amt": "660.00"}, {"own_1": 0}),
    ("the quarter's last second", {"setl_time": "2026-09-30 23:59:59"}, {"year": 2026}),
    ("a day alone", {"setl_time": "2026-07-01"}, {"year": 2026}),
    ("a day and T", {"setl_time": "2026-07-01T08:09:10"}, {"year": 2026}),
    ("with parts of a second", {"setl_time": "2026-07-01 08:09:10.123"}, {"year": 2026}),
    ("the first wording's first day", {"setl_time": "2012-05-01 00:00:00"}, {"year": 2012}),
    ("late, of the year before", {"setl_time": "2025-12-31 23:59:59"}, {"year": 2025}),
    ("amounts without fen", {"act_pay_dedc": "1300"}, {"act_pay_dedc": 130_000}),
    ("one decimal", {"act_pay_dedc": "0.5"}, {"act_pay_dedc": 50}),
    ("no yuan", {"act_pay_dedc": ".05"}, {"act_pay_dedc": 5}),
    ("noughts behind", {"act_pay_dedc": "1.2300"}, {"act_pay_dedc": 123}),
    ("blanks around", {"act_pay_dedc": " 1.23 "}, {"act_pay_dedc": 123}),
    ("fourteen places", {"act_pay_dedc": "9" * 14 + ".99"}, {"act_pay_dedc": 9_999_999_999_999_999}),
    ("optional amounts left out", {"act_pay_dedc": "", "hifes_pay": "", "oth_pay": ""}, {"act_pay_dedc": 0, "hifes_pay": 0}),
    ("the hospital bears a part", {"hosp_part_amt": "40.00", "psn_part_amt": "300.00"}, {"own_1": 24_000, "psn_part_amt": 30_000}),
    ("all above the ceiling", {"over_cap_amt": "240.00"}, {"own_1": 0, "over_cap": 24_000, "other_reimb": 0}),
    ("other reimbursements count above the ceiling", {"over_cap_amt": "0.01", "hifes_pay": "20.00", "maf_pay": "5.00",
     "fund_pay_sumamt": "685.00", "psn_part_amt": "315.00"}, {"own_1": 23_999, "over_cap": 1, "other_reimb": 2_500}),
    ("and not below", {"hifes_pay": "20.00", "fund_pay_sumamt": "680.00", "psn_part_amt": "320.00"}, {"own_1": 24_000, "other_reimb": 0}),
    ("segments told", {"pool_own_amt": "200.00", "large_own_amt": "40.00"}, {"pool_own": 20_000, "large_own": 4_000}),
    ("segments not told", {}, {"pool_own": None, "large_own": None}),
    ("a stay", {"med_type": "21"}, {"kind": "inpatient"}),
    ("a reversed bill counts as nothing", {"reversed": "1", "medfee_sumamt": "-1000.00", "over_cap_amt": "5.00"},
     {"own_1": 0, "over_cap": 0, "other_reimb": 0, "medfee_sumamt": -100_000, "reversed": True}),
    ("no ids but the settlement's", {"mdtrt_id": "", "medins_setl_id": ""}, {"mdtrt_id": None, "medins_setl_id": None}),
    ("an id that begins with a day of this century", {"setl_id": "110000202607150001"}, {"setl_id": "110000202607150001"}),
    ("no kind of paper", {"psn_cert_type": ""}, {"own_1": 24_000}),
]


def test_rows_at_the_edge_are_taken(tmp_path: Path) -> None:
    found = of([row(place, **changes) for place, (_, changes, _) in enumerate(GOOD_EDGES, 1)], tmp_path)
    assert rejected(found) == []
    rows = whole(found).to_dicts()
    wrong = [(name, {key: taken[key] for key in expected}) for taken, (name, _, expected) in zip(rows, GOOD_EDGES, strict=True)
             if {key: taken[key] for key in expected} != expected]
    assert wrong == []


@pytest.mark.parametrize("written", [FIFTEEN, "110099196201010008", " 1100 9919 6201 0100 08 "])
def test_a_number_is_read_as_enrolment_reads_it(tmp_path: Path, written: str) -> None:
    """15 places, 18 places, blanks: one member, as with `person.id_number_index`."""
    assert whole(of([row(certno=written)], tmp_path))["member"].to_list() == index([PEOPLE[0]])


def test_a_small_x_is_a_capital_one(tmp_path: Path) -> None:
    found = whole(of([row(1, certno="11009919620101018X"), row(2, certno="11009919620101018x")], tmp_path))
    assert found["member"].n_unique() == 1


@pytest.mark.parametrize(("one", "other", "same"),
                         [("示一兰", "示 一兰", True), ("阿依·古丽", "阿依•古丽", True), ("示一兰", "示一蘭", False)])
def test_names_meet_as_they_are_written_on_the_card(tmp_path: Path, one: str, other: str, same: bool) -> None:
    found = whole(of([row(1, psn_name=one), row(2, psn_name=other)], tmp_path))
    assert (found["name_hash"].n_unique() == 1) is same


_WRITTEN = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)")


def plainly(text: str) -> int | None:
    """An amount read one sign after another; None where it is none, or is finer than a fen, or too large."""
    text = text.strip()
    if not _WRITTEN.fullmatch(text):
        return None
    value = Decimal(text)
    return int(value * 100) if value * 100 % 1 == 0 and abs(value) < 10**14 else None


@settings(max_examples=300)
@given(st.lists(st.one_of(st.text("0123456789.+-_eE ,", max_size=8), st.decimals(-10**15, 10**15, places=2).map(str),
                          st.integers(-10**6, 10**6).map(str), st.just(""), st.from_regex(r"[+-]?[0-9]{12,16}\.[0-9]{2}", fullmatch=True)),
                min_size=1, max_size=30))
def test_amounts_are_read_as_decimals_are(texts: list[str]) -> None:
    """In columns and one by one: the same fen, and a reason exactly where there is an amount that cannot be read."""
    read, wrong = amounts.fen(pl.Series(texts, dtype=pl.String))
    assert read.to_list() == [plainly(text) for text in texts]
    blamed = {place for rows in wrong.values() for place in rows.arg_true()}
    assert blamed == {place for place, text in enumerate(texts) if text.strip() and plainly(text) is None}


@settings(max_examples=200)
@given(st.lists(st.one_of(st.from_regex(r"[1-9][0-9]{16}[0-9X]", fullmatch=True), st.text("0123456789Xx ", max_size=20),
                          st.dates(date(1900, 1, 1)).map(lambda born: f"110099{born:%Y%m%d}0010"),
                          st.sampled_from((*PEOPLE, FIFTEEN))), min_size=1, max_size=20))
def test_numbers_are_judged_as_enrolment_judges_them(texts: list[str]) -> None:
    """In columns and one by one, by `core.identity`."""
    numbers = identities.clean(pl.Series(texts, dtype=pl.String))
    one_by_one = [check_identity(eighteen(text) or text) for text in texts]
    assert numbers.to_list() == [one.number for one in one_by_one]
    found = identities.faults(numbers)
    told = [{code.removeprefix("identity_") for code, rows in found.items() if rows[place]} for place in range(len(texts))]
    assert told == [{*one.reasons} for one in one_by_one]
