"""What a settled city is held against: a formula in SQL written from the leaflet, and `engine/one.py` member by member."""

from __future__ import annotations

import uuid

import psycopg
import sqlalchemy as sa
from sqlmodel import select

from infra.bench.city_house import House
from services.core.money import to_fen
from services.engine.one import compute
from services.models import SettlementLine
from services.rulebook.vocabulary import parse
from services.settlement.city.parts import wording
from services.settlement.city.telling import words

# 二次报销: 门诊 over 1800 yuan, the first stay over 1300 and each later one over 650 (halves for 特困), 20 % (25 % for 劳模 and 特困),
# half a fen up, at most 200653 yuan a year.
FORMULA = """
    WITH live AS (SELECT person_id, kind, own_1, setl_at, setl_id FROM bill WHERE NOT superseded AND NOT reversed),
    stays AS (SELECT person_id, own_1, row_number() OVER (PARTITION BY person_id ORDER BY setl_at, setl_id) AS place FROM live
              WHERE kind = 'inpatient'),
    outs AS (SELECT person_id, sum(own_1) AS own FROM live WHERE kind = 'outpatient' GROUP BY person_id),
    rates AS (SELECT id, category = 'specially_poor' AS poor,
                     CASE WHEN category IN ('specially_poor', 'model_worker') THEN 25 ELSE 20 END AS rate FROM person),
    inside AS (SELECT s.person_id, sum(greatest(0, s.own_1 - CASE WHEN s.place = 1 THEN 130000 ELSE 65000 END
                      / CASE WHEN r.poor THEN 2 ELSE 1 END)) AS own FROM stays s JOIN rates r ON r.id = s.person_id GROUP BY s.person_id),
    each AS (SELECT r.id, least(20065300, round(greatest(0, coalesce(o.own, 0) - 180000) * r.rate / 100.0)
                    + round(coalesce(i.own, 0) * r.rate / 100.0)) AS fen
             FROM rates r LEFT JOIN outs o ON o.person_id = r.id LEFT JOIN inside i ON i.person_id = r.id
             WHERE o.person_id IS NOT NULL OR i.person_id IS NOT NULL)
    SELECT count(*), sum(fen)::bigint, count(*) FILTER (WHERE fen > 0) FROM each"""
_OURS = """SELECT count(*), sum(total_fen)::bigint, count(*) FILTER (WHERE total_fen > 0) FROM settlement_line WHERE settlement_id = %s"""


def agree_with_sql(house: House, settlement_id: uuid.UUID) -> str:
    """The city's lines, their sum and how many pay, both ways."""
    with psycopg.connect(house.superuser) as connection:
        theirs = connection.execute(FORMULA.encode()).fetchone()
        ours = connection.execute(_OURS, (settlement_id,)).fetchone()
    if ours != theirs:
        raise SystemExit(f"lines, fen, paying: settled {ours}, by the formula in SQL {theirs}")
    assert ours is not None
    return f"a formula in SQL agrees: {ours[0]:,} lines, {ours[1] / 100:,.2f} yuan, {ours[2]:,} paying"


def agree_one_by_one(house: House, settlement_id: uuid.UUID, sample: int) -> str:
    """Drawn lines computed again as claims are, each to the fen."""
    with house.db.view(house.maker.scope) as session:
        drawn = session.exec(select(SettlementLine).where(SettlementLine.settlement_id == settlement_id).order_by(
            sa.func.md5(sa.cast(SettlementLine.person_id, sa.Text))).limit(sample)).all()
        for line in drawn:
            book = wording("bj-medical", line.year)
            result = compute(book, parse(words(line, book)))
            found = {one.benefit: to_fen(one.amount) for one in result.lines}
            ours = {name: fen for name, fen in zip(book.benefits, line.lines, strict=True) if fen}
            if found != ours or to_fen(result.total) != line.due_fen or to_fen(result.receivable) != line.receivable_fen:
                raise SystemExit(f"{line.person_id}: settled {ours}, one by one {found}")
    return f"{len(drawn):,} drawn lines computed one by one agree to the fen"
