"""The daily proof of money: a list of days, each report to save. Amounts and names, no health data."""

from __future__ import annotations

import json
from datetime import date

from fastapi import Response
from sqlmodel import Session

from services.access.actor import Role
from services.core.errors import NotFound
from services.models import MoneyProof
from services.reporting import money_proof
from services.reporting.proof_book import workbook
from services.web.door import Pages
from services.web.downloads import saved
from services.web.menu import Item
from services.web.visit import Visit

pages = Pages()
READERS = frozenset({Role.FINANCE_MAKER, Role.FINANCE_CHECKER, Role.HEAD, Role.AUDITOR})


@pages.get("/proofs", roles=READERS, menu=Item(36, "资金核对"))
def listed(visit: Visit) -> Response:
    """The newest days, what differs named on top."""
    def run(session: Session) -> tuple[list[MoneyProof], list[money_proof.Kept]]:
        days = money_proof.listed(session)
        latest = money_proof.kept(session, days[0].day) if days else []
        return days, latest
    days, latest = visit.read(run)
    return visit.page("proofs.html", days=days, latest=latest)


@pages.get("/proofs/{day}", roles=READERS)
def report(visit: Visit, day: str) -> Response:
    """The reports of a day as they were kept, with their signatures."""
    found = visit.read(lambda session: money_proof.kept(session, _day(day)))
    content = [{"report": one.report, "sha256": one.proof.sha256, "signature": one.proof.signature.hex(), "holds": one.holds}
               for one in found]
    return saved(json.dumps(content, ensure_ascii=False, indent=1).encode(), f"资金核对{day}.json", "application/json")


@pages.get("/proofs/{day}/workbook", roles=READERS)
def book(visit: Visit, day: str) -> Response:
    """The same as a workbook."""
    return saved(workbook(visit.read(lambda session: money_proof.kept(session, _day(day)))), f"资金核对{day}.xlsx")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise NotFound("proof_missing", "这一天没有资金核对报告", remedy="核对日期") from None
