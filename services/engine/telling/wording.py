"""What a rule-book says before any claim: conditions, amounts and steps in the words an office would read aloud."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from services.engine.telling.words import any_of, days_of, label, percent, plain, shown
from services.rulebook.flow import Shape, Unit, shapes
from services.rulebook.parts import Benefit, Total
from services.rulebook.schema import RuleBook
from services.rulebook.steps import Cap, Less, Manual, ScaleBy, Slices, Step, Sum, Take, Times
from services.rulebook.values import Condition, Const, Each, FactRef, Product, Sourced, Table, Value

_UNITS = {"yuan": "元", "days": "天", "number": ""}
_OVER = {"stay": "", "period": "保障期内累计", "life": "历次保障累计"}
Said = Callable[[RuleBook, Step, Shape], str]


def condition_words(book: RuleBook, condition: Condition) -> str:
    """`事件类别为确诊疾病`, `已申报住院记录`, `所患疾病属原发性乳腺癌`."""
    if condition.fact == "list":
        return "所患疾病属" + "或".join(book.lists[name].name or name for name in condition.any_of)
    if condition.fact == "band" and book.bands:
        return "发生在生效后" + "或".join(days_of(book.bands.ranges[name]) for name in condition.any_of)
    name = label(condition.fact)
    if condition.present:
        return f"已申报{name}"
    if condition.span is not None:
        low, high = condition.span.low, condition.span.high
        both = low is not None and high is not None
        return f"{name}{low}至{high}" if both else f"{name}{high}以下" if low is None else f"{name}{low}以上"
    if condition.any_of in (("true",), ("false",)):
        return f"{'' if condition.any_of == ('true',) else '不是'}{name}"
    return f"{name}为{any_of(condition.fact, condition.any_of)}"


def steps_words(book: RuleBook, benefit: Benefit) -> list[tuple[str, Step]]:
    """Each step of one benefit in words, with the step for its clause and readings."""
    before = (Shape("yuan", False), *shapes(benefit.steps))
    return [(_SAYS[type(step)](book, step, shape), step) for step, shape in zip(benefit.steps, before, strict=False)]


def total_words(total: Total) -> str:
    """`各项合计最高12000元×份数，保障期内累计`."""
    return "，".join(part for part in (f"各项合计最高{_most(total.cap, total.times, 'yuan')}", _OVER[total.over]) if part)


def amount_words(value: Value, unit: Unit = "yuan") -> str:
    """A value that is an amount (or days): `100000元`, `住院自付金额`, or a table with each case."""
    return _value(value, lambda number: f"{plain(number)}{_UNITS[unit]}")


def rate_words(value: Value) -> str:
    """A value that is a share: `20%`."""
    return _value(value, percent)


def _value(value: Value, say: Callable[[Decimal], str]) -> str:
    if isinstance(value, Const):
        return say(value.number)
    if isinstance(value, Each):
        return _leaf(value, say)
    if isinstance(value, FactRef):
        return label(value.fact)
    if isinstance(value, Product):
        return f"{_value(value.take, say)}的{rate_words(value.times)}"
    cases: dict[str, list[str]] = {}
    for case, leaf in value.cases.items():
        cases.setdefault(_leaf(leaf, say), []).append(_case(value, case))
    said = [f"{'、'.join(names)} {amount}" for amount, names in cases.items()]
    rest = [f"其余 {_leaf(value.otherwise, say)}"] if value.otherwise else []
    return f"按{label(value.by)}（{'；'.join([*said, *rest])}）"


def _case(table: Table, case: str) -> str:
    return {"true": "是", "false": "否"}.get(case) or shown(table.by, case)


def _leaf(leaf: Const | Each, say: Callable[[Decimal], str]) -> str:
    return say(leaf.number) if isinstance(leaf, Const) else f"首次{say(leaf.first)}、以后每次{say(leaf.later)}"


def _take(book: RuleBook, step: Step, shape: Shape) -> str:
    assert isinstance(step, Take)
    fixed = isinstance(step.take, Const | Table)
    return f"{'标准' if fixed else '取'}{amount_words(step.take)}"


def _less(book: RuleBook, step: Step, shape: Shape) -> str:
    assert isinstance(step, Less)
    return f"{'每次' if shape.is_list and isinstance(step.less, Const) else ''}扣除{amount_words(step.less, shape.unit)}"


def _times(book: RuleBook, step: Step, shape: Shape) -> str:
    assert isinstance(step, Times)
    if isinstance(step.times, FactRef):
        return f"乘以{label(step.times.fact)}"
    if shape.unit == "days":
        return f"每天{amount_words(step.times)}"
    return f"给付{rate_words(step.times)}"


def _sum(book: RuleBook, step: Step, shape: Shape) -> str:
    assert isinstance(step, Sum)
    return "各次天数相加" if step.sum == "days" else "各次金额相加"


def _slices(book: RuleBook, step: Step, shape: Shape) -> str:
    assert isinstance(step, Slices)
    said, low = list[str](), Decimal(0)
    for piece in step.slices:
        high = f"至{plain(piece.upto)}元（含）" if piece.upto.is_finite() else ""
        part = f"超过{plain(low)}元{high}的部分" if low else f"{high.removeprefix('至') + '以内的部分' if high else '全部'}"
        said.append(f"{part}给付{percent(piece.rate)}" + (f"，本段最高{plain(piece.max)}元" if piece.max is not None else ""))
        low = piece.upto
    return "分段：" + "；".join(said)


def _scale(book: RuleBook, step: Step, shape: Shape) -> str:
    assert isinstance(step, ScaleBy)
    return f"按{step.scale.title}的给付比例"


def _cap(book: RuleBook, step: Step, shape: Shape) -> str:
    assert isinstance(step, Cap)
    with_ = f"与{'、'.join(book.benefits[name].name for name in step.with_ if name in book.benefits)}合计" if step.with_ else ""
    each = "每次" if shape.is_list else ""
    return "，".join(part for part in (f"{each}最高{_most(step.cap, step.times, shape.unit)}", _OVER[step.over], with_) if part)


def _manual(book: RuleBook, step: Step, shape: Shape) -> str:
    assert isinstance(step, Manual)
    most = f"最高{_most(step.manual, step.times, 'yuan')}" if step.manual is not None else "没有公布最高额"
    return "，".join(part for part in ("由审核人核定并写明理由", most, _OVER[step.over]) if part)


def _most(value: Value, times: Value | None, unit: Unit) -> str:
    return amount_words(value, unit) + (f"×{label(times.fact) if isinstance(times, FactRef) else rate_words(times)}" if times else "")


_SAYS: dict[type[Sourced], Said] = {Take: _take, Less: _less, Times: _times, Sum: _sum, Slices: _slices, ScaleBy: _scale,
                                    Cap: _cap, Manual: _manual}


def ended_words(book: RuleBook, names: Sequence[str]) -> str:
    """What a payment closes."""
    return "全部待遇" if "all" in names else "、".join(book.benefits[name].name for name in names)
