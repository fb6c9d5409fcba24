"""The eight steps in Decimal, each leaving its arithmetic in words and a row for the worksheet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from services.core.errors import InputError
from services.core.money import round_line, show
from services.engine.facts import STAYED_BEFORE, Facts
from services.engine.telling.words import label, shown
from services.rulebook.flow import Unit, facts_in, shape_of
from services.rulebook.parts import as_text
from services.rulebook.results import Row
from services.rulebook.scales import Scale
from services.rulebook.steps import Cap, Less, Manual, ScaleBy, Slices, Step, Sum, Take, Times
from services.rulebook.values import Const, Each, FactRef, Product, Table, Value

ZERO = Decimal(0)
Spent = Callable[[tuple[str, ...], str, Unit], tuple[Decimal, Decimal]]


@dataclass(slots=True)
class Run:
    """One benefit on its way: the quantity, its unit, the words so far."""

    benefit: str
    facts: Facts
    spent: Spent
    manual: Mapping[str, tuple[Decimal, str]]
    x: Decimal | list[Decimal] = ZERO
    unit: Unit = "yuan"
    days: int = 0
    words: list[str] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)  # the elements as written so far, before their sum
    flags: set[str] = field(default_factory=set)
    stopped: str = ""
    ceiling: Decimal | None = None
    waits: bool = False
    rows: list[Row] = field(default_factory=list)
    limit: Decimal | None = None  # of the step under way, where it has one
    used: Decimal = ZERO

    def say(self, number: Decimal) -> str:
        """A number in its unit: yuan with two decimals or its exact value, days plain."""
        return say(number, self.unit)


def say(number: Decimal, unit: Unit) -> str:
    """Yuan with at least two decimals, exact; days and bare numbers plain."""
    if unit != "yuan":
        return f"{number.normalize():f}"
    return show(number) if number == round_line(number) else f"{number.normalize():f}"


def run(benefit: str, steps: tuple[Step, ...], facts: Facts, spent: Spent,
        manual: Mapping[str, tuple[Decimal, str]]) -> Run:
    """Apply the steps in order. `stopped` holds the reason when a fact the first step needs is not stated."""
    state = Run(benefit, facts, spent, manual)
    for step in steps:
        state.limit, state.used = None, ZERO
        words = _APPLY[type(step)](state, step)
        left = tuple(state.x) if isinstance(state.x, list) else (state.x,)
        state.rows.append(Row(words, step, left, state.unit, state.limit, state.used))
        if state.stopped:
            break
        if state.unit == "days" and isinstance(state.x, Decimal):
            state.days = int(state.x)
    return state


def number_of(value: Value, facts: Facts, index: int = 0) -> Decimal | None:
    """A value for the element at `index`; None when its fact is not stated. InputError for a value outside a table."""
    if isinstance(value, Const):
        return value.number
    if isinstance(value, Each):
        return value.first if index == 0 else value.later
    if isinstance(value, FactRef):
        found = facts.get(value.fact)
        return Decimal(found) if isinstance(found, int | Decimal) else None
    if isinstance(value, Product):
        left, right = number_of(value.take, facts, index), number_of(value.times, facts, index)
        return None if left is None or right is None else left * right
    stated = facts.get(value.by)
    leaf = value.cases.get(as_text(stated), value.otherwise)
    if leaf is None:
        known = "、".join(value.cases)
        raise InputError("wrong_value", f"{value.by}：“{stated or '（缺）'}”不在计划的表里，应为 {known}",
                         remedy=f"补上或改正 {value.by}", field=value.by)
    return number_of(leaf, facts, index)


def _scalar(state: Run) -> Decimal:
    assert isinstance(state.x, Decimal)
    return state.x


def _take(state: Run, step: Take) -> str:
    state.unit = shape_of(step.take).unit
    if isinstance(step.take, FactRef):
        found = state.facts.get(step.take.fact)
        if isinstance(found, tuple):
            state.x = [Decimal(item) for item in found]
            state.pending = [state.say(item) for item in state.x]
            return f"{label(step.take.fact)} {'、'.join(state.pending)}"
    number = number_of(step.take, state.facts)
    if number is None:
        state.stopped = "not_claimed"
        return "未申报" + "、".join(label(fact) for fact in facts_in(step.take) if state.facts.get(fact) is None)
    state.x = number
    return _taken(state, step.take, state.say(number))


def _taken(state: Run, value: Value, number: str) -> str:
    if isinstance(value, Table):
        return f"按{label(value.by)}（{shown(value.by, state.facts.get(value.by))}）取 {number}"
    if isinstance(value, Product):
        return f"{_product(state, value)} = {number}"
    return f"{label(value.fact)} {number}" if isinstance(value, FactRef) else f"取 {number}"


def _product(state: Run, value: Value) -> str:
    if isinstance(value, Product):
        return f"{_product(state, value.take)} × {_product(state, value.times)}"
    number = number_of(value, state.facts) or ZERO
    return f"{label(value.fact)} {say(number, shape_of(value).unit)}" if isinstance(value, FactRef) else f"{number:f}"


def stay_by_stay(value: Value, facts: Facts, count: int, unit: Unit) -> tuple[list[Decimal], bool]:
    """What a list of `count` elements is lessened by, and whether that is less than the plan says: days in hospital before the cover
    stand for as many unpaid first days, which are taken off once a stay and not once a cover.
    """
    takes, before = [number_of(value, facts, index) or ZERO for index in range(count)], facts.get(STAYED_BEFORE)
    if unit != "days" or not isinstance(before, tuple):
        return takes, False
    left = [max(ZERO, take - gone) for take, gone in zip(takes, before, strict=True)]
    return left, left != takes


def _less(state: Run, step: Less) -> str:
    if isinstance(state.x, list):
        takes, gone = stay_by_stay(step.less, state.facts, len(state.x), state.unit)
        state.pending = [f"({state.say(item)}-{state.say(take)}" + ("→0)" if item < take else ")")
                         for item, take in zip(state.x, takes, strict=True)]
        state.x = [max(ZERO, item - take) for item, take in zip(state.x, takes, strict=True)]
        return f"逐次扣除 {'、'.join(state.pending)}" + ("（生效日前已住院的天数先抵免赔天数）" if gone else "")
    take = number_of(step.less, state.facts) or ZERO
    left = max(ZERO, state.x - take)
    words = (f"{state.say(state.x)} - {state.say(take)} = {state.say(left)}" if state.x >= take
             else f"{state.say(state.x)} 不超过 {state.say(take)}，为 {state.say(left)}")
    state.words.append(words)
    state.x = left
    return words


def _times(state: Run, step: Times) -> str:
    before, kind = state.x, state.unit
    state.unit = "yuan"
    factor_unit: Unit = "yuan" if kind != "yuan" else "number"
    if isinstance(before, list):
        factors = [number_of(step.times, state.facts, index) or ZERO for index in range(len(before))]
        state.pending = [f"{text}×{say(factor, factor_unit)}"
                         for text, factor in zip(state.pending, factors, strict=True)]
        state.x = [item * factor for item, factor in zip(before, factors, strict=True)]
        return f"逐次相乘 {'、'.join(state.pending)}"
    factor = number_of(step.times, state.facts) or ZERO
    state.x = before * factor
    by_number = f"{factor:f}" if factor_unit == "number" else say(factor, factor_unit)
    words = f"{say(before, kind)} × {by_number} = {state.say(state.x)}"
    state.words.append(words)
    return words


def _sum(state: Run, step: Sum) -> str:
    assert isinstance(state.x, list)
    total = sum(state.x, ZERO)
    words = "+".join(state.pending) + f"={state.say(total)}" + (" 天" if step.sum == "days" else "")
    state.words.append(words)
    state.x = total
    return words


def _slices(state: Run, step: Slices) -> str:
    amount, low, total, parts = _scalar(state), ZERO, ZERO, []
    for piece in step.slices:
        part = min(max(amount - low, ZERO), piece.upto - low)
        share = part * piece.rate
        if piece.max is not None and share > piece.max:
            share = piece.max
            parts.append(f"{state.say(part)}×{piece.rate:f}（最高{state.say(piece.max)}）")
        elif part > 0:
            parts.append(f"{state.say(part)}×{piece.rate:f}")
        total, low = total + share, piece.upto
    words = (" + ".join(parts) or state.say(amount)) + f" = {state.say(total)}"
    state.words.append(words)
    state.x = total
    return words


def stated_items(scale: Scale, facts: Facts) -> tuple[int, ...] | None:
    """The disability items the table reads. InputError for a number it does not have."""
    found = facts.get(scale.fact)
    if not isinstance(found, tuple):
        return None
    items = tuple(int(item) for item in found)
    for item in items:
        if item not in scale.items:
            raise InputError("wrong_value", f"{scale.fact}：{scale.title}没有“{item}”",
                             remedy=f"应为 {min(scale.items)} 至 {max(scale.items)}", field=scale.fact)
    return items


def _scale(state: Run, step: ScaleBy) -> str:
    items = stated_items(step.scale, state.facts)
    if items is None:
        state.stopped = "not_claimed"
        return f"未申报{label(step.scale.fact)}"
    if any(sum(item in group for item in items) > 1 for group in step.scale.limbs):
        state.flags.add("same_limb_assumed")
    before, ratio = _scalar(state), step.scale.ratio(items)
    state.x = before * ratio
    listed = "、".join(str(item) for item in items)
    percent = f"{(ratio * 100).normalize():f}%"
    words = f"伤残项目（等级）{listed}：{state.say(before)} × {percent} = {state.say(state.x)}"
    state.words.append(words)
    return words


def _limit(state: Run, value: Value, times: Value | None) -> Decimal:
    limit = number_of(value, state.facts) or ZERO
    return limit * (number_of(times, state.facts) or ZERO) if times is not None else limit


def _cap(state: Run, step: Cap) -> str:
    if isinstance(state.x, list):
        limits = [number_of(step.cap, state.facts, index) or ZERO for index in range(len(state.x))]
        state.pending = [f"{text}→{state.say(limit)}" if item > limit else text
                         for text, item, limit in zip(state.pending, state.x, limits, strict=True)]
        state.x = [min(item, limit) for item, limit in zip(state.x, limits, strict=True)]
        return f"逐次不超过上限 {'、'.join(state.pending)}"
    if number_of(step.cap, state.facts) is None:
        state.stopped = "not_claimed"
        return "上限所依的事实未申报"
    limit = _limit(state, step.cap, step.times)
    paid, took = state.spent((state.benefit, *step.with_), step.over, state.unit)
    left = max(ZERO, limit - paid - took)
    state.limit, state.used = limit, paid + took
    unit = " 天" if state.unit == "days" else ""
    words = f"未超过上限 {state.say(limit)}{unit}"
    if state.x > left or paid or took:
        used = f"，已付 {state.say(paid)}{unit}" if paid else ""
        used += f"，本次已计 {state.say(took)}{unit}" if took else ""
        words = f"上限 {state.say(limit)}{unit}{used}，给付 {state.say(min(state.x, left))}{unit}"
        state.words.append(words)
    if state.x > 0 and left == 0:
        state.stopped = "cap_reached"
    state.x = min(state.x, left)
    return words


def _manual(state: Run, step: Manual) -> str:
    ceiling = None if step.manual is None else _limit(state, step.manual, step.times)
    if ceiling is not None:
        paid, took = state.spent((state.benefit,), step.over, "yuan")
        ceiling = max(ZERO, ceiling - paid - took)
        state.used = paid + took
        if ceiling == 0 and state.used:
            state.limit, state.stopped = ceiling, "cap_reached"
            return f"最高 {say(ceiling + state.used, 'yuan')}，已付 {say(state.used, 'yuan')}"
    state.flags.add("unverified_amount")
    state.limit = state.ceiling = ceiling
    given = state.manual.get(state.benefit)
    most = "" if ceiling is None else f"，最高 {say(ceiling, 'yuan')}"
    if given is None:
        state.x, state.waits, words = ZERO, True, f"待核定金额{most}"
    else:
        amount, reason = given
        if ceiling is not None and amount > ceiling:
            raise InputError("wrong_value", f"manual.{state.benefit}.amount：{show(amount)} 超过上限 {show(ceiling)}",
                             remedy="核定金额不得超过上限", field=f"manual.{state.benefit}.amount")
        state.x, state.unit, words = amount, "yuan", f"核定 {show(amount)}{most}：{reason}"
    state.words.append(words)
    return words


_APPLY: dict[type[Step], Callable[..., str]] = {
    Take: _take, Less: _less, Times: _times, Sum: _sum, Slices: _slices, ScaleBy: _scale, Cap: _cap, Manual: _manual}
