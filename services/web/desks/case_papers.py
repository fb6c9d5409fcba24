"""Papers handed in for one report: each kind once, for every claim that asks for it, by the member or for her by a clerk."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import Response
from sqlmodel import Session

from services.access.actor import OFFICE, Role
from services.audit import service as audit
from services.core.errors import HuzhuError, InputError
from services.evidence import uploads
from services.evidence.sheets import cover_sheets
from services.intake.queries import acts_for_self
from services.reporting.case_papers import CasePapers, case_papers, other_kinds
from services.reporting.sight import missing
from services.storage.service import PDF
from services.web import claim_words as words
from services.web.door import Pages
from services.web.downloads import saved
from services.web.language import N_
from services.web.uploading import files, limits
from services.web.visit import Visit

pages = Pages()
HANDERS = frozenset({Role.MEMBER, Role.UNIT_CLERK, *OFFICE})
CLERKS = HANDERS - {Role.MEMBER}
SAID = {"handed": N_("材料已收到，将由经办人核对。"), "dropped": N_("没有传完的文件已取消。"),
        "reported": N_("报案已收到，下面交材料；不齐的可以以后补。")}


@pages.get("/cases/{case_no}/papers", roles=HANDERS)
def wanted(visit: Visit, case_no: str) -> Response:
    """What is asked for, what is there, and a place for each."""
    return _page(visit, case_no)


@pages.get("/cases/{case_no}/covers/{claim_no}", roles=CLERKS)
def covers(visit: Visit, case_no: str, claim_no: str) -> Response:
    """Cover sheets of one claim's papers, to be laid between them before a stack is scanned."""
    def run(session: Session) -> bytes:
        claims = case_papers(session, case_no, visit.actor).claim_ids
        if claim_no not in claims:
            raise missing()
        return cover_sheets(session, claim_id=claims[claim_no], actor=visit.actor)
    return saved(visit.read(run), f"材料封面-{claim_no}.pdf", PDF)


@pages.post("/cases/{case_no}/papers", roles=HANDERS)
def hand_in(visit: Visit, case_no: str) -> Response:
    """Files of one kind onto every claim of the report that asks for it (all of them, for a paper nobody asked for)."""
    kind = visit.field("kind")

    def verb(session: Session) -> None:
        found = case_papers(session, case_no, visit.actor)
        sent = files(visit, f"files-{kind}") or files(visit, "files")
        if not sent:
            raise InputError("file_missing", "没有选择文件", remedy="选择文件后再提交", field=f"files-{kind}")
        uploads.hand_in(session, case_id=found.case.id, kind=kind, files=[(file.name, file.content) for file in sent],
                        actor=visit.actor, now=visit.now)
    return visit.attempt(verb, again=lambda problem: _page(visit, case_no, problem=_beside(problem, kind)),
                         then=f"/cases/{quote(case_no)}/papers", done="handed")


def _beside(problem: HuzhuError, kind: str) -> HuzhuError:
    """A fault of the bytes stands beside the field they came by."""
    if problem.field in ("content", "files"):
        problem.field = f"files-{kind}"
    return problem


def _page(visit: Visit, case_no: str, *, problem: HuzhuError | None = None) -> Response:
    def run(session: Session) -> tuple[CasePapers, list[uploads.Coming]]:
        found = case_papers(session, case_no, visit.actor)
        if visit.actor.account_id and visit.actor.person_id != found.case.person_id:
            audit.looked(session, org_key=found.case.org_key, account=visit.actor.account_id, claim_id=None,
                         what=f"case_papers:{case_no}", reason=None, at=visit.now)
        return found, uploads.unfinished(session, case_id=found.case.id, actor=visit.actor, now=visit.now)
    found, unfinished = visit.note(run)
    return visit.page("case_papers.html", problem=problem, found=found, unfinished=unfinished, words=words, said=SAID, others=other_kinds(),
                      home="/mine/" if acts_for_self(visit.actor) else "/claims/", **limits())
