"""A real browser before a real server: uvicorn over the test's own database, one Chromium for a file of tests, a fresh profile each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from services.core.clock import at_hour
from tests.browser.house import ARGS, House, chromium, serving
from tests.services.api_world import Api
from tests.support.databases import Fresh


@pytest.fixture(scope="module")      # playwright's event loop runs in this thread: it must not outlive a file of browser tests
def browser() -> Iterator[Browser]:
    """The system's Chromium. Without one these tests fail: a page nobody looked at is not proven."""
    try:
        executable = chromium()
    except FileNotFoundError as error:
        pytest.fail(str(error))
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=list(ARGS))
        yield started
        started.close()


@pytest.fixture(scope="module")
def today() -> datetime:
    """A working morning in spring."""
    return at_hour(datetime(2026, 3, 20).date())


@pytest.fixture(scope="module")
def house(server: str, browser: Browser, today: datetime, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The small world behind a listening server, for one file of tests."""
    db = Fresh(server, pool_size=8)
    with serving(Api(db, today, Path(tmp_path_factory.mktemp("keys"))), browser) as opened:
        yield opened
    db.drop()
