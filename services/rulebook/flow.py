"""What the running quantity is after each step: its unit, and whether it is still a list.

Both readings and the check of a file use this one table, so a file that mixes days and yuan never loads.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from services.rulebook.facts import FACTS
from services.rulebook.steps import Cap, Less, Manual, ScaleBy, Slices, Step, Sum, Take, Times
from services.rulebook.values import Each, FactRef, Product, Table, Value

Unit = Literal["yuan", "days", "number"]


class Shape(NamedTuple):
    """Unit of the quantity and whether it is a list."""

    unit: Unit
    is_list: bool


def shape_of(value: Value) -> Shape:
    """A constant or table is yuan; a fact has its own unit; a product that of its first part."""
    if isinstance(value, FactRef):
        spec = FACTS[value.fact]
        if spec.unit == "number" and spec.type not in ("int", "list_int"):
            raise ValueError(f"事实 {value.fact} 不是数")
        return Shape(spec.unit, spec.is_list)
    if isinstance(value, Product):
        return shape_of(value.take)
    return Shape("yuan", False)


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
            raise ValueError("第一步应为 take 或 manual")
        if number > 1 and isinstance(steps[number - 2], Manual):
            raise ValueError("manual 之后不能再有步骤")
        found.append(_after(step, before, number))
    if not found:
        raise ValueError("没有步骤")
    if found[-1].is_list:
        raise ValueError("列表要先用 sum 合计")
    if found[-1].unit != "yuan":
        raise ValueError("最后的数不是元，天数要乘以每天的金额")
    return tuple(found)


def _after(step: Step, before: Shape | None, number: int) -> Shape:
    if isinstance(step, Take):
        return shape_of(step.take)
    if isinstance(step, Manual):
        return Shape("yuan", False)
    assert before is not None
    if isinstance(step, Sum):
        if not before.is_list or step.sum != before.unit:
            raise ValueError(f"第{number}步 sum: {step.sum} 之前应是{step.sum}的列表")
        return Shape(before.unit, False)
    if isinstance(step, Times):
        return Shape("yuan", before.is_list)
    value = step.less if isinstance(step, Less) else step.cap if isinstance(step, Cap) else None
    if value is not None and is_each(value) and not before.is_list:
        raise ValueError(f"第{number}步的 [首次, 以后] 只能用于列表")
    if isinstance(step, Cap) and before.is_list and step.over != "stay":
        raise ValueError(f"第{number}步：列表只能有 over: stay 的上限")
    if isinstance(step, Slices | ScaleBy) and before.is_list:
        raise ValueError(f"第{number}步之前要先合计")
    if value is not None and isinstance(value, FactRef | Product) and shape_of(value).unit != before.unit:
        raise ValueError(f"第{number}步的单位与之前的数不同")
    return before
