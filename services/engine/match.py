"""Which of a person's covers may answer one event, with the reason for and against each. Pure; the plan is never asked.

The event is one for all plans: words that a plan does not read are no error. A disease outside the list, a waiting
period or a failed condition is decided formally, never here: such a cover answers, and its claim gets a decision.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from services.core.errors import InputError
from services.engine.conditions import benefit_refusal, in_list, plan_refusal
from services.engine.event import dated, dating_fact, event_day, plain_event
from services.engine.facts import Facts, gather
from services.engine.matched import Answer, Need, Owed, Paper, Verdict, Why
from services.rulebook import registry
from services.rulebook.computation import Computation, OtherCover
from services.rulebook.dating import stated_date
from services.rulebook.facts import DEFAULTS, FACTS
from services.rulebook.forms import CHOICES
from services.rulebook.parts import Benefit, PaperRule, holds
from services.rulebook.reasons import REASONS
from services.rulebook.schema import RuleBook
from services.rulebook.steps import ScaleBy, Step, Take
from services.rulebook.values import FactRef, Product, Table, Value

__all__ = ["Answer", "match"]
# Reasons that only the office may give, in a decision: the cover is in force, so its claim opens.
_FORMAL = ("prerequisite_missing", "not_eligible")


def match(held: Sequence[Computation]) -> list[Answer]:
    """One answer for each cover, in order; each computation is one cover with the same person and event.

    The covers count as prerequisites of one another. InputError when the event names no day at all; NotFound for an
    unknown plan.
    """
    found = [_answer(_among(c, held)) for c in held]
    serving: dict[str, list[str]] = {}
    for answer in found:
        for paper in answer.papers if answer.opens else ():
            plans = serving.setdefault(paper.kind, [])
            plans += [] if answer.plan in plans else [answer.plan]
    return [replace(answer, papers=tuple(replace(paper, serves=tuple(serving.get(paper.kind, ()))) for paper in answer.papers))
            for answer in found]


def _among(c: Computation, held: Sequence[Computation]) -> Computation:
    others = tuple(OtherCover(plan=other.plan, effective=other.cover.effective, until=other.cover.until)
                   for other in held if other is not c)
    return c.model_copy(update={"covers": (*c.covers, *others)})


def _answer(c: Computation) -> Answer:
    event_day(c.event)
    book, early = _wording(c)
    kind = CHOICES[c.event.kind]
    if c.event.kind not in book.kinds:
        answered = "、".join(CHOICES[known] for known in book.kinds)
        return _no(book, c, [Why("kind_not_answered", f"{book.name}不受理“{kind}”，只受理：{answered}", book.source)])
    facts = gather(book.model_copy(update={"dated_by": (dating_fact(book, c),)}), c)
    if early and c.cover.effective <= facts.decisive:
        return _no(book, c, [early])
    pro = [Why("kind_answered", f"受理“{kind}”", book.source)]
    refused = plan_refusal(book, c, facts)
    if refused:
        formal = refused[0] in _FORMAL
        pro += [_in_cover(book, c, facts)] if formal else []
        return _no(book, c, [_refused(book, c, facts, *refused)], pro=pro, opens=formal)
    pro.append(_in_cover(book, c, facts))
    if book.requires:
        pro.append(Why("prerequisite_held", f"已参加 {book.requires.plan}", book.requires.clause))
    return _weighed(book, c, facts, pro)


def _wording(c: Computation) -> tuple[RuleBook, Why | None]:
    """The wording of the decisive day; before the first one the newest, with the reason why it cannot answer."""
    newest = registry.latest(c.plan)
    try:
        return registry.resolve(c.plan, dated(newest, c)), None
    except InputError as error:
        return newest, Why(error.code, error.message, newest.source)


def _no(book: RuleBook, c: Computation, contra: Sequence[Why], *, pro: Sequence[Why] = (), opens: bool = False) -> Answer:
    return Answer(c.plan, book.name, book.version, c.cover.effective, c.cover.until, "no", opens, tuple(pro), tuple(contra),
                  papers=_papers(book, c) if opens else ())


def _days(book: RuleBook, c: Computation, facts: Facts) -> str:
    """The decisive day with its name: `确诊日期2021-01-12`."""
    if "event.year" in book.dated_by and c.event.year:
        return f"医疗年度{c.event.year}"
    return f"{FACTS[dating_fact(book, c)].label}{facts.decisive}"


def _in_cover(book: RuleBook, c: Computation, facts: Facts) -> Why:
    words = f"{_days(book, c, facts)}在保障期{c.cover.effective}至{c.cover.until}内"
    return Why("in_cover", words, book.dated_clause or book.term.clause)


def _refused(book: RuleBook, c: Computation, facts: Facts, code: str, clause: str) -> Why:
    words = REASONS[code]
    if code == "not_in_cover":
        words = f"{_days(book, c, facts)}不在保障期{c.cover.effective}至{c.cover.until}内"
    elif code == "prerequisite_missing" and book.requires:
        words = f"{words}（{book.requires.plan}）"
    return Why(code, words, clause)


def _weighed(book: RuleBook, c: Computation, facts: Facts, pro: Sequence[Why]) -> Answer:
    """In force and of its kind: which benefits may be owed, which wait for a fact, which are ruled out."""
    owed: list[Owed] = []
    waiting: dict[str, list[str]] = {}
    contra: list[Why] = []
    uncoded = _wants_a_code(book, c)
    for code, benefit in book.benefits.items():
        missing = _missing(book, benefit, c, facts) | ({"event.icd10"} if uncoded else set())
        stated = benefit.model_copy(update={"when": tuple(
            condition for condition in benefit.when if not _waits(book, benefit, condition.fact, missing))})
        ruled_out = benefit_refusal(book, stated, c, facts)
        if ruled_out:
            contra.append(Why(ruled_out[0], f"{benefit.name}：{REASONS[ruled_out[0]]}", ruled_out[1]))
        elif missing:
            for fact in sorted(missing):
                waiting.setdefault(fact, []).append(benefit.name)
        else:
            owed.append(Owed(code, benefit.name, benefit.clause))
    if not any(stated_date(c, fact) for fact in book.dated_by):
        waiting.setdefault(_asked(book.dated_by[0]), [])     # verification asks for it (`evidence.verify`)
    needs = tuple(Need(fact, f"补报{FACTS[fact].label}", tuple(names), _proof(book, fact)) for fact, names in waiting.items())
    answer: Verdict = "needs" if not owed and any(waiting.values()) else "yes"
    return Answer(c.plan, book.name, book.version, c.cover.effective, c.cover.until, answer, answer == "yes", tuple(pro),
                  tuple(contra), tuple(owed), needs, _papers(book, c))


def _wants_a_code(book: RuleBook, c: Computation) -> bool:
    """A plan of verified lists computes nothing for an illness without code or name (`one.check_input`)."""
    return (c.event.kind == "diagnosis" and not (c.event.icd10 or c.event.disease) and bool(book.lists)
            and all(rule.verified for rule in book.lists.values()))


def _missing(book: RuleBook, benefit: Benefit, c: Computation, facts: Facts) -> set[str]:
    """The facts this benefit waits for: asked for, not stated, and such as this kind of event can state."""
    wanted = [_unstated_disease(book, condition.any_of, facts) if condition.fact == "list" else condition.fact
              for condition in benefit.when if condition.fact == "list" or not holds(condition, facts.get(condition.fact))]
    wanted += [fact for step in benefit.steps for fact in _asked_by(step)]
    return {_asked(fact) for fact in wanted if fact.startswith("event.") and fact not in DEFAULTS
            and facts.get(fact) is None and c.event.kind in (FACTS[fact].kinds or (c.event.kind,))}


def _waits(book: RuleBook, benefit: Benefit, fact: str, missing: set[str]) -> bool:
    """Whether a condition on this fact is one that only a missing fact keeps open."""
    if fact == "list":
        return bool(missing & {"event.icd10", "event.disease"})
    return _asked(fact) in missing


def _unstated_disease(book: RuleBook, names: Sequence[str], facts: Facts) -> str:
    """How the disease would have to be stated for these lists to be read; empty when they can be."""
    lists = [book.lists[name] for name in names]
    if any(in_list(rule, facts) for rule in lists):
        return ""
    coded, named = any(rule.icd10 for rule in lists), any(rule.diseases for rule in lists)
    code, name = facts.get("event.icd10"), facts.get("event.disease")
    if code is None and name is None:
        return "event.icd10" if coded else "event.disease"
    if code is None:
        return "" if named else "event.icd10"
    return "event.disease" if name is None and not coded else ""


def _asked_by(step: Step) -> Iterator[str]:
    """The facts without which a benefit cannot begin: what is taken and what a disability table reads."""
    if isinstance(step, Take):
        yield from _facts_in(step.take)
    elif isinstance(step, ScaleBy):
        yield step.scale.fact


def _facts_in(value: Value) -> Iterator[str]:
    if isinstance(value, FactRef):
        yield value.fact
    elif isinstance(value, Table):
        yield from () if value.otherwise is not None else (value.by,)
    elif isinstance(value, Product):
        yield from _facts_in(value.take)
        yield from _facts_in(value.times)


def _asked(fact: str) -> str:
    """Days and first admission are both read from the list of stays."""
    return "event.stays" if fact.startswith("event.stays.") else fact


def _proof(book: RuleBook, fact: str) -> str:
    return next((paper.name for paper in book.papers if fact in {_asked(proved) for proved in paper.proves}), "")


def _papers(book: RuleBook, c: Computation) -> tuple[Paper, ...]:
    rules: list[PaperRule] = book.required_papers({"event": plain_event(c.event)})
    return tuple(Paper(rule.kind, rule.name, rule.clause) for rule in rules)
