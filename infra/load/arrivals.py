"""The open loop: who acts next and when is drawn before, and nobody waits for anybody's answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from infra.load.acts import CLERK, CLERK_EVERY, MEMBER, MEMBER_EVERY, Act, People
from infra.load.house import Person

GRACE = 90.0            # seconds after the last arrival in which what is under way must end


def usual(people: People) -> float:
    """Acts a second of everybody at work."""
    return len(people.cast.clerks) / CLERK_EVERY + len(people.cast.members) / MEMBER_EVERY


async def come(people: People, times: float, seconds: float, tell: Callable[[str], None] = lambda _: None,
               until: asyncio.Event | None = None) -> float:
    """So many times the usual rate for so long (or until told); gives the latest that an act began after its time, in seconds.

    Waits at last for every act to end: a write that was refused is sent again until it is taken.
    """
    loop, chance, under_way = asyncio.get_running_loop(), people.chance, set[asyncio.Future[None]]()
    rate, began, late = usual(people) * times, loop.time(), 0.0
    broken: list[BaseException] = []

    def over(done: asyncio.Future[None]) -> None:
        under_way.discard(done)
        if error := done.exception():
            broken.append(error)
    due, told = began + chance.expovariate(rate), began
    while due - began < seconds and not (until and until.is_set()):
        if (wait := due - loop.time()) > 0:
            await asyncio.sleep(wait)
        late = max(late, loop.time() - due)
        person, act = _drawn(people)
        task = asyncio.ensure_future(act(people, person, due))
        under_way.add(task)
        task.add_done_callback(over)
        people.book.offered += 1
        if due - told > 5:
            told = due
            tell(f"{due - began:.0f} s, {people.book.offered} acts, {len(under_way)} under way")
        due += chance.expovariate(rate)
    if under_way:
        await asyncio.wait(under_way, timeout=GRACE)
    if broken:
        raise broken[0]             # a fault of this program, not of the house
    if under_way:
        raise SystemExit(f"{len(under_way)} acts did not end within {GRACE:.0f} s after the last arrival")
    return late


def _drawn(people: People) -> tuple[Person, Act]:
    clerks = len(people.cast.clerks) / CLERK_EVERY
    of_clerks = people.chance.random() < clerks / usual(people)
    group, acts = (people.cast.clerks, CLERK) if of_clerks else (people.cast.members, MEMBER)
    act = people.chance.choices([act for act, _ in acts], [weight for _, weight in acts])[0]
    return people.chance.choice(group), act
