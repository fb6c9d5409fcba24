"""A claim that stands decided, so that paying and letters can be tried without walking the whole road first."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping
from datetime import date, datetime

from sqlmodel import Session, col, select

from services.core.clock import at_hour
from services.core.ids import uuidv7
from services.enrolment.queries import card_number
from services.ledger import service as ledger
from services.models import (
    BankCard,
    BankLine,
    Case,
    Claim,
    Consent,
    Cover,
    Decision,
    Paper,
    Payee,
    Payment,
    PaymentRun,
    Person,
    Worksheet,
)
from services.payment import queries
from services.payment import service as payment
from services.payment.banks import layout_of
from services.payment.port import Answer
from services.rulebook.registry import version
from services.simulate.synthetic import synthetic_person
from services.sla import service as sla
from tests.support.world import ROOT, World

CREDIT_DAY = at_hour(date(2026, 3, 24), 10)
LINES = {"xj": ("malignant", "一览表 60日（不含）后 恶性"), "nx": ("breast_cancer", "安康保管理办法 第五条、第八条")}


def decided(session: Session, world: World, n: int, amount_fen: int, *, now: datetime, office: str = "xj",
            kind: str = "pay", state: str = "payable", benefit: str | None = None, reason: str | None = None,
            event: Mapping[str, object] | None = None, answer: str | None = None) -> Claim:
    """Claim of member `n`, decided over `amount_fen`, verified by office1, decided by the head (or, with `answer`, by
    the insurer). `event` overrides facts.
    """
    member = world.member(n, office)
    cover = session.exec(select(Cover).where(Cover.person_id == member.person_id)).one()
    card = session.exec(select(BankCard).where(BankCard.person_id == member.person_id,
                                               col(BankCard.replaced_at).is_(None))).one()
    facts: dict[str, object] = {"kind": "diagnosis", "icd10": "C50.900", "behaviour": "3", "severity": "malignant",
                                "specimen_on": "2026-03-10", "diagnosed_on": "2026-03-12", **(event or {})}
    case = Case(id=uuidv7(), org_key=cover.org_key, case_no=f"C{uuid.uuid4().hex[:10]}", person_id=member.person_id,
                org_id=cover.org_id, event_kind="diagnosis", diagnosed_on=date(2026, 3, 12), hospital="示例医院",
                reported_on=date(2026, 3, 16), reported_at=now, reported_by=uuid.uuid4(), reporter_name="示例",
                channel="member", last_timely_day=date(2026, 3, 23), count_words="自3月12日次日起算，第10日为3月22日，顺延至3月23日")
    session.add(case)
    session.flush()
    claim = Claim(id=uuidv7(), org_key=cover.org_key, state=state, claim_no=f"T{uuid.uuid4().hex[:10]}", code="ABCD2345",
                  case_id=case.id, person_id=member.person_id, cover_id=cover.id, plan=cover.plan,
                  plan_from=cover.plan_from, route=version(cover.plan, cover.plan_from).route, round=1, event=facts,
                  digest="d1", outcome=kind, amount_fen=amount_fen, identity_matched=True, required=[], banks=[],
                  verified_person=world.person(f"{office}.office1"), verified_on=date(2026, 3, 18), created_at=now,
                  updated_at=now)
    session.add(claim)
    session.flush()
    decide(session, world, claim, amount_fen, benefit or LINES[office][0], kind, reason, answer, now)
    session.add(Payee(claim_id=claim.id, org_key=claim.org_key, person_id=member.person_id, bank_card_id=card.id,
                      added_at=now))
    session.flush()
    sla.follow(session, "claim", "verify", {claim.id: (claim.id, date(2026, 3, 18))}, now=now)
    return claim


def decide(session: Session, world: World, claim: Claim, amount_fen: int, benefit: str, kind: str,
           reason: str | None, answer: str | None, now: datetime) -> None:
    """The claim's present round is decided."""
    office = "nx" if claim.route == "insurer" else "xj"
    clause = LINES[office][1]
    yuan = f"{amount_fen // 100}.{amount_fen % 100:02d}"
    refund, paid = (amount_fen, 0) if kind == "refund" else (0, amount_fen)
    lines = [{"benefit": benefit, "amount": yuan, "clause": clause, "steps": [f"= {yuan}"]}] if paid else []
    nothing = [] if paid else [{"benefit": benefit, "reason": reason or "waiting_period", "clause": clause}]
    output: dict[str, object] = {
        "plan": claim.plan, "version": claim.plan_from.isoformat(), "outcome": kind if kind in ("refund", "nothing") else "pay",
        "total": yuan if paid else "0.00", "lines": lines, "flags": [], "nothing": nothing,
        "refund": yuan if refund else "0.00"}
    sheet = Worksheet(id=uuidv7(), org_key=claim.org_key, claim_id=claim.id, round=claim.round, seq=1, frozen=True,
                      input={}, output=output, outcome=str(output["outcome"]), total_fen=paid, refund_fen=refund,
                      facts_digest=claim.digest, rule_digest="r", why="frozen at decision", made_at=now)
    session.add(sheet)
    session.flush()
    head = world.actor(f"{office}.head")
    session.add(Decision(org_key=claim.org_key, claim_id=claim.id, round=claim.round,
                         source="insurer" if answer else "office", kind=kind, amount_fen=amount_fen,
                         worksheet_id=sheet.id, decided_by=None if answer else head.account_id,
                         decided_person=None if answer else head.person_id, reason=reason, clause=clause, at=now,
                         answer=_answer(kind, benefit, yuan, clause) if answer else {}))
    session.flush()
    ledger.decided(session, claim_ids=[claim.id], actor=head, now=now)


