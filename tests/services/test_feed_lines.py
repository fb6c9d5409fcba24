"""A feed's file as bytes: line ends, quotes, encodings, gzip, headings. What is wrong with one line costs one row."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from services.core.errors import InputError
from services.settlement.feed import reading
from services.settlement.feed.columns import CHINESE
from tests.services.feed_files import GOOD, PEOPLE, rejected, row, staged, whole, write

ROWS = [row(number, certno=PEOPLE[number % 4], act_pay_dedc=f"{number}.00") for number in range(1, 6)]


def plain(tmp: Path) -> bytes:
    return write(tmp / "plain.csv", ROWS).read_bytes()


def seen(tmp: Path, content: bytes, name: str = "feed.csv") -> tuple[list[tuple[int, int]], list[tuple[str, str]]]:
    """Taken rows as (number, the amount that tells them apart), rejected ones as (number, code)."""
    (tmp / name).write_bytes(content)
    found = staged(tmp / name, tmp / "staged")
    return whole(found).select("row_no", "act_pay_dedc").rows(), [(line["row_no"], line["code"]) for line in rejected(found)]


ALL = [(number, number * 100) for number in range(1, 6)]
SAME: dict[str, Callable[[bytes], bytes]] = {
    "as it is": lambda text: text,
    "no end of the last line": lambda text: text.rstrip(b"\n"),
    "Windows' line ends": lambda text: text.replace(b"\n", b"\r\n"),
    "a mark of byte order": lambda text: b"\xef\xbb\xbf" + text,
    "GB 18030": lambda text: text.decode().encode("gb18030"),
    "blank lines at the end": lambda text: text + b"\n\n",
    "every field quoted": lambda text: b"".join(b'"' + line.replace(b",", b'","') + b'"\n' for line in text.splitlines()),
    "some fields quoted": lambda text: text.replace("示一兰".encode(), '"示一兰"'.encode()),
    "a comma within quotes": lambda text: text.replace("示一兰".encode(), '"示,一兰"'.encode()),
    "a quote within quotes": lambda text: text.replace("示一兰".encode(), '"示""一兰"'.encode()),
    "Chinese headings": lambda text: "\n".join([",".join({ours: name for name, ours in CHINESE.items()}[name] for name in GOOD),
                                                 *text.decode().splitlines()[1:]]).encode(),
    "columns we do not read": lambda text: b"".join(line + (b",psn_no\n" if not place else b",x\n")
                                                    for place, line in enumerate(text.splitlines())),
}


@pytest.mark.parametrize("spelled", SAME.values(), ids=SAME.keys())
@pytest.mark.parametrize("packed", [False, True], ids=["csv", "gzip"])
def test_the_same_rows_however_spelled(tmp_path: Path, spelled: Callable[[bytes], bytes], packed: bool) -> None:
    content = spelled(plain(tmp_path))
    found = seen(tmp_path, gzip.compress(content), "feed.csv.gz") if packed else seen(tmp_path, content)
    assert found == (ALL, [])


def _third(change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    def changed(text: bytes) -> bytes:
        lines = text.splitlines(keepends=True)
        return b"".join([*lines[:3], change(lines[3]), *lines[4:]])
    return changed


BROKEN: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "a field short": (lambda line: line.replace(b"V3,", b""), "line"),
    "a field more": (lambda line: line.replace(b"V3,", b"V3,V3,"), "line"),
    "a quote that never ends": (lambda line: line.replace(b"V3", b'"V3'), "line"),
    "a quoted field more": (lambda line: line.replace(b"V3,", b'"V3","V3",'), "line"),
    "no character": (lambda line: line.replace(b"V3", b"\xff\xfe"), "encoding"),
}


@pytest.mark.parametrize(("change", "code"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_line_costs_its_row_and_no_other(tmp_path: Path, change: Callable[[bytes], bytes], code: str) -> None:
    taken, lost = seen(tmp_path, _third(change)(plain(tmp_path)))
    assert taken == [pair for pair in ALL if pair[0] != 3]
    assert lost == [("3", code)]


def test_one_field_too_many_and_one_too_few_are_both_found(tmp_path: Path) -> None:
    """Together the commas are as many as they should be."""
    lines = plain(tmp_path).splitlines(keepends=True)
    lines[1], lines[2] = lines[1].replace(b"V1,", b"V1,V1,"), lines[2].replace(b"V2,", b"")
    assert seen(tmp_path, b"".join(lines)) == (ALL[2:], [("1", "line"), ("2", "line")])


def test_a_stray_quote_in_a_field_without_quotes_is_a_sign(tmp_path: Path) -> None:
    text = plain(tmp_path).replace("示一兰".encode(), '示"一"兰'.encode())
    assert seen(tmp_path, text) == (ALL, [])


@pytest.mark.parametrize("size", [1, 400, 1000])
def test_pieces_end_between_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(reading, "PIECE", size)
    assert seen(tmp_path, plain(tmp_path)) == (ALL, [])


WHOLE: dict[str, tuple[Callable[[bytes], bytes], str, str]] = {
    "empty": (lambda text: b"", "feed.csv", "file_empty"),
    "a heading alone": (lambda text: text.splitlines()[0], "feed.csv", "feed_lines"),
    "a needed column missing": (lambda text: text.replace(b"inscp_scp_amt", b"inscp"), "feed.csv", "feed_columns"),
    "a column twice": (lambda text: text.replace(b"mdtrt_id", b"setl_id", 1), "feed.csv", "feed_columns"),
    "gzip that is called CSV": (gzip.compress, "feed.csv", "feed_format"),
    "CSV that is called gzip": (lambda text: text, "feed.csv.gz", "feed_format"),
    "gzip cut off": (lambda text: gzip.compress(text)[:-20], "feed.csv.gz", "feed_damaged"),
    "gzip with a wrong byte": (lambda text: gzip.compress(text)[:-6] + b"\0" * 6, "feed.csv.gz", "feed_damaged"),
    "Parquet without its end": (lambda text: b"PAR1" + text, "feed.parquet", "feed_damaged"),
    "a line without end": (lambda text: text + b"x" * (3 << 20), "feed.csv", "feed_lines"),
}


@pytest.mark.parametrize(("change", "name", "code"), WHOLE.values(), ids=WHOLE.keys())
def test_a_file_that_is_no_feed_is_refused_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                      change: Callable[[bytes], bytes], name: str, code: str) -> None:
    monkeypatch.setattr(reading, "PIECE", 1 << 20)
    (tmp_path / name).write_bytes(change(plain(tmp_path)))
    with pytest.raises(InputError) as refused:
        staged(tmp_path / name, tmp_path / "staged")
    assert refused.value.code == code and refused.value.remedy


def test_parquet_amounts_as_floats_are_refused(tmp_path: Path) -> None:
    pl.DataFrame(ROWS).with_columns(pl.col("hifp_pay").cast(pl.Float64)).write_parquet(tmp_path / "feed.parquet")
    with pytest.raises(InputError) as refused:
        staged(tmp_path / "feed.parquet", tmp_path / "staged")
    assert refused.value.code == "feed_types" and "hifp_pay" in refused.value.message
