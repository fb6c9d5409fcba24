"""A plan as its draft stands: tree, text, form, findings by field, sample cases computed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from services.core.errors import InputError
from services.engine.telling.wording import steps_words
from services.releases import book_change
from services.releases.book_change import Sample
from services.releases.composing import form as forms
from services.releases.composing import samples as cases
from services.releases.composing.catalogue import Part, parts, source
from services.releases.composing.form import Group
from services.releases.composing.tree import Tree, assemble, settled, written
from services.rulebook.parts import LETTERS
from services.rulebook.schema import RuleBook

_UNMOVED, _LAST_YEAR = date(2000, 1, 1), 2099


@dataclass(frozen=True, slots=True)
class Draft:
    """What a draft's form says. `parts`: keys of the catalogue; `values` by field; `dropped` places; `letters` None: the base's."""

    base: str
    parts: tuple[str, ...]
    values: Mapping[str, str]
    dropped: frozenset[str] = frozenset()
    letters: tuple[str, ...] | None = None

    def as_json(self) -> dict[str, object]:
        """As it is kept."""
        return {"parts": list(self.parts), "values": dict(self.values), "dropped": sorted(self.dropped),
                "letters": None if self.letters is None else list(self.letters)}


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding: its words and the field of the form that it is about, empty for the whole."""

    words: str
    field: str


@dataclass(frozen=True, slots=True)
class Composed:
    """The draft worked out. `book` None: the form does not make a rule-book yet; `samples` then empty."""

    text: str
    book: RuleBook | None
    problems: tuple[Problem, ...]
    groups: Mapping[str, list[Group]]
    samples: tuple[Sample, ...]
    sample_fields: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    letters: tuple[tuple[str, bool], ...]
    parts: Mapping[str, list[Part]]
    borrowed: tuple[str, ...]           # fields of clauses that still name another plan's document

    @property
    def plan(self) -> str:
        """The code that the form gives the plan."""
        return next((field.value for group in self.groups["head"] for field in group.fields if field.path == "plan"), "")


def draft_of(base: str, kept: Mapping[str, object]) -> Draft:
    """A draft as it was kept."""
    values, letters = kept.get("values"), kept.get("letters")
    return Draft(base, tuple(_words(kept.get("parts"))), {str(key): str(value) for key, value in values.items()}
                 if isinstance(values, Mapping) else {}, frozenset(_words(kept.get("dropped"))),
                 None if letters is None else tuple(_words(letters)))


def changed(draft: Draft, before: Draft) -> Draft:
    """The draft without what the form only showed of its sample cases: those days follow the plan's first day, changed ones stay."""
    shown = dict(pair for _, fields in worked_out(before).sample_fields for pair in fields)
    return replace(draft, values={path: text for path, text in draft.values.items()
                                  if path in before.values or shown.get(path) != text.strip()})


def worked_out(draft: Draft) -> Composed:
    """The plan that a draft makes, everything wrong with it, and its sample cases."""
    base = source(draft.base)[0]
    offered = parts(base)
    known = {part.key: part for rows in offered.values() for part in rows}
    chosen = [part for key, part in known.items() if key in draft.parts]
    raw = assemble(draft.base, chosen)
    tree = forms.filled(raw, draft.values, draft.dropped, draft.letters)
    plan = str(tree.get("plan", ""))
    book, found = book_change.read(plan, written(tree))
    if book is not None:
        tree = settled(tree, book)
        book, found = book_change.read(plan, written(tree))
    said = {code: tuple(words for words, _ in steps_words(book, benefit)) for code, benefit in book.benefits.items()} if book else {}
    plain = cases.samples(chosen, _from(tree))
    given = cases.edited(plain, draft.values)
    asked = tree.get("letters")
    shown = forms.form({**raw, **_head(tree)}, said, draft.dropped)
    odd = forms.not_numbers(raw, draft.values)
    problems = [Problem(words, field) for field, words in odd.items()]
    problems += [Problem(one.message, field) for one in found if (field := forms.field_of(raw, tree, one.key)) not in odd]
    problems += _not_new(book) if book else []
    if not chosen:
        problems.insert(0, Problem("没有选择保障项目", "parts"))
    return Composed(written(tree), book, tuple(problems), _with_values(shown, draft.values),
                    tuple(book_change.computed(book, given)) if book and not found else (),
                    tuple((name, tuple(cases.fields(name, one))) for name, one in plain),
                    tuple((name, isinstance(asked, list) and name in asked) for name in LETTERS), offered,
                    tuple(forms.borrowed(raw, draft.values)))


def _not_new(book: RuleBook) -> list[Problem]:
    """A code that another office has, a wording of that day that is there already."""
    try:
        book_change.require_new(book)
    except InputError as error:
        return [Problem(error.message, "plan" if error.field == "payload.plan" else "from")]
    return []


def _head(tree: Tree) -> Tree:
    return {key: tree[key] for key in ("plan", "name", "from", "source") if key in tree}


def _with_values(groups: Mapping[str, list[Group]], values: Mapping[str, str]) -> dict[str, list[Group]]:
    """Each field with what was filled in."""
    return {name: [Group(group.title, group.place, tuple(
        forms.Field(field.path, field.label, field.kind, values.get(field.path, field.value), field.hint) for field in group.fields),
        group.drop, group.dropped) for group in rows] for name, rows in groups.items()}


def _from(tree: Tree) -> date:
    """The day that sample cases move to; they stay where they are for one that nobody means."""
    try:
        day = date.fromisoformat(str(tree.get("from", "")))
    except ValueError:
        return _UNMOVED
    return day if day.year <= _LAST_YEAR else _UNMOVED


def _words(raw: object) -> list[str]:
    return [str(one) for one in raw] if isinstance(raw, list | tuple) else []
