"""My work: what waits for the visitor and why now; and many claims passed as one act."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import Response
from sqlmodel import Session

from services.access.actor import REVIEWERS, Role
from services.core.errors import HuzhuError, InputError
from services.models import MoneyProof
from services.reporting import money_proof, worklists
from services.reporting.clock_policies import Reminder, reminders
from services.reporting.tasks import Task, of_numbers, tasks
from services.reporting.worklists import Listed, Wish
from services.review import bulk
from services.review.bulk import Ask, NotAllPassed, Result
from services.web import work_words as words
from services.web.claim_words import ALERTS, CLOCKS, ROLES
from services.web.door import Pages
from services.web.menu import Item
from services.web.visit import Visit, whole
from services.web.work_words import plan_names

pages = Pages()
WORKERS = frozenset({Role.UNIT_CLERK, *REVIEWERS})
FILTERS = ("what", "plan", "due", "level", "q", "order")


@pages.get("/work", roles=WORKERS, menu=Item(10, "待我办理"))
def work(visit: Visit) -> Response:
    """What waits, most urgent first; the filters stand in the address."""
    asked = {name: visit.query.get(name, "").strip() for name in FILTERS}
    what = asked["what"] if asked["what"] in worklists.KINDS else ""
    wish = Wish(plan=asked["plan"], due=asked["due"] if asked["due"] in worklists.DUES else "", level=asked["level"],
                number=asked["q"].upper(), order=asked["order"])

    def run(session: Session) -> tuple[Listed, list[Task], list[MoneyProof], list[Reminder]]:
        listed = worklists.worklist(session, visit.actor, wish=wish, what=what, after=visit.query.get("after", ""), today=visit.today)
        return (listed, tasks(session, listed.keys, visit.actor, today=visit.today),
                money_proof.differing(session) if visit.actor.has(Role.HEAD) else [],
                reminders(session, org_key=visit.actor.org_key, roles=sorted(visit.actor.roles)))
    listed, found, differing, told = visit.read(run)
    kept = {name: value for name, value in asked.items() if value}
    return visit.page("work.html", listed=listed, tasks=found, differing=differing, told=told,
                      clock_kinds=CLOCKS, alert_words=ALERTS, asked=asked, what=what, words=words,
                      names=plan_names(), roles=ROLES,
                      mine=sorted(set(visit.actor.roles) & set(WORKERS)), most=worklists.MOST,
                      filtered=bool(set(kept) - {"what", "order"}), address=_address(kept), next=_address({**kept, "after": listed.after}),
                      tabs=[(kind, _address({**kept, "what": kind})) for kind in ("", *worklists.KINDS)])


def _address(kept: dict[str, str]) -> str:
    given = {name: value for name, value in kept.items() if value}
    return "/work" + (f"?{urlencode(given)}" if given else "")


@pages.post("/bulk", roles=WORKERS)
def chosen(visit: Visit) -> Response:
    """The claims that were ticked, each with what would become of it; nothing is done yet."""
    numbers = visit.listed("claim")
    if not numbers:
        return visit.go("/work", "none_chosen")
    return _confirm(visit, numbers)


def _confirm(visit: Visit, numbers: list[str], *, problem: HuzhuError | None = None) -> Response:
    """Every chosen claim with its check. `numbers` may carry what was seen, which then is not asked anew."""
    def run(session: Session) -> tuple[list[Task], list[Result]]:
        found = of_numbers(session, numbers, visit.actor, today=visit.today)
        asks = [Ask(task.claim_no, task.digest, task.version) for task in found]
        gone = [Result(number, code="not_waiting", message="已不在待我办理之列", remedy="去掉") for number in numbers
                if number not in {task.claim_no for task in found}]
        return found, [*gone, *(bulk.rehearse(session, asks=asks, actor=visit.actor, now=visit.now) if asks else [])]
    try:
        found, results = visit.note(run)
    except InputError as error:
        return visit.page("work_bulk.html", problem=error, tasks=[], results={}, blocked=[], words=words, names=plan_names(), total=0)
    by_number = {result.claim_no: result for result in results}
    fit = [task for task in found if by_number[task.claim_no].passed]
    return visit.page("work_bulk.html", problem=problem, tasks=fit, results=by_number, words=words, names=plan_names(),
                      blocked=[result for result in results if not result.passed], total=sum(task.fen or 0 for task in fit))


@pages.post("/bulk/pass", roles=WORKERS)
def pass_all(visit: Visit) -> Response:
    """All of them, or none: the page then names each that is in the way."""
    asks = [_ask(text) for text in visit.listed("ask")]

    def verb(session: Session) -> int:
        return len(bulk.pass_many(session, asks=asks, actor=visit.actor, now=visit.now))

    def again(problem: HuzhuError) -> Response:
        if isinstance(problem, NotAllPassed):
            return _confirm(visit, [ask.claim_no for ask in asks], problem=problem)
        return visit.page("work_bulk.html", problem=problem, tasks=[], results={}, blocked=[], words=words, names=plan_names(), total=0)
    return visit.attempt(verb, again=again, then=lambda count: f"/work?passed={count}", done="bulk")


def _ask(text: str) -> Ask:
    """A ticked claim as the page wrote it: number, version, digest and level; a page of before named no level."""
    number, version, seen, step = [*text.split("|"), "", "", ""][:4]
    return Ask(number, seen, whole(version), step or None)

