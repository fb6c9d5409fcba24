"""Heirs named through the API, also those who stand in a dead child's place."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from services.core.db import Database
from services.models import Claim
from services.payment import queries
from tests.services.api_world import Api
from tests.services.paying_world import made, paper
from tests.services.test_heirs_by_law import heir
from tests.support.world import ROOT


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Iterator[Api]:
    made_one = Api(db, now, tmp_path)
    yield made_one
    made_one.http.close()


def test_two_in_a_dead_childs_place_share_what_that_child_would_have_had(api: Api, now: datetime) -> None:
    """民法典 1128: a parent has one half, the two grandchildren together the other."""
    (claim,) = made(api.world, now, 6_000_000)
    with api.db.unit_of_work(ROOT.scope) as session:
        found = session.get_one(Claim, claim)
        paper(session, found, "death_proof", now)
        number = found.claim_no
    head = api.get("xj.office1", f"/claims/{number}/head").json()
    asked = [heir(0, "parent"), heir(1, "grandchild"), heir(2, "grandchild")]
    refused = api.post("xj.office1", f"/claims/{number}/death", {"died_on": "2026-03-15", "heirs": asked}, version=head["version"])
    assert (refused.status_code, refused.json()["code"]) == (422, "heir_in_place_of")
    asked = [heir(0, "parent"), heir(1, "grandchild", "长子"), heir(2, "grandchild", "长子")]
    done = api.post("xj.office1", f"/claims/{number}/death", {"died_on": "2026-03-15", "heirs": asked}, version=head["version"])
    assert done.status_code == 200, done.text
    with api.db.view(ROOT.scope) as session:
        parts = sorted((payee.share_num, payee.share_den) for payee in queries.payees_of(session, claim) if payee.active)
    assert parts == [(1, 2), (1, 4), (1, 4)]
