"""What a rule-book must be besides well written: every number with its clause and origin, every word known, nothing
out of reach."""

from __future__ import annotations

from collections.abc import Iterator

from services.engine.checking.reach import facts_read, strangers, unanswered, unreachable
from services.engine.conditions import expand
from services.rulebook import exclusions, registry
from services.rulebook.facts import FACTS
from services.rulebook.loader import Document, Raw
from services.rulebook.readings import register
from services.rulebook.reasons import FLAGS
from services.rulebook.schema import RuleBook
from services.rulebook.validation import Finding
from services.rulebook.values import nearest

Key = tuple[str, ...]
_DIGITS = "0123456789"
# Years from the event. What reads it in SQL holds the same: `within_limitation` (services/lifecycle/facts.py), services/notice/timely.py.
_LIMITATION = 2

# Parts that stand once, in lists and in mappings; each carries its own clause.
_ONCE = ("term", "fee", "shares", "eligible", "payer_ban", "participation", "waiting", "bands", "total", "requires",
         "once_per", "banks")
_MANY = ("lists", "benefits", "one_of", "flags", "papers", "chain", "clocks")
# An amount nobody published is left to a reviewer, a limit nobody published refuses nobody; a list, a fee, a term or a
# number of shares must stand even so, and says that it is unverified.
_MAY_BE_UNVERIFIED = ("fee", "term", "shares", "lists", "papers", "requires", "once_per", "payer_ban", "banks", "flags")


def soundness(document: Document, book: RuleBook) -> list[Finding]:
    """Clauses, origins, codes, readings, exclusions, plans and reach; `book` without its bundle's parts."""
    found = [*_clauses(document), *_invented(document), *_codes(document, book), *_readings(document),
             *_exclusions(document, book), *_plans(document, book), *_idle(document, book), *_papers(book)]
    found += [(("benefits", name, "asks"), f"受理的事件没有事实 {fact}（属于 {'、'.join(FACTS[fact].kinds)}）")
              for name, benefit in book.benefits.items() for fact in benefit.asks
              if FACTS[fact].kinds and not set(FACTS[fact].kinds) & set(book.kinds)]
    found += [(("benefits", name), f"永远不会给付：{why}") for name, why in unreachable(book)]
    found += strangers(book)
    return findings(document, found)


def of_the_whole(document: Document, book: RuleBook, whole: RuleBook) -> list[Finding]:
    """A paper proves only facts the plan reads; each kind of event has a benefit. `whole`: with its bundle's parts."""
    return findings(document, [*_proofs(document, book, whole), *((("kinds",), said) for said in unanswered(whole))])


def malformed(document: Document) -> list[Finding]:
    """Numbers and facts written as something else, where the language itself would stumble."""
    return findings(document, list(_malformed(document.tree, ())))


def _malformed(raw: Raw, at: Key) -> Iterator[tuple[Key, str]]:
    if at[-1:] in (("by",), ("unless",), ("dated_by",), ("proves",), ("asks",)) and at[:1] != ("lists",):
        cells = raw if isinstance(raw, list) and at[-1] in ("dated_by", "proves", "asks") else [raw]
        yield from ((at, "应为事实的名称，如 event.on") for cell in cells if not isinstance(cell, str))
    elif at[-1:] == ("exclusions",):
        yield from ((at, f"“{name}”不是一个编号或范围，如 XJ-A01..XJ-A17") for name in (raw if isinstance(raw, list) else [raw])
                    if not (isinstance(name, str) and _one_or_range(name)))
    elif isinstance(raw, dict):
        for key, value in raw.items():
            yield from _malformed(value, (*at, key))
    elif isinstance(raw, list):
        for index, item in enumerate(raw):
            yield from _malformed(item, (*at, str(index)))


def _one_or_range(name: str) -> bool:
    first, dots, last = name.partition("..")
    stem = first.rstrip(_DIGITS)
    return not dots or (stem not in ("", first) and last != stem and last.rstrip(_DIGITS) == stem)


