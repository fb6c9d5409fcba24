"""The rule-books the tests load beside the two released ones."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from services.rulebook.loader import load
from services.rulebook.schema import RuleBook
from tests.rulebook.trial_book import TRIAL

BOOKS = Path(__file__).parent / "books"


@pytest.fixture(scope="session")
def book_of() -> Callable[[str], RuleBook]:
    """Load a rule-book of `books/` by plan code."""
    return lambda plan: load(BOOKS / f"{plan}.yaml")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A copy of the trial rule-book and its examples, as `<office>/<plan>/<from>.yaml`."""
    folder = tmp_path / "hz" / "hz-trial"
    folder.mkdir(parents=True)
    for path in (TRIAL, TRIAL.with_suffix(".examples.yaml")):
        shutil.copy(path, folder)
    return folder / TRIAL.name
