"""Honest people bring any world to its end: the proof that no state is a dead end."""

from __future__ import annotations

from collections.abc import Iterator

from tests.statemachines.world import Handoff, World


def finish(world: World, moves: int = 80) -> None:
    """Drive a world by rightful means only until nothing is open. Raises AssertionError when it gets stuck."""
    people = (f"honest {number}" for number in range(500))
    for _ in range(moves):
        if world.state in ("closed", "cancelled") and not money_open(world):
            return
        if world.claim("unhold"):
            world.held = False
        move(world, people)
    raise AssertionError(f"stuck: {world}")


def money_open(world: World) -> bool:
    """Something is still to be paid or to come back."""
    return (world.receivable > world.recovered
            or any(payment.state not in ("credited", "cancelled") for payment in world.payments))


def prepare(world: World) -> None:
    """A handoff for the round; one that was reopened or is under way is kept."""
    if world.handoff is None or world.handoff.state == "recalled":
        world.handoff = Handoff(world.round)


def decide_claim(world: World, actor: str) -> bool:
    """The office's decision after the last level: money, or a refusal."""
    if world.worth:
        return world.claim("approve", actor, then=world.plan_payment)
    return world.claim("refuse", actor, then=world.plan_payment)


def insurer_decides(world: World) -> bool:
    """The insurer's decision reaches the claim."""
    if world.handoff is None or world.handoff.state not in ("decided", "settled"):
        return False
    return world.claim("insurer_pay" if world.worth else "insurer_refuse", then=world.plan_payment)


def move(world: World, people: Iterator[str]) -> None:
    """One rightful move from where the world stands."""
    match world.state:
        case "reported":
            world.papers_open, world.consent_missing = 0, False
            assert world.verify(next(people))
        case "supplementing":
            world.items_open = 0
            assert world.claim("answer")
        case "verified":
            world.worksheet = world.digest
            assert world.claim("route", then=world.start_review)
        case "in_review":
            _review(world, next(people))
        case "with_insurer":
            _insurer(world)
        case _:
            _settle(world, next(people), next(people))


def _review(world: World, person: str) -> None:
    world.open_next()
    if any(world.step(step.level, "pass", person) for step in world.chain):
        return
    assert all(step.state == "passed" for step in world.chain) or world.chain[-1].state == "refused"
    if world.route == "insurer":
        assert world.claim("forward", then=lambda: prepare(world))
        return
    world.frozen = True
    assert decide_claim(world, person)


def _insurer(world: World) -> None:
    if insurer_decides(world):
        return
    assert world.handoff is not None
    world.handoff.open_items = 0
    if any(world.insurer(event) for event in ("send", "ack", "reply")):
        return
    while world.handoff.liabilities_open:
        assert world.insurer("answer_part")
    assert world.insurer("decide")


def _settle(world: World, maker: str, checker: str) -> None:
    world.heirs_ready = True
    if world.receivable > world.recovered:
        world.recover()
    if world.handoff and world.handoff.state == "decided":
        assert world.insurer("settle")
    for payment in world.payments:
        world.payment(payment, "correct")
    if world.dead:
        world.replace_by_heirs()
    for payment in world.payments:
        world.payment(payment, "exclude")
        for event, actor in (("announce", ""), ("include", maker), ("release", checker), ("send", ""), ("credit", "")):
            world.payment(payment, event, actor)
    if world.state == "payable":
        world.claim("settle")
    elif world.state in ("paid", "refused"):
        world.claim("close")
