"""One request to the office, and what may go wrong on the way."""

from __future__ import annotations

import http.client
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


class Away(Exception):
    """No answer came: whether the office took it, nobody knows."""


@dataclass(frozen=True)
class Answer:
    """Status and body."""

    status: int
    body: Mapping[str, Any]


class Wire:
    """`url` is the office's, with or without a path before /api/v1."""

    def __init__(self, url: str, token: str, wait: float) -> None:
        parts = urlsplit(url)
        self._secure, self._host, self._root = parts.scheme == "https", parts.netloc, parts.path.rstrip("/")
        self._token, self._wait = token, wait

    def get(self, path: str) -> Answer:
        """Raises Away."""
        return self._ask("GET", path, None, listen=True)

    def post(self, path: str, body: Mapping[str, Any]) -> Answer:
        """Under a key of its own each time: the settlement's number says what is the same. Raises Away."""
        return self._ask("POST", path, body, listen=True)

    def shout(self, path: str, body: Mapping[str, Any]) -> None:
        """Send, and hang up before the answer."""
        try:
            self._ask("POST", path, body, listen=False)
        except Away:
            return

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None, *, listen: bool) -> Answer:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        line = kind(self._host, timeout=self._wait)
        try:
            content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
            line.request(method, f"{self._root}/api/v1{path}", body=content, headers={
                "Authorization": f"Bearer {self._token}", "Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())})
            if not listen:
                raise Away
            given = line.getresponse()
            return Answer(given.status, json.loads(given.read()))
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Away(str(error)) from None
        finally:
            line.close()
