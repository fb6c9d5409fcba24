"""Every decision of a claim made again from what was stored: inputs, the wording by its digest, the calendar by its version.

`huzhu audit replay`. Set-based over any number of claims; each line says what was decided and what comes out now. What a person
judged (a reviewer's amount, a refusal's reason) is an input here: it is not made again, but who might judge is.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.audit import checking
from services.audit.checking import Tail
from services.core.db import driver_cursor
from services.core.errors import NotFound
from services.reporting import reproducing_benefit, reproducing_clocks, reproducing_steps, sight
from services.reporting.reproduced import Claim, Record, Reproduced

PARTS: tuple[Callable[[Session, Sequence[Claim]], dict[uuid.UUID, list[Reproduced]]], ...] = (
    reproducing_steps.moves, reproducing_benefit.worksheets, reproducing_benefit.decisions, reproducing_clocks.clocks,
    reproducing_steps.persons, reproducing_steps.money)

_CLAIMS = sa.text("""
    SELECT c.id, c.claim_no, c.plan, c.plan_from, c.state, k.last_timely_day, c.audit_seq, c.audit_head
    FROM claim c JOIN case_file k ON k.id = c.case_id WHERE c.id IN (SELECT unnest(CAST(:ids AS uuid[]))) ORDER BY c.claim_no""")
_RECORDS = f"""SELECT {checking.COLUMNS} FROM audit_record WHERE audit_record.chain_id IN (SELECT unnest(%s::uuid[]))
    ORDER BY audit_record.chain_id, seq"""


@dataclass(frozen=True, slots=True)
class Replayed:
    """One claim with all its lines, in the order of parts."""

    claim: Claim
    lines: list[Reproduced]

    @property
    def differing(self) -> list[Reproduced]:
        """What does not come out as it was decided."""
        return [line for line in self.lines if not line.agrees]

    @property
    def decided(self) -> bool:
        """Whether anything was decided yet."""
        return any(line.part == "decision" for line in self.lines)


def looked(session: Session, actor: Actor, claim_no: str, *, now: datetime) -> uuid.UUID:
    """A claim that the actor may see, and the look is recorded; then `replay` it in the house's scope, as the command does: who decided,
    and whose relative that is, may lie beyond the actor's. NotFound out of sight.
    """
    found = sight.claim(session, actor, claim_no)
    sight.looked(session, actor, found, "replay", now)
    return found.id


def replay(session: Session, claim_ids: Sequence[uuid.UUID]) -> list[Replayed]:
    """The claims in sight, by number. A handful of queries for all of them."""
    rows = session.execute(_CLAIMS, {"ids": list(claim_ids)}).all()
    records = _records(session, {row.id: (row.audit_seq, bytes(row.audit_head)) for row in rows})
    claims = [Claim(row.id, row.claim_no, row.plan, row.plan_from, row.state, row.last_timely_day, *records[row.id])
              for row in rows]
    parts = [part(session, claims) for part in PARTS]
    return [Replayed(claim, [*claim.chain, *(line for part in parts for line in part.get(claim.id, []))]) for claim in claims]


def of_number(session: Session, claim_no: str) -> uuid.UUID:
    """A claim's id by its number. NotFound when there is none in sight."""
    found = session.execute(sa.text("SELECT id FROM claim WHERE claim_no = :no"), {"no": claim_no.strip().upper()}).scalar()
    if found is None:
        raise NotFound("claim_missing", f"没有案件 {claim_no}，或不在您的管辖范围内", remedy="核对案件编号", field="CLAIM")
    return uuid.UUID(str(found))


def ids_after(session: Session, after: uuid.UUID, size: int) -> list[uuid.UUID]:
    """The next claims in the order of ids: for going over all of them."""
    return list(session.execute(sa.text("SELECT id FROM claim WHERE id > :after ORDER BY id LIMIT :size"),
                                {"after": after, "size": size}).scalars())


def _records(session: Session, ends: Mapping[uuid.UUID, Tail]) -> dict[uuid.UUID, tuple[list[Reproduced], list[Record]]]:
    """Each claim's record, proven by its chain and by the end that the claim carries; of one without records, that they are gone."""
    rows = driver_cursor(session).execute(_RECORDS, (list(ends),), binary=True)
    read = {uuid.UUID(chain_id): list(group) for chain_id, group in groupby(rows, key=itemgetter(0))}
    return {claim: (_proven(claim, read.get(claim, []), end), [Record.read(row) for row in read.get(claim, [])])
            for claim, end in ends.items()}


def _proven(claim: uuid.UUID, read: Sequence[tuple[object, ...]], end: Tail) -> list[Reproduced]:
    findings, tail = checking.check(str(claim), read)
    said = [finding.message for finding in findings]
    if tail != end:
        said.append(f"共 {tail[0]} 条，与案件所载末条不符")
    return [Reproduced("record", "记录链", f"共 {end[0]} 条", "；".join(said) or f"共 {end[0]} 条", not said)]
