"""The verbs of letters: drafted for an event, issued with number and bytes, dispatched, delivered."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import Actor
from services.core.clock import at_hour, business_day
from services.core.errors import InputError, NotFound, NotPermitted
from services.core.ids import uuidv7
from services.core.texts import written
from services.evidence import reminders
from services.intake.queries import acts_for_self
from services.lifecycle.create import create
from services.lifecycle.service import Move, fire
from services.models import Claim, Decision, Notice, Person, Worksheet
from services.notice.contexts.decided import is_consolation
from services.notice.delivering import dispatch
from services.notice.issuing import issue, locked
from services.notice.rules import BY_SUBJECT, TOPICS, base_of, cause_of, for_heir, letters_for
from services.payment.queries import Receiver, receivers
from services.review.reopening import STANDS
from services.rulebook.registry import version
from statemachines.states import ClaimState, NoticeState

__all__ = ["base_of", "deliver", "dispatch", "draft", "draft_by_calendar", "issue", "remind"]


def draft(session: Session, *, topic: str, claim_ids: Sequence[uuid.UUID], subject_ids: Sequence[uuid.UUID] = (),
          actor: Actor, now: datetime) -> list[Notice]:
    """The letters an event owes these claims. `subject_ids` are the lists or objections for `supplement.*` and `objection.*`,
    else unused.

    A letter already drafted for the same cause is returned, not made again. Raises InputError for an unknown topic.
    """
    if topic not in TOPICS:
        raise InputError("topic_unknown", f"“{topic}”不产生文书", remedy=f"可用：{'、'.join(sorted(TOPICS))}", field="topic")
    claims = session.exec(select(Claim).where(col(Claim.id).in_(list(claim_ids))).order_by(col(Claim.id)).with_for_update()
                          .execution_options(populate_existing=True)).all()
    found = _turned(session, topic, _facts(session, claims, subject_ids), subject_ids)
    return _once(session, [row for facts in found for row in _letters(topic, facts, now)], actor, now)


def draft_by_calendar(session: Session, *, owed: Sequence[tuple[uuid.UUID, str, str]], actor: Actor, now: datetime) -> list[Notice]:
    """Letters that the calendar owes: claim, code and cause (`rules.owed_by`) each; a known cause makes no second one."""
    claims = session.exec(select(Claim).where(col(Claim.id).in_({claim for claim, _, _ in owed})).order_by(col(Claim.id)).with_for_update()
                          .execution_options(populate_existing=True)).all()
    facts = {found.claim.id: found for found in _facts(session, claims, ())}
    return _once(session, [row for claim, code, cause in owed if claim in facts
                           for row in _addressed(facts[claim], code, cause, now)], actor, now)


def _once(session: Session, wanted: Sequence[Notice], actor: Actor, now: datetime) -> list[Notice]:
    """Those that are new are created; of a known cause its newest edition is given back.

    What was told before a death, or to fewer heirs, is not told the others by the same cause once more.
    """
    known = {(row.claim_id, row.code, row.cause): row for row in session.exec(
        select(Notice).where(col(Notice.claim_id).in_({row.claim_id for row in wanted})).order_by(col(Notice.edition)))}
    wanted = [row for row in wanted if (row.claim_id, row.code, row.cause) in known
              or (row.claim_id, row.code, base_of(row.cause)) not in known]
    new = [row for row in wanted if (row.claim_id, row.code, row.cause) not in known]
    create(session, "notice", new, actor=actor, now=now,
           details={row.id: {"code": row.code, "cause": row.cause} for row in new})
    return [known.get((row.claim_id, row.code, row.cause), row) for row in wanted]


_OURS = frozenset({ClaimState.REPORTED, ClaimState.SUPPLEMENTING, ClaimState.VERIFIED, ClaimState.IN_REVIEW})
_RETURNED = sa.text("SELECT p.claim_id, p.payee_id, p.id, p.attempt FROM payment p WHERE p.state = 'returned'"
                    " AND p.id = ANY(CAST(:ids AS uuid[])) ORDER BY p.id")
_DEATHS = sa.text("SELECT chain_id, count(*) AS n FROM audit_record WHERE chain_id = ANY(CAST(:ids AS uuid[])) AND machine = 'claim'"
                  " AND event = 'note_death' GROUP BY chain_id")


def _turned(session: Session, topic: str, found: list[_Facts], subjects: Sequence[uuid.UUID]) -> list[_Facts]:
    """What only the letters on a bank's return or on a death ask for."""
    if topic == "payment.bounce":
        returned: dict[uuid.UUID, dict[uuid.UUID, tuple[uuid.UUID, int]]] = {}
        for row in session.execute(_RETURNED, {"ids": list(subjects)}):
            returned.setdefault(row.claim_id, {})[row.payee_id] = (row.id, row.attempt)
        return [replace(facts, returned=returned.get(facts.claim.id, {})) for facts in found]
    if topic == "claim.note_death":
        deaths = {row.chain_id: row.n for row in session.execute(_DEATHS, {"ids": [facts.claim.id for facts in found]})}
        return [replace(facts, deaths=deaths.get(facts.claim.id, 0)) for facts in found]
    return found


