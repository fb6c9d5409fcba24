"""After a death: orders of succession, shares that make one, guardians of minors, papers, fen that add up."""

from __future__ import annotations

from datetime import date, datetime
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import select

from services.access.actor import Role
from services.core.db import Database
from services.core.errors import GuardFailed, InputError, NotPermitted
from services.enrolment import queries as enrolment
from services.enrolment import service as enrolment_service
from services.enrolment.heirs import read_heirs
from services.models import Claim, Payee
from services.payment import queries
from services.payment import service as payment
from services.payment.rules import split
from services.simulate.synthetic import Synthetic, synthetic_person
from tests.services.api_world import Api, picture
from tests.services.paying_world import in_run, made, paper, prove_heirs, read, returned_file, sent, states
from tests.support.world import ROOT, World, build_world, open_login

TODAY = date(2026, 3, 20)
DIED = date(2026, 3, 15)


def person(serial: int, born: date, sex: str = "F") -> Synthetic:
    return synthetic_person(460 + serial, sex="M" if sex == "M" else "F", born=born)


HUSBAND, DAUGHTER = person(0, date(1980, 1, 2), "M"), person(1, date(2004, 5, 6))
MOTHER, BROTHER = person(2, date(1950, 3, 4)), person(3, date(1985, 7, 8), "M")
CHILD = person(4, date(2012, 3, 21))        # 13 on TODAY


def heir(who: Synthetic, relation: str, share: object = None, **more: object) -> dict[str, object]:
    card = more.pop("card", who.card)
    return {"name": who.name, "id_number": who.id_number, "relation": relation, "share": share, "bank": "ICBC", "account": card} | more


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def test_heirs_of_the_first_order_share_equally_when_nothing_is_said() -> None:
    found = read_heirs([heir(HUSBAND, "husband"), heir(DAUGHTER, "child"), heir(MOTHER, "parent")], basis="law", today=TODAY)
    assert [one.share for one in found] == [Fraction(1, 3)] * 3
    assert [one.name for one in found] == [HUSBAND.name, DAUGHTER.name, MOTHER.name]


@pytest.mark.parametrize(("heirs", "basis", "code", "field", "words"), [
    ([heir(HUSBAND, "husband", [1, 2]), heir(DAUGHTER, "child", [1, 3])], "law", "heir_shares_sum", "heirs.share", "还差 1/6"),
    ([heir(HUSBAND, "husband", [2, 3]), heir(DAUGHTER, "child", [1, 2])], "law", "heir_shares_sum", "heirs.share", "多出 1/6"),
    ([heir(HUSBAND, "husband", [1, 2]), heir(DAUGHTER, "child")], "law", "heir_share", "heirs.1.share", "有人没写"),
    ([heir(HUSBAND, "husband", [1, 2]), heir(DAUGHTER, "child", [1_000_001, 2_000_002])], "law", "heir_share", "heirs.1.share", "1000000"),
    ([heir(HUSBAND, "husband", [0, 1]), heir(DAUGHTER, "child", [1, 1])], "law", "heir_share", "heirs.share", "大于零"),
    ([heir(HUSBAND, "husband"), heir(BROTHER, "sibling")], "law", "heir_order", "heirs.1.relation", "第一千一百二十七条"),
    ([heir(BROTHER, "other")], "law", "heir_order", "heirs.0.relation", "不是法定继承人"),
    ([heir(HUSBAND, "husband"), heir(BROTHER, "spouse")], "law", "heir_spouse_twice", "heirs.1.relation", "一人"),
    ([heir(DAUGHTER, "child"), heir(DAUGHTER, "child")], "law", "heir_twice", "heirs.1.id_number", "同一人"),
    ([heir(HUSBAND, "uncle")], "law", "heir_relation", "heirs.0.relation", "uncle"),
    ([heir(HUSBAND, "husband"), heir(CHILD, "child")], "law", "guardian_missing", "heirs.1.guardian", "未满 18 周岁"),
    ([heir(CHILD, "child", guardian={"name": DAUGHTER.name})], "law", "guardian_field", "heirs.0.guardian", "身份证号"),
    ([heir(CHILD, "child", guardian={"name": CHILD.name, "id_number": CHILD.id_number})], "law", "guardian_wrong",
     "heirs.0.guardian.id_number", "成年人"),
    ([heir(HUSBAND, "husband"), heir(DAUGHTER, "child", card=DAUGHTER.card[:-1] + str((int(DAUGHTER.card[-1]) + 1) % 10))], "law",
     "card_number", "heirs.1.account", "校验不通过"),
    ([heir(HUSBAND, "husband", bank="海盗银行")], "law", "bank_unknown", "heirs.0.bank", "海盗银行"),
    ([heir(HUSBAND, "husband")], "will", "heir_basis", "basis", "will"),
    ([], "law", "heirs_missing", "heirs", "没有写明"),
])
def test_a_wrong_list_names_what_is_wrong(heirs: list[dict[str, object]], basis: str, code: str, field: str, words: str) -> None:
    with pytest.raises(InputError) as refused:
        read_heirs(heirs, basis=basis, today=TODAY)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert words in refused.value.message


