"""The claim's dossier (案卷) as one file for whoever may read the claim: contents, archive sheet, worksheets, letters, papers.

Of a closed claim it is bound once and kept beside its archive sheet, so that it is the same bytes each time. Before the closing it
is bound for each reader, and marked so on each page. When the law's time for keeping papers is over their pictures leave the kept
dossier with them (`evidence.retention`); bound anew, a leaf says in their place that they were destroyed.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import sqlalchemy as sa
from sqlmodel import Session

from documents.dossier import Bound, Picture, Piece, Table, bind
from services.access.actor import REVIEWERS, Actor, Role
from services.core.errors import ConfigError
from services.evidence import viewing
from services.evidence.paper_names import paper_names
from services.models import OfficeLetter
from services.reporting import archive_sheet, archiving, claim_parts, sight
from services.reporting.archive_sheet import on
from services.reporting.claim_facts import sheet_of
from services.reporting.claim_file import book_of
from services.reporting.claim_parts import Whole
from services.reporting.letter_register import TITLES
from services.reporting.views import ClaimView, PaperView, WorksheetView
from services.storage import service as storage
from statemachines.states import ClaimState
from statemachines.words import state_words

READERS = frozenset({Role.UNIT_CLERK, Role.AUDITOR, *REVIEWERS})
OPEN = "未结案　在办"
_PAGES = sa.text("""SELECT g.paper_id, g.number, g.view_sha256, g.fault FROM paper_page g JOIN paper p ON p.id = g.paper_id
    WHERE p.claim_id = :claim ORDER BY g.paper_id, g.number""")
_WHY = {"file_damaged": "文件损坏"}


@dataclass(frozen=True, slots=True)
class Dossier:
    """The file; `closed`: the kept one of a closing, else one of today of a claim that goes on."""

    claim_no: str
    pdf: bytes
    closed: bool


def dossier(session: Session, *, claim_no: str, actor: Actor, now: datetime) -> Dossier:
    """The dossier of a claim; the look is recorded. NotPermitted for members and finance, NotFound out of sight.

    InputError when it grows beyond what the store takes as one file.
    """
    actor.require(*sorted(READERS), what="查阅案卷")
    located = sight.claim(session, actor, claim_no)
    sight.looked(session, actor, located, "dossier", now)
    _draw(session, located.id)
    found = claim_parts.whole(session, located.id)
    if found.view.claim.state != ClaimState.CLOSED:
        return Dossier(claim_no, _bound(session, found, None).pdf, closed=False)
    return Dossier(claim_no, _kept(session, found), closed=True)


def _kept(session: Session, found: Whole) -> bytes:
    """Bound once for a closing; whoever comes at the same moment waits for the row and finds it there."""
    times = len(archiving.closed(found.view.record))
    sheet = archiving.sheet(session, found.view.claim.id, times, lock=True)
    if sheet is None:
        raise ConfigError("archive_sheet_missing", "本案的结案归档表还没有生成", remedy="稍后再试；一直没有的，请管理员查看后台工作")
    if sheet.dossier_sha256 is None:
        sheet.dossier_sha256 = storage.put(_bound(session, found, sheet).pdf)
        session.add(sheet)
        session.flush()
    return storage.get(sheet.dossier_sha256)


def _draw(session: Session, claim_id: uuid.UUID) -> None:
    """Pages that nobody has drawn yet."""
    papers = viewing.undrawn(session, [claim_id])
    if papers:
        viewing.keep(session, [(paper, viewing.draw(paper)) for paper in papers])
        session.flush()


def _bound(session: Session, found: Whole, sheet: OfficeLetter | None) -> Bound:
    view = found.view
    pieces = [*_first(sheet), *_worksheets(view), *_letters(view), *_papers(session, view)]
    return bind(f"{view.person.name}{view.plan_name}案卷", _facts(found, sheet), pieces, mark="" if sheet else OPEN)


def _facts(found: Whole, sheet: OfficeLetter | None) -> list[tuple[str, str]]:
    view = found.view
    ended = f"{on(sheet.valid_on)}结案，{archive_sheet.result_words(view)}" if sheet else state_words("claim", view.claim.state)
    return [("受理编号", view.claim.claim_no), ("报案号", view.case.case_no), ("参保人", f"{view.person.name}（{view.person.id_number}）"),
            ("所在单位", found.unit), ("状态", ended)]


def _first(sheet: OfficeLetter | None) -> list[Piece]:
    if sheet is None:
        return []
    return [Piece("结案归档表", "结案归档表", f"{sheet.number} {on(sheet.issued_on)}", pdf=partial(storage.get, sheet.sha256))]


def _worksheets(view: ClaimView) -> list[Piece]:
    """The newest worksheet of each round, earliest round first."""
    newest: dict[int, WorksheetView] = {}
    for sheet in view.worksheets:
        newest.setdefault(sheet.round, sheet)
    return [Piece("核算表", f"核算表（第{sheet.round}轮第{sheet.seq}版）", on(sheet.made_at), leaf=_worksheet(view, sheet))
            for _, sheet in sorted(newest.items())]


def _worksheet(view: ClaimView, sheet: WorksheetView) -> tuple[Table, ...]:
    lines = archive_sheet.worksheet_lines(view, sheet)
    sums = Table("各项金额", ("项目", "金额（元）", "依据"), (*lines, ("合计", sheet.total, ""), ("退还费用", sheet.refund, "")))
    told = sheet_of(book_of(view), sheet, view.case.last_timely_day)
    if not told.same:
        return (sums,)
    steps = [_steps(str(line["name"]), line["rows"]) for line in _dicts(told.told["lines"])]
    whole = [_steps("合计", told.told["total_rows"])] if told.told["total_rows"] else []
    unpaid = tuple((str(one["name"]), f"{one['reason_words']} {one['why']}", str(one["clause"])) for one in _dicts(told.told["nothing"]))
    none = [Table("没有给付的待遇", ("待遇", "为什么", "条款"), unpaid)] if unpaid else []
    return (sums, *steps, *whole, _steps("全部待遇共同的条件", told.told["checks"]), *none)


def _steps(title: str, rows: object) -> Table:
    return Table(title, ("步骤", "条款", "所用事实"), tuple(
        (str(row["words"]), str(row["clause"]), "；".join(f"{one['label']}：{one['shown']}" for one in _dicts(row["inputs"])))
        for row in _dicts(rows)))


def _dicts(raw: object) -> Sequence[Mapping[str, object]]:
    assert isinstance(raw, list | tuple)
    return raw


def _letters(view: ClaimView) -> list[Piece]:
    """Every letter that was issued, in the order in which it was; one that no longer stands says so."""
    issued = sorted((one for one in view.letters if one.sha256), key=lambda one: (one.issued_on is None, one.issued_on or 0, one.id))
    ended = {"replaced": "（已被替换）", "voided": "（已作废）"}
    return [Piece("文书", TITLES.get(one.code, one.code) + ended.get(one.state, ""), f"{one.number} {on(one.issued_on)}",
                  pdf=partial(storage.get, str(one.sha256))) for one in issued]


def _papers(session: Session, view: ClaimView) -> list[Piece]:
    pages: dict[uuid.UUID, list[Picture]] = {}
    for row in session.execute(_PAGES, {"claim": view.claim.id}):
        shown = Picture(partial(storage.get, row.view_sha256)) if row.view_sha256 else Picture(
            None, f"第{row.number}页不能显示（{_WHY.get(row.fault, '见原件')}）")
        pages.setdefault(row.paper_id, []).append(shown)
    names = paper_names(book_of(view), [paper.kind for paper in view.papers])
    return [Piece("材料", names[paper.kind], _note(paper), pictures=_shown(paper, pages.get(paper.id, []))) for paper in view.papers]


def _note(paper: PaperView) -> str:
    return f"{on(paper.uploaded_at)}收到，{archive_sheet.VERDICTS.get(paper.verdict, paper.verdict)}"


def _shown(paper: PaperView, pages: list[Picture]) -> tuple[Picture, ...]:
    if paper.removed_at is not None:
        return (Picture(None, f"材料已于{on(paper.removed_at)}按保管期限销毁（校验值{paper.sha256[:16]}）"),)
    return tuple(pages) or (Picture(None, "材料不能显示，见原件"),)
