"""The insured road: the unit certifies, the insurer asks, decides and pays; letters go under the union's cover note."""

from __future__ import annotations

from datetime import datetime

from services.core.money import show, to_yuan
from services.simulate.years import letters, office, steps
from services.simulate.years.desk import SYSTEM
from services.simulate.years.history import Row
from services.simulate.years.keys import digest, key
from services.simulate.years.steps import Walk

INSURER = ("insurer_pay", "assessment", "advance")
_BREACH = "not_in_list"


def walk(w: Walk) -> None:
    """An insured claim from its report to where it stands."""
    h = w.h
    if not office.to_verified(w, w.clerk):
        return
    if not office.to_routed(w) or w.halts("in_review") or not h.wait(0.9):
        return
    steps.sign(w, 0, "pass")
    handoff = _forward(w)
    letters.send(h, w.d, w.told, "transfer", "claim.forward:1", h.t, days=0.5, insurer=str(w.book.insurer))
    if h.wait(0.3) and _received(w, handoff) and not w.halts("with_insurer") and h.wait(6):
        _decide(w, handoff)


def _forward(w: Walk) -> Row:
    h = w.h
    row = h.create("handoff", h.soon(), SYSTEM, {"flags": []}, claim_id=h.chain_id, round=1, package=1,
                   facts_digest=w.claim["digest"], liabilities=list(w.book.benefits), question={}, answers=[], flags=[])
    h.fire("claim", w.claim, "forward", h.t, details={"overdue": False})
    package = digest(h.chance, "package", row["id"])
    sent = h.soon()
    if sent > h.now:
        return row
    row |= {"package_digest": package, "package_sha256": digest(h.chance, "bytes", row["id"]), "sent_at": sent,
            "receipt_no": f"HZ{h.chance.randrange(10**8):08d}"}
    h.fire("handoff", row, "send", sent, details={"digest": package, "receipt": row["receipt_no"], "version": 1})
    return row


def _says(w: Walk, kind: str) -> Row:
    return {"message": str(key(w.h.chance, w.h.t)), "kind": kind}


def _received(w: Walk, row: Row) -> bool:
    """The insurer has the file, numbers it, perhaps asks; False when the history ends before it can decide."""
    h, who = w.h, w.d.insurer
    h.fire("handoff", row, "ack", h.t, who, _says(w, "ack"))
    row |= {"report_no": f"BA{h.chance.randrange(10**10):010d}", "complete_at": h.t}
    for kind in INSURER:
        h.start(kind, w.book.clocks.get("pay" if kind == "insurer_pay" else kind), w.today)
    if not h.wait(0.8):
        return False
    h.fire("handoff", row, "file", h.t, who, _says(w, "file"))
    row["case_no"] = f"LA{h.chance.randrange(10**10):010d}"
    return not w.chance(0.08) or _asked(w, row)


def _asked(w: Walk, row: Row) -> bool:
    h, who = w.h, w.d.insurer
    if not h.wait(1.5):
        return False
    said = _says(w, "question")
    h.fire("handoff", row, "question", h.t, who, said)
    h.pause(INSURER, w.today)
    row["question"] = {"message_id": said["message"], "items": [
        {"code": "papers_unclear", "paper": w.claim["required"][-1], "text": "材料影像不清，请补充"}]}
    listed = steps.question(w, who)
    if listed is None or not h.wait(5):
        return False
    steps.answer(w, listed)
    h.fire("handoff", row, "reply", h.soon(), details={"in_reply_to": said["message"]})
    h.resume(INSURER, w.today)
    return True


def _decide(w: Walk, row: Row) -> None:
    h, who, paid = w.h, w.d.insurer, w.told.paid
    said = _says(w, "decide")
    kind = "refund" if paid.refund else "pay" if paid.total else "nothing"
    fen = paid.total + paid.refund
    answer = _answer(w, kind)
    row["answers"] = answer["liabilities"]
    h.fire("handoff", row, "decide", h.t, who, said)
    sheet = steps.worksheet(w, 2, who=who)
    taken = steps.reserve(w, h.t)
    reason = None if kind == "pay" else answer["liabilities"][0]["reason"]
    steps.decision(w, "insurer", kind, fen, sheet, SYSTEM, h.t, reason=reason, answer=answer)
    if not fen:
        _refused(w, row, said, reason)
        return
    h.fire("claim", w.claim, "insurer_pay", h.t, who, said, reason)
    h.stop(("assessment", "advance"), w.today)
    h.start("agreement", w.book.clocks.get("agreement"), w.today)
    office.decided_letters(w, ("refund",) if kind == "refund" else ("cover_note",), "claim.insurer_pay:1")
    payment = office.plan_payment(w, kind, fen, "insurer")
    if w.halts("payable") or not h.wait(3):
        return
    _credited(w, row, payment, taken)
    steps.close(w)


def _refused(w: Walk, row: Row, said: Row, reason: str | None) -> None:
    h, who = w.h, w.d.insurer
    h.fire("claim", w.claim, "insurer_refuse", h.t, who, said, reason or _BREACH)
    h.stop(("pay", *INSURER), w.today)
    h.start("refusal_letter", w.book.clocks.get("refusal_letter"), w.today)
    office.decided_letters(w, ("cover_note",), "claim.insurer_refuse:1")
    if h.wait(0.5):
        h.fire("handoff", row, "settle", h.t, who, _says(w, "settle"))
        steps.close(w)


def _answer(w: Walk, kind: str) -> Row:
    """The insurer's decision in its own words."""
    paid = w.told.paid
    reason = "waiting_period" if kind == "refund" else _BREACH
    items = [{"liability": name, "amount": show(to_yuan(paid.lines.get(name, 0))),
              "reason": None if name in paid.lines else reason, "clause": benefit.clause}
             for name, benefit in w.book.benefits.items()]
    return {"outcome": kind, "total": show(to_yuan(paid.total + paid.refund)), "refund": show(to_yuan(paid.refund)),
            "liabilities": items, "letter": {"number": f"核{w.claim['claim_no']}", "text": "核定通知书", "pdf_base64": ""}}


def _credited(w: Walk, row: Row, payment: Row, taken: list[Row]) -> None:
    """The insurer's bank has paid: its serial and time prove it."""
    h, who, credited = w.h, w.d.insurer, w.h.t
    serial = f"PA{h.chance.randrange(10**12):012d}"
    h.fire("handoff", row, "settle", h.t, who, _says(w, "settle"))
    row["serial"] = serial
    h.soon()
    h.fire("payment", payment, "announce", h.t, details={"serial": serial})
    h.fire("payment", payment, "credit", h.t, details={"serial": serial})
    payment |= {"serial": serial, "credited_at": credited}
    _line(w, payment, serial, credited)
    office.settle(w, taken, credited)


def _line(w: Walk, payment: Row, serial: str, credited: datetime) -> None:
    w.h.new("bank_line", w.h.t, payment_id=payment["id"], kind="credit", attempt=1, reference=w.claim["claim_no"],
            amount_fen=payment["amount_fen"], serial=serial, bank_time=credited, file_sha256=digest(w.h.chance, "settle", payment["id"]),
            line_no=1, at=w.h.t)
