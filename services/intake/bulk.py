"""A workbook of reports: every row is a report of its own, all are opened in one stroke; faults go back in a workbook."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from services.access.actor import Actor, Role
from services.audit import service as audit
from services.core.errors import HuzhuError, InputError, NotFound
from services.core.identity import check_identity, eighteen
from services.enrolment import people
from services.enrolment.faults import Fault
from services.intake import sheet
from services.intake.duplicates import offers
from services.intake.opening import report_all
from services.intake.reports import NewReport, each
from services.intake.sheet import NAME, Line
from services.models import Case, ReportImport
from services.storage import service as storage

_MAY = (Role.UNIT_CLERK, Role.SYSTEM)


def report_file(session: Session, *, content: bytes, file_name: str, keep_good: bool = False, actor: Actor,
                now: datetime) -> ReportImport:
    """Report every row of a workbook (one an event). All or nothing, unless `keep_good`.

    InputError when the file is no such workbook; what is wrong with a row stands in `faults` (without the cell's text) and
    in the workbook of `errors_sha256` (with it), with column and remedy. A row that doubles an event says where it is handled
    (并入报案号); one that was opened and looks like another case says which (`like` in `outcome`), to be joined or kept apart.
    """
    actor.require(*_MAY, what="批量报案")
    if storage.kind_of(content) != storage.XLSX:
        raise InputError("file_type", "报案文件须为 XLSX 表格", remedy="请另存为 XLSX", field="content")
    found = sheet.read(content)
    words = _named(session, found.lines, each(found.lines, sheet.new_report))
    made = report_all(session, reports=words, keep_good=keep_good, actor=actor, now=now)
    faults = [_fault(line, item) for line, item in zip(found.lines, made, strict=True) if isinstance(item, HuzhuError)]
    cases = [(line, item) for line, item in zip(found.lines, made, strict=True) if isinstance(item, Case)]
    like = offers(session, [case for _, case in cases])
    lines = {line.place: line for line in found.lines}
    done = ReportImport(
        org_key=actor.org_key, sha256=storage.put(content), file_name=file_name[-200:], rows=len(found.lines), accepted=len(cases),
        outcome=[{"row": str(line.place), "case_no": case.case_no, "like": "、".join(one.case_no for one in like[case.id])}
                 for line, case in cases],
        faults=[_kept(lines[fault.row], fault).as_words() for fault in faults],
        errors_sha256=storage.put(sheet.errors(found, faults)) if faults else None, account_id=actor.account_id, at=now)
    session.add(done)
    session.flush()
    return done


def _named(session: Session, lines: Sequence[Line], words: Sequence[NewReport | HuzhuError]) -> list[NewReport | HuzhuError]:
    """A name beside the number must be the one on record: a slip in the number shows here."""
    numbers = {place: eighteen(raw) or check_identity(raw).number for place, item in enumerate(words)
               if isinstance(item, NewReport) and (raw := item.id_number)}
    known = people.known(session, list(dict.fromkeys(numbers.values())))
    checked: list[NewReport | HuzhuError] = []
    for place, (line, item) in enumerate(zip(lines, words, strict=True)):
        person = known.get(numbers.get(place, ""))
        wrong = person and NAME in line.cells and line.cells[NAME] != "".join(person.name.split())
        checked.append(InputError("name_differs", "姓名与登记的不一致", remedy="核对姓名和身份证号", field="name") if wrong else item)
    return checked


def _fault(line: Line, error: HuzhuError) -> Fault:
    return Fault(line.place, sheet.column_of(error.field), error.message, error.remedy, error.code)


def _kept(line: Line, fault: Fault) -> Fault:
    """What stays with the import: the cell's text is in the workbook alone, whose readers are recorded."""
    return replace(fault, fault=sheet.unquoted(fault.fault, line), remedy=sheet.unquoted(fault.remedy, line))


def errors_of(session: Session, *, import_id: uuid.UUID, actor: Actor, now: datetime) -> bytes:
    """The workbook of a file's faults: numbers and illnesses in full, so who opens it is recorded."""
    actor.require(*_MAY, Role.AUDITOR, what="查看报案错误清单")
    done = session.get(ReportImport, import_id)
    if done is None:
        raise NotFound("not_found", "没有这一记录，或不在您的管辖范围内", remedy="核对编号")
    if done.errors_sha256 is None:
        raise NotFound("report_file_without_faults", "这份报案文件没有错误", remedy="无须下载")
    if actor.account_id:
        audit.looked(session, org_key=done.org_key, account=actor.account_id, claim_id=None, what=f"report_errors:{import_id}",
                     reason=None, at=now)
        session.flush()
    return storage.get(done.errors_sha256)
