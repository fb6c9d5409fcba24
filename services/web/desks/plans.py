"""The plans, open to everyone: what each wording says, clause by clause; its versions on a time line; what changed between two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from fastapi import Response

from services.core.errors import NotFound
from services.releases import books
from services.reporting.wording import Line, wording
from services.rulebook import registry
from services.rulebook.schema import RuleBook
from services.web.door import ANYONE, Pages
from services.web.menu import Item
from services.web.visit import Visit

pages = Pages()


@dataclass(frozen=True, slots=True)
class Stretch:
    """A wording on the time line: in force until the day before the next one, or until it was closed."""

    book: RuleBook
    until: date | None
    here: bool


@dataclass(frozen=True, slots=True)
class Change:
    """A line that two wordings do not share: `kind` is "gone" or "new"."""

    kind: str
    line: Line


@pages.get("/plans", roles=ANYONE, menu=Item(80, "计划"))
def listed(visit: Visit) -> Response:
    """Every plan by office, in its wording of today."""
    newest = {book.plan: book for book in _known(visit)}
    rows = sorted(newest.values(), key=lambda book: (book.office_name, book.plan))
    offices = [(name, list(books)) for name, books in groupby(rows, key=lambda book: book.office_name)]
    return visit.page("plans.html", offices=offices, count=len(newest))


@pages.get("/plans/{plan}", roles=ANYONE)
def shown(visit: Visit, plan: str) -> Response:
    """A wording: the one of `?version=`, else the newest; with `?against=` also what changed since that one."""
    books = _versions(_known(visit), plan)
    book = _chosen(books, visit.query.get("version")) or books[-1]
    other = _chosen(books, visit.query.get("against"))
    return visit.page("plan.html", book=book, sections=wording(book), stretches=_stretches(books, book), other=other,
                      released=registry.released(book),
                      changes=changes(other, book) if other else [])


def _known(visit: Visit) -> list[RuleBook]:
    """Every wording, those released since the last request of anybody too: a visitor without an account asks the database itself."""
    books.ask(visit.wiring.db, visit.wiring.root)
    return registry.plans()


def _versions(books: Sequence[RuleBook], plan: str) -> list[RuleBook]:
    found = [book for book in books if book.plan == plan]
    if not found:
        raise NotFound("plan_unknown", "没有这个计划", remedy="从计划一览中选择")
    return sorted(found, key=lambda book: book.from_)


def _chosen(books: Sequence[RuleBook], version: str | None) -> RuleBook | None:
    if not version:
        return None
    found = next((book for book in books if book.version == version), None)
    if found is None:
        raise NotFound("version_unknown", "没有这一版规则", remedy="从时间线上选择一版")
    return found


def _stretches(books: Sequence[RuleBook], here: RuleBook) -> list[Stretch]:
    ends: list[date | None] = [later.from_ for later in books[1:]]
    return [Stretch(book, book.until or end, book.version == here.version) for book, end in zip(books, [*ends, None], strict=True)]


def changes(before: RuleBook, after: RuleBook) -> list[tuple[str, list[Change]]]:
    """The lines of each section that only one of the two wordings has."""
    old, new = ({section.title: section.lines for section in wording(book)} for book in (before, after))
    found = []
    for title in dict.fromkeys([*old, *new]):
        gone = [Change("gone", line) for line in old.get(title, ()) if line not in new.get(title, ())]
        come = [Change("new", line) for line in new.get(title, ()) if line not in old.get(title, ())]
        if title and (gone or come):
            found.append((title, [*gone, *come]))
    return found
