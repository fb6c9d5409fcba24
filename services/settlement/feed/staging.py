"""A feed's file is read as a stream, checked in columns, and laid down by share, in one process or several."""

from __future__ import annotations

import multiprocessing
import secrets
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from services.core.errors import InputError
from services.settlement.feed import blind, lines, reading, rejects, rules, twice
from services.settlement.feed.columns import KEPT_MONEY, USED
from services.settlement.feed.identities import SHARES, Index
from services.settlement.feed.lines import Broken
from services.settlement.feed.reading import Format, OnDisk, Piece, Source
from services.settlement.feed.rules import Terms
from services.settlement.feed.staged import PARTS, Laid, Staged
from services.settlement.feed.twice import Marks

Progress = Callable[[str, int, int], None]      # what is being done, how far, of how many
_TOGETHER = 2048        # rows on disk that are read together: about one share of a piece
Done = tuple[Piece, "Outcome"]


def _silent(_what: str, _done: int, _of: int) -> None:
    return None


def stage(source: Path | Source, fmt: Format, into: Path, *, plan: str, year: int, quarter: int, index: Index = blind.index,
          parts: int = 32, processes: int = 1, progress: Progress = _silent) -> Staged:
    """Check a feed and lay its good rows into the folder `into` (made for its owner alone; what a broken run left there goes).

    `index` gives blind indices of clean identity numbers; with several processes it must be importable by name. A row's share is the
    first byte of its index by four; each of `parts` is a range of shares. Memory: some pieces of 32 MB of text a process, and 32 bytes a
    row. InputError when the file as a whole cannot be read; rows that cannot be taken are in `Staged.rejects`.
    """
    if parts not in PARTS:
        raise InputError("feed_parts", f"分区数 {parts} 不可用", remedy=f"用 {'、'.join(map(str, PARTS))} 之一", field="parts")
    held = OnDisk(source) if isinstance(source, Path) else source
    terms = Terms(plan, year, quarter, secrets.randbits(63))
    _clear(into)
    total, ignored = _Total(into), list[str]()
    with closing(reading.pieces(held, fmt)) as pieces:
        for piece, outcome in _worked(pieces, partial(work, terms=terms, index=index, folder=into), processes):
            ignored = ignored or [name for name in piece.headings if name not in USED]
            total.add(outcome)
            progress("核对", piece.done, held.size)
    staged = total.staged(terms, parts, ignored)
    staged.save()
    return staged


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one piece. `packed`: its rejects as a gzip member, b"" without any."""

    laid: Laid
    rows: int
    accepted: int
    reasons: Counter[str]
    sums: Counter[str]
    marks: Marks
    packed: bytes


def work(piece: Piece, *, terms: Terms, index: Index, folder: Path) -> Outcome:
    """One piece from text to a file of staged rows."""
    broken = Broken()
    rows = piece.content if isinstance(piece.content, pl.DataFrame) else lines.parse(piece.content, piece.headings, piece.first, broken)
    if isinstance(piece.content, pl.DataFrame):
        rows = lines.numbered(rows, piece.first)
    staged, faults = rules.checked(rows, terms, index)
    staged = staged.sort("part", maintain_order=True)
    laid = Laid(f"piece-{piece.number:05}.arrow", np.searchsorted(staged["part"].to_numpy(), np.arange(SHARES + 1)).tolist())
    # The oldest layout writes the values of these rows alone. The newer ones would write the buffers that rows refused above share,
    # and in them what stood where an id should be.
    staged.rechunk().write_ipc(folder / laid.file, compat_level=pl.CompatLevel.oldest(), record_batch_size=_TOGETHER)
    listed = rejects.of(rows, faults, broken)
    reasons = Counter({code: len({line[0] for line in listed if line[3] == code}) for code in {line[3] for line in listed}})
    return Outcome(laid, rows.height + len(broken.line) + len(broken.encoding), staged.height, reasons, _sums(staged),
                   twice.marks(staged), rejects.packed(listed) if listed else b"")


def _sums(staged: pl.DataFrame) -> Counter[str]:
    found = staged.select(pl.col(KEPT_MONEY).sum()).row(0, named=True)
    kinds = {f"kind.{kind}": count for kind, count in staged["kind"].value_counts().iter_rows()}
    return Counter({name: int(fen) for name, fen in found.items()} | kinds)


def _worked(pieces: Iterator[Piece], do: Callable[[Piece], Outcome], processes: int) -> Iterator[Done]:
    """Each piece with its outcome, in order; never more of them in memory than processes and one to come."""
    if processes <= 1:
        for piece in pieces:
            yield piece, do(piece)
        return
    # A fresh interpreter for each: a fork would copy locks that other threads of this process hold.
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        waiting: deque[tuple[Piece, Future[Outcome]]] = deque()
        try:
            for piece in pieces:
                waiting.append((piece, pool.submit(do, piece)))
                if len(waiting) > processes:
                    first, future = waiting.popleft()
                    yield first, future.result()
            for last, future in waiting:
                yield last, future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _clear(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    for left in (*folder.glob("piece-*.arrow"), *folder.glob("staged.json"), *folder.glob(rejects.FILE)):
        left.unlink()


@dataclass
class _Total:
    """What the pieces add up to."""

    folder: Path
    outcomes: list[Outcome] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """One more."""
        self.outcomes.append(outcome)

    def staged(self, terms: Terms, parts: int, ignored: list[str]) -> Staged:
        """The whole, once every piece is known: settlements that stand twice go, and the rejects are one file."""
        reasons, sums = Counter[str](), Counter[str]()
        for outcome in self.outcomes:
            reasons.update(outcome.reasons)
            sums.update(outcome.sums)
        rows, accepted = (sum(getattr(outcome, name) for outcome in self.outcomes) for name in ("rows", "accepted"))
        found = twice.among([outcome.marks for outcome in self.outcomes])
        laid = [outcome.laid for outcome in self.outcomes]
        gone = self._gone(laid, found.dropped)
        sums.subtract(_sums(gone))
        late = {"twice_different": found.different, "hospital_twice": found.hospital}
        reasons.update({code: len(numbers) for code, numbers in late.items() if numbers})
        self._write_rejects(gone, late)
        money = {name: sums[name] for name in KEPT_MONEY}
        kinds = {name: sums[f"kind.{name}"] for name in ("outpatient", "inpatient")}
        return Staged(self.folder, terms, parts, rows, accepted - gone.height, rows - accepted + gone.height - len(found.repeated),
                      len(found.repeated), dict(reasons), money, kinds, ignored, laid, found.dropped)

    def _gone(self, laid: list[Laid], dropped: list[int]) -> pl.DataFrame:
        if not dropped:
            return Staged.empty()
        return pl.concat([pl.read_ipc(self.folder / one.file).filter(pl.col("row_no").is_in(dropped)) for one in laid])

    def _write_rejects(self, gone: pl.DataFrame, late: dict[str, list[int]]) -> None:
        ids = dict(zip(gone["row_no"], gone["setl_id"], strict=True))
        more = sorted((number, ids[number], "", code) for code, numbers in late.items() for number in numbers)
        with (self.folder / rejects.FILE).open("wb") as file:
            file.write(rejects.packed([], head=True))
            for outcome in self.outcomes:
                file.write(outcome.packed)
            if more:
                file.write(rejects.packed(more))
