"""Every rule-book by plan and date: the program's own under `plans/<office>/<plan>/<from>.yaml`, and the released ones.

Released wordings are handed in (`use`) at the start of each unit of work, so that every process knows them without a restart.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

from services.core.errors import InputError, NotFound
from services.rulebook.bundle import combine
from services.rulebook.loader import Document, RuleBookError, load, read_document
from services.rulebook.schema import RuleBook
from services.rulebook.shelf import Released, shelf, use
from services.rulebook.validation import Finding
from services.rulebook.values import nearest

__all__ = ["codes", "documents", "files", "first_day", "latest", "offices", "plans", "released", "require_open", "resolve", "use",
           "version", "whole"]

PLANS = Path(__file__).parent / "plans"


def files() -> list[Path]:
    """The rule-book files, without the examples beside them."""
    return sorted(path for path in PLANS.glob("*/*/*.yaml") if not path.name.endswith(".examples.yaml"))


@cache
def _directories() -> dict[str, Path]:
    """The folder of each plan code. A code stands under one office only."""
    found: dict[str, Path] = {}
    for path in files():
        other = found.setdefault(path.parent.name, path.parent)
        if other != path.parent:
            raise RuleBookError([Finding(path.name, 1, "plan", f"{path.parent.name} 同时放在 {other.parent.name} 和 "
                                         f"{path.parent.parent.name} 之下")])
    return found


def codes() -> list[str]:
    """The code of every plan."""
    return sorted({*_directories(), *shelf().plans})


def offices() -> dict[str, str]:
    """The office that each plan stands under."""
    return {plan: directory.parent.name for plan, directory in _directories().items()} | shelf().plans


def _wordings(plan: str) -> tuple[RuleBook, ...]:
    """Every wording of one plan by date, bundles not yet joined. NotFound for an unknown plan."""
    books = {book.from_: book for book in (*_shipped(plan), *(one.book for one in shelf().of(plan)))}
    if not books:
        near = nearest(plan, codes())
        remedy = f"最接近的是 {near}" if near else "已知计划：" + "、".join(codes())
        raise NotFound("unknown_plan", f"没有计划“{plan}”", remedy=remedy, field="plan")
    return tuple(books[day] for day in sorted(books))


@cache
def _shipped(plan: str) -> tuple[RuleBook, ...]:
    directory = _directories().get(plan)
    return tuple(_placed(path) for path in files() if path.parent == directory) if directory else ()


def _placed(path: Path) -> RuleBook:
    book = load(path)
    expected = (path.parts[-3], path.parts[-2], path.stem)
    if (book.office, book.plan, book.version) != expected:
        raise RuleBookError([Finding(path.name, 1, "plan", f"文件放在 {'/'.join(expected)}，与内容 "
                                     f"{book.office}/{book.plan}/{book.version} 不符")])
    return book


def _versions(plan: str) -> tuple[RuleBook, ...]:
    """Every wording of one plan; a bundle with its components' benefits."""
    made = shelf().made
    if plan not in made:
        made[plan] = tuple(whole(book) for book in _wordings(plan))
    return made[plan]


def whole(book: RuleBook) -> RuleBook:
    """A bundle with its components' benefits, each in the wording of the bundle's first day; any other book as it is."""
    return combine(book, lambda part: _in_force(_wordings(part), book.from_))


def plans() -> list[RuleBook]:
    """Every version of every plan, by plan code and date."""
    return [book for plan in codes() for book in _versions(plan)]


def resolve(plan: str, on: date) -> RuleBook:
    """The wording in force on `on`, the date the plan names (`dated_by`), never the claim's date.

    NotFound for an unknown plan; InputError for a date before its first wording or after a closed plan's last day.
    """
    return _in_force(_versions(plan), on)


def _in_force(books: tuple[RuleBook, ...], on: date) -> RuleBook:
    in_force = [book for book in books if book.from_ <= on]
    if not in_force:
        raise InputError("before_first_version", f"{books[0].plan} 自 {books[0].version} 起施行，{on.isoformat()} 还没有规则",
                         remedy="核对决定日期，或补录更早的规则文件", field=books[0].dated_by[0])
    require_open(in_force[-1], on)
    return in_force[-1]


def require_open(book: RuleBook, on: date) -> None:
    """InputError `plan_ended` when this wording closed the plan before `on`."""
    if book.until is not None and on > book.until:
        raise InputError("plan_ended", f"{book.name}已停办，末日为 {book.until.isoformat()}，{on.isoformat()} 没有规则",
                         remedy=f"核对决定日期；{book.until.isoformat()} 之后发生的事件不属于本计划", field=book.dated_by[0])


def version(plan: str, from_: date) -> RuleBook:
    """The wording that starts on exactly `from_`, as a claim has pinned it."""
    for book in _versions(plan):
        if book.from_ == from_:
            return book
    known = "、".join(book.version for book in _versions(plan))
    raise NotFound("unknown_version", f"{plan} 没有 {from_.isoformat()} 起的版本",
                   remedy=f"已有版本：{known}", field="version")


def latest(plan: str) -> RuleBook:
    """The newest wording, for forms and for reading which fact dates a claim."""
    return _versions(plan)[-1]


def first_day(plan: str) -> date:
    """The day of a plan's first wording."""
    return _versions(plan)[0].from_


def released(book: RuleBook) -> Released | None:
    """Who proposed and who released a wording; None for one that came with the program."""
    return next((one for one in shelf().of(book.plan) if one.book.from_ == book.from_), None)


def documents(plan: str | None = None, version: str | None = None) -> list[Document]:
    """The text of every wording (of one plan, of one version), a released one in the place of the program's own."""
    found = {(path.parent.name, path.stem): path for path in files()}
    handed = {(one.book.plan, one.book.version): one.document for one in shelf().books}
    keys = sorted(key for key in {*found, *handed} if plan in (None, key[0]) and version in (None, key[1]))
    return [handed[key] if key in handed else read_document(found[key]) for key in keys]
