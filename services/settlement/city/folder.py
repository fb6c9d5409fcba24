"""The folder a settlement works in: staged rows, members and known bills, each in one file a partition. Deleted at the end.

It holds blind indexes and hashes of names, so nobody but the service's user may enter it. Nothing in it is needed for good: after
a crash what is missing is made again.
"""

from __future__ import annotations

import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from services.core.settings import settings
from services.settlement.feed.staged import Staged

PARTS = 64              # the first byte of a member's blind index, by four: the same of bills, lines and payments


@dataclass(frozen=True, slots=True)
class Folder:
    """One settlement's files."""

    path: Path

    @classmethod
    def of(cls, settlement_id: uuid.UUID) -> Folder:
        """Made when it is not there."""
        path = settings().data_dir / "settling" / str(settlement_id)
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.chmod(0o700)
        return cls(path)

    def staged_rows(self, part: int) -> pl.DataFrame:
        """The feed's rows of a partition, as `feed.staging` laid them."""
        return Staged.load(self.staged).frame(part)

    @property
    def staged(self) -> Path:
        """Where the feed's rows lie, by partition."""
        return self.path / "staged"

    def read(self, what: str, part: int, schema: pl.Schema) -> pl.DataFrame:
        """`what` of a partition; empty when nothing was written for it."""
        pieces = sorted((self.path / what).glob(f"part={part:02d}*.parquet"))
        return pl.read_parquet(pieces) if pieces else pl.DataFrame(schema=schema)

    def write(self, what: str, part: int, frame: pl.DataFrame, piece: int = 0) -> None:
        """Add to a partition's files: a piece a file, whole or not at all."""
        to = self.path / what / f"part={part:02d}-{piece:04d}.parquet"
        to.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        half = to.with_suffix(".half")
        frame.write_parquet(half, compression="uncompressed", statistics=False)
        half.replace(to)

    def empty(self, what: str) -> None:
        """Take away what an earlier attempt left."""
        shutil.rmtree(self.path / what, ignore_errors=True)

    def all_of(self, what: str) -> list[Path]:
        """Every file of `what`, in order of the partitions."""
        return sorted((self.path / what).glob("part=*.parquet"))

    @property
    def ready(self) -> bool:
        """Whether everything that the partitions need was written: they may begin, in any order and any process."""
        return (self.path / "ready").exists()

    def mark_ready(self) -> None:
        """Say so."""
        (self.path / "ready").touch(mode=0o600)

    def remove(self) -> None:
        """The settlement is through."""
        shutil.rmtree(self.path, ignore_errors=True)
