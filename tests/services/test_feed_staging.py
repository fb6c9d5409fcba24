"""A feed staged: what is laid down equals a plain reading of the file, in every format and with any number of processes."""

from __future__ import annotations

import csv
import stat
import struct
import subprocess
import sys
import tempfile
from collections import Counter
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.errors import InputError
from services.settlement.feed import names, reading
from services.settlement.feed.columns import KINDS
from services.settlement.feed.staged import Staged
from services.settlement.feed.staging import stage
from services.simulate import feed as synthetic
from tests.services.feed_files import MONEY, PEOPLE, fen, index, of, rejected, row, staged, whole, write

CHINA = ZoneInfo("Asia/Shanghai")
WISH = synthetic.Wish(late=20, corrected=3, changed=4, reversed=5, repeated=6)


def plain(source: Path) -> list[dict[str, object]]:
    """The file read with `csv` and Decimal, one row after another: what each staged row must say."""
    rows: list[dict[str, object]] = []
    with source.open(encoding="utf-8", newline="") as file:
        for number, line in enumerate(csv.DictReader(file), 1):
            at = datetime.fromisoformat(line["setl_time"]).replace(tzinfo=CHINA)
            back = line["reversed"] == "1"
            own = fen(line["inscp_scp_amt"]) - fen(line["hifp_pay"]) - fen(line["hifob_pay"]) - fen(line["cvlserv_pay"])
            over = 0 if back else fen(line["over_cap_amt"])
            rows.append({
                "row_no": number, "setl_id": line["setl_id"], "member": index([line["certno"]])[0], "setl_at": at, "setl_on": at.date(),
                "kind": KINDS[line["med_type"]], "own_1": 0 if back else own - over, "over_cap": over,
                "other_reimb": fen(line["hifes_pay"]) + fen(line["maf_pay"]) if over else 0, "reversed": back,
                **{name: fen(line[name]) for name in MONEY}})
    return rows


def compare(found: Staged, expected: list[dict[str, object]]) -> None:
    """Row for row, and the sums that staging itself gives."""
    assert whole(found).select(expected[0].keys()).to_dicts() == expected
    assert {name: found.sums[name] for name in MONEY} == {name: sum(int(str(one[name])) for one in expected) for name in MONEY}
    assert found.kinds == {"outpatient": 0, "inpatient": 0} | Counter(str(one["kind"]) for one in expected)
    assert (found.rows, found.accepted, found.rejected) == (len(expected), len(expected), 0)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same 3,018 rows in three formats; a folder."""
    folder = tmp_path_factory.mktemp("drawn")
    people = synthetic.people(700)
    for name, fmt in (("feed.csv", "csv"), ("feed.csv.gz", "csv.gz"), ("feed.parquet", "parquet")):
        synthetic.write(folder / name, people, rows=2983, year=2026, quarter=3, seed=7, fmt=fmt, wish=WISH)  # type: ignore[arg-type]
    return folder


def test_a_synthetic_feed_is_what_a_plain_reading_says(drawn: Path, tmp_path: Path) -> None:
    expected = plain(drawn / "feed.csv")
    assert len(expected) == 2983 + WISH.late + WISH.changed + WISH.reversed + WISH.repeated
    compare(staged(drawn / "feed.csv", tmp_path / "staged"), expected)


def test_two_processes_lay_down_the_same_and_hash_names_alike(drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the settlement computes of a member's name in its own process meets what staging computed in others."""
    monkeypatch.setattr(reading, "PIECE", 100_000)
    with (drawn / "feed.csv").open(encoding="utf-8", newline="") as file:
        said = pl.Series([line["psn_name"] for line in csv.DictReader(file)])
    found = staged(drawn / "feed.csv", tmp_path / "staged", processes=2)
    assert whole(found).drop("name_hash").equals(whole(staged(drawn / "feed.csv", tmp_path / "alone")).drop("name_hash"))
    assert whole(found)["name_hash"].to_list() == names.hashed(said, found.seed).to_list()
    assert whole(found)["name_hash"].n_unique() == said.n_unique() > 30


