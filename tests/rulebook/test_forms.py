"""Form and API schema grow out of the rule-book, so a new plan needs no page of its own."""

from __future__ import annotations

from services.rulebook import registry
from services.rulebook.forms import event_schema, facts_of_kind, form_fields, register_facts

NX, XJ = registry.latest("nx-ankangbao"), registry.latest("xj-women")


def test_fields_of_ankangbao() -> None:
    fields = {field.name: field for field in form_fields(NX)}
    assert list(fields) == ["icd10", "behaviour", "disease", "specimen_on", "diagnosed_on", "stays"]
    assert [name for name, field in fields.items() if field.required] == ["icd10", "specimen_on", "diagnosed_on"]
    assert (fields["specimen_on"].label, fields["specimen_on"].clause) == ("病检标本提取日", "第九条")
    assert fields["stays"].type == "stays"


def test_women_plan_offers_only_its_severities() -> None:
    severity = next(field for field in form_fields(XJ) if field.name == "severity")
    assert severity.choices == (("in_situ", "原位癌"), ("malignant", "恶性"))


def test_disability_items_come_with_their_words() -> None:
    items = next(field for field in form_fields(registry.latest("xj-inpatient-accident")) if field.name == "disability_items")
    assert (items.type, len(items.choices), items.choices[0]) == ("items", 34, ("1", "双目永久完全失明的"))


def test_event_schema_is_closed_and_typed() -> None:
    schema = event_schema(NX)
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["kind", "diagnosed_on", "icd10", "specimen_on"]
    properties = schema["properties"]
    assert isinstance(properties, dict)
    assert properties["kind"]["enum"] == ["diagnosis"]
    assert properties["specimen_on"] == {"type": "string", "format": "date", "title": "病检标本提取日",
                                         "description": "第九条"}


def test_money_is_a_decimal_string() -> None:
    properties = event_schema(registry.latest("bj-medical"))["properties"]
    assert isinstance(properties, dict)
    assert properties["outpatient_own_1"]["type"] == "string"
    assert properties["stays_own_1"]["items"]["pattern"] == r"^\d+(\.\d{1,2})?$"


def test_facts_of_a_kind_say_what_must_be_stated() -> None:
    """第九条: the specimen's day dates the cover, code or name decides the list; derived facts are not asked."""
    asked = {row.fact: row.need for row in facts_of_kind(NX, "diagnosis")}
    assert asked == {"event.icd10": "one", "event.disease": "one", "event.behaviour": "if_any", "event.specimen_on": "all",
                     "event.diagnosed_on": "if_any", "event.stays": "if_any"}
    accident = registry.latest("xj-inpatient-accident")
    assert {row.fact for row in facts_of_kind(accident, "settlement") if row.need == "all"} == {"event.settled_on"}
    assert "event.pool_own" not in {row.fact for row in facts_of_kind(accident, "accident")}


def test_what_the_plan_reads_of_cover_and_person() -> None:
    assert register_facts(NX) == ["cover.effective", "cover.until", "cover.renewal", "cover.premium_paid", "person.sex",
                                  "person.relation", "person.born"]
    assert {"cover.tier"} <= set(register_facts(registry.latest("bj-accident")))
