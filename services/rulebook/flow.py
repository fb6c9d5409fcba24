"""What the running quantity is after each step: its unit, and whether it is still a list.

Both readings and the check of a file use this one table, so a file that mixes days and yuan never loads.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from services.rulebook.facts import FACTS
from services.rulebook.steps import Cap, Less, Manual, ScaleBy, Slices, Step, Sum, Take, Times
from services.rulebook.values import Each, FactRef, Product, Table, Value

Unit = Literal["yuan", "days", "number"]
WORDS = {"yuan": "元", "days": "天数", "number": "个数"}


class StepError(ValueError):
    """A step that does not fit the quantity before it; `index` counts from 0, None when it is the whole ladder."""

    def __init__(self, message: str, index: int | None = None) -> None:
        super().__init__(message)
        self.index = index


class Shape(NamedTuple):
    """Unit of the quantity and whether it is a list."""

    unit: Unit
    is_list: bool


def shape_of(value: Value) -> Shape:
    """A constant or table is yuan; a fact has its own unit; a product that of its first part. ValueError for no number."""
    if isinstance(value, FactRef):
        spec = FACTS[value.fact]
        if spec.unit == "number" and spec.type not in ("int", "list_int"):
            raise ValueError(f"事实 {value.fact}（{spec.label}）不是数")
        return Shape(spec.unit, spec.is_list)
    if isinstance(value, Product):
        for part in (value.take, value.times):
            _single(part)
        return shape_of(value.take)
    return Shape("yuan", False)


def _single(value: Value) -> Shape:
    """The shape of a value that must be one number."""
    shape = shape_of(value)
    if shape.is_list:
        assert isinstance(value, FactRef)
        raise ValueError(f"{value.fact}（{FACTS[value.fact].label}）是列表，这里要一个数")
    return shape


def check_yuan(value: Value) -> None:
    """ValueError unless the value is one amount in yuan."""
    shape = _single(value)
    if shape.unit != "yuan":
        raise ValueError(f"应为元，这里是{WORDS[shape.unit]}")


def check_factor(value: Value) -> None:
    """ValueError unless the value is one number that an amount may be multiplied by: yuan times yuan is nothing."""
    shape = _single(value)
    if shape.unit == "yuan" and isinstance(value, FactRef | Product):
        raise ValueError("元不能乘以元")


def facts_in(value: object) -> Iterator[str]:
    """The facts that a value reads."""
    if isinstance(value, FactRef):
        yield value.fact
    elif isinstance(value, Table):
        yield value.by
    elif isinstance(value, Product):
        yield from facts_in(value.take)
        yield from facts_in(value.times)


def is_each(value: Value) -> bool:
    """Whether the value differs between the first and later elements of a list."""
    if isinstance(value, Table):
        leaves = [*value.cases.values(), *([value.otherwise] if value.otherwise else [])]
        return any(isinstance(leaf, Each) for leaf in leaves)
    return isinstance(value, Each)


def shapes(steps: tuple[Step, ...]) -> tuple[Shape, ...]:
    """The shape after each step. ValueError when a step does not fit the quantity before it."""
    found: list[Shape] = []
    for number, step in enumerate(steps, 1):
        before = found[-1] if found else None
        if before is None and not isinstance(step, Take | Manual):
            raise StepError("第一步应为 take 或 manual", 0)
        if number > 1 and isinstance(steps[number - 2], Manual):
            raise StepError("manual 之后不能再有步骤", number - 1)
        try:
            found.append(_after(step, before))
        except ValueError as error:
            raise StepError(f"第{number}步：{error}", number - 1) from None
    if not found:
        raise StepError("没有步骤")
    if found[-1].is_list:
        raise StepError(f"到最后仍是列表，{_sum_first(found[-1])}", len(found) - 1)
    if found[-1].unit != "yuan":
        raise StepError(f"最后的数不是元而是{WORDS[found[-1].unit]}，要乘以每份、每天的金额", len(found) - 1)
    return tuple(found)


def _sum_first(shape: Shape) -> str:
    return f"先写 {{sum: {shape.unit}}} 合计"


def _after(step: Step, before: Shape | None) -> Shape:
    if isinstance(step, Take):
        return shape_of(step.take)
    if isinstance(step, Manual):
        for value, check in ((step.manual, check_yuan), (step.times, check_factor)):
            if value is not None:
                check(value)
        return Shape("yuan", False)
    assert before is not None
    if isinstance(step, Sum):
        if not before.is_list or step.sum != before.unit:
            stands = f"{WORDS[before.unit]}的列表" if before.is_list else "一个数"
            raise ValueError(f"sum: {step.sum} 之前应是{WORDS[step.sum]}的列表，这里是{stands}")
        return Shape(before.unit, False)
    if isinstance(step, Slices | ScaleBy) and before.is_list:
        raise ValueError(f"这里要一个数，之前是列表，{_sum_first(before)}")
    if isinstance(step, Times):
        return _times(step.times, before)
    if isinstance(step, Less | Cap):
        _lessened(step, before)
    return before


def _times(factor: Value, before: Shape) -> Shape:
    """Days times an amount a day are yuan, times a share still days; yuan times yuan is nothing."""
    shape = _single(factor)
    if is_each(factor) and not before.is_list:
        raise ValueError("[首次, 以后] 只能用于列表")
    if isinstance(factor, FactRef | Product):
        if before.unit == shape.unit != "number":
            raise ValueError(f"{WORDS[before.unit]}不能乘以{WORDS[shape.unit]}")
        if before.unit == "days" and shape.unit == "number":
            raise ValueError("天数乘以份数不是元，先乘以每天的金额")
        if before.unit == shape.unit == "number":
            raise ValueError("份数乘以个数不是元，先乘以每份的金额")
        if before.unit == "number" and shape.unit == "days":
            raise ValueError("份数乘以天数不是元，先乘以金额")
    return Shape("yuan", before.is_list)


def _lessened(step: Less | Cap, before: Shape) -> None:
    """What is subtracted or limits must be of the quantity's own unit; a list is limited stay by stay."""
    value = step.less if isinstance(step, Less) else step.cap
    if is_each(value) and not before.is_list:
        raise ValueError("[首次, 以后] 只能用于列表")
    if isinstance(step, Cap) and before.is_list and step.over != "stay":
        raise ValueError(f"列表只能有 over: stay 的上限；按期间的上限之前，{_sum_first(before)}")
    if isinstance(value, FactRef | Product) and _single(value).unit != before.unit:
        raise ValueError(f"单位与之前的数不同：之前是{WORDS[before.unit]}，这里是{WORDS[shape_of(value).unit]}")
    if isinstance(step, Cap) and step.times is not None:
        check_factor(step.times)
