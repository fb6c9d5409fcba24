"""The tree of organisations, one node a page: added to, changed, moved, merged, closed, with its history and liaisons."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date

from fastapi import Response
from sqlmodel import Session

from services.core.errors import HuzhuError, InputError, NotFound
from services.enrolment import service as enrolment
from services.enrolment import tree
from services.reporting import offices
from services.web import office_words as words
from services.web.desks.admin import ADMINISTRATORS, known_id
from services.web.door import Pages
from services.web.language import N_
from services.web.visit import Visit

pages = Pages()
SAID = {"add": N_("下级组织已新建。"), "words": N_("已更改，原内容留在沿革中。"), "move": N_("已移动，连同全部下级和记录。"),
        "merge": N_("已并入，这里是接续的组织。"), "close": N_("已撤销。"), "liaison": N_("联络人已登记。")}
WORDS = ("name", "letter_organ", "letter_series", "contact", "credit_code")


@pages.get("/admin/organisations", roles=ADMINISTRATORS)
def root(visit: Visit) -> Response:
    """The administrator's own organisation."""
    return _page(visit, None)


@pages.get("/admin/organisations/{org_id}", roles=ADMINISTRATORS)
def node(visit: Visit, org_id: str) -> Response:
    """One node."""
    return _page(visit, known_id(org_id))


@pages.post("/admin/organisations/{org_id}/{act}", roles=ADMINISTRATORS)
def change(visit: Visit, org_id: str, act: str) -> Response:
    """One act on a node. After a merger the reader stands at the successor."""
    chosen = known_id(org_id)
    why, version = visit.field("why"), visit.version()
    me, now = visit.actor, visit.now
    verbs: dict[str, Callable[[Session], uuid.UUID]] = {
        "add": lambda session: enrolment.add_organisation(
            session, parent_id=chosen, code=visit.field("code"), name=_required(visit, "name"), kind=visit.field("kind"),
            office=visit.field("office") or None, letter_organ=visit.field("letter_organ") or None,
            letter_series=visit.field("letter_series") or None, contact=visit.field("contact") or None,
            credit_code=visit.field("credit_code") or None, actor=me, now=now).id,
        "words": lambda session: enrolment.change_organisation(
            session, org_id=chosen, words={name: visit.field(name) or None for name in WORDS}, why=why, version=version, actor=me,
            now=now).id,
        "move": lambda session: enrolment.move_organisation(
            session, org_id=chosen, parent_id=_other(session, visit, "to"), why=why, version=version, actor=me, now=now).id,
        "merge": lambda session: enrolment.merge_organisation(
            session, org_id=chosen, into_id=_other(session, visit, "into"), why=why, version=version, actor=me, now=now).id,
        "close": lambda session: enrolment.close_organisation(session, org_id=chosen, why=why, version=version, actor=me, now=now).id,
        "liaison": lambda session: enrolment.add_liaison(
            session, org_id=chosen, area_id=_other(session, visit, "area"), name=_required(visit, "who"), duty=_required(visit, "duty"),
            phone=_required(visit, "phone"), from_on=_day(visit, "from_on") or visit.today, until_on=_day(visit, "until_on"), actor=me,
            now=now).org_id}
    if act not in verbs:
        raise NotFound("page_missing", "没有这个页面", remedy="核对地址")
    return visit.attempt(verbs[act], again=lambda error: _page(visit, chosen, error, act),
                         then=lambda there: f"/admin/organisations/{there}", done=act)


def _page(visit: Visit, org_id: uuid.UUID | None, problem: HuzhuError | None = None, act: str = "") -> Response:
    search = visit.query.get("q", "").strip()[:50]
    found = visit.read(lambda session: offices.organisation(session, org_id, visit.actor, visit.today, search))
    return visit.page("admin_organisation.html", problem=problem, act=act, node=found, org=found.org, q=search, kinds=words.ORG_KINDS,
                      changes=words.CHANGES, said=SAID, own=found.org.org_key == visit.actor.org_key, here="organisations")


def _other(session: Session, visit: Visit, name: str) -> uuid.UUID:
    """Another organisation by its key as typed."""
    try:
        return tree.find(session, _required(visit, name).rstrip(".") + ".").id
    except NotFound as error:
        raise InputError(error.code, error.message, remedy=error.remedy, field=name) from None


def _required(visit: Visit, name: str) -> str:
    if not visit.field(name):
        raise InputError("missing", "这一项须填写", remedy="填写后再提交", field=name)
    return visit.field(name)


def _day(visit: Visit, name: str) -> date | None:
    try:
        return date.fromisoformat(visit.field(name)) if visit.field(name) else None
    except ValueError:
        raise InputError("day_wrong", "日期的写法不对", remedy="如 2026-03-20", field=name) from None
