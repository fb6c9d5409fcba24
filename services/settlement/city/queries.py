"""Settlements as those see them who may: how far, what came out, how it spreads, a member's line and its worksheet."""

from __future__ import annotations

import gzip
import uuid
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import FINANCE, OFFICE, Actor, Role
from services.core.errors import NotFound
from services.engine.one import assess
from services.engine.telling import worksheet as telling
from services.models import FeedFile, Person, Settlement, SettlementLine, SettlementPart
from services.rulebook import registry
from services.rulebook.vocabulary import parse
from services.settlement.city.folder import PARTS
from services.settlement.city.rules import STEPS
from services.settlement.city.telling import words, yuan
from services.storage import service as storage

MAY_SEE = (*sorted(FINANCE), *sorted(OFFICE), Role.AUDITOR)
_SUMS = ("rows", "bills", "unchanged", "unresolved", "lines", "paying", "due_fen", "receivable_fen", "over_cap")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a settlement is: partitions committed of all, and the sums of those."""

    done: int
    of: int
    sums: dict[str, int]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the distribution: lines that pay from `low` up to below `high` fen; None: whatever is above."""

    low: int
    high: int | None
    lines: int

    @property
    def words(self) -> str:
        """300–500 元."""
        if self.low == 0:
            return "未给付"
        low = yuan(0 if self.low == 1 else self.low).removesuffix(".00")
        return f"{low} 元以上" if self.high is None else f"{low}–{yuan(self.high).removesuffix('.00')} 元"


@dataclass(frozen=True, slots=True)
class Shown:
    """A member's line on a list; `name` of the member."""

    line: SettlementLine
    name: str


def settlements(session: Session, *, actor: Actor, size: int = 50, before: uuid.UUID | None = None) -> list[Settlement]:
    """The newest first."""
    actor.require(*MAY_SEE, what="查看批量结算")
    found = select(Settlement).order_by(col(Settlement.id).desc()).limit(size)
    return list(session.exec(found.where(col(Settlement.id) < before) if before else found).all())


def one(session: Session, settlement_id: uuid.UUID, *, actor: Actor) -> Settlement:
    """NotFound when there is none, or it lies outside the actor's scope."""
    actor.require(*MAY_SEE, what="查看批量结算")
    found = session.get(Settlement, settlement_id)
    if found is None:
        raise NotFound("settlement_missing", "没有这一次结算，或不在您的管辖范围内", remedy="核对编号")
    return found


def feed_of(session: Session, settlement: Settlement) -> FeedFile:
    """The file it was settled from."""
    return session.get_one(FeedFile, settlement.feed_id)


def progress(session: Session, settlement_id: uuid.UUID) -> Progress:
    """Committed partitions and their sums."""
    row = session.execute(sa.select(sa.func.count(), *(sa.func.coalesce(sa.func.sum(getattr(SettlementPart, name)), 0) for name in _SUMS))
                          .where(col(SettlementPart.settlement_id) == settlement_id)).one()
    return Progress(int(row[0]), PARTS, {name: int(value) for name, value in zip(_SUMS, row[1:], strict=True)})


def distribution(session: Session, settlement_id: uuid.UUID) -> list[Column]:
    """How many lines pay how much, over the committed partitions."""
    kept = session.exec(select(SettlementPart.buckets).where(SettlementPart.settlement_id == settlement_id)).all()
    edges = (0, *STEPS)
    return [Column(low, edges[place + 1] if place + 1 < len(edges) else None, sum(buckets[place] for buckets in kept))
            for place, low in enumerate(edges)]


def lines(session: Session, settlement: Settlement, *, outcome: str | None = None, size: int = 50, part: int = 0,
          after: uuid.UUID | None = None, year: int = 0) -> list[Shown]:
    """Lines in order of partition, person and year from (`part`, `after`, `year`) on."""
    found = (select(SettlementLine, Person.name).join(Person, col(Person.id) == SettlementLine.person_id)
             .where(SettlementLine.settlement_id == settlement.id)
             .where(sa.tuple_(col(SettlementLine.part), col(SettlementLine.person_id), col(SettlementLine.year)) > sa.tuple_(
                 sa.literal(part), sa.literal(after or uuid.UUID(int=0)), sa.literal(year)))
             .order_by(col(SettlementLine.part), col(SettlementLine.person_id), col(SettlementLine.year)).limit(size))
    if outcome:
        found = found.where(SettlementLine.outcome == outcome)
    return [Shown(line, name) for line, name in session.exec(found).all()]


def lines_of(session: Session, settlement: Settlement, person_id: uuid.UUID) -> list[Shown]:
    """A member's lines of one settlement: one a year that it touched."""
    found = select(SettlementLine, Person.name).join(Person, col(Person.id) == SettlementLine.person_id).where(
        SettlementLine.settlement_id == settlement.id, SettlementLine.person_id == person_id,
        col(SettlementLine.part).in_(range(PARTS))).order_by(col(SettlementLine.year))
    return [Shown(line, name) for line, name in session.exec(found).all()]


def line(session: Session, settlement: Settlement, person_id: uuid.UUID, year: int) -> SettlementLine:
    """NotFound when the member's year was not touched."""
    found = session.exec(select(SettlementLine).where(
        SettlementLine.year == year, col(SettlementLine.part).in_(range(PARTS)), SettlementLine.person_id == person_id,
        SettlementLine.settlement_id == settlement.id)).first()
    if found is None:
        raise NotFound("settlement_line_missing", "这一次结算没有此人的明细，或不在您的管辖范围内", remedy="核对会员和年度")
    return found


def worksheet(settlement: Settlement, found: SettlementLine) -> dict[str, object]:
    """The line as a claim's worksheet: every step with its clause, from the inputs kept with the line."""
    book = registry.resolve(settlement.plan, date(found.year, 12, 31))
    return telling.worksheet(assess(book, parse(words(found, book))))


def unresolved_csv(session: Session, settlement_id: uuid.UUID) -> str:
    """The list of rows that belong to nobody covered; empty when there is none."""
    kept = session.exec(select(Settlement.unresolved_sha256).where(Settlement.id == settlement_id)).first()
    return gzip.decompress(storage.get(kept)).decode("utf-8-sig") if kept else ""

