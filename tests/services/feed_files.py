"""Feeds written by hand for tests, read back by hand: rows of text, a file of them, and what a plain reading makes of it."""

from __future__ import annotations

import csv
import gzip
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import polars as pl

from services.settlement.feed.staged import Staged
from services.settlement.feed.staging import stage

Row = dict[str, str]
# One outpatient bill that adds up: 1000.00 in all, 900.00 insured, funds 600.00 + 50.00 + 10.00, own payment class one 240.00.
GOOD: Mapping[str, str] = {
    "mdtrt_id": "V1", "setl_id": "S1", "psn_name": "示一兰", "psn_cert_type": "01", "certno": "110099196201010008", "insutype": "310",
    "setl_time": "2026-08-01 10:00:00", "med_type": "11", "medfee_sumamt": "1000.00", "inscp_scp_amt": "900.00", "act_pay_dedc": "0.00",
    "hifp_pay": "600.00", "cvlserv_pay": "10.00", "hifes_pay": "0.00", "hifmi_pay": "0.00", "hifob_pay": "50.00", "maf_pay": "0.00",
    "oth_pay": "0.00", "hosp_part_amt": "0.00", "fund_pay_sumamt": "660.00", "psn_part_amt": "340.00", "over_cap_amt": "0.00",
    "pool_own_amt": "", "large_own_amt": "", "medins_setl_id": "H1", "reversed": "0"}
MONEY = ("medfee_sumamt", "inscp_scp_amt", "act_pay_dedc", "hifp_pay", "hifob_pay", "cvlserv_pay", "hifes_pay", "maf_pay", "psn_part_amt")
# Numbers with right check digits, of nobody.
PEOPLE = ("110099196201010008", "110099196201020003", "110099196201030009", "110099196201040004")


def row(number: int = 1, **changes: str) -> Row:
    """GOOD under ids of its own."""
    return {**GOOD, "mdtrt_id": f"V{number}", "setl_id": f"S{number}", "medins_setl_id": f"H{number}", **changes}


def index(numbers: list[str]) -> list[bytes]:
    """A blind index whose key everybody knows."""
    return [hashlib.sha256(b"known to all" + number.encode()).digest() for number in numbers]


def write(to: Path, rows: Iterable[Mapping[str, str]], columns: Sequence[str] = tuple(GOOD)) -> Path:
    """As CSV, or gzip by the name."""
    with gzip.open(to, "wt", newline="", encoding="utf-8") if to.suffix == ".gz" else to.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return to


def staged(source: Path, into: Path, *, year: int = 2026, quarter: int = 3, processes: int = 1) -> Staged:
    """Staged as the third quarter of 2026."""
    fmt = "parquet" if source.suffix == ".parquet" else "csv.gz" if source.suffix == ".gz" else "csv"
    return stage(source, fmt, into, plan="bj-medical", year=year, quarter=quarter, index=index, processes=processes)  # type: ignore[arg-type]


def of(rows: Iterable[Mapping[str, str]], tmp: Path) -> Staged:
    """Rows staged from a file of them."""
    return staged(write(tmp / "feed.csv", rows), tmp / "staged")


def whole(found: Staged) -> pl.DataFrame:
    """Every part, in the file's order."""
    return pl.concat(list(found.frames())).sort("row_no")


def rejected(found: Staged) -> list[dict[str, str]]:
    """The reject file's lines."""
    with gzip.open(found.rejects, "rt", encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def fen(text: str) -> int:
    """Exactly."""
    return int(Decimal(text or "0") * 100)
