"""Finding the organisation and role for each level: nobody eligible means up the tree, never passed."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.audit import service as audit
from services.audit.chain import Entry
from services.lifecycle.facts import bound, eligible
from services.review.ladder import Org, Post, posts, prefixes


@dataclass(frozen=True, slots=True)
class Opening:
    """A level to staff: where to begin on the path, and with which role."""

    step_id: uuid.UUID
    claim_id: uuid.UUID
    act: str
    org_key: str                # the claim's
    path: Sequence[Org]
    start: int
    role: str


def paths(session: Session, org_keys: Collection[str]) -> dict[str, list[Org]]:
    """For each claim's organisation key its organisations from itself to the root; one select."""
    wanted = {key: prefixes(key) for key in set(org_keys)}
    rows = session.execute(
        sa.text("SELECT id, org_key, kind, office FROM organisation WHERE org_key = ANY(CAST(:keys AS text[]))"
                " AND closed_on IS NULL"), {"keys": sorted({key for keys in wanted.values() for key in keys})})
    orgs = {row.org_key: Org(row.id, row.org_key, row.kind, row.office) for row in rows}
    return {key: [orgs[part] for part in keys if part in orgs] for key, keys in wanted.items()}


_ELIGIBLE = sa.text(bound(f"""
    SELECT t.id, min(t.rank) AS rank FROM (
        SELECT o.*, s.decides FROM unnest(CAST(:ids AS uuid[]), CAST(:claims AS uuid[]), CAST(:acts AS text[]),
            CAST(:roles AS text[]), CAST(:keys AS text[]), CAST(:ranks AS int[])) AS o(id, claim_id, act, role, duty_key, rank)
        JOIN review_step s ON s.id = o.id) AS t
    JOIN claim c ON c.id = t.claim_id WHERE {eligible("t", but="CAST(:but AS uuid[])")} > 0 GROUP BY t.id"""))


def staff(session: Session, openings: Sequence[Opening], on: date,
          but: Collection[uuid.UUID] = ()) -> dict[uuid.UUID, Post | None]:
    """The first post of each opening where somebody (`but` these persons) may act on that day; None when there is nobody up
    to the root. One select.
    """
    options = {opening.step_id: posts(opening.path, opening.start, opening.role) for opening in openings}
    columns: dict[str, list[object]] = {name: [] for name in ("ids", "claims", "acts", "roles", "keys", "ranks")}
    for opening in openings:
        for rank, post in enumerate(options[opening.step_id]):
            for name, value in (("ids", opening.step_id), ("claims", opening.claim_id), ("acts", opening.act),
                                ("roles", post.role), ("keys", post.org.key), ("ranks", rank)):
                columns[name].append(value)
    session.flush()
    values = {**columns, "today": on, "but": list(but)}
    found = {row.id: row.rank for row in session.execute(_ELIGIBLE, values)} if columns["ids"] else {}
    return {step: options[step][found[step]] if step in found else None for step in options}


_MOVE = sa.text("""
    UPDATE review_step s SET duty_org = r.org, duty_key = r.key, role = r.role, escalated = true, taken_by = NULL
    FROM unnest(CAST(:ids AS uuid[]), CAST(:orgs AS uuid[]), CAST(:keys AS text[]), CAST(:roles AS text[]))
         AS r(id, org, key, role) WHERE s.id = r.id""")


def assign(session: Session, moved: Sequence[tuple[uuid.UUID, Post]]) -> None:
    """Write the new duty of levels; whoever had taken one has it no longer."""
    session.flush()
    session.execute(_MOVE, {"ids": [step for step, _ in moved], "orgs": [post.org.id for _, post in moved],
                            "keys": [post.org.key for _, post in moved], "roles": [post.role for _, post in moved]})


def hand_up(session: Session, moved: Sequence[tuple[Opening, Post]], *, why: str, actor: Actor, now: datetime) -> None:
    """Write the new duty of each level and say so on the claims' chains."""
    if not moved:
        return
    assign(session, [(opening.step_id, post) for opening, post in moved])
    audit.append(session, [
        Entry(opening.claim_id, opening.org_key, "review_step", opening.step_id, "escalate", reason=why,
              details={"to": post.org.key, "role": post.role}) for opening, post in moved],
        account=actor.account_id, person=actor.person_id, at=now)
