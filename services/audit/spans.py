"""Heads of chains in spans: so many chains in a row, spelled one a line and named by the hash of that spelling.

A span of closed claims stays as it is for years, so a day writes only the spans that changed.
"""

from __future__ import annotations

import gzip
import hashlib
import uuid
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session

from services.audit.place import Place
from services.core.db import driver_cursor
from services.core.errors import OutsideError

LOWEST, HIGHEST = uuid.UUID(int=0), uuid.UUID(int=(1 << 128) - 1)
CHAINS = 10_000                 # of one span
DAMAGED = "audit_place_damaged"
_LONGEST = 200 * CHAINS * 10    # bytes of a span's spelling, far above what any comes to
# Claims and payment runs carry their chains' ends; a roster has a chain of one record, which is its end, a feed's is its last one.
HEADS = ("SELECT id, audit_seq, audit_head FROM claim UNION ALL SELECT id, audit_seq, audit_head FROM payment_run"
         " UNION ALL SELECT r.id, 1, a.hash FROM roster_import r JOIN audit_record a ON (a.chain_id, a.seq) = (r.id, 1)"
         " UNION ALL SELECT f.id, a.seq, a.hash FROM feed_file f CROSS JOIN LATERAL (SELECT seq, hash FROM audit_record"
         " WHERE chain_id = f.id ORDER BY seq DESC LIMIT 1) a")
_NEXT = f"SELECT id, audit_seq, audit_head FROM ({HEADS}) h WHERE id > %s ORDER BY id LIMIT %s"


class Head(NamedTuple):
    """Where a chain ended."""

    chain: uuid.UUID
    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Span:
    """Chains from `first` to `last`, both among them."""

    first: uuid.UUID = LOWEST
    last: uuid.UUID = HIGHEST


@dataclass(frozen=True, slots=True)
class Sealed:
    """A span as a statement names it."""

    first: str
    last: str
    chains: int
    records: int
    sha256: str

    @property
    def span(self) -> Span:
        """The chains it reaches over."""
        return Span(uuid.UUID(self.first), uuid.UUID(self.last))


def read(session: Session, after: uuid.UUID, *, size: int = CHAINS) -> list[Head]:
    """The next chains' heads as claims and payment runs carry them, in the order of ids."""
    return [Head(*row) for row in driver_cursor(session).execute(_NEXT, (after, size), binary=True)]


def spelled(heads: list[Head]) -> bytes:
    """One line for each chain: id, last place, last hash."""
    return "".join(f"{head.chain} {head.seq} {head.hash.hex()}\n" for head in heads).encode()


def sealed(heads: list[Head], text: bytes) -> Sealed:
    """What the statement says of a span."""
    return Sealed(str(heads[0].chain), str(heads[-1].chain), len(heads), sum(head.seq for head in heads),
                  hashlib.sha256(text).hexdigest())


def keep(place: Place, span: Sealed, text: bytes) -> None:
    """Write a span to the place; one that is there already is left."""
    place.create(name_of(span.sha256), gzip.compress(text, 6, mtime=0))


def name_of(sha256: str) -> str:
    """Where a span lies."""
    return f"spans/{sha256[:2]}/{sha256}.gz"


def load(place: Place, span: Sealed) -> list[Head]:
    """A span again. OutsideError when it is lost or is not what the statement names."""
    try:
        packed = zlib.decompressobj(wbits=31)
        text = packed.decompress(place.read(name_of(span.sha256)), _LONGEST)
    except (FileNotFoundError, zlib.error):
        raise _damaged(span) from None
    if hashlib.sha256(text).hexdigest() != span.sha256:
        raise _damaged(span)
    return list(_lines(text))


def _lines(text: bytes) -> Iterator[Head]:
    for line in text.decode().splitlines():
        chain, seq, digest = line.split(" ")
        yield Head(uuid.UUID(chain), int(seq), bytes.fromhex(digest))


def _damaged(span: Sealed) -> OutsideError:
    return OutsideError(DAMAGED, f"第二处存放的记录链清单 {span.sha256[:12]}… 缺失或被改动",
                        remedy="从第二处的备份恢复；改用更早一日核验（--since）")


# A sealed chain must have its row, be no shorter, and say at its sealed place what it said then.
_FALLEN = sa.text(f"""
    SELECT g.chain, g.seq, h.audit_seq, a.hash = g.hash FROM unnest(CAST(:chains AS uuid[]), CAST(:seqs AS int[]), CAST(:hashes AS bytea[]))
        AS g(chain, seq, hash) LEFT JOIN ({HEADS}) h ON h.id = g.chain LEFT JOIN audit_record a ON a.chain_id = g.chain AND a.seq = g.seq
    WHERE h.id IS NULL OR h.audit_seq < g.seq OR (g.seq > 0 AND a.hash IS DISTINCT FROM g.hash) ORDER BY g.chain""")


def fallen(session: Session, heads: list[Head]) -> list[tuple[uuid.UUID, int, int | None, bool | None]]:
    """(chain, its length then, its length now or None, whether its last record of then is the same) of chains that no longer stand."""
    rows = session.execute(_FALLEN, {"chains": [head.chain for head in heads], "seqs": [head.seq for head in heads],
                                     "hashes": [head.hash for head in heads]})
    return [(row[0], row[1], row[2], row[3]) for row in rows]


# Which of the chains given are shorter now than they were, or gone with their claim; in one statement, past no limit of rows.
_LOST = sa.text(f"""
    SELECT g.chain, g.seq, h.audit_seq FROM unnest(CAST(:chains AS uuid[]), CAST(:seqs AS int[])) AS g(chain, seq)
    LEFT JOIN ({HEADS}) h ON h.id = g.chain WHERE h.audit_seq IS NULL OR h.audit_seq < g.seq ORDER BY g.chain""")


def lost(session: Session, heads: list[Head]) -> list[tuple[uuid.UUID, int, int | None]]:
    """(chain, its length then, its length now or None) of chains that became shorter or are gone."""
    rows = session.execute(_LOST, {"chains": [head.chain for head in heads], "seqs": [head.seq for head in heads]})
    return [(row[0], row[1], row[2]) for row in rows]
