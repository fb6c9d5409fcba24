"""Letters to be printed: one file per unit with a bookmark for each letter, and the list that goes beside it."""

from __future__ import annotations

import io
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import pikepdf
import sqlalchemy as sa
import xlsxwriter
from sqlmodel import Session

from services.access.actor import REVIEWERS, Actor, Role
from services.audit import service as audit
from services.core.errors import InputError, NotFound, NotPermitted
from services.storage import service as storage

MOST = 500          # letters of one file
PRINTERS = frozenset({Role.UNIT_CLERK, *REVIEWERS})
WHICH = ("paper", "all")
HEADINGS = ("序号", "发文字号", "文书", "收件人", "受理编号", "页数", "自第几页", "签收人", "签收日期")
_WIDTHS = (6, 24, 26, 16, 20, 8, 10, 16, 16)
# Letters on paper on their way, or every letter of a day that still stands.
_CHOSEN = """FROM notice n JOIN claim c ON c.id = n.claim_id WHERE n.org_key >= :key AND n.org_key < :past AND n.sha256 IS NOT NULL
    AND n.recipient <> 'insurer' AND (CAST(:on AS date) IS NULL OR n.issued_on = :on) AND CASE :which
        WHEN 'paper' THEN n.state = 'dispatched' AND n.channel = 'paper' ELSE n.state IN ('issued', 'dispatched', 'delivered') END"""
_UNITS = sa.text(f"""
    SELECT o.org_key, o.name, count(*) AS letters, min(n.issued_on) AS first, max(n.issued_on) AS last {_CHOSEN.replace(
        'JOIN claim c', 'JOIN organisation o ON o.org_key = n.org_key JOIN claim c')}
    GROUP BY o.org_key, o.name ORDER BY o.org_key LIMIT 500""")
_LETTERS = sa.text(f"""
    SELECT n.id, n.number, n.sha256, n.recipient_name, n.org_key, n.claim_id, c.claim_no {_CHOSEN}
    ORDER BY n.series, n.year, n.serial LIMIT :most""")


@dataclass(frozen=True, slots=True)
class Bundle:
    """How many letters there are to print for a unit, and of which days."""

    org_key: str
    name: str
    letters: int
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Line:
    """One letter in a print file; `page` is its first there."""

    number: str
    title: str
    recipient: str
    claim_no: str
    pages: int
    page: int


@dataclass(frozen=True, slots=True)
class PrintFile:
    """The merged pages and what is on them, in the order of the numbers."""

    pdf: bytes
    lines: tuple[Line, ...]


def bundles(session: Session, *, org_key: str, on: date | None = None, which: str = "paper", actor: Actor) -> list[Bundle]:
    """The units at and under an organisation that have letters to print. `which`: on paper and on their way, or all."""
    return [Bundle(*row) for row in session.execute(_UNITS, _asked(org_key, on, which, actor))]


def print_file(session: Session, *, org_key: str, on: date | None = None, which: str = "paper", actor: Actor, now: datetime) -> PrintFile:
    """The letters of a unit in one file: the same pages, the seals drawn on them; proof stays with the single letter.

    Letters name the illness: the look at each claim is recorded. NotFound when there is none, InputError when there are too many.
    """
    rows = session.execute(_LETTERS, {**_asked(org_key, on, which, actor), "most": MOST + 1}).all()
    if not rows:
        raise NotFound("nothing_to_print", "没有要打印的文书", remedy="核对单位和日期")
    if len(rows) > MOST:
        raise InputError("too_many_letters", f"一个打印文件最多 {MOST} 份文书", remedy="按单位或者按日期分次打印", field="org")
    found = _merged([(row.number, row.recipient_name, row.claim_no, storage.get(row.sha256)) for row in rows])
    for claim_id, key in {(row.claim_id, row.org_key) for row in rows}:
        audit.looked(session, org_key=key, account=_account(actor), claim_id=claim_id, what="letters:print", reason=None, at=now)
    return found


def _asked(org_key: str, on: date | None, which: str, actor: Actor) -> dict[str, object]:
    actor.require(*sorted(PRINTERS), what="打印文书")
    if which not in WHICH:
        raise InputError("which_unknown", f"没有“{which}”这一范围", remedy=f"可选：{'、'.join(WHICH)}", field="which")
    key = org_key or actor.org_key
    if not key.startswith(actor.org_key):
        raise NotFound("organisation_missing", "没有这一组织，或不在您的管辖范围内", remedy="核对组织", field="org")
    return {"key": key, "past": f"{key.rstrip('.')}/", "on": on, "which": which}


def _account(actor: Actor) -> uuid.UUID:
    if actor.account_id is None:
        raise NotPermitted("person_missing", "须由登录的人员办理", remedy="以本人账号登录")
    return actor.account_id


def _merged(letters: Sequence[tuple[str, str, str, bytes]]) -> PrintFile:
    out, lines = pikepdf.new(), []
    with out.open_outline() as outline:
        for number, recipient, claim_no, content in letters:
            first = len(out.pages)
            with pikepdf.open(io.BytesIO(content)) as letter:
                title = str(letter.docinfo.get("/Title", "文书"))
                letter.flatten_annotations("print")     # a signature of one letter means nothing in a file of many; its picture stays
                out.pages.extend(letter.pages)
            lines.append(Line(number, title, recipient, claim_no, len(out.pages) - first, first + 1))
            outline.root.append(pikepdf.OutlineItem(f"{number} {title} {recipient}", first))
        buffer = io.BytesIO()
    out.docinfo["/Title"] = f"文书打印件（{len(lines)} 份，{len(out.pages)} 页）"
    out.save(buffer, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return PrintFile(buffer.getvalue(), tuple(lines))


def listing(made: PrintFile, *, title: str) -> bytes:
    """The dispatch list (XLSX): one line a letter, with room for who signed for it and when. Texts never become formulas."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False,
                                      "strings_to_urls": False}) as book:
        page = book.add_worksheet("发件清单")
        page.set_landscape()
        page.set_paper(9)
        page.fit_to_pages(1, 0)
        page.repeat_rows(1)
        page.write_string(0, 0, title, book.add_format({"bold": True, "font_size": 14}))
        heading, text = (book.add_format({"border": 1, "valign": "top", "text_wrap": True, **more}) for more in ({"bold": True}, {}))
        for column, (words, width) in enumerate(zip(HEADINGS, _WIDTHS, strict=True)):
            page.set_column(column, column, width)
            page.write_string(1, column, words, heading)
        for place, line in enumerate(made.lines, 1):
            cells = (place, line.number, line.title, line.recipient, line.claim_no, line.pages, line.page, "", "")
            for column, cell in enumerate(cells):
                page.write(1 + place, column, cell, text)
    return buffer.getvalue()
