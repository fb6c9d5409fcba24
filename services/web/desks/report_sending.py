"""The end of a report: which covers answer, which papers are wanted, is it known already; then it is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from fastapi import Response
from sqlmodel import Session

from services.core.errors import HuzhuError, InputError
from services.engine.matching.match import Answer
from services.intake import drafts
from services.intake import service as intake
from services.intake.opening import Previewed
from services.intake.queries import acts_for_self
from services.models import Case
from services.reporting.claim_facts import facts_of
from services.reporting.report_form import person_id
from services.rulebook import registry
from services.web.desks.claim import identified
from services.web.desks.report import REPORTERS, Open, opened, step_page
from services.web.door import Pages
from services.web.event_form import own_name
from services.web.visit import Visit

pages = Pages()


@dataclass(frozen=True, slots=True)
class PaperLine:
    """One paper to bring, once for every plan it serves."""

    name: str
    plans: tuple[str, ...]


def _previewed(visit: Visit, session: Session, found: Open) -> Previewed:
    return intake.preview(session, person_id=found.about.person.id, event=found.event, hospital=_text(found, "hospital"),
                          actor=visit.actor, now=visit.now)


def _text(found: Open, key: str) -> str | None:
    value = found.words.get(key)
    return str(value) if value else None


def papers_of(answers: Sequence[Answer]) -> list[PaperLine]:
    """The papers that the opening covers ask for, each once."""
    names = {answer.plan: answer.name for answer in answers}
    papers = {paper.kind: paper for answer in answers if answer.opens for paper in answer.papers}
    return [PaperLine(paper.name, tuple(names[plan] for plan in paper.serves)) for paper in papers.values()]


@pages.get("/report/{draft_id}/papers", roles=REPORTERS)
def papers(visit: Visit, draft_id: str) -> Response:
    """Which covers answer and why, and what to bring."""
    try:
        found, seen = visit.read(lambda session: _both(visit, session, draft_id))
    except InputError as error:
        return _unready(visit, draft_id, error)
    return step_page(visit, "report_papers.html", found, "papers", seen=seen, papers=papers_of(seen.answers))


def _both(visit: Visit, session: Session, draft_id: str) -> tuple[Open, Previewed]:
    found = opened(visit, session, draft_id)
    return found, _previewed(visit, session, found)


def _unready(visit: Visit, draft_id: str, error: InputError) -> Response:
    """The facts do not yet name a day: the page says what is wanted and leads back."""
    found = visit.read(lambda session: opened(visit, session, draft_id))
    if not found.event:
        return visit.go(f"/report/{draft_id}/kind")
    problem = own_name(error)
    problem.field = None
    return step_page(visit, "report_unready.html", found, "papers", problem=problem)


@pages.get("/report/{draft_id}/check", roles=REPORTERS)
def check(visit: Visit, draft_id: str) -> Response:
    """Everything once more; what is late, what may be known already, and the consents."""
    return _check_page(visit, draft_id)


def _check_page(visit: Visit, draft_id: str, *, problem: HuzhuError | None = None) -> Response:
    try:
        found, seen = visit.read(lambda session: _both(visit, session, draft_id))
    except InputError as error:
        return _unready(visit, draft_id, error)
    books = found.about.of_kind(str(found.event.get("kind")))
    return step_page(visit, "report_check.html", found, "check", problem=problem, seen=seen, facts=facts_of(books[0], found.event),
                     own=acts_for_self(visit.actor), consents=_asks_consent(visit, found), insured=_insured(seen.answers),
                     agreed=visit.listed("consent"), handled=problem is not None and problem.code == "duplicate_report")


def _insured(answers: Sequence[Answer]) -> bool:
    """Whether a cover that opens is an insurer's."""
    return any(registry.version(answer.plan, date.fromisoformat(answer.version)).route == "insurer" for answer in answers if answer.opens)


def _asks_consent(visit: Visit, found: Open) -> bool:
    """Consent is the person's own word, or her proxy's; a clerk records it on paper, kin cannot give it."""
    mine = found.about.person.id == visit.actor.person_id or found.about.person.id in visit.actor.acts_for
    return acts_for_self(visit.actor) and mine


@pages.post("/report/{draft_id}/check", roles=REPORTERS)
def send(visit: Visit, draft_id: str) -> Response:
    """Report, record the consents, and let the draft go: all or nothing."""
    def verb(session: Session) -> Case:
        found = opened(visit, session, draft_id)
        wanted = _asks_consent(visit, found)
        if wanted and "processing" not in visit.listed("consent"):
            raise InputError("consent_missing", "办理须您同意使用本人的身份、病情和账户信息", remedy="勾选同意后提交",
                             field="consent-processing")
        case = intake.report(session, **_told(visit, found), actor=visit.actor, now=visit.now)
        for purpose in visit.listed("consent") if wanted else ():
            intake.record_consent(session, case_id=case.id, purpose=purpose, actor=visit.actor, now=visit.now)
        drafts.drop(session, draft_id=identified(draft_id), actor=visit.actor)
        return case
    return visit.attempt(verb, again=lambda problem: _check_page(visit, draft_id, problem=problem),
                         then=lambda case: f"/cases/{quote(case.case_no)}/papers", done="reported")


def _told(visit: Visit, found: Open) -> dict[str, Any]:      # a report's own keys, each of its kind
    """The draft and the last page as the words of a report."""
    words = found.words
    same = visit.field("same")
    call = words.get("call")
    reported_on = visit.field("reported_on")
    return {"person_id": person_id(words), "event": found.event, "channel": str(words.get("channel", "")),
            "hospital": _text(found, "hospital"), "reported_on": _day(reported_on) if reported_on else None,
            "late_reason": visit.field("late_reason") or None, "call": _call(call) if isinstance(call, Mapping) else None,
            "join": same if same and same != "apart" else None, "apart": _apart(visit) if same == "apart" else None}


def _apart(visit: Visit) -> str:
    reason = visit.field("apart")
    if not reason:
        raise InputError("apart_missing", "请写明为什么不是同一件事", remedy="补上说明", field="apart")
    return reason


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError("day_wrong", f"“{text}”不是日期", remedy="如 2026-03-18", field="reported_on") from None


def _call(noted: Mapping[str, object]) -> intake.PhoneCall:
    given = {str(name): str(value) for name, value in noted.items() if name != "called_at"}
    if not {"line", "caller", "number_called", "said"} <= given.keys():
        raise InputError("call_missing", "电话记录没有写全", remedy="回到电话记录一步补上", field="call")
    return intake.PhoneCall(**given, called_at=datetime.fromisoformat(str(noted["called_at"])))
