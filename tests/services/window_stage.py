"""A bill and a day of one hospital, for those who try every address."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from services.access import service as access
from services.api.window_bodies import Settlement
from services.models import Hospital, WindowDay
from services.settlement.window import service as window
from tests.services.api_world import Api
from tests.services.settled_stage import settled_stage
from tests.support.world import ROOT

PLAN = "xj-inpatient-accident"


def window_stage(api: Api, tokens: Mapping[str, str]) -> dict[str, str]:
    """Both offices' hospital programs speak for a hospital; xj's has the bill of the interface's example and a day of it."""
    now, example = api.clock.now(), Settlement.model_config["json_schema_extra"]
    assert isinstance(example, dict)
    with api.db.unit_of_work(ROOT.scope) as session:
        for office in ("nx", "xj"):
            actor = access.authenticate(session, tokens[f"{office}.hospital"], now=now)
            assert actor.account_id
            hospital = Hospital(org_key=f"cn.{office}.", code=f"H0000{office}", name="示例医院", plan=PLAN, account_id=actor.account_id,
                                created_at=now)
            session.add(hospital)
            session.flush()
        bill = Settlement.model_validate(example["example"])
        window.settle(session, bill=bill.bill(now), actor=actor, now=now)
        day = WindowDay(org_key="cn.xj.", hospital_id=hospital.id, plan=PLAN, day=date(2026, 3, 2), listed_at=now, their_bills=1,
                        their_fen=980_000, our_bills=1, our_fen=0, differences=1, state="differs")
        session.add(day)
        session.flush()
    return {"setl_id": bill.setl_id, "day_id": str(day.id), **settled_stage(api.db, now)}
