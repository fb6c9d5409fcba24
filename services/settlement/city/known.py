"""Bills that the house knows already: those that a feed's rows name again, and the rest of a touched member's year."""

from __future__ import annotations

import uuid

import polars as pl
from psycopg import sql
from sqlmodel import Session

from services.core.db import driver_cursor
from services.settlement.city.copying import Schema, copy_in, copy_out, pieces
from services.settlement.city.folder import Folder

# Of a known bill: whose it is (`owner`, the id it was written under), and what the year so far is reckoned from.
KNOWN = pl.Schema({
    "asking": pl.Int16(), "owner": pl.String(), "setl_id": pl.String(), "version": pl.Int16(), "old_year": pl.Int16(),
    "old_part": pl.Int16(), "old_digest": pl.Int64()})
BILLS = pl.Schema({
    "person_id": pl.String(), "year": pl.Int16(), "setl_id": pl.String(), "setl_at": pl.Int64(), "kind": pl.String(),
    "own_1": pl.Int64(), "over_cap": pl.Int64(), "other_reimb": pl.Int64()})
_KNOWN = """
    SELECT a.part, b.person_id, b.setl_id, b.version, b.year, b.part, b.digest
    FROM asked_bill a JOIN bill b ON b.setl_id = a.setl_id JOIN feed_file f ON f.id = b.feed_id AND f.plan = %(plan)s
    WHERE NOT b.superseded"""
_BILLS = """
    SELECT t.kept, b.year, b.setl_id, (extract(epoch FROM b.setl_at) * 1000000)::bigint, b.kind, b.own_1, b.over_cap, b.other_reimb
    FROM touched t JOIN bill b ON b.part = t.part AND b.person_id = t.person_id
    JOIN feed_file f ON f.id = b.feed_id AND f.plan = %(plan)s
    WHERE NOT b.superseded AND NOT b.reversed AND b.year = ANY(%(years)s) AND b.part BETWEEN %(low)s AND %(high)s"""
_ANY = "SELECT EXISTS (SELECT FROM bill)"


def write(session: Session, folder: Folder, rows: pl.LazyFrame, *, plan: str) -> None:
    """`known` of each partition: the live bills whose numbers the feed's rows name, whoever they belong to."""
    folder.empty("known")
    cursor = driver_cursor(session)
    cursor.execute(_ANY)
    if cursor.fetchone() == (False,):
        return
    cursor.execute("SET LOCAL work_mem = '256MB'")
    cursor.execute("CREATE TEMP TABLE asked_bill (part smallint, setl_id text COLLATE \"C\") ON COMMIT DROP")
    for batch in rows.select("part", "setl_id").collect().iter_slices(500_000):
        copy_in(session, "asked_bill", batch)
    cursor.execute("ANALYZE asked_bill")
    for piece, found in enumerate(pieces(session, sql.SQL(_KNOWN), {"plan": plan}, KNOWN)):
        for (part,), of_part in found.partition_by("asking", as_dict=True).items():
            folder.write("known", int(str(part)), of_part, piece)


def touch(session: Session, touched: pl.DataFrame) -> None:
    """The transaction's table of members to look up: `part`, `person_id` (as written then), `kept` (the person now)."""
    cursor = driver_cursor(session)
    cursor.execute("CREATE TEMP TABLE IF NOT EXISTS touched (part smallint, person_id uuid, kept uuid) ON COMMIT DROP; TRUNCATE touched")
    copy_in(session, "touched", touched.select("part", "person_id", "kept"))
    cursor.execute("ANALYZE touched")


def bills(session: Session, *, plan: str, years: list[int], low: int, high: int) -> pl.DataFrame:
    """The live bills of the touched members in these years, in partitions `low` to `high`."""
    given = {"plan": plan, "years": years, "low": low, "high": high}
    return copy_out(session, sql.SQL(_BILLS), given, BILLS)


def live(before: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """The bills that count once the new ones are written: those of `before` (as `bills` gives them) whose place no new one
    takes, and the new ones (as `Resolved.bills`) that are not reversed.
    """
    replaced = new.filter(pl.col("old_year").is_not_null()).select("person_id", pl.col("old_year").alias("year"), "setl_id")
    left = before.join(replaced, on=["person_id", "year", "setl_id"], how="anti") if before.height else before
    counting = new.lazy().filter(~pl.col("reversed")).select(
        pl.col("setl_at").cast(pl.Int64) if name == "setl_at" else pl.col(name) for name in before.columns)
    return pl.concat([left, counting.collect()])


_PAID_SCHEMA: Schema = {"person_id": pl.String(), "year": pl.Int16(), "benefit": pl.Int16(), "fen": pl.Int64()}
# What settlements gave: not what was cancelled for good before anybody had it. And what claims took of the same covers.
_PAID = """
    SELECT t.kept, l.year, g.place, sum(g.fen)
    FROM touched t JOIN settlement_line l ON l.part = t.part AND l.person_id = t.person_id
    CROSS JOIN LATERAL unnest(l.took) WITH ORDINALITY AS g(fen, place)
    WHERE l.settlement_id <> %(but)s AND l.year = ANY(%(years)s) AND l.part BETWEEN %(low)s AND %(high)s AND g.fen <> 0
    AND NOT EXISTS (SELECT FROM settlement_payment x WHERE x.settlement_id = l.settlement_id AND x.part = l.part
        AND x.person_id = l.person_id AND x.state = 'cancelled')
    GROUP BY 1, 2, 3"""
_RESERVED = """
    SELECT t.kept, y.year, array_position(%(benefits)s, r.benefit), sum(r.amount_fen)
    FROM (SELECT DISTINCT kept FROM touched) t JOIN cover v ON v.person_id = t.kept AND v.plan = %(plan)s
    JOIN reservation r ON r.cover_id = v.id AND r.state IN ('reserved', 'paid') JOIN claim c ON c.id = r.claim_id
    JOIN unnest(%(years)s::int[]) AS y(year) ON y.year = (c.event ->> 'year')::int
    WHERE r.benefit = ANY(%(benefits)s) GROUP BY 1, 2, 3"""
_LOCK = """
    SELECT 1 FROM cover v WHERE v.plan = %(plan)s AND v.person_id IN (SELECT kept FROM touched)
    AND EXISTS (SELECT FROM claim c WHERE c.cover_id = v.id) ORDER BY v.id FOR UPDATE"""


def paid(session: Session, *, plan: str, benefits: list[str], but: uuid.UUID, years: list[int], low: int, high: int) -> pl.DataFrame:
    """What the touched members were given of each year so far, in fen by benefit: by settlements `but` this one, and on claims."""
    given = {"plan": plan, "benefits": benefits, "but": but, "years": years, "low": low, "high": high}
    settled = copy_out(session, sql.SQL(_PAID), given, _PAID_SCHEMA)
    claimed = copy_out(session, sql.SQL(_RESERVED), given, _PAID_SCHEMA)
    return pl.concat([settled, claimed]).group_by("person_id", "year", "benefit").agg(pl.col("fen").sum())


def hold(session: Session, *, plan: str) -> None:
    """Lock the touched members' covers that a claim spends too: who decides on one waits, or we wait for her."""
    driver_cursor(session).execute(_LOCK, {"plan": plan})
