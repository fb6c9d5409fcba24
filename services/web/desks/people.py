"""A person's record: covers, claims, categories, card, relatives and proxies, every change; and what may be done to it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from typing import Any

from fastapi import Response
from sqlmodel import Session

from services.access.actor import OFFICE, REVIEWERS, Role
from services.core.errors import HuzhuError
from services.core.identity import BANKS
from services.enrolment import categories, proxies, queries
from services.enrolment import service as enrolment
from services.models import Person, PersonCategory, Proxy
from services.reporting import people, sight
from services.web import book_words as words
from services.web import claim_words
from services.web.acts import day_of, picked
from services.web.desks.book import row_id
from services.web.door import Audience, Pages
from services.web.uploading import files, limits
from services.web.visit import Visit
from services.web.work_words import plan_names

pages = Pages()
READERS: Audience = frozenset({Role.UNIT_CLERK, Role.AUDITOR, Role.ADMINISTRATOR, *REVIEWERS})
KEEPERS: Audience = frozenset({Role.UNIT_CLERK, *REVIEWERS})
UNMASKERS: Audience = frozenset({Role.UNIT_CLERK, Role.AUDITOR, *REVIEWERS})
CORRECTORS: Audience = frozenset({Role.ADMINISTRATOR, *OFFICE})
CONFIRMERS: Audience = frozenset({Role.ADMINISTRATOR, *REVIEWERS})
RECORDERS: Audience = frozenset({Role.UNIT_CLERK, Role.ADMINISTRATOR, *REVIEWERS})
# act -> (title and button of its form, who may)
FORMS: dict[str, tuple[str, Audience]] = {
    "correct": (words.ACT_TITLES["correct"], CORRECTORS), "category": (words.ACT_TITLES["category"], CONFIRMERS),
    "card": (words.ACT_TITLES["card"], RECORDERS), "proxy": (words.ACT_TITLES["proxy"], KEEPERS),
    "kin": (words.ACT_TITLES["kin"], RECORDERS)}
Verb = Callable[[Session, Person], object]


@pages.get("/people/{person_id}", roles=READERS)
def record(visit: Visit, person_id: str) -> Response:
    """The whole record; the look is recorded."""
    return _record(visit, person_id)


def _record(visit: Visit, person_id: str, *, problem: HuzhuError | None = None) -> Response:
    found = visit.note(lambda session: people.sheet(session, visit.actor, _id(person_id), today=visit.today, now=visit.now))
    roles = {name: audience for name, (_, audience) in FORMS.items()}
    return visit.page("person.html", problem=problem, sheet=found, banks=BANKS, card_words=queries.masked_card, forms=FORMS,
                      may={name for name, audience in roles.items() if isinstance(audience, frozenset) and visit.actor.has(*audience)},
                      unmasks=visit.actor.has(*people.UNMASKERS), unties=visit.actor.has(*OFFICE, Role.ADMINISTRATOR),
                      registers=visit.actor.has(Role.UNIT_CLERK, *REVIEWERS), audits=visit.actor.has(Role.AUDITOR), **_names())


def _id(text: str) -> uuid.UUID:
    found = row_id(text)
    if found is None:
        raise sight.missing()
    return found


def _names() -> dict[str, Any]:     # a template's values are of every kind
    return {"words": words, "claim_words": claim_words, "names": plan_names()}


def _form(visit: Visit, person_id: str, act: str, *, problem: HuzhuError | None = None) -> Response:
    def run(session: Session) -> tuple[uuid.UUID, str, str, int]:
        found = people.known(session, visit.actor, _id(person_id))
        return found.id, found.name, people.view_for(visit.actor, found).id_number, found.version
    found_id, name, number, version = visit.read(run)
    return visit.page("person_act.html", problem=problem, act=act, title=FORMS[act][0], person={
        "id": found_id, "name": name, "number": number, "version": version}, banks=BANKS, **_names(), **limits())


def _on(visit: Visit, person_id: str, verb: Verb, done: str, again: Callable[[HuzhuError], Response]) -> Response:
    """A verb on somebody the visitor's region knows; then back to her record."""
    def run(session: Session) -> uuid.UUID:
        found = people.known(session, visit.actor, _id(person_id))
        verb(session, found)
        return found.id
    return visit.attempt(run, again=again, then=lambda found: f"/people/{found}", done=done)


def _proof(visit: Visit) -> str:
    """The SHA-256 of the paper that proves it, kept now."""
    visit.upload("proof")
    sent = files(visit, "proof")[0]
    return categories.keep_proof(content=sent.content, file_name=sent.name, actor=visit.actor)


def _correct(visit: Visit, session: Session, found: Person) -> object:
    what = visit.field("what")
    return enrolment.correct_person(session, person_id=found.id, words={what: visit.field("new") or None}, why=visit.field("why"),
                                    version=visit.version(), actor=visit.actor, now=visit.now)


def _category(visit: Visit, session: Session, found: Person) -> object:
    until = day_of(visit, "until_on") if visit.field("until_on") else None
    return enrolment.add_category(session, person_id=found.id, category=visit.field("category"), from_on=day_of(visit, "from_on"),
                                  until_on=until, proof_sha256=_proof(visit), actor=visit.actor, now=visit.now)


