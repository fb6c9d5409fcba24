"""The fields of the short forms by which a claim is worked on: what each offers on this claim, now, to this person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from sqlmodel import Session

from services.core.errors import InputError
from services.evidence.paper_names import paper_names
from services.evidence.unread import pages_left
from services.reporting.claim_file import ClaimFile, book_of
from services.review import choices
from services.review import queries as review
from services.review.inputs import exclusions_of
from services.review.phrases import phrases
from services.review.regrading import GRADES
from services.rulebook.exclusions import asked
from services.rulebook.facts import FACTS
from services.rulebook.forms import event_facts, form_fields
from services.web.book_words import CANCELS
from services.web.claim_words import LETTERS
from services.web.language import N_
from services.web.visit import Visit, whole

Options = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `options` make it a choice, `hints` are offered while typing; labels are keys of the catalogue.

    `file_words`: the options are words of the file (names, clauses), which stay Chinese.
    """

    name: str
    label: str
    type: Literal["text", "area", "select", "money", "date"] = "text"
    options: Options = ()
    file_words: bool = False
    hints: tuple[str, ...] = ()
    hint: str = ""
    value: str = ""
    optional: bool = False


Maker = Callable[[Visit, Session, ClaimFile], Field | None]


def fields_of(visit: Visit, session: Session, file: ClaimFile, asks: tuple[str, ...]) -> tuple[Field, ...]:
    """The fields of these names, in order, without those that ask nothing on this claim now."""
    return tuple(field for name in asks if (field := _MAKERS[name](visit, session, file)) is not None)


def _pairs(table: Mapping[str, str]) -> Options:
    return tuple(table.items())


def _refusal(_visit: Visit, _session: Session, file: ClaimFile) -> Field:
    first = next(iter(_unpaid(file)), {})
    return Field("reason", N_("不予给付的理由"), "select", _pairs(choices.refusals()), value=str(first.get("reason", "")))


def _clause(_visit: Visit, _session: Session, file: ClaimFile) -> Field:
    clauses = tuple(dict.fromkeys(str(item["clause"]) for item in _unpaid(file)))
    return Field("clause", N_("依据的条款"), hints=clauses, hint=N_("写明计划条款，如“第九条”。"), value=clauses[0] if clauses else "")


def _unpaid(file: ClaimFile) -> list[dict[str, object]]:
    """What the worksheet says of benefits that pay nothing; nothing of it where something is paid."""
    told = file.sheet.told if file.sheet else {}
    unpaid = told.get("nothing")
    return [item for item in unpaid if isinstance(item, dict)] if isinstance(unpaid, list) and not told.get("lines") else []


def _return(_visit: Visit, _session: Session, _file: ClaimFile) -> Field:
    return Field("reason", N_("退回的理由"), "select", _pairs(choices.returns()))


def _hold(_visit: Visit, _session: Session, _file: ClaimFile) -> Field:
    return Field("reason", N_("暂停的理由"), "select", _pairs(choices.holds()))


def _to_level(_visit: Visit, _session: Session, file: ClaimFile) -> Field:
    levels = tuple((step.level, f"{step.name}（{step.done_by or ''}）") for step in reversed(file.standing.lower))
    return Field("to_level", N_("退回到哪一级"), "select", levels, file_words=True, value=levels[0][0] if levels else "")


def _to_account(visit: Visit, session: Session, file: ClaimFile) -> Field:
    able = review.colleagues(session, file.view.claim.id, on=visit.today)
    away = visit.say("不在岗，有代理人")
    names = tuple((str(one.account_id), f"{one.name}（{away}）" if one.absent else one.name) for one in able)
    return Field("to_account", N_("转交给谁"), "select", names, file_words=True)


def _words(visit: Visit, session: Session, _file: ClaimFile) -> Field:
    """Free words, with the phrases of the actor's organisation offered."""
    said = tuple(dict.fromkeys(phrase.words for phrase in phrases(session, visit.actor)))
    return Field("reason", N_("理由"), "text" if said else "area", hints=said)


