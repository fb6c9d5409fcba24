"""The rule-books the tests load beside the two released ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from services.rulebook.loader import load
from services.rulebook.schema import RuleBook

BOOKS = Path(__file__).parent / "books"


@pytest.fixture(scope="session")
def book_of() -> Callable[[str], RuleBook]:
    """Load a rule-book of `books/` by plan code."""
    return lambda plan: load(BOOKS / f"{plan}.yaml")
