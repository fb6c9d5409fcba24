"""Things done to a claim by a short form: where the form stands, what it shows, how it is sent and what a refusal keeps."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from fastapi import Response
from sqlmodel import Session

from services.access.actor import REVIEWERS
from services.core.errors import Conflict, HuzhuError, InputError
from services.core.words import uppercase
from services.reporting import sight
from services.reporting.claim_file import ClaimFile
from services.review.desk import check_shown, open_step
from services.web.act_fields import Field, fields_of
from services.web.claim_context import address, context, moved_on, read_file
from services.web.desks.claim import show
from services.web.door import Audience, Pages
from services.web.visit import Visit

Verb = Callable[[Visit, Session, uuid.UUID], object]
# What is done at the open level: only at the one that the page showed.
LEVEL_ACTS = frozenset({"take", "drop", "pass", "recommend", "refuse", "uphold", "send-down", "send-back", "delegate", "take-over",
                        "amount", "regrade", "exclusion"})


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that may be done. `offered` is its name in `Standing.acts`; `asks` are the fields of its form, none for an
    act of one button; `shows`: the form tells what the worksheet gives, or which papers are there.
    """

    path: str
    offered: str
    title: str
    press: str
    done: str
    verb: Verb
    asks: tuple[str, ...] = ()
    shows: Literal["", "sums", "checklist", "objection", "correction", "consent", "cancelling", "advance"] = ""
    explain: str = ""
    roles: Audience = frozenset(REVIEWERS)


def act_page(visit: Visit, claim_no: str, act: Act, *, problem: HuzhuError | None = None) -> Response:
    """The act's form, over the claim as it now stands; what others did meanwhile is told above it."""
    def read(session: Session) -> tuple[ClaimFile, tuple[Field, ...]]:
        file = read_file(visit, session, claim_no)
        return file, fields_of(visit, session, file, act.asks)
    file, fields = visit.note(read)
    if problem is None and not (file.standing.may(act.offered) or act.offered in file.after.acts):
        return show(visit, claim_no, problem=Conflict("not_offered", "现在不能办理这一事项", remedy="请看本页“您现在可以办理”"))
    values = context(visit, file)
    sum_words = uppercase(max(Decimal(0), values["due"])) if file.sheet else ""
    return visit.page("act.html", problem=problem, act=act, fields=fields, sum_words=sum_words,
                      decides=file.standing.last and file.view.claim.route == "office",        # as `review.pass_level` does
                      news=moved_on(visit, file), **values)


def send(visit: Visit, claim_no: str, act: Act) -> Response:
    """Do it on the version that was seen; refused, the form comes back with what was typed."""
    def verb(session: Session) -> object:
        found = sight.claim(session, visit.actor, claim_no, lock=True, version=visit.version())
        if act.path in LEVEL_ACTS and visit.field("step"):
            check_shown(open_step(session, found.id)[0], visit.field("step"))
        return act.verb(visit, session, found.id)

    def again(problem: HuzhuError) -> Response:
        return act_page(visit, claim_no, act, problem=problem) if act.asks or act.shows else show(visit, claim_no, problem=problem)
    return visit.attempt(verb, again=again, then=address(visit, claim_no), done=act.done)


def register(pages_of: Pages, act: Act) -> None:
    """The act's two routes: its form, where it has one, and its doing."""
    def form(visit: Visit, claim_no: str) -> Response:
        return act_page(visit, claim_no, act)

    def do(visit: Visit, claim_no: str) -> Response:
        return send(visit, claim_no, act)
    if act.asks or act.shows:
        pages_of.get(f"/claims/{{claim_no}}/{act.path}", roles=act.roles)(form)
    pages_of.post(f"/claims/{{claim_no}}/{act.path}", roles=act.roles)(do)


def picked(visit: Visit, name: str) -> uuid.UUID:
    """The row that was chosen in a field. InputError when none was."""
    try:
        return uuid.UUID(visit.field(name))
    except ValueError:
        raise InputError("choice_missing", "没有选择", remedy="选择一项后再提交", field=name) from None


def day_of(visit: Visit, name: str) -> date:
    """The day of a field. InputError when it is none."""
    try:
        return date.fromisoformat(visit.field(name))
    except ValueError:
        raise InputError("date_wrong", "不是日期", remedy="写成 2026-05-01", field=name) from None
