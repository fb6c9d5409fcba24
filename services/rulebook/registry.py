"""Every rule-book under `plans/<office>/<plan>/<from>.yaml`, by plan and date."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

from services.core.errors import InputError, NotFound
from services.rulebook.bundle import combine
from services.rulebook.loader import RuleBookError, load
from services.rulebook.schema import RuleBook
from services.rulebook.validation import Finding
from services.rulebook.values import nearest

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


@cache
def _wordings(plan: str) -> tuple[RuleBook, ...]:
    """Every wording of one plan by date, bundles not yet joined. NotFound for an unknown plan."""
    directory = _directories().get(plan)
    if directory is None:
        near = nearest(plan, list(_directories()))
        remedy = f"最接近的是 {near}" if near else "已知计划：" + "、".join(sorted(_directories()))
        raise NotFound("unknown_plan", f"没有计划“{plan}”", remedy=remedy, field="plan")
    books = [_placed(path) for path in files() if path.parent == directory]
    return tuple(sorted(books, key=lambda book: book.from_))


def _placed(path: Path) -> RuleBook:
    book = load(path)
    expected = (path.parts[-3], path.parts[-2], path.stem)
    if (book.office, book.plan, book.version) != expected:
        raise RuleBookError([Finding(path.name, 1, "plan", f"文件放在 {'/'.join(expected)}，与内容 "
                                     f"{book.office}/{book.plan}/{book.version} 不符")])
    return book


@cache
def _versions(plan: str) -> tuple[RuleBook, ...]:
    """Every wording of one plan; a bundle with its components' benefits."""
    return tuple(whole(book) for book in _wordings(plan))


def whole(book: RuleBook) -> RuleBook:
    """A bundle with its components' benefits, each in the wording of the bundle's first day; any other book as it is."""
    return combine(book, lambda part: _in_force(_wordings(part), book.from_))


def plans() -> list[RuleBook]:
    """Every version of every plan, by plan code and date."""
    return [book for plan in sorted(_directories()) for book in _versions(plan)]


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
