"""What a machine's guards would have seen at each step of a recorded history: facts from the rows and the record so far."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from services.core.clock import business_day
from services.lifecycle.facts import RUN_DIGEST

Row = Any
# What nobody in these histories does or needs, and what every level has.
CALLS = {"actor_senior": False, "two_persons": False, "certification_overdue": False, "quorum_met": True}
COLUMN = {"report_no_given": "report_no", "case_no_given": "case_no", "context_complete": "context", "bytes_frozen": "sha256",
          "signed": "sha256", "channel_chosen": "channel", "row_decides": "decides"}
_OF_CLAIMS = ("paper", "supplement", "review_step", "worksheet", "decision", "handoff", "notice", "payment", "payee", "sla_clock")


@dataclass
class House:
    """All rows, by id and by claim."""

    claims: dict[uuid.UUID, Row]
    of: dict[str, dict[uuid.UUID, list[Row]]]
    by_id: dict[uuid.UUID, Row]
    records: dict[uuid.UUID, list[Row]]
    lines: dict[uuid.UUID, list[Row]]
    in_run: dict[uuid.UUID, list[Row]]
    digests: dict[uuid.UUID, str]
    posts: dict[tuple[str, str], int]
    roles: dict[uuid.UUID, tuple[str, str]]     # account -> role, org_key
    banks: dict[uuid.UUID, str]


def load(session: Session) -> House:
    """Everything, in a select for each table."""
    def rows(statement: str) -> Sequence[Row]:
        return session.execute(sa.text(statement)).all()

    claims = {row.id: row for row in rows("SELECT * FROM claim")}
    of: dict[str, dict[uuid.UUID, list[Row]]] = {}
    by_id: dict[uuid.UUID, Row] = {row.id: row for row in rows("SELECT * FROM payment_run")}
    for table in _OF_CLAIMS:
        of[table] = defaultdict(list)
        for row in rows(f"SELECT * FROM {table} ORDER BY id"):
            of[table][row.claim_id].append(row)
            by_id[row.id] = row
    records, lines, in_run = defaultdict(list), defaultdict(list), defaultdict(list)
    for row in rows("SELECT * FROM audit_record ORDER BY chain_id, seq"):
        records[row.chain_id].append(row)
    for row in rows("SELECT * FROM bank_line"):
        lines[row.payment_id].append(row)
    for row in rows("SELECT * FROM payment WHERE run_id IS NOT NULL"):
        in_run[row.run_id].append(row)
    accounts = rows("SELECT a.id, a.org_key, g.role FROM account a JOIN role_grant g ON g.account_id = a.id")
    posts: dict[tuple[str, str], int] = defaultdict(int)
    for row in accounts:
        posts[row.org_key, row.role] += 1
    return House(claims, of, by_id, records, lines, in_run,
                 {row.id: row[1] for row in rows(f"SELECT n.id, {RUN_DIGEST} FROM payment_run n")}, posts,
                 {row.id: (row.role, row.org_key) for row in accounts},
                 {row.id: row.bank for row in rows("SELECT id, bank FROM bank_card")})


@dataclass
class Past:
    """One chain up to, not including, the record at hand. Each method is a fact of that name."""

    house: House
    claim: Row
    run: Row
    states: dict[uuid.UUID, str] = field(default_factory=dict)
    seen: list[Row] = field(default_factory=list)
    now: Row = None

    def facts(self, names: Sequence[str]) -> dict[str, object]:
        """The facts asked for: of the call, plainly a column of the moved row, or a method here."""
        return {name: CALLS[name] if name in CALLS else bool(getattr(self.subject, COLUMN[name])) if name in COLUMN
                else getattr(self, name)() for name in names}

    @property
    def subject(self) -> Row:
        return self.house.by_id[self.now.subject_id]

    @property
    def day(self) -> date:
        return business_day(self.now.at)

    def rows(self, table: str) -> list[Row]:
        """The claim's rows that were born by now."""
        return [row for row in self.house.of[table][self.claim.id] if row.id in self.states]

    def happened(self, machine: str, event: str) -> list[Row]:
        return [record for record in self.seen if (record.machine, record.event) == (machine, event)]

    def deciders(self) -> set[uuid.UUID]:
        """Who verified, or passed or refused a reviewing level."""
        levels = [*self.happened("review_step", "pass"), *self.happened("review_step", "refuse")]
        found = {record.person_id for record in levels if self.house.by_id[record.subject_id].act == "review"}
        return found if self.now.machine == "claim" else found | {r.person_id for r in self.happened("claim", "verify")}

    # the actor
    def actor_on_claimant_side(self) -> bool:
        return bool(self.now.person_id == self.claim.person_id)

    def actor_decided_before(self) -> bool:
        if self.now.machine == "payment_run":
            return any(self.now.person_id in _deciders_of(self.house, row.claim_id) for row in self.house.in_run[self.run.id])
        certifies = self.now.machine == "review_step" and self.subject.act == "certify"
        return not certifies and self.now.person_id in self.deciders()

    def reason_given(self) -> bool:
        return bool(self.now.record.get("reason"))

    def signature_valid(self) -> bool:
        return self.now.account_id is not None

    # the claim
    def papers_open(self) -> int:
        accepted = {row.kind for row in self.house.of["paper"][self.claim.id]
                    if row.verdict == "accepted" and row.checked_at <= self.now.at}
        return len(set(self.claim.required) - accepted)

    def identity_matched(self) -> bool:
        return bool(self.claim.identity_matched)

    def consent_missing(self) -> bool:
        return self.claim.route == "insurer" and not self.happened("consent", "given")

    def route(self) -> str:
        return str(self.claim.route)

    def held(self) -> bool:
        return len(self.happened("claim", "hold")) > len(self.happened("claim", "unhold"))

    def first_list(self) -> bool:
        return not self.rows("supplement")

    def items_open(self) -> int:
        answered = {record.subject_id for record in self.happened("supplement", "items")}
        source = {"claim": "union", "handoff": "insurer"}.get(self.now.machine)
        lists = [row for row in self.rows("supplement") if row.source == source] if source else [self.subject]
        return sum(len(row.items) for row in lists if row.id not in answered)

    def deadline_passed(self) -> bool:
        return any(row.deadline < self.day for row in self.rows("supplement"))

    def reminder_delivered(self) -> bool:
        wanted = {f"reminder:{row.id}" for row in self.rows("supplement")}
        return any(row.cause in wanted and self.states[row.id] == "delivered" for row in self.rows("notice"))

    def _sheets(self, event: str) -> list[Row]:
        made = {record.record["details"]["worksheet"] for record in self.happened("claim", event)}
        return [row for row in self.house.of["worksheet"][self.claim.id] if str(row.id) in made]

    def worksheet_current(self) -> bool:
        return any(row.facts_digest == self.claim.digest for row in self._sheets("worksheet"))

    def worksheet_frozen(self) -> bool:
        return any(row.frozen for row in self._sheets("freeze"))

    def levels_without_person(self) -> int:
        return sum(self.house.posts[row.duty_key, row.role] == 0 for row in self.rows("review_step"))

    def chain_open(self) -> int:
        levels = self.rows("review_step")
        return sum(self.states[row.id] != "passed" for row in levels) + (not levels)

    def decided_amount_fen(self) -> int:
        return next((row.amount_fen for row in self.house.of["decision"][self.claim.id] if row.at <= self.now.at), -1)

    def clause_given(self) -> bool:
        return bool(self.house.of["decision"][self.claim.id][0].clause)

    def actor_decides(self) -> bool:
        return any(row.decides and self.states[row.id] == "refused" and row.done_by == self.now.account_id
                   for row in self.rows("review_step"))

    def liabilities_open(self) -> int:
        [handoff] = self.rows("handoff")
        return len(set(handoff.liabilities) - {answer["liability"] for answer in handoff.answers})

    def credited_minus_decided_fen(self) -> int:
        credited = sum(row.amount_fen for row in self.rows("payment") if self.states[row.id] == "credited")
        return int(credited - self.decided_amount_fen())

    def letters_undelivered(self) -> int:
        return sum(self.states[row.id] != "delivered" for row in self.rows("notice"))

    def objection_window_open(self) -> bool:
        return any(row.kind == "objection" and row.due_on >= self.day for row in self.house.of["sla_clock"][self.claim.id])

    def open_items(self) -> int:
        over = {"supplement": ("answered", "lapsed"), "handoff": ("settled", "recalled"), "payment": ("credited", "cancelled")}
        return sum(self.states[row.id] not in ends for table, ends in over.items() for row in self.rows(table))

    def withdrawal_signed(self) -> bool:
        return any(row.kind == "withdrawal" for row in self.house.of["paper"][self.claim.id])

    # a review level
    def previous_open(self) -> int:
        return sum(row.ordinal < self.subject.ordinal and self.states[row.id] != "passed" for row in self.rows("review_step"))

    def eligible_persons(self) -> int:
        return self.house.posts[self.subject.duty_key, self.subject.role]

    def change_seen(self) -> bool:
        return bool(self.subject.seen_digest == self.claim.digest)

    def round_over(self) -> bool:
        return self.states[self.claim.id] == "cancelled"

    # a handoff
    def intent_recorded(self) -> bool:
        return bool(self.subject.package_digest and self.subject.package_sha256)

    def digest_current(self) -> bool:
        return bool(self.subject.facts_digest == self.claim.digest)

    def question_items(self) -> int:
        return len(self.subject.question["items"])

    def items_without_reason(self) -> int:
        return sum(not item["text"] for item in self.subject.question["items"])

    def bank_proof_given(self) -> bool:
        return bool(self.subject.serial)

    # a payment and its run
    def _run(self) -> Row:
        return self.run or self.house.by_id[self.subject.run_id]

    def channel(self) -> str:
        return str(self.subject.channel)

    def payees_ready(self) -> bool:
        return any(row.bank_card_id for row in self.house.of["payee"][self.claim.id])

    def bank_allowed(self) -> bool:
        return not self.claim.banks or self.house.banks[self.subject.bank_card_id] in self.claim.banks

    def actor_is_maker(self) -> bool:
        return bool(self._run().made_person == self.now.person_id)

    def maker_decided_before(self) -> bool:
        return any(self._run().made_person in _deciders_of(self.house, row.claim_id) for row in self.house.in_run[self._run().id])

    def fund_after_fen(self) -> int:
        return 10**15 - sum(int(row.total_fen) for row in self.house.by_id.values() if hasattr(row, "run_no"))

    def run_unchanged(self) -> bool:
        run = self._run()
        return bool(run.digest == self.house.digests[run.id] and run.released_at <= self.now.at)

    def payments(self) -> int:
        return len(self.house.in_run[self.run.id])

    def payments_unanswered(self) -> int:
        return sum(row.state not in ("credited", "returned") for row in self.house.in_run[self.run.id])

    def file_accepted(self) -> bool:
        return bool(self._run().file_sha256 and self._run().sent_at <= self.now.at)

    def _line(self, kind: str) -> Row | None:
        return next((line for line in self.house.lines[self.subject.id]
                     if line.kind == kind and line.attempt == self.subject.attempt), None)

    def credit_difference_fen(self) -> int:
        line = self._line("credit")
        return (line.amount_fen if line else 0) - int(self.subject.amount_fen)

    def payee_matches(self) -> bool:
        return self._line("credit") is not None

    def return_matched(self) -> bool:
        return self._line("return") is not None

    def credit_reported(self) -> bool:
        sendings = [row.id for row in self.rows("payment") if self.states[row.id] == "cancelled"
                    or (row.id == self.subject.id and row.attempt > 1)]
        return any(line.kind == "credit" and line.fault for payment in sendings for line in self.house.lines[payment])

    # a letter, a list
    def number_drawn(self) -> bool:
        return bool(self.subject.number == self.now.record["details"]["number"])

    def proof_given(self) -> bool:
        return bool(self.subject.proof if self.now.machine == "notice" else self.subject.delivered_at)


def _deciders_of(house: House, claim_id: uuid.UUID) -> set[uuid.UUID]:
    found = {house.claims[claim_id].verified_person}
    return found | {row.done_person for row in house.of["review_step"][claim_id] if row.act == "review" and row.done_person}