def findings(document: Document, found: list[tuple[Key, str]]) -> list[Finding]:
    """Each with the line of its key, or of the nearest key above it that stands in the file."""
    return [Finding(document.path.name, _line(document, key), ".".join(key), f"{'.'.join(key)}：{said}")
            for key, said in found]


def _line(document: Document, key: Key) -> int:
    while key not in document.lines:
        key = key[:-1]
    return document.lines[key]


def parts(tree: dict[str, Raw]) -> Iterator[tuple[Key, dict[str, Raw]]]:
    """Every part that carries a clause, with its key; `like` benefits as they stand in the file."""
    for name in (*_ONCE, *_MANY):
        raw = tree.get(name)
        if name in _ONCE and isinstance(raw, dict):
            yield (name,), raw
        rows = enumerate(raw) if isinstance(raw, list) else raw.items() if isinstance(raw, dict) else ()
        if name in _MANY:
            yield from (((name, str(key)), row) for key, row in rows if isinstance(row, dict))


def steps(tree: dict[str, Raw]) -> Iterator[tuple[Key, dict[str, Raw], dict[str, Raw]]]:
    """Every step as written, with its key and its benefit."""
    for key, benefit in parts(tree):
        raw = benefit.get("steps") if key[0] == "benefits" else None
        for index, step in enumerate(raw if isinstance(raw, list) else ()):
            if isinstance(step, dict):
                yield (*key, "steps", str(index)), step, benefit


def _clauses(document: Document) -> Iterator[tuple[Key, str]]:
    benefits = document.tree.get("benefits")
    for key, part in parts(document.tree):
        model = benefits.get(str(part.get("like"))) if isinstance(benefits, dict) else None
        inherited = model.get("clause") if isinstance(model, dict) else None
        if not part.get("clause") and not inherited:
            yield key, "缺少 clause（依据的条款）"
    for name in ("term", "shares"):
        if name not in document.tree:
            yield (name,), "缺少这个键：期限和份数也要写明，并有 clause"


def _invented(document: Document) -> Iterator[tuple[Key, str]]:
    """A number of which no source is known, where the engine would pay by it."""
    said = "origin 是 UNVERIFIED 的数不能用来计算或限制：金额改用 manual（没有公布上限的写 manual: none），其余删去"
    for key, part in parts(document.tree):
        if part.get("origin") == "UNVERIFIED" and key[0] not in (*_MAY_BE_UNVERIFIED, "benefits") and _has_number(part):
            yield key, said
    for key, step, benefit in steps(document.tree):
        origin = step.get("origin", benefit.get("origin"))
        if "manual" not in step and ((origin == "UNVERIFIED" and _has_number(step)) or _unverified_table(step, document)):
            yield key, said


def _unverified_table(step: dict[str, Raw], document: Document) -> bool:
    named = document.tree.get("tables")
    for value in step.values():
        table = named.get(value) if isinstance(value, str) and isinstance(named, dict) else value
        if isinstance(table, dict) and table.get("origin") == "UNVERIFIED":
            return True
    return False


def _has_number(raw: Raw) -> bool:
    if isinstance(raw, dict):
        return any(_has_number(value) for key, value in raw.items() if key not in ("clause", "read", "name", "when"))
    if isinstance(raw, list):
        return any(_has_number(item) for item in raw)
    return raw[:1].isdigit()


def _codes(document: Document, book: RuleBook) -> Iterator[tuple[Key, str]]:
    raised: list[tuple[Key, str]] = [(("flags", str(index), "code"), flag.code) for index, flag in enumerate(book.flags)]
    if book.total and book.total.flag:
        raised.append((("total", "flag"), book.total.flag))
    yield from ((key, f"没有提示代码“{code}”" + _near(code, list(FLAGS))) for key, code in raised if code not in FLAGS)


def _near(word: str, known: list[str]) -> str:
    near = nearest(word, known)
    return f"，最接近的是 {near}" if near else ""


def _readings(document: Document) -> Iterator[tuple[Key, str]]:
    known = list(register())
    yield from ((key, f"没有解读“{name}”" + _near(name, known)) for key, name in _read_in(document.tree, ()) if name not in known)


