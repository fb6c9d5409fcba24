"""Whom to tell before a settlement's money comes: a run's list of short messages, masked on screen, taken away with a reason."""

from __future__ import annotations

from typing import Any, cast

from fastapi import Response
from sqlmodel import Session

from services.access.actor import Role
from services.core.errors import HuzhuError, InputError
from services.models import PaymentRun
from services.payment import queries as payments
from services.reporting.sight import missing
from services.settlement.paying import service as settling
from services.settlement.paying import telling
from services.web.door import Pages
from services.web.downloads import saved
from services.web.visit import Visit

pages = Pages()
FINANCE = frozenset({Role.FINANCE_MAKER, Role.FINANCE_CHECKER})
_FORMS = ("xlsx", "csv")


@pages.get("/runs/{run_no}/telling", roles=FINANCE)
def shown(visit: Visit, run_no: str) -> Response:
    """The first of the list, who took it before, and the way to take it."""
    return _page(visit, run_no)


def _page(visit: Visit, run_no: str, problem: HuzhuError | None = None) -> Response:
    def read(session: Session) -> dict[str, Any]:
        run = _run(session, run_no)
        return {"run": run, "told": telling.preview(session, run.id), "taken": telling.tellings(session, run.id)}
    return visit.page("run_telling.html", problem=problem, text=telling.TEXT, **visit.read(read))


@pages.post("/runs/{run_no}/telling", roles=FINANCE)
def take(visit: Visit, run_no: str) -> Response:
    """The whole list as a file; who took it and why is recorded."""
    form = visit.field("form") or "xlsx"
    try:
        if form not in _FORMS:
            raise InputError("form_unknown", "没有这种文件格式", remedy="选择 XLSX 或 CSV", field="form")
        found = visit.note(lambda session: settling.tell_list(
            session, run_id=_run(session, run_no).id, form=cast(telling.Format, form), reason=visit.field("reason"), actor=visit.actor,
            now=visit.now))
    except InputError as error:
        return _page(visit, run_no, error)
    return saved(found.content, found.name) if form == "xlsx" else saved(found.content, found.name, "text/csv")


def _run(session: Session, run_no: str) -> PaymentRun:
    run = payments.run_numbered(session, run_no)
    if run is None or run.settlement_id is None:
        raise missing()
    return run
