"""Where two persons are asked for: a substitute counts as both, on the asking side and on the confirming one, also later."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from services.access import service as access
from services.access.actor import Actor, Role
from services.benefit import queries as worksheets
from services.core.db import Database
from services.core.errors import Conflict, GuardFailed, InputError, NotPermitted
from services.evidence import conversation
from services.evidence import service as evidence
from services.intake import cancelling, joining
from services.lifecycle.create import create
from services.models import Claim, Decision, Person, Receivable, Worksheet
from services.payment import queries, receivables
from services.payment import service as payment
from services.review import amendment, summary
from services.review import service as review
from services.simulate.synthetic import synthetic_card
from tests.services.after_world import accepted, concluded, facts_become, lodged, routed
from tests.services.after_world import decided as decided_claim
from tests.services.paying_world import decided, made, read, returned_file, sent, states
from tests.services.review_world import MALIGNANT, claim_row, in_review, passes
from tests.services.review_world import report as reported
from tests.services.test_review_chain import marry
from tests.services.test_review_handing import at_office
from tests.support.claims import XJ_EVENT, picture, report
from tests.support.world import ROOT, World, build_world

Made = TypeVar("Made")
Way = tuple[str, str | None, str, str | None]       # who asks, in whose place; who confirms, in whose place
# Each pair is one and the same person for the house: the asker's substitute, or the one the asker stood in for.
SAME = (("xj.office1", None, "xj.office2", "xj.office1"), ("xj.office2", "xj.senior", "xj.senior", None),
        ("xj.office1", "xj.head", "xj.senior", "xj.head"))


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def as_(world: World, login: str, stands_for: str | None = None) -> Actor:
    """Somebody, on a day when she stands in for a colleague or on another."""
    actor = world.actor(login)
    return replace(actor, stands_for=frozenset({world.person(stands_for)})) if stands_for else actor


def does(world: World, actor: Actor, verb: Callable[..., Made], **more: object) -> Made:
    with world.db.unit_of_work(actor.scope) as session:
        return verb(session, actor=actor, **more)


@pytest.mark.parametrize("way", SAME)
def test_a_claim_is_not_called_away_by_one_person_in_two_places(world: World, now: datetime, way: Way) -> None:
    claim, first, second = reported(world, 0, now), as_(world, *way[:2]), as_(world, *way[2:])
    does(world, first, cancelling.ask_cancel, claim_id=claim, ground="mistake", reason="误录", now=now)
    with pytest.raises(GuardFailed, match="two_persons_needed"):
        does(world, second, cancelling.confirm_cancel, claim_id=claim, now=now)
    assert claim_row(world.db, claim).state == "reported"
    other = as_(world, "xj.office2" if way[0] == "xj.office1" else "xj.office1")
    assert does(world, other, cancelling.confirm_cancel, claim_id=claim, now=now).state == "cancelled"


@pytest.mark.parametrize("way", SAME)
def test_two_reports_are_not_made_one_by_one_person_in_two_places(world: World, now: datetime, way: Way) -> None:
    member = world.member(0, "xj")
    with world.db.unit_of_work(ROOT.scope) as session:
        first, _ = report(session, world, member, XJ_EVENT, now, by="xj.clerk")
        second, _ = report(session, world, member, XJ_EVENT | {"diagnosed_on": "2026-03-17"}, now)
    does(world, as_(world, *way[:2]), joining.join, case_id=second.id, into_id=first.id, reason="同一次诊断", now=now)
    with pytest.raises(GuardFailed, match="two_persons_needed"):
        does(world, as_(world, *way[2:]), joining.confirm_join, case_id=second.id, now=now)


def test_kin_of_the_absent_neither_call_a_claim_away_nor_keep_it(world: World, now: datetime) -> None:
    claim = reported(world, 0, now)
    marry(world, 0, "xj.senior", now)
    with pytest.raises(NotPermitted, match="actor_on_claimant_side"):
        does(world, as_(world, "xj.office1", "xj.senior"), cancelling.ask_cancel, claim_id=claim, ground="mistake", reason="误录", now=now)
    does(world, as_(world, "xj.office1"), cancelling.ask_cancel, claim_id=claim, ground="mistake", reason="误录", now=now)
    with pytest.raises(NotPermitted, match="actor_on_claimant_side"):
        does(world, as_(world, "xj.senior"), cancelling.drop_request, claim_id=claim, reason="不应注销", now=now)
    with pytest.raises(InputError, match="reason_missing"):
        does(world, as_(world, "xj.office2"), cancelling.drop_request, claim_id=claim, reason=" ", now=now)
    does(world, as_(world, "xj.office2"), cancelling.drop_request, claim_id=claim, reason="核实无误", now=now)
    assert claim_row(world.db, claim).state == "reported"


def test_kin_of_the_absent_judge_no_paper_and_waive_none(world: World, now: datetime) -> None:
    claim = reported(world, 0, now)
    marry(world, 0, "xj.senior", now)
    member = world.member(0, "xj").actor
    with world.db.unit_of_work(member.scope) as session:
        paper = evidence.upload(session, claim_id=claim, kind="other", file_name="a.png", content=picture(1), actor=member, now=now).id
        kind = next(kind for kind in session.get_one(Claim, claim).required if kind != "id_card")
    for actor in (as_(world, "xj.office1", "xj.senior"), as_(world, "xj.senior")):
        with pytest.raises(NotPermitted, match="actor_on_claimant_side"):
            does(world, actor, evidence.judge, paper_id=paper, accept=True, now=now)
        with pytest.raises(NotPermitted, match="actor_on_claimant_side"):
            does(world, actor, evidence.waive, claim_id=claim, kind=kind, reason="已核实", now=now)


def test_kin_do_not_choose_who_decides(world: World, now: datetime) -> None:
    claim = at_office(world, now)
    marry(world, 3, "xj.head", now)
    to = world.account("xj.office2")
    for actor in (as_(world, "xj.head"), replace(as_(world, "xj.senior", "xj.head"), roles=frozenset({Role.HEAD}))):
        with pytest.raises(NotPermitted, match="actor_on_claimant_side"):
            does(world, actor, review.delegate, claim_id=claim, to_account=to, reason="出差", now=now)


def test_a_card_is_not_corrected_by_one_person_in_two_places(world: World, now: datetime) -> None:
    (claim,) = made(world, now, 1_500_000)
    read(world, returned_file(world, sent(world, now), "returned"), now)
    maker, checker = as_(world, "xj.maker", "xj.checker"), as_(world, "xj.checker")
    with world.db.unit_of_work(maker.scope) as session:
        paid = queries.payments_of(session, claim)[0]
        holder = session.get_one(Person, paid.person_id).name
        payment.propose_card(session, payment_id=paid.id, bank="ICBC", number=synthetic_card("ICBC", 7004), holder=holder,
                             actor=maker, now=now)
    with pytest.raises(GuardFailed, match="two_persons_needed"):
        does(world, checker, payment.confirm_card, payment_id=paid.id, now=now)
    with pytest.raises(GuardFailed, match="two_persons_needed"):
        does(world, as_(world, "xj.checker", "xj.maker"), payment.confirm_card, payment_id=paid.id, now=now)
    assert states(world, claim) == [("returned", 1_500_000, 1)]


def owed(session: Session, claim: Claim, now: datetime) -> uuid.UUID:
    row = Receivable(org_key=claim.org_key, state="open", claim_id=claim.id, round=1, person_id=claim.person_id,
                     amount_fen=500_000, why="correction", created_at=now)
    create(session, "receivable", [row], actor=ROOT, now=now)
    return row.id


def test_money_is_not_given_up_by_one_person_in_two_places(world: World, now: datetime) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        row = owed(session, decided(session, world, 0, 0, now=now, state="refused", kind="nothing"), now)
    does(world, as_(world, "xj.maker", "xj.checker"), receivables.propose_write_off, receivable_id=row, reason="困难", now=now)
    with pytest.raises(GuardFailed, match="two_persons_needed"):
        does(world, as_(world, "xj.checker"), receivables.write_off, receivable_id=row, now=now)
    nobody = replace(as_(world, "xj.checker"), person_id=None)
    with pytest.raises(GuardFailed, match="two_persons_needed"):
        does(world, nobody, receivables.write_off, receivable_id=row, now=now)
    does(world, as_(world, "xj.head"), receivables.write_off, receivable_id=row, now=now)


def second_round(session: Session, claim: Claim, amount_fen: int, now: datetime) -> None:
    """A later round that paid the difference."""
    first = session.execute(sa.select(Worksheet).where(sa.column("claim_id") == claim.id)).scalars().first()
    assert first is not None
    claim.round = 2
    session.add(claim)
    session.add(Decision(org_key=claim.org_key, claim_id=claim.id, round=2, source="office", kind="pay", amount_fen=amount_fen,
                         worksheet_id=first.id, reason=None, clause="一览表", at=now))
    session.flush()


def test_money_a_later_round_counted_as_coming_back_is_not_given_up(world: World, now: datetime) -> None:
    """10000 paid, 5000 asked back, the next round finds 10000 after all and pays 5000: giving up the 5000 would make 15000."""
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 0, 1_000_000, now=now)
        row = owed(session, claim, now)
        second_round(session, claim, 500_000, now + timedelta(days=1))
    with pytest.raises(Conflict, match="receivable_counted"):
        does(world, as_(world, "xj.maker"), receivables.propose_write_off, receivable_id=row, reason="困难", now=now)


def test_what_came_back_before_the_rest_was_given_up_counts_as_come_back(world: World, now: datetime) -> None:
    """10000 paid, 5000 asked back, 3000 received and 2000 given up: she holds 7000, not 10000."""
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 0, 1_000_000, now=now)
        row, claim_id = owed(session, claim, now), claim.id
    maker = as_(world, "xj.maker")
    does(world, maker, receivables.agree, receivable_id=row, agreement="分两期", now=now)
    does(world, maker, receivables.receive, receivable_id=row, amount=Decimal(3000), reference="B1", now=now)
    does(world, maker, receivables.propose_write_off, receivable_id=row, reason="困难", now=now)
    does(world, as_(world, "xj.head"), receivables.write_off, receivable_id=row, now=now)
    with world.db.unit_of_work(ROOT.scope) as session:
        session.get_one(Claim, claim_id).round = 2
        session.flush()
        assert worksheets.decided_before(session, claim_id) == 700_000


CHANGES = ({"what": "开户行", "old": "工行", "new": "建行"},)


def asks(world: World, actor: Actor, claim: uuid.UUID, now: datetime) -> None:
    does(world, actor, amendment.ask_amendment, claim_id=claim, kind="clerical", why="录入有误", changes=CHANGES, now=now)


@pytest.mark.parametrize("way", SAME[1:])
def test_a_decision_is_not_corrected_by_one_person_in_two_places(world: World, now: datetime, way: Way) -> None:
    claim = decided_claim(world, 3, now)
    asks(world, as_(world, *way[:2]), claim, now)
    with pytest.raises(GuardFailed, match="two_persons_needed"):
        does(world, as_(world, *way[2:]), amendment.confirm_amendment, claim_id=claim, now=now)


def test_a_correction_does_not_overtake_an_objection(world: World, now: datetime) -> None:
    """Its round bars nobody: the same persons would have heard what was objected to, and the objection could never be taken up."""
    claim = decided_claim(world, 3, now)
    later = now + timedelta(hours=1)
    asks(world, as_(world, "xj.office2"), claim, later)
    heard = lodged(world, claim, later)
    with pytest.raises(Conflict, match="objection_open"):
        does(world, as_(world, "xj.senior"), amendment.confirm_amendment, claim_id=claim, now=later)
    assert accepted(world, heard, later) == 2
    facts_become(world, claim, MALIGNANT)
    routed(world, claim, later)
    for login in ("xj.clerk", "xj.city", "xj.office2"):
        passes(world, claim, login, later + timedelta(hours=1))
    concluded(world, claim, later + timedelta(hours=2))
    # Asked of a decision that another one has replaced meanwhile.
    with pytest.raises(Conflict, match="amendment_overtaken"):
        does(world, as_(world, "xj.senior"), amendment.confirm_amendment, claim_id=claim, now=later + timedelta(days=1))
    does(world, as_(world, "xj.senior"), amendment.drop_amendment, claim_id=claim, reason="已随异议办理", now=later + timedelta(days=1))


def test_a_sheet_is_not_received_by_the_one_it_was_signed_for(world: World, now: datetime) -> None:
    claim = in_review(world, 1, now)
    passes(world, claim, "xj.clerk", now)
    signer = as_(world, "xj.district", "xj.office1")
    sheet = does(world, signer, summary.draft, plan="xj-women", month=date(2026, 3, 1), now=now).sheet.id
    does(world, signer, summary.sign, sheet_id=sheet, now=now)
    with pytest.raises(GuardFailed, match="own_sheet"):
        does(world, as_(world, "xj.office1"), summary.receive, sheet_id=sheet, now=now)
    assert does(world, as_(world, "xj.office2"), summary.receive, sheet_id=sheet, now=now).status == "received"


def test_a_reviewer_on_the_claimants_side_sees_no_notes(world: World, now: datetime) -> None:
    claim = reported(world, 0, now)
    marry(world, 0, "xj.senior", now)
    does(world, as_(world, "xj.office1"), conversation.note, claim_id=claim, words="与医院核实", now=now)
    for actor in (as_(world, "xj.senior"), as_(world, "xj.office2", "xj.senior")):
        assert does(world, actor, conversation.read, claim_id=claim, now=now) == []
        with pytest.raises(NotPermitted, match="actor_on_claimant_side"):
            does(world, actor, conversation.note, claim_id=claim, words="无须核实", now=now)
    assert [line.words for line in does(world, as_(world, "xj.head"), conversation.read, claim_id=claim, now=now)] == ["与医院核实"]


def test_a_member_who_pays_has_two_accounts(world: World) -> None:
    """With one she would pass a member's door, and see every claim of the branch as finance."""
    for pays in (Role.FINANCE_MAKER, Role.FINANCE_CHECKER):
        with pytest.raises(InputError, match="roles_exclude"):
            access.checked_roles([Role.MEMBER, pays], world.person("xj.maker"))
    assert access.checked_roles([Role.MEMBER, Role.UNIT_CLERK], world.person("xj.clerk")) == {Role.MEMBER, Role.UNIT_CLERK}


