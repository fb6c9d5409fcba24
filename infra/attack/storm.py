"""Requests to the interface that its own description calls possible, and many that it does not; every answer must be a described one."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import requests
import schemathesis
from fastapi import FastAPI
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.python import asgi
from schemathesis.specs.openapi import checks

from services.api.app import PREFIX
from tests.services.api_crowd import HOLDER, PEOPLE, Crowd
from tests.services.api_people import table

Operation = schemathesis.APIOperation[Any, Any, Any, Any]
Case = schemathesis.Case[Any]
# What every answer must satisfy, whoever asked for whatever.
ANSWERS: tuple[CheckFunction, ...] = (not_a_server_error, checks.status_code_conformance, checks.content_type_conformance,
                                      checks.response_schema_conformance, checks.response_headers_conformance)
REFUSES: CheckFunction = checks.negative_data_rejection
# Bytes that no HTTP client puts into a head: they never reach the application.
UNSENDABLE = (requests.exceptions.InvalidHeader, requests.exceptions.InvalidURL, UnicodeError, ValueError)


@dataclass(frozen=True, slots=True)
class Wrong:
    """An answer that the description does not know. `how` repeats the request."""

    operation: str
    login: str
    what: str
    how: str


@dataclass(slots=True)
class Storm:
    """Somebody's requests to one application over one stage of records, and what came of them."""

    crowd: Crowd
    client: requests.Session
    asked: Counter[str] = field(default_factory=Counter)
    answers: Counter[int] = field(default_factory=Counter)
    wrong: dict[tuple[str, str], Wrong] = field(default_factory=dict)

    def send(self, case: Case, login: str, *, refuses: bool = False) -> int | None:
        """The answer's status, looked at; None: it could not be put on the wire."""
        heads = {name: str(value) for name, value in self.heads(case.operation, login).items() if not _named(case, name)}
        try:
            answer = case.call(session=self.client, headers=heads)
        except UNSENDABLE:
            return None
        self.asked[case.operation.label] += 1
        self.answers[answer.status_code] += 1
        try:
            case.validate_response(answer, checks=[*ANSWERS, REFUSES] if refuses else list(ANSWERS), headers=heads)
        except FailureGroup as group:
            for failure in group.exceptions:
                assert isinstance(failure, AssertionError)
                self._keep(case, login, f"{answer.status_code} {str(failure).splitlines()[0]}", str(failure))
        return answer.status_code

    def refused(self, case: Case, login: str) -> None:
        """A request that must be refused as input that is wrong."""
        status = self.send(case, login)
        if status is not None and status not in (401, 403, 404, 409, 422, 428):
            self._keep(case, login, f"{status} for a key that the shape does not know", "")

    def address(self, operation: Operation, login: str, pieces: Mapping[str, str], body: object) -> None:
        """A request to an address of nonsense, its signs as they go over the wire."""
        where = re.sub(r"{(\w+)}", lambda found: pieces[found[1]], operation.path)
        answer = self.crowd.http.request(operation.method, where, headers=self.heads(operation, login), json=body)
        self.asked[operation.label] += 1
        self.answers[answer.status_code] += 1
        if answer.status_code >= 500 or not (answer.headers.get("content-type", "").startswith(("application/", "image/", "text/"))):
            self.wrong.setdefault((operation.label, f"{answer.status_code} address"),
                                  Wrong(operation.label, login, f"{answer.status_code} for an address of nonsense", where))

    def heads(self, operation: Operation, login: str) -> dict[str, str]:
        """Token, a fresh key and the version as it stands."""
        path = operation.path.removeprefix(PREFIX)
        found = {"Idempotency-Key": str(uuid.uuid4())} if operation.method == "post" else {}
        if operation.method == "post":
            found["If-Match"] = f'"{self.crowd.version(path, self.crowd.known(login, path))}"'
        return {**found, "Authorization": f"Bearer {self.crowd.tokens[login]}"} if login else found

    def records(self, operation: Operation, login: str) -> dict[str, str]:
        """The stage's records that the operation's address names."""
        path = operation.path.removeprefix(PREFIX)
        return {name: value for name, value in self.crowd.known(login, path).items() if f"{{{name}}}" in path}

    def _keep(self, case: Case, login: str, what: str, whole: str) -> None:
        self.wrong.setdefault((case.operation.label, what),
                              Wrong(case.operation.label, login, what, f"{whole[:600]}\n{_repeated(case)}"))


def operations(app: FastAPI, only: str = "") -> Iterator[Operation]:
    """Every operation of the description, or those whose address holds `only`."""
    described = schemathesis.openapi.from_dict(_plain(app.openapi()))
    described.app = app
    for found in described.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        if only in operation.path:
            yield operation


def people(operation: Operation) -> list[str]:
    """Who may ask, by the table of the tests; one empty login for what is everybody's."""
    path = operation.path.removeprefix(PREFIX)
    who = table()[operation.method.upper(), path]
    return [""] if who == "*" else [HOLDER.get(path, "xj.m1") if letter == "M" else f"xj.{PEOPLE[letter]}" for letter in who]


def client(app: FastAPI) -> requests.Session:
    """One that speaks to the application in this process."""
    return asgi.get_client(cast(asgi.ASGIApp, app))


def _plain(document: Any) -> Any:
    """The description with each tuple as a list of its length: the reader takes draft 2020's `prefixItems` for draft 4's `items`."""
    if isinstance(document, list):
        return [_plain(part) for part in document]
    if not isinstance(document, dict):
        return document
    read = {name: _plain(part) for name, part in document.items()}
    if "prefixItems" in read:
        read["items"] = {"anyOf": read.pop("prefixItems")}
    return read


def _named(case: Case, name: str) -> bool:
    """Whether the generated request says something of its own there."""
    given: Mapping[str, object] = case.headers or {}
    return any(key.lower() == name.lower() for key in given) and name != "Authorization"


def _repeated(case: Case) -> str:
    try:
        return case.as_curl_command()[:600]
    except (ValueError, TypeError):
        return repr(case.body)[:600]
