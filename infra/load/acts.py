"""What people do, and how often: pages for those who read, the interface or a form for those who write."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import random
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from urllib.parse import urlencode

from PIL import Image

from infra.load.caller import DONE, Book, Caller, Slowly
from infra.load.house import PASSWORD, Cast, Person
from services.access.sessions import csrf_of

JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
# One event that each plan answers.
EVENTS = {"bj-critical-1y": {"icd10": "N18.600", "severity": "severe"},
          "bj-women-1y": {"icd10": "C56.x00", "behaviour": "3", "severity": "malignant"},
          "nx-ankangbao": {"icd10": "C54.100", "behaviour": "3"}}


@dataclass(slots=True)
class People:
    """The cast at work against one address, in one book."""

    cast: Cast
    base: str
    chance: random.Random
    run: str                                    # in every word written, so that it is found again
    book: Book = field(default_factory=Book)
    written: int = 0
    _callers: dict[uuid.UUID, Caller] = field(default_factory=dict)

    def caller(self, person: Person) -> Caller:
        """Her line."""
        return self._callers.setdefault(person.account, Caller(person, self.base, self.book, self.chance))

    def mark(self) -> str:
        """Words that nobody else writes."""
        self.written += 1
        return f"{self.run}第{self.written}号"

    async def close(self) -> None:
        """All hang up."""
        for caller in self._callers.values():
            await caller.close()


Act = Callable[[People, Person, float], Awaitable[None]]


async def work_list(people: People, person: Person, due: float) -> None:
    """My work."""
    who = people.caller(person)
    await who.read("工作清单 work list", "/work", who.page(), due)


async def claim_page(people: People, person: Person, due: float) -> None:
    """A claim on a desk."""
    who, (number, _) = people.caller(person), people.chance.choice(person.claims)
    await who.read("案件 claim page", f"/claims/{number}", who.page(), due)


async def mine(people: People, person: Person, due: float) -> None:
    """A member's own page."""
    who = people.caller(person)
    await who.read("我的保障 mine", "/mine", who.page(), due)


async def my_claim(people: People, person: Person, due: float) -> None:
    """One of her claims."""
    who, (number, _) = people.caller(person), people.chance.choice(person.claims)
    await who.read("我的案件 my claim", f"/mine/{number}", who.page(), due)


async def progress(people: People, person: Person, due: float) -> None:
    """Somebody with a letter in hand asks by its number and code."""
    who, (number, code) = people.caller(person), people.chance.choice(person.claims)
    await who.ask("进度查询 progress", "/progress", {**FORM, "accept": "text/html"}, urlencode({"claim_no": number, "code": code}), due)


async def sign_in(people: People, person: Person, due: float) -> None:
    """Password, and a session of its own."""
    who = people.caller(person)
    form = urlencode({"login": person.login, "password": PASSWORD})
    await who.ask("登录 sign in", "/sign-in", {**FORM, "accept": "text/html"}, form, due)


async def report(people: People, person: Person, due: float) -> None:
    """A report for a covered member of her unit."""
    if not person.unreported:
        return await work_list(people, person, due)
    (member, plan), mark, who = person.unreported.pop(), people.mark(), people.caller(person)
    day = (date.today() - timedelta(days=2)).isoformat()
    event = {"kind": "diagnosis", "diagnosed_on": day, **({"specimen_on": day} if "behaviour" in EVENTS[plan] else {}), **EVENTS[plan]}
    body = json.dumps({"person_id": str(member), "channel": "clerk", "hospital": mark, "event": event})
    await who.write("报案 report", mark, "/api/v1/cases", who.program(mark_key(mark)) | JSON, lambda: body, due)
    return None


async def upload(people: People, person: Person, due: float) -> None:
    """A photograph, over a phone's line."""
    if not person.open_claims:
        return await claim_page(people, person, due) if person.role != "member" else await mine(people, person, due)
    who, number = people.caller(person), people.chance.choice(person.open_claims)
    content = photograph(people.mark())
    where = hashlib.sha256(content).hexdigest()
    await who.write("上传 upload", where, f"/api/v1/claims/{number}/papers", who.program(where),
                    lambda: Slowly(content, {"kind": "other"}, "照片.jpg"), due)
    return None


async def pass_level(people: People, person: Person, due: float) -> None:
    """Look, then pass."""
    if not person.steps:
        return await claim_page(people, person, due)
    number, who = person.steps.pop(), people.caller(person)
    status, content, tag = await who.read("案件 claim (API)", f"/api/v1/claims/{number}", who.program(), due)
    if status in DONE:
        body = json.dumps({"seen": json.loads(content)["claim"]["digest"]})
        headers = who.program(f"{people.run}-pass-{number}", tag) | JSON
        path = f"/api/v1/claims/{number}/pass"
        await who.write("通过 pass a level", f"{number} {person.account}", path, headers, lambda: body, _now(due))
    return None


async def answer_list(people: People, person: Person, due: float) -> None:
    """A list of missing papers: none can be had, and why."""
    if not person.lists:
        return await work_list(people, person, due)
    wanted, who, mark = person.lists.pop(), people.caller(person), people.mark()
    status, content, tag = await who.read("清单 list (API)", f"/api/v1/supplements/{wanted}", who.program(), due)
    if status in DONE:
        items = [{"paper": item["paper"], "state": "unavailable", "note": mark} for item in json.loads(content)["items"]]
        headers = who.program(mark_key(mark), tag) | JSON
        body, path = json.dumps({"items": items}), f"/api/v1/supplements/{wanted}/answer"
        await who.write("答复清单 answer a list", mark, path, headers, lambda: body, _now(due))
    return None


async def talk(people: People, person: Person, due: float) -> None:
    """A message on a claim's page, by its form."""
    who, (number, _), mark = people.caller(person), people.chance.choice(person.claims), people.mark()
    once = str(uuid.UUID(int=people.chance.getrandbits(128)))
    form = urlencode({"words": mark, "to": "member", "csrf": csrf_of(person.cookie), "once": once})
    path = f"/{'mine' if person.role == 'member' else 'claims'}/{number}/talk"
    await who.write("留言 message", mark, path, who.page() | FORM, lambda: form, due)


def mark_key(mark: str) -> str:
    """A key without signs that headers do not carry."""
    return hashlib.sha256(mark.encode()).hexdigest()[:32]


def _now(due: float) -> float:
    """A second step is due when the first is done."""
    return max(due, asyncio.get_running_loop().time())


@lru_cache(maxsize=1)
def _picture() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((1100, 1500), 60).save(out, "JPEG", quality=35)
    return out.getvalue()


def photograph(words: str) -> bytes:
    """A JPEG of a phone's size that differs with its words (a comment in the file)."""
    said, whole = words.encode(), _picture()
    return whole[:2] + b"\xff\xfe" + (len(said) + 2).to_bytes(2, "big") + said + whole[2:]


# How often, of a hundred acts each.
CLERK: Sequence[tuple[Act, int]] = (
    (work_list, 28), (claim_page, 33), (report, 8), (upload, 10), (pass_level, 8), (answer_list, 6), (talk, 4), (sign_in, 3))
MEMBER: Sequence[tuple[Act, int]] = ((mine, 42), (my_claim, 25), (progress, 20), (talk, 5), (upload, 3), (sign_in, 5))
CLERK_EVERY, MEMBER_EVERY = 15.0, 60.0      # seconds between two acts of one person at work
