"""The office's road: report, papers, levels, decision, payment in a run, letters, close."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.simulate.years import letters, steps
from services.simulate.years.desk import SECOND, SYSTEM, Who
from services.simulate.years.history import Row
from services.simulate.years.runs import Line, Run
from services.simulate.years.steps import Walk

_RETURNED = "账号户名不符"
_HELD_AT_PAYING = "holder_unreachable"


def to_verified(w: Walk, verifier: Who) -> bool:
    """Report, supplement list where something is missing, verification. False when the history ends before."""
    h = w.h
    lapses = w.halts("lapsed") or w.chance(0.01)
    missing = lapses or w.halts("supplementing") or w.chance(0.12)
    steps.report(w, missing)
    if w.halts("reported") or not h.wait(0.6):
        return False
    if missing:
        listed = steps.ask(w)
        if listed is None or w.halts("supplementing"):
            return False
        if lapses:
            steps.lapse(w, listed)
            return False
        if not h.wait(7):
            return False
        steps.answer(w, listed)
        if not h.wait(0.6):
            return False
    if w.halts("cancelled") or w.chance(0.01):
        steps.cancel(w)
        return False
    steps.verify(w, verifier)
    if w.halts("verified"):
        hold(w, "investigation")
        return False
    return True


def hold(w: Walk, reason: str) -> None:
    """The office stops the claim; its clocks run on."""
    if not w.h.wait(0.2):
        if w.claim["state"] == "verified":
            owe(w, "claim.verify")
        return
    w.h.fire("claim", w.claim, "hold", w.h.t, w.d.staff.one("office_reviewer", w.h.chance), reason=reason)
    w.claim |= {"held": True, "hold_reason": reason}


def owe(w: Walk, topic: str) -> None:
    """Work that the program has not done yet."""
    w.h.rows.append(("outbox", {"org_key": w.h.org_key, "topic": topic, "claim_id": w.h.chain_id, "subject_id": w.h.chain_id,
                                "payload": {"seq": 1}, "created_at": w.h.t, "tries": 0}))


def to_routed(w: Walk) -> bool:
    """The worksheet and the chain follow by themselves. False when that is just about to happen."""
    h = w.h
    if h.t + timedelta(minutes=5) > h.now:
        owe(w, "claim.verify")
        return False
    h.soon()
    steps.worksheet(w, 1)
    steps.route(w)
    steps.open_level(w, 0)
    return True


def walk(w: Walk) -> None:
    """An office claim from its report to where it stands."""
    h = w.h
    if not to_verified(w, w.clerk) or not to_routed(w):
        return
    stays = h.chance.randrange(len(w.levels)) if w.halts("in_review") else -1
    for index in range(len(w.levels)):
        if index == stays or not h.wait(0.9):
            return
        if index == 1 and (w.halts("withdrawn") or w.chance(0.004)):
            steps.cancel(w)
            return
        if index == len(w.levels) - 1:
            _decide(w, index)
            return
        steps.sign(w, index, "pass")
        steps.open_level(w, index + 1)


def _decide(w: Walk, index: int) -> None:
    paid = w.told.paid
    if paid.total + paid.refund == 0:
        _refuse(w, index)
        return
    who = steps.sign(w, index, "pass")
    w.h.soon()
    sheet = steps.worksheet(w, 2, who=who)
    taken = steps.reserve(w, w.h.t)
    kind, fen = ("refund", paid.refund) if paid.outcome == "refund" else ("pay", paid.total)
    steps.decision(w, "office", kind, fen, sheet, who, w.h.t)
    w.h.fire("claim", w.claim, "approve", w.h.t, who, {"amount_fen": fen, "kind": kind, "worksheet": str(sheet["id"])})
    decided_letters(w, ("refund",) if kind == "refund" else ("decision", "consolation") if "consolation" in paid.lines
                           else ("decision",), "claim.approve:1")
    _pay(w, kind, fen, taken)
    if w.claim["state"] == "paid":
        steps.close(w)


def decided_letters(w: Walk, codes: tuple[str, ...], cause: str) -> None:
    """The letters of a decision; the last one delivered says until when one may object."""
    h, at_once = w.h, w.h.t + SECOND * 5
    told = [letters.send(h, w.d, w.told, code, cause, at_once, days=3) for code in codes]
    last = max((day for day in told if day), default=None)
    if last:
        h.start("objection", w.book.clocks.get("objection"), last.date())


def _refuse(w: Walk, index: int) -> None:
    h, reason = w.h, "waiting_period" if w.told.paid.waiting else "not_in_list"
    clause = steps.clauses(w)
    who = steps.sign(w, index, "refuse", reason, {"clause": clause})
    sheet = steps.worksheet(w, 2, who=who)
    steps.decision(w, "office", "nothing", 0, sheet, who, h.t, reason=reason)
    h.fire("claim", w.claim, "refuse", h.t, who, {"clause": clause}, reason)
    h.stop(("pay",), w.today)
    h.start("refusal_letter", w.book.clocks.get("refusal_letter"), w.today)
    decided_letters(w, ("refusal",), "claim.refuse:1")
    steps.close(w)


def _pay(w: Walk, kind: str, fen: int, taken: list[Row]) -> None:
    """Planned at once, paid by the plan's next run. A claim that stays payable is held, or its bank returned the money."""
    h, told = w.h, w.told
    payment = plan_payment(w, kind, fen, "bank")
    if w.halts("payable"):
        hold(w, _HELD_AT_PAYING)
        return
    run = w.d.runs.after(w.book.plan, h.t)
    if run.made > h.now:
        return
    returned = _RETURNED if w.halts("returned") or w.chance(0.002) else None
    _carry(w, run, payment, returned)
    if payment["state"] != "credited":
        return
    settle(w, taken, run.answered)
    if told.member.unit % 4 == 0:       # units whose members have no bank messages get a letter
        letters.send(h, w.d, told, "payment", f"claim.settle:{payment['id']}", h.t)


