"""The one-time supplement list: asked, delivered (the clock pauses), answered or lapsed; a late answer takes the claim up again.

Unanswered in a later round, the round goes on without it.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import Actor
from services.audit import service as audit
from services.audit.chain import Entry
from services.core.clock import at_hour, business_day
from services.core.errors import Conflict, InputError
from services.core.ids import uuidv7
from services.evidence import asked, queries, rules
from services.intake import advances
from services.intake import service as intake
from services.intake.queries import claim_for
from services.intake.reserved import give_back
from services.lifecycle.create import create
from services.lifecycle.service import Move, fire
from services.models import Claim, FurtherList, Paper, Payment, SlaClock, Supplement
from services.rulebook import registry
from statemachines.states import ClaimState, PaymentState, SupplementState
from statemachines.words import state_words

Items = Sequence[Mapping[str, str]]


def ask(session: Session, *, claim_id: uuid.UUID, version: int | None = None, items: Items, reason: str | None = None,
        actor: Actor, now: datetime) -> Supplement:
    """Ask for what is missing, once and in full (保险法 22): `items` [{"paper", "reason", "remedy"}]; the letter follows.

    An empty remedy becomes where the paper is got. A second list in the same round needs a `reason` and a senior reviewer (guard
    `list_already_given`); one that was prepared for a senior is then settled.
    """
    claim = claim_for(session, claim_id, actor)
    listed = asked.items(registry.version(claim.plan, claim.plan_from), items)
    fire(session, "claim", "ask", [Move(claim.id, version=version, reason=reason,
                                        details={"papers": [item["paper"] for item in listed]})], actor=actor, now=now)
    session.refresh(claim)
    session.execute(sa.update(FurtherList).where(col(FurtherList.claim_id) == claim.id, col(FurtherList.outcome).is_(None))
                    .values(outcome="dropped"))
    return _create(session, claim, "union", listed, reason, actor, now)


def question(session: Session, *, claim_id: uuid.UUID, items: Items, actor: Actor, now: datetime) -> Supplement:
    """The insurer's question as a list for the member; the claim's own state is untouched."""
    claim = claim_for(session, claim_id, actor)
    listed = asked.items(registry.version(claim.plan, claim.plan_from), items, strict=False)
    return _create(session, claim, "insurer", listed, None, actor, now)


def _create(session: Session, claim: Claim, source: str, listed: list[dict[str, str]], reason: str | None, actor: Actor,
            now: datetime) -> Supplement:
    made = Supplement(id=uuidv7(), org_key=claim.org_key, state=SupplementState.DRAFTED, claim_id=claim.id, round=claim.round,
                      source=source, items=listed, reason=reason, asked_by=actor.person_id, asked_at=now)
    create(session, "supplement", [made], actor=actor, now=now, details={made.id: {"source": source}})
    return made


def deliver(session: Session, *, supplement_id: uuid.UUID, on: date | None = None, actor: Actor, now: datetime) -> Supplement:
    """The list reached the claimant on `on` (today when empty): clocks pause, the answer's own clock starts."""
    found = queries.supplement(session, supplement_id)
    claim = claim_for(session, found.claim_id, actor)
    session.refresh(claim, with_for_update=True)     # the claim first, as everywhere, then its list
    day = _day(on, found.asked_at, now, "送达日期")
    session.execute(sa.update(Supplement).where(col(Supplement.id) == found.id, col(Supplement.delivered_at).is_(None))
                    .values(delivered_at=_instant(day, now)))
    fire(session, "supplement", "deliver", [Move(found.id, on=day)], actor=actor, now=now)
    due = session.exec(select(col(SlaClock.due_on)).where(SlaClock.claim_id == found.claim_id, SlaClock.kind == "supplement",
                                                     SlaClock.subject == str(found.id))).first()
    session.execute(sa.update(Supplement).where(col(Supplement.id) == found.id).values(deadline=due))
    session.refresh(found)
    return found


