"""`fire`: the only way a state changes."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from psycopg.types.numeric import Int4
from sqlmodel import Session

from services.access import standing
from services.access.actor import Actor, Role
from services.access.permits import permit
from services.audit.chain import Entry
from services.audit.service import Head, link_all
from services.core.clock import business_day
from services.core.db import driver_cursor
from services.core.errors import Conflict, GuardFailed, NotFound
from services.lifecycle.statements import SETTABLE, call_facts, loaded_facts, select, write
from services.lifecycle.topics import TOPICS
from services.sla import service as sla
from statemachines.rules import FACTS, NotAllowed, Refused, decide, needs
from statemachines.words import event_words, state_words

_SENIORS = (Role.SENIOR_REVIEWER, Role.HEAD)
_PART = 200          # rows written with one statement: so few that the driver hands them to the line whole, and need not be asked again

_NOTHING: Mapping[str, object] = MappingProxyType({})


class Move(NamedTuple):
    """One row to move. `version` is what the caller saw; `facts` only those about the call (`facts.CALL`).

    `on` is the business day the clocks go by, today when empty (a bank's credit has its own day). `sets` are columns of the
    row (`statements.SETTABLE`) written along with its state; all moves of one call name the same.
    """

    id: uuid.UUID
    version: int | None = None
    reason: str | None = None
    facts: Mapping[str, object] = _NOTHING
    details: Mapping[str, object] = _NOTHING
    on: date | None = None
    sets: Mapping[str, object] = _NOTHING


class Moved(NamedTuple):
    """A row that moved."""

    id: uuid.UUID
    chain_id: uuid.UUID
    source: str
    target: str
    version: int


class _Locked(NamedTuple):
    id: uuid.UUID
    org_key: str
    state: str
    version: int
    chain_id: uuid.UUID
    seq: int
    head: bytes
    planned: tuple[int, str, date, int | None]     # the claim's round, plan and version; a level's days
    facts: tuple[object, ...]


_Moving = tuple[_Locked, str, Move]     # with its target


def fire(session: Session, machine: str, event: str, moves: Sequence[Move], *, actor: Actor,
         now: datetime) -> list[Moved]:
    """Move all rows or none.

    Raises NotFound (missing or out of scope), Conflict (stale version, or the state does not permit the event),
    NotPermitted (role), GuardFailed (a guard's reason code).
    """
    if not moves:
        return []
    wanted = {move.id: move for move in moves}
    if len(wanted) != len(moves):
        raise Conflict("row_twice", "同一记录在一次操作中出现两次", remedy="去掉重复项")
    rows = _lock(session, machine, event, list(wanted), actor, now)
    if len(rows) != len(wanted):
        raise NotFound("not_found", "没有这一记录，或不在您的管辖范围内", remedy="核对编号")
    permit(actor, machine, event, (row.org_key for row in rows))
    ordered = [wanted[row.id] for row in rows]
    weighed: dict[tuple[object, ...], str] = {}
    targets = [_target(machine, event, row, move, actor, weighed) for row, move in zip(rows, ordered, strict=True)]
    _write(session, machine, event, list(zip(rows, targets, ordered, strict=True)), _sets(machine, moves), actor, now)
    standing.note(session, machine, event, [(row.org_key, row.chain_id, row.id) for row in rows], actor=actor, now=now)
    if sla.has_clocks(machine, event):
        today = business_day(now)
        sla.follow(session, machine, event, {row.id: (row.chain_id, move.on or today) for row, move in zip(rows, ordered, strict=True)},
                   now=now, known={row.id: sla.Planned(row.org_key, *row.planned) for row in rows})
    return [Moved(row.id, row.chain_id, row.state, target, row.version + 1) for row, target in zip(rows, targets, strict=True)]


def _lock(session: Session, machine: str, event: str, ids: list[uuid.UUID], actor: Actor,
          now: datetime) -> list[_Locked]:
    """One select locks the claims, then the rows, and reads state and facts."""
    cursor = driver_cursor(session)
    parameters = {"ids": ids, "persons": list(actor.persons), "account": actor.account_id, "today": business_day(now)}
    rows = cursor.execute(select(machine, event), parameters, binary=True).fetchall()
    if any(row[5] != row[7] for row in rows):      # waited for a lock: now that it is held, read the facts again
        rows = cursor.execute(select(machine, event), parameters, binary=True).fetchall()
    return [_Locked(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[8:12], row[12:]) for row in rows]


def _target(machine: str, event: str, row: _Locked, move: Move, actor: Actor, weighed: dict[tuple[object, ...], str]) -> str:
    """Where the row goes. `weighed`: what the guards let pass in this call; a row that is alike in all they look at passes too."""
    if move.version is not None and move.version != row.version:
        raise Conflict("stale_version", f"记录已被他人更新（您看到第{move.version}版，现为第{row.version}版）",
                       remedy="刷新后核对变动，再办理")
    alike = None if move.facts else (row.state, bool(move.reason), *row.facts)
    if alike is not None and (known := weighed.get(alike)) is not None:
        return known
    unknown = set(move.facts) - call_facts(machine)
    if unknown:
        raise TypeError(f"{machine}.{event}: {sorted(unknown)} are not facts of a call")
    facts: dict[str, object] = dict(zip(loaded_facts(machine, event), row.facts, strict=True))
    wanted = needs(machine, event)
    stated = {"reason_given": bool(move.reason), "actor_senior": actor.has(*_SENIORS), **move.facts}
    facts.update({name: value for name, value in stated.items() if name in wanted and name not in facts})
    try:
        target = decide(machine, row.state, event, FACTS[machine](**facts))
    except NotAllowed as error:
        raise Conflict("event_not_allowed", f"现在是“{state_words(machine, row.state)}”，不能{event_words(machine, event)}",
                       remedy=_instead(machine, error.allowed)) from None
    except Refused as error:
        raise GuardFailed(error.reason, error.says, remedy="补正后再办理", field=error.fact or None) from None
    if alike is not None:
        weighed[alike] = target
    return target


def _sets(machine: str, moves: Sequence[Move]) -> tuple[str, ...]:
    """The columns that the moves write along; TypeError for others, or when one move names other columns than the next."""
    names = moves[0].sets.keys()
    if names - SETTABLE.get(machine, {}).keys() or any(move.sets.keys() != names for move in moves):
        raise TypeError(f"{machine}: {sorted(names)} cannot be set along with the state of all moves")
    return tuple(sorted(names))


def _instead(machine: str, allowed: Sequence[str]) -> str:
    return f"刷新后核对；现在可以：{'、'.join(event_words(machine, event) for event in allowed)}" if allowed else "刷新后核对，无须再办理"


def _write(session: Session, machine: str, event: str, moving: Sequence[_Moving], sets: tuple[str, ...], actor: Actor,
           now: datetime) -> None:
    """Part by part: while the server writes one, the records of the next are linked and spelled out here."""
    topic, single = f"{machine}.{event}", len(moving) == 1
    statement = write(machine, owes=topic in TOPICS, single=single, sets=sets)
    common = {"machine": machine, "event": event, "account": actor.account_id, "person": actor.person_id, "at": now, "topic": topic}
    heads: dict[uuid.UUID, Head] = {row.chain_id: (row.seq, row.head) for row, _, _ in moving}
    parts = ({**common, **_columns(machine, event, moving[begin:begin + _PART], heads, sets, actor, now)}
             for begin in range(0, len(moving), _PART))
    cursor = driver_cursor(session)
    if single:
        cursor.execute(statement, {name: value[0] if isinstance(value, list) else value for name, value in next(parts).items()})
    else:
        cursor.executemany(statement, parts, returning=True)
    if sum(count for part in cursor.results() for count, *_ in part) != len(moving):
        raise Conflict("row_hidden", "部分记录不在可写范围内", remedy="核对管辖范围")


def _columns(machine: str, event: str, moving: Sequence[_Moving], heads: dict[uuid.UUID, Head], sets: tuple[str, ...], actor: Actor,
             now: datetime) -> dict[str, list[Any]]:
    """The rows to write, column by column, each with its record added to its chain; `heads` is moved on."""
    entries = [Entry(row.chain_id, row.org_key, machine, row.id, event, row.state, target, row.version + 1, move.reason, move.details)
               for row, target, move in moving]
    links = link_all(entries, heads, account=actor.account_id, person=actor.person_id, at=now)
    return {"ids": [row.id for row, _, _ in moving], "states": [target for _, target, _ in moving],
            "chains": [row.chain_id for row, _, _ in moving], "orgs": [row.org_key for row, _, _ in moving],
            "seqs": [Int4(link.seq) for link in links], "records": [link.text for link in links],
            "prevs": [link.prev for link in links], "hashes": [link.hash for link in links],
            **{name: [move.sets[name] for _, _, move in moving] for name in sets}}