def plan_payment(w: Walk, kind: str, fen: int, channel: str) -> Row:
    """What is owed to the member."""
    h = w.h
    purpose = "refund" if kind == "refund" else "benefit"
    return h.create("payment", h.soon(), SYSTEM, {"amount_fen": fen, "purpose": purpose}, claim_id=h.chain_id,
                    round=1, payee_id=w.payee["id"], person_id=w.told.member.id, purpose=purpose, channel=channel,
                    amount_fen=fen, attempt=1, bank_card_id=w.told.member.card, created_at=h.t)


def _carry(w: Walk, run: Run, payment: Row, returned: str | None) -> None:
    """A payment through its run, as far as the run got."""
    h, row, position = w.h, run.row, len(run.lines)
    sent: Row = {}
    answered: Row = {"serial": f"{h.chance.randrange(10**12):012d}", "bank_time": run.answered.isoformat()}
    run.lines.append(Line(payment, h, sent, answered, returned))
    moment = SECOND * (1 + position // 200)
    payment["run_id"] = row["id"]
    h.fire("payment", payment, "include", run.made + moment, run.maker)
    if run.released <= h.now:
        h.fire("payment", payment, "release", run.released + moment, run.checker)
    if run.sent <= h.now:
        h.fire("payment", payment, "send", run.sent, details=sent)
    if run.answered <= h.now:
        h.fire("payment", payment, "bounce" if returned else "credit", run.answered, details=answered)
        payment |= {"return_reason": returned} if returned else {"serial": answered["serial"], "credited_at": run.answered}
        h.t = run.answered


def settle(w: Walk, taken: list[Row], credited: datetime) -> None:
    """The money is there: on the day of the bank's credit."""
    h = w.h
    h.t = max(h.t, credited) + SECOND
    h.fire("claim", w.claim, "settle", h.t, details={"credited_at": credited.isoformat()})
    h.stop(("pay", "insurer_pay", "agreement"), credited.date())
    for row in taken:
        row["state"] = "paid"