def test_second_order_inherits_alone_and_named_beneficiaries_have_no_order() -> None:
    assert read_heirs([heir(BROTHER, "sibling")], basis="law", today=TODAY)[0].share == 1
    named = read_heirs([heir(BROTHER, "other", [1, 4]), heir(HUSBAND, "husband", [3, 4])], basis="named", today=TODAY)
    assert [one.share for one in named] == [Fraction(1, 4), Fraction(3, 4)]


@pytest.mark.parametrize(("today", "minor"), [(date(2030, 3, 20), True), (date(2030, 3, 21), False)])
def test_grown_up_on_the_eighteenth_birthday(today: date, minor: bool) -> None:
    if minor:
        with pytest.raises(InputError, match="guardian_missing"):
            read_heirs([heir(CHILD, "child")], basis="law", today=today)
    else:
        assert read_heirs([heir(CHILD, "child")], basis="law", today=today)[0].guardian is None


_WEIGHTS = st.lists(st.integers(1, 1000), min_size=1, max_size=12)


@given(fen=st.integers(0, 10**10), weights=_WEIGHTS)
@settings(max_examples=200)
def test_fen_add_up_and_nobody_is_off_by_a_whole_one(fen: int, weights: list[int]) -> None:
    shares = [Fraction(weight, sum(weights)) for weight in weights]
    parts = split(fen, shares)
    assert sum(parts) == fen
    assert all(abs(part - fen * share) < 1 for part, share in zip(parts, shares, strict=True))
    rounded_up = [fen * share % 1 for part, share in zip(parts, shares, strict=True) if part > fen * share]
    rounded_down = [fen * share % 1 for part, share in zip(parts, shares, strict=True) if part <= fen * share]
    assert not rounded_up or not rounded_down or min(rounded_up) >= max(rounded_down)


@pytest.mark.parametrize(("fen", "shares", "parts"), [
    (100, [Fraction(1, 3), Fraction(2, 3)], [33, 67]),      # 33⅓ and 66⅔: the fen goes to the larger remainder
    (100, [Fraction(1, 6), Fraction(1, 6), Fraction(2, 3)], [17, 17, 66]),     # .667 .667 .667: the earlier ones
    (10_001, [Fraction(1, 2), Fraction(1, 2)], [5_001, 5_000]),
])
def test_the_largest_remainder_first_then_the_order_given(fen: int, shares: list[Fraction], parts: list[int]) -> None:
    assert split(fen, shares) == parts


