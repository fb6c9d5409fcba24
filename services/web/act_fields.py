"""The fields of the short forms by which a claim is worked on: what each offers on this claim, now, to this person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from sqlmodel import Session

from services.reporting.claim_file import ClaimFile, book_of
from services.review import choices
from services.review import queries as review
from services.review.inputs import exclusions_of
from services.rulebook.exclusions import asked
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


def _words(_visit: Visit, _session: Session, _file: ClaimFile) -> Field:
    return Field("words", N_("理由"), "area")


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
    "words": _words, "benefit": _benefit, "amount": _amount, "exclusion": _exclusion, "answer": _answer}