def grades_of(file: ClaimFile) -> list[str]:
    """The facts that grade this event under its plan."""
    book, kind = book_of(file.view), str(file.view.event.get("kind"))
    return [name for name in GRADES if f"event.{name}" in event_facts(book) and kind in FACTS[f"event.{name}"].kinds]


def _grade(_visit: Visit, _session: Session, file: ClaimFile) -> Field:
    names = grades_of(file)
    return Field("fact", N_("哪一项分级"), "select", tuple((name, FACTS[f"event.{name}"].label) for name in names),
                 value=names[0] if names else "")


def _grade_value(_visit: Visit, _session: Session, file: ClaimFile) -> Field:
    if grades_of(file) == ["severity"]:
        field = next(field for field in form_fields(book_of(file.view)) if field.name == "severity")
        return Field("value", N_("更正为"), "select", field.choices)
    return Field("value", N_("更正为"), hint=N_("项目号或等级，几个之间用逗号隔开，如 3, 7。"))


def numbers(text: str, field: str) -> list[int]:
    """Whole numbers apart by commas. InputError otherwise."""
    parts = [part.strip() for part in text.replace("，", ",").replace("、", ",").split(",") if part.strip()]
    found = [given for part in parts if (given := whole(part)) is not None]
    if not parts or len(found) < len(parts):
        raise InputError("numbers_wrong", "须为整数，几个之间用逗号隔开", remedy="如 3, 7", field=field)
    return found


def _waivable(visit: Visit, _session: Session, file: ClaimFile) -> Field:
    kinds = tuple((need.kind, need.name) for need in file.view.checklist if need.state != "accepted" and need.kind != "id_card")
    return Field("kind", N_("哪一份材料"), "select", kinds, file_words=True, value=visit.query.get("kind", ""))


def _unread(visit: Visit, session: Session, file: ClaimFile) -> Field | None:
    """Asked only while the machine has still pages to read."""
    left = pages_left(session, file.view.claim.id)
    told = visit.say("还有 {n} 页尚未识读。请等一会儿刷新，或逐页看过后写明理由。", n=left)
    return Field("reason", N_("不等识读就核验的理由"), hint=told) if left else None


def _benefit(_visit: Visit, _session: Session, file: ClaimFile) -> Field:
    names = {name: rule.name for name, rule in book_of(file.view).benefits.items()}
    stored = file.sheet.stored if file.sheet else None
    lines = stored.output.get("lines") if stored else None
    waiting = [str(line["benefit"]) for line in lines if isinstance(line, dict) and line.get("manual")] if isinstance(lines, list) else []
    given = stored.input.get("manual") if stored else None
    wanted = list(dict.fromkeys([*waiting, *(given if isinstance(given, dict) else {})]))
    return Field("benefit", N_("哪一项待遇"), "select", tuple((name, names.get(name, name)) for name in wanted), file_words=True,
                 value=wanted[0] if wanted else "")


def _amount(_visit: Visit, _session: Session, _file: ClaimFile) -> Field:
    return Field("amount", N_("金额（元）"), "money", hint=N_("如 8000.00；不给付的写 0。"))


def _exclusion(_visit: Visit, _session: Session, file: ClaimFile) -> Field:
    book = book_of(file.view)
    questions = tuple((item["id"], f"{item['question']}（{item['clause']}）") for item in asked(book, exclusions_of(book)))
    return Field("exclusion", N_("哪一条除外责任"), "select", questions, file_words=True)


def _answer(_visit: Visit, _session: Session, _file: ClaimFile) -> Field:
    return Field("answer", N_("答复"), "select", (("false", N_("不属于")), ("true", N_("属于")), ("suspected", N_("疑似"))))


