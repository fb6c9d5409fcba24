"""Which of a person's covers may answer one event, with the reason for and against each. Pure; the plan is never asked.

The event is one for all plans: words that a plan does not read are no error. A disease outside the list, a waiting
period or a failed condition is decided formally, never here: such a cover answers, and its claim gets a decision.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from services.core.errors import InputError
from services.core.words import date_cn
from services.engine.conditions import benefit_refusal, in_list, plan_refusal
from services.engine.event import dated, dating_fact, event_day, plain_event
from services.engine.facts import Facts, gather
from services.engine.matching.matched import Answer, Need, Owed, Paper, Verdict, Why
from services.engine.one import Assessed
from services.engine.steps import ZERO
from services.engine.telling.why_not import plan_name, why
from services.engine.telling.words import cite
from services.rulebook import registry
from services.rulebook.computation import Computation, OtherCover
from services.rulebook.dating import stated_date
from services.rulebook.facts import DEFAULTS, FACTS
from services.rulebook.forms import CHOICES
from services.rulebook.parts import Benefit, PaperRule, holds
from services.rulebook.results import Nothing, Result
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
        return _no(book, c, [Why("kind_not_answered", f"{book.name}不受理“{kind}”，只受理：{answered}", _document(book))])
    facts = gather(_dated(book, c), c)
    if early and c.cover.effective <= facts.decisive:
        return _no(book, c, [early])
    pro = [Why("kind_answered", f"受理“{kind}”", _document(book))]
    refused = plan_refusal(book, c, facts)
    if refused:
        formal = refused[0] in _FORMAL
        pro += [_in_cover(book, c, facts)] if formal else []
        return _no(book, c, [_refused(book, c, facts, next(iter(book.benefits)), *refused)], pro=pro, opens=formal)
    pro.append(_in_cover(book, c, facts))
    if book.requires:
        pro.append(Why("prerequisite_held", f"已参加{plan_name(book.requires.plan)}", book.requires.clause))
    return _weighed(book, c, facts, pro)


def _wording(c: Computation) -> tuple[RuleBook, Why | None]:
    """The wording of the decisive day; before the first one the newest, with the reason why it cannot answer."""
    newest = registry.latest(c.plan)
    day = dated(newest, c)
    try:
        return registry.resolve(c.plan, day), None
    except InputError as error:
        first = registry.first_day(c.plan)
        words = {"before_first_version": f"{newest.name}自{date_cn(first)}起施行，{date_cn(day)}还没有规则",
                 "plan_ended": f"{newest.name}至{date_cn(newest.until or day)}停办，{date_cn(day)}没有规则"}
        return newest, Why(error.code, words.get(error.code, error.message), _document(newest))


def _no(book: RuleBook, c: Computation, contra: Sequence[Why], *, pro: Sequence[Why] = (), opens: bool = False) -> Answer:
    return Answer(c.plan, book.name, book.version, c.cover.effective, c.cover.until, "no", opens, tuple(pro), tuple(contra),
                  papers=_papers(book, c) if opens else ())


def _dated(book: RuleBook, c: Computation) -> RuleBook:
    """The plan dated by the fact that this report states."""
    return book.model_copy(update={"dated_by": (dating_fact(book, c),)})


def _document(book: RuleBook) -> str:
    """The document's name alone: what a newspaper said in it is no part of a reason."""
    named = cite(book, "")
    return named if named.startswith("《") else re.split("[；：“（]", named, maxsplit=1)[0]


def _in_cover(book: RuleBook, c: Computation, facts: Facts) -> Why:
    fact = dating_fact(book, c)
    day = f"{c.event.year}年度" if fact == "event.year" else f"{FACTS[fact].label}{date_cn(facts.decisive)}"
    words = f"{day}在保障期（{date_cn(c.cover.effective)}至{date_cn(c.cover.until)}）内"
    return Why("in_cover", words, book.dated_clause or book.term.clause)


def _refused(book: RuleBook, c: Computation, facts: Facts, benefit: str, code: str, clause: str) -> Why:
    """The same words as the computation's."""
    found = why(Assessed(_dated(book, c), c, facts, Result(book.plan, book.version, "nothing", ZERO, ())), Nothing(benefit, code, clause))
    return Why(code, found.words, found.clause)


def _together(book: RuleBook, ruled_out: Sequence[tuple[str, Why]]) -> list[Why]:
    """What rules out several benefits for one reason is said once, with their names."""
    names: dict[Why, list[str]] = {}
    for benefit, reason in ruled_out:
        names.setdefault(reason, []).append(book.benefits[benefit].name)
    return [replace(reason, text=f"{'、'.join(dict.fromkeys(named))}：{reason.text}") for reason, named in names.items()]


def _weighed(book: RuleBook, c: Computation, facts: Facts, pro: Sequence[Why]) -> Answer:
    """In force and of its kind: which benefits may be owed, which wait for a fact, which are ruled out."""
    owed: list[Owed] = []
    waiting: dict[str, list[str]] = {}
    against: list[tuple[str, Why]] = []
    uncoded = _wants_a_code(book, c)
    for code, benefit in book.benefits.items():
        missing = _missing(book, benefit, c, facts) | ({"event.icd10"} if uncoded else set())
        stated = benefit.model_copy(update={"when": tuple(
            condition for condition in benefit.when if not _waits(book, benefit, condition.fact, missing))})
        ruled_out = benefit_refusal(book, stated, c, facts)
        if ruled_out:
            pruned = book.model_copy(update={"benefits": {code: stated}})
            against.append((code, _refused(pruned, c, facts, code, *ruled_out)))
        elif missing:
            for fact in sorted(missing):
                waiting.setdefault(fact, []).append(benefit.name)
        else:
            owed.append(Owed(code, benefit.name, benefit.clause))
    paying = {one.name.partition("（")[0] for one in owed}   # a second way to what may be owed already asks nothing
    waiting = {fact: rest for fact, names in waiting.items()
               if (rest := [name for name in names if name.partition("（")[0] not in paying])}
    if not any(stated_date(c, fact) for fact in book.dated_by):
        waiting.setdefault(_asked(book.dated_by[0]), [])     # verification asks for it (`evidence.verify`)
    needs = tuple(Need(fact, f"补报{FACTS[fact].label}", tuple(dict.fromkeys(names)), _proof(book, fact))
                  for fact, names in waiting.items())
    answer: Verdict = "needs" if not owed and any(waiting.values()) else "yes"
    return Answer(c.plan, book.name, book.version, c.cover.effective, c.cover.until, answer, answer == "yes", tuple(pro),
                  tuple(_together(book, against)), tuple(owed), needs, _papers(book, c))


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
