"""What staging leaves behind: pieces laid in order of the member's share, and what was counted. Holds no name and no identity number.

`Staged.frame(part)` is what a settlement computes with. The folder is its owner's alone and goes with the run.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from services.settlement.feed.identities import SHARES
from services.settlement.feed.rejects import FILE
from services.settlement.feed.rules import SCHEMA, Terms

PARTS = (8, 16, 32, 64)
_SUMMARY = "staged.json"


@dataclass(frozen=True, slots=True)
class Laid:
    """One piece on disk: rows sorted by `part`; share `s` lies from `starts[s]` to `starts[s + 1]`."""

    file: str
    starts: list[int]


@dataclass(frozen=True)
class Staged:
    """A feed's rows, checked and laid down.

    `rows` read; `accepted` of them staged, `rejected` not, `repeated` the same settlement word for word once more. `reasons`: rows by
    reason code (a row may have several). `sums`: fen of each money column of the accepted. `ignored`: columns we do not read.
    """

    folder: Path
    terms: Terms
    parts: int
    rows: int
    accepted: int
    rejected: int
    repeated: int
    reasons: dict[str, int]
    sums: dict[str, int]
    kinds: dict[str, int]
    ignored: list[str]
    laid: list[Laid]
    dropped: list[int] = field(default_factory=list)        # row numbers laid down before the whole file was known

    @property
    def seed(self) -> int:
        """Of the names' hash."""
        return self.terms.seed

    @property
    def rejects(self) -> Path:
        """CSV within gzip: row_no, setl_id, column, code, reason, remedy."""
        return self.folder / FILE

    def shares(self, part: int) -> range:
        """The shares (bill.part, 0 to 63) of one of the parts: one range of the key."""
        return range(part * SHARES // self.parts, (part + 1) * SHARES // self.parts)

    def frame(self, part: int) -> pl.DataFrame:
        """The staged rows of one part: rules.SCHEMA, money in fen, ordered by share and then as in the file's pieces."""
        shares = self.shares(part)
        slices = [pl.scan_ipc(self.folder / laid.file).slice(start, end - start).collect() for laid in self.laid
                  for start, end in [(laid.starts[shares.start], laid.starts[shares.stop])]]
        whole = pl.concat(slices, rechunk=True) if slices else self.empty()
        return whole.filter(~pl.col("row_no").is_in(self.dropped)) if self.dropped else whole

    def frames(self) -> Iterator[pl.DataFrame]:
        """Each part in turn."""
        return (self.frame(part) for part in range(self.parts))

    @staticmethod
    def empty() -> pl.DataFrame:
        """No rows, in the columns of a staged frame."""
        return pl.DataFrame(schema=SCHEMA)

    def save(self) -> None:
        """Into its folder, for other processes."""
        held: dict[str, Any] = {**asdict(self), "folder": None}
        (self.folder / _SUMMARY).write_text(json.dumps(held, ensure_ascii=False))

    @classmethod
    def load(cls, folder: Path) -> Staged:
        """What `save` wrote."""
        held = json.loads((folder / _SUMMARY).read_text())
        return cls(**{**held, "folder": folder, "terms": Terms(**held["terms"]), "laid": [Laid(**laid) for laid in held["laid"]]})

    def remove(self) -> None:
        """Take the folder away; nothing of it is needed after the run."""
        shutil.rmtree(self.folder)
