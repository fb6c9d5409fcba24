"""The dossier of a claim: built from the file once, kept as a manifest, and the same bytes ever after."""

from __future__ import annotations

import json
import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from pydantic import JsonValue
from sqlmodel import Session, col, select

from services.benefit import queries as worksheets
from services.core.clock import business_day
from services.core.errors import GuardFailed, InputError
from services.core.money import to_yuan
from services.engine import one
from services.engine.facts import assumed_behaviour
from services.engine.telling.worksheet import worksheet as told
from services.enrolment import queries as enrolment
from services.evidence import readings
from services.evidence.readings import FieldView
from services.insurer import package, worksheet_page
from services.insurer.dossier import (
    Consent,
    Cover,
    Dossier,
    EventFacts,
    Insured,
    Paper,
    Payee,
    Stay,
    Step,
    Worksheet,
    WorksheetLine,
)
from services.insurer.suites import Suite
from services.insurer.wire import canonical
from services.models import BankCard, Claim, Person
from services.models import Paper as PaperRow
from services.models import Worksheet as WorksheetRow
from services.rulebook import registry
from services.rulebook.schema import RuleBook
from services.rulebook.vocabulary import parse
from services.storage import service as storage

_CONFIRMED = ("accepted", "corrected")
_INTERNAL = ("withdrawal", "death_proof")       # papers between the member and the union only


@dataclass(frozen=True, slots=True)
class Parcel:
    """One handoff to pack, with what its claim's row and those around it say."""

    handoff_id: uuid.UUID
    claim: Claim
    package: int
    message_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class _Files:
    covers: Mapping[uuid.UUID, sa.Row[tuple[object, ...]]]
    people: Mapping[uuid.UUID, Person]
    cards: Mapping[uuid.UUID, tuple[str, BankCard]]            # the payee's relation and the account, whoever holds it
    papers: Mapping[uuid.UUID, Sequence[PaperRow]]
    read: Mapping[uuid.UUID, Sequence[FieldView]]
    sheets: Mapping[uuid.UUID, WorksheetRow]


_AROUND = sa.text("""
    SELECT c.id, v.effective, v.premium_fen, coalesce(v.policy_no, v.certificate_no) AS policy_no,
           (SELECT string_agg(DISTINCT e.number, '、') FROM endorsement e WHERE e.cover_id = v.id) AS endorsement,
           k.reported_on, k.diagnosed_on, k.last_timely_day, k.hospital, o.name AS unit,
           (SELECT s.given_at FROM consent s WHERE s.case_id = c.case_id AND s.purpose = 'insurer'
            AND s.withdrawn_at IS NULL ORDER BY s.given_at LIMIT 1) AS consent_at
    FROM claim c JOIN cover v ON v.id = c.cover_id JOIN case_file k ON k.id = c.case_id
    JOIN organisation o ON o.id = v.org_id
    WHERE c.id = ANY(CAST(:ids AS uuid[]))""")
_CARDS = sa.text("""
    SELECT DISTINCT ON (y.claim_id) y.claim_id, y.relation, y.bank_card_id FROM payee y
    WHERE y.claim_id = ANY(CAST(:ids AS uuid[])) AND y.active AND y.bank_card_id IS NOT NULL
    ORDER BY y.claim_id, y.relation <> 'self', y.added_at, y.id""")


def pack(session: Session, parcels: Sequence[Parcel], now: datetime) -> list[Dossier | GuardFailed]:
    """For each in order its dossier, or what its file lacks: consent, payee's account, worksheet, papers."""
    files = _files(session, parcels)
    return [_packed(parcel, files, now) for parcel in parcels]


