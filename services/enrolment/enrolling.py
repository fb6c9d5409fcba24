"""A roster becomes covers: read row by row, checked in sets, written in a few statements of one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import OFFICE, REVIEWERS, Actor, Role
from services.audit import service as audit
from services.audit.chain import Entry
from services.core.clock import business_day
from services.core.errors import InputError
from services.core.settings import settings
from services.enrolment import numbers, premium, reading, rules, staging, thresholds, workbook
from services.enrolment.faults import WHOLE, Fault, in_order
from services.enrolment.reading import Listed
from services.enrolment.rules import Entrant
from services.enrolment.staging import Terms
from services.enrolment.thresholds import Numbers
from services.ledger import service as ledger
from services.models import RosterImport
from services.models.claim import GENESIS
from services.rulebook import registry
from services.storage import service as storage

MAY_ENROL = (Role.UNIT_CLERK, Role.ADMINISTRATOR, Role.SYSTEM, *sorted(REVIEWERS))
# A unit enrols for days to come (安康保办法 第四条); taking over covers that began earlier is the office's act.
_MAY_BACKDATE = (Role.ADMINISTRATOR, Role.SYSTEM, *sorted(OFFICE))
KEPT = 1000         # faults kept with the import for screens; the workbook has every one
_EVERY = 5000

Progress = Callable[[str, int, int], None]      # what is being done, how far, of how many


def _silent(_what: str, _done: int, _of: int) -> None:
    return None


@dataclass
class _Checked:
    """The faults so far, and the rows they keep out."""

    faults: list[Fault] = field(default_factory=list)
    wrong: set[int] = field(default_factory=set)

    def add(self, found: list[Fault]) -> None:
        self.faults += found
        self.wrong.update(fault.row for fault in found)


@dataclass(frozen=True, slots=True)
class Asked:
    """What an upload asks for. `unit`: the numbers that a plan's share of participants is counted of."""

    file_name: str
    plan: str
    org_id: uuid.UUID
    effective: date
    payer_kind: str
    payer_name: str | None = None
    policy_no: str | None = None
    keep_good: bool = False
    unit: Numbers = field(default_factory=Numbers)


def enrol(session: Session, *, content: bytes, file_name: str, plan: str, org_id: uuid.UUID, effective: date,
          payer_kind: str, payer_name: str | None = None, policy_no: str | None = None, keep_good: bool = False,
          unit: Numbers | None = None, progress: Progress = _silent, actor: Actor, now: datetime) -> RosterImport:
    """Covers for the people of an XLSX roster, from `effective` for the plan's term.

    All or nothing: with any fault no cover is written, and the import lists row, column, fault and remedy of each in
    a workbook; with `keep_good` the rows without fault are enrolled. `unit`: the numbers that a plan's share of
    participants is counted of; what a unit said with its last roster still holds. InputError for what is wrong with the file
    as a whole.
    """
    asked = Asked(file_name, plan, org_id, effective, payer_kind, payer_name, policy_no, keep_good, unit or Numbers())
    done = admit(session, asked, content=content, actor=actor, now=now)
    work(session, done, asked, content=content, progress=progress, actor=actor, now=now)
    session.add(done)
    session.flush()
    return done


def admit(session: Session, asked: Asked, *, content: bytes, actor: Actor, now: datetime) -> RosterImport:
    """An import not yet worked and not yet written, when the upload may be made at all. InputError, NotPermitted."""
    actor.require(*MAY_ENROL, what="参保登记")
    org = numbers.organisation(session, asked.org_id, actor.org_key)
    book = registry.resolve(asked.plan, asked.effective)
    rules.check_payer(book, asked.payer_kind)
    _check_day(asked.effective, actor, now)
    stated = _last_stated(session, org.id) | asked.unit.stated()
    thresholds.needed(book, stated, taken_over=asked.effective <= business_day(now))
    _check_file(content)
    return RosterImport(org_key=org.org_key, org_id=org.id, plan=book.plan, effective=asked.effective, sha256=storage.put(content),
                        file_name=asked.file_name, rows=0, accepted=0, keep_good=asked.keep_good, unit=stated,
                        account_id=actor.account_id, at=now)


def work(session: Session, done: RosterImport, asked: Asked, *, content: bytes, progress: Progress, actor: Actor,
         now: datetime) -> None:
    """Check and write an admitted upload; its outcome goes into `done`. Days are counted from the upload."""
    org = numbers.organisation(session, asked.org_id, actor.org_key)
    book = registry.resolve(asked.plan, asked.effective)
    people = thresholds.needed(book, done.unit, taken_over=asked.effective <= business_day(done.at))
    listed = reading.read(content)
    if thresholds.counted_by_child(book, people):
        listed.notes.add(WHOLE, "parents", "counted_by_child", "参加比例按参保子女人数核对，一名子女计一名职工",
                         "一名职工有几名子女参保的，请自行核对比例")
    terms = Terms(book, org, asked.effective, rules.last_day(asked.effective, book.term.years), asked.payer_kind,
                  asked.payer_name, asked.policy_no)
    checked = _check(session, listed, terms, progress)
    good = _good(session, listed, checked, terms, people, keep_good=asked.keep_good, actor=actor)
    progress("写入", 0, good)
    _write(session, good, terms, now)
    ledger.charge(session, plan=book.plan, org_id=org.id, actor=actor, now=now)
    _conclude(done, listed, checked, terms, good, now)
    _record(session, done, actor, now)
    if good:        # last: others who book under the plan wait from here to the commit
        premium.place_ahead(session, org_key=org.org_key, plan=book.plan, actor=actor, now=now)
    progress("写入", good, good)


