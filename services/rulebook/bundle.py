"""A plan that bundles others: their benefits join its own, each under `<plan>.<benefit>`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from services.rulebook.parts import Benefit, OneOf
from services.rulebook.schema import RuleBook
from services.rulebook.steps import Cap, Manual, Step
from services.rulebook.values import Condition


def combine(book: RuleBook, component: Callable[[str], RuleBook]) -> RuleBook:
    """The bundle as one rule-book. `component` gives the wording of a plan on the bundle's first day.

    A component's joint cap becomes a cap shared by its benefits and its exclusions stay with them; its waiting, papers,
    chain and clocks give way to the bundle's own. With `bundle_amounts: manual` the components say what is answered
    and a reviewer how much (A-40).
    """
    if not book.bundle:
        return book
    parts = [component(plan) for plan in book.bundle]
    benefits, lists, one_of = dict(book.benefits), dict(book.lists), list(book.one_of)
    questions = {name: question for part in (*parts, book) for name, question in part.questions.items()}
    for part in parts:
        lists |= {_within(part, name): rule for name, rule in part.lists.items()}
        by_hand = book.bundle_amounts == "manual"
        benefits |= {_within(part, name): _moved(part, benefit, by_hand) for name, benefit in part.benefits.items()}
        one_of += [OneOf(benefits=_all_within(part, group.benefits), clause=group.clause, read=group.read)
                   for group in part.one_of]
    digest = hashlib.sha256("".join([book.digest, *(part.digest for part in parts)]).encode()).hexdigest()
    return book.model_copy(update={"benefits": benefits, "lists": lists, "one_of": tuple(one_of), "questions": questions, "digest": digest})


def _within(part: RuleBook, name: str) -> str:
    return f"{part.plan}.{name}"


def _all_within(part: RuleBook, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_within(part, name) for name in names)


def _moved(part: RuleBook, benefit: Benefit, by_hand: bool) -> Benefit:
    steps: list[Step] = [step.model_copy(update={"with_": _all_within(part, step.with_)}) if isinstance(step, Cap)
                         else step for step in benefit.steps]
    if by_hand:
        steps = [Manual(manual=None, clause=benefit.clause, origin="UNVERIFIED", read=("A-40",))]
    elif part.total is not None:
        total = part.total
        steps.append(Cap(cap=total.cap, times=total.times, over=total.over, clause=total.clause, read=total.read,
                         with_=_all_within(part, tuple(part.benefits))))
    ends = tuple(part.benefits) if benefit.ends == ("all",) else benefit.ends
    when = tuple(Condition(fact="list", any_of=_all_within(part, condition.any_of)) if condition.fact == "list"
                 else condition for condition in benefit.when)
    return benefit.model_copy(update={"when": when, "steps": tuple(steps), "ends": _all_within(part, ends),
                                      "exclusions": (*part.exclusions, *benefit.exclusions)})