def test_a_minors_guardian_receives_and_is_kept_apart(world: World, now: datetime) -> None:
    (claim,) = made(world, now, 10_001)
    clerk = world.actor("xj.clerk")
    heirs = [heir(DAUGHTER, "child", [1, 2]),
             heir(CHILD, "child", [1, 2], card=HUSBAND.card, guardian={"name": HUSBAND.name, "id_number": HUSBAND.id_number})]
    with world.db.unit_of_work(clerk.scope) as session:
        paper(session, session.get_one(Claim, claim), "death_proof", now)
    with pytest.raises(InputError, match="guardian_unproved"), world.db.unit_of_work(clerk.scope) as session:
        payment.note_death(session, claim_id=claim, died_on=DIED, heirs=heirs, actor=clerk, now=now)
    with world.db.unit_of_work(clerk.scope) as session:
        paper(session, session.get_one(Claim, claim), "guardianship", now)
        payment.note_death(session, claim_id=claim, died_on=DIED, heirs=heirs, actor=clerk, now=now)
        after = queries.succession(session, claim)
        guardian = enrolment.person_by_number(session, HUSBAND.id_number)
        assert guardian is not None
        member = session.get_one(Claim, claim).person_id
        assert enrolment.is_kin(session, guardian.id, member)
    assert [(one.person.name, one.relation, one.fen, one.card.holder if one.card else "") for one in after.receivers] == [
        (DAUGHTER.name, "子女", 5_001, DAUGHTER.name), (CHILD.name, f"子女，由监护人{HUSBAND.name}代领", 5_000, HUSBAND.name)]
    assert [(need.kind, need.there) for need in after.proofs] == [
        ("death_proof", True), ("household_cancellation", False), ("heir_proof", False), ("guardianship", True)]
    with world.db.unit_of_work(ROOT.scope) as session:
        prove_heirs(session, session.get_one(Claim, claim), now)
    run = sent(world, now)
    with world.db.view(ROOT.scope) as session:
        line = [row for row in queries.payments_of(session, claim) if row.run_id == run]
        assert sorted(row.amount_fen for row in line) == [5_000, 5_001]
    # The bank answers with the guardian as holder of that account: matched, credited.
    with world.db.view(ROOT.scope) as session:
        second = session.exec(select(Payee).where(Payee.claim_id == claim, Payee.ordinal == 2)).one()
    assert second.guardian_id == guardian.id
    assert read(world, returned_file(world, run, "credited", "returned", holder=DAUGHTER.name), now).unmatched


def test_who_is_an_heir_or_guardian_decides_nothing(world: World, now: datetime) -> None:
    """The heir works in finance: she may not release the run that pays her."""
    (claim,) = made(world, now, 10_000)
    with world.db.unit_of_work(ROOT.scope) as session:
        known = enrolment_service.add_person(session, name=DAUGHTER.name, id_number=DAUGHTER.id_number, actor=ROOT, now=now)
        checker = open_login(session, world, "xj.checker2", "cn.xj.", Role.FINANCE_CHECKER, known.id, DAUGHTER.name, now)
        prove_heirs(session, session.get_one(Claim, claim), now)
    clerk = world.actor("xj.clerk")
    with world.db.unit_of_work(clerk.scope) as session:
        payment.note_death(session, claim_id=claim, died_on=DIED, heirs=[heir(DAUGHTER, "child", [1, 1])], actor=clerk, now=now)
    run = in_run(world, now)
    with pytest.raises(GuardFailed, match="actor_decided_before"), world.db.unit_of_work(checker.scope) as session:
        payment.release(session, run_id=run, actor=checker, now=now)


def test_a_known_spouse_is_not_passed_over(world: World, now: datetime) -> None:
    (claim,) = made(world, now, 10_000)
    clerk = world.actor("xj.clerk")
    with world.db.unit_of_work(ROOT.scope) as session:
        member = session.get_one(Claim, claim).person_id
        husband = enrolment_service.add_person(session, name=HUSBAND.name, id_number=HUSBAND.id_number, actor=ROOT, now=now)
        enrolment_service.add_kin(session, person_id=member, relative_id=husband.id, relation="husband", actor=ROOT, now=now)
        paper(session, session.get_one(Claim, claim), "death_proof", now)
    alone = [heir(DAUGHTER, "child")]
    with pytest.raises(InputError, match=f"heir_left_out.*丈夫{HUSBAND.name}"), world.db.unit_of_work(clerk.scope) as session:
        payment.note_death(session, claim_id=claim, died_on=DIED, heirs=alone, actor=clerk, now=now)
    with world.db.unit_of_work(clerk.scope) as session:
        payment.note_death(session, claim_id=claim, died_on=DIED, heirs=alone, left_out="丈夫声明放弃继承", actor=clerk, now=now)
        assert [need.kind for need in queries.succession(session, claim).proofs] == [
            "death_proof", "household_cancellation", "heir_proof", "renunciation"]
    assert sorted(states(world, claim)) == [("cancelled", 10_000, 1), ("planned", 10_000, 1)]