# Lists that wait for their reader: ours while the claim waits for them, the insurer's while its question is open.
_WAITING = sa.text("""
    SELECT s.claim_id, s.id, s.deadline, ARRAY(SELECT n.cause FROM notice n WHERE n.claim_id = s.claim_id
        AND n.cause LIKE 'reminder%' AND split_part(n.cause, ':', 2) = s.id::text) AS said
    FROM supplement s JOIN claim c ON c.id = s.claim_id AND c.round = s.round
    WHERE s.state = 'delivered' AND s.deadline <= CAST(:until AS date) AND (
        (s.source = 'union' AND c.state = 'supplementing') OR (s.source = 'insurer' AND c.state = 'with_insurer' AND EXISTS (
            SELECT 1 FROM handoff h WHERE h.claim_id = c.id AND h.round = c.round AND h.state = 'questioned')))
    ORDER BY s.claim_id, s.id""")


def remind(session: Session, *, actor: Actor, now: datetime) -> list[Notice]:
    """The reminder that each waiting list is owed by its last day: without the last one nothing may lapse."""
    today = business_day(now)
    rows = session.execute(_WAITING, {"until": today + timedelta(days=max(reminders.DAYS.values()))}).all()
    owed: dict[str, list[tuple[uuid.UUID, uuid.UUID]]] = {}
    for row in rows:
        said = {topic for topic, cause in reminders.CAUSES.items() if f"{cause}:{row.id}" in row.said}
        if topic := reminders.due(row.deadline, today, said):
            owed.setdefault(topic, []).append((row.claim_id, row.id))
    return [made for topic, lists in sorted(owed.items()) for made in draft(
        session, topic=topic, claim_ids=sorted({claim for claim, _ in lists}), subject_ids=[listed for _, listed in lists],
        actor=actor, now=now)]


@dataclass(frozen=True, slots=True)
class _Facts:
    """What decides letters and addressees of one claim; `subjects` are its supplement lists or objections, `credits` by payee the
    causes of the letters on her credited payments. `stands`: the round found nothing more to pay.
    """

    claim: Claim
    name: str
    kind: str | None
    consolation: bool
    stands: bool
    getting: tuple[Receiver, ...]
    subjects: tuple[uuid.UUID, ...]
    credits: dict[uuid.UUID, list[str]]
    returned: dict[uuid.UUID, tuple[uuid.UUID, int]] = field(default_factory=dict)      # payee → the returned payment and its attempt
    deaths: int = 0                                                                      # how often heirs were registered


