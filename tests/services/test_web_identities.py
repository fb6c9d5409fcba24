"""An administrator binds an identity of the organisation's provider to an account, in two steps, and unbinds it; both recorded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from services.core.db import Database
from services.core.settings import settings
from tests.services.api_world import Api
from tests.services.claim_pages import looks, person

ISSUER = "https://id.example.org"


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


@pytest.fixture
def provided(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setenv("HUZHU_OIDC_ISSUER", ISSUER)
        settings.cache_clear()
        yield
    settings.cache_clear()


@pytest.mark.usefixtures("provided")
def test_an_identity_is_shown_first_then_bound_and_unbound(api: Api) -> None:
    admin, account = person(api, "xj.admin"), api.world.account("xj.office1")
    address = f"/admin/identities/{account}"
    assert address in admin.get(f"/admin/accounts/{account}").text
    assert "没有绑定" in admin.get(address).text
    assert 'id="subject-fault"' in admin.send(address, subject=" ").text
    shown = admin.send(address, subject="u-4711")
    assert shown.status_code == 200 and ISSUER in shown.text and "核对无误，绑定" in shown.text
    assert looks(api, "oidc.bound%") == 0, "nothing is bound before it was confirmed"
    assert admin.send(address, subject="u-4711", confirmed="yes").headers["location"].endswith("done=bound")
    assert looks(api, "oidc.bound:xj.office1") == 1
    other = f"/admin/identities/{api.world.account('xj.office2')}"
    admin.get(other)
    assert "已与一个账号绑定" in admin.send(other, subject="u-4711", confirmed="yes").text
    page = admin.get(address).text
    row = re.search(r'name="row" value="([0-9a-f-]{36})"', page)
    assert "u-4711" in page and row is not None
    admin.get(other)
    assert admin.send(f"{other}/end", row=row[1], sure="yes").status_code == 404
    admin.get(address)
    assert "没有勾选确认" in admin.send(f"{address}/end", row=row[1]).text
    assert admin.send(f"{address}/end", row=row[1], sure="yes").headers["location"].endswith("done=unbound")
    assert looks(api, "oidc.unbound:xj.office1") == 1
    assert "no identity" in person(api, "xj.admin", "en").get(address).text.lower()


def test_without_a_provider_nothing_can_be_bound_and_no_other_office_is_seen(api: Api) -> None:
    admin = person(api, "xj.admin")
    address = f"/admin/identities/{api.world.account('xj.office1')}"
    assert "没有设置统一身份提供方" in admin.get(address).text
    assert admin.send(address, subject="u-4711", confirmed="yes").status_code == 409
    assert admin.get(f"/admin/identities/{api.world.account('nx.office1')}").status_code == 404
