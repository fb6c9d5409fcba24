"""Frames into tables and out of queries by COPY, in the session's own transaction: the way of millions of rows.

Rows go out as CSV and into Polars; identifiers stay text. NULL is the empty field, an empty text is quoted.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence

import polars as pl
from psycopg import sql
from sqlmodel import Session

from services.core.db import driver_cursor

Schema = Mapping[str, pl.DataType]
_PIECE = 32 * 1024 * 1024       # bytes of CSV read at once
_INTO = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)")
_OUT_OF = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv)")


def copy_in(session: Session, table: str, frame: pl.DataFrame) -> int:
    """The frame's rows into a table of the same columns; returns how many. Lists must have been written as arrays (`array`)."""
    if frame.is_empty():
        return 0
    held = io.BytesIO()
    frame.write_csv(held, include_header=False)
    statement = _INTO.format(sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, frame.columns)))
    with driver_cursor(session).copy(statement) as copy:
        copy.write(held.getbuffer())
    return frame.height


def pieces(session: Session, query: sql.Composable, given: Mapping[str, object], schema: Schema) -> Iterator[pl.DataFrame]:
    """What the query gives, some hundred thousand rows at a time. `schema`: the columns in order as the CSV holds them."""
    held: list[bytes] = []
    size = 0
    with driver_cursor(session).copy(_OUT_OF.format(query), given) as copy:
        for chunk in copy:
            held.append(bytes(chunk))
            size += len(chunk)
            if size >= _PIECE:          # PostgreSQL sends whole rows
                yield _read(held, schema)
                held, size = [], 0
    if held:
        yield _read(held, schema)


def copy_out(session: Session, query: sql.Composable, given: Mapping[str, object], schema: Schema) -> pl.DataFrame:
    """What the query gives, as one frame."""
    found = list(pieces(session, query, given, schema))
    return pl.concat(found) if found else pl.DataFrame(schema=dict(schema))


def _read(held: Sequence[bytes], schema: Schema) -> pl.DataFrame:
    return pl.read_csv(io.BytesIO(b"".join(held)), has_header=False, schema=dict(schema))


def array(column: str) -> pl.Expr:
    """A list of numbers in PostgreSQL's writing: `{1,2}`."""
    return pl.concat_str(pl.lit("{"), pl.col(column).cast(pl.List(pl.String)).list.join(","), pl.lit("}")).alias(column)


def numbers(column: str) -> pl.Expr:
    """And back: a list of Int64 from `{1,2}`; the empty one from `{}`."""
    inner = pl.col(column).str.strip_chars("{}")
    return (pl.when(inner == "").then(pl.lit([], dtype=pl.List(pl.Int64)))
            .otherwise(inner.str.split(",").cast(pl.List(pl.Int64))).alias(column))
