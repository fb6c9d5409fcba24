"""What the stages of pages and windows have not: a person's request and a hold, by the words of their addresses."""

from __future__ import annotations

import uuid

from services.evidence import holds
from services.evidence.holds import Subject
from services.intake import data_requests
from tests.services.api_world import Api
from tests.services.plain_numbers import Plain
from tests.services.window_stage import window_stage

__all__ = ["Plain", "later_stage"]


def later_stage(api: Api, tokens: dict[str, str]) -> dict[str, str]:
    """A correction that xj.m1 asks for, a hold on xj.m2; and what stands at hospitals' windows."""
    member, head, now = api.world.actor("xj.m1"), api.world.actor("xj.head"), api.clock.now()
    assert member.person_id is not None
    with api.db.unit_of_work(member.scope) as session:
        asked = data_requests.ask(session, person_id=member.person_id, kind="correction", field="other", wanted="地址有误",
                                  actor=member, now=now)
    with api.db.unit_of_work(head.scope) as session:
        hold: uuid.UUID = holds.place(session, subject=Subject(head.org_key, person_id=api.world.person("xj.m2")), ground="audit",
                                      reason="审计正在核查", actor=head, now=now).id
    return {**window_stage(api, tokens), "request_no": asked.request_no, "hold_id": str(hold)}