def _read_in(raw: Raw, at: Key) -> Iterator[tuple[Key, str]]:
    if isinstance(raw, dict):
        for key, value in raw.items():
            if key == "read":
                yield from (((*at, key), name) for name in (value if isinstance(value, list) else [value]) if isinstance(name, str))
            else:
                yield from _read_in(value, (*at, key))
    elif isinstance(raw, list):
        for index, item in enumerate(raw):
            yield from _read_in(item, (*at, str(index)))


def _exclusions(document: Document, book: RuleBook) -> Iterator[tuple[Key, str]]:
    known = list(exclusions.questions(book))
    named = [(("exclusions",), book.exclusions),
             *((("benefits", name, "exclusions"), benefit.exclusions) for name, benefit in book.benefits.items())]
    for key, ids in named:
        yield from ((key, f"没有“{name}”" + _near(name, known)) for name in expand(ids) if name not in known)


def _idle(document: Document, book: RuleBook) -> Iterator[tuple[Key, str]]:
    """Questions that nothing asks or that hide a shared one, lists that no benefit reads or no disease can be in."""
    asked = {name for ids in (book.exclusions, *(benefit.exclusions for benefit in book.benefits.values())) for name in expand(ids)}
    for name in book.questions:
        if name in exclusions.shared():
            yield ("questions", name), f"“{name}”是各计划共用的除外责任的编号，另取一个"
        elif name not in asked:
            yield ("questions", name), f"没有一处 exclusions 写“{name}”，这个问题永远不会问"
    read = {name for benefit in book.benefits.values() for condition in benefit.when if condition.fact == "list"
            for name in condition.any_of}
    for name, rule in book.lists.items():
        if name not in read:
            yield ("lists", name), "没有一项待遇用到这个目录"
        elif rule.verified and not rule.icd10 and not rule.diseases:
            yield ("lists", name), "目录里没有一种疾病：写 icd10 或 diseases；没有公布的写 origin: UNVERIFIED"
    for name, clock in book.clocks.items():
        if bool(clock.days) == bool(clock.years):
            yield ("clocks", name), "要写 days 或 years，只写一个"
        elif name == "limitation" and clock.years != _LIMITATION:
            yield ("clocks", name), f"申领时效只能是 years: {_LIMITATION}：重新审核和届满提醒都按{_LIMITATION}年办理"


def _papers(book: RuleBook) -> Iterator[tuple[Key, str]]:
    """Two papers of one kind would be one line of the checklist, unless each is asked of other events."""
    for index, paper in enumerate(book.papers):
        for earlier in book.papers[:index]:
            if (earlier.kind, earlier.when or ()) == (paper.kind, paper.when or ()):
                yield ("papers", str(index), "kind"), f"材料“{paper.kind}”已写过（{earlier.name}），另取代码或写不同的 when"


def _plans(document: Document, book: RuleBook) -> Iterator[tuple[Key, str]]:
    """Plans named by this one must be there; a plan stands under one office."""
    known = registry.codes()
    if book.requires and book.requires.plan not in known:
        yield ("requires", "plan"), f"没有计划“{book.requires.plan}”" + _near(book.requires.plan, known)
    yield from ((("bundle",), f"没有计划“{name}”" + _near(name, known)) for name in book.bundle if name not in known)
    folder = document.path.resolve().parent
    if folder.name != book.plan:
        return
    if folder.parent.name != book.office:
        yield ("office",), f"文件放在 {folder.parent.name} 之下，内容是 {book.office}"
    for other in sorted(folder.parent.parent.glob(f"*/{book.plan}")):
        if other.parent != folder.parent and any(other.glob("*.yaml")):
            yield ("plan",), f"同时放在 {other.parent.name} 和 {folder.parent.name} 之下"


def _proofs(document: Document, book: RuleBook, whole: RuleBook) -> Iterator[tuple[Key, str]]:
    read = facts_read(whole)
    for index, paper in enumerate(book.papers):
        yield from ((("papers", str(index), "proves"), f"本计划不用事实“{fact}”" + _near(fact, sorted(read)))
                    for fact in paper.proves if fact not in read)
