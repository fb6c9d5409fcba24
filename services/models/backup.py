"""How far the copies of the house elsewhere reach, as the program that makes them last said."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from services.models.base import Instant, Json, one_of


class BackupState(SQLModel, table=True):
    """One row a kind: `rows` (the log), `papers`, `base` (whole backups), `verify`, all in real time.

    `reaches`: everything until then is in the place; of `verify`: when it was last found whole. `said_at`: when that was said.
    """

    __tablename__ = "backup_state"
    __table_args__ = (one_of("kind", ("rows", "papers", "base", "verify")),)

    kind: str = Field(sa_type=Text, primary_key=True)
    reaches: datetime = Field(sa_type=Instant)
    said_at: datetime = Field(sa_type=Instant)
    details: dict[str, object] = Field(default_factory=dict, sa_type=Json)
