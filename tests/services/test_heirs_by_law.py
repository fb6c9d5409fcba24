"""Heirs by law as the Civil Code counts them: who counts one, who stands in a dead child's place, whom the register knows."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from fractions import Fraction

import pytest

from services.core.db import Database
from services.core.errors import InputError
from services.enrolment import service as enrolment
from services.enrolment.heirs import read_heirs
from services.models import Claim
from services.payment import queries
from services.payment import service as payment
from services.simulate.synthetic import Synthetic, synthetic_person
from tests.services.paying_world import made, paper
from tests.support.world import ROOT, World, build_world

TODAY, DIED = date(2026, 3, 20), date(2026, 3, 15)


def who(serial: int, born: date = date(1985, 7, 8)) -> Synthetic:
    return synthetic_person(520 + serial, sex="F", born=born)


def heir(serial: int, relation: str, in_place_of: str | None = None, **more: object) -> dict[str, object]:
    one = who(serial)
    return {"name": one.name, "id_number": one.id_number, "relation": relation, "bank": "ICBC", "account": one.card,
            **({"in_place_of": in_place_of} if in_place_of else {}), **more}


def shares(relations: list[tuple[str, str | None]], basis: str = "law") -> list[str]:
    heirs = [heir(serial, relation, whose) for serial, (relation, whose) in enumerate(relations)]
    return [str(one.share) for one in read_heirs(heirs, basis=basis, today=TODAY)]


@pytest.mark.parametrize(("relations", "parts"), [
    # 民法典 1127, 1130: spouse, children and parents are one order; each counts one, however many there are of a kind.
    ([("husband", None), ("child", None), ("child", None), ("parent", None), ("parent", None)], ["1/5"] * 5),
    ([("child", None), ("parent", None), ("parent", None)], ["1/3"] * 3),
    ([("parent", None)], ["1"]),
    # 1128: the children of a child that died before receive together what that child would have had.
    ([("husband", None), ("child", None), ("grandchild", "长子"), ("grandchild", "长子")], ["1/3", "1/3", "1/6", "1/6"]),
    ([("grandchild", "长子"), ("grandchild", "长子"), ("grandchild", "次女")], ["1/4", "1/4", "1/2"]),
    ([("parent", None), ("grandchild", None)], ["1/2", "1/2"]),
    ([("parent", None), ("grandchild", "长 子"), ("grandchild", "长子")], ["1/2", "1/4", "1/4"]),
    # 1129: a widowed daughter- or son-in-law who bore the main support is of the first order.
    ([("parent", None), ("child_in_law", None), ("grandchild", "长子")], ["1/3"] * 3),
    # 1128 (2): in the second order a dead sibling's children stand in the sibling's place.
    ([("sibling", None), ("niece_nephew", "兄"), ("niece_nephew", "兄")], ["1/2", "1/4", "1/4"]),
])
def test_equal_shares_by_law(relations: list[tuple[str, str | None]], parts: list[str]) -> None:
    assert shares(relations) == parts


def test_named_beneficiaries_share_by_head() -> None:
    """保险法 40: without stated shares each beneficiary has an equal right."""
    assert shares([("husband", None), ("grandchild", None), ("grandchild", None)], "named") == ["1/3"] * 3


def test_in_whose_place_must_be_said_or_the_shares() -> None:
    two = [heir(0, "husband"), heir(1, "grandchild"), heir(2, "grandchild")]
    with pytest.raises(InputError) as refused:
        read_heirs(two, basis="law", today=TODAY)
    assert (refused.value.code, refused.value.field) == ("heir_in_place_of", "heirs.1.in_place_of")
    stated = [{**one, "share": share} for one, share in zip(two, ([1, 2], [1, 4], [1, 4]), strict=True)]
    assert [one.share for one in read_heirs(stated, basis="law", today=TODAY)] == [Fraction(1, 2), Fraction(1, 4), Fraction(1, 4)]


@pytest.mark.parametrize("second", ["sibling", "grandparent", "niece_nephew"])
@pytest.mark.parametrize("first", ["parent", "child_in_law", "grandchild"])
def test_the_second_order_waits_for_the_first(first: str, second: str) -> None:
    with pytest.raises(InputError, match="heir_order"):
        shares([(first, None), (second, None)])


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def _known(world: World, claim: uuid.UUID, now: datetime) -> None:
    """The register knows the member's dead daughter (1), the daughter's child (2) and the member's sister (3)."""
    with world.db.unit_of_work(ROOT.scope) as session:
        member = session.get_one(Claim, claim).person_id
        ids = [enrolment.add_person(session, name=who(n).name, id_number=who(n).id_number, actor=ROOT, now=now).id for n in (1, 2, 3)]
        for one, other, relation in ((member, ids[0], "child"), (ids[0], ids[1], "child"), (member, ids[2], "sibling")):
            enrolment.add_kin(session, person_id=one, relative_id=other, relation=relation, actor=ROOT, now=now)
        enrolment.correct_person(session, person_id=ids[0], words={"died_on": "2024-05-01"}, why="死亡证明", actor=ROOT, now=now)
        paper(session, session.get_one(Claim, claim), "death_proof", now)


def _name(world: World, claim: uuid.UUID, heirs: list[dict[str, object]], now: datetime, left_out: str | None = None) -> list[str]:
    clerk = world.actor("xj.clerk")
    with world.db.unit_of_work(clerk.scope) as session:
        payment.note_death(session, claim_id=claim, died_on=DIED, heirs=heirs, left_out=left_out, actor=clerk, now=now)
        return [f"{one.relation} {one.fen}" for one in queries.succession(session, claim).receivers]


def test_a_known_child_of_a_dead_child_is_not_passed_over(world: World, now: datetime) -> None:
    (claim,) = made(world, now, 10_000)
    _known(world, claim, now)
    with pytest.raises(InputError, match=f"heir_left_out.*代位继承的孙子女、外孙子女{who(2).name}"):
        _name(world, claim, [heir(4, "husband")], now)
    with pytest.raises(InputError, match="heir_left_out"):
        _name(world, claim, [heir(3, "sibling")], now)
    assert _name(world, claim, [heir(4, "husband"), heir(2, "grandchild", who(1).name)], now) == [
        "丈夫 5000", "代位继承的孙子女、外孙子女 5000"]


def test_a_known_sister_is_not_passed_over_by_a_brother(world: World, now: datetime) -> None:
    (claim,) = made(world, now, 10_000)
    _known(world, claim, now)
    with pytest.raises(InputError, match=f"heir_left_out.*兄弟姐妹{who(3).name}"):
        _name(world, claim, [heir(5, "sibling")], now)
    assert _name(world, claim, [heir(5, "sibling")], now, left_out="姐姐与外孙女均声明放弃继承") == ["兄弟姐妹 10000"]
