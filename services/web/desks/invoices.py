"""The invoice ledger: found by number, amount or day; whether a paper was used in another case too. What is typed is kept nowhere."""

from __future__ import annotations

from datetime import date

from fastapi import Response

from services.access.actor import REVIEWERS, Role
from services.core.errors import InputError
from services.core.money import parse_yuan, to_fen
from services.evidence.matches import ELSEWHERE
from services.reporting import invoice_book
from services.reporting.invoice_book import Asked, Entry
from services.web.claim_words import STATES
from services.web.door import Pages
from services.web.language import N_
from services.web.menu import Item
from services.web.visit import Visit
from services.web.work_words import plan_names

pages = Pages()
READERS = frozenset({Role.AUDITOR, *REVIEWERS})
SHEETS = {"invoice": N_("医疗收费票据"), "settlement": N_("住院费用结算单")}
HOWS = {"bytes": N_("同一文件"), "number": N_("同一号码"), "picture": N_("同一影像")}


@pages.get("/invoices", roles=READERS, menu=Item(24, N_("票据台账")))
def ledger(visit: Visit) -> Response:
    """The empty form, and what of decided claims was used again."""
    return _page(visit)


@pages.post("/invoices", roles=READERS)
def found(visit: Visit) -> Response:
    """What was found in sight; the search is recorded."""
    try:
        asked = _asked(visit)
        lines, more = visit.read(lambda session: invoice_book.search(session, asked))
    except InputError as error:
        return _page(visit, problem=error)
    visit.note(lambda session: invoice_book.looked(session, lines, actor=visit.actor, now=visit.now))
    return _page(visit, lines=lines, more=more)


def _asked(visit: Visit) -> Asked:
    amount = visit.field("amount").replace(",", "")
    return Asked(number="".join(visit.field("number").split()).upper(), code="".join(visit.field("code").split()).upper(),
                 amount_fen=to_fen(parse_yuan(amount, field="amount")) if amount else None, from_on=_day(visit, "from_on"),
                 until_on=_day(visit, "until_on"))


def _day(visit: Visit, name: str) -> date | None:
    try:
        return date.fromisoformat(visit.field(name)) if visit.field(name) else None
    except ValueError:
        raise InputError("date_format", f"“{visit.field(name)}”不是日期", remedy="写成 2026-03-01", field=name) from None


def _page(visit: Visit, *, lines: list[Entry] | None = None, more: bool = False, problem: InputError | None = None) -> Response:
    later = visit.read(invoice_book.later) if lines is None else []
    return visit.page("invoices.html", problem=problem, lines=lines, more=more, later=later, most=invoice_book.MOST, states=STATES,
                      sheets=SHEETS, hows=HOWS, names=plan_names(), elsewhere=ELSEWHERE)
