"""Paying: the run of two persons, the bank's return file, a corrected account."""

from __future__ import annotations

from services.core.clock import at_hour
from services.core.errors import OutsideError
from services.simulate import bank
from services.simulate.door import Json
from services.simulate.stage import Stage, rows
from services.simulate.steps import Step
from services.simulate.synthetic import synthetic_card

BANK = "ICBC"
_NEW_CARD_FROM = 900                # serials of cards that nobody has yet
_BANK_HOUR, _BANK_MINUTE = 8, 30    # the bank answers before the office opens


def run(stage: Stage, step: Step) -> None:
    """Draw up what is ready and hand it to the checker."""
    maker = stage.who(step)
    made = stage.door.post(maker, "/payment-runs", {"plan": stage.row(step).plan, "bank": BANK})
    stage.run = str(made["id"])
    stage.door.post(maker, f"/payment-runs/{stage.run}/submit", {}, version=made["version"])


def release(stage: Stage, step: Step) -> None:
    """The other person looks at it and lets it go."""
    checker = stage.who(step)
    seen = stage.door.get(checker, f"/payment-runs/{stage.run}")
    stage.door.post(checker, f"/payment-runs/{stage.run}/release", {}, version=seen["version"])


def credit(stage: Stage, step: Step) -> None:
    """The bank takes the file, answers it, and the maker reads the answer in. `closed`: the bank's words for a return."""
    maker = stage.maker(step)
    seen = stage.door.get(maker, f"/payment-runs/{stage.run}")
    name = str(seen["file_name"])
    words = step.with_.get("closed")
    closed = {stage.member(step).person.card: str(words)} if words else {}
    content = bank.answer(stage.bank_dir / name, at=at_hour(step.day, _BANK_HOUR, _BANK_MINUTE), closed=closed)
    returned = name.replace(".txt", "_return.txt")
    (stage.bank_dir / returned).write_bytes(content)
    answer = stage.door.post(maker, "/bank-returns", file=(returned, content, "text/plain"))
    if rows(answer["unmatched"]) or answer["returned"] != len(closed):
        raise OutsideError("return_unmatched", f"回盘有未能匹配的行：{answer}", remedy="核对回盘文件")


def card(stage: Stage, step: Step) -> None:
    """The clerk proposes the member's other account for the returned payment."""
    payment = _payment(stage, step)
    person = stage.member(step).person
    stage.door.post(stage.who(step), f"/payments/{payment['id']}/card", {
        "bank": BANK, "number": synthetic_card(BANK, _NEW_CARD_FROM), "holder": person.name}, version=payment["version"])


def confirm_card(stage: Stage, step: Step) -> None:
    """Finance confirms it."""
    payment = _payment(stage, step)
    stage.door.post(stage.who(step), f"/payments/{payment['id']}/card/confirm", {}, version=payment["version"])


def _payment(stage: Stage, step: Step) -> Json:
    [payment] = rows(stage.claim(step.scenario)["payments"])
    return payment
