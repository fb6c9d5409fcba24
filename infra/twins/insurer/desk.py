"""The insurer's desk: a person's steps over a dossier. Time is whatever the caller says."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from infra.twins.insurer import check, faults, letter
from infra.twins.insurer.decide import CLAUSES, ZERO, Answer, Case, Judgement, Stay, judge, outcome_of
from infra.twins.insurer.outgoing import say
from infra.twins.insurer.store import newest, of_key
from infra.twins.insurer.wire import Fault, Json, canonical, sha256

FROM = {"ack": ("new",), "file": ("received",), "question": ("received", "filed"), "answer_part": ("received", "filed"),
        "decide": ("received", "filed"), "settle": ("decided",), "reject": ("new",),
        "confirm_recall": ("new", "received", "filed", "questioned")}
PAPER = check.nullable(check.text(r"[a-z][a-z0-9_]{1,39}", "材料种类代码"))
QUESTION = check.listed(check.record({"code": check.text(), "text": check.text(), "paper": PAPER}), least=1)
ADJUST = check.record({"amount": check.MONEY, "reason": check.text()})


def step(db: sqlite3.Connection, claim_no: str, name: str, wish: Json, *, seed: int) -> Json:
    """Take one step; the same call again gets the same answer and does nothing."""
    row = newest(db, claim_no)
    if row is None:
        raise Fault(404, "unknown_claim", f"没有案卷 {claim_no}")
    digest = sha256(canonical(wish))
    done = db.execute("SELECT answer FROM step WHERE claim_no = ? AND round = ? AND version = ? AND name = ?"
                      " AND digest = ?", (*of_key(row), name, digest)).fetchone()
    if done is not None:
        answer: Json = json.loads(done["answer"])
        return answer
    check.time(wish.get("at"), "at")
    if row["state"] not in FROM[name]:
        raise Fault(409, "wrong_state", f"案卷处于 {row['state']}，不能 {name}")
    sent = STEPS[name](db, row, wish, seed)
    after = newest(db, claim_no)
    assert after is not None
    answer = {"sent": [sent], "state": after["state"]}
    if sent != "answer_part" or name == "answer_part":           # a decision cut in two is called for again
        db.execute("INSERT INTO step VALUES (?, ?, ?, ?, ?, ?)",
                   (*of_key(row), name, digest, canonical(answer).decode()))
    return answer


def listing(db: sqlite3.Connection) -> Json:
    """Every dossier with its state, newest last."""
    return {"dossiers": [_listed(db, row) for row in db.execute("SELECT * FROM dossier ORDER BY rowid")]}


def _listed(db: sqlite3.Connection, row: sqlite3.Row) -> Json:
    decision = json.loads(row["decision"]) if row["decision"] else {}
    waiting = db.execute("SELECT count(*) FROM message WHERE claim_no = ? AND webhook IN ('pending', 'held')",
                         (row["claim_no"],)).fetchone()[0]
    return {**{key: row[key] for key in ("claim_no", "round", "version", "handoff_id", "state", "report_no", "case_no",
                                         "at")},
            "recall_requested": bool(row["recall_requested"]), "outcome": decision.get("outcome"),
            "total": decision.get("total"), "undelivered": waiting}


def _move(db: sqlite3.Connection, row: sqlite3.Row, state: str, **columns: str | None) -> None:
    names = "".join(f", {name} = ?" for name in columns)
    db.execute(f"UPDATE dossier SET state = ?{names} WHERE claim_no = ? AND round = ? AND version = ?",
               (state, *columns.values(), *of_key(row)))


def _count(db: sqlite3.Connection, kind: str) -> int:
    return int(db.execute("SELECT count(*) FROM message WHERE kind = ?", (kind,)).fetchone()[0]) + 1


def _day(wish: Json) -> datetime:
    return datetime.fromisoformat(str(wish["at"]))


def _ack(db: sqlite3.Connection, row: sqlite3.Row, wish: Json, seed: int) -> str:
    number = f"BA{_day(wish):%Y%m%d}{seed:03d}{_count(db, 'ack'):06d}"
    _move(db, row, "received", report_no=number)
    say(db, row, "ack", str(wish["at"]), {"report_no": number}, seed=seed)
    return "ack"


def _file(db: sqlite3.Connection, row: sqlite3.Row, wish: Json, seed: int) -> str:
    number = f"LA{_day(wish):%Y%m%d}{seed:03d}{_count(db, 'file'):06d}"
    _move(db, row, "filed", case_no=number)
    say(db, row, "file", str(wish["at"]), {"case_no": number}, seed=seed)
    return "file"


def _question(db: sqlite3.Connection, row: sqlite3.Row, wish: Json, seed: int) -> str:
    items = wish.get("items")
    items = [{"paper": None, **item} for item in items if isinstance(item, dict)] if isinstance(items, list) else items
    QUESTION(items, "items")
    assert isinstance(items, list)
    codes = [str(item["code"]) for item in items]
    if len(set(codes)) < len(codes):
        raise check.bad("items", "code 各不相同的列表")
    message_id = say(db, row, "question", str(wish["at"]), {"items": items}, seed=seed)
    _move(db, row, "questioned", question=json.dumps({"message_id": message_id, "codes": codes}))
    return "question"


def _answer_part(db: sqlite3.Connection, row: sqlite3.Row, wish: Json, seed: int) -> str:
    parts = json.loads(row["parts"])
    left = [answer for answer in _judged(db, row, wish).answers if answer.liability not in parts]
    wanted = wish.get("liability") or next((a.liability for a in left if a.amount), left[0].liability if left else None)
    answer = next((item for item in left if item.liability == wanted), None)
    if answer is None:
        raise check.bad("liability", f"{'、'.join(CLAUSES)} 中尚未答复的一项")
    _move(db, row, row["state"], parts=json.dumps([*parts, answer.liability]))
    say(db, row, "answer_part", str(wish["at"]), _wire(answer), seed=seed)
    return "answer_part"


def _decide(db: sqlite3.Connection, row: sqlite3.Row, wish: Json, seed: int) -> str:
    if faults.take(db, row["claim_no"], "partial_decision", "decide") is not None:
        return _answer_part(db, row, wish, seed)
    judged, dossier = _judged(db, row, wish), json.loads(row["body"])
    number = f"平养演示赔字〔{_day(wish).year}〕{seed:03d}{_count(db, 'decide'):05d}号"
    case_no = row["case_no"] or row["report_no"]
    words = letter.words(judged, dossier, number=number, case_no=case_no, on=_day(wish).date())
    decision: Json = {"outcome": judged.outcome, "total": f"{judged.total:.2f}", "refund": f"{judged.refund:.2f}",
                      "liabilities": [_wire(answer) for answer in judged.answers]}
    pdf = base64.b64encode(letter.pdf(words)).decode("ascii")
    say(db, row, "decide", str(wish["at"]),
        {**decision, "letter": {"number": number, "text": words.text, "pdf_base64": pdf}}, seed=seed)
    _move(db, row, "decided", decision=canonical(decision).decode())
    return "decide"


def _settle(db: sqlite3.Connection, row: sqlite3.Row, wish: Json, seed: int) -> str:
    amount, paid = json.loads(row["decision"])["total"], json.loads(row["decision"])["total"] != "0.00"
    serial = wish.get("serial") or f"PY{_day(wish):%Y%m%d}{seed:03d}{_count(db, 'settle'):08d}"
    say(db, row, "settle", str(wish["at"]), {
        "amount": amount, "bank_time": wish["at"] if paid else None, "serial": serial if paid else None,
        "account_last4": json.loads(row["body"])["payee"]["account"][-4:]}, seed=seed)
    _move(db, row, "settled")
    return "settle"


def _reject(db: sqlite3.Connection, row: sqlite3.Row, wish: Json, seed: int) -> str:
    words = {"fault": wish.get("code") or "unreadable_paper", "text": wish.get("text") or "影像不清，请更换后重送"}
    say(db, row, "reject", str(wish["at"]), words, seed=seed)
    _move(db, row, "rejected")
    return "reject"


def _confirm_recall(db: sqlite3.Connection, row: sqlite3.Row, wish: Json, seed: int) -> str:
    if not row["recall_requested"]:
        raise Fault(409, "wrong_state", "办事处没有要求撤回")
    say(db, row, "recalled", str(wish["at"]), {"reason": wish.get("reason") or "应办事处要求撤回"}, seed=seed)
    _move(db, row, "recalled", question=None)
    return "recalled"


def _wire(answer: Answer) -> Json:
    return {"liability": answer.liability, "amount": f"{answer.amount:.2f}", "reason": answer.reason,
            "clause": answer.clause}


def judgement(db: sqlite3.Connection, row: sqlite3.Row) -> Judgement:
    """What the twin itself would decide of this file."""
    return judge(_case(db, row))


def _judged(db: sqlite3.Connection, row: sqlite3.Row, wish: Json) -> Judgement:
    """The twin's own judgement, with what the desk's person changes in it."""
    case = _case(db, row)
    judged, adjust = judge(case), wish.get("adjust") or {}
    if not isinstance(adjust, dict) or not adjust.keys() <= CLAUSES.keys():
        raise check.bad("adjust", f"以 {'、'.join(CLAUSES)} 为键的对象")
    for name, change in adjust.items():
        ADJUST(change, f"adjust.{name}")
    if not adjust:
        return judged
    answers = tuple(Answer(a.liability, Decimal(adjust[a.liability]["amount"]), adjust[a.liability]["reason"], a.clause)
                    if a.liability in adjust else a for a in judged.answers)
    return Judgement(outcome_of(answers, judged.refund, case.claimed), judged.refund, answers)


def _case(db: sqlite3.Connection, row: sqlite3.Row) -> Case:
    body = json.loads(row["body"])
    event, cover, day = body["event"], body["cover"], datetime.fromisoformat
    stays = [Stay(days=stay["days"]) if "days" in stay else
             Stay(admitted=day(stay["from"]).date(), discharged=day(stay["to"]).date()) for stay in event["stays"]]
    return Case(icd10=event["icd10"], behaviour=event["behaviour"], specimen_on=day(event["specimen_on"]).date(),
                stays=stays, effective=day(cover["effective"]).date(), until=day(cover["until"]).date(),
                renewal=cover["renewal"], premium_paid=Decimal(cover["premium_paid"]),
                claimed={line["benefit"]: Decimal(line["amount"]) for line in body["worksheet"]["lines"]},
                paid_before=_paid_before(db, row))


def _paid_before(db: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Decimal]:
    """By liability, what other claims on the same cover were granted, each by its newest decision."""
    granted: dict[str, dict[str, Decimal]] = {}
    for other in db.execute("SELECT claim_no, decision FROM dossier WHERE insured_key = ? AND claim_no <> ?"
                            " AND decision IS NOT NULL ORDER BY round, version", (row["insured_key"], row["claim_no"])):
        granted[other["claim_no"]] = {item["liability"]: Decimal(item["amount"])
                                      for item in json.loads(other["decision"])["liabilities"]}
    return {name: sum((lines.get(name, ZERO) for lines in granted.values()), ZERO) for name in CLAUSES}


STEPS: dict[str, Callable[[sqlite3.Connection, sqlite3.Row, Json, int], str]] = {
    "ack": _ack, "file": _file, "question": _question, "answer_part": _answer_part, "decide": _decide,
    "settle": _settle, "reject": _reject, "confirm_recall": _confirm_recall}
