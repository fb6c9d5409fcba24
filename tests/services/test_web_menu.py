"""The menu of each role: short enough to stand beside each other, everything in it, what belongs together folded."""

from __future__ import annotations

import pytest

from services.access.actor import Actor, Role
from services.web import menu, pages
from services.web.menu import Part

WIDEST = 8      # places of a head's menu: at a desk one line, on a phone two


def of(*roles: Role) -> list[Part]:
    assert pages.routes()       # reading the desks fills the menu
    return menu.parts(Actor(None, None, "cn.xj.", "", frozenset(roles)))


def words(parts: list[Part]) -> list[str | list[str]]:
    return [part.entries[0].item.words if len(part.entries) == 1 else [part.item.words, *(entry.path for entry in part.entries)]
            for part in parts]


@pytest.mark.parametrize("role", [*Role])
def test_no_menu_is_too_wide_and_none_loses_a_page(role: Role) -> None:
    parts = of(role)
    paths = [entry.path for part in parts for entry in part.entries]
    assert len(parts) <= WIDEST and len(paths) == len(set(paths))
    assert set(paths) == {entry.path for part in of(*Role) for entry in part.entries if role in entry.roles}


def test_a_short_menu_is_plain_and_a_long_one_folded() -> None:
    assert words(of(Role.MEMBER)) == ["我的保障", "报案", "计划"]
    assert words(of(Role.UNIT_CLERK)) == [
        "待我办理", "报案", "查找案件", "运行情况", ["台账与文书", "/letters", "/book", "/told", "/privacy"], "计划"]
    assert words(of(Role.OFFICE_REVIEWER)) == [
        "待我办理", "报案", "查找案件", ["运行情况", "/boards", "/map"],
        ["台账与文书", "/letters", "/letter-register", "/monthly", "/invoices", "/book", "/settlements", "/told",
         "/window", "/sheets", "/privacy"],
        ["保险公司", "/handoffs", "/disagreements", "/exchange", "/reconciliation", "/reserves"],
        ["内部管理", "/samples", "/plans"]]
    assert [part.has("/handoffs/answers") for part in of(Role.OFFICE_REVIEWER)].index(True) == 5


def test_every_folded_address_is_a_page_of_a_menu() -> None:
    entries = {entry.path for part in of(*Role) for entry in part.entries}
    assert [path for fold in menu.FOLDS for path in fold.paths if path not in entries] == []