def answer(session: Session, *, supplement_id: uuid.UUID, items: Items, on: date | None = None, actor: Actor,
           now: datetime) -> Supplement:
    """Answer some or all items: [{"paper", "state": answered|unavailable, "note"}], received on `on`.

    With the last item the list is answered, the clocks go on, and a claim that waited for it is `reported` again. Of a list that
    lapsed the items are recorded as they come late: the claim is taken up again when it still rests.
    """
    found, claim = _locked(session, supplement_id, actor)
    if found.state == SupplementState.LAPSED:
        _resume(session, claim, actor, now)
    elif found.state != SupplementState.DELIVERED:
        raise Conflict("event_not_allowed", f"补充清单现在是“{state_words('supplement', found.state)}”，不能答复",
                       remedy="清单送达后方可答复，已答复的不必重复")
    assert found.delivered_at is not None
    day = _day(on, found.delivered_at, now, "收到日期")
    arrived = session.exec(select(Paper.kind).where(Paper.claim_id == claim.id, col(Paper.uploaded_at) >= found.asked_at)).all()
    found.items = rules.answered_items(found.items, items, frozenset(arrived))
    session.add(found)
    session.flush()
    entry = Entry(claim.id, claim.org_key, "supplement", found.id, "items",
                  details={"items": [f"{item['paper']}:{item['state']}" for item in found.items]})
    audit.append(session, [entry], account=actor.account_id, person=actor.person_id, at=now)
    if found.state == SupplementState.DELIVERED and all(item["state"] != "open" for item in found.items):
        _close(session, found, claim, day, actor, now)
    return found


def take_up(session: Session, *, supplement_id: uuid.UUID, actor: Actor, now: datetime) -> None:
    """The way back for whoever answers a lapsed list: the claim that rests is taken up again, so that it takes papers.

    A list that still waits for its answer is left as it is. GuardFailed when the limitation is over.
    """
    found, claim = _locked(session, supplement_id, actor)
    if found.state == SupplementState.LAPSED:
        _resume(session, claim, actor, now)


def _locked(session: Session, supplement_id: uuid.UUID, actor: Actor) -> tuple[Supplement, Claim]:
    """The claim first, as everywhere, then its list."""
    found = queries.supplement(session, supplement_id)
    claim = claim_for(session, found.claim_id, actor)
    session.refresh(claim, with_for_update=True)
    session.refresh(found, with_for_update=True)
    return found, claim


def _resume(session: Session, claim: Claim, actor: Actor, now: datetime) -> None:
    """A claim that rests is taken up again; one that was taken up already only gets the rest of the late answers."""
    if claim.state == ClaimState.CLOSED and claim.outcome == "not_pursued":
        intake.resume(session, claim_id=claim.id, actor=actor, now=now)
    elif claim.state not in rules.JUDGED_IN:
        raise Conflict("event_not_allowed", f"案件现在是“{state_words('claim', claim.state)}”，不能再补交材料",
                       remedy="有新的材料，请在案件内留言")


def _close(session: Session, found: Supplement, claim: Claim, day: date, actor: Actor, now: datetime) -> None:
    fire(session, "supplement", "answer", [Move(found.id, on=day)], actor=actor, now=now)
    session.execute(sa.update(Supplement).where(col(Supplement.id) == found.id).values(answered_at=_instant(day, now)))
    session.refresh(found)
    session.refresh(claim)
    if found.source == "union" and claim.state == ClaimState.SUPPLEMENTING:
        fire(session, "claim", "answer", [Move(claim.id, on=day)], actor=actor, now=now)
        session.refresh(claim)


# Money paid ahead that is on its way to the bank or back: the claim does not end before the bank said.
_PAID_AHEAD = select(Payment.id).where(Payment.claim_id == Claim.id, Payment.purpose == advances.WHY, col(Payment.state).in_(
    (PaymentState.BATCHED, PaymentState.RELEASED, PaymentState.SENT)))


