"""What waits for somebody, of every kind, in one list by its day: levels to certify or review, papers to verify, messages to
answer, objections to take up, further lists to agree to, lists that reached nobody, files late at the insurer, amounts on which it
and we differ.

Each kind is asked apart for the first few of its order (day, id) and the answers are merged, so that a page costs the same
behind any number of claims. Separation of persons is asked of one level after the other until a page is full.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import OFFICE, REVIEWERS, Actor, Role
from services.core.errors import InputError
from services.evidence.further import SENIORS
from services.insurer.ageing import unheard_on
from services.reporting.worklist_queries import BY_DAY, HOW_MANY, LIKELIEST, Queries
from services.review.reopening import MAY_REOPEN

PAGE = 50
MOST = 100                          # counted up to here: "99+"
SOON = timedelta(days=2)
UNREAD = timedelta(days=3)          # a letter on the portal that nobody opened is handed over by the clerk
CERTIFY, REVIEW, VERIFY, ANSWER, OBJECTION, FURTHER, DELIVER, HANDOFF, DIFFER = KINDS = (
    "certify", "review", "verify", "answer", "objection", "further", "deliver", "handoff", "differ")
DUES = ("late", "soon", "later")
LIKELY = "risk"                     # the likeliest late first, as the forecast says
ORDERS = (LIKELY,)
_STAFF = (Role.UNIT_CLERK, *sorted(REVIEWERS))


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for; empty asks for everything. `number`: how the claim's number begins; `level`: the level's role.

    `order`: one of ORDERS; empty is by the day.
    """

    plan: str = ""
    due: str = ""
    level: str = ""
    number: str = ""
    order: str = ""


@dataclass(frozen=True, slots=True)
class Key:
    """One task in the list's order. `id` is the level, the claim or the objection; `rank` only where the likeliest late come first."""

    place: date
    id: uuid.UUID
    kind: str
    claim_id: uuid.UUID
    rank: int | None = None

    @property
    def cursor(self) -> str:
        """Place in the list, for the next page."""
        return f"{self.place.isoformat()}/{self.id}/{self.kind}" + ("" if self.rank is None else f"/{self.rank}")

    @property
    def order(self) -> tuple[int, date, uuid.UUID, str]:
        """What the list is sorted by."""
        return self.rank or 0, self.place, self.id, self.kind


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of tasks. `counts`: how many of each kind wait, at most `MOST`; empty on later pages. `after`: there is more."""

    keys: tuple[Key, ...]
    counts: dict[str, int]
    after: str


_MANY = 300
_FIRST = -(1 << 30)                 # before every rank


def worklist(session: Session, actor: Actor, *, wish: Wish, what: str = "", after: str = "", today: date) -> Listed:
    """What the actor may do, most urgent (or likeliest late) first, a page of it; `what`: one of KINDS alone. InputError: a wrong cursor.

    Levels that a colleague has taken and claims from which separation keeps the actor are left out.
    """
    likely = wish.order == LIKELY
    place, row, kind, rank = _cursor(after, likely)
    limit = MOST if not after else PAGE + 1
    values = {**_bounds(actor), **_days(wish, today), "plan": wish.plan, "number": wish.number, "number_end": wish.number + "\U0010ffff",
              "due": place, "after": row, "kind": kind, "rank": rank, "today": today, "limit": limit,
              "unread": today - UNREAD, "unheard": unheard_on(today)}
    asked = [kind for kind in KINDS if not what or kind == what]
    found: list[Key] = []
    ask = LIKELIEST if likely else BY_DAY
    if not wish.level or wish.level in actor.roles:
        roles = [wish.level] if wish.level else sorted(actor.roles)
        found += _levels(session, ask, {**values, "roles": roles, "account": actor.account_id})
    if not wish.level:
        found += _without_level(session, ask, actor, wish, values)
    shown = sorted((key for key in found if key.kind in asked), key=lambda key: key.order)
    counts = {} if after else {kind: sum(key.kind == kind for key in found) for kind in KINDS}
    return Listed(tuple(shown[:PAGE]), counts, shown[PAGE - 1].cursor if len(shown) > PAGE else "")


def _levels(session: Session, ask: Queries, values: dict[str, object]) -> list[Key]:
    """The first levels in order. Along the clocks when there are many; a page that this leaves short is asked for in full."""
    found: list[Key] = []
    if ask.steps_by_day is not None and session.execute(HOW_MANY, {**values, "many": _MANY}).scalar_one() == _MANY:
        found = _ask(session, ask.steps_by_day, values)
    return found if found and len(found) == values["limit"] else _ask(session, ask.steps, values)


def _without_level(session: Session, ask: Queries, actor: Actor, wish: Wish, values: dict[str, object]) -> list[Key]:
    """What hangs on no level. Messages and objections have no day to keep: they are left out where a day is asked for."""
    found: list[Key] = []
    if actor.has(Role.UNIT_CLERK, Role.DISTRICT_REVIEWER):
        found += _ask(session, ask.papers, {**values, "clerk": actor.has(Role.UNIT_CLERK)})
    elif actor.has(Role.OFFICE_REVIEWER):
        found += _ask(session, ask.late_papers, values)
    if actor.has(*OFFICE):
        follows = {**values, "account": actor.account_id, "senior": actor.has(*MAY_REOPEN)}
        found += _ask(session, ask.handoffs, follows) + _ask(session, ask.differences, follows)
    if wish.due:
        return found
    found += _ask(session, ask.messages, values)
    if actor.has(*MAY_REOPEN):
        found += _ask(session, ask.objections, {**values, "head": actor.has(Role.HEAD)})
    if actor.has(Role.UNIT_CLERK):
        found += _ask(session, ask.unread, values)
    if actor.has(*SENIORS):
        found += _ask(session, ask.further, values)
    return found


def _ask(session: Session, query: sa.TextClause, values: dict[str, object]) -> list[Key]:
    return [Key(*row) for row in session.execute(query, values)]


def _bounds(actor: Actor) -> dict[str, object]:
    return {"low": actor.org_key, "high": actor.org_key.rstrip(".") + "/", "persons": list(actor.persons)}


def _days(wish: Wish, today: date) -> dict[str, object]:
    """From which day to which a task must be due."""
    day = timedelta(days=1)
    spans = {"late": (date.min, today - day), "soon": (today, today + SOON), "later": (today + SOON + day, date.max)}
    first, last = spans.get(wish.due, (date.min, date.max))
    return {"first": first, "last": last}


def _cursor(after: str, likely: bool) -> tuple[date, uuid.UUID, str, int]:
    if not after:
        return date.min, uuid.UUID(int=0), "", _FIRST
    try:
        place, row, kind, *rank = after.split("/")
        return date.fromisoformat(place), uuid.UUID(row), kind, rank_of(rank[0]) if likely else _FIRST
    except (ValueError, IndexError):
        raise InputError("cursor_wrong", "翻页位置不对", remedy="从第一页重新开始", field="after") from None


def rank_of(text: str) -> int:
    """A rank out of an address. ValueError: no rank."""
    value = int(text)
    if not _FIRST <= value <= 1:
        raise ValueError(text)
    return value
