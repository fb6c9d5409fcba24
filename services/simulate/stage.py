"""What all acts share: the doors, the clock's day, which claim belongs to which scenario."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from services.simulate.cast import Member, members
from services.simulate.door import Desk, Door, Json
from services.simulate.founding import AUDITOR
from services.simulate.ongoing import Ongoing, ongoing
from services.simulate.papers import page
from services.simulate.scenarios import Scenario, scenarios
from services.simulate.steps import Step, login_of


@dataclass(slots=True)
class Stage:
    """`claims` and `cases` are numbers by scenario; `run` is the id of the payment run in hand."""

    door: Door
    desk: Desk
    bank_dir: Path
    orgs: dict[str, str] = field(default_factory=dict)
    claims: dict[str, str] = field(default_factory=dict)
    cases: dict[str, str] = field(default_factory=dict)
    run: str = ""

    def member(self, step: Step) -> Member:
        """The claimant of the step's scenario."""
        return members()[step.scenario]

    def row(self, step: Step) -> Scenario | Ongoing:
        """The scenario's row, or that of a claim still on the way."""
        return scenarios().get(step.scenario) or ongoing()[step.scenario]

    def who(self, step: Step) -> str:
        """The login of the step's person."""
        return login_of(step.scenario, step.who)

    def maker(self, step: Step) -> str:
        """The login of the office's maker, who exchanges files with the bank."""
        return login_of(step.scenario, "maker")

    def path(self, step: Step, *parts: str) -> str:
        """`/claims/<number>/…` of the step's scenario."""
        return "/".join(("/claims", self.claims[step.scenario], *parts))

    def head(self, step: Step) -> Json:
        """The claim as the step's person sees it now."""
        return self.door.get(self.who(step), self.path(step, "head"))

    def claim(self, scenario: str) -> Json:
        """Everything about a claim, as the auditor sees it."""
        return self.door.get(AUDITOR, f"/claims/{self.claims[scenario]}")

    def change(self, step: Step, verb: str, body: Json, *, head: Json | None = None) -> Json:
        """One verb on the claim, by the step's person, against the version just seen."""
        seen = head or self.head(step)
        return self.door.post(self.who(step), self.path(step, verb), body, version=seen["version"])

    def upload(self, step: Step, kind: str, *, copy: int = 1) -> None:
        """One paper of the claimant."""
        content, mime = page(kind, self.member(step), self.row(step), copy=copy)
        self.door.post(self.who(step), self.path(step, "papers"), {"kind": kind},
                       file=(f"{kind}-{copy}.{mime.rpartition('/')[2]}", content, mime))


def rows(value: object) -> list[Json]:
    """A list of objects out of an answer."""
    return cast("list[Json]", value)


def texts(value: object) -> list[str]:
    """A list of texts out of a step's arguments."""
    return cast("list[str]", value)
