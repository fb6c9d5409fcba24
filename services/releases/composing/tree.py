"""A base wording and chosen parts become the tree of a new one; the new wording's own words replace the clauses of the old ones."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence

import yaml

from services.engine.checking.reach import facts_read
from services.engine.conditions import expand
from services.releases.composing.catalogue import Part, source
from services.rulebook.facts import FACTS, full_name
from services.rulebook.loader import Raw
from services.rulebook.schema import RuleBook

Tree = dict[str, Raw]
# The order of a file, and what an office may leave out.
KEYS = ("plan", "name", "office", "office_name", "insurer", "from", "source", "dated_by", "dated_clause", "mode", "route", "kinds", "term",
        "fee", "shares", "eligible", "payer_ban", "participation", "requires", "waiting", "bands", "lists", "benefits", "one_of", "total",
        "once_per", "flags", "exclusions", "questions", "papers", "chain", "clocks", "banks", "letters")
OPTIONAL = ("participation", "requires", "waiting", "bands", "total", "once_per", "payer_ban")
_OF_OLD = ("clause", "origin", "read")


def assemble(base: str, chosen: Sequence[Part]) -> Tree:
    """The tree of a plan that has the base's frame and the chosen parts, under the base's own code and day until a form changes them.

    What a part needs comes along: its lists, bands, papers, exclusions, kinds of event, and what it ends or shares a cap with where
    that is chosen too.
    """
    book, _, tree = source(base)
    made: Tree = {key: copy.deepcopy(tree[key]) for key in KEYS if key in tree and key not in ("lists", "benefits", "one_of", "flags")}
    made |= {"lists": {}, "benefits": {}, "one_of": [], "papers": list(_rows(made.get("papers")))}
    codes = _codes(base, chosen)
    kinds: list[str] = []
    for wording in dict.fromkeys([base, *(part.wording for part in chosen)]):
        own = [part for part in chosen if part.wording == wording]
        if own:
            kinds += _bring(made, wording, own, codes, foreign=wording != base)
    made["kinds"] = list(dict.fromkeys(kinds)) or list(book.kinds)
    made["flags"] = [row for row in _rows(tree.get("flags")) if "band" not in _mapping(_mapping(row).get("when")) or "bands" in made]
    return {key: made[key] for key in KEYS if made.get(key) not in (None, [], {})}


def settled(tree: Tree, book: RuleBook) -> Tree:
    """Papers prove only what this plan reads: what a part's own plan read besides is left out."""
    read = facts_read(book)
    made = copy.deepcopy(tree)
    for paper in _rows(made.get("papers")):
        row = _mapping(paper)
        if "proves" in row:
            row["proves"] = [fact for fact in _rows(row["proves"]) if full_name(str(fact)) in read]
            if not row["proves"]:
                del row["proves"]
    return made


class _Plain(yaml.BaseDumper):
    """Scalars as they are read: no number is quoted, for the loader takes each as text. Everything in full, no references."""

    def ignore_aliases(self, data: object) -> bool:
        """What stands twice is written twice."""
        return True


_Plain.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text))
_Plain.add_representer(dict, lambda dumper, tree: dumper.represent_mapping("tag:yaml.org,2002:map", tree.items()))
_Plain.add_representer(list, lambda dumper, rows: dumper.represent_sequence("tag:yaml.org,2002:seq", rows))


def written(tree: Tree) -> str:
    """The file: short mappings and lists on one line, keys in their order."""
    return str(yaml.dump(tree, Dumper=_Plain, allow_unicode=True, sort_keys=False, width=140, default_flow_style=None))


def _codes(base: str, chosen: Sequence[Part]) -> dict[str, str]:
    """The code of each part in the new plan: its own, or with its plan's word before it where two parts have the same."""
    taken: dict[str, str] = {}
    for part in sorted(chosen, key=lambda one: one.wording != base):        # the base's own keep theirs
        code = part.code
        if code in taken.values():
            code = f"{part.plan.partition('-')[2].replace('-', '_')}_{code}"
        taken[part.key] = code
    return taken


