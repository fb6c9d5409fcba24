"""What a district's claims did with money, in the ledger: decided, sent, credited, sent back; a fund's beginning."""

from __future__ import annotations

import uuid
from datetime import datetime

from services.ledger.accounts import Account, prefix
from services.simulate.years.desk import CHINA
from services.simulate.years.history import Row
from services.simulate.years.keys import Chance, key
from services.simulate.years.rows import Tables
from services.simulate.years.runs import Line, Run
from services.simulate.years.steps import Walk


def opening(chance: Chance, fund_id: uuid.UUID, plan: str, fen: int, org_key: str, moment: datetime, tables: Tables) -> None:
    """What a fund began with."""
    made, book = key(chance, moment), prefix(plan)
    tables.add("ledger_transaction", made, org_key, plan, "opening", moment.astimezone(CHINA).date(), None, None, moment)
    tables.add("ledger_entry", key(chance, moment), org_key, made, book + Account.CASH, None, fen, fund_id, "fund", 0)
    tables.add("ledger_entry", key(chance, moment), org_key, made, book + Account.OPENING, None, -fen, None, None, None)


class Books:
    """Books each step as it is told, one transaction a step."""

    def __init__(self, chance: Chance, now: datetime, tables: Tables) -> None:
        self._chance, self._now, self._tables = chance, now, tables
        self._covers: dict[uuid.UUID, uuid.UUID] = {}       # of refunds, by claim

    def claim(self, walk: Walk) -> None:
        """A claim's decision, and what the insurer paid itself."""
        plan = walk.book.plan
        if walk.told.paid.refund:
            self._covers[walk.h.chain_id] = walk.told.held.id
        for table, row in walk.h.rows:
            if table == "decision" and row["amount_fen"]:
                cover, fen = self._covers.get(walk.h.chain_id), row["amount_fen"]
                self._book(plan, row["org_key"], "decided", row["at"], (Account.PAYABLE, -fen, row["id"], 0),
                           Account.REFUNDS if cover else Account.BENEFITS, cover)
            elif table == "bank_line" and row["kind"] == "credit":
                self._moved(plan, "sent", row["bank_time"], row["payment_id"], 1, row["amount_fen"], row["org_key"], None)
                self._moved(plan, "credited", row["bank_time"], row["payment_id"], 1, row["amount_fen"], row["org_key"],
                            self._covers.get(walk.h.chain_id))

    def run(self, run: Run) -> None:
        """A run's payments, as far as the bank got."""
        for line in run.lines:
            if run.sent <= self._now:
                self._line(run, line, "sent", run.sent)
            if run.answered <= self._now:
                self._line(run, line, "bounced" if line.returned else "credited", run.answered)

    def _line(self, run: Run, line: Line, step: str, moment: datetime) -> None:
        paid: Row = line.payment
        self._moved(run.row["plan"], step, moment, paid["id"], paid["attempt"], paid["amount_fen"], paid["org_key"],
                    self._covers.get(paid["claim_id"]) if step == "credited" else None)

    def _moved(self, plan: str, step: str, moment: datetime, payment: uuid.UUID, attempt: int, fen: int, org_key: str,
               cover: uuid.UUID | None) -> None:
        account, other, sign = {"sent": (Account.PAYABLE, Account.IN_TRANSIT, 1), "credited": (Account.IN_TRANSIT, Account.CASH, 1),
                                "bounced": (Account.PAYABLE, Account.IN_TRANSIT, -1)}[step]
        self._book(plan, org_key, step, moment, (account, sign * fen, payment, attempt), other, cover)

    def _book(self, plan: str, org_key: str, step: str, moment: datetime, line: tuple[Account, int, uuid.UUID, int],
              other: Account, cover: uuid.UUID | None) -> None:
        made, book = key(self._chance, moment), prefix(plan)
        account, fen, source, attempt = line
        self._tables.add("ledger_transaction", made, org_key, plan, step, moment.astimezone(CHINA).date(), None, None, moment)
        self._tables.add("ledger_entry", key(self._chance, moment), org_key, made, book + account, None, fen, source, step, attempt)
        self._tables.add("ledger_entry", key(self._chance, moment), org_key, made, book + other, cover, -fen, None, None, None)
