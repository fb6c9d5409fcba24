"""The whole interface before Schemathesis and before hostile examples, a little of each; `make attack` does it by the ten thousand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.attack import hostile, interface
from infra.attack.storm import Storm, client, operations
from tests.services.api_crowd import Crowd, assembled


@pytest.fixture(scope="module")
def crowd(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    with assembled(server, tmp_path_factory.mktemp("keys")) as everybody:
        yield everybody


def quiet(_line: str) -> None:
    """Nobody follows a test's progress."""


def test_every_answer_is_one_that_the_description_knows(crowd: Crowd) -> None:
    storm, every = Storm(crowd, client(crowd.app)), list(operations(crowd.app))
    interface.attack(storm, every, examples=1, draw=1, everybody=False, told=quiet)
    assert list(storm.wrong.values()) == []
    assert {operation.label for operation in every} <= set(storm.asked)
    assert {200, 201, 401, 404, 409, 422, 428} <= set(storm.answers), "some way in was never tried"


def test_hostile_values_in_examples_break_nothing(crowd: Crowd) -> None:
    storm, every = Storm(crowd, client(crowd.app)), list(operations(crowd.app))
    hostile.attack(storm, every, share=0.01, draw=1, told=quiet)
    assert list(storm.wrong.values()) == []
    assert {200, 404, 422} <= set(storm.answers)


def test_a_storm_sees_what_is_wrong(crowd: Crowd) -> None:
    """An answer outside the description is found: the description is made to know less than the application answers."""
    document = crowd.app.openapi()
    operation = document["paths"]["/api/v1/me"]["get"]
    kept, operation["responses"] = operation["responses"], {"204": {"description": "nothing"}}
    try:
        storm = Storm(crowd, client(crowd.app))
        interface.attack(storm, list(operations(crowd.app, "/me")), examples=1, draw=1, everybody=False, told=quiet)
    finally:
        operation["responses"] = kept
    assert "GET /api/v1/me" in {found.operation for found in storm.wrong.values()}
