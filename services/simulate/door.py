"""The demonstration's way in: the HTTP API with people's own tokens, and the insurer's desk. Nothing else.

A request that got no answer is sent again under the same idempotency key, as a careful client does.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping, Sequence
from datetime import datetime

import httpx

from services.core.errors import HuzhuError, OutsideError

Json = dict[str, object]
PATIENCE = 90.0                     # seconds for a program that was killed to be there again
_PAUSE = 0.15
_AGAIN = frozenset({502, 503, 504})


class Refused(HuzhuError):
    """The other side said no: its problem document, in its own words."""

    def __init__(self, method: str, path: str, status: int, problem: Mapping[str, object]) -> None:
        field = problem.get("field")
        super().__init__(str(problem.get("code", "http")), f"{method} {path} → HTTP {status}：{problem.get('title')}",
                         remedy=str(problem.get("remedy", "")), field=field if isinstance(field, str) else None)
        self.http_status = status


class Patient:
    """Sends again while nobody answers."""

    def __init__(self, base_url: str) -> None:
        self._http = httpx.Client(base_url=base_url, timeout=60)

    def send(self, request: httpx.Request) -> httpx.Response:
        """The answer, whatever it says; OutsideError when there is none in all patience."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                response = self._http.send(request)
                if response.status_code not in _AGAIN:
                    return response
                why = f"HTTP {response.status_code} {response.text[:200]}"
            except httpx.TransportError as error:
                why = repr(error)
            if time.monotonic() > deadline:
                raise OutsideError("no_answer", f"{request.method} {request.url} 没有答复：{why}", remedy="查看日志")
            time.sleep(_PAUSE)

    def build(self, method: str, path: str, **content: object) -> httpx.Request:
        """A request that may be sent more than once."""
        request = self._http.build_request(method, path, **content)  # type: ignore[arg-type]
        request.read()
        return request

    def close(self) -> None:
        """Let go of connections."""
        self._http.close()


class Door:
    """The API, version 1."""

    def __init__(self, base_url: str) -> None:
        self.patient = Patient(f"{base_url}/api/v1")
        self.tokens: dict[str, str] = {}
        self._keys = itertools.count(1)

    def get(self, login: str, path: str, **query: str) -> Json:
        """Read as somebody."""
        return self._json(self._send(login, "GET", path, params=query))

    def listed(self, login: str, path: str) -> list[Json]:
        """Read a list as somebody."""
        answer: list[Json] = self._send(login, "GET", path).json()
        return answer

    def content(self, login: str, path: str) -> bytes:
        """Read bytes as somebody."""
        return self._send(login, "GET", path).content

    def post(self, login: str, path: str, body: Mapping[str, object] | None = None, *, version: object = None,
             file: tuple[str, bytes, str] | None = None) -> Json:
        """Do something as somebody: a JSON body, or an upload with form fields. `version` is what was seen."""
        headers = {"Idempotency-Key": f"demo-{next(self._keys)}"}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        if file is None:
            return self._json(self._send(login, "POST", path, json=dict(body or {}), headers=headers))
        fields = {name: str(value) for name, value in (body or {}).items()}
        return self._json(self._send(login, "POST", path, data=fields, files={"file": file}, headers=headers))

    def _send(self, login: str, method: str, path: str, *, headers: Mapping[str, str] | None = None,
              **content: object) -> httpx.Response:
        bearer = {"Authorization": f"Bearer {self.tokens[login]}"}
        response = self.patient.send(self.patient.build(method, path, headers={**bearer, **(headers or {})}, **content))
        _refuse(response, method, path)
        return response

    @staticmethod
    def _json(response: httpx.Response) -> Json:
        answer: Json = response.json()
        return answer


class Desk:
    """The insurer's desk at the twin: a person's steps over a dossier."""

    def __init__(self, base_url: str) -> None:
        self.patient = Patient(base_url)

    def step(self, claim_no: str, step: str, *, at: datetime, **more: object) -> None:
        """Take a step; the dossier may still be on its way, so an unknown claim is asked for again."""
        self._post(f"/desk/{claim_no}/{step}", {"at": at.isoformat(), **more})

    def faults(self, claim_no: str, faults: Sequence[Mapping[str, object]]) -> None:
        """Switch faults on, each once."""
        for fault in faults:
            self._post("/desk/faults", {"claim_no": claim_no, "times": 1, **fault})

    def undelivered(self) -> int:
        """Messages on their way to the office."""
        response = self.patient.send(self.patient.build("GET", "/desk"))
        _refuse(response, "GET", "/desk")
        return sum(dossier["undelivered"] for dossier in response.json()["dossiers"])

    def _post(self, path: str, body: Mapping[str, object]) -> None:
        response = self.patient.send(self.patient.build("POST", path, json=dict(body)))
        _refuse(response, "POST", path)


def _refuse(response: httpx.Response, method: str, path: str) -> None:
    if response.is_success:
        return
    try:
        problem = response.json()
    except ValueError:
        problem = {"title": response.text[:300]}
    if "fault" in problem:                          # the insurer's protocol speaks of faults
        problem = {"code": problem["fault"], "title": problem.get("message"), "field": problem.get("field")}
    raise Refused(method, path, response.status_code, problem)
