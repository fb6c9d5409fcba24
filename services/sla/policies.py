"""Which policy holds for a clock that starts: the file's, with what its office has released."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import date

from sqlmodel import Session

from services.core.db import driver_cursor
from services.releases.clock_policy import read
from services.sla.policy import Changed, Policy, body, in_force

KEPT = "clock_policy_changes"       # read once in a transaction
_RELEASED = """
    SELECT r.effective_on, o.org_key, r.answered_at, r.payload FROM release r JOIN organisation o ON o.id = r.org_id
    WHERE r.kind = 'clock_policy' AND r.state = 'released'"""


def changes(session: Session) -> tuple[Changed, ...]:
    """Every released change, also those to come."""
    kept: tuple[Changed, ...] | None = session.info.get(KEPT)
    if kept is None:
        rows = driver_cursor(session).execute(_RELEASED).fetchall()
        kept = tuple(Changed(effective_on, org_key, answered_at, read(payload)) for effective_on, org_key, answered_at, payload in rows)
        session.info[KEPT] = kept
    return kept


def plans_of(session: Session, claim_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The claims' plans; asked only where an office has changed anything."""
    if not claim_ids:
        return {}
    rows = driver_cursor(session).execute("SELECT id, plan FROM claim WHERE id = ANY(%(ids)s::uuid[])", {"ids": list(claim_ids)})
    return {row[0]: row[1] for row in rows.fetchall()}


def policy_for(session: Session, *, kind: str, plan: str, org_key: str, on: date) -> Policy:
    """The policy of one clock that would start on a day."""
    return in_force(kind, plan, org_key, on, changes(session))


def keep(session: Session, policies: Iterable[Policy]) -> None:
    """Policies that clocks written past `service.start` will pin."""
    driver_cursor(session).execute("INSERT INTO clock_policy (id, body) SELECT r.id, r.body::jsonb FROM unnest(%(policy_ids)s::text[],"
                                   " %(policy_bodies)s::text[]) AS r(id, body) ON CONFLICT (id) DO NOTHING", rows(list(policies)))


def pinned(bodies: dict[str, object]) -> Policy:
    """A kept policy, from its `clock_policy.body`."""
    return Policy.model_validate({name: value for name, value in bodies.items() if name != "steps"})


def rows(policies: Sequence[Policy]) -> dict[str, list[object]]:
    """Columns to keep these policies by, each once."""
    distinct = {policy.id: policy for policy in policies}
    return {"policy_ids": list(distinct), "policy_bodies": [body(policy) for policy in distinct.values()]}