def _answer(kind: str, benefit: str, yuan: str, clause: str) -> dict[str, object]:
    """The insurer's decision as its message carries it."""
    paid = yuan if kind == "pay" else "0.00"
    return {"outcome": kind, "total": yuan, "refund": yuan if kind == "refund" else "0.00",
            "liabilities": [{"liability": benefit, "amount": paid, "reason": None if kind == "pay" else "waiting_period",
                             "clause": clause}],
            "letter": {"number": "平养宁赔〔2026〕31号", "text": "理赔决定",
                       "pdf_base64": base64.b64encode(b"%PDF-1.4\n% the insurer's own bytes\n").decode()}}


def consent(session: Session, claim: Claim, now: datetime) -> None:
    """The separate consent to hand data to the insurer."""
    session.add(Consent(org_key=claim.org_key, case_id=claim.case_id, person_id=claim.person_id, purpose="insurer",
                        given_at=now, recorded_by=uuid.uuid4()))
    session.flush()


def paper(session: Session, claim: Claim, kind: str, now: datetime, verdict: str = "accepted",
          mime: str = "application/pdf") -> Paper:
    """A paper on file; its bytes do not matter here."""
    made = Paper(org_key=claim.org_key, claim_id=claim.id, kind=kind, sha256="a" * 64, mime=mime, size=1,
                 file_name=f"{kind}.pdf", verdict=verdict, uploaded_by=uuid.uuid4(), uploaded_at=now)
    session.add(made)
    session.flush()
    return made


def prove_heirs(session: Session, claim: Claim, now: datetime, *more: str) -> None:
    """Every paper that a succession by law rests on, accepted; `more` for designation, guardianship or renunciation."""
    for kind in ("death_proof", "household_cancellation", "heir_proof", *more):
        paper(session, claim, kind, now)


def made(world: World, now: datetime, *amounts: int) -> list[uuid.UUID]:
    """Payable claims of Xinjiang members 0, 1, … with their payments planned."""
    with world.db.unit_of_work(ROOT.scope) as session:
        claims = [decided(session, world, n, fen, now=now).id for n, fen in enumerate(amounts)]
        payment.plan(session, claim_ids=claims, actor=ROOT, now=now)
    return claims


def in_run(world: World, now: datetime, bank: str = "ICBC") -> uuid.UUID:
    """A run built and submitted by the maker."""
    maker = world.actor("xj.maker")
    with world.db.unit_of_work(maker.scope) as session:
        run = payment.build_run(session, plan="xj-women", bank=bank, actor=maker, now=now)
        payment.submit(session, run_id=run.id, actor=maker, now=now)
    return run.id


def sent(world: World, now: datetime, bank: str = "ICBC") -> uuid.UUID:
    """A run released by the checker and written."""
    run_id, checker = in_run(world, now, bank), world.actor("xj.checker")
    with world.db.unit_of_work(checker.scope) as session:
        payment.release(session, run_id=run_id, actor=checker, now=now)
    with world.db.unit_of_work(ROOT.scope) as session:
        payment.write_file(session, run_id=run_id, actor=ROOT, now=now)
    return run_id


def answer(session: Session, line: BankLine, status: str, serial: str = "B1", **other: object) -> Answer:
    """What the bank says to a line we sent."""
    paid = session.get_one(Payment, line.payment_id)
    person = session.get_one(Person, paid.person_id)
    values: dict[str, object] = {
        "line_no": line.line_no, "reference": line.reference, "amount_fen": line.amount_fen, "status": status,
        "account": card_number(session.get_one(BankCard, paid.bank_card_id)), "holder": person.name, "serial": serial,
        "bank_time": CREDIT_DAY, "reason": "" if status == "credited" else "账户已销户"}
    return Answer(**(values | other))  # type: ignore[arg-type]


def returned_file(world: World, run_id: uuid.UUID, *status: str, bank: str = "ICBC", **other: object) -> bytes:
    """The bank's file over the lines of a run, one status a line."""
    with world.db.view(ROOT.scope) as session:
        run = session.get_one(PaymentRun, run_id)
        lines = session.exec(select(BankLine).where(BankLine.run_id == run_id, BankLine.kind == "sent").order_by(
            col(BankLine.line_no))).all()
        return layout_of(bank).answer(run.run_no, [answer(session, line, word, **other)
                                                  for line, word in zip(lines, status, strict=True)])


def read(world: World, content: bytes, now: datetime) -> payment.ReturnSummary:
    maker = world.actor("xj.maker")
    with world.db.unit_of_work(maker.scope) as session:
        return payment.read_return(session, content=content, file_name="r.txt", actor=maker, now=now)


def states(world: World, claim_id: uuid.UUID) -> list[tuple[str, int, int]]:
    with world.db.view(ROOT.scope) as session:
        return [(row.state, row.amount_fen, row.attempt) for row in queries.payments_of(session, claim_id)]


def heirs(*shares: list[int]) -> list[dict[str, object]]:
    people = [synthetic_person(450 + n, sex="M" if n == 0 else "F", born=date(1979 + n, 1, 2)) for n in range(len(shares))]
    return [{"name": person.name, "id_number": person.id_number, "relation": "husband" if n == 0 else "child",
             "share": share, "bank": "ICBC", "account": person.card}
            for n, (person, share) in enumerate(zip(people, shares, strict=True))]
