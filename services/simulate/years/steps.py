"""The parts of a road that both routes walk: report, papers, supplement list, verification, worksheet, levels, withdrawal."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from services.core.ids import spoken_number
from services.core.money import show, to_yuan
from services.engine.one import compute
from services.evidence import reminders
from services.rulebook.parts import Level
from services.rulebook.vocabulary import parse
from services.simulate.years import letters
from services.simulate.years.desk import SYSTEM, Who, at
from services.simulate.years.history import History, Row
from services.simulate.years.keys import code, unseen
from services.simulate.years.plans import hospital
from services.simulate.years.rows import json_text
from services.simulate.years.world import District, Told, level_rule
from services.sla.service import count
from services.workdays.calendar import DAY

UNION = ("verification", "pay")


class Walk:
    """A claim on its way: history, claim row, case row and what the later parts need of the earlier ones."""

    def __init__(self, h: History, district: District, told: Told) -> None:
        self.h, self.d, self.told, self.book = h, district, told, told.held.book
        self.claim: Row = {}
        self.case: Row = {}
        self.payee: Row = {}
        self.levels: list[tuple[Level, Row]] = []
        self.papers: list[Row] = []
        self.sheet: tuple[str, str] | None = None
        self.clerk = district.staff.clerks[told.member.unit]

    @property
    def today(self) -> date:
        """The walk's present day."""
        return self.h.t.date()

    def halts(self, where: str) -> bool:
        """Whether this history stays here."""
        return self.h.halt == where

    def chance(self, share: float) -> bool:
        """Whether what happens to a share of claims happens to this one."""
        return self.h.chance.random() < share


def report(w: Walk, missing: bool) -> None:
    """The report, its count, the claim with payee and papers; `missing`: one required paper is not there."""
    h, d, told, book = w.h, w.d, w.told, w.book
    rule, year, member = book.clocks["report"], w.today.year, told.member
    counted = count(rule, told.event_on)
    late = w.today > counted.due
    w.case = h.new("case_file", h.t, case_no=spoken_number("BA" + d.code, year, told.serial), person_id=member.id,
                   org_id=d.units[member.unit].id, event_kind=told.event["kind"], diagnosed_on=told.event_on,
                   hospital=hospital(h.chance), reported_on=w.today, reported_at=h.t, reported_by=w.clerk.account,
                   reporter_name=w.clerk.name, channel="clerk", committee_told_at=h.t, last_timely_day=counted.due,
                   count_words=counted.words, late=late, late_reason="住院治疗期间未能及时告知" if late else None, answers=[])
    required = [paper.kind for paper in book.required_papers({"event": told.event})]
    w.claim = {
        "id": h.chain_id, "org_key": h.org_key, "state": "reported", "version": 1, "code": code(h.chance), "round": 1,
        "claim_no": spoken_number(d.code, year, told.serial), "case_id": w.case["id"], "person_id": member.id,
        "cover_id": told.held.id, "plan": book.plan, "plan_from": book.from_, "route": book.route, "event": told.event,
        "digest": facts_digest(told.event, []), "held": False, "died": False, "identity_matched": True, "required": required,
        "banks": list(book.banks.allow), "findings": [], "inputs": {}, "created_at": h.t}
    h.rows.append(("claim", w.claim))
    h.note("claim", h.chain_id, "create", h.t, w.clerk, {"case_no": w.case["case_no"], "plan": book.plan, "late": late},
           target="reported", version=1)
    h.start("report", rule, told.event_on)
    h.stop(("report",), w.today)
    h.start("verification", book.clocks.get("verification"), w.today)
    w.payee = h.new("payee", h.t, claim_id=h.chain_id, person_id=member.id, relation="self", ordinal=1, share_num=1,
                    share_den=1, bank_card_id=member.card, active=True, added_at=h.t)
    for kind in required[:-1] if missing else required:
        paper(w, kind)
    if book.route == "insurer":
        _consent(w)


