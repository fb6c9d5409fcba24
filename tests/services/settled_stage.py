"""One settled quarter of an office, as a record that addresses can name; what a settlement is, `city_world` plays."""

from __future__ import annotations

from datetime import date, datetime

from services.core.db import Database
from services.models import FeedFile, Settlement
from tests.support.world import ROOT


def settled_stage(db: Database, now: datetime) -> dict[str, str]:
    """`settlement_id` of Xinjiang's."""
    with db.unit_of_work(ROOT.scope) as session:
        feed = FeedFile(org_key="cn.xj.", plan="bj-medical", year=2026, quarter=1, file_name="q1.csv", sha256="0" * 64, size=1,
                        format="csv", received_at=now)
        session.add(feed)
        session.flush()
        made = Settlement(org_key="cn.xj.", plan="bj-medical", plan_from=date(2015, 1, 1), year=2026, quarter=1, feed_id=feed.id, parts=64,
                          rule_digest="", state="settled", started_at=now, ended_at=now)
        session.add(made)
        return {"settlement_id": str(made.id)}
