"""What a member finds when she signs in: her own claims and covers and those of people she may act for, in a few reads."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.core.errors import NotFound
from services.evidence import conversation
from services.intake.queries import consents_for
from services.rulebook import registry

SELF = "self"
PROXY = "proxy"


@dataclass(frozen=True, slots=True)
class Whose:
    """A person whom the member may act for. `relation`: self, proxy, or what that one is to her (husband, child, …)."""

    id: uuid.UUID
    name: str
    relation: str


@dataclass(frozen=True, slots=True)
class Due:
    """By which day something comes, and how the day was counted."""

    kind: str
    on: date
    words: str
    state: str                      # running | paused | stopped


@dataclass(frozen=True, slots=True)
class Asks:
    """What a claim wants of the member now: lists to answer, papers to hand in, letters and messages to read."""

    lists: int = 0
    papers: int = 0
    consent: bool = False
    letters: int = 0
    messages: int = 0

    @property
    def acts(self) -> bool:
        """Whether something is to be done; a letter may carry a list or a day to keep."""
        return bool(self.lists or self.papers or self.consent or self.letters)


@dataclass(frozen=True, slots=True)
class MyClaim:
    """One claim of the list."""

    id: uuid.UUID
    claim_no: str
    case_no: str
    person_id: uuid.UUID
    plan_name: str
    state: str
    outcome: str | None
    held: bool
    round: int
    amount_fen: int | None
    reported_on: date
    due: Due | None
    asks: Asks


@dataclass(frozen=True, slots=True)
class MyCover:
    """One cover of the list; `stands`: it covers today, `coming`: its first day lies ahead."""

    person_id: uuid.UUID
    plan_name: str
    certificate_no: str
    effective: date
    last: date
    shares: int
    stands: bool
    coming: bool


@dataclass(frozen=True, slots=True)
class Mine:
    """Everything of the page: people, claims newest first (those that ask first), covers by person.

    `word`: of these people, for whom the member's word is the consent.
    """

    people: tuple[Whose, ...]
    claims: tuple[MyClaim, ...]
    covers: tuple[MyCover, ...]
    word: frozenset[uuid.UUID]

    def name_of(self, person_id: uuid.UUID) -> str:
        """Whose it is, empty for the member's own."""
        return next((one.name for one in self.people if one.id == person_id and one.relation != SELF), "")


_PEOPLE = sa.text("""
    SELECT p.id, p.name, CASE WHEN p.id = CAST(:own AS uuid) THEN 'self' ELSE coalesce(
        (SELECT t.relation FROM family_tie t WHERE t.person_id = CAST(:own AS uuid) AND t.relative_id = p.id AND t.relation <> 'proxy'),
        'proxy') END AS relation
    FROM person p WHERE p.merged_into IS NULL AND (p.id = CAST(:own AS uuid)
        OR (p.id = ANY(CAST(:acts_for AS uuid[])) AND p.died_on IS NULL)
        OR EXISTS (SELECT FROM family_tie t WHERE t.person_id = CAST(:own AS uuid) AND t.relative_id = p.id AND t.relation <> 'proxy'))
    ORDER BY p.id <> CAST(:own AS uuid), p.born, p.id""")

_CLAIMS = sa.text("""
    SELECT c.id, c.claim_no, f.case_no, c.person_id, c.plan, c.plan_from, c.state, c.outcome, c.held, c.round, c.amount_fen, f.reported_on,
        (SELECT count(*) FROM supplement s WHERE s.claim_id = c.id AND s.state = 'delivered') AS lists,
        CASE WHEN c.state = 'reported' THEN (SELECT count(*) FROM jsonb_array_elements_text(c.required) AS r(kind)
            WHERE NOT EXISTS (SELECT FROM paper p WHERE p.claim_id = c.id AND p.kind = r.kind AND p.verdict <> 'rejected'))
            ELSE 0 END AS papers,
        c.route = 'insurer' AND c.state IN ('reported', 'supplementing', 'verified', 'in_review') AND NOT EXISTS (
            SELECT FROM consent k WHERE k.case_id = c.case_id AND k.purpose = 'insurer' AND k.withdrawn_at IS NULL) AS consent,
        (SELECT count(*) FROM notice n WHERE n.claim_id = c.id AND n.state = 'dispatched'
            AND n.person_id IN (c.person_id, CAST(:own AS uuid))) AS letters
    FROM claim c JOIN case_file f ON f.id = c.case_id WHERE c.person_id = ANY(CAST(:people AS uuid[]))
    ORDER BY c.created_at DESC, c.claim_no""")

_CLOCKS = sa.text("""
    SELECT k.claim_id, k.kind, k.due_on, k.words, k.state FROM sla_clock k JOIN claim c ON c.id = k.claim_id AND c.round = k.round
    WHERE k.claim_id = ANY(CAST(:ids AS uuid[])) AND k.state <> 'stopped' ORDER BY k.start_on DESC, k.id DESC""")
# What tells the member by when, most telling first.
_TELLING = {"reported": ("verification",), "supplementing": ("supplement",), "refused": ("objection",), "paid": ("objection",),
            "payable": ("agreement", "pay", "insurer_pay")}