_LISTS = sa.text("SELECT r.claim_id, r.id FROM (SELECT claim_id, id FROM supplement UNION ALL SELECT claim_id, id FROM objection"
                 " UNION ALL SELECT claim_id, id FROM receivable) r"
                 " WHERE r.claim_id = ANY(CAST(:ids AS uuid[])) AND r.id = ANY(CAST(:subjects AS uuid[])) ORDER BY r.id")
# What the round paid; what an earlier round paid and nobody told yet, because the claim was taken up again before it was settled; and
# whatever came again after the bank had sent it back: a letter that told of the earlier credit does not tell of this one.
_CREDITS = sa.text("""
    SELECT p.claim_id, p.payee_id, p.id, CASE WHEN t.otherwise THEN p.attempt END AS again
    FROM payment p JOIN claim c ON c.id = p.claim_id CROSS JOIN LATERAL (
        SELECT count(*) > 0 AS told, p.attempt > 1 AND coalesce(bool_or(n.state IN ('issued', 'dispatched', 'delivered')
            AND n.context ->> 'bank_serial' <> p.serial), false) AS otherwise
        FROM notice n WHERE n.claim_id = p.claim_id AND n.code = 'payment' AND split_part(n.cause, ':', 2) = p.id::text) t
    WHERE p.claim_id = ANY(CAST(:ids AS uuid[])) AND p.state = 'credited' AND (p.round = c.round OR NOT t.told OR t.otherwise)
    ORDER BY p.id""")


def _facts(session: Session, claims: Sequence[Claim], subjects: Sequence[uuid.UUID]) -> list[_Facts]:
    ids = [claim.id for claim in claims]
    decisions = {made.claim_id: (made.kind, is_consolation(sheet), made.reason == STANDS) for made, sheet in session.exec(
        select(Decision, Worksheet).join(Worksheet, col(Worksheet.id) == col(Decision.worksheet_id)).join(
            Claim, col(Claim.id) == col(Decision.claim_id)).where(
            col(Decision.claim_id).in_(ids), Decision.round == Claim.round))}
    names = {row.id: row.name for row in session.exec(
        select(Person).where(col(Person.id).in_([claim.person_id for claim in claims])))}
    lists: dict[uuid.UUID, list[uuid.UUID]] = {}
    for row in session.execute(_LISTS, {"ids": ids, "subjects": list(subjects)}):
        lists.setdefault(row.claim_id, []).append(row.id)
    credits: dict[uuid.UUID, dict[uuid.UUID, list[str]]] = {}
    for row in session.execute(_CREDITS, {"ids": ids}):
        cause = cause_of(f"claim.settle.{row.again}" if row.again else "claim.settle", row.id)
        credits.setdefault(row.claim_id, {}).setdefault(row.payee_id, []).append(cause)
    getting = receivers(session, ids)
    found = []
    for claim in claims:
        kind, consolation, stands = decisions.get(claim.id, (None, False, False))
        found.append(_Facts(claim, names[claim.person_id], kind, consolation, stands, tuple(getting.get(claim.id, ())),
                            tuple(lists.get(claim.id, ())), credits.get(claim.id, {})))
    return found


def _letters(topic: str, facts: _Facts, now: datetime) -> list[Notice]:
    if topic == "claim.settle":
        return [_notice(facts, "payment", cause, "heir" if one.relation else "member", one.person.id, one.person.name, now)
                for one in facts.getting for cause in facts.credits.get(one.payee.id, ())]
    if topic == "payment.bounce":
        return [_notice(facts, "account", f"{topic}.{attempt}:{payment}", "heir" if one.relation else "member", one.person.id,
                        one.person.name, now) for one in facts.getting if one.payee.id in facts.returned
                for payment, attempt in (facts.returned[one.payee.id],)]
    if topic == "claim.note_death":
        return _addressed(facts, "heirs", cause_of(topic, facts.deaths), now) if any(one.relation for one in facts.getting) else []
    if topic == "claim.forward" and facts.claim.state in _OURS:
        return []       # taken back before its letter was drafted: nothing of this round went to the insurer
    if topic == "claim.cancel" and facts.claim.outcome in ("duplicate", "mistake"):
        return []       # nobody signed a withdrawal: the event goes on in the claim that stays
    if topic == "claim.refuse" and facts.stands:
        return []       # nothing is refused: the round's result is told by its own letter
    codes = letters_for(topic, kind=facts.kind, consolation=facts.consolation)
    subjects: Sequence[object] = facts.subjects if topic.startswith(BY_SUBJECT) else (facts.claim.round,)
    return [row for subject in subjects for code in codes for row in _addressed(facts, code, cause_of(topic, subject), now)]


