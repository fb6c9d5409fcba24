"""What the pages show, from the twin's own store. The insurer sees everything of its dossiers."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from infra.twins.insurer import desk
from infra.twins.insurer.decide import ZERO, Answer
from infra.twins.insurer.store import newest, of_key
from infra.twins.insurer.wire import Fault, Json

CHINA = timezone(timedelta(hours=8))
STATES = {"new": "待签收", "received": "已签收", "filed": "已立案", "questioned": "问题件待答", "decided": "已核定待付",
          "settled": "已给付", "rejected": "已退回", "recalled": "已撤回"}
KINDS = {"ack": "签收（报案号）", "file": "立案", "question": "问题件", "answer_part": "单项核定", "decide": "核定", "settle": "给付",
         "reject": "退回整件", "recalled": "同意撤回"}
DELIVERED = {"pending": "待投递", "held": "压着", "never": "不推送", "done": "已送达"}
NAMES = {"breast_cancer": "原发性乳腺癌", "other_gynaecological_cancer": "其他原发性妇科癌", "breast_cancer_allowance": "乳腺癌住院津贴",
         "other_gynaecological_cancer_allowance": "其他妇科癌住院津贴"}
REASONS = {"not_in_list": "不在保障病种内", "not_primary": "非原发", "in_situ": "原位癌", "no_paid_days": "没有可付的住院天数",
           "not_in_cover": "不在保障期内", "waiting_period": "在观察期内", "paid_before": "此前已给付", "cap_reached": "已达限额"}
PAPER_WORDS = {"pathology": "病理报告", "diagnosis": "诊断证明", "invoice": "医疗收费票据", "receipts": "医疗收费票据",
               "discharge_record": "出院记录", "hospital": "住院材料", "id_card": "身份证", "bank_card": "银行卡", "application": "申请表",
               "consent": "同意书", "medical_records": "病历", "certificate": "单位证明"}
PAPERS = {"application/pdf", "image/jpeg", "image/png", "image/tiff", "image/webp", "image/heic"}


def inbox(db: sqlite3.Connection, chosen: str) -> Json:
    """Newest file of each claim, oldest first, and the sums by state; `chosen` narrows the list to one state."""
    now = _now(db)
    rows = [_listed(db, row, now) for row in db.execute("SELECT d.* FROM dossier d WHERE (round, version) = (SELECT round, version FROM"
            " dossier o WHERE o.claim_no = d.claim_no ORDER BY round DESC, version DESC LIMIT 1) ORDER BY at, claim_no")]
    states = [_summed(state, [row for row in rows if row["state"] == state]) for state in STATES]
    return {"now": f"{now:%Y-%m-%d %H:%M}", "rows": [row for row in rows if chosen in ("", row["state"])], "chosen": STATES.get(chosen, ""),
            "states": [one for one in states if one["count"]], "total": _summed("", rows)}


def _summed(state: str, rows: Sequence[Json]) -> Json:
    reserve = sum((Decimal(str(row["reserve"])) for row in rows), ZERO)
    oldest = max((int(str(row["age"])) for row in rows), default=0)
    return {"state": state, "words": STATES.get(state, ""), "count": len(rows), "oldest": oldest, "reserve": f"{reserve:,.2f}"}


def _listed(db: sqlite3.Connection, row: sqlite3.Row, now: datetime) -> Json:
    body, ours = json.loads(row["body"]), _total(db, row)
    over = row["state"] in ("settled", "rejected", "recalled")
    return {**{name: row[name] for name in ("claim_no", "round", "version", "state", "report_no", "case_no", "recall_requested")},
            "name": body["insured"]["name"], "policy_no": body["policy_no"], "unit": body["cover"].get("unit", ""),
            "words": STATES[row["state"]], "age": max(0, (now - datetime.fromisoformat(row["at"])).days),
            "theirs": _yuan(body["worksheet"]["total"]), "ours": _yuan(ours),
            "differs": Decimal(body["worksheet"]["total"]) != ours, "reserve": ZERO if over else ours}


def _total(db: sqlite3.Connection, row: sqlite3.Row) -> Decimal:
    return Decimal(json.loads(row["decision"])["total"]) if row["decision"] else desk.judgement(db, row).total


def dossier(db: sqlite3.Connection, claim_no: str) -> Json:
    """One file with everything a person needs to decide it."""
    row = _row(db, claim_no)
    body = json.loads(row["body"])
    steps = {name for name, states in desk.FROM.items() if row["state"] in states}
    steps -= set() if row["recall_requested"] else {"confirm_recall"}
    return {"row": row, "words": STATES[row["state"]], "now": f"{_now(db):%Y-%m-%dT%H:%M}", "steps": steps, "reasons": REASONS,
            "people": _people(body), "event": _event(body), "papers": body["papers"], "kinds": PAPER_WORDS,
            "decided": bool(row["decision"]), "their_steps": body["worksheet"].get("steps", []), "said": _said(db, row),
            "replies": _replies(db, row), **_compared(db, row, body)}


def computed(db: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Decimal]:
    """By liability, what the twin itself makes of the file; yuan."""
    return {one.liability: one.amount for one in desk.judgement(db, row).answers}


def _people(body: Json) -> list[tuple[str, object]]:
    insured, cover, payee, consent = (_dict(body[name]) for name in ("insured", "cover", "payee", "consent"))
    return [("姓名", insured["name"]), ("证件号码", insured["id_number"]), ("性别", "女" if insured["sex"] == "F" else "男"),
            ("出生日期", insured["born"]), ("手机号", insured["phone"] or "未提供"), ("保单号", body["policy_no"]),
            ("投保单位", cover.get("unit", "未提供")), ("保障期", f"{cover['effective']} 至 {cover['until']}"),
            ("连续续保", "是" if cover["renewal"] else "否"), ("已交保费", f"{cover['premium_paid']} 元"),
            ("领款人", f"{payee['name']}　{payee['bank']}　{payee['account']}"), ("同意提供信息", consent["given_on"])]


def _event(body: Json) -> list[tuple[str, object]]:
    event = _dict(body["event"])
    stays = event["stays"]
    assert isinstance(stays, list)
    return [("疾病", event.get("disease", "未提供")), ("ICD-10", f"{event['icd10']} / {event['behaviour']}"),
            ("标本提取日", event["specimen_on"]), ("确诊日期", event["diagnosed_on"]), ("报案日期", event["reported_on"]),
            ("就诊医院", event.get("hospital", "未提供")),
            ("住院", "；".join(f"{stay['days']} 天" if "days" in stay else f"{stay['from']} 至 {stay['to']}" for stay in stays) or "无")]


def _compared(db: sqlite3.Connection, row: sqlite3.Row, body: Json) -> Json:
    """Theirs beside ours, by liability; after the decision ours is what was decided."""
    sheet = _dict(body["worksheet"])
    their_lines = sheet["lines"]
    assert isinstance(their_lines, list)
    theirs = {line["benefit"]: line for line in their_lines}
    judged = desk.judgement(db, row)
    answers, refund, total = list(judged.answers), judged.refund, judged.total
    if row["decision"]:
        said = json.loads(row["decision"])
        answers = [Answer(one["liability"], Decimal(one["amount"]), one["reason"], one["clause"]) for one in said["liabilities"]]
        refund, total = Decimal(said["refund"]), Decimal(said["total"])
    lines = [_line(theirs.get(one.liability), one) for one in answers]
    lines += [_line(line, None) for name, line in theirs.items() if name not in {one.liability for one in answers}]
    return {"lines": lines, "refund": _pair(str(sheet["refund"]), refund), "total": _pair(str(sheet["total"]), total)}


def _line(theirs: Json | None, ours: Answer | None) -> Json:
    amount = str(theirs["amount"]) if theirs else "0.00"
    if ours is None:
        known = theirs or {}
        return {"code": "", "name": known.get("name", known["benefit"]), "reason": "", "clause": known["clause"], **_pair(amount, ZERO)}
    return {"code": ours.liability, "name": NAMES[ours.liability], "clause": ours.clause,
            "reason": REASONS.get(ours.reason or "", ours.reason or ""), **_pair(amount, ours.amount)}


def _pair(theirs: str, ours: Decimal) -> Json:
    difference = ours - Decimal(theirs)
    return {"theirs": _yuan(theirs), "ours": _yuan(ours), "differs": bool(difference),
            "difference": f"{difference:+,.2f}" if difference else "—"}


def _said(db: sqlite3.Connection, row: sqlite3.Row) -> list[Json]:
    return [{"seq": one["seq"], "words": KINDS.get(one["kind"], one["kind"]), "at": _moment(one["at"]),
             "delivered": DELIVERED.get(one["webhook"], one["webhook"])}
            for one in db.execute("SELECT seq, kind, at, webhook FROM message WHERE claim_no = ? ORDER BY seq", (row["claim_no"],))]


def _replies(db: sqlite3.Connection, row: sqlite3.Row) -> list[Json]:
    kept = db.execute("SELECT at, body FROM reply WHERE claim_no = ? AND round = ? AND version = ? ORDER BY rowid", of_key(row))
    return [{"at": _moment(one["at"]), "items_said": [
        {**item, "place": place} for place, item in enumerate(json.loads(one["body"])["items"], 1)]} for one in kept]


def paper(db: sqlite3.Connection, claim_no: str, number: str) -> tuple[bytes, str]:
    """The bytes of a dossier's paper, by its place from 1, with its type."""
    return _content(_at(json.loads(_row(db, claim_no)["body"])["papers"], number))


