"""One claim as its page shows it: the whole file, told for a person who works on it, in one read."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.benefit import queries as worksheets
from services.evidence import conversation
from services.evidence import facts as taken
from services.evidence import findings as found_by_checks
from services.evidence.facts import Source
from services.evidence.findings import ANSWERED_IN, Told
from services.reporting import claim_parts
from services.reporting.aftermath import Aftermath, aftermath
from services.reporting.claim_facts import FactLine, Sheet, facts_of, sheet_of
from services.reporting.claims import Located
from services.reporting.forecast.queries import Risk
from services.reporting.standing import VERIFIERS, Standing, standing
from services.reporting.views import AlertView, ClaimView, ClockView, RecordView
from services.review import looks
from services.review import queries as review
from services.rulebook.registry import version as book_version
from services.rulebook.schema import RuleBook

# Which running clocks tell how soon somebody must act, most pressing first.
_PRESSING = ("supplement", "level", "verification", "assessment", "agreement", "refusal_letter", "pay", "insurer_pay", "objection")


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock and how it stands today: `state` is late, soon, paused, or empty; `level` is the level it belongs to."""

    view: ClockView
    state: str
    level: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fact stands on paper."""

    paper_id: uuid.UUID
    kind: str
    page: int
    field_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class ClaimFile:
    """Everything the page says. `seq` is the last entry of the claim's record that this reader was shown.

    `risks`: by a clock's kind, what is forecast of the promise. `alerts`: who was told of which clock, oldest first.
    `findings` as they stand on the claim, `told` each with its newest answer, `answers`: whether this reader may give one.
    """

    view: ClaimView
    standing: Standing
    unit: str
    facts: tuple[FactLine, ...]
    findings: tuple[dict[str, object], ...]
    told: tuple[Told, ...]
    answers: bool
    sources: Mapping[str, Sequence[Source]]
    sheet: Sheet | None
    earlier_fen: int
    held: review.Held | None
    clocks: tuple[Clock, ...]
    risks: Mapping[str, Risk]
    alerts: tuple[AlertView, ...]
    changes: looks.Changes
    approvals: tuple[tuple[str, ...], list[review.Standing]]
    talk: tuple[conversation.Line, ...]
    after: Aftermath
    seq: int

    def places(self, fact: str) -> list[Place]:
        """The pages on which a fact, as a worksheet names it, was verified; each once."""
        kinds = {paper.id: paper.kind for paper in self.view.papers}
        once = {(found.paper_id, found.page): found for found in reversed(taken.sources_in(self.sources, fact))}
        return [Place(found.paper_id, kinds[found.paper_id], found.page, found.field_id)
                for found in reversed(once.values()) if found.paper_id in kinds]

    @property
    def running(self) -> list[Clock]:
        """The clocks that still run or wait, most pressing first."""
        going = [clock for clock in self.clocks if clock.view.state != "stopped" and clock.view.round == self.view.claim.round]
        return sorted(going, key=lambda clock: _PRESSING.index(clock.view.kind) if clock.view.kind in _PRESSING else len(_PRESSING))


def claim_file(session: Session, located: Located, actor: Actor, *, today: date) -> ClaimFile:
    """The file of a claim that the actor may see. Who looks is recorded by the caller (`sight.looked`)."""
    found = claim_parts.whole(session, located.id)
    view, book = found.view, book_of(found.view)
    stands = standing(session, view, actor, today=today)
    after = aftermath(session, view, actor, side=stands.side, today=today)
    return ClaimFile(
        view=view, standing=stands, unit=found.unit, facts=tuple(facts_of(book, view.event)), findings=found.findings,
        told=tuple(found_by_checks.told(session, located.id, found.findings)),
        answers=actor.has(*VERIFIERS) and not stands.side and view.claim.state in ANSWERED_IN,
        sources=taken.sources_of(session, located.id, view.event),
        sheet=_sheet(view, book), earlier_fen=_earlier(session, view, after), held=_held(view), clocks=_clocks(view, today),
        risks=found.risks, alerts=found.alerts, changes=looks.changes_since(session, located.id, actor.person_id),
        approvals=(review.stated_rule(), [review.Standing(*one) for one in found.standing]), talk=(), after=after,
        seq=view.record[-1].seq if view.record else 0)


def _earlier(session: Session, view: ClaimView, after: Aftermath) -> int:
    """Fen that earlier rounds gave; nothing to ask for where there was but one."""
    later = view.claim.round > 1 or after.rounds or after.receivables
    return worksheets.decided_before(session, view.claim.id) if later else 0


def _held(view: ClaimView) -> review.Held | None:
    """The hold that stands, as the record has it."""
    last = next((entry for entry in reversed(view.record) if (entry.machine, entry.event) == ("claim", "hold")), None)
    if not view.claim.held or last is None or view.hold_reason is None:
        return None
    return review.Held(view.hold_reason, review.reasons().get(view.hold_reason, view.hold_reason), last.by, last.at)


def book_of(view: ClaimView) -> RuleBook:
    """The wording the claim has pinned."""
    return book_version(view.claim.plan, view.plan_version)


def _sheet(view: ClaimView, book: RuleBook) -> Sheet | None:
    newest = next((sheet for sheet in view.worksheets if sheet.round == view.claim.round), None)
    return sheet_of(book, newest, view.case.last_timely_day) if newest else None


def _clocks(view: ClaimView, today: date) -> tuple[Clock, ...]:
    names = {str(step.id): step.name for step in view.chain}
    return tuple(Clock(clock, _state(clock, today), names.get(clock.subject, "")) for clock in view.clocks)


def _state(clock: ClockView, today: date) -> str:
    if clock.state == "paused":
        return "paused"
    if clock.state != "running":
        return ""
    return "late" if today > clock.due_on else "soon" if clock.warned_at is not None or today == clock.due_on else ""


def since(view: ClaimView, seq: int) -> list[RecordView]:
    """What was recorded after the entry that a reader saw last."""
    return [entry for entry in view.record if entry.seq > seq]


def pulse(session: Session, claim_id: uuid.UUID) -> int:
    """How far the claim's record has come: an open page asks whether it is still the newest."""
    return int(session.execute(sa.text("SELECT audit_seq FROM claim WHERE id = :id"), {"id": claim_id}).scalar_one())
