"""Days and amounts of a rule-book that contradict one another: what one wrong number alone can break."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

from services.engine.checking.soundness import Key, findings
from services.rulebook.loader import Document
from services.rulebook.parts import ROLES
from services.rulebook.schema import RuleBook
from services.rulebook.steps import Cap, Manual, Step, Take, Times
from services.rulebook.validation import Finding
from services.rulebook.values import Const, FactRef, Value


def contradictions(document: Document, book: RuleBook) -> list[Finding]:
    """Spans with gaps, levels out of order, budgets above the promise, an amount above its own cap."""
    return findings(document, [*_spans(book), *_levels(book), *_budgets(book), *_over_own_cap(book), *_one_sided(book)])


def _spans(book: RuleBook) -> Iterator[tuple[Key, str]]:
    """Covered days start with 1; bands follow one another without gap or overlap."""
    if book.waiting and book.waiting.days.low != 1:
        yield ("waiting", "days"), "等待期从第1日起，写成 1..天数"
    if book.bands is None:
        return
    ordered = list(book.bands.ranges.items())
    if ordered and ordered[0][1].low != 1:
        yield ("bands", "ranges", ordered[0][0]), "第一段从第1日起"
    for (before, first), (name, span) in pairwise(ordered):
        if first.high is None or span.low != first.high + 1:
            yield ("bands", "ranges", name), f"应紧接 {before} 的末日，不重叠、不留空"


def _levels(book: RuleBook) -> Iterator[tuple[Key, str]]:
    seen: set[str] = set()
    for index, level in enumerate(book.chain):
        if level.level in seen:
            yield ("chain", str(index), "level"), f"审核级“{level.level}”重复"
        seen.add(level.level)
    for index, (before, level) in enumerate(pairwise(book.chain), 1):
        if ROLES.index(level.role) < ROLES.index(before.role):
            yield ("chain", str(index), "role"), f"{level.role} 排在 {before.role} 之后，审核级应自下而上"
        if before.above is not None and (level.above or Decimal(0)) < before.above:
            stands = "没有写 above，即所有金额" if level.above is None else f"above 是 {level.above}"
            yield ("chain", str(index), "above"), f"{stands}，应不低于上一级的 {before.above}"


def _budgets(book: RuleBook) -> Iterator[tuple[Key, str]]:
    """On the office route all working budgets together must fit the promised days of payment."""
    promise = book.clocks.get("pay")
    if promise is None:
        yield ("clocks",), "缺少 pay（给付期限）"
        return
    if book.route != "office":
        return
    named = {name: book.clocks[name].days for name in ("verification", "finance", "bank") if name in book.clocks}
    levels = sum(level.days for level in book.chain if level.act != "informed")
    spent = sum(named.values()) + levels
    if spent > promise.days:
        listed = "、".join([*(f"{name} {days}" for name, days in named.items()), f"各级审核 {levels}"])
        yield ("clocks", "pay"), f"各环节时限合计 {spent} 个工作日（{listed}），超过承诺的 {promise.days} 个工作日"


def _one_sided(book: RuleBook) -> Iterator[tuple[Key, str]]:
    """A shared cap binds whichever is paid first only when each of the two names the other.

    A benefit that a reviewer sets has no cap to write it in.
    """
    shared = {name: [(index, step) for index, step in enumerate(benefit.steps) if isinstance(step, Cap)]
              for name, benefit in book.benefits.items()}
    for name, caps in shared.items():
        for index, cap in caps:
            for other in cap.with_:
                by_hand = any(isinstance(step, Manual) for step in book.benefits[other].steps)
                if other == name:
                    yield ("benefits", name, "steps", str(index), "with"), "with 只写别的待遇，本项总是算在内"
                elif not by_hand and not any(name in back.with_ for _, back in shared[other]):
                    yield ("benefits", name, "steps", str(index), "with"), f"只写了一边：{other} 的 cap 也要写 with: [{name}]"


def _over_own_cap(book: RuleBook) -> Iterator[tuple[Key, str]]:
    """A fixed amount above its own cap, or above the joint one, could never be paid in full."""
    for name, benefit in book.benefits.items():
        fixed: tuple[Decimal, str] | None = None
        total = [Cap(cap=book.total.cap, times=book.total.times)] if book.total else []
        for step in (*benefit.steps, *total):
            cap = _limit(step, fixed)
            if fixed and cap is not None and fixed[0] > cap:
                yield ("benefits", name, "steps"), f"定额 {fixed[0]} 高于上限 {cap}，永远不能付足"
            fixed = _fixed_after(step, fixed)


def _limit(step: Step, fixed: tuple[Decimal, str] | None) -> Decimal | None:
    """The constant of a cap that is multiplied by the same fact as the fixed amount."""
    if isinstance(step, Cap) and isinstance(step.cap, Const) and fixed and _fact(step.times) == fixed[1]:
        return step.cap.number
    return None


def _fixed_after(step: Step, fixed: tuple[Decimal, str] | None) -> tuple[Decimal, str] | None:
    """The running amount while it is a constant, at most times one fact: (constant, fact or empty); else None."""
    if isinstance(step, Take):
        return (step.take.number, "") if isinstance(step.take, Const) else None
    if fixed and isinstance(step, Times) and isinstance(step.times, FactRef) and not fixed[1]:
        return fixed[0], step.times.fact
    return fixed if isinstance(step, Cap) else None


def _fact(value: Value | None) -> str | None:
    """The fact a cap is multiplied by; empty when by nothing, None when by something else."""
    return "" if value is None else value.fact if isinstance(value, FactRef) else None
