"""What a report leaves to be told today, reports that may be one event, and cancellations: done by one, confirmed by another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from fastapi import Response
from sqlmodel import Session

from services.access.actor import OFFICE, REVIEWERS, Role
from services.audit import service as audit
from services.core.clock import CHINA
from services.core.errors import HuzhuError, InputError
from services.intake import service as intake
from services.intake.addressees import ADDRESSEES, ToTell, to_tell
from services.models import Case
from services.reporting import claims, sight, telling
from services.web import book_words as words
from services.web.door import Audience, Pages
from services.web.language import N_
from services.web.menu import Item
from services.web.visit import Visit
from services.web.work_words import plan_names

pages = Pages()
TELLERS: Audience = frozenset({Role.UNIT_CLERK, *REVIEWERS})
READERS: Audience = frozenset({Role.UNIT_CLERK, Role.AUDITOR, *REVIEWERS})
SECOND: Audience = frozenset(OFFICE)
Lists = tuple[list[ToTell], list[telling.Offer], list[telling.Joining], list[telling.Cancelling]]


@pages.get("/told", roles=READERS, menu=Item(35, N_("转告与并案")))
def lists(visit: Visit) -> Response:
    """The four lists."""
    return _lists(visit)


def _lists(visit: Visit, *, problem: HuzhuError | None = None) -> Response:
    def run(session: Session) -> Lists:
        if visit.actor.account_id:
            audit.looked(session, org_key=visit.actor.org_key, account=visit.actor.account_id, claim_id=None, what="told", reason=None,
                         at=visit.now)
        return (to_tell(session, today=visit.today), telling.offers(session, today=visit.today),
                telling.joinings(session, visit.actor), telling.cancellings(session, visit.actor))
    to_be_told, offers, joinings, cancellings = visit.note(run)
    return visit.page("told.html", problem=problem, to_tell=to_be_told, offers=offers, joinings=joinings, cancellings=cancellings,
                      words=words, names=plan_names(), acts=visit.actor.has(*TELLERS), second=visit.actor.has(*OFFICE))


@pages.get("/told/reports/{case_no}/{addressee}", roles=TELLERS)
def tell_form(visit: Visit, case_no: str, addressee: str) -> Response:
    """Whom, when and how."""
    return _tell(visit, case_no, addressee)


def _tell(visit: Visit, case_no: str, addressee: str, *, problem: HuzhuError | None = None) -> Response:
    if addressee not in ADDRESSEES:
        raise sight.missing()
    case = visit.read(lambda session: claims.case_by_no(session, case_no))
    return visit.page("told_report.html", problem=problem, case=case, addressee=addressee, words=words,
                      moment=visit.now.astimezone(CHINA).strftime("%Y-%m-%dT%H:%M"))


@pages.post("/told/reports/{case_no}/{addressee}", roles=TELLERS)
def tell(visit: Visit, case_no: str, addressee: str) -> Response:
    """Stops the day's clock."""
    def verb(session: Session) -> None:
        case = claims.case_by_no(session, case_no)
        intake.tell(session, case_id=case.id, addressee=addressee, at=_at(visit), words=visit.field("words"), actor=visit.actor,
                    now=visit.now)
    return visit.attempt(verb, again=lambda problem: _tell(visit, case_no, addressee, problem=problem), then="/told", done="told")


def _at(visit: Visit) -> datetime:
    try:
        return datetime.fromisoformat(visit.field("at")).replace(tzinfo=CHINA)
    except ValueError:
        raise InputError("time_wrong", "不是日期和时间", remedy="写成 2026-05-01T15:00", field="at") from None


@pages.get("/told/pairs/{case_no}/{other_no}", roles=TELLERS)
def pair_form(visit: Visit, case_no: str, other_no: str) -> Response:
    """Both reports side by side; who looks is recorded."""
    return _pair(visit, case_no, other_no)


def _pair(visit: Visit, case_no: str, other_no: str, *, problem: HuzhuError | None = None) -> Response:
    def run(session: Session) -> telling.Pair:
        found = telling.pair(session, case_no, other_no)
        if visit.actor.account_id:
            audit.looked(session, org_key=found.case.org_key, account=visit.actor.account_id, claim_id=None,
                         what=f"pair:{case_no}:{other_no}", reason=None, at=visit.now)
        return found
    return visit.page("told_pair.html", problem=problem, pair=visit.note(run), words=words)


@pages.post("/told/pairs/{case_no}/{other_no}", roles=TELLERS)
def judge(visit: Visit, case_no: str, other_no: str) -> Response:
    """One event (`verdict=join`) or two (`apart`), with the reason."""
    joins = visit.field("verdict") == "join"

    def verb(session: Session) -> None:
        case, other = claims.case_by_no(session, case_no), claims.case_by_no(session, other_no)
        if joins:
            intake.join(session, case_id=case.id, into_id=other.id, reason=visit.field("reason"), actor=visit.actor, now=visit.now)
        else:
            intake.keep_apart(session, case_id=case.id, other_id=other.id, reason=visit.field("reason"), actor=visit.actor, now=visit.now)
    return visit.attempt(verb, again=lambda problem: _pair(visit, case_no, other_no, problem=problem), then="/told",
                         done="join" if joins else "apart")


@pages.post("/told/joinings/{case_no}", roles=SECOND)
def confirm_join(visit: Visit, case_no: str) -> Response:
    """By another person than who asked."""
    return _case(visit, case_no, lambda session, case: intake.confirm_join(session, case_id=case.id, actor=visit.actor, now=visit.now),
                 "joined")


def _case(visit: Visit, case_no: str, verb: Callable[[Session, Case], object], done: str) -> Response:
    return visit.attempt(lambda session: verb(session, claims.case_by_no(session, case_no)),
                         again=lambda problem: _lists(visit, problem=problem), then="/told", done=done)


@pages.post("/told/cancellings/{claim_no}", roles=SECOND)
def confirm_cancel(visit: Visit, claim_no: str) -> Response:
    """By another person than who asked; the claim of the version seen."""
    def verb(session: Session) -> None:
        found = telling.claim_id(session, visit.actor, claim_no, visit.version())
        intake.confirm_cancel(session, claim_id=found, version=visit.version(), actor=visit.actor, now=visit.now)
    return visit.attempt(verb, again=lambda problem: _lists(visit, problem=problem), then="/told", done="cancelled")


@pages.post("/told/cancellings/{claim_no}/drop", roles=TELLERS)
def drop_cancel(visit: Visit, claim_no: str) -> Response:
    """The request was wrong; the claim goes on."""
    def verb(session: Session) -> None:
        found = telling.claim_id(session, visit.actor, claim_no, visit.version())
        intake.drop_request(session, claim_id=found, reason=visit.field("reason"), actor=visit.actor, now=visit.now)
    return visit.attempt(verb, again=lambda problem: _lists(visit, problem=problem), then="/told", done="dropped")
