"""JSON Schema (2020-12) of a rule-book file as people write it, grown from the models so that it cannot drift.

The models say which keys there are, which must stand, and which words a key takes. What a scalar may look like before
the loader reads it (`16..60`, a fact's name, `[1300, 650]`, the steps' shorthand) is said here once per form; a model
that gains a form unknown here raises TypeError, and the test of the committed file fails.
"""

from __future__ import annotations

import inspect
import json
import types
import typing
from collections.abc import Callable
from datetime import date

from pydantic import BeforeValidator

from services.core.identity import BANKS
from services.rulebook import joining, parts, steps, values
from services.rulebook.facts import BEHAVIOURS, FACTS, FactSpec, full_name
from services.rulebook.reasons import FLAGS
from services.rulebook.scales import SCALES, Scale
from services.rulebook.schema import Dating, RuleBook, dates
from services.rulebook.values import Frozen, Sourced

Shape = dict[str, object]

_NUMERIC = r"^[-+]?(\d+(\.\d*)?|\.\d+|\.inf)$"
_SCALAR: Shape = {"type": ["string", "number", "boolean"]}
# A name of `tables:` has no dot, so a misspelt fact with a dot is still seen.
_TABLE_NAME = r"^[^\d\s.\-+][^\s.]*$"
NUMBER: Shape = {"anyOf": [{"type": "number"}, {"type": "string", "pattern": _NUMERIC}]}
RANGE: Shape = {"type": "string", "pattern": r"^(\d+\.\.\d*|\.\.\d+)$"}
DATE: Shape = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
READING: Shape = {"type": "string", "pattern": r"^A-\d{2}$"}


def _ref(name: str) -> Shape:
    return {"$ref": f"#/$defs/{name}"}


def _one_or_list(item: Shape) -> Shape:
    return {"anyOf": [item, {"type": "array", "items": item}]}


def _table(by: Shape) -> Shape:
    """`{by: fact, value: number, else: number}`, with its source."""
    return {"type": "object", "properties": {"by": by, "else": _ref("leaf"), **_properties(Sourced)}, "required": ["by"],
            "minProperties": 2, "additionalProperties": _ref("leaf")}


def _fact_names() -> list[str]:
    short = [name.removeprefix("event.") for name in FACTS if name.startswith("event.")]
    return [*FACTS, *(name for name in short if name not in FACTS)]


def _condition(spec: FactSpec | None) -> Shape:
    """What a condition on this fact may say: `present`, a range of a number, one value or several."""
    if spec is not None and spec.type == "bool":
        return {"enum": [True, False, "true", "false", "present"]}
    word: Shape = {**_SCALAR}
    if spec is not None and spec.choices:
        words: list[object] = [*spec.choices, *(int(choice) for choice in spec.choices if choice.isdigit())]
        word = {"enum": words}
    forms = [{"const": "present"}, word, {"type": "array", "items": word, "minItems": 1}]
    if spec is not None and (spec.unit in ("yuan", "days") or spec.type == "int"):
        forms.insert(0, RANGE)
    return {"anyOf": forms}


def _when() -> Shape:
    shapes: dict[str, object] = {"list": _condition(None)}
    for name, spec in FACTS.items():
        shapes[name] = shapes[name.removeprefix("event.")] = _condition(spec)
    return {"type": "object", "properties": shapes, "additionalProperties": False,
            "description": "Every condition must hold; {} always holds."}


def _forms() -> dict[str, Shape]:
    """The definitions that stand for written forms rather than for models."""
    value: list[Shape] = [NUMBER, _ref("fact"), {"type": "string", "pattern": _TABLE_NAME}, _ref("each"),
                          _table(_ref("fact")), _product()]
    return {
        "fact": {"enum": _fact_names(), "description": "A fact of the computation; `event.` may be left out."},
        "each": {"type": "array", "prefixItems": [NUMBER, NUMBER], "minItems": 2, "maxItems": 2,
                 "description": "[first, each later one] of a list."},
        "leaf": {"anyOf": [NUMBER, _ref("each")]},
        "value": {"anyOf": value, "description": "A number, a fact, a table by name or in place, [first, later], "
                                                 "or a share of another amount."},
        "when": _when(),
    }