def lapse(session: Session, *, supplement_ids: Sequence[uuid.UUID] | None = None, actor: Actor,
          now: datetime) -> list[uuid.UUID]:
    """Our lists past their deadline, and past the days that a delivered reminder left: claims of the first round close as
    `not_pursued`; returns their ids. Without ids, all that are due (`queries.overdue`).

    A later round goes on with what is on file: closed, it would take the sum with it that was decided before and fell away with the
    reopening, and leave the objection without an answer.
    """
    due = queries.overdue(session, business_day(now))
    rows = session.execute(select(Supplement.id, Claim.id, Claim.round).join(Claim, col(Claim.id) == col(Supplement.claim_id)).where(
        col(Supplement.id).in_(due if supplement_ids is None else list(supplement_ids)), Supplement.source == "union",
        Claim.state == ClaimState.SUPPLEMENTING, sa.or_(col(Claim.round) > 1, ~_PAID_AHEAD.exists())).order_by(col(Claim.id))
        .with_for_update(of=Claim)).all()
    lists, claims = [row[0] for row in rows if row[2] == 1], [row[1] for row in rows if row[2] == 1]
    fire(session, "supplement", "lapse", [Move(supplement_id) for supplement_id in lists], actor=actor, now=now)
    fire(session, "claim", "lapse", [Move(claim_id) for claim_id in claims], actor=actor, now=now)
    session.execute(sa.update(Claim).where(col(Claim.id).in_(claims)).values(outcome="not_pursued", held=False, hold_reason=None))
    advances.deduct(session, given=dict.fromkeys(claims, 0), actor=actor, now=now)
    give_back(session, claims)
    _without(session, [(row[0], row[1]) for row in rows if row[2] > 1 and row[0] in due], actor, now)
    return claims


NOT_HANDED_IN = "逾期未交"
_NOT_COMING = sa.text("""
    UPDATE supplement s SET answered_at = :now, items = (SELECT jsonb_agg(CASE WHEN t.item ->> 'state' = 'open'
        THEN t.item || jsonb_build_object('state', 'unavailable', 'note', CAST(:note AS text)) ELSE t.item END ORDER BY t.place)
        FROM jsonb_array_elements(s.items) WITH ORDINALITY AS t(item, place))
    WHERE s.id IN (SELECT unnest(CAST(:ids AS uuid[]))) RETURNING s.id, s.claim_id, s.org_key, s.items""")


def _without(session: Session, listed: Sequence[tuple[uuid.UUID, uuid.UUID]], actor: Actor, now: datetime) -> None:
    """Lists and their claims, of later rounds: what did not come does not come any more, and the round is decided without it."""
    rows = session.execute(_NOT_COMING, {"ids": [row[0] for row in listed], "note": NOT_HANDED_IN, "now": now}).all()
    entries = [Entry(row.claim_id, row.org_key, "supplement", row.id, "items", details={
        "items": [f"{item['paper']}:{item['state']}" for item in row.items]}) for row in rows]
    audit.append(session, entries, account=actor.account_id, person=actor.person_id, at=now)
    fire(session, "supplement", "answer", [Move(row[0], details={"why": "overdue"}) for row in listed], actor=actor, now=now)
    fire(session, "claim", "answer", [Move(row[1], details={"why": "overdue"}) for row in listed], actor=actor, now=now)


def _day(on: date | None, not_before: datetime, now: datetime, what: str) -> date:
    today = business_day(now)
    day = on or today
    if not business_day(not_before) <= day <= today:
        raise InputError("date_impossible", f"{what} {day} 不在 {business_day(not_before)} 至 {today} 之间",
                         remedy="核对日期", field="on")
    return day


def _instant(day: date, now: datetime) -> datetime:
    return now if day == business_day(now) else at_hour(day)
