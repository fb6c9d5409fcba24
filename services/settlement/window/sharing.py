"""The limits of one cover shared out among its bills, in the order of their settlement.

Whatever comes, in whatever order (a bill late from an outage, a correction, a reversal), the bills of a cover end with the same
shares: each is computed against what claims took and what the bills settled before it took. A bill whose day was agreed with
its hospital keeps its share and is counted first. A bill that was answered before and changes here gets a version `adjusted`.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.core.clock import business_day
from services.core.ids import uuidv7
from services.core.money import to_fen
from services.engine.one import compute
from services.models import WindowVersion
from services.rulebook import registry
from services.rulebook.results import Result
from services.rulebook.schema import RuleBook
from services.rulebook.vocabulary import parse
from services.settlement.window.covering import Ground, Standing, Words, ground, standing, words

# Of the benefits that paid nothing, what says more comes first.
_WEAK = ("condition_not_met", "not_claimed", "one_of")


@dataclass(frozen=True, slots=True)
class Change:
    """What one call made of one bill."""

    bill: Standing
    why: str
    input: Words
    result: Result
    book: RuleBook

    @property
    def amounts(self) -> dict[str, int]:
        """Fen by benefit."""
        return {line.benefit: to_fen(line.amount) for line in self.result.lines if line.amount}

    @property
    def share_fen(self) -> int:
        """The whole share."""
        return sum(self.amounts.values())

    @property
    def reason(self) -> str | None:
        """Why nothing."""
        if self.share_fen:
            return None
        reasons = [item.reason for item in self.result.nothing]
        return next((reason for reason in reasons if reason not in _WEAK), reasons[0] if reasons else None)


def share_out(session: Session, *, cover_id: uuid.UUID, plan: str, since: tuple[object, ...], changed: uuid.UUID | None, why: str,
              reason: str | None, actor: Actor, now: datetime) -> list[Change]:
    """Compute anew the bills of a cover from `since` on, write what changed, and give it; the one that was `changed` always.

    The covers of the person are locked by the caller. Bills before `since` have the same ground as when they were computed; with an
    empty `since` none has, since a bill of an agreed day, which counts before all others, changed or went.
    """
    rows = standing(session, cover_id, business_day(now))
    kept = [row for row in rows if row.id != changed and (row.fixed or row.key < since)]
    todo = [row for row in rows if row.id == changed or not (row.fixed or row.key < since)]
    todo.sort(key=lambda row: (not row.fixed, row.key))         # also when it is itself corrected, it counts first
    if not todo:
        return []
    base = ground(session, cover_id, registry.resolve(plan, todo[0].settled_on))
    done: list[Change] = []
    taken = Counter[str]()
    for row in kept:
        taken.update(row.taken)
    found = Counter(taken)          # what the bills found taken before this call
    for row in todo:
        if why == "settled" and row.id != changed and found == taken:
            break                   # after a new bill: who finds what it found before is as it was, and so are all after it
        change = _computed(base, row, plan, taken, why if row.id == changed else "adjusted")
        if row.id == changed or change.amounts != row.taken:
            done.append(change)
        found.update(row.taken)
        taken.update(change.amounts)
    if done:
        _write(session, done, reason, actor, now)
    return done


def _computed(base: Ground, row: Standing, plan: str, before: Mapping[str, int], why: str) -> Change:
    book = registry.resolve(plan, row.settled_on)
    given = words(base, row, plan, before)
    return Change(row, why, given, compute(book, parse(given)), book)


_UPDATE = sa.text("""
    UPDATE window_bill b SET outcome = x.outcome, reason = x.reason, flags = x.flags, benefits = x.benefits, amounts = x.amounts,
        share_fen = x.share_fen, version = b.version + 1, changed_at = :now
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS x(id uuid, outcome text, reason text, flags text[], benefits text[],
        amounts bigint[], share_fen bigint) WHERE b.id = x.id""")


def _write(session: Session, changes: Sequence[Change], reason: str | None, actor: Actor, now: datetime) -> None:
    rows = [{"id": str(one.bill.id), "outcome": one.result.outcome, "reason": one.reason, "benefits": list(one.amounts),
             "flags": sorted({*one.bill.flags, *one.result.flags}), "amounts": list(one.amounts.values()), "share_fen": one.share_fen}
            for one in changes]
    session.execute(_UPDATE, {"rows": json.dumps(rows), "now": now})
    keep(session, [_version(one, reason if one.why != "adjusted" else None, actor, now) for one in changes])


def _version(one: Change, reason: str | None, actor: Actor, now: datetime) -> dict[str, object]:
    row = one.bill
    return {"id": uuidv7(), "org_key": row.org_key,
            "bill_id": row.id, "hospital_id": row.hospital_id, "seq": row.version + 1, "correction_no": row.correction_no,
            "why": one.why, "digest": row.digest, "counts_on": row.counts_on, "share_fen": one.share_fen,
            "change_fen": one.share_fen - row.share_fen, "input": one.input, "output": one.result.to_dict(),
            "rule_digest": one.book.digest, "reason": reason, "account_id": actor.account_id, "at": now}


_KEEP = sa.insert(WindowVersion.metadata.tables["window_version"])       # as the table: the model's way costs a millisecond


def keep(session: Session, versions: Sequence[dict[str, object]]) -> None:
    """Write versions, each under its bill's own organisation."""
    session.execute(_KEEP, list(versions))
