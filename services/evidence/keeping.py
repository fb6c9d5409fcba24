"""How long personal data is kept, kind by kind (keeping.yaml); the sweep lets go what is over: on the record, none under a hold."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Literal

import sqlalchemy as sa
import yaml
from pydantic import BaseModel, ConfigDict
from sqlmodel import Session

from services.access.actor import Actor, Role
from services.core.clock import business_day
from services.core.crypto import key_ring
from services.core.errors import NotPermitted
from services.core.settings import settings
from services.evidence import leaving
from services.evidence.kept import KINDS
from services.evidence.leaving import Leaving
from services.intake.held import no_new_hold
from services.models import Disposal

BATCH = 2000
_FILE = Path(__file__).with_name("keeping.yaml")
_CHANGES = sa.text("SELECT dispose_person_changes(:most)")
_LOOKS = sa.text("SELECT dispose_looks(:before, :most)")
_LOOKS_OVER = sa.text("""
    SELECT count(*) AS over, EXISTS (SELECT FROM legal_hold h WHERE h.lifted_at IS NULL AND h.looks) AS held
    FROM (SELECT FROM access_record r WHERE r.at < :before LIMIT :most) r""")


class Kind(BaseModel):
    """One line of the table: what, since when, how long, on which ground, and what happens to it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str
    title: str
    since: str
    years: int = 0
    months: int = 0
    days: int = 0
    basis: Literal["law", "ours"]
    clause: str
    act: Literal["destroy", "blank", "delete"]
    swept: Literal["here", "apart"] = "here"

    @property
    def time(self) -> str:
        """The time in words."""
        return f"{self.years} 年" if self.years else f"{self.months} 个月" if self.months else f"{self.days} 天"

    def before(self, now: datetime) -> datetime:
        """What is older than this instant is over."""
        year, month = divmod(now.year * 12 + now.month - 1 - self.years * 12 - self.months, 12)
        day = min(now.day, monthrange(year, month + 1)[1])
        return now.replace(year=year, month=month + 1, day=day) - timedelta(days=self.days)


@lru_cache(maxsize=1)
def kinds() -> tuple[Kind, ...]:
    """The table, in its order."""
    return tuple(Kind.model_validate(one) for one in yaml.safe_load(_FILE.read_text(encoding="utf-8")))


@dataclass(frozen=True, slots=True)
class Gone:
    """What a batch let go of one kind, and how much a hold kept."""

    kind: Kind
    rows: int
    held: int


def sweep(session: Session, *, actor: Actor, now: datetime, most: int = BATCH) -> list[Gone]:
    """One batch of every kind that has something over. The system's act alone, over all organisations; call until nothing is gone."""
    actor.require(Role.SYSTEM, what="按期限处置个人信息")
    if session.execute(sa.text("SELECT current_setting('app.org_path')")).scalar_one() != settings().root_org:
        raise NotPermitted("scope_part", "按期限处置须看得见全部组织", remedy="由系统在根组织办理")
    no_new_hold(session)
    objects = set[str]()
    found = [_swept(session, kind, now, most, objects) for kind in kinds() if kind.swept == "here"]
    done = [one for one in found if one.rows]
    session.add_all(Disposal(org_key=actor.org_key, kind=one.kind.code, clause=one.kind.clause, kept_until=_last(one.kind, now),
                             rows=one.rows, held=one.held, details={"title": one.kind.title, "act": one.kind.act}, at=now) for one in done)
    leaving.owe(session, [Leaving(actor.org_key, objects)], now=now)
    session.flush()
    return done


def _last(kind: Kind, now: datetime) -> date:
    return business_day(kind.before(now))


def _swept(session: Session, kind: Kind, now: datetime, most: int, objects: set[str]) -> Gone:
    given: dict[str, object] = {"before": kind.before(now), "now": now, "most": most}
    if kind.code == "looks":
        over = session.execute(_LOOKS_OVER, given).one()
        if not over.over or over.held:
            return Gone(kind, 0, over.over)
        return Gone(kind, session.execute(_LOOKS, given).scalar_one(), 0)
    rows = held = 0
    for one in KINDS[kind.code]:
        values = given | {name: key_ring().seal("", field=field) for name, field in one.blanks}
        taken = session.execute(sa.text(one.taking()), values).all()
        objects |= {row.object for row in taken if row.object}
        rows += len(taken)
        held += session.execute(sa.text(one.holding()), values).scalar_one() if taken else 0
    if kind.code == "people":
        rows += session.execute(_CHANGES, given).scalar_one()
    return Gone(kind, rows, held)
