"""The other side: plain psycopg on one connection, eight round trips a move, nothing checked, the same rows written."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from datetime import date

import psycopg

from infra.bench.road import Road
from infra.bench.world import KEY, NOW, World
from services.lifecycle.topics import TOPICS
from services.sla.rules import FOLLOWS, Op

TARGETS = {"verify": "verified", "route": "in_review", "open": "open", "pass": "passed", "approve": "payable",
           "include": "batched", "release": "released", "send": "sent", "credit": "credited", "settle": "paid"}


class RawRoad(Road):
    """One claim at a time: begin, scope, lock, update, audit, outbox, clock, commit."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.connection = psycopg.connect(world.db.url, autocommit=True)

    def __call__(self, claims: list[uuid.UUID]) -> None:
        self.world.raw.update(map(str, claims))
        for machine, event, subject, actor in self.moves:
            for claim, row in zip(claims, self.ids(subject, claims), strict=True):
                self.move(machine, event, claim, row, actor.account_id)

    def move(self, machine: str, event: str, claim: uuid.UUID, row: uuid.UUID, account: uuid.UUID | None) -> None:
        """One transaction."""
        run = self.connection.execute
        run("BEGIN")
        run("SELECT set_config('app.org_path', 'cn', true)")
        found = run("SELECT version, audit_seq, audit_head FROM claim WHERE id = %s FOR UPDATE", (claim,)).fetchone()
        assert found is not None
        _, seq, head = found
        text = json.dumps({"chain": str(claim), "seq": seq + 1, "machine": machine, "subject": str(row), "event": event,
                           "at": NOW.isoformat(), "account": str(account), "org": KEY, "to": TARGETS[event]}, sort_keys=True)
        digest = hmac.new(b"k" * 32, head + text.encode(), hashlib.sha256).digest()
        if machine == "claim":
            run("UPDATE claim SET state = %s, version = version + 1, audit_seq = %s, audit_head = %s, updated_at = %s"
                " WHERE id = %s", (TARGETS[event], seq + 1, digest, NOW, claim))
        else:
            run(f"UPDATE {machine} SET state = %s, version = version + 1 WHERE id = %s", (TARGETS[event], row))
            run("UPDATE claim SET audit_seq = %s, audit_head = %s, updated_at = %s WHERE id = %s",
                (seq + 1, digest, NOW, claim))
        run("INSERT INTO audit_record (chain_id, seq, org_key, machine, subject_id, event, account_id, at, record, prev, hash)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (claim, seq + 1, KEY, machine, row, event, account, NOW, text, head, digest))
        if f"{machine}.{event}" in TOPICS:
            run("INSERT INTO outbox (org_key, topic, claim_id, subject_id, payload, created_at, tries)"
                " VALUES (%s, %s, %s, %s, '{}', %s, 0)", (KEY, f"{machine}.{event}", claim, row, NOW))
        self.clocks(machine, event, claim, row)
        run("COMMIT")

    def clocks(self, machine: str, event: str, claim: uuid.UUID, row: uuid.UUID) -> None:
        """The clock rows that the same move writes on our side."""
        for step in FOLLOWS.get((machine, event), ()):
            subject = str(row) if step.subject else ""
            if step.op is Op.START:
                for kind in step.kinds:
                    self.connection.execute(
                        "INSERT INTO sla_clock (id, claim_id, org_key, round, kind, subject, budget, day_kind, clause, origin,"
                        " start_on, due_on, provisional, words, calendar, pauses, state) VALUES (%s, %s, %s, 1, %s, %s, 15,"
                        " 'working', 'c', 'o', %s, %s, false, 'w', 'v', '[]', 'running')",
                        (uuid.uuid4(), claim, KEY, kind, subject, date(2026, 3, 20), date(2026, 4, 13)))
                if "pay" in step.kinds:
                    self.connection.execute("UPDATE claim SET pay_due = %s WHERE id = %s", (date(2026, 4, 13), claim))
            elif step.op is Op.STOP:
                self.connection.execute(
                    "UPDATE sla_clock SET state = 'stopped', stopped_on = %s, kept = true WHERE claim_id = %s AND kind = ANY(%s)"
                    " AND subject = %s AND state <> 'stopped'", (date(2026, 3, 20), claim, list(step.kinds), subject))