def test_nobody_names_the_own_child_guardian(world: World, now: datetime) -> None:
    (claim,) = made(world, now, 10_000)
    clerk = world.actor("xj.clerk")
    with world.db.unit_of_work(ROOT.scope) as session:
        own = enrolment.people_by_id(session, [world.person("xj.clerk")])[world.person("xj.clerk")]
        number, name = enrolment.number_of(own), own.name
        paper(session, session.get_one(Claim, claim), "guardianship", now)
    heirs = [heir(CHILD, "child", guardian={"name": name, "id_number": number})]
    with pytest.raises(NotPermitted, match="actor_on_claimant_side"), world.db.unit_of_work(clerk.scope) as session:
        payment.note_death(session, claim_id=claim, died_on=DIED, heirs=heirs, actor=clerk, now=now)


def test_heirs_and_missing_proofs_through_the_api(db: Database, now: datetime, tmp_path: Path) -> None:
    api = Api(db, now, tmp_path)
    claim_no = api.report(0)
    for kind in ("death_proof", "guardianship"):
        assert api.upload("xj.clerk", f"/claims/{claim_no}/papers", picture(kind), kind=kind).status_code == 201
    assert api.get("xj.clerk", f"/claims/{claim_no}/heirs").json() == {"heirs": [], "proofs": [], "missing": [], "unproved": []}
    heirs = [heir(HUSBAND, "husband", [2, 3]), heir(CHILD, "child", [1, 6], card=HUSBAND.card,
                                                    guardian={"name": HUSBAND.name, "id_number": HUSBAND.id_number})]
    refused = api.act("xj.clerk", claim_no, "death", {"died_on": "2026-03-19", "heirs": heirs})
    assert (refused.status_code, refused.json()["code"]) == (422, "heir_shares_sum")
    assert "还差 1/6" in refused.json()["title"]
    heirs[1]["share"] = [1, 3]
    done = api.act("xj.clerk", claim_no, "death", {"died_on": "2026-03-19", "heirs": heirs})
    assert done.status_code == 200, done.text
    shown = api.get("xj.head", f"/claims/{claim_no}/heirs").json()
    assert [(one["name"], one["share"], one["guardian"], one["basis"]) for one in shown["heirs"]] == [
        (HUSBAND.name, "2/3", None, "law"), (CHILD.name, "1/3", HUSBAND.name, "law")]
    assert shown["missing"] == ["household_cancellation", "heir_proof"]
    # On file is not accepted: the money waits for the second, and a paper sent back is missing again.
    assert shown["unproved"] == ["death_proof", "household_cancellation", "heir_proof", "guardianship"]
    papers = {paper["kind"]: paper["id"] for paper in api.get("xj.clerk", f"/claims/{claim_no}").json()["papers"]}
    for kind, verdict in (("death_proof", {"accept": True}), ("guardianship", {"accept": False, "fault": "没有盖章"})):
        assert api.post("xj.clerk", f"/papers/{papers[kind]}/judgement", verdict).status_code == 200
    shown = api.get("xj.head", f"/claims/{claim_no}/heirs").json()
    assert [(need["kind"], need["there"], need["accepted"]) for need in shown["proofs"]] == [
        ("death_proof", True, True), ("household_cancellation", False, False), ("heir_proof", False, False),
        ("guardianship", False, False)]
    assert shown["missing"] == ["household_cancellation", "heir_proof", "guardianship"] == shown["unproved"]
    assert api.get("xj.admin", f"/claims/{claim_no}/heirs").status_code == 403
