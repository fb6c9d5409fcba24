"""What the backup's programs tell the house about themselves, for those who look after it. A house that is away is told later."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from services.core.db import Database, Scope

_TELL = sa.text("""
    INSERT INTO backup_state (kind, reaches, said_at, details) VALUES (:kind, :reaches, clock_timestamp(), CAST(:details AS jsonb))
    ON CONFLICT (kind) DO UPDATE SET reaches = excluded.reaches, said_at = excluded.said_at, details = excluded.details""")


def tell(db: Database, root: str, reached: Mapping[str, datetime], **details: object) -> None:
    """Write how far each kind of copy reaches (kinds: services/models/backup.py)."""
    with db.unit_of_work(Scope(root)) as session:
        for kind, reaches in reached.items():
            session.execute(_TELL, {"kind": kind, "reaches": reaches, "details": json.dumps(details)})
