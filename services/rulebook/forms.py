"""The web form and the API schema of an event, grown from the rule-book: a new plan needs no page of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from services.rulebook.facts import FACTS, FactSpec
from services.rulebook.flow import facts_in
from services.rulebook.parts import Benefit
from services.rulebook.scales import Scale
from services.rulebook.schema import RuleBook
from services.rulebook.steps import ScaleBy
from services.rulebook.values import Condition

FieldType = Literal["bool", "int", "text", "choice", "date", "money", "stays", "list_money", "items"]


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of the event's form; `name` as in the computation, `clause` why it is asked."""

    name: str
    label: str
    type: FieldType
    required: bool
    clause: str
    choices: tuple[tuple[str, str], ...] = ()


# Words for the values of facts with a fixed choice.
CHOICES = {
    "severe": "重度", "light": "轻度", "in_situ": "原位癌", "malignant": "恶性", "sudden_death": "猝死",
    "life": "生活", "work": "工作", "non_work": "非工作", "member": "会员本人", "child": "子女",
    "fire": "火灾", "burst_pipe": "水暖管爆裂", "diagnosis": "确诊疾病", "inpatient": "住院", "accident": "意外",
    "property": "家财损失", "medical_year": "年度医疗", "settlement": "住院结算", "death": "身故", "consolation": "慰问",
}


def event_facts(book: RuleBook) -> dict[str, str]:
    """Every event fact this plan reads, with the clause that asks for it, in the table's order."""
    found: dict[str, str] = dict.fromkeys(book.dated_by, book.dated_clause)
    if "diagnosis" in book.kinds:
        found.setdefault("event.specimen_on", "")  # the pathology report states it, and another plan may need it
        found.setdefault("event.diagnosed_on", book.clocks["report"].clause if "report" in book.clocks else "")
    for rule in book.lists.values():
        found.setdefault("event.icd10", rule.clause)
        if rule.behaviour:
            found.setdefault("event.behaviour", rule.clause)
        if rule.diseases:
            found.setdefault("event.disease", rule.clause)
    for benefit in book.benefits.values():
        for fact in _facts_of(benefit):
            found.setdefault(fact, benefit.clause)
    asked = {_asked(fact): clause for fact, clause in found.items() if fact.startswith("event.")}
    return {fact: asked[fact] for fact in FACTS if fact in asked and fact != "event.kind"}


def _asked(fact: str) -> str:
    """Days and first admission are both read from the list of stays."""
    return "event.stays" if fact.startswith("event.stays.") else fact


def _facts_of(benefit: Benefit) -> Iterator[str]:
    yield from benefit.asks
    for condition in benefit.when:
        if condition.fact not in ("list", "band"):
            yield condition.fact
            if condition.fact == "event.severity" and "sudden_death" in condition.any_of:
                yield "event.sudden_death"
    for step in benefit.steps:
        for key in ("take", "less", "times", "cap", "manual"):
            yield from facts_in(getattr(step, key, None))
        if isinstance(step, ScaleBy):
            yield step.scale.fact


def form_fields(book: RuleBook) -> list[FormField]:
    """The fields of the event's form, in order; which are required follows from what the plan cannot do without."""
    needed = required_facts(book)
    return [FormField(fact.removeprefix("event."), FACTS[fact].label, _field_type(fact), fact in needed, clause,
                      _choices(book, fact))
            for fact, clause in event_facts(book).items()]


def required_facts(book: RuleBook) -> set[str]:
    """The fact that dates the claim, the disease where a list decides, and the dates the report clock needs.

    Of a plan that answers several kinds of event, only what every kind has.
    """
    needed = {_asked(book.dated_by[0])} if len(book.dated_by) == 1 else set()
    if book.lists and book.kinds == ("diagnosis",):
        needed |= {"event.icd10", "event.diagnosed_on"}
    return needed


@dataclass(frozen=True, slots=True)
class Asked:
    """One fact of one kind of event. `need`: `all` must be stated, of those marked `one` at least one, the rest if any."""

    fact: str
    need: Literal["all", "one", "if_any"]


def facts_of_kind(book: RuleBook, kind: str) -> list[Asked]:
    """What a report of this kind states under this plan: the day that dates it, the disease where lists decide, the rest."""
    found = [fact for fact in event_facts(book) if kind in (FACTS[fact].kinds or (kind,))]
    dating = {_asked(fact) for fact in book.dated_by} & set(found)
    needed = {fact: "all" if len(dating) == 1 else "one" for fact in dating}
    if kind == "diagnosis" and book.lists and all(rule.verified for rule in book.lists.values()):
        needed["event.icd10"] = "one" if "event.disease" in found else "all"
        needed |= {"event.disease": "one"} if "event.disease" in found else {}
    named: dict[str, Literal["all", "one", "if_any"]] = {"all": "all", "one": "one"}
    return [Asked(fact, named.get(needed.get(fact, ""), "if_any")) for fact in found]


