"""What happened, against the machines; who did it, against the rule of separate persons; what was paid, against the decisions."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from sqlmodel import Session

from services.core.clock import CHINA
from services.core.money import show, to_yuan
from services.lifecycle.queries import transitions
from services.reporting import separation
from services.reporting.reproduced import Claim, Record, Reproduced
from statemachines.words import EVENTS, STATES

THINGS = {"claim": "案件", "review_step": "审核层级", "handoff": "移送", "payment": "款项", "payment_run": "付款批次",
          "receivable": "应返还款", "notice": "文书", "supplement": "补充清单", "objection": "异议"}
Lines = dict[uuid.UUID, list[Reproduced]]
# What each decision gave, against the payments made for it that stand; an advance asked back and what lapsed are taken off.
_MONEY = sa.text("""
    SELECT c.id, c.state, coalesce((SELECT sum(d.amount_fen) FROM decision d WHERE d.claim_id = c.id), 0)
           - coalesce((SELECT sum(q.lapsed_fen) FROM reopening q WHERE q.claim_id = c.id), 0) AS decided,
           coalesce((SELECT sum(p.amount_fen) FROM payment p WHERE p.claim_id = c.id AND p.state = 'credited'), 0)
           - coalesce((SELECT sum(v.amount_fen) FROM receivable v WHERE v.claim_id = c.id AND v.why = 'advance'), 0) AS credited
    FROM claim c WHERE c.id IN (SELECT unnest(CAST(:ids AS uuid[]))) AND c.state = 'paid'""")


def moves(_session: Session, claims: Sequence[Claim]) -> Lines:
    """Each recorded step is one its machine takes, from where the thing stood by the step before; the claim stands where they end."""
    allowed = set(transitions())
    return {claim.id: _moves(claim, allowed) for claim in claims}


def _moves(claim: Claim, allowed: set[tuple[str, str, str, str]]) -> list[Reproduced]:
    stood: dict[uuid.UUID, str] = {}
    lines = []
    for record in claim.records:
        if record.target is None:
            continue
        before = stood.get(record.subject)
        permitted = record.source == before and (
            record.event == "create" or (record.machine, str(record.source), record.event, record.target) in allowed)
        lines.append(Reproduced("move", _step(record), f"{_state(record.machine, record.source)} → {_state(record.machine, record.target)}",
                                f"{_state(record.machine, before)} → {_state(record.machine, record.target) if permitted else '不允许'}",
                                permitted))
        stood[record.subject] = record.target
    last = stood.get(claim.id)
    return [*lines, Reproduced("move", "现状", _state("claim", claim.state), _state("claim", last) if last else "无", last == claim.state)]


def _step(record: Record) -> str:
    event = EVENTS.get(record.machine, {}).get(record.event, record.event)
    return f"第{record.seq}条 {record.at.astimezone(CHINA):%Y-%m-%d %H:%M} {THINGS.get(record.machine, record.machine)}：{event}"


def _state(machine: str, state: str | None) -> str:
    """Its words; a record that was tampered with may name one that no machine has."""
    return STATES.get(machine, {}).get(state, state) if state else "（新建）"


def persons(session: Session, claims: Sequence[Claim]) -> Lines:
    """Of each decided round: whoever verified, reviewed, decided, made and checked, against one another and the claimant's side."""
    found = separation.of_claims(session, [claim.id for claim in claims])
    return {claim_id: [Reproduced("person", f"第{round_}轮回避：{one.words}", f"比对 {one.comparisons} 次",
                                  f"违反 {one.violations} 处" if one.violations else f"比对 {one.comparisons} 次", not one.violations)
                       for round_, one in compared] for claim_id, compared in found.items()}


def money(session: Session, claims: Sequence[Claim]) -> Lines:
    """Of a claim that counts as paid: what was decided is what was credited."""
    return {row.id: [Reproduced("money", "决定与到账", f"{show(to_yuan(row.decided))} 元", f"{show(to_yuan(row.credited))} 元",
                                row.decided == row.credited)]
            for row in session.execute(_MONEY, {"ids": [claim.id for claim in claims]})}
