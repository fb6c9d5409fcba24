"""Who the members of a feed are: person, unit, cover of the year, category and union card, read once for all partitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl
from psycopg import sql
from sqlmodel import Session

from services.core.db import driver_cursor
from services.settlement.city.copying import Schema, copy_in, copy_out, pieces
from services.settlement.city.folder import PARTS, Folder
from services.settlement.feed import names

FEW = 200_000       # members that are looked up one by one; above it everybody is read once
MEMBERS = pl.Schema({
    "member": pl.Binary(), "home": pl.Int16(), "person_id": pl.String(), "name_hash": pl.UInt64(), "category": pl.String(),
    "died_on": pl.Date(), "cover_id": pl.String(), "unit_key": pl.String(), "effective": pl.Date(), "until": pl.Date(),
    "card_id": pl.String(), "card_added": pl.String(), "year": pl.Int16()})
ALIASES = pl.Schema({"person_id": pl.String(), "kept": pl.String(), "part": pl.Int16()})
_READ: Schema = {
    "member": pl.String(), "home": pl.Int16(), "person_id": pl.String(), "name": pl.String(), "category": pl.String(),
    "died_on": pl.Date(), "cover_id": pl.String(), "unit_key": pl.String(), "effective": pl.Date(), "until": pl.Date(),
    "card_id": pl.String(), "card_added": pl.String()}

# A record that was merged away answers with the kept one. The category is the one of the year's last day, by the rule of
# `person_category_on`, for all at once.
_WHO = """
    SELECT p.id_number_index, p.id_number_index AS home, p.id, p.name, p.category, p.died_on FROM person p {asked}
    WHERE p.merged_into IS NULL
    UNION ALL
    SELECT p.id_number_index, k.id_number_index, k.id, k.name, k.category, k.died_on
    FROM person p JOIN person k ON k.id = p.merged_into {asked}"""
_MEMBERS = """
    SELECT encode(w.id_number_index, 'hex'), get_byte(w.home, 0) / 4, w.id, w.name,
           CASE WHEN c.person_id IS NULL THEN w.category ELSE coalesce(c.category, 'normal') END,
           w.died_on, v.id, v.org_key, v.effective, least(v.until, v.ended_on), b.id, b.added_at
    FROM ({who}) w
    LEFT JOIN (SELECT person_id, (array_agg(category ORDER BY from_on DESC) FILTER (
                   WHERE from_on <= %(last)s AND (until_on IS NULL OR until_on >= %(last)s)))[1] AS category
               FROM person_category WHERE withdrawn_at IS NULL GROUP BY person_id) c ON c.person_id = w.id
    LEFT JOIN cover v ON v.person_id = w.id AND v.plan = %(plan)s AND v.effective <= %(last)s AND least(v.until, v.ended_on) >= %(first)s
    LEFT JOIN bank_card b ON b.person_id = w.id AND b.replaced_at IS NULL AND b.bank = ANY(%(banks)s)"""
# Where else a person's bills and lines may lie: under records merged into it, and, since its number was corrected, anywhere.
_ALIASES = """
    SELECT id, merged_into, get_byte(id_number_index, 0) / 4 FROM person WHERE merged_into IS NOT NULL
    UNION
    SELECT p.id, coalesce(p.merged_into, p.id), n.part FROM (SELECT DISTINCT person_id FROM person_change WHERE field = 'id_number') h
    JOIN person p ON p.id = h.person_id CROSS JOIN generate_series(0, 63) AS n(part)
    WHERE p.merged_into IS NOT NULL OR n.part <> get_byte(p.id_number_index, 0) / 4"""


def write(session: Session, folder: Folder, asked: Mapping[int, pl.DataFrame], *, plan: str, banks: Sequence[str], seed: int) -> None:
    """`members` of each partition for the members asked (`member`, by year), and `aliases` of persons merged.

    `seed`: of the hash of names, as the feed's rows were staged with.
    """
    folder.empty("members")
    driver_cursor(session).execute("SET LOCAL work_mem = '256MB'")
    piece = 0
    for year, members in sorted(asked.items()):
        given = {"plan": plan, "banks": list(banks), "first": date(year, 1, 1), "last": date(year, 12, 31)}
        for found in pieces(session, _query(session, members), given, _READ):
            _by_part(folder, found, year, seed, piece)
            piece += 1
    aliases = copy_out(session, sql.SQL(_ALIASES), {}, ALIASES)
    folder.empty("aliases")
    folder.write("aliases", 0, aliases)


def _query(session: Session, members: pl.DataFrame) -> sql.Composable:
    """Everybody, or those asked by their index."""
    asked = ""
    if members.height <= FEW:
        cursor = driver_cursor(session)
        cursor.execute("DROP TABLE IF EXISTS pg_temp.asked_member; CREATE TEMP TABLE asked_member (member bytea) ON COMMIT DROP")
        copy_in(session, "asked_member", members.select(pl.concat_str(pl.lit("\\x"), pl.col("member").bin.encode("hex")).alias("member")))
        cursor.execute("ANALYZE asked_member")
        asked = "JOIN asked_member a ON a.member = p.id_number_index"
    return sql.SQL(_MEMBERS.format(who=_WHO.format(asked=asked)))


def _by_part(folder: Folder, found: pl.DataFrame, year: int, seed: int, piece: int) -> None:
    read = found.with_columns(
        pl.col("member").str.decode("hex"), names.hashed(found["name"], seed).alias("name_hash"), pl.lit(year, pl.Int16).alias("year"),
        (pl.col("member").str.slice(0, 2).str.to_integer(base=16, dtype=pl.Int16) // (256 // PARTS)).alias("part"))
    for (part,), rows in read.partition_by("part", as_dict=True).items():
        rows = rows.select(list(MEMBERS))
        folder.write("members", int(str(part)), rows, piece)
        strays = rows.filter(pl.col("home") != part)
        for (home,), away in strays.partition_by("home", as_dict=True).items():
            folder.write("strays", int(str(home)), away, piece * PARTS + int(str(part)))
            folder.write("members", int(str(home)), away, 1000 + piece * PARTS + int(str(part)))