def test_formats_lay_down_the_same(drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    once = whole(staged(drawn / "feed.csv", tmp_path / "once")).drop("name_hash")
    monkeypatch.setattr(reading, "PIECE", 100_000)
    monkeypatch.setattr(reading, "_BATCH", 500)
    for name in ("feed.csv", "feed.csv.gz", "feed.parquet"):
        found = staged(drawn / name, tmp_path / name)
        assert len(found.laid) > 3
        assert whole(found).drop("name_hash").equals(once)


_AMOUNT = st.integers(0, 10**9)


@settings(max_examples=40)
@given(st.lists(st.tuples(_AMOUNT, _AMOUNT, _AMOUNT, _AMOUNT, _AMOUNT, _AMOUNT, st.integers(0, 3), st.sampled_from(sorted(KINDS)),
                          st.booleans(), st.datetimes(datetime(2012, 5, 1), datetime(2026, 9, 30, 23, 59, 59))), min_size=1, max_size=12))
def test_sums_of_any_rows_equal_a_plain_reading(drawn_rows: list[tuple[int, int, int, int, int, int, int, str, bool, datetime]]) -> None:
    rows = []
    for number, (own, pool, large, civil, extra, other, person, kind, back, at) in enumerate(drawn_rows):
        over = own // 3 * (person % 2)
        insured, funds = own + pool + large + civil, pool + large + civil + other
        amounts = {"medfee_sumamt": insured + extra + other, "inscp_scp_amt": insured, "hifp_pay": pool, "hifob_pay": large,
                   "cvlserv_pay": civil, "hifes_pay": other // 2, "maf_pay": other - other // 2, "fund_pay_sumamt": funds,
                   "psn_part_amt": insured + extra + other - funds, "over_cap_amt": over}
        rows.append(row(number, certno=PEOPLE[person], med_type=kind, reversed=str(int(back)), setl_time=at.isoformat(" ", "seconds"),
                        **{name: str(Decimal(value) / 100) for name, value in amounts.items()}))
    with tempfile.TemporaryDirectory() as folder:
        source = write(Path(folder) / "feed.csv", rows)
        compare(staged(source, Path(folder) / "staged"), plain(source))


@pytest.mark.parametrize("parts", [8, 16, 32, 64])
def test_a_part_is_a_range_of_first_bytes(drawn: Path, tmp_path: Path, parts: int) -> None:
    found = stage(drawn / "feed.csv", "csv", tmp_path / "staged", plan="bj-medical", year=2026, quarter=3, index=index, parts=parts)
    for part, frame in enumerate(found.frames()):
        firsts = [member[0] for member in frame["member"]]
        assert all(first * parts // 256 == part for first in firsts) and len(firsts) > 5
        assert frame["part"].to_list() == [first // 4 for first in firsts]
        assert {*frame["part"]} <= {*found.shares(part)}


def test_other_parts_are_refused(drawn: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        stage(drawn / "feed.csv", "csv", tmp_path, plan="bj-medical", year=2026, quarter=3, index=index, parts=12)
    assert refused.value.code == "feed_parts"


def test_another_process_finds_the_same_and_nothing_stays(drawn: Path, tmp_path: Path) -> None:
    found = staged(drawn / "feed.csv", tmp_path / "staged")
    again = Staged.load(tmp_path / "staged")
    assert again == found and whole(again).equals(whole(found))
    assert stat.S_IMODE((tmp_path / "staged").stat().st_mode) == 0o700
    found.remove()
    assert not (tmp_path / "staged").exists()


def test_a_broken_run_is_begun_anew(drawn: Path, tmp_path: Path) -> None:
    """What a killed process left in the folder is not read."""
    staged(drawn / "feed.csv", tmp_path / "staged")
    found = of([row(1)], tmp_path)
    assert whole(found).height == 1 and len(list((tmp_path / "staged").glob("piece-*"))) == 1


def test_nothing_that_is_kept_names_anybody(tmp_path: Path) -> None:
    """Neither names nor numbers of taken and of refused rows stand in any file of the folder, packed or not."""
    wrong = [{"insutype": "390"}, {"setl_id": PEOPLE[3]}, {"setl_id": "示九蘭"}, {"psn_name": "示九蘭", "med_type": "99"},
             {"hifp_pay": PEOPLE[2]}, {"mdtrt_id": PEOPLE[1]}, {"medins_setl_id": f"H {PEOPLE[2]} 示九蘭"}, {"reversed": PEOPLE[2]}]
    rows = [row(number, certno=PEOPLE[number % 4]) for number in range(50)] + [row(90 + at, **one) for at, one in enumerate(wrong)]
    found = of(rows, tmp_path)
    assert found.rejected == len(wrong)
    kept = b"".join(file.read_bytes() for file in found.folder.iterdir()) + str(rejected(found)).encode()
    for secret in (*PEOPLE, "示一兰", "示九蘭", *(number[6:14] for number in PEOPLE)):
        assert secret.encode() not in kept


def _peak(rows: int, folder: Path) -> int:
    """Bytes of memory at most of a process that stages so many rows in pieces of a megabyte."""
    lines = (folder / "one.csv").read_bytes().splitlines(keepends=True)
    name = folder / f"{rows}.csv"
    with name.open("wb") as file:
        file.write(lines[0])
        for number in range(rows):
            file.write(lines[1].replace(b"S1", b"S%d" % number).replace(b"H1", b"H%d" % number))
    script = ("import resource, sys; from pathlib import Path; from services.settlement.feed import reading; reading.PIECE = 1 << 20\n"
              "from tests.services.feed_files import staged; found = staged(Path(sys.argv[1]), Path(sys.argv[1] + '.d'))\n"
              "print(found.accepted, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)")
    done = subprocess.run([sys.executable, "-c", script, str(name)], check=True, capture_output=True, text=True)
    accepted, peak = map(int, done.stdout.split())
    assert accepted == rows
    return peak * 1024


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """A file of 36 MB more takes less than a third of that in memory more: 32 bytes a row, and the allocator's play."""
    write(tmp_path / "one.csv", [row(1)])
    small, large = _peak(20_000, tmp_path), _peak(220_000, tmp_path)
    grown = (tmp_path / "220000.csv").stat().st_size - (tmp_path / "20000.csv").stat().st_size
    assert grown > 30 << 20
    assert large - small < grown // 3


def test_a_digest_is_splitmix_over_the_content(tmp_path: Path) -> None:
    """Reckoned here with whole numbers, so that a release or a library that changed it would be seen."""
    rows = [row(1, pool_own_amt="200.00", large_own_amt="40.00", over_cap_amt="1.00"), row(2, med_type="21", reversed="1")]
    found = whole(of(rows, tmp_path))
    mask, nothing, start = 2**64 - 1, 0x94D049BB133111EB, 0x9E3779B97F4A7C15
    for one in found.to_dicts():
        hospital = one["medins_setl_id"].encode().ljust(32, b"\0")
        words = [*struct.unpack("<4Q", one["member"]), int(one["setl_at"].timestamp()) * 10**6, int(one["kind"] == "inpatient"),
                 int(one["reversed"]), *(nothing if one[name] is None else one[name] for name in (
                     "own_1", "over_cap", "other_reimb", "medfee_sumamt", "inscp_scp_amt", "act_pay_dedc", "hifp_pay", "hifob_pay",
                     "cvlserv_pay", "hifes_pay", "maf_pay", "psn_part_amt", "pool_own", "large_own")), *struct.unpack("<4Q", hospital)]
        held = start
        for word in words:
            held ^= word & mask
            held = (held ^ held >> 30) * 0xBF58476D1CE4E5B9 & mask
            held = (held ^ held >> 27) * nothing & mask
            held ^= held >> 31 ^ start
        assert one["digest"] % 2**64 == held


@pytest.mark.parametrize("changed", [
    {"certno": PEOPLE[1]}, {"setl_time": "2026-08-01 10:00:01"}, {"med_type": "21"}, {"inscp_scp_amt": "900.01"}, {"reversed": "1"},
    {"medins_setl_id": "H2"}, {"medins_setl_id": ""}, {"pool_own_amt": "0.00"}, {"act_pay_dedc": "0.01"}], ids=str)
def test_any_change_of_content_changes_the_digest(tmp_path: Path, changed: dict[str, str]) -> None:
    digests = [whole(of([one], tmp_path))["digest"].to_list() for one in (row(1), {**row(1), **changed})]
    assert len(digests[0]) == len(digests[1]) == 1 and digests[0] != digests[1]


def test_the_same_content_under_another_id_or_name_has_the_same_digest(tmp_path: Path) -> None:
    one = whole(of([row(1)], tmp_path))["digest"].to_list()
    assert one == whole(of([row(2, medins_setl_id="H1", psn_name="示二梅", mdtrt_id="V9")], tmp_path))["digest"].to_list()
