"""What one sheet says against itself: sums, amounts in words, days of a stay, the seal, the kind of sheet. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from services.core.errors import InputError
from services.core.money import show
from services.core.words import date_cn, read_back
from services.evidence.readings import FieldView
from services.evidence.recognition.vocabulary import OFFICIAL, SHEETS, sheets_for
from services.evidence.rules import NOTE, SERIOUS, Finding

SURE = 0.9      # a machine's reading below this contradicts nothing: a person looks at it first
ANSWERED = frozenset({"accepted", "corrected"})


@dataclass(frozen=True, slots=True)
class PaperRead:
    """One paper as the checks see it: its kind, its name in words, how it was read (empty: not yet) and page → kind of sheet."""

    id: uuid.UUID
    kind: str
    name: str
    source: str
    sheets: Mapping[int, str]


def sure(field: FieldView) -> bool:
    """Whether its value may contradict something: a person's word, or a machine's that is confident enough."""
    if field.value is None or field.state == "unreadable" or not _formed(field):
        return False
    return field.state in ANSWERED or (field.confidence or 0.0) >= SURE


def _formed(field: FieldView) -> bool:
    """In the written form of its type: an older reader's value must not stop the checks. Unknown sheets and names are not."""
    spec = next((spec for spec in SHEETS[field.sheet].fields if spec.name == field.name), None) if field.sheet in SHEETS else None
    try:
        _FORMS[spec.type if spec else "none"](str(field.value))
    except (KeyError, ValueError, ArithmeticError):
        return False
    return True


_FORMS: Mapping[str, Callable[[str], object]] = {"date": date.fromisoformat, "money": Decimal, "int": int, "text": str, "number": str,
                                                 "flag": str}


def at(code: str, words: str, field: FieldView, *content: str, severity: str = NOTE) -> Finding:
    """A finding with its place."""
    return Finding(code, words, content, severity, field.paper_id, field.page, field.box, field.id)


Sheet = Mapping[str, FieldView]


def sheets_of(fields: Iterable[FieldView]) -> list[Sheet]:
    """The sure fields of each sheet by name: of one page and, where it holds several, of one place."""
    found: dict[tuple[uuid.UUID, int, int], dict[str, FieldView]] = {}
    for field in fields:
        if sure(field):
            found.setdefault((field.paper_id, field.page, field.place), {})[field.name] = field
    return list(found.values())


def of_sheets(fields: Sequence[FieldView], papers: Mapping[uuid.UUID, PaperRead]) -> list[Finding]:
    """What the sheets of a claim say against themselves."""
    found = [finding for sheet in sheets_of(fields) for check in (_own_parts, _total, _in_words, _days)
             for finding in check(sheet, papers)]
    for paper in papers.values():
        found += [*_kind(paper), *_seal(paper, [field for field in fields if field.paper_id == paper.id])]
    return found


def _money(sheet: Sheet, *names: str) -> list[Decimal] | None:
    """These amounts; None when one is not surely read."""
    return [Decimal(str(sheet[name].value)) for name in names] if all(name in sheet for name in names) else None


def _own_parts(sheet: Sheet, papers: Mapping[uuid.UUID, PaperRead]) -> Iterator[Finding]:
    read = _money(sheet, "own_1", "own_2", "own_expense", "own_payment")
    if read and sum(read[:3], Decimal(0)) != read[3]:
        field = sheet["own_payment"]
        words = (f"“{papers[field.paper_id].name}”自付一 {show(read[0])} + 自付二 {show(read[1])} + 自费 {show(read[2])} = "
                 f"{show(sum(read[:3], Decimal(0)))}，与个人支付合计 {show(read[3])} 不符")
        yield at("amounts_wrong", words, field, *map(show, read), severity=SERIOUS)


def _total(sheet: Sheet, papers: Mapping[uuid.UUID, PaperRead]) -> Iterator[Finding]:
    """Parts above the total cannot be; a rest may be paid by a fund that the sheet names elsewhere."""
    read = _money(sheet, "total", "pool_fund_paid", "large_fund_paid", "own_payment")
    if not read or read[0] == (parts := sum(read[1:], Decimal(0))):
        return
    field, name = sheet["total"], papers[sheet["total"].paper_id].name
    words = f"“{name}”费用总额 {show(read[0])}，各基金支付与个人支付合计 {show(parts)}，相差 {show(abs(read[0] - parts))}"
    over = parts > read[0]
    yield at("amounts_wrong", words if over else f"{words}：请核对是否有其他基金支付", field, *map(show, read),
             severity=SERIOUS if over else NOTE)


def _in_words(sheet: Sheet, papers: Mapping[uuid.UUID, PaperRead]) -> Iterator[Finding]:
    if "amount" not in sheet or "amount_in_words" not in sheet:
        return
    field, said = sheet["amount"], str(sheet["amount_in_words"].value)
    in_words = _yuan(said)
    if in_words is not None and in_words != Decimal(str(field.value)):
        words = f"“{papers[field.paper_id].name}”小写金额 {field.value} 与大写“{said}”不符"
        yield at("amount_words_differ", words, field, str(field.value), show(in_words), severity=SERIOUS)


def _yuan(words: str) -> Decimal | None:
    """Yuan of an amount in words; None when it is not one, which a person must look at anyhow."""
    plain = words.replace("人民币", "").replace("圆", "元").replace("正", "整")
    for form in (plain, f"{plain}整", plain.removesuffix("整")):
        try:
            return read_back(form)
        except InputError:
            continue
    return None


def _days(sheet: Sheet, papers: Mapping[uuid.UUID, PaperRead]) -> Iterator[Finding]:
    """Days between admission and discharge, at least one, as the plans count them (reading A-17)."""
    if not {"admitted_on", "discharged_on", "days"} <= set(sheet):
        return
    start, end = (date.fromisoformat(str(sheet[name].value)) for name in ("admitted_on", "discharged_on"))
    field, name = sheet["days"], papers[sheet["days"].paper_id].name
    if end < start:
        words = f"“{name}”出院日期 {date_cn(end)} 早于入院日期 {date_cn(start)}"
        yield at("stay_backwards", words, sheet["discharged_on"], str(start), str(end), severity=SERIOUS)
    elif int(str(field.value)) != (counted := max(1, (end - start).days)):
        words = f"“{name}”写住院 {field.value} 天，{date_cn(start)} 至 {date_cn(end)} 按出院日减入院日为 {counted} 天，以后者计算"
        yield at("days_differ", words, field, str(field.value), str(start), str(end))


def _kind(paper: PaperRead) -> Iterator[Finding]:
    """Another kind of sheet than the paper was handed in as. Kinds that no machine reads may hold anything."""
    expected = {spec.sheet for spec in sheets_for(paper.kind)}
    seen = sorted({sheet for sheet in paper.sheets.values() if sheet in SHEETS})
    if expected and seen and not expected & set(seen):
        names = "、".join(SHEETS[sheet].name for sheet in seen)
        yield Finding("sheet_differs", f"交来的“{paper.name}”看起来是{names}，请核对材料种类", tuple(seen), paper=paper.id,
                      page=min(paper.sheets))


def _seal(paper: PaperRead, fields: Sequence[FieldView]) -> Iterator[Finding]:
    """No seal on any page of an official sheet that a machine looked at as a picture."""
    pages = [page for page, sheet in sorted(paper.sheets.items()) if sheet in OFFICIAL]
    if paper.source != "ocr" or not pages or any(field.name == "seal" and field.value for field in fields):
        return
    yield Finding("seal_missing", f"“{paper.name}”上没有认出印章，请核对", paper=paper.id, page=pages[0])
