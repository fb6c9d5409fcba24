"""Two people who type the same page: neither writes over the other unseen."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from services.core.db import Database
from services.core.errors import Conflict
from services.evidence import answers
from tests.services.api_world import Api
from tests.services.reading_world import fields, handed_in


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def test_two_who_type_one_page_do_not_pass_over_each_other(api: Api) -> None:
    paper = handed_in(api, api.report())

    def typed(login: str, mark: str, **values: str) -> None:
        actor = api.world.actor(login)
        with api.db.unit_of_work(actor.scope) as session:
            answers.enter(session, paper_id=paper, page=1, sheet="pathology", values=values, seen=mark, actor=actor, now=api.clock.now())

    empty = answers.page_mark(fields(api, paper).values(), paper, 1)
    assert empty == api.get("xj.clerk", f"/papers/{paper}/fields").json()["marks"]["1"]
    typed("xj.clerk", empty, name="示例会员", specimen_on="2026-03-12")
    with pytest.raises(Conflict) as refused:
        typed("xj.district", empty, specimen_on="2026-03-21", hospital="示例医院")
    assert (refused.value.code, refused.value.field) == ("stale_field", "specimen_on")
    assert fields(api, paper).keys() == {"name", "specimen_on"}             # nothing of a refused form is kept
    typed("xj.district", empty, specimen_on="2026-03-12", hospital="示例医院")      # the same day, and another field: no dispute
    # Somebody who saw what stands there may say otherwise.
    typed("xj.district", answers.page_mark(fields(api, paper).values(), paper, 1), specimen_on="2026-03-21")
    assert {name: view.value for name, view in fields(api, paper).items()} == {
        "name": "示例会员", "specimen_on": "2026-03-21", "hospital": "示例医院"}
