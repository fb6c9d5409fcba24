"""The eight steps on one running quantity: take less times sum slices scale cap manual."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from services.rulebook.scales import SCALES, Scale, scale_named
from services.rulebook.values import Number, Sourced, Value, Words, nearest, read_number

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
            raise ValueError("每段要写成 [上限, 比例] 或 [上限, 比例, 本段最高]")
        number = [read_number(cell) for cell in row]
        rows.append(Slice(upto=number[0], rate=number[1], max=number[2] if len(number) == 3 else None))
    bounds = [row.upto for row in rows if isinstance(row, Slice)]
    if bounds != sorted(set(bounds)):
        raise ValueError("各段上限要从小到大")
    return tuple(rows)


class Slices(Sourced):
    """Σ min(max, part × rate), each bound included in its lower slice."""

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
        return raw
    for key in _ORDER:
        if key in raw:
            content = {("with_" if name == "with" else str(name)): value for name, value in raw.items()}
            if key == "manual" and content["manual"] in ("none", "UNVERIFIED"):
                content["manual"] = None
            return _BY_KEY[key].model_validate(content)
    word = next((key for key in raw if key not in Sourced.model_fields), "")
    near = nearest(str(word), STEPS)
    raise ValueError(f"不认识的步骤“{word}”" + (f"，最接近的是 {near}" if near else "") + "；步骤有 " + " ".join(STEPS))


AnyStep = Annotated[Step, BeforeValidator(read_step)]

__all__ = ["STEPS", "AnyStep", "Cap", "Less", "Manual", "Number", "ScaleBy", "Slice", "Slices", "Step", "Sum", "Take",
           "Times"]