def _paper(visit: Visit, _session: Session, file: ClaimFile) -> Field:
    names = paper_names(book_of(file.view), [paper.kind for paper in file.view.papers])
    papers = tuple((str(paper.id), f"{names[paper.kind]}（{paper.file_name}）") for paper in file.view.papers)
    return Field("paper", N_("哪一份材料"), "select", papers, file_words=True, value=visit.query.get("paper", ""))


def _letter(visit: Visit, _session: Session, file: ClaimFile) -> Field:
    rows = tuple((str(letter.id), f"{visit.say(LETTERS.get(letter.code, letter.code))} {letter.number or ''} {letter.recipient_name}")
                 for letter in file.view.letters if letter.state == "dispatched")
    return Field("letter", N_("哪一份文书"), "select", rows, file_words=True, value=visit.query.get("letter", rows[0][0] if rows else ""))


def _requests(visit: Visit, file: ClaimFile, states: tuple[str, ...]) -> Field:
    names = paper_names(book_of(file.view), [original.paper_kind for original in file.after.originals])
    rows = tuple((str(original.row.id), f"{names[original.paper_kind]}（{original.file_name}）") for original in file.after.originals
                 if original.state in states)
    return Field("request", N_("哪一份原件"), "select", rows, file_words=True, value=visit.query.get("request", rows[0][0] if rows else ""))


def _plain(name: str, label: str, kind: Literal["text", "area", "date"] = "text", hint: str = "", *, optional: bool = False) -> Maker:
    def make(_visit: Visit, _session: Session, _file: ClaimFile) -> Field:
        return Field(name, label, kind, hint=hint, optional=optional)
    return make


def _choice(name: str, label: str, options: Options) -> Maker:
    def make(_visit: Visit, _session: Session, _file: ClaimFile) -> Field:
        return Field(name, label, "select", options)
    return make


_WAYS: Options = (("counter", N_("柜台")), ("post", N_("邮寄")), ("clerk", N_("经办人转交")))
_SAME: Options = (("yes", N_("一致")), ("no", N_("不一致")))
_CORRECTIONS: Options = (("clerical", N_("文字差错")), ("card", N_("收款账户")), ("amount", N_("金额")), ("other", N_("其他")))

_MAKERS: Mapping[str, Maker] = {
    "refusal": _refusal, "clause": _clause, "return": _return, "hold": _hold, "to_level": _to_level, "to_account": _to_account,
    "words": _words, "benefit": _benefit, "amount": _amount, "exclusion": _exclusion, "answer": _answer,
    "grade": _grade, "value": _grade_value, "waivable": _waivable, "unread": _unread,
    "letter": _letter, "proof": _plain("proof", N_("怎么知道已送达"), hint=N_("如当面签收、邮件回执号。")),
    "on": _plain("on", N_("哪一天"), "date", N_("不填为今天。"), optional=True),
    "grounds": _plain("grounds", N_("异议的理由"), "area"),
    "late_reason": _plain("late_reason", N_("超过期限的原因"), hint=N_("没有超过期限的不填。"), optional=True),
    "cancel_ground": _choice("ground", N_("作废的原因"), _pairs(CANCELS)),
    "correction": _choice("kind", N_("更正什么"), _CORRECTIONS), "what": _plain("what", N_("哪一项")), "old": _plain("old", N_("原为")),
    "new": _plain("new", N_("应为")), "paper": _paper, "due_on": _plain("due_on", N_("最迟哪一天"), "date"),
    "original": lambda visit, _session, file: _requests(visit, file, ("asked", "overdue")),
    "original_here": lambda visit, _session, file: _requests(visit, file, ("received",)),
    "from": _plain("from_whom", N_("谁交来的")), "to": _plain("to_whom", N_("交还给谁")), "how": _choice("how", N_("怎样交接"), _WAYS),
    "same": _choice("same", N_("与影像是否一致"), _SAME), "note": _plain("note", N_("不一致的写明差异"), optional=True)}
