"""The eight steps on one running quantity: take less times sum slices scale cap manual."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from services.rulebook.scales import SCALES, Scale, scale_named
from services.rulebook.values import (
    Number,
    Sourced,
    Value,
    Words,
    nearest,
    punctuation,
    read_bound,
    read_number,
    written,
)

Over = Literal["stay", "period", "life"]
STEPS = ("take", "less", "times", "sum", "slices", "scale", "cap", "manual")


class Take(Sourced):
    """x = V."""

    take: Value


class Less(Sourced):
    """max(0, x − V), per element of a list."""

    less: Value


class Times(Sourced):
    """x × V, exact, not rounded. Days times a number become yuan."""

    times: Value


class Sum(Sourced):
    """Σ of the list, in days or yuan."""

    sum: Literal["days", "yuan"]


class Slice(Sourced):
    """One slice of a ladder: the part up to and including `upto` at `rate`, at most `max`."""

    upto: Annotated[Decimal, Field(allow_inf_nan=True)]
    rate: Decimal
    max: Decimal | None = None


def _slices(raw: object) -> object:
    if not isinstance(raw, list):
        return raw
    rows: list[object] = []
    for row in raw:
        if isinstance(row, Slice):
            rows.append(row)
            continue
        if not isinstance(row, list) or len(row) not in (2, 3):
            raise ValueError(f"“{written(row)}”不对，每段要写成 [上限, 比例] 或 [上限, 比例, 本段最高]")
        upto, rate, *most = [read_bound(row[0]), *(read_number(cell) for cell in row[1:])]
        if rate > 1:
            raise ValueError(f"比例“{rate}”大于 1，四成写成 0.40")
        rows.append(Slice(upto=upto, rate=rate, max=most[0] if most else None))
    _ladder([row.upto for row in rows if isinstance(row, Slice)])
    return tuple(rows)


def _ladder(bounds: list[Decimal]) -> None:
    """Bounds rise from above 0, and the last says what becomes of everything above."""
    if bounds != sorted(set(bounds)) or bounds[:1] == [Decimal(0)]:
        raise ValueError("各段上限要从小到大，第一段大于 0")
    if not bounds or bounds[-1].is_finite():
        raise ValueError("最后一段的上限要写 .inf；以上部分不再给付的，最后一段写 [.inf, 0]")


class Slices(Sourced):
    """Σ min(max, part × rate), each bound included in its lower slice; `[.inf, 0]` pays nothing above."""

    slices: Annotated[tuple[Slice, ...], BeforeValidator(_slices)]


def _scale(raw: object) -> object:
    if not isinstance(raw, str):
        return raw
    if raw not in SCALES:
        near = nearest(raw, SCALES)
        raise ValueError(f"没有伤残等级表“{raw}”" + (f"，最接近的是 {near}" if near else ""))
    return scale_named(raw)


class ScaleBy(Sourced):
    """x × the ratio of the stated disability items by the table's own rule."""

    scale: Annotated[Scale, BeforeValidator(_scale)]


class Cap(Sourced):
    """min(x, V × times − paid − what earlier lines of this claim took), never below 0.

    `stay` counts nothing paid before, `period` what this cover paid in this period, `life` all it ever paid;
    `with_` adds benefits that share the cap.
    """

    cap: Value
    over: Over = "stay"
    times: Value | None = None
    with_: Words = ()


class Manual(Sourced):
    """Stop: a reviewer sets the amount with a reason, at most `manual` (none: no ceiling is published)."""

    manual: Value | None = None
    times: Value | None = None
    over: Over = "stay"


Step = Take | Less | Times | Sum | Slices | ScaleBy | Cap | Manual
_BY_KEY: dict[str, type[Sourced]] = {"take": Take, "less": Less, "times": Times, "sum": Sum, "slices": Slices,
                                     "scale": ScaleBy, "cap": Cap, "manual": Manual}
# `cap` and `manual` carry `times` as a modifier, so they are looked for first.
_ORDER = ("cap", "manual", "take", "less", "sum", "slices", "scale", "times")


def read_step(raw: object) -> object:
    """`{take: 100000, clause: …}` to its step; an unknown step names the eight."""
    if not isinstance(raw, dict):
        if isinstance(raw, Sourced):
            return raw
        raise ValueError(f"“{written(raw)}”不对，一步要写成 {{take: 500}} 这样的映射")
    actions = [key for key in STEPS if key in raw and not (key == "times" and ("cap" in raw or "manual" in raw))]
    if len(actions) > 1:
        raise ValueError(f"一步只写一个动作，这里写了 {' 和 '.join(actions)}，分成几步")
    for key in _ORDER:
        if key in raw:
            content = {("with_" if name == "with" else str(name)): value for name, value in raw.items()}
            if key == "manual" and content["manual"] in ("none", "UNVERIFIED"):
                content["manual"] = None
            return _BY_KEY[key].model_validate(content)
    word = str(next((key for key in raw if key not in Sourced.model_fields), ""))
    near = punctuation(word) or nearest(word, STEPS)
    if near in STEPS:
        near = f"最接近的是 {near}"
    raise ValueError(f"不认识的步骤“{word}”" + (f"，{near}" if near else "") + "；步骤有 " + " ".join(STEPS))


AnyStep = Annotated[Step, BeforeValidator(read_step)]

__all__ = ["STEPS", "AnyStep", "Cap", "Less", "Manual", "Number", "ScaleBy", "Slice", "Slices", "Step", "Sum", "Take",
           "Times"]