def reply_paper(db: sqlite3.Connection, claim_no: str, reply: str, item: str, number: str) -> tuple[bytes, str]:
    """The bytes of a paper that came with an answer."""
    bodies = [json.loads(one["body"]) for one in db.execute(
        "SELECT body FROM reply WHERE claim_no = ? AND round = ? AND version = ? ORDER BY rowid", of_key(_row(db, claim_no)))]
    return _content(_at(_at(_at(bodies, reply)["items"], item)["papers"], number))


def _at(found: object, number: str) -> Json:
    assert isinstance(found, list)
    if not (number.isascii() and number.isdigit() and len(number) < 4 and 1 <= int(number) <= len(found)):
        raise Fault(404, "unknown_path", "没有这份材料")
    one: Json = found[int(number) - 1]
    return one


def _content(found: Json) -> tuple[bytes, str]:
    mime = str(found["mime"])
    return base64.b64decode(str(found["content_base64"])), mime if mime in PAPERS else "application/octet-stream"


def _row(db: sqlite3.Connection, claim_no: str) -> sqlite3.Row:
    row = newest(db, claim_no)
    if row is None:
        raise Fault(404, "unknown_claim", f"没有案卷 {claim_no}")
    return row


def _now(db: sqlite3.Connection) -> datetime:
    """The latest business time that was heard or said; the twin has no clock."""
    heard = db.execute("SELECT at FROM dossier UNION SELECT at FROM message UNION SELECT at FROM reply")
    times = [datetime.fromisoformat(row["at"]) for row in heard]
    return max(times, default=datetime(2026, 1, 1, tzinfo=CHINA)).astimezone(CHINA)


def _moment(text: str) -> str:
    return f"{datetime.fromisoformat(text).astimezone(CHINA):%Y-%m-%d %H:%M}"


def _yuan(amount: object) -> str:
    return f"{Decimal(str(amount)):,.2f}"


def _dict(value: object) -> Json:
    assert isinstance(value, dict)
    return value