def _card(visit: Visit, session: Session, found: Person) -> object:
    return enrolment.add_bank_card(session, person_id=found.id, bank=visit.field("bank"), number=visit.field("number"),
                                   holder=visit.field("holder"), actor=visit.actor, now=visit.now)


def _other(visit: Visit, session: Session) -> Person:
    """The other person of a tie, found by number or registered now."""
    return enrolment.add_person(session, name=visit.field("name"), id_number=visit.field("id_number"), phone=visit.field("phone") or None,
                                actor=visit.actor, now=visit.now)


def _proxy(visit: Visit, session: Session, found: Person) -> object:
    return enrolment.add_proxy(session, person_id=found.id, proxy_id=_other(visit, session).id, from_on=day_of(visit, "from_on"),
                               until_on=day_of(visit, "until_on"), reason=visit.field("reason"), proof_sha256=_proof(visit),
                               actor=visit.actor, now=visit.now)


def _kin(visit: Visit, session: Session, found: Person) -> None:
    # An account alone opens nobody's record: one of the two is covered or paid in the region.
    other = _other(visit, session)
    if not visit.actor.has(Role.ADMINISTRATOR) and not any(people.region_knows(session, one.id) for one in (found, other)):
        raise sight.missing()
    enrolment.add_kin(session, person_id=found.id, relative_id=other.id, relation=visit.field("relation"), actor=visit.actor,
                      now=visit.now)


_VERBS: dict[str, tuple[Callable[[Visit, Session, Person], object], str]] = {
    "correct": (_correct, "corrected"), "category": (_category, "category"), "card": (_card, "card"), "proxy": (_proxy, "proxy"),
    "kin": (_kin, "kin")}


def _register(act: str) -> None:
    verb, done = _VERBS[act]

    def form(visit: Visit, person_id: str) -> Response:
        return _form(visit, person_id, act)

    def send(visit: Visit, person_id: str) -> Response:
        return _on(visit, person_id, lambda session, found: verb(visit, session, found), done,
                   lambda problem: _form(visit, person_id, act, problem=problem))
    pages.get(f"/people/{{person_id}}/{act}", roles=FORMS[act][1])(form)
    pages.post(f"/people/{{person_id}}/{act}", roles=FORMS[act][1])(send)


for _act in _VERBS:
    _register(_act)


@pages.post("/people/{person_id}/category/withdraw", roles=CONFIRMERS)
def withdraw_category(visit: Visit, person_id: str) -> Response:
    """One recorded in error counts for no day."""
    return _take_back(visit, person_id, categories.periods, lambda session, row: enrolment.withdraw_category(
        session, category_id=row, why=visit.field("why"), actor=visit.actor, now=visit.now), "category_withdrawn")


@pages.post("/people/{person_id}/proxy/end", roles=KEEPERS)
def end_proxy(visit: Visit, person_id: str) -> Response:
    """At once."""
    return _take_back(visit, person_id, proxies.proxies_of, lambda session, row: enrolment.end_proxy(
        session, proxy_id=row, why=visit.field("why"), actor=visit.actor, now=visit.now), "proxy_ended")


def _take_back(visit: Visit, person_id: str, rows: Callable[[Session, uuid.UUID], Iterable[PersonCategory | Proxy]],
               verb: Callable[[Session, uuid.UUID], object], done: str) -> Response:
    """A verb on one row of this very person's."""
    def run(session: Session, found: Person) -> None:
        wanted = picked(visit, "row")
        if wanted not in {row.id for row in rows(session, found.id)}:
            raise sight.missing()
        verb(session, wanted)
    return _on(visit, person_id, run, done, lambda problem: _record(visit, person_id, problem=problem))


@pages.post("/people/{person_id}/kin/remove", roles=CORRECTORS)
def remove_kin(visit: Visit, person_id: str) -> Response:
    """A tie recorded in error goes, in both directions."""
    def verb(session: Session, found: Person) -> None:
        enrolment.remove_kin(session, person_id=found.id, relative_id=picked(visit, "row"), why=visit.field("why"), actor=visit.actor,
                             now=visit.now)
    return _on(visit, person_id, verb, "kin_removed", lambda problem: _record(visit, person_id, problem=problem))


@pages.get("/people/{person_id}/unmask", roles=UNMASKERS)
def unmask_form(visit: Visit, person_id: str) -> Response:
    """Which number, and why."""
    return _unmask(visit, person_id)


@pages.post("/people/{person_id}/unmask", roles=UNMASKERS)
def unmask(visit: Visit, person_id: str) -> Response:
    """The full number, shown once; who saw it and why is recorded."""
    what = visit.field("what")
    try:
        value = visit.note(lambda session: people.unmask(session, person_id=_id(person_id), what=what, reason=visit.field("reason"),
                                                         actor=visit.actor, now=visit.now))
    except HuzhuError as error:
        return _unmask(visit, person_id, problem=error)
    return _unmask(visit, person_id, what=what, value=value)


def _unmask(visit: Visit, person_id: str, *, what: str = "", value: str = "", problem: HuzhuError | None = None) -> Response:
    name = visit.read(lambda session: people.known(session, visit.actor, _id(person_id)).name)
    return visit.page("person_unmask.html", problem=problem, person_id=_id(person_id), name=name, what=what, value=value,
                      fields=claim_words.NUMBERS)