def _consent(w: Walk) -> None:
    """The member's separate consent, given with the report."""
    row = w.h.new("consent", w.h.t, case_id=w.case["id"], person_id=w.told.member.id, purpose="insurer", given_at=w.h.t,
                  recorded_by=w.clerk.account)
    w.h.note("consent", row["id"], "given", w.h.t, w.clerk, {"purpose": "insurer"})


def paper(w: Walk, kind: str) -> None:
    """A paper's row; its bytes were never there, so nothing of it is on the record."""
    w.papers.append(w.h.new("paper", w.h.t, claim_id=w.h.chain_id, kind=kind, sha256=unseen(w.h.chance),
                            mime="application/pdf", size=20_000 + w.h.chance.randrange(400_000), file_name=f"{kind}.pdf",
                            verdict="waiting", uploaded_by=w.clerk.account, uploaded_at=w.h.t))


def facts_digest(event: Mapping[str, object], accepted: list[str]) -> str:
    """In the words of intake's own digest (a test holds the two equal): event and accepted papers."""
    words = json.dumps({"event": event, "papers": sorted(accepted)}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(words.encode()).hexdigest()


def ask(w: Walk) -> Row | None:
    """The one-time list for the paper that is missing, until it is delivered; None when that is still to come."""
    h, kind = w.h, w.claim["required"][-1]
    h.fire("claim", w.claim, "ask", h.t, w.clerk, {"papers": [kind]})
    return _list(w, "union", kind, UNION)


def _list(w: Walk, source: str, kind: str, pauses: tuple[str, ...], who: Who | None = None) -> Row | None:
    h, name = w.h, next((item.name for item in w.book.papers if item.kind == kind), kind)
    asked = who or w.clerk
    row = h.create("supplement", h.t, asked, {"source": source}, claim_id=h.chain_id, round=1, source=source,
                   items=[{"paper": kind, "name": name, "reason": "材料缺少或不清", "state": "open", "note": ""}],
                   asked_by=asked.person, asked_at=h.t)
    delivered = letters.send(h, w.d, w.told, "supplement", f"supplement.create:{row['id']}", h.soon())
    if delivered is None:
        return None
    h.t = delivered
    row["delivered_at"] = delivered
    h.fire("supplement", row, "deliver", delivered, w.clerk)
    if source == "union":
        h.pause(pauses, w.today)
    h.start("supplement", w.book.clocks.get("supplement"), w.today, str(row["id"]))
    row["deadline"] = h.clocks[-1].counted.due
    return row


def answer(w: Walk, row: Row) -> None:
    """The paper came: the list is answered and the clocks go on."""
    h = w.h
    item = row["items"][0]
    paper(w, item["paper"])
    row |= {"answered_at": h.t, "items": [{**item, "state": "answered"}]}
    h.note("supplement", row["id"], "items", h.t, w.clerk, {"items": [f"{item['paper']}:answered"]})
    h.fire("supplement", row, "answer", h.t, w.clerk)
    if row["source"] == "union":
        h.resume(UNION, w.today)
    h.stop(("supplement",), w.today, str(row["id"]))
    if row["source"] == "union":
        h.fire("claim", w.claim, "answer", h.t, w.clerk)


def question(w: Walk, who: Who) -> Row | None:
    """The insurer's question as a list for the member."""
    return _list(w, "insurer", w.claim["required"][-1], (), who)


def lapse(w: Walk, row: Row) -> None:
    """Nobody answers: reminder, deadline, the claim is closed as not pursued."""
    h, deadline, delivered = w.h, row["deadline"], None
    for topic in (reminders.FIRST, reminders.LAST):
        reminded = max(at(deadline - DAY * reminders.DAYS[topic], 2), h.t + timedelta(minutes=1))
        if reminded > h.now:
            return
        delivered = letters.send(h, w.d, w.told, "reminder", f"{reminders.CAUSES[topic]}:{row['id']}", reminded)
    over = at(max(deadline, delivered.date() + DAY * reminders.GRACE if delivered else deadline) + DAY, 2)
    if delivered is None or over > h.now:
        return
    h.t = over
    h.fire("supplement", row, "lapse", h.t)
    h.fire("claim", w.claim, "lapse", h.soon())
    h.stop((), w.today)
    w.claim["outcome"] = "not_pursued"
    letters.send(h, w.d, w.told, "not_pursued", f"supplement.lapse:{row['id']}", h.soon())


def verify(w: Walk, who: Who) -> None:
    """The papers are accepted, the file is complete, the pay clock starts."""
    h = w.h
    for row in w.papers:
        row |= {"verdict": "accepted", "checked_by": who.account, "checked_at": h.t}
    w.claim["digest"] = facts_digest(w.told.event, [row["sha256"] for row in w.papers])
    h.fire("claim", w.claim, "verify", h.t, who)
    h.stop(("verification",), w.today)
    h.start("pay", w.book.clocks.get("pay"), w.today)
    w.claim |= {"verified_person": who.person, "verified_on": w.today}


def worksheet(w: Walk, seq: int, *, who: Who = SYSTEM) -> Row:
    """A worksheet from the columns reading; the second is the frozen one."""
    h, told, paid, frozen = w.h, w.told, w.told.paid, seq > 1
    why = "frozen at the decision" if frozen else "first"
    w.sheet = w.sheet or (json_text(_input(w)), json_text(_output(w)))
    row = h.new("worksheet", h.t, claim_id=h.chain_id, round=1, seq=seq, frozen=frozen, input=w.sheet[0], output=w.sheet[1],
                outcome=paid.outcome, total_fen=paid.total, refund_fen=paid.refund, facts_digest=w.claim["digest"],
                rule_digest=told.held.book.digest, why=why, made_at=h.t)
    h.note("claim", h.chain_id, "freeze" if frozen else "worksheet", h.t, who, {
        "worksheet": str(row["id"]), "outcome": paid.outcome, "total_fen": paid.total, "refund_fen": paid.refund, "why": why})
    return row


def _input(w: Walk) -> Row:
    terms, member = w.told.held.terms, w.told.member
    return {"plan": w.book.plan,
            "cover": {"effective": terms.effective.isoformat(), "until": terms.until.isoformat(), "renewal": terms.renewal,
                      "shares": terms.shares, "premium_paid": show(to_yuan(terms.premium_fen))},
            "person": {"category": "normal", "born": member.born.isoformat(), "sex": member.sex, "relation": "employee"},
            "event": w.told.event, "paid": [], "reported_on": w.case["reported_on"].isoformat()}


def _output(w: Walk) -> Row:
    paid, book = w.told.paid, w.book
    if not paid.lines:      # why nothing is paid the columns do not tell, and a decision rests on it
        return compute(book, parse(_input(w)), report_due=w.case["last_timely_day"]).to_dict()
    return {"plan": book.plan, "version": book.version, "outcome": paid.outcome, "total": show(to_yuan(paid.total)),
            "lines": [{"benefit": name, "amount": show(to_yuan(fen)), "clause": book.benefits[name].clause, "steps": []}
                      for name, fen in paid.lines.items()],
            "flags": [], "refund": show(to_yuan(paid.refund)),
            "nothing": [{"benefit": name, "reason": "not_in_list", "clause": benefit.clause}
                        for name, benefit in book.benefits.items() if name not in paid.lines]}


def clauses(w: Walk) -> str:
    """What a decision rests on: the clauses of its lines, else of what pays nothing."""
    names = w.told.paid.lines or w.book.benefits
    return "；".join(dict.fromkeys(w.book.benefits[name].clause for name in names))


def route(w: Walk) -> None:
    """The chain is laid out by the worksheet's amount, the claim is in review."""
    h, unit = w.h, w.told.member.unit
    chosen = w.book.levels_for(to_yuan(w.told.paid.total + w.told.paid.refund))
    last = next((level.level for level in reversed(chosen) if level.act == "review"), "")
    for level in chosen:
        org = w.d.duty(level.role, unit)
        row = h.create("review_step", h.t, SYSTEM, claim_id=h.chain_id, round=1,
                       ordinal=[item.level for item in w.book.chain].index(level.level) + 1, level=level.level,
                       name=level.name, act=level.act, role=level.role, days=level.days,
                       decides=w.book.route == "office" and level.level == last, duty_org=org.id, duty_key=org.key,
                       escalated=False, created_at=h.t)
        w.levels.append((level, row))
    h.fire("claim", w.claim, "route", h.soon())


def open_level(w: Walk, index: int) -> None:
    """The next level is somebody's work."""
    level, row = w.levels[index]
    w.h.fire("review_step", row, "open", w.h.soon())
    w.h.start("level", level_rule(level.days), w.today, str(row["id"]))


def sign(w: Walk, index: int, event: str, reason: str | None = None, details: Row | None = None) -> Who:
    """Somebody at the level passes or refuses; gives who."""
    level, row = w.levels[index]
    who = w.d.somebody(level.role, w.told.member.unit, w.h.chance)
    row |= {"done_by": who.account, "done_person": who.person, "done_at": w.h.t, "seen_digest": w.claim["digest"],
            "reason": reason}
    w.h.fire("review_step", row, event, w.h.t, who, {"level": level.level} if details is None else details, reason)
    w.h.stop(("level",), w.today, str(row["id"]))
    return who


def cancel(w: Walk) -> None:
    """The claimant withdraws, signed: levels are void, every clock ends, a letter confirms it."""
    h = w.h
    paper(w, "withdrawal")
    h.fire("claim", w.claim, "cancel", h.t, w.clerk, reason="会员书面撤回")
    h.stop((), w.today)
    for _, row in w.levels:
        if row["state"] in ("waiting", "open", "passed"):
            h.fire("review_step", row, "void", h.t, reason="会员书面撤回")
    w.claim["outcome"] = "withdrawn"
    letters.send(h, w.d, w.told, "withdrawal", "claim.cancel:1", h.soon())


def decision(w: Walk, source: str, kind: str, fen: int, sheet: Row, who: Who, instant: datetime, *, reason: str | None = None,
             answer: Row | None = None) -> None:
    """The round's decision and what the claim says of it."""
    w.h.new("decision", instant, claim_id=w.h.chain_id, round=1, source=source, kind=kind, amount_fen=fen,
            worksheet_id=sheet["id"], decided_by=who.account, decided_person=who.person, reason=reason, clause=clauses(w),
            answer=answer or {}, at=instant)
    w.claim |= {"outcome": kind, "amount_fen": fen}


def reserve(w: Walk, instant: datetime) -> list[Row]:
    """What the decision takes from the cover."""
    taken = {name: (fen, fen // 10_000 if name.endswith("allowance") else 0) for name, fen in w.told.paid.lines.items()}
    if w.told.paid.refund:
        taken["premium_refund"] = (w.told.paid.refund, 0)
    return [w.h.new("reservation", instant, cover_id=w.told.held.id, claim_id=w.h.chain_id, round=1, benefit=name,
                    amount_fen=fen, days=days, state="reserved", made_at=instant) for name, (fen, days) in taken.items()]


def close(w: Walk) -> None:
    """At the first sweep after the objection window, with every letter delivered."""
    h, window = w.h, w.h.clock("objection")
    delivered = [instant.date() for instant in h.letters if instant]
    if w.halts(w.claim["state"]) or window is None or len(delivered) < len(h.letters):
        return
    over = at(max(window.counted.due, w.today, *delivered) + DAY, 2)
    if over <= h.now:
        h.t = over
        h.fire("claim", w.claim, "close", over)
        h.stop((), over.date())
