"""Claims that are ready to travel: everything the guards ask for is on file."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg
from sqlmodel import Session

from infra.scratch import fresh
from services.access.actor import Actor, system
from services.audit.verify import verify
from services.core import embedded
from services.core.db import Database, Scope
from services.core.ids import uuidv7
from services.lifecycle.create import create
from services.models import (
    Account,
    BankCard,
    BankLine,
    Case,
    Claim,
    Cover,
    Decision,
    Fund,
    Grant,
    Organisation,
    Payee,
    Payment,
    PaymentRun,
    Person,
    ReviewStep,
    Worksheet,
)

KEY = "cn.xj.d1.u1."
DISTRICT = "cn.xj.d1."
PLAN, FROM = "xj-women", date(2024, 1, 1)
NOW = datetime(2026, 3, 20, 2, tzinfo=UTC)
ROLES = ("unit_clerk", "district_reviewer", "finance_maker", "finance_checker")


@dataclass
class World:
    """The database, the people and the rows each claim needs."""

    db: Database
    superuser: str
    people: dict[str, Actor]
    member: Person
    card: uuid.UUID
    unit: uuid.UUID
    district: uuid.UUID
    cover: uuid.UUID
    case: uuid.UUID
    steps: dict[uuid.UUID, tuple[uuid.UUID, uuid.UUID]] = field(default_factory=dict)
    payments: dict[uuid.UUID, uuid.UUID] = field(default_factory=dict)
    raw: set[str] = field(default_factory=set)      # claims that the raw side moved: their chains have another key

    def claims(self, count: int, size: int) -> list[list[uuid.UUID]]:
        """New claims in groups of `size`, one payment run a group."""
        groups = [self._group(size) for _ in range(count // size)]
        with psycopg.connect(self.superuser, autocommit=True) as connection:
            connection.execute("DELETE FROM outbox")
            connection.execute("VACUUM ANALYZE claim, review_step, payment, decision, worksheet, sla_clock, outbox")
        return groups

    def _group(self, size: int) -> list[uuid.UUID]:
        root = system("cn")
        with self.db.unit_of_work(Scope("cn")) as session:
            claims = [Claim(org_key=KEY, state="reported", claim_no=str(uuidv7()), code="A", case_id=self.case,
                            person_id=self.member.id, cover_id=self.cover, plan=PLAN, plan_from=FROM, route="office",
                            event={}, digest="d", required=[], banks=[], identity_matched=True, created_at=NOW,
                            updated_at=NOW) for _ in range(size)]
            create(session, "claim", claims, actor=root, now=NOW)
            maker = self.people["finance_maker"]
            assert maker.account_id and maker.person_id
            run = PaymentRun(org_key="cn.xj.", state="draft", run_no=str(uuidv7()), plan=PLAN, bank="ICBC",
                             made_by=maker.account_id, made_person=maker.person_id, made_at=NOW)
            create(session, "payment_run", [run], actor=maker, now=NOW)
            for claim in claims:
                sheet = Worksheet(org_key=KEY, claim_id=claim.id, round=1, seq=1, frozen=True, input={}, output={},
                                  outcome="pay", total_fen=1500000, facts_digest="d", rule_digest="r", why="", made_at=NOW)
                payee = Payee(org_key=KEY, claim_id=claim.id, person_id=self.member.id, bank_card_id=self.card, added_at=NOW)
                session.add_all([sheet, payee])
                session.flush()
                decision = Decision(org_key=KEY, claim_id=claim.id, round=1, source="office", kind="pay", amount_fen=1500000,
                                    worksheet_id=sheet.id, clause="一览表", at=NOW)
                payment = Payment(org_key=KEY, state="planned", claim_id=claim.id, round=1, payee_id=payee.id,
                                  person_id=self.member.id, purpose="benefit", channel="bank", amount_fen=1500000,
                                  bank_card_id=self.card, run_id=run.id, created_at=NOW)
                self.payments[claim.id] = payment.id
                session.add_all([decision, payment])
                session.flush()
                line = BankLine(org_key=KEY, payment_id=payment.id, run_id=run.id, kind="credit", reference="",
                                amount_fen=1500000, file_sha256=str(payment.id), line_no=1, at=NOW)
                chain = [ReviewStep(org_key=KEY, state="waiting", claim_id=claim.id, round=1, ordinal=n, level=level,
                                    name=level, act=act, role=role, days=2, decides=n == 2, duty_org=org, duty_key=key,
                                    seen_digest="d", created_at=NOW)
                         for n, level, act, role, org, key in ((1, "unit", "certify", "unit_clerk", self.unit, KEY),
                                                               (2, "district", "review", "district_reviewer",
                                                                self.district, DISTRICT))]
                self.steps[claim.id] = (chain[0].id, chain[1].id)
                session.add_all([line, *chain])
        with psycopg.connect(self.superuser, autocommit=True) as connection:
            connection.execute("UPDATE payment_run SET state = 'released', file_sha256 = 'f' WHERE id = %s", (run.id,))
        return [claim.id for claim in claims]

    def verify(self) -> None:
        """Our claims ended paid with a whole record."""
        with self.db.view(Scope("cn")) as session:
            findings = [finding for finding in verify(session) if finding.chain_id not in self.raw]
        if findings:
            raise SystemExit(f"the record does not verify: {findings[:3]}")

    def close(self) -> None:
        """Give the connections back."""
        self.db.close()


def people(session: Session, orgs: dict[str, Organisation]) -> Iterator[tuple[str, Actor]]:
    """One account for each role."""
    for role in ROLES:
        org = orgs["unit"] if role == "unit_clerk" else orgs["district"] if role == "district_reviewer" else orgs["office"]
        person = Person(name=role, id_number_sealed=b"", id_number_index=uuidv7().bytes, born=date(1980, 1, 1), sex="M",
                        created_at=NOW)
        account = Account(login=role, name=role, person_id=person.id, org_id=org.id, org_key=org.org_key, created_at=NOW)
        session.add(person)
        session.flush()
        session.add(account)
        session.flush()
        session.add(Grant(account_id=account.id, role=role))
        yield role, Actor(account.id, person.id, org.org_key, role, frozenset({role}))


def prepare(directory: Path) -> World:
    """A fresh server and database, an organisation tree, one member with cover and case."""
    url, app = fresh(directory, "bench")
    db = Database(app)
    with db.unit_of_work(Scope("cn")) as session:
        orgs = {kind: Organisation(org_key=key, name=key, kind=kind)
                for kind, key in (("office", "cn.xj."), ("district", DISTRICT), ("unit", KEY))}
        session.add_all([*orgs.values(), Fund(plan=PLAN, opening_fen=10**14)])
        session.flush()
        actors = dict(people(session, orgs))
        member = Person(name="member", id_number_sealed=b"", id_number_index=b"m", born=date(1985, 1, 1), sex="F",
                        created_at=NOW)
        session.add(member)
        session.flush()
        card = BankCard(person_id=member.id, number_sealed=b"", number_index=b"c", last4="0000", bank="ICBC",
                        holder="member", added_at=NOW)
        cover = Cover(org_key=KEY, plan=PLAN, plan_from=FROM, person_id=member.id, org_id=orgs["unit"].id,
                      effective=date(2026, 1, 1), until=date(2026, 12, 31), premium_fen=2500, certificate_no="c",
                      created_at=NOW)
        case = Case(org_key=KEY, case_no="c", person_id=member.id, org_id=orgs["unit"].id, event_kind="diagnosis",
                    diagnosed_on=date(2026, 3, 16), reported_on=date(2026, 3, 20), reported_at=NOW, reported_by=uuidv7(),
                    reporter_name="", channel="clerk", last_timely_day=date(2026, 3, 26), count_words="")
        session.add_all([card, cover, case])
    return World(db, embedded.with_user(url, "postgres", "bench"), actors, member, card.id, orgs["unit"].id,
                 orgs["district"].id, cover.id, case.id)
