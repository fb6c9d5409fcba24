"""What was read on the papers, held against roster, cover, plan and the facts as stated. Pure; nothing is decided here.

Only a person's word or a confident reading contradicts (`sheet_checks.sure`). No source lists the hospitals or their levels: where a
plan asks for 二级以上, the verifier is asked to look.
"""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from services.core.identity import BANKS, REASONS, check_identity, check_name, eighteen
from services.core.words import date_cn
from services.evidence import fact_checks, sheet_checks
from services.evidence.fact_checks import close, names_of
from services.evidence.readings import FieldView
from services.evidence.rules import NOTE, SERIOUS, Finding
from services.evidence.sheet_checks import PaperRead, at, sure
from services.rulebook.schema import RuleBook
from services.rulebook.vocabulary import Computation


@dataclass(frozen=True, slots=True)
class Stated:
    """What register, roster and report say of one claim, and what was read on its papers.

    `others_too`: papers of other people belong on the file (heirs, a child that was hurt). `last_day`: of the cover, as it ended.
    `marks`: field → keyed index of its value, for identity and card numbers: a key of a finding must not tell the number.
    """

    name: str
    number: str
    others_too: bool
    words: Computation
    book: RuleBook
    last_day: date
    reported_on: date
    hospital: str = ""
    account: str = ""
    papers: Mapping[uuid.UUID, PaperRead] = field(default_factory=dict)
    fields: Sequence[FieldView] = ()
    marks: Mapping[uuid.UUID, str] = field(default_factory=dict)


def contradictions(stated: Stated) -> list[Finding]:
    """Everything that the papers say otherwise, each with its place; the same of one paper once."""
    read = [one for one in stated.fields if sure(one)]
    facts = fact_checks.Facts(stated.words, stated.book, stated.last_day, stated.papers, read)
    found = [*_numbers(stated, read), *_names(stated, read), *_expired(stated, read), *_cards(stated, read),
             *fact_checks.of_facts(facts), *sheet_checks.of_sheets(stated.fields, stated.papers), *_hospitals(stated, read),
             *_diseases(stated, read), *_doubtful(stated)]
    once: dict[str, Finding] = {}
    for finding in found:
        once.setdefault("\0".join((finding.code, str(finding.paper), *finding.content)), finding)
    return list(once.values())


def masked(number: str) -> str:
    """First three and last four places, as masked numbers are shown elsewhere."""
    return f"{number[:3]}{'*' * max(0, len(number) - 7)}{number[-4:]}"


def _numbers(stated: Stated, read: Sequence[FieldView]) -> Iterator[Finding]:
    """The identity number: valid, and the roster's. Another person's card may lie beside the claimant's own."""
    cards = [one for one in read if (one.sheet, one.name) == ("id_card", "number")]
    own = any(_eighteen(str(one.value)) == stated.number for one in cards)
    for one in cards:
        number, name = _eighteen(str(one.value)), stated.papers[one.paper_id].name
        said = check_identity(number)
        if not said.valid:
            reasons = "、".join(REASONS[code] for code in said.reasons)
            yield at("identity_number_invalid", f"“{name}”上的身份证号 {masked(number)} 不成立：{reasons}", one,
                     stated.marks.get(one.id, ""), severity=NOTE if own else SERIOUS)
        elif number != stated.number:
            words = f"“{name}”上的身份证号 {masked(number)} 与参保名册 {masked(stated.number)} 不符"
            yield at("identity_number_differs", words, one, stated.marks.get(one.id, ""),
                     severity=NOTE if own or stated.others_too else SERIOUS)


def _eighteen(number: str) -> str:
    return eighteen(number) or check_identity(number).number


def _names(stated: Stated, read: Sequence[FieldView]) -> Iterator[Finding]:
    """The name on every sheet. A fire's parties are asked for by name only where they are people."""
    own_card = any((one.sheet, one.name) == ("id_card", "name") and _same_name(str(one.value), stated.name) for one in read)
    for one in read:
        if one.name != "name" or _same_name(str(one.value), stated.name):
            continue
        light = stated.others_too or one.sheet == "fire" or (one.sheet == "id_card" and own_card)
        words = f"“{stated.papers[one.paper_id].name}”上的姓名“{one.value}”与参保名册“{stated.name}”不符"
        yield at("name_differs", words, one, str(one.value), stated.name, severity=NOTE if light else SERIOUS)


