"""The auditor: reads everything in sight and changes nothing. Every page here is a page that is read."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, timedelta
from itertools import groupby
from urllib.parse import urlencode

from fastapi import Response
from sqlmodel import Session

from services.access.actor import Role
from services.core.errors import NotFound
from services.reporting import separation, watching
from services.reporting.watching import Asked, Look
from services.review import sampling
from services.web import office_words as words
from services.web.claim_words import DECISIONS
from services.web.desks.admin import known_id
from services.web.door import Pages
from services.web.language import N_
from services.web.menu import Item
from services.web.visit import Visit, whole
from services.web.work_words import plan_names

pages = Pages()
AUDITORS = frozenset({Role.AUDITOR})
FIRST_YEAR = 2024
FINDINGS: Mapping[str, str] = {
    "ok": N_("无误"), "remark": N_("有提示，不影响决定"), "amount_wrong": N_("金额有误"), "clause_wrong": N_("条款适用有误"),
    "facts_wrong": N_("事实认定有误"), "papers_insufficient": N_("材料不足以支持决定"), "identity_wrong": N_("身份核对有误"),
    "deadline_missed": N_("超过办理时限"), "letter_wrong": N_("文书有误")}


@pages.get("/audit", roles=AUDITORS, menu=Item(30, "审计"))
def overview(visit: Visit) -> Response:
    """The ways in, and whether the record was sealed lately."""
    days = visit.read(lambda session: watching.days(session, limit=1))
    return visit.page("audit.html", here="audit", sealed=days[0] if days else None,
                      stale=not days or days[0].day < visit.today - timedelta(days=1), year=visit.today.year)


@pages.get("/audit/looks", roles=AUDITORS)
def looks(visit: Visit) -> Response:
    """Who looked at what, when and why: by claim, by person, by account."""
    given = {name: visit.query.get(name, "").strip()[:60] for name in ("claim", "login", "person", "after")}
    asked = Asked(given["claim"].upper(), given["login"], known_id(given["person"]) if given["person"] else None,
                  known_id(given["after"]) if given["after"] else None)

    def run(session: Session) -> tuple[list[Look], str | None, uuid.UUID | None]:
        name = watching.name_of(session, asked.person_id) if asked.person_id else None
        person = watching.person_of(session, asked.claim_no) if asked.claim_no else None
        return watching.looks(session, asked), name, person
    found, name, person = visit.read(run)
    shown, more = found[:watching.PAGE], ""
    if len(found) > watching.PAGE:
        more = "/audit/looks?" + urlencode({**{key: value for key, value in given.items() if value}, "after": shown[-1].id})
    return visit.page("audit_looks.html", here="looks", found=[(look, words.look_words(look.what)) for look in shown], more=more,
                      given=given, person_name=name, person=person, doors=words.DOORS)


@pages.get("/audit/separation", roles=AUDITORS)
def proof(visit: Visit) -> Response:
    """The proof for a year. It compares every claim decided in it, so it runs when asked for, not whenever the page is opened."""
    year = whole(visit.query.get("year", ""))
    years = range(visit.today.year, FIRST_YEAR - 1, -1)
    wanted = year if year in years else None
    found = visit.read(lambda session: separation.proof(session, wanted)) if wanted else None
    return visit.page("audit_separation.html", here="separation", years=list(years), proof=found, kinds=separation.KINDS)


@pages.get("/audit/samples", roles=AUDITORS)
def samples(visit: Visit) -> Response:
    """Samples of decisions checked again, newest first."""
    after = visit.query.get("after", "")
    found = visit.read(lambda session: sampling.samples(session, after=known_id(after) if after else None, limit=51))
    return visit.page("audit_samples.html", here="samples", found=found[:50], more=found[49].id if len(found) > 50 else None,
                      names=plan_names())


@pages.get("/audit/samples/{sample_id}", roles=AUDITORS)
def sample(visit: Visit, sample_id: str) -> Response:
    """One of them with what was found; drawn once more from its seed when asked."""
    chosen = known_id(sample_id)
    result = visit.read(lambda session: sampling.result(session, sample_id=chosen, actor=visit.actor))
    again = visit.read(lambda session: sampling.redraw(session, sample_id=chosen)) if visit.query.get("again") else None
    return visit.page("audit_sample.html", here="samples", result=result, again=again, names=plan_names(), findings=FINDINGS,
                      decisions=DECISIONS)


@pages.get("/audit/record", roles=AUDITORS)
def record(visit: Visit) -> Response:
    """The daily heads over all chains, and the days without one."""
    before = visit.query.get("before", "")
    try:
        edge = date.fromisoformat(before) if before else None
    except ValueError:
        raise NotFound("not_found", "没有这一日", remedy="核对地址") from None
    days = visit.read(lambda session: watching.days(session, before=edge, limit=32))
    shown = days[:31]
    gaps = [later.day for later, earlier in zip(shown, days[1:], strict=False) if later.day - earlier.day > timedelta(days=1)]
    return visit.page("audit_record.html", here="chain", days=shown, gaps=set(gaps), more=shown[-1].day if len(days) > 31 else None,
                      stale=not edge and (not days or days[0].day < visit.today - timedelta(days=1)))


@pages.get("/audit/books", roles=AUDITORS)
def books(visit: Visit) -> Response:
    """The trial balance, plan by plan."""
    found = visit.read(watching.books)
    plans = [(plan, rows, sum(row.balance_fen for row in rows))
             for plan, rows in ((plan, list(group)) for plan, group in groupby(found, key=lambda row: row.plan))]
    return visit.page("audit_books.html", here="books", plans=plans, names=plan_names())
