"""The ledger is looked at after every test that pays: each booking balances, and it says what decisions and the bank say.

Sealed days beside the papers are one test's own.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from services.ledger import proofs
from services.storage.backend import store
from services.storage.second import SecondPlace, beside, second_place
from tests.support.databases import Fresh
from tests.support.world import ROOT

MONEY = ("test_payment_", "test_ledger", "test_premium_refunds", "test_heirs_paid", "test_objection", "test_amendment")
PAST_VERBS = ("test_payment_limits.py",)        # makes its fund larger by hand


@pytest.fixture(autouse=True)
def balanced(request: pytest.FixtureRequest) -> Iterator[None]:
    """Not after a test that changes rows past the verbs: `superuser` is how it does."""
    names = request.fixturenames
    if not request.path.name.startswith(MONEY) or request.path.name in PAST_VERBS or "db" not in names or "superuser" in names:
        yield
        return
    db = request.getfixturevalue("db")
    yield
    if isinstance(db, Fresh) and db.made:
        with db.view(ROOT.scope) as session:
            wrong = [tuple(row) for proof in (proofs.FUNDS, proofs.CLAIMS) for row in session.execute(sa.text(proof))]
        assert wrong == []


@pytest.fixture
def days_beside() -> Iterator[SecondPlace]:
    """The second place beside the papers, which a process's tests share: empty, and empty again for the next house."""
    def swept() -> None:
        store().delete([str(found["path"]) for batch in store().list(beside()) for found in batch])

    swept()
    yield second_place()
    swept()