def register_facts(book: RuleBook) -> list[str]:
    """What the plan reads of the cover and the person, in the table's order; what is derived stands for its origin."""
    found = {"cover.effective", "cover.until"} | ({"cover.shares"} if book.shares.max > 1 else set())
    found |= {"person.sex"} if book.eligible.sex else set()
    found |= {"person.relation"} if book.eligible.relation else set()
    found |= {"person.born"} if book.eligible.age or book.eligible.renewal_age else set()
    found |= {"person.high_risk_work"} if book.fee.high_risk is not None else set()
    found |= {"cover.renewal"} if book.bands and book.bands.renewal else set()
    found |= {_ORIGIN.get(fact, fact) for fact in _every_fact(book)}
    return [fact for fact in FACTS if fact in found and fact.startswith(("cover.", "person."))]


_ORIGIN = {"person.age": "person.born"}


def _every_fact(part: object) -> Iterator[str]:
    """Every fact that a value, a condition or a modifier of this part names."""
    if isinstance(part, BaseModel):
        for name in type(part).model_fields:
            found = getattr(part, name)
            if name in ("fact", "by", "unless") and isinstance(found, str):
                yield found
            yield from _every_fact(found)
    elif isinstance(part, dict):
        yield from (fact for item in part.values() for fact in _every_fact(item))
    elif isinstance(part, tuple | list):
        yield from (fact for item in part for fact in _every_fact(item))


def _field_type(fact: str) -> FieldType:
    spec = FACTS[fact]
    if fact == "event.stays":
        return "stays"
    if spec.choices:
        return "choice"
    kinds: dict[str, FieldType] = {"bool": "bool", "int": "int", "days": "int", "date": "date", "money": "money",
                                   "list_money": "list_money", "list_int": "items"}
    return kinds.get(spec.type, "text")


def _conditions(book: RuleBook, fact: str) -> list[Condition]:
    return [condition for benefit in book.benefits.values() for condition in benefit.when if condition.fact == fact]


def _scale_of(book: RuleBook, fact: str) -> Scale | None:
    return next((step.scale for benefit in book.benefits.values() for step in benefit.steps
                 if isinstance(step, ScaleBy) and step.scale.fact == fact), None)


def _choices(book: RuleBook, fact: str) -> tuple[tuple[str, str], ...]:
    scale = _scale_of(book, fact)
    if scale:
        return tuple((str(item), row.text) for item, row in scale.items.items())
    words = FACTS[fact].choices
    named = [word for condition in _conditions(book, fact) for word in condition.any_of if word in words]
    offered = list(dict.fromkeys(named)) or list(words)
    return tuple((word, CHOICES.get(word, word)) for word in offered if word != "sudden_death")


def event_schema(book: RuleBook) -> dict[str, object]:
    """JSON Schema (2020-12) of the event of this plan, in the words of the vocabulary."""
    facts, needed = event_facts(book), required_facts(book)
    properties: dict[str, object] = {"kind": {"enum": list(book.kinds), "title": FACTS["event.kind"].label}}
    for fact, clause in facts.items():
        shape = _json_type(book, fact, FACTS[fact])
        properties[fact.removeprefix("event.")] = {**shape, "title": FACTS[fact].label, "description": clause}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:huzhu:{book.plan}:{book.version}:event",
            "title": f"{book.name}（{book.version}）", "type": "object", "properties": properties,
            "required": ["kind", *sorted(fact.removeprefix("event.") for fact in needed)],
            "additionalProperties": False}


_MONEY = {"type": "string", "pattern": r"^\d+(\.\d{1,2})?$"}
_DATE = {"type": "string", "format": "date"}
_STAY = {"oneOf": [
    {"type": "object", "properties": {"days": {"type": "integer", "minimum": 0}}, "required": ["days"],
     "additionalProperties": False},
    {"type": "object", "properties": {"from": _DATE, "to": _DATE}, "required": ["from", "to"],
     "additionalProperties": False}]}


def _json_type(book: RuleBook, fact: str, spec: FactSpec) -> dict[str, object]:
    if fact == "event.stays":
        return {"type": "array", "items": _STAY}
    if spec.type == "list_int":
        return {"type": "array", "items": {"enum": [int(item) for item, _ in _choices(book, fact)]}}
    if spec.choices:
        return {"enum": [word for word, _ in _choices(book, fact)]}
    plain: dict[str, dict[str, object]] = {
        "money": {**_MONEY}, "date": {**_DATE}, "bool": {"type": "boolean"}, "int": {"type": "integer"},
        "days": {"type": "integer", "minimum": 0}, "list_money": {"type": "array", "items": _MONEY}}
    return plain.get(spec.type, {"type": "string", "minLength": 1})
