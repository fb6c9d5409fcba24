"""The fields of the short forms by which a claim is worked on: what each offers on this claim, now, to this person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from sqlmodel import Session

from services.core.errors import InputError
from services.reporting.claim_file import ClaimFile, book_of
from services.review import choices
from services.review import queries as review
from services.review.inputs import exclusions_of
from services.review.phrases import phrases
from services.review.regrading import GRADES
from services.rulebook.exclusions import asked
from services.rulebook.facts import FACTS
from services.rulebook.forms import event_facts, form_fields
from services.web.language import N_
from services.web.visit import Visit

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


Maker = Callable[[Visit, Session, ClaimFile], Field]


def fields_of(visit: Visit, session: Session, file: ClaimFile, asks: tuple[str, ...]) -> tuple[Field, ...]:
    """The fields of these names, in order."""
    return tuple(_MAKERS[name](visit, session, file) for name in asks)


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
    names = tuple((str(one.account_id), f"{one.name}（{visit.say('不在岗，有代班人')}）" if one.absent else one.name) for one in able)
    return Field("to_account", N_("转交给谁"), "select", names, file_words=True)


def _words(visit: Visit, session: Session, _file: ClaimFile) -> Field:
    """Free words, with the phrases of the actor's organisation offered."""
    said = tuple(dict.fromkeys(phrase.words for phrase in phrases(session, visit.actor)))
    return Field("words", N_("理由"), "text" if said else "area", hints=said)


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
        return Field("value", N_("更正为"), "select", field.choices, file_words=True)
    return Field("value", N_("更正为"), hint=N_("项目号或等级，几个之间用逗号隔开，如 3, 7。"))


def numbers(text: str, field: str) -> list[int]:
    """Whole numbers apart by commas. InputError otherwise."""
    parts = [part.strip() for part in text.replace("，", ",").replace("、", ",").split(",") if part.strip()]
    if not parts or not all(part.isdecimal() for part in parts):
        raise InputError("numbers_wrong", "须为整数，几个之间用逗号隔开", remedy="如 3, 7", field=field)
    return [int(part) for part in parts]


def _waivable(visit: Visit, _session: Session, file: ClaimFile) -> Field:
    kinds = tuple((need.kind, need.name) for need in file.view.checklist if need.state != "accepted" and need.kind != "id_card")
    return Field("kind", N_("哪一份材料"), "select", kinds, file_words=True, value=visit.query.get("kind", ""))


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


_MAKERS: Mapping[str, Maker] = {
    "refusal": _refusal, "clause": _clause, "return": _return, "hold": _hold, "to_level": _to_level, "to_account": _to_account,
    "words": _words, "benefit": _benefit, "amount": _amount, "exclusion": _exclusion, "answer": _answer,
    "grade": _grade, "value": _grade_value, "waivable": _waivable}