def _same_name(one: str, other: str) -> bool:
    return check_name(one).text == check_name(other).text


def _expired(stated: Stated, read: Sequence[FieldView]) -> Iterator[Finding]:
    for one in read:
        if one.name == "valid_until" and (until := _day(str(one.value))) and until < stated.reported_on:
            words = f"“{stated.papers[one.paper_id].name}”有效期至 {date_cn(until)}，报案日 {date_cn(stated.reported_on)} 时已过期"
            yield at("id_card_expired", words, one, str(until), str(stated.reported_on))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:      # 长期
        return None


def _cards(stated: Stated, read: Sequence[FieldView]) -> Iterator[Finding]:
    """The bank card: the registered account, of a bank that the plan allows."""
    for one in read:
        if one.sheet != "bank_card":
            continue
        name = stated.papers[one.paper_id].name
        if one.name == "account" and stated.account and not stated.others_too and _digits(str(one.value)) != _digits(stated.account):
            words = f"“{name}”卡号尾号 {_digits(str(one.value))[-4:]} 与登记的领款卡尾号 {stated.account[-4:]} 不符，请核对卡号"
            yield at("card_differs", words, one, stated.marks.get(one.id, ""), stated.account[-4:])
        if one.name == "bank" and stated.book.banks.allow and not _allowed(stated.book, str(one.value)):
            allowed = "、".join(BANKS.get(code, code) for code in stated.book.banks.allow)
            yield at("card_bank_not_allowed", f"“{name}”的开户银行“{one.value}”不在本计划范围（{allowed}）内", one, str(one.value))


def _allowed(book: RuleBook, bank: str) -> bool:
    """By the bank's name without 中国 and what stands in brackets: cards print it short or with a branch."""
    short = [re.sub(r"^中国|（.*", "", BANKS.get(code, code)) for code in book.banks.allow]
    return any(name in bank for name in short)


def _digits(text: str) -> str:
    return "".join(sign for sign in text if sign.isdigit())


def _hospitals(stated: Stated, read: Sequence[FieldView]) -> Iterator[Finding]:
    asked = {paper.kind for paper in stated.book.papers if "二级以上" in paper.name}
    told = _place(stated.hospital)
    for place, one in {_place(str(one.value)): one for one in reversed(read) if one.name == "hospital"}.items():
        if any(other.kind in asked for other in stated.papers.values() if other.id == one.paper_id):
            yield at("hospital_level", f"本计划要求二级以上医疗机构，请核实“{one.value}”的等级", one, place)
        if told and told not in place and place not in told:
            yield at("hospital_differs", f"“{stated.papers[one.paper_id].name}”的医疗机构“{one.value}”与报案所写“{stated.hospital}”不同",
                     one, place, told)


def _place(hospital: str) -> str:
    return re.sub(r"[\s（）()·・]", "", unicodedata.normalize("NFKC", hospital))


def _diseases(stated: Stated, read: Sequence[FieldView]) -> Iterator[Finding]:
    """The diagnosis against the plan's names of diseases and the one stated; a list of codes alone says nothing of words."""
    known, told = names_of(stated.book), stated.words.event.disease
    for one in read:
        if one.name != "disease":
            continue
        name, said = stated.papers[one.paper_id].name, str(one.value)
        if told and not close(told, said):
            yield at("disease_differs", f"“{name}”的诊断“{said}”与所报病名“{told}”不同", one, said, told)
        elif known and not told and not any(close(listed, said) for listed in known):
            yield at("disease_not_listed", f"“{name}”的诊断“{said}”不直接是本计划所列病名，请核对病种和编码", one, said)


def _doubtful(stated: Stated) -> Iterator[Finding]:
    """One count of what the machine is not sure of and nobody has looked at."""
    left = [one for one in stated.fields if one.state == "read" and not sure(one)]
    if left:
        pages = "、".join(sorted({stated.papers[one.paper_id].name for one in left}))
        yield Finding("fields_doubtful", f"{pages}：有 {len(left)} 项机器读数把握不大，请对照原件核对", (str(len(left)),))

