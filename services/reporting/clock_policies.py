"""What governs each clock of a plan at an organisation: budget with its clause, what starts, pauses and stops it, who is told when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session

from services.releases.clock_policy import KINDS, SAME_RULE, Rung
from services.rulebook import registry
from services.rulebook.parts import ClockRule
from services.rulebook.schema import RuleBook
from services.sla import policies
from services.sla.policy import Changed, Policy, budget, in_force
from services.sla.queries import moves
from statemachines.words import event_words

# Started or stopped past the moves of the machines.
_BESIDE = {("report", "stop"): ("接到报案",), ("first_notice", "start"): ("接到报案",)}
_LEVEL = "审核层级打开次日起，天数随条款的审核链"


@dataclass(frozen=True, slots=True)
class Line:
    """One clock of a plan. `rule` None: its days come from elsewhere (a review level's, the day of the report itself)."""

    kind: str
    rule: ClockRule | None
    policy: Policy
    starts: tuple[str, ...]
    pauses: tuple[str, ...]
    stops: tuple[str, ...]
    since: Since | None
    coming: tuple[Since, ...]

    @property
    def begins(self) -> str:
        """From what day the rule says it counts."""
        return self.rule.start if self.rule else _LEVEL if self.kind == "level" else "接到报案当日"


@dataclass(frozen=True, slots=True)
class Since:
    """A released change: from which day, at which organisation, who proposed and who released it, and what it names."""

    effective_on: date
    org_key: str
    proposed_by: str
    released_by: str
    names: tuple[str, ...]


_PEOPLE = sa.text("""
    SELECT r.effective_on, o.org_key, r.answered_at, p.name AS proposed_by, a.name AS released_by FROM release r
    JOIN organisation o ON o.id = r.org_id LEFT JOIN account p ON p.id = r.proposed_by LEFT JOIN account a ON a.id = r.answered_by
    WHERE r.kind = 'clock_policy' AND r.state = 'released'""")


def plan_lines(session: Session, *, plan: str, org_key: str, on: date) -> list[Line]:
    """The clocks of a plan's newest wording at an organisation, in the order of the work. Two queries."""
    book = registry.latest(plan)
    changes = policies.changes(session)
    people = {(row.effective_on, row.org_key, row.answered_at): (row.proposed_by or "", row.released_by or "")
              for row in session.execute(_PEOPLE)} if changes else {}
    return [_line(kind, book, org_key, on, changes, people) for kind in KINDS if _has(book, kind)]


def _has(book: RuleBook, kind: str) -> bool:
    if kind == "first_notice":
        return book.route == "insurer"
    return kind == "level" or (SAME_RULE.get(kind, kind) in book.clocks and (kind != "insurer_pay" or book.route == "insurer"))


def _line(kind: str, book: RuleBook, org_key: str, on: date, changes: Sequence[Changed],
          people: Mapping[tuple[date, str, object], tuple[str, str]]) -> Line:
    policy = in_force(kind, book.plan, org_key, on, changes)
    rule = book.clocks.get(SAME_RULE.get(kind, kind))
    mine = sorted((one for one in changes if one.change.kind == kind and one.change.plan in ("*", book.plan)
                   and org_key.startswith(one.org_key)), key=lambda one: (one.effective_on, one.answered_at))
    said = [Since(one.effective_on, one.org_key, *people.get((one.effective_on, one.org_key, one.answered_at), ("", "")),
                  tuple(sorted(one.change.model_dump(exclude_none=True, exclude={"plan", "kind"})))) for one in mine]
    past = [one for one in said if one.effective_on <= on]
    return Line(kind, budget(rule, policy) if rule else None, policy, _moves(kind, "start"), _moves(kind, "pause"), _moves(kind, "stop"),
                past[-1] if past else None, tuple(one for one in said if one.effective_on > on))


def _moves(kind: str, op: str) -> tuple[str, ...]:
    """The moves that do this to the clock, in words; what stops every clock of a claim is left out."""
    return (*_BESIDE.get((kind, op), ()), *dict.fromkeys(event_words(*move) for move in moves(kind)[op]))


@dataclass(frozen=True, slots=True)
class Reminder:
    """A step of a running clock that a desk was told of, and has not been done with."""

    claim_no: str
    plan: str
    kind: str
    what: str
    nth: int
    due_on: date
    clock_due: date


# The newest of a desk's alerts alone are looked at: how long ago it was told does not make the page slower.
_REMINDERS = sa.text("""
    SELECT c.claim_no, c.plan, k.kind, a.what, a.nth, a.due_on, k.due_on AS clock_due FROM (
        SELECT DISTINCT ON (x.clock_id) x.* FROM (
            SELECT * FROM sla_alert WHERE duty_key = :org_key AND role = ANY(CAST(:roles AS text[])) ORDER BY fired_at DESC LIMIT :looked) x
        ORDER BY x.clock_id, x.lap DESC, x.step DESC) a
    JOIN sla_clock k ON k.id = a.clock_id AND k.state = 'running' AND k.lap = a.lap JOIN claim c ON c.id = a.claim_id
    ORDER BY k.due_on, c.claim_no LIMIT :most""")


def reminders(session: Session, *, org_key: str, roles: Sequence[str], most: int = 10, looked: int = 300) -> list[Reminder]:
    """What a desk was told of and still runs, the most pressing first, each clock once with its latest step."""
    found = session.execute(_REMINDERS, {"org_key": org_key, "roles": list(roles), "most": most, "looked": looked})
    return [Reminder(*row) for row in found]


def spoken(policy: Policy, roles: Mapping[str, str]) -> list[str]:
    """The ladder in words."""
    return [rung_words(rung, roles) for rung in policy.ladder]


def rung_words(rung: Rung, roles: Mapping[str, str]) -> str:
    """逾期1个工作日报办事处主任."""
    return f"逾期{rung.after}{'个工作日' if rung.days == 'working' else '日'}报{roles.get(rung.role, rung.role)}"
