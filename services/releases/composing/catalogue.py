"""The parts that a plan is composed of: the benefits of every plan's newest wording, each under a heading an office knows."""

from __future__ import annotations

from dataclasses import dataclass

from services.core.errors import NotFound
from services.engine.telling.wording import condition_words, steps_words
from services.rulebook import registry
from services.rulebook.loader import Document, Raw, expanded
from services.rulebook.parts import Benefit
from services.rulebook.schema import RuleBook
from services.rulebook.steps import Manual, ScaleBy, Take
from services.rulebook.values import FactRef, Product

# In the order of the page; the first that fits a benefit is its heading.
GROUPS = ("allowance", "medical", "second", "women", "consolation", "illness", "death", "property", "manual", "other")
_BY_FACT = {"event.stays.days": "allowance", "event.subsidy_days": "allowance", "event.medical_own_payment": "medical",
            "event.own_payment": "second", "event.outpatient_own_1": "second", "event.stays_own_1": "second",
            "event.over_cap_own_1": "second", "event.pool_own": "second", "event.large_own": "second",
            "event.pool_fund_paid": "second", "event.loss": "property"}


@dataclass(frozen=True, slots=True)
class Part:
    """One benefit of one wording. `key`: "xj-women 2024-01-01 malignant"; `said` its conditions and steps in words."""

    key: str
    plan: str
    version: str
    code: str
    name: str
    plan_name: str
    group: str
    said: tuple[str, ...]

    @property
    def wording(self) -> str:
        """The wording it is taken from, "xj-women 2024-01-01"."""
        return f"{self.plan} {self.version}"


def bases(prefix: str = "") -> list[RuleBook]:
    """The newest wordings that a plan may start from, those of an office (`xj`) or of all; a bundle is no base."""
    newest = {book.plan: book for book in registry.plans()}
    return [book for book in newest.values() if not book.bundle and (not prefix or book.plan.startswith(f"{prefix}-"))]


def parts(base: RuleBook) -> dict[str, list[Part]]:
    """What may stand beside the base, by heading: benefits that are computed in the same way (one event, or a year to date)."""
    found: dict[str, list[Part]] = {group: [] for group in GROUPS}
    for book in bases():
        if book.mode == base.mode:
            for part in parts_of(book):
                found[part.group].append(part)
    return {group: rows for group, rows in found.items() if rows}


def parts_of(book: RuleBook) -> list[Part]:
    """The benefits of one wording."""
    return [Part(f"{book.plan} {book.version} {code}", book.plan, book.version, code, benefit.name, book.name, _group(book, benefit),
                 (*(condition_words(book, one) for one in benefit.when), *(words for words, _ in steps_words(book, benefit))))
            for code, benefit in book.benefits.items()]


def source(wording: str) -> tuple[RuleBook, Document, dict[str, Raw]]:
    """A wording by "plan version": the book, its document, and its tree with tables in their places and `like` filled in."""
    plan, _, version = wording.partition(" ")
    book = next((one for one in bases() if (one.plan, one.version) == (plan, version)), None)
    documents = registry.documents(plan, version)
    if book is None or not documents:
        raise NotFound("base_missing", f"没有可用的条款“{wording}”，或已有新的一版", remedy="从计划一览中另选")
    return book, documents[0], expanded(documents[0])


def _group(book: RuleBook, benefit: Benefit) -> str:
    facts = [_fact(step) for step in benefit.steps if isinstance(step, Take)]
    known = next((_BY_FACT[fact] for fact in facts if fact in _BY_FACT), "")
    if known:
        return known
    if isinstance(benefit.steps[0], Manual):
        return "manual"
    if "慰问" in benefit.name:
        return "consolation"
    if any(isinstance(step, ScaleBy) for step in benefit.steps) or any("death" in one.fact for one in benefit.when):
        return "death"
    if "diagnosis" in book.kinds:
        return "women" if book.eligible.sex == "F" else "illness"
    return "property" if book.kinds == ("property",) else "other"


def _fact(step: Take) -> str:
    value = step.take.take if isinstance(step.take, Product) else step.take
    return value.fact if isinstance(value, FactRef) else ""