def _files(session: Session, parcels: Sequence[Parcel]) -> _Files:
    ids = {"ids": [parcel.claim.id for parcel in parcels]}
    people = session.exec(select(Person).where(col(Person.id).in_([parcel.claim.person_id for parcel in parcels])))
    payees = session.execute(_CARDS, ids).all()
    cards = {card.id: card for card in session.exec(
        select(BankCard).where(col(BankCard.id).in_([row.bank_card_id for row in payees])))}
    papers: dict[uuid.UUID, list[PaperRow]] = defaultdict(list)
    for paper in session.exec(select(PaperRow).where(
            col(PaperRow.claim_id).in_(ids["ids"]), PaperRow.verdict == "accepted",
            col(PaperRow.kind).not_in(_INTERNAL)).order_by(col(PaperRow.id))):
        papers[paper.claim_id].append(paper)
    return _Files(covers={row.id: row for row in session.execute(_AROUND, ids)},
                  people={person.id: person for person in people},
                  cards={row.claim_id: (row.relation, cards[row.bank_card_id]) for row in payees}, papers=papers,
                  read=readings.fields_of(session, ids["ids"]),
                  sheets=worksheets.latest(session, ids["ids"]))


def _packed(parcel: Parcel, files: _Files, now: datetime) -> Dossier | GuardFailed:
    try:
        return _dossier(parcel, files, now)
    except GuardFailed as lack:
        return lack


def _dossier(parcel: Parcel, files: _Files, now: datetime) -> Dossier:
    claim = parcel.claim
    around, person = files.covers[claim.id], files.people[claim.person_id]
    papers, sheet, payee = files.papers.get(claim.id), files.sheets.get(claim.id), files.cards.get(claim.id)
    consent_at: datetime | None = around.consent_at
    if consent_at is None:
        raise _lacks(claim, "consent_missing", "向保险公司提供个人信息的单独同意")
    if payee is None:
        raise _lacks(claim, "payee_missing", "领款人的银行账户")
    if sheet is None:
        raise _lacks(claim, "worksheet_stale", "核算表")
    if not papers:
        raise _lacks(claim, "papers_incomplete", "经核对的材料")
    if not claim.event.get("icd10"):        # a plan may know an illness by its name alone; the insurer asks for the code
        raise _lacks(claim, "icd10_missing", "诊断的 ICD-10 编码")
    enclosed_papers = {paper.id for paper in papers}
    return Dossier(
        message_id=parcel.message_id, handoff_id=parcel.handoff_id, claim_no=claim.claim_no, round=claim.round,
        version=parcel.package, at=now, plan=claim.plan, policy_no=around.policy_no,
        insured=Insured(name=person.name, id_number=enrolment.number_of(person),
                        sex="F" if person.sex == "F" else "M", born=person.born, phone=enrolment.phone_of(person)),
        event=_event(claim.event, around, [field for field in files.read.get(claim.id, ()) if field.paper_id in enclosed_papers]),
        cover=Cover(effective=around.effective, until=_until(sheet), renewal=_computed_on(sheet).get("renewal") is True,
                    premium_paid=to_yuan(around.premium_fen), unit=_named(around.unit, 200),
                    endorsement=_named(around.endorsement, 200)),
        worksheet=_worksheet(sheet, registry.version(claim.plan, claim.plan_from), around.last_timely_day),
        papers=tuple(Paper.of(paper.kind, paper.mime, storage.get(paper.sha256)) for paper in papers),
        consent=Consent(purpose="insurer", given_on=business_day(consent_at)),
        payee=Payee(name=payee[1].holder, bank=payee[1].bank, account=enrolment.card_number(payee[1]), relation=payee[0]))


def _lacks(claim: Claim, code: str, what: str) -> GuardFailed:
    return GuardFailed(code, f"案件 {claim.claim_no} 缺少{what}，不能移送", remedy="补齐后自动重试")


def _event(event: Mapping[str, object], around: sa.Row[tuple[object, ...]], read: Sequence[FieldView]) -> EventFacts:
    icd10 = str(event.get("icd10") or "")
    stays = event.get("stays")
    diagnosed = str(event.get("diagnosed_on") or around.diagnosed_on.isoformat())
    return EventFacts(
        icd10=icd10, behaviour=str(event.get("behaviour") or assumed_behaviour(icd10) or "9"),
        specimen_on=date.fromisoformat(str(event.get("specimen_on") or diagnosed)),
        diagnosed_on=date.fromisoformat(diagnosed), reported_on=around.reported_on,
        hospital=_named(_stated(read, "hospital") or around.hospital, 200),
        disease=_named(event.get("disease") or _stated(read, "disease"), 200),
        stays=tuple(Stay.model_validate(stay) for stay in stays) if isinstance(stays, list) else ())


