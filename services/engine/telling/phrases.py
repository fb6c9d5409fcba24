"""How a line came about, in one plain phrase a member can follow, from the rows of its steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from services.engine.facts import Facts
from services.engine.steps import ZERO, number_of, stay_by_stay
from services.engine.telling.words import label, percent, plain, shown, yuan
from services.rulebook.parts import Total
from services.rulebook.results import Row
from services.rulebook.steps import Cap, Less, Manual, ScaleBy, Slices, Sum, Take, Times
from services.rulebook.values import Const, FactRef, Product, Table, Value

_SHARES = "cover.shares"


def how(rows: Sequence[Row], facts: Facts) -> str:
    """`住院2次共15天，每次扣除3天，按9天、每天100元计算`; empty for a plain lump sum."""
    found: list[str] = []
    for index, row in enumerate(rows):
        phrase = _PHRASES.get(type(row.rule))
        if phrase is not None:
            found.append(phrase(rows, index, facts))
    return "，".join(part for part in found if part)


def _take(rows: Sequence[Row], index: int, facts: Facts) -> str:
    row = rows[index]
    assert isinstance(row.rule, Take)
    value, later = row.rule.take, [row.rule for row in rows[index + 1:]]
    if isinstance(value, FactRef):
        return _stated(value.fact, row, facts)
    amount = f"{plain(row.left[0])}元" if row.left else ""
    by = f"{label(value.by)}为{shown(value.by, facts.get(value.by))}，" if isinstance(value, Table) else ""
    if isinstance(value, Product):
        return f"{_product(value, facts)}，即{yuan(row.left[0])}"
    most = "最高" if any(isinstance(rule, ScaleBy) for rule in later) else ""
    shares = next((number_of(rule.times, facts) for rule in later if isinstance(rule, Times) and _by_shares(rule)), None)
    if shares is not None:
        return f"{by}每份{most}{amount}、共{plain(shares)}份"
    if most:
        return f"{by}{most}{amount}"
    return f"{by}标准为{amount}" if by else ""


def _by_shares(rule: Times) -> bool:
    return isinstance(rule.times, FactRef) and rule.times.fact == _SHARES


def _stated(fact: str, row: Row, facts: Facts) -> str:
    found = facts.get(fact)
    if found is None:
        return row.words
    if fact.startswith("event.stays") and row.unit == "days":
        total = f"{plain(sum(row.left, ZERO))}天"
        return f"住院{total}" if len(row.left) == 1 else f"住院{len(row.left)}次共{total}"
    return f"{label(fact)}{shown(fact, found)}"


def _product(value: Value, facts: Facts) -> str:
    """统筹基金支付金额10000.00元的20%."""
    if isinstance(value, Product):
        return f"{_product(value.take, facts)}的{_product(value.times, facts)}"
    if isinstance(value, FactRef):
        return f"{label(value.fact)}{shown(value.fact, facts.get(value.fact))}"
    return percent(number_of(value, facts) or ZERO)


def _of_each_stay(rows: Sequence[Row]) -> bool:
    first = rows[0].rule
    return (isinstance(first, Take) and isinstance(first.take, FactRef) and first.take.fact.startswith("event.stays")
            and not any(isinstance(row.rule, Sum) for row in rows))


def _less(rows: Sequence[Row], index: int, facts: Facts) -> str:
    rule, before = rows[index].rule, rows[index - 1]
    assert isinstance(rule, Less)
    if _of_each_stay(rows[:index]):
        takes, gone = stay_by_stay(rule.less, facts, len(before.left), before.unit)
    else:
        takes, gone = [number_of(rule.less, facts, place) or ZERO for place in range(max(1, len(before.left)))], False
    if not any(takes):
        return ""
    unit = "天" if before.unit == "days" else "元"
    if gone:
        return f"每次扣除{plain(number_of(rule.less, facts) or ZERO)}天（生效日前已住院的天数先抵）"
    if isinstance(rule.less, FactRef):
        return f"扣除{label(rule.less.fact)}{shown(rule.less.fact, facts.get(rule.less.fact))}"
    if len(set(takes)) > 1:
        return f"首次扣除{plain(takes[0])}{unit}、以后每次扣除{plain(takes[1])}{unit}"
    return f"{'每次' if len(before.left) > 1 else ''}扣除{plain(takes[0])}{unit}"


def _times(rows: Sequence[Row], index: int, facts: Facts) -> str:
    rule, before = rows[index].rule, rows[index - 1]
    assert isinstance(rule, Times)
    factor = number_of(rule.times, facts) or ZERO
    if _by_shares(rule):
        first = rows[0].rule
        said = isinstance(first, Take) and isinstance(first.take, Const | Table)
        return "" if said else f"共{plain(factor)}份"
    if before.unit == "days":
        days = "" if len(before.left) != 1 else f"按{plain(before.left[0])}天、"
        return f"{days}每天{plain(factor)}元计算"
    if isinstance(rule.times, Const | Table | Product):
        return f"按{percent(factor)}计算"
    return f"乘以{label(rule.times.fact)}{plain(factor)}" if isinstance(rule.times, FactRef) else ""


def _sum(rows: Sequence[Row], index: int, facts: Facts) -> str:
    """Days are said by the step that pays them; money only where something was taken off first."""
    rule = rows[index].rule
    assert isinstance(rule, Sum)
    return f"余{yuan(rows[index].left[0])}" if rule.sum == "yuan" and index > 1 else ""


def _slices(rows: Sequence[Row], index: int, facts: Facts) -> str:
    rule, amount = rows[index].rule, rows[index - 1].left[0]
    assert isinstance(rule, Slices)
    lows = [ZERO, *(piece.upto for piece in rule.slices)]
    reached = [percent(piece.rate) for piece, low in zip(rule.slices, lows, strict=False) if amount > low]
    return f"分段按{'、'.join(reached)}计算" if reached else ""


def _scale(rows: Sequence[Row], index: int, facts: Facts) -> str:
    before, after = rows[index - 1].left[0], rows[index].left[0]
    return f"伤残给付比例{percent(after / before)}" if before else ""


def _cap(rows: Sequence[Row], index: int, facts: Facts) -> str:
    """Said only when it binds."""
    row, before = rows[index], rows[index - 1]
    if len(row.left) > 1 and row.left != before.left and isinstance(row.rule, Cap):
        unit = "天" if row.unit == "days" else "元"
        return f"每次最高{plain(number_of(row.rule.cap, facts) or ZERO)}{unit}"
    if row.limit is None or sum(row.left, ZERO) >= sum(before.left, ZERO):
        return ""
    return _most("最高", row)


def _most(word: str, row: Row) -> str:
    def amount(number: Decimal | None) -> str:
        return f"{plain(number or ZERO)}天" if row.unit == "days" else yuan(number or ZERO)

    return f"{word}{amount(row.limit)}" + (f"，此前已计{amount(row.used)}" if row.used else "")


def _manual(rows: Sequence[Row], index: int, facts: Facts) -> str:
    return "由办事处核定" if rows[index].left[0] else ""


def _total(rows: Sequence[Row], index: int, facts: Facts) -> str:
    return _most("各项合计最高", rows[index])


_PHRASES: dict[type[object], Callable[[Sequence[Row], int, Facts], str]] = {
    Take: _take, Less: _less, Times: _times, Sum: _sum, Slices: _slices, ScaleBy: _scale, Cap: _cap, Manual: _manual,
    Total: _total}