_PROMISED = ("pay", "assessment", "insurer_pay")

_COVERS = sa.text("""
    SELECT v.person_id, v.plan, v.plan_from, v.certificate_no, v.effective, least(v.until, v.ended_on) AS last, v.shares
    FROM cover v WHERE v.person_id = ANY(CAST(:people AS uuid[])) AND (v.ended_on IS NULL OR v.ended_on >= v.effective)
    ORDER BY v.until DESC, v.effective DESC, v.certificate_no""")


def people_of(session: Session, actor: Actor) -> tuple[Whose, ...]:
    """The member, her known kin, and whom she is proxy for today (whose right ends with their death)."""
    rows = session.execute(_PEOPLE, {"own": actor.person_id, "acts_for": list(actor.acts_for)})
    return tuple(Whose(row.id, row.name, row.relation) for row in rows)


def mine(session: Session, actor: Actor, *, today: date) -> Mine:
    """The member's first page."""
    people = people_of(session, actor)
    ids = [one.id for one in people]
    found = session.execute(_CLAIMS, {"own": actor.person_id, "people": ids}).all()
    claim_ids = [row.id for row in found]
    clocks: dict[uuid.UUID, list[Due]] = {}
    for row in session.execute(_CLOCKS, {"ids": claim_ids}):
        clocks.setdefault(row.claim_id, []).append(Due(row.kind, row.due_on, row.words, row.state))
    word = consents_for(session, actor, ids, today)
    unread = conversation.unread(session, claim_ids=claim_ids, actor=actor.as_member())
    listed = [MyClaim(
        row.id, row.claim_no, row.case_no, row.person_id, registry.version(row.plan, row.plan_from).name, row.state, row.outcome,
        row.held, row.round, row.amount_fen, row.reported_on, _due(row.state, clocks.get(row.id, [])),
        Asks(row.lists, row.papers, row.consent and row.person_id in word, row.letters, unread.get(row.id, 0))) for row in found]
    covers = tuple(MyCover(row.person_id, registry.version(row.plan, row.plan_from).name, row.certificate_no, row.effective, row.last,
                           row.shares, row.effective <= today <= row.last, today < row.effective)
                   for row in session.execute(_COVERS, {"people": ids}))
    return Mine(people, tuple(sorted(listed, key=lambda claim: not claim.asks.acts)), covers, word)


def _due(state: str, clocks: Sequence[Due]) -> Due | None:
    """The first clock that tells something in this state."""
    for kind in _TELLING.get(state, _PROMISED):
        found = next((clock for clock in clocks if clock.kind == kind), None)
        if found:
            return found
    return None


@dataclass(frozen=True, slots=True)
class MyLetter:
    """A letter to the member or to the reader herself, dispatched or later. `own`: addressed to the reader or whom she acts for."""

    id: uuid.UUID
    claim_no: str
    code: str
    number: str | None
    issued_on: date | None
    state: str
    own: bool


_LETTERS = sa.text("""
    SELECT n.id, c.claim_no, n.code, n.number, n.issued_on, n.state, n.person_id FROM notice n JOIN claim c ON c.id = n.claim_id
    WHERE (n.claim_id = CAST(:claim AS uuid) OR n.id = CAST(:letter AS uuid)) AND n.state IN ('dispatched', 'delivered', 'replaced')
      AND n.person_id IN (c.person_id, CAST(:own AS uuid)) ORDER BY n.drafted_at, n.id""")


def letters(session: Session, actor: Actor, claim_id: uuid.UUID) -> list[MyLetter]:
    """A claim's letters as the member may read them, oldest first."""
    return _letters(session, actor, claim=claim_id, letter=None)


def letter(session: Session, actor: Actor, letter_id: uuid.UUID) -> MyLetter:
    """One of them. NotFound otherwise."""
    found = _letters(session, actor, claim=None, letter=letter_id)
    if not found:
        raise NotFound("not_found", "没有这一文书，或不在您的管辖范围内", remedy="核对编号")
    return found[0]


def _letters(session: Session, actor: Actor, *, claim: uuid.UUID | None, letter: uuid.UUID | None) -> list[MyLetter]:
    rows = session.execute(_LETTERS, {"claim": claim, "letter": letter, "own": actor.person_id})
    return [MyLetter(row.id, row.claim_no, row.code, row.number, row.issued_on, row.state,
                     row.person_id == actor.person_id or row.person_id in actor.acts_for) for row in rows]


def objection_due(session: Session, claim_id: uuid.UUID) -> Due | None:
    """Until when the present decision may be objected to in time; None while its letter has not been read."""
    row = session.execute(sa.text("""
        SELECT k.kind, k.due_on, k.words, k.state FROM sla_clock k JOIN claim c ON c.id = k.claim_id AND c.round = k.round
        WHERE k.claim_id = :id AND k.kind = 'objection' ORDER BY k.id LIMIT 1"""), {"id": claim_id}).first()
    return Due(row.kind, row.due_on, row.words, row.state) if row else None
