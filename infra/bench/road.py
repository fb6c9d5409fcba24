"""Our side: twelve moves through `lifecycle.fire`, a transaction each."""

from __future__ import annotations

import uuid

from infra.bench.world import NOW, World
from services.access.actor import Actor, system
from services.lifecycle.service import Move, fire


class Road:
    """Drives a group of claims, one or many, through the whole road."""

    def __init__(self, world: World) -> None:
        self.world = world
        people = world.people
        root, clerk, reviewer = system("cn"), people["unit_clerk"], people["district_reviewer"]
        self.moves: tuple[tuple[str, str, str, Actor], ...] = (
            ("claim", "verify", "claim", clerk), ("claim", "route", "claim", root), ("review_step", "open", "first", root),
            ("review_step", "pass", "first", clerk), ("review_step", "open", "second", root),
            ("review_step", "pass", "second", reviewer), ("claim", "approve", "claim", reviewer),
            ("payment", "include", "payment", people["finance_maker"]),
            ("payment", "release", "payment", people["finance_checker"]), ("payment", "send", "payment", root),
            ("payment", "credit", "payment", root), ("claim", "settle", "claim", root))

    def ids(self, subject: str, claims: list[uuid.UUID]) -> list[uuid.UUID]:
        """The rows that a move is about."""
        if subject == "claim":
            return claims
        if subject == "payment":
            return [self.world.payments[claim] for claim in claims]
        return [self.world.steps[claim][subject == "second"] for claim in claims]

    def __call__(self, claims: list[uuid.UUID]) -> None:
        for machine, event, subject, actor in self.moves:
            with self.world.db.unit_of_work(actor.scope) as session:
                fire(session, machine, event, [Move(row) for row in self.ids(subject, claims)], actor=actor, now=NOW)