def _product() -> Shape:
    return {"type": "object", "properties": {"take": _ref("value"), "times": _ref("value")},
            "required": ["take", "times"], "additionalProperties": False}


def _written(hint: object) -> Shape | None:
    """The written form of an annotation that a validator reads from something else than its type."""
    forms: list[tuple[object, Callable[[], Shape]]] = [
        (values.Value, lambda: _ref("value")), (values.Number, lambda: NUMBER), (values.Range, lambda: RANGE),
        (values.When, lambda: _ref("when")), (values.FactName, lambda: _ref("fact")),
        (values.Words, lambda: _one_or_list(_SCALAR)), (values.Name, lambda: {"type": "string", "minLength": 1}),
        (joining.Part, lambda: {**NUMBER, "exclusiveMinimum": 0, "maximum": 1}),
        (values.Day, lambda: DATE), (values.DayRange, lambda: RANGE), (values.AgeRange, lambda: RANGE),
        (Dating, lambda: {"enum": [name for name in _fact_names() if dates(full_name(name))]}),
        (parts.Letters, lambda: _one_or_list({"enum": [*parts.LETTERS, *parts.INSURER_LETTERS]})),
        (parts.BankCodes, lambda: _one_or_list({"enum": list(BANKS)})),
        (parts.Prefixes, lambda: _one_or_list({"type": "string", "pattern": f"^{parts.PREFIX}$"})),
        (parts.Behaviours, lambda: _one_or_list({"enum": [*BEHAVIOURS, *(int(code) for code in BEHAVIOURS)]})),
        (joining.FeeAmount, lambda: {"anyOf": [NUMBER, _table({"const": "cover.tier"})]}),
        (steps.AnyStep, lambda: {"oneOf": [_ref(step.__name__) for step in typing.get_args(steps.Step)]}),
        (steps.Slice, lambda: {"type": "array", "prefixItems": [NUMBER, NUMBER, NUMBER], "minItems": 2, "maxItems": 3,
                               "description": "[up to and including, rate, at most]"}),
        (Scale, lambda: {"enum": list(SCALES)}),
    ]
    return next((shape() for form, shape in forms if form == hint), None)


