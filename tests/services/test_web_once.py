"""A form counts once, however often it is sent; what differs from what was sent before is another form and is never dropped."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from services.core.db import Database
from tests.services.api_world import Api
from tests.services.member_pages import case_no, one, person
from tests.support.paper_files import page, photo, saved
from tests.support.signed_in import Visitor

FIRST, OTHER = photo(), saved(page(600, 850))
PAPERS = "SELECT count(DISTINCT sha256) FROM paper"


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def sent(visitor: Visitor, where: str, content: bytes, name: str = "a.jpg") -> int:
    return visitor.send(where, {"files-pathology": (name, content, "image/jpeg")}, kind="pathology").status_code


def test_another_file_in_a_form_sent_before_is_never_said_to_be_taken(api: Api) -> None:
    where = f"/cases/{case_no(api, api.report(0))}/papers"
    visitor = person(api, "xj.m0")
    form = visitor.get(where)
    assert sent(visitor, where, FIRST) == 303
    visitor.page = form                                 # back in the browser: the same form, another file
    assert sent(visitor, where, OTHER) == 409 and one(api, PAPERS) == "1"
    assert visitor.page is not None and "表单先前已经提交过" in visitor.page.text and "Idempotency-Key" not in visitor.page.text
    assert sent(visitor, where, OTHER) == 303 and one(api, PAPERS) == "2", "the page that says so carries a new form"


def test_the_same_file_sent_twice_is_taken_once(api: Api) -> None:
    where = f"/cases/{case_no(api, api.report(0))}/papers"
    visitor = person(api, "xj.m0")
    form = visitor.get(where)
    assert sent(visitor, where, FIRST) == 303
    visitor.page = form
    assert sent(visitor, where, FIRST) == 303 and one(api, "SELECT count(*) FROM paper") == "1"
    visitor.page = form
    assert sent(visitor, where, FIRST, "b.jpg") == 409, "another name is another file"


def test_other_boxes_ticked_in_a_form_sent_before_are_another_form(api: Api) -> None:
    """A field that comes several times counts with every value, not its last alone."""
    path = f"/admin/accounts/{api.world.account('xj.office1')}"
    admin = person(api, "xj.admin")
    form = admin.get(path)
    assert admin.send(f"{path}/roles", roles=["senior_reviewer", "office_reviewer"], reason="晋升").status_code == 303
    admin.page = form
    assert admin.send(f"{path}/roles", roles=["office_reviewer"], reason="晋升").status_code == 409
