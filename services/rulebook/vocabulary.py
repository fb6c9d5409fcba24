"""The words of a computation, in and out: `parse` plain data to a `Computation`; `Result.to_dict` is the output.

Every error names the dotted key, what is expected and the nearest known key.
"""

from __future__ import annotations

from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from services.core.errors import InputError
from services.rulebook.computation import Computation, Cover, Event, Paid, Person, Stay, Word
from services.rulebook.facts import FACTS
from services.rulebook.results import Line, Nothing, Result
from services.rulebook.validation import explained
from services.rulebook.values import nearest

__all__ = ["Computation", "Cover", "Event", "Line", "Nothing", "Paid", "Person", "Result", "Stay", "parse"]


def parse(data: object) -> Computation:
    """Check the words of one computation. InputError (exit 2) with the dotted key in `field`."""
    if not isinstance(data, dict):
        raise InputError("wrong_value", "输入应是一个 JSON 对象",
                         remedy="写成 {\"plan\": …, \"cover\": …, \"event\": …}")
    try:
        computation = Computation.model_validate(data)
    except ValidationError as error:
        raise _input_error(_first(error)) from None
    _check_kind(data, computation.event.kind)
    return computation


def _first(error: ValidationError) -> ErrorDetails:
    """Unknown keys first: they explain the missing ones."""
    return min(error.errors(), key=lambda detail: detail["type"] != "extra_forbidden")


def _input_error(detail: ErrorDetails) -> InputError:
    at = [str(part) for part in detail["loc"]]
    field = ".".join(at)
    if detail["type"] == "extra_forbidden":
        near = _nearest_key(at)
        return InputError("unknown_key", f"{field}：不认识的键" + (f"，最接近的是 {near}" if near else ""),
                          remedy=f"改为 {near}" if near else "删去这个键", field=field)
    if detail["type"] == "missing":
        return InputError("missing_key", f"{field}：缺少这个键", remedy=f"补上 {field}", field=field)
    return InputError("wrong_value", f"{field}：{explained(detail)}", remedy="按说明改正这个值", field=field)


def _nearest_key(at: list[str]) -> str:
    model = _model_at(at[:-1])
    names = [field.alias or name for name, field in model.model_fields.items()]
    near = nearest(at[-1], names)
    if near or model is not Computation:
        return ".".join([*at[:-1], near]) if near else _elsewhere(at[-1])
    return _elsewhere(at[-1])


def _elsewhere(word: str) -> str:
    """The key may belong to another part: `icd10` at the top is `event.icd10`."""
    models = (("cover", Cover), ("person", Person), ("event", Event))
    leaves = {f"{part}.{field.alias or name}" for part, model in models
              for name, field in model.model_fields.items()}
    by_leaf = {leaf.split(".")[-1]: leaf for leaf in sorted(leaves)}
    return by_leaf.get(nearest(word, list(by_leaf)), "")


def _model_at(at: list[str]) -> type[BaseModel]:
    model: type[BaseModel] = Computation
    for part in at:
        field = next((field for name, field in model.model_fields.items() if part in (name, field.alias)), None)
        inner = _inner(field.annotation) if field else None
        model = inner or model
    return model


def _inner(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, Word):
        return annotation
    return next((found for argument in get_args(annotation) if (found := _inner(argument))), None)


def _check_kind(data: dict[str, object], kind: str) -> None:
    """A field of another kind of event is an error that names the kinds it belongs to."""
    event = data["event"]
    assert isinstance(event, dict)
    for name in event:
        spec = FACTS.get(f"event.{name}")
        if spec and spec.kinds and kind not in spec.kinds:
            allowed = [key.removeprefix("event.") for key, other in FACTS.items()
                       if key.startswith("event.") and key.count(".") == 1 and (not other.kinds or kind in other.kinds)]
            near = nearest(name, allowed)
            raise InputError("unknown_key", f"event.{name}：不是 {kind} 事件的事实（属于 {'、'.join(spec.kinds)}）"
                             + (f"，最接近的是 event.{near}" if near else ""),
                             remedy="核对 event.kind 或删去这个键", field=f"event.{name}")