def _addressed(facts: _Facts, code: str, cause: str, now: datetime) -> list[Notice]:
    """To the member; after her death to each of her heirs; the transfer to the insurer."""
    claim = facts.claim
    if code == "transfer":
        insurer = version(claim.plan, claim.plan_from).insurer
        if insurer is None:
            raise InputError("not_insured", "本计划不由保险公司给付", remedy="核对文书种类", field="topic")
        return [_notice(facts, code, cause, "insurer", None, insurer, now)]
    heirs = {one.person.id: one.person.name for one in facts.getting if one.relation}
    if not heirs:
        return [_notice(facts, code, cause, "member", claim.person_id, facts.name, now)]
    # What is asked back is asked of all together, once: each copy names them all.
    joint = "、".join(heirs.values()) if code == "repayment" else None
    return [_notice(facts, code, for_heir(cause, place, heir), "heir", heir, joint or name, now)
            for place, (heir, name) in enumerate(heirs.items())]


def _notice(facts: _Facts, code: str, cause: str, recipient: str, person_id: uuid.UUID | None, name: str,
            now: datetime) -> Notice:
    return Notice(id=uuidv7(), org_key=facts.claim.org_key, state=NoticeState.DRAFTED, claim_id=facts.claim.id, code=code,
                  cause=cause, recipient=recipient, person_id=person_id, recipient_name=name, drafted_at=now)


def deliver(session: Session, *, notice_id: uuid.UUID, proof: str, on: date | None = None, actor: Actor,
            now: datetime) -> Notice:
    """Dispatched → delivered with its proof (who saw or received it, how). Clocks go by `on`, today when empty."""
    today = business_day(now)
    if on and on > today:
        raise InputError("delivery_future", f"送达日期 {on} 晚于今天", remedy="核对送达证明", field="on")
    for row in locked(session, [notice_id], NoticeState.DISPATCHED):     # the claim first, as everywhere, then its letter
        _check_reader(row, actor)
        if on and row.issued_on and on < row.issued_on:
            raise InputError("delivery_early", f"送达日期 {on} 早于文书签发的 {row.issued_on}", remedy="核对送达证明", field="on")
    session.execute(sa.text("UPDATE notice SET proof = :proof, delivered_at = :at WHERE id = :id AND state = :state"),
                    {"proof": written(proof, "proof") if proof.strip() else None, "at": at_hour(on) if on and on != today else now,
                     "id": notice_id, "state": NoticeState.DISPATCHED})
    fire(session, "notice", "deliver", [Move(notice_id, on=on, details={"proof": proof})], actor=actor, now=now)
    found = session.get(Notice, notice_id, populate_existing=True)
    if found is None:
        raise NotFound("not_found", "没有这一文书，或不在您的管辖范围内", remedy="核对编号")
    return found


def _check_reader(row: Notice, actor: Actor) -> None:
    """A relative may read a letter; only its addressee, or her proxy, receives it."""
    if acts_for_self(actor) and row.person_id != actor.person_id and row.person_id not in actor.acts_for:
        raise NotPermitted("letter_of_another", "文书不是写给您的，不能由您签收", remedy="请收件人本人登录查阅")
