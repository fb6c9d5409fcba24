"""One request as a person's browser or program sends it, and what became of it, kept in a book."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import aiohttp

from infra.load.house import Person

PATIENCE = 60.0         # seconds after which a browser gives up
TRIES = 12              # of a write that was refused or cut
CUT = 0.04              # of all first tries of writes: the line breaks before the answer is read
DONE = (200, 201, 303)
REFUSED = (429, 503)
SLOW = 60_000           # bytes a second of a phone's line


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `ms`: from when the person acted (or her last byte was sent) to the answer's last byte."""

    kind: str
    status: int
    ms: float
    fault: str = ""         # neither done nor refused: what then
    cut: bool = False


@dataclass(slots=True)
class Write:
    """Something that must be in the database once, when it was `told` so. `where`: what it is looked for by."""

    kind: str
    where: str
    told: bool = False
    tries: int = 0


@dataclass(slots=True)
class Book:
    """Everything that was asked and answered."""

    answers: list[Answer] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    offered: int = 0


class Caller:
    """A person's line. Each request is a connection of its own, from her own address."""

    def __init__(self, person: Person, base: str, book: Book, chance: random.Random) -> None:
        self.person, self.base, self.book, self.chance = person, base, book, chance
        self._http: aiohttp.ClientSession | None = None

    def http(self) -> aiohttp.ClientSession:
        """Opened with the first request."""
        if self._http is None:
            line = aiohttp.TCPConnector(local_addr=(self.person.address, 0), force_close=True, limit=0)
            self._http = aiohttp.ClientSession(connector=line, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False)
        return self._http

    async def close(self) -> None:
        """Hang up."""
        if self._http is not None:
            await self._http.close()

    def page(self) -> dict[str, str]:
        """Headers of a browser."""
        return {"cookie": f"huzhu={self.person.cookie}", "accept": "text/html", "accept-language": "zh-CN"}

    def program(self, key: str = "", version: str = "") -> dict[str, str]:
        """Headers of a program at the interface."""
        found = {"authorization": f"Bearer {self.person.token}"}
        return found | ({"idempotency-key": key} if key else {}) | ({"if-match": version} if version else {})

    async def read(self, kind: str, path: str, headers: dict[str, str], due: float) -> tuple[int, bytes, str]:
        """A page or a record; (status, bytes, ETag). Whoever is refused comes back another time."""
        return await self._once(kind, "GET", path, headers, None, due)

    async def ask(self, kind: str, path: str, headers: dict[str, str], form: str, due: float) -> None:
        """A question that comes by a form and writes nothing that must be kept."""
        await self._once(kind, "POST", path, headers, form, due)

    async def write(self, kind: str, where: str, path: str, headers: dict[str, str], body: Callable[[], object], due: float) -> bool:
        """Sent until it is taken: as told when refused, again with the same key when the line broke."""
        write = Write(kind, where)
        self.book.writes.append(write)
        while not write.told and write.tries < TRIES:
            broken = write.tries == 0 and self.chance.random() < CUT
            write.tries += 1
            cut_after = self.chance.uniform(.005, .15) if broken else 0
            status, _, told = await self._once(kind, "POST", path, headers, body(), due, cut_after=cut_after)
            write.told = status in DONE
            if status and status not in REFUSED:
                break
            await asyncio.sleep(float(told) if status else self.chance.uniform(.2, 1))
            due = asyncio.get_running_loop().time()
        return write.told

    async def _once(self, kind: str, method: str, path: str, headers: dict[str, str], body: object, due: float, *,
                    cut_after: float = 0) -> tuple[int, bytes, str]:
        loop, fault, status, content, told = asyncio.get_running_loop(), "", 0, b"", ""
        began, slow = due, body if isinstance(body, Slowly) else None
        try:
            async with asyncio.timeout(cut_after or PATIENCE), self.http().request(
                    method, self.base + path, headers={**headers, **(slow.headers if slow else {})},
                    data=slow.sent() if slow else body, allow_redirects=False) as answer:
                content, status = await answer.read(), answer.status
                told = answer.headers.get("retry-after", "1") if status in REFUSED else answer.headers.get("etag", "")
                if status not in (*DONE, *REFUSED):
                    fault = f"{method} {path.split('?')[0]} {status} {content[:300].decode(errors='replace')}"
        except TimeoutError:
            fault = "" if cut_after else f"{method} {path}: no answer in {PATIENCE:.0f} s"
        except aiohttp.ClientError as error:
            fault = f"{method} {path}: {type(error).__name__} {error}"
        began = max(began, slow.last) if slow else began
        self.book.answers.append(Answer(kind, status, (loop.time() - began) * 1000, fault, bool(cut_after) and not status and not fault))
        return status, content, told


class Slowly:
    """A file as a phone sends it, so many bytes a second. `last`: when its last byte left."""

    def __init__(self, content: bytes, fields: dict[str, str], name: str) -> None:
        edge = "----------huzhu7f3a"
        begins = f'--{edge}\r\nContent-Disposition: form-data; name='
        parts = [f'{begins}"{key}"\r\n\r\n{value}\r\n' for key, value in fields.items()]
        parts.append(f'{begins}"file"; filename="{name}"\r\nContent-Type: image/jpeg\r\n\r\n')
        self._body = b"".join(["".join(parts).encode(), content, f"\r\n--{edge}--\r\n".encode()])
        self.headers = {"content-type": f"multipart/form-data; boundary={edge}", "content-length": str(len(self._body))}
        self.last = 0.0

    async def sent(self) -> AsyncIterator[bytes]:
        """Eight pieces a second."""
        step = SLOW // 8
        for place in range(0, len(self._body), step):
            if place:
                await asyncio.sleep(1 / 8)
            yield self._body[place:place + step]
        self.last = asyncio.get_running_loop().time()