def _stated(read: Sequence[FieldView], name: str) -> str | None:
    """What a person confirmed of a paper's field; what only a machine read is nobody's word."""
    return next((field.value for field in read if field.name == name and field.state in _CONFIRMED and field.value), None)


def _named(value: object, most: int) -> str | None:
    """A name in one line, or None."""
    return " ".join(str(value or "").split())[:most] or None


def _computed_on(sheet: WorksheetRow) -> Mapping[str, object]:
    """The cover as the worksheet beside it has it: a premium given back ended it, and what follows such a cover is no renewal."""
    cover = sheet.input["cover"]
    assert isinstance(cover, dict)
    return cover


def _until(sheet: WorksheetRow) -> date:
    return date.fromisoformat(str(_computed_on(sheet)["until"]))


def _worksheet(sheet: WorksheetRow, book: RuleBook, report_due: date) -> Worksheet:
    """The worksheet as kept, told step by step where the plan's wording still computes what was kept; else its lines alone."""
    return Worksheet.model_validate({
        "rulebook": str(sheet.output["version"]), "outcome": sheet.outcome, "total": str(sheet.output["total"]),
        "refund": str(sheet.output["refund"]), "lines": [
            WorksheetLine.model_validate({**{name: line[name] for name in ("benefit", "amount", "clause")},
                                          "name": book.benefits[str(line["benefit"])].name})
            for line in _list(sheet.output["lines"])], "steps": _steps(sheet, book, report_due)})


def _steps(sheet: WorksheetRow, book: RuleBook, report_due: date) -> list[Step]:
    try:
        found = one.assess(book, parse(sheet.input), report_due=report_due)
    except InputError:              # an input that today's vocabulary no longer reads must not keep a file from its insurer
        return []
    return list(worksheet_page.steps(told(found))) if found.result.to_dict() == sheet.output else []


def _list(value: object) -> list[dict[str, object]]:
    return value if isinstance(value, list) else []


def keep(dossier: Dossier, suite: Suite) -> bytes:
    """What is stored of a dossier: its head, manifest and the digest of its package; the papers already lie in the store."""
    head: dict[str, JsonValue] = {name: str(getattr(dossier, name)) for name in ("message_id", "handoff_id", "claim_no")}
    head |= {"round": dossier.round, "version": dossier.version, "at": dossier.at.isoformat()}
    return canonical({"head": head, "manifest": dossier.manifest(), "package_digest": dossier.package_digest,
                      "content": {"suite": suite.name, "digest": package.digest([dossier], suite)}})


def unpack(kept: bytes) -> Dossier:
    """The same dossier again, its papers read back from the store and checked."""
    parts = json.loads(kept)
    manifest = parts["manifest"]
    papers = [{**entry, "content": storage.get(entry["sha256"])} for entry in manifest["papers"]]
    return Dossier.model_validate({**manifest, **parts["head"], "papers": papers})


def enclosed(kept: bytes) -> frozenset[str]:
    """Hashes of the papers that a kept dossier already carried."""
    return frozenset(entry["sha256"] for entry in json.loads(kept)["manifest"]["papers"])


def papers_of(session: Session, claim_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[PaperRow]]:
    """Each claim's papers, oldest first: what an answer to a question may enclose."""
    found: dict[uuid.UUID, list[PaperRow]] = defaultdict(list)
    for paper in session.exec(select(PaperRow).where(col(PaperRow.claim_id).in_(list(claim_ids))).order_by(col(PaperRow.id))):
        found[paper.claim_id].append(paper)
    return found