def _check_day(effective: date, actor: Actor, now: datetime) -> None:
    if effective <= business_day(now) and not actor.has(*_MAY_BACKDATE):
        raise InputError("effective_past", "生效日须在今天之后（承保次日零时起生效）", remedy="改正生效日；补录既有保障由办事处办理",
                         field="effective")


def _check_file(content: bytes) -> None:
    limit = settings().upload_limit_mb
    if not content:
        raise InputError("file_empty", "文件是空的", remedy="请重新选择文件", field="content")
    if len(content) > limit * 1024 * 1024:
        raise InputError("file_too_large", f"文件超过 {limit} MB", remedy="请拆分后上传", field="content")
    try:
        kind = storage.kind_of(content)
    except InputError as error:
        if error.code != "file_type":
            raise
        kind = ""
    if kind != storage.XLSX:
        raise InputError("roster_unreadable", "这个文件不是 XLSX 表格（只看内容，不看文件名）", remedy="请另存为 XLSX 再上传",
                         field="content")


def _last_stated(session: Session, org_id: uuid.UUID) -> dict[str, int]:
    """What the unit said of its size with the last roster that enrolled anybody: a mistyped number goes with its refusal."""
    last = session.exec(select(RosterImport.unit).where(RosterImport.org_id == org_id, col(RosterImport.accepted) > 0,
                                                        sa.text("roster_import.unit <> '{}'::jsonb"))
                        .order_by(col(RosterImport.at).desc(), col(RosterImport.id).desc())).first()
    return dict(last or {})


def _check(session: Session, listed: Listed, terms: Terms, progress: Progress) -> _Checked:
    """Every row for itself while it is staged, then all of them against the file and the database."""
    checked = _Checked()
    checked.add(listed.faults + rules.unit_faults(listed.unit, terms.org.name))

    def readable() -> Iterator[Entrant]:
        for place, row in enumerate(listed.rows()):
            if place % _EVERY == 0:
                progress("核对", place, listed.count)
            entrant, found = rules.read_row(row, terms.book, listed.notes)
            checked.add(found or rules.plan_faults(entrant, terms.book) if entrant else found)
            if entrant:
                yield entrant

    staging.stage(session, readable(), terms)
    progress("核对", listed.count, listed.count)
    for standing in staging.against(session, terms):
        checked.add(rules.standing_faults(standing, terms.book, terms.effective))
    return checked


def _good(session: Session, listed: Listed, checked: _Checked, terms: Terms, people: int | None, *, keep_good: bool,
          actor: Actor) -> int:
    """How many are enrolled: those without fault, when the rest does not hold them back."""
    staging.leave_out(session, sorted(checked.wrong - {WHOLE}))
    beyond = {fault.row for fault in listed.faults if fault.row > listed.last}
    joining = listed.count - len(checked.wrong - {WHOLE} - beyond)
    covered = staging.covered(session, terms)
    herself = joining == 1 and actor.person_id is not None and staging.holds_only(session, actor.person_id)
    checked.add(thresholds.share_faults(terms.book, people, joining=joining, covered=covered)
                + thresholds.alone_faults(joining=joining, covered=covered, herself=herself))
    return joining if not checked.faults or (keep_good and WHOLE not in checked.wrong) else 0


def _write(session: Session, good: int, terms: Terms, now: datetime) -> None:
    """The covers of the rows that are left in the table."""
    if not good:
        return
    office = numbers.office_of(session, terms.org.org_key)
    staging.write_people(session, now=now)
    certificates = numbers.certificate_numbers(session, office, terms.effective.year, good)
    staging.write_covers(session, terms, certificates, now=now)


def _conclude(done: RosterImport, listed: Listed, checked: _Checked, terms: Terms, good: int, now: datetime) -> None:
    faults, notes = in_order(checked.faults), in_order(listed.notes.all())
    done.rows, done.accepted, done.checked, done.done_at = listed.count, good, listed.count, now
    done.faults, done.fault_count = [fault.as_words() for fault in faults[:KEPT]], len(faults)
    done.notes = [note.as_words() for note in notes]
    if faults:
        done.errors_sha256 = storage.put(workbook.errors(listed, faults, notes, workbook.Outcome(
            terms.book.name, terms.org.name, terms.effective, done.file_name, listed.count, good, done.keep_good)))


def _record(session: Session, done: RosterImport, actor: Actor, now: datetime) -> None:
    """The upload opens a chain of its own."""
    entry = Entry(done.id, done.org_key, "roster", done.id, "enrol", details={
        "plan": done.plan, "effective": done.effective.isoformat(), "sha256": done.sha256, "rows": done.rows,
        "accepted": done.accepted, "faults": done.fault_count})
    links = audit.link_all([entry], {done.id: (0, GENESIS)}, account=actor.account_id, person=actor.person_id, at=now)
    audit.insert(session, links, account=actor.account_id, person=actor.person_id, at=now)
