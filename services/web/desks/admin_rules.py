"""What governs claims: dated changes that one person proposes and another releases."""

from __future__ import annotations

import uuid
from datetime import date

from fastapi import Response
from sqlmodel import Session

from services.access.actor import Role
from services.core.errors import HuzhuError, InputError, NotFound
from services.enrolment import tree
from services.models import Organisation, Release
from services.releases import queries, rules, service
from services.releases.book_change import LONGEST
from services.releases.passages import PASSAGES, Passage
from services.reporting import calendars as reading
from services.reporting import offices
from services.web import office_words as words
from services.web.claim_words import CLOCKS, ROLES
from services.web.desks.admin import known_id
from services.web.desks.letter_wordings import pages_of
from services.web.door import Pages
from services.web.language import N_
from services.web.menu import Item
from services.web.release_book import proposed
from services.web.visit import Visit
from services.workdays.years import parse

pages = Pages()
WHO = frozenset({Role.ADMINISTRATOR, Role.HEAD})
SAID = {"proposed": N_("已提出，等待另一人放行。"), "release": N_("已放行，自生效日起适用。"), "reject": N_("已否决。"),
        "withdraw": N_("已撤回。")}


@pages.get("/releases", roles=WHO, menu=Item(65, "规则变更"))
def releases(visit: Visit) -> Response:
    """The proposals and releases, newest first."""
    return _list(visit)


@pages.post("/releases", roles=WHO)
def propose(visit: Visit) -> Response:
    """Propose a change; it holds for nobody until another person releases it."""
    def run(session: Session) -> str:
        kind = visit.field("kind")
        made = service.propose(session, kind=kind, payload=_payload(visit, kind), effective_on=_day(visit), note=visit.field("note"),
                               org_id=tree.find(session, visit.actor.org_key).id, actor=visit.actor, now=visit.now)
        return f"/releases/{made.id}"
    return visit.attempt(run, again=lambda error: _list(visit, error), then=str, done="proposed")


@pages.get("/releases/{release_id}", roles=WHO)
def release(visit: Visit, release_id: str) -> Response:
    """One of them, with what the second person releases."""
    return _one(visit, release_id)


@pages.post("/releases/{release_id}/{act}", roles=WHO)
def answer(visit: Visit, release_id: str, act: str) -> Response:
    """Released, rejected, or taken back."""
    chosen, note = known_id(release_id), visit.field("note")

    def run(session: Session) -> Release:
        if act == "release":
            return service.release(session, release_id=chosen, digest=visit.field("digest"), note=note, actor=visit.actor, now=visit.now)
        verbs = {"reject": service.reject, "withdraw": service.withdraw}
        if act not in verbs:
            raise NotFound("page_missing", "没有这个页面", remedy="核对地址")
        return verbs[act](session, release_id=chosen, note=note, actor=visit.actor, now=visit.now)
    return visit.attempt(run, again=lambda error: _one(visit, release_id, error), then=f"/releases/{chosen}", done=act)


def _list(visit: Visit, problem: HuzhuError | None = None) -> Response:
    def run(session: Session) -> tuple[list[Release], dict[uuid.UUID, str], frozenset[str]]:
        found = queries.releases(session, actor=visit.actor)
        return (found, offices.release_names(session, found),
                queries.separation(session, on=visit.today, org_key=visit.actor.org_key))
    found, names, held = visit.read(run)
    return visit.page("releases.html", problem=problem, found=found, names=names, kinds=words.RELEASE_KINDS, states=words.RELEASE_STATES,
                      comparisons=rules.COMPARISONS, held=held, act=visit.field("kind"), here="releases")


def _one(visit: Visit, release_id: str, problem: HuzhuError | None = None) -> Response:
    chosen = known_id(release_id)
    found = next((one for one in visit.read(lambda session: queries.releases(session, actor=visit.actor)) if one.id == chosen), None)
    if found is None:
        raise NotFound("release_missing", "没有这一变更，或不在您的管辖范围内", remedy="刷新后核对")
    names, foreseen = visit.read(lambda session: (offices.release_names(session, [found]), _foreseen(session, found)))
    return visit.page("release.html", problem=problem, one=found, names=names, kinds=words.RELEASE_KINDS, states=words.RELEASE_STATES,
                      mine=found.proposed_person == visit.actor.person_id, said=SAID, fields=words.PAYLOADS,
                      clock_kinds=CLOCKS, clock_roles=ROLES, clock_places=words.PLACES, foreseen=foreseen,
                      shown=proposed(found), worded=_worded(found), here="releases")


def _worded(found: Release) -> tuple[Passage, str, range] | None:
    """The passage that a wording replaces, a letter that has it, and that letter's pages in the proposed words."""
    one = PASSAGES.get(str(found.payload.get("code", ""))) if found.kind == "wording" else None
    return (one, *pages_of(one, str(found.payload["text"]))[0]) if one else None


def _foreseen(session: Session, found: Release) -> reading.Preview | None:
    """What a proposed year would change, as the second person must see it before releasing."""
    if found.kind != "calendar" or found.state != "proposed":
        return None
    org = session.get(Organisation, found.org_id)
    return reading.preview(session, org.org_key, parse(str(found.payload["text"]))) if org and "text" in found.payload else None


def _payload(visit: Visit, kind: str) -> dict[str, object]:
    """The payload of a kind out of the form; a file goes in whole, for it is what is released."""
    if kind == "separation_rule":
        return {"off": [one.name for one in rules.COMPARISONS if one.name not in visit.listed("on")]}
    if kind == "rule_book":
        return {"plan": visit.field("plan"), "effective": visit.field("effective_on"), "text": _text(visit)}
    return {"code": visit.field("code"), "text": visit.field("text")}       # the form stands at /letter-wordings


def _text(visit: Visit) -> str:
    try:
        return visit.upload("file").file.read(LONGEST * 4).decode()
    except UnicodeDecodeError:
        raise InputError("not_utf8", "文件不是 UTF-8 文字", remedy="另存为 UTF-8", field="file") from None


def _day(visit: Visit) -> date:
    try:
        return date.fromisoformat(visit.field("effective_on"))
    except ValueError:
        raise InputError("day_wrong", "没有填写生效日", remedy="如 2026-12-01", field="effective_on") from None