def _shape(hint: object) -> Shape:
    """The schema of one annotation. TypeError when its written form is not known."""
    known = _written(hint)
    if known is not None:
        return known
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return _annotated(arguments[0], [part for part in arguments[1:] if isinstance(part, BeforeValidator)])
    if origin in (typing.Union, types.UnionType):
        shapes = [_shape(part) for part in arguments if part is not type(None)]
        return shapes[0] if len(shapes) == 1 else {"anyOf": shapes}
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if origin is tuple:
        return {"type": "array", "items": _shape(arguments[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": _shape(arguments[1])}
    if isinstance(hint, type) and issubclass(hint, Frozen):
        return _ref(hint.__name__)
    plain: dict[object, Shape] = {str: {"type": "string"}, int: {"type": "integer"}, bool: {"type": "boolean"}, date: DATE}
    if hint in plain:
        return plain[hint]
    raise TypeError(f"no written form is known for {hint!r}: say it in {__name__}")


def _annotated(inner: object, validators: list[BeforeValidator]) -> Shape:
    """A list read to a tuple, a scalar perhaps to a list of one; any other reading must be a known form."""
    if not validators:
        return _shape(inner)
    known = _written(inner)
    if known is not None:
        return known
    if typing.get_origin(inner) is not tuple:
        raise TypeError(f"no written form is known for {inner!r}: say it in {__name__}")
    read = typing.cast("Callable[[object], object]", validators[0].func)
    item = _shape(typing.get_args(inner)[0])
    if typing.get_args(inner)[0] == steps.Slice:
        return {"type": "array", "items": item, "minItems": 1}
    return _one_or_list(item) if read("x") == ("x",) else {"type": "array", "items": item}


def _properties(model: type[Frozen]) -> dict[str, object]:
    hints = typing.get_type_hints(model, include_extras=True)
    found: dict[str, object] = {}
    for name, field in model.model_fields.items():
        shape = {**_shape(hints[name])}
        if shape.get("type") == "integer":
            shape |= _bounds(field.metadata)
        pattern = next((part.pattern for part in field.metadata if getattr(part, "pattern", None)), None)
        found[_key(model, name)] = {**shape, "pattern": pattern} if pattern else shape
    if "read" in found:
        found["read"] = _one_or_list(READING)
    for flag in ("code", "flag") if model in (parts.PlanFlag, parts.Total) else ():
        if flag in found:
            found[flag] = {"enum": list(FLAGS)}
    return found


def _bounds(metadata: list[object]) -> Shape:
    """The least and the most of a whole number."""
    found = [(word, getattr(part, bound, None)) for part in metadata for word, bound in (("minimum", "ge"), ("maximum", "le"))]
    return {word: limit for word, limit in found if limit is not None}


def _key(model: type[Frozen], name: str) -> str:
    return model.model_fields[name].alias or name.rstrip("_")


def _model(model: type[Frozen]) -> Shape:
    """One model as an object: its docstring, keys, and the keys that must stand."""
    required = [_key(model, name) for name, field in model.model_fields.items() if field.is_required()]
    if model in typing.get_args(steps.Step):
        required = [next(name for name in model.model_fields if name not in Sourced.model_fields)]
    return {"type": "object", "description": inspect.cleandoc(model.__doc__ or ""), "properties": _properties(model),
            "required": required, "additionalProperties": False}


def _benefit() -> Shape:
    """A benefit written in full, or one `like` another with what differs."""
    whole = _model(parts.Benefit)
    own = {"like": {"type": "string", "description": "Another benefit written in full; keys given here replace its own."}}
    return {**whole, "properties": {**typing.cast("Shape", whole["properties"]), **own}, "required": [],
            "anyOf": [{"required": whole["required"]}, {"required": ["like"]}]}


def _models_of(shape: object) -> set[str]:
    """The names of definitions that a shape points to."""
    if isinstance(shape, dict):
        here = {str(shape["$ref"]).rpartition("/")[2]} if "$ref" in shape else set()
        return here.union(*(_models_of(part) for part in shape.values()))
    return set().union(*(_models_of(part) for part in shape)) if isinstance(shape, list) else set()


def schema() -> Shape:
    """The whole schema. `tables` and `like` exist only in the file; `digest` only in memory."""
    book = _model(RuleBook)
    keys = {name: shape for name, shape in typing.cast("Shape", book["properties"]).items() if name != "digest"}
    keys["tables"] = {"type": "object", "additionalProperties": _ref("value"),
                      "description": "Values by name, to be used wherever a value may stand."}
    found: dict[str, Shape] = _forms() | {"Benefit": _benefit()}
    waiting = _models_of([keys, found])
    while waiting - set(found):
        name = min(waiting - set(found))
        found[name] = _model(_frozen(name))
        waiting |= _models_of(found[name])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:huzhu:rulebook",
            "title": "互助保障计划规则文件", "description": inspect.cleandoc(RuleBook.__doc__ or ""), "type": "object",
            "properties": dict(sorted(keys.items())),
            "required": [name for name in typing.cast("list[str]", book["required"]) if name != "digest"],
            "additionalProperties": False, "$defs": dict(sorted(found.items()))}


def _frozen(name: str) -> type[Frozen]:
    return typing.cast("type[Frozen]", next(getattr(module, name) for module in (joining, parts, steps, values)
                                            if hasattr(module, name)))


def text() -> str:
    """The schema as committed in `rulebook.schema.json`."""
    return json.dumps(schema(), ensure_ascii=False, indent=1) + "\n"