def _bring(made: Tree, wording: str, own: Sequence[Part], codes: dict[str, str], *, foreign: bool) -> list[str]:
    """One wording's chosen parts with what they need; the kinds of event they answer."""
    book, _, tree = source(wording)
    renamed = {part.code: codes[part.key] for part in own}
    lists = _lists(made, book, _mapping(tree.get("lists")), own)
    kinds: list[str] = []
    for part in own:
        raw = copy.deepcopy(_mapping(_mapping(tree["benefits"])[part.code]))
        _moved(raw, renamed, lists)
        if foreign:
            raw["exclusions"] = [*_rows(tree.get("exclusions")), *_rows(raw.get("exclusions"))]
            if not raw["exclusions"]:
                del raw["exclusions"]
        _mapping(made["benefits"])[renamed[part.code]] = raw
        kinds += _kinds(book, part.code)
    for row in _rows(tree.get("one_of")):
        of = [renamed[name] for name in map(str, _rows(_mapping(row).get("benefits"))) if name in renamed]
        if len(of) > 1:
            _rows(made["one_of"]).append({**_mapping(row), "benefits": list(of)})
    if foreign:
        _around(made, tree, own, book)
    return kinds


def _around(made: Tree, tree: Tree, own: Sequence[Part], book: RuleBook) -> None:
    """Bands, dates, questions and papers of a foreign part, where the base has none of that name."""
    banded = any(one.fact == "band" for part in own for one in book.benefits[part.code].when)
    if banded and "bands" not in made and "bands" in tree:
        made["bands"] = copy.deepcopy(tree["bands"])
    made["dated_by"] = list(dict.fromkeys([*_listed(made["dated_by"]), *_listed(tree["dated_by"])]))
    named = [str(name) for part in own for name in _rows(_mapping(_mapping(tree["benefits"])[part.code]).get("exclusions"))]
    asked = expand((*named, *map(str, _rows(tree.get("exclusions")))))
    questions = {name: words for name, words in _mapping(tree.get("questions")).items() if name in asked}
    if questions:
        made["questions"] = {**_mapping(made.get("questions")), **questions}
    known = {str(_mapping(row).get("kind")) for row in _rows(made["papers"])}
    _rows(made["papers"]).extend(copy.deepcopy(row) for row in _rows(tree.get("papers")) if str(_mapping(row).get("kind")) not in known)


def _lists(made: Tree, book: RuleBook, lists: Tree, own: Sequence[Part]) -> dict[str, str]:
    """The lists that the parts read, under their own names or, where another list has that name, their plan's word before it."""
    read = dict.fromkeys(name for part in own for one in book.benefits[part.code].when if one.fact == "list" for name in one.any_of)
    there, renamed = _mapping(made["lists"]), dict[str, str]()
    for name in read:
        new = name if there.get(name, lists[name]) == lists[name] else f"{book.plan.partition('-')[2].replace('-', '_')}_{name}"
        there[new] = copy.deepcopy(lists[name])
        renamed[name] = new
    return renamed


def _moved(raw: Tree, renamed: dict[str, str], lists: dict[str, str]) -> None:
    """A part's names become those of the new plan; clauses of its steps go, since the part's own clause says where they stand now."""
    raw.pop("origin", None)
    when = _mapping(raw.get("when"))
    if "list" in when:
        named = [lists[str(name)] for name in _listed(when["list"])]
        when["list"] = named[0] if len(named) == 1 else list(named)
    if "ends" in raw and raw["ends"] != "all":
        ends = [renamed[name] for name in _listed(raw["ends"]) if name in renamed]
        raw.pop("ends")
        if ends:
            raw["ends"] = list(ends)
    for step in map(_mapping, _rows(raw.get("steps"))):
        for key in _OF_OLD:
            step.pop(key, None)
        for value in step.values():
            if isinstance(value, dict):
                for key in _OF_OLD:
                    value.pop(key, None)
        if "with" in step:
            shared = [renamed[name] for name in _listed(step.pop("with")) if name in renamed]
            if shared:
                step["with"] = list(shared)


def _kinds(book: RuleBook, code: str) -> list[str]:
    """The kinds of event in which a benefit can be owed, by the facts that it asks for and takes."""
    benefit = book.benefits[code]
    found: list[str] = list(book.kinds)
    facts = [one.fact for one in benefit.when if one.fact in FACTS]
    for fact in facts:
        found = [kind for kind in found if not FACTS[fact].kinds or kind in FACTS[fact].kinds]
    for one in benefit.when:
        if one.fact == "event.kind":
            found = [kind for kind in found if kind in one.any_of]
        if one.fact in ("list", "event.severity"):
            found = [kind for kind in found if kind in ("diagnosis", "death")]
    return found


def _rows(raw: Raw | None) -> list[Raw]:
    return raw if isinstance(raw, list) else []


def _mapping(raw: Raw | None) -> Tree:
    return raw if isinstance(raw, dict) else {}


def _listed(raw: Raw | None) -> list[str]:
    """One name or several, as the language allows both."""
    found: Iterable[Raw] = raw if isinstance(raw, list) else [raw] if isinstance(raw, str) else []
    return [str(one) for one in found]
