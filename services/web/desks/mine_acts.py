"""What a member does on her claim with a form of its own: answer a list, object, withdraw."""

from __future__ import annotations

import uuid

from fastapi import Response
from sqlmodel import Session

from services.core.errors import Conflict, HuzhuError, InputError
from services.evidence import service as evidence
from services.intake import service as intake
from services.reporting import sight
from services.reporting.claims import Located
from services.reporting.views import SupplementView
from services.review import objection
from services.web.desks.claim import identified
from services.web.desks.mine import MEMBERS, File, act, as_member, context, file_of
from services.web.door import Pages
from services.web.uploading import beside, files
from services.web.visit import Visit

pages = Pages()


def _upload(visit: Visit, session: Session, claim_id: uuid.UUID, kind: str, field: str) -> list[uuid.UUID]:
    """Every file of a field onto the claim, as papers of one kind."""
    with beside(field):
        return [evidence.upload(session, claim_id=claim_id, kind=kind, file_name=file.name, content=file.content, actor=as_member(visit),
                                now=visit.now).id for file in files(visit, field)]


# --- a supplement list ------------------------------------------------------------------------------------------------

@pages.get("/mine/{claim_no}/lists/{list_id}", roles=MEMBERS)
def listed(visit: Visit, claim_no: str, list_id: str) -> Response:
    """Each item with its place for files, or for the reason why there is none."""
    return _list_page(visit, claim_no, list_id)


@pages.post("/mine/{claim_no}/lists/{list_id}", roles=MEMBERS)
def answer(visit: Visit, claim_no: str, list_id: str) -> Response:
    """What was filled in is answered; the rest stays open. A late answer takes a claim up again that rests for want of it."""
    wanted = identified(list_id)

    def verb(session: Session, located: Located) -> None:
        evidence.take_up(session, supplement_id=wanted, actor=as_member(visit), now=visit.now)
        items = [item for number, kind in enumerate(visit.listed("paper")) if (item := _answered(visit, session, located.id, number, kind))]
        if not items:
            raise InputError("nothing_answered", "没有选择文件，也没有写明原因", remedy="至少交一项，或写明为什么无法提供")
        try:
            evidence.answer(session, supplement_id=wanted, items=items, actor=as_member(visit), now=visit.now)
        except InputError as error:
            raise InputError(error.code, error.message, remedy=error.remedy) from error
    return act(visit, claim_no, verb, "answered", anchor="#lists",
               again=lambda problem: _list_page(visit, claim_no, list_id, problem=problem))


def _answered(visit: Visit, session: Session, claim_id: uuid.UUID, number: int, kind: str) -> dict[str, str] | None:
    note = visit.field(f"note-{number}")
    if _upload(visit, session, claim_id, kind, f"files-{number}"):
        return {"paper": kind, "state": "answered", "note": note}
    if visit.field(f"none-{number}") == "yes":
        if not note:
            raise InputError("note_missing", "请写明为什么无法提供", remedy="补上原因", field=f"note-{number}")
        return {"paper": kind, "state": "unavailable", "note": note}
    if note:
        raise InputError("neither", "请选择文件，或勾选“无法提供”", remedy="二者选一", field=f"note-{number}")
    return None


def _list_page(visit: Visit, claim_no: str, list_id: str, *, problem: HuzhuError | None = None) -> Response:
    wanted = identified(list_id)
    file = visit.note(lambda session: file_of(visit, session, claim_no))
    found: SupplementView | None = next((one for one in file.view.supplements if one.id == wanted), None)
    if found is None:
        raise sight.missing()
    return visit.page("mine_answer.html", problem=problem, listed=found, **context(file))


# --- objection --------------------------------------------------------------------------------------------------------

@pages.get("/mine/{claim_no}/objection", roles=MEMBERS)
def ask_objection(visit: Visit, claim_no: str) -> Response:
    """Grounds and papers; until when, and how that was counted."""
    return _objection_page(visit, claim_no)


@pages.post("/mine/{claim_no}/objection", roles=MEMBERS)
def object_(visit: Visit, claim_no: str) -> Response:
    """Against the present decision; late is no bar, but asks why."""
    chosen = [identified(paper) for paper in visit.listed("papers")]

    def verb(session: Session, located: Located) -> None:
        new = _upload(visit, session, located.id, "objection", "files")
        objection.lodge(session, claim_id=located.id, grounds=visit.field("grounds"), papers=[*chosen, *new],
                        late_reason=visit.field("late_reason") or None, actor=as_member(visit), now=visit.now)
    return act(visit, claim_no, verb, "objected", anchor="#objection",
               again=lambda problem: _objection_page(visit, claim_no, problem=problem))


def _objection_page(visit: Visit, claim_no: str, *, problem: HuzhuError | None = None) -> Response:
    file = visit.note(lambda session: file_of(visit, session, claim_no))
    if problem is None and not file.may_object:
        raise Conflict("not_objectable", "现在不能提出异议", remedy="尚无决定，或已有异议正在办理；补充意见请在案件内留言")
    late = file.objection_due is not None and file.objection_due.on < visit.today
    return visit.page("mine_objection.html", problem=problem, late=late, chosen=visit.listed("papers"), **context(file))


@pages.post("/mine/{claim_no}/objection/withdraw", roles=MEMBERS)
def withdraw_objection(visit: Visit, claim_no: str) -> Response:
    """Taken back by the one who objected."""
    wanted = identified(visit.field("objection"))

    def verb(session: Session, located: Located) -> None:
        found = objection.withdraw_objection(session, objection_id=wanted, actor=as_member(visit), now=visit.now)
        if found.claim_id != located.id:
            raise sight.missing()
    return act(visit, claim_no, verb, "objection_withdrawn", anchor="#objection", lock=False)


# --- withdrawal -------------------------------------------------------------------------------------------------------

@pages.get("/mine/{claim_no}/withdraw", roles=MEMBERS)
def ask_withdrawal(visit: Visit, claim_no: str) -> Response:
    """What it means, and the signed paper."""
    return _withdrawal_page(visit, claim_no)


@pages.post("/mine/{claim_no}/withdraw", roles=MEMBERS)
def withdraw(visit: Visit, claim_no: str) -> Response:
    """With the signed paper; review ends."""
    def verb(session: Session, located: Located) -> None:
        if not visit.field("reason"):
            raise InputError("reason_missing", "请写明撤回的理由", remedy="补上理由", field="reason")
        _upload(visit, session, located.id, "withdrawal", "files")
        intake.withdraw(session, claim_id=located.id, version=visit.version(), reason=visit.field("reason"), actor=as_member(visit),
                        now=visit.now)
    return act(visit, claim_no, verb, "withdrawn", again=lambda problem: _withdrawal_page(visit, claim_no, problem=problem))


def _withdrawal_page(visit: Visit, claim_no: str, *, problem: HuzhuError | None = None) -> Response:
    file: File = visit.note(lambda session: file_of(visit, session, claim_no))
    signed = any(paper.kind == "withdrawal" and paper.verdict != "rejected" for paper in file.view.papers)
    return visit.page("mine_withdraw.html", problem=problem, signed=signed, **context(file))
