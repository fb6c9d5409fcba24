"""Reporting an event, one step a page: for whom, what happened, the facts. Kept as a sealed draft between the steps."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Response
from sqlmodel import Session

from services.access.actor import OFFICE, Role
from services.core.clock import CHINA
from services.core.errors import HuzhuError, InputError
from services.intake import drafts
from services.intake.drafts import Draft
from services.intake.queries import acts_for_self
from services.reporting import mine
from services.reporting.report_form import About, draft_lines, event_of, named, person_id
from services.web.desks.claim import identified
from services.web.desks.mine import RELATIONS
from services.web.door import Pages
from services.web.language import N_
from services.web.menu import Item
from services.web.report_fields import HINTS, KINDS, grown, read
from services.web.visit import Visit

pages = Pages()
REPORTERS = frozenset({Role.MEMBER, Role.UNIT_CLERK, *OFFICE})
STEPS = (("kind", N_("什么事")), ("facts", N_("情况")), ("papers", N_("材料")), ("check", N_("核对提交")))
CALL_STEP = ("call", N_("电话记录"))
LINES = (("office", N_("工会办事处电话")), ("95511", N_("保险公司报案电话 95511")))
SAID = {"dropped": N_("草稿已删去。")}


@dataclass(frozen=True, slots=True)
class Open:
    """A draft in work with whom it is about."""

    draft: Draft
    about: About

    @property
    def words(self) -> dict[str, object]:
        """What was said so far."""
        return self.draft.words

    @property
    def event(self) -> dict[str, object]:
        """The event so far."""
        return event_of(self.draft.words)

    @property
    def phone(self) -> bool:
        """Whether it is a telephone note."""
        return self.words.get("channel") == "phone"


@pages.get("/report", roles=REPORTERS, menu=Item(15, N_("报案")))
def start(visit: Visit) -> Response:
    """For whom; drafts to go on with."""
    return _start(visit)


def _start(visit: Visit, *, problem: HuzhuError | None = None) -> Response:
    own = acts_for_self(visit.actor)
    lines, people = visit.read(lambda session: (draft_lines(session, visit.actor), mine.people_of(session, visit.actor) if own else ()))
    return visit.page("report.html", problem=problem, own=own, lines=lines, people=people, relations=RELATIONS, kinds=KINDS, said=SAID,
                      clerk=visit.actor.has(Role.UNIT_CLERK))


@pages.post("/report", roles=REPORTERS)
def begin(visit: Visit) -> Response:
    """Open a draft about somebody who has a cover."""
    own = acts_for_self(visit.actor)
    chosen = visit.field("person")

    def verb(session: Session) -> str:
        about = named(session, visit.actor, id_number=None if own else visit.field("id_number") or None,
                      person_id=identified(chosen) if own and chosen else None, today=visit.today)
        made = drafts.save(session, words={"person_id": str(about.person.id), "channel": _channel(visit)}, actor=visit.actor, now=visit.now)
        return f"/report/{made.id}/{'call' if made.words['channel'] == 'phone' else 'kind'}"
    return visit.attempt(verb, again=lambda problem: _start(visit, problem=problem), then=lambda to: to)


def _channel(visit: Visit) -> str:
    """A member's own, a clerk's, or (the office's only way) a telephone note."""
    if acts_for_self(visit.actor):
        return "member"
    return "clerk" if visit.actor.has(Role.UNIT_CLERK) and visit.field("channel") != "phone" else "phone"


@pages.post("/report/{draft_id}/drop", roles=REPORTERS)
def drop(visit: Visit, draft_id: str) -> Response:
    """Not wanted any more."""
    return visit.attempt(lambda session: drafts.drop(session, draft_id=identified(draft_id), actor=visit.actor),
                         again=lambda problem: _start(visit, problem=problem), then="/report", done="dropped")


def opened(visit: Visit, session: Session, draft_id: str) -> Open:
    """A draft of the visitor's own account. NotFound otherwise."""
    found = drafts.draft(session, draft_id=identified(draft_id), actor=visit.actor)
    return Open(found, named(session, visit.actor, person_id=person_id(found.words), today=visit.today))


def step_page(visit: Visit, template: str, found: Open, step: str, *, problem: HuzhuError | None = None,
              **values: Any) -> Response:      # a template's values are of every kind
    """A page of one step."""
    steps = [CALL_STEP, *STEPS] if found.phone else list(STEPS)
    reached = 2 if not found.event else len(steps)
    return visit.page(template, problem=problem, found=found, steps=steps, step=step, reached=reached, kinds=KINDS, **values)


def keep(visit: Visit, session: Session, found: Open, **changed: object) -> uuid.UUID:
    """The draft's next state. Conflict: another window saved it since."""
    words = {key: value for key, value in {**found.words, **changed}.items() if value not in (None, "", {})}
    drafts.save(session, words=words, draft_id=found.draft.id, version=visit.version(), actor=visit.actor, now=visit.now)
    return found.draft.id


# --- a telephone note -------------------------------------------------------------------------------------------------

@pages.get("/report/{draft_id}/call", roles=REPORTERS)
def ask_call(visit: Visit, draft_id: str) -> Response:
    """Who called, when, from and to which number, and what was said."""
    return _call_page(visit, draft_id)


@pages.post("/report/{draft_id}/call", roles=REPORTERS)
def note_call(visit: Visit, draft_id: str) -> Response:
    """Keep the note."""
    def verb(session: Session) -> None:
        call = {name: visit.field(name) for name in ("line", "caller", "relation", "caller_phone", "number_called", "said")}
        for name in ("caller", "number_called", "said"):
            if not call[name]:
                raise InputError("call_field", "电话记录须写全", remedy="补上这一项", field=name)
        keep(visit, session, opened(visit, session, draft_id), call={**{k: v for k, v in call.items() if v}, "called_at": _moment(visit)})
    return visit.attempt(verb, again=lambda problem: _call_page(visit, draft_id, problem=problem), then=f"/report/{draft_id}/kind")


def _moment(visit: Visit) -> str:
    try:
        at = datetime.fromisoformat(visit.field("called_at")).replace(tzinfo=CHINA)
    except ValueError:
        raise InputError("call_time", "请填来电的日期和时间", remedy="如 2026-03-18 10:30", field="called_at") from None
    if at > visit.now:
        raise InputError("call_time", "来电时间不能晚于现在", remedy="核对时间", field="called_at")
    return at.isoformat()


def _call_page(visit: Visit, draft_id: str, *, problem: HuzhuError | None = None) -> Response:
    found = visit.read(lambda session: opened(visit, session, draft_id))
    call = found.words.get("call")
    noted: dict[str, object] = call if isinstance(call, dict) else {}
    at = noted.get("called_at")
    moment = datetime.fromisoformat(str(at)).astimezone(CHINA) if at else visit.now.astimezone(CHINA)
    return step_page(visit, "report_call.html", found, "call", problem=problem, call=noted, lines=LINES,
                     moment=moment.strftime("%Y-%m-%dT%H:%M"))


# --- what happened ----------------------------------------------------------------------------------------------------

@pages.get("/report/{draft_id}/kind", roles=REPORTERS)
def ask_kind(visit: Visit, draft_id: str) -> Response:
    """The kinds of event that this person's covers answer."""
    return _kind_page(visit, draft_id)


@pages.post("/report/{draft_id}/kind", roles=REPORTERS)
def choose_kind(visit: Visit, draft_id: str) -> Response:
    """A new kind begins the facts anew."""
    def verb(session: Session) -> None:
        found, kind = opened(visit, session, draft_id), visit.field("kind")
        if kind not in found.about.kinds:
            raise InputError("kind_missing", "请选择发生了什么事", remedy="选一项", field="kind")
        keep(visit, session, found, event=found.event if found.event.get("kind") == kind else {"kind": kind})
    return visit.attempt(verb, again=lambda problem: _kind_page(visit, draft_id, problem=problem), then=f"/report/{draft_id}/facts")


def _kind_page(visit: Visit, draft_id: str, *, problem: HuzhuError | None = None) -> Response:
    found = visit.read(lambda session: opened(visit, session, draft_id))
    return step_page(visit, "report_kind.html", found, "kind", problem=problem)


# --- the facts --------------------------------------------------------------------------------------------------------

@pages.get("/report/{draft_id}/facts", roles=REPORTERS)
def ask_facts(visit: Visit, draft_id: str) -> Response:
    """The fields grown from the wordings of the covers that may answer."""
    return _facts_page(visit, draft_id)


@pages.post("/report/{draft_id}/facts", roles=REPORTERS)
def state_facts(visit: Visit, draft_id: str) -> Response:
    """Keep them; `more` asks for one more stay and goes no further."""
    if visit.field("more"):
        return _facts_page(visit, draft_id, more=True)

    def verb(session: Session) -> None:
        found = opened(visit, session, draft_id)
        event = read(visit, found.about.of_kind(str(found.event.get("kind"))), found.event)
        keep(visit, session, found, event=event, hospital=visit.field("hospital"))
    return visit.attempt(verb, again=lambda problem: _facts_page(visit, draft_id, problem=problem), then=f"/report/{draft_id}/papers")


def _facts_page(visit: Visit, draft_id: str, *, problem: HuzhuError | None = None, more: bool = False) -> Response:
    found = visit.read(lambda session: opened(visit, session, draft_id))
    kind = str(found.event.get("kind", ""))
    if kind not in found.about.kinds:
        return visit.go(f"/report/{draft_id}/kind")
    form = grown(visit, found.about.of_kind(kind), found.event, office=not acts_for_self(visit.actor), more_stays=more)
    return step_page(visit, "report_facts.html", found, "facts", problem=problem, form=form, hints=HINTS)
