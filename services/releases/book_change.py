"""A proposed rule-book: the file's text, whole and sound, with sample cases and what they came to. Pure.

Payload: {"plan", "effective", "text", "sha256", "samples"}. `sha256` is that of the text; `samples` are computations
(`{"name", "input"}`) with the outcome and total as computed when proposed, so that the second person releases what was seen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.core.errors import HuzhuError, InputError
from services.engine import one
from services.engine.checking.check import proposal
from services.engine.telling.worksheet import worksheet
from services.releases.books import document_named
from services.rulebook import registry
from services.rulebook.schema import RuleBook
from services.rulebook.validation import Finding
from services.rulebook.vocabulary import parse

LONGEST = 60_000            # characters; the longest of the program's own files has 12,000
MOST_SAMPLES = 24
_KEYS = {"plan", "effective", "text"}
_MAY = {"sha256", "samples"}


@dataclass(frozen=True, slots=True)
class Sample:
    """One case under a proposed book: its worksheet, or why it cannot be computed."""

    name: str
    given: Mapping[str, object]
    sheet: Mapping[str, object] | None
    fault: str = ""

    @property
    def said(self) -> dict[str, object]:
        """What is kept of it."""
        sheet = self.sheet or {}
        lines = sheet.get("lines")
        amounts = {str(line["benefit"]): line["amount"] for line in lines} if isinstance(lines, list) else {}
        return {"name": self.name, "input": dict(self.given), "outcome": sheet.get("outcome", "refused"),
                "total": sheet.get("total", "0.00"), "lines": amounts}


def checked(payload: Mapping[str, object], effective_on: date) -> dict[str, object]:
    """The payload as it will be kept. InputError (field "payload.…") naming what is wrong, by key of the file where it is there."""
    wrong = (set(payload) - _KEYS - _MAY) | (_KEYS - set(payload))
    if wrong:
        raise _refused(f"内容的键不对：{'、'.join(sorted(wrong))}", f"应有：{'、'.join(sorted(_KEYS))}", min(wrong))
    text = payload["text"]
    if not isinstance(text, str) or not text.strip() or len(text) > LONGEST:
        raise _refused(f"条款文件为空，或超过 {LONGEST} 字", "传上整个规则文件", "text")
    digest = hashlib.sha256(text.encode()).hexdigest()
    if payload.get("sha256", digest) != digest:
        raise _refused("sha256 与条款文件不符", "核对文件", "sha256")
    book = sound(str(payload["plan"]), text)
    if book.plan != payload["plan"]:
        raise _refused(f"文件写的是 {book.plan}", "计划代码与文件一致", "plan")
    if book.version != payload["effective"] or effective_on != book.from_:
        raise InputError("release_effective", f"生效日与条款文件的生效日（{book.version}）不一致", remedy="以条款文件为准",
                         field="effective_on")
    require_new(book)
    return {"plan": book.plan, "effective": book.version, "text": text, "sha256": digest,
            "samples": [sample.said for sample in computed(book, _given(payload.get("samples", [])))]}


def sound(plan: str, text: str) -> RuleBook:
    """The book of a file with no findings. InputError `rulebook_unsound` tells the first, and how many there are."""
    book, found = read(plan, text)
    if book is None or found:
        first = found[0]
        raise InputError("rulebook_unsound", f"第{first.line}行 {first.message}" + (f"（共{len(found)}处）" if len(found) > 1 else ""),
                         remedy="改正后再提交；全部问题用 huzhu plans check 或“组合计划”页查看", field="payload.text")
    return book


def read(plan: str, text: str) -> tuple[RuleBook | None, list[Finding]]:
    """The whole book (with its bundle's parts) and everything wrong with the file; no book where it cannot be read."""
    try:
        document = document_named(plan, text)
    except InputError as error:
        return None, list(getattr(error, "findings", [Finding(plan, 1, "", error.message)]))
    return proposal(document)


def require_new(book: RuleBook) -> None:
    """A plan has one wording from one day, stands under one office, and its code begins as that office's do."""
    known = registry.offices()
    if any(one.version == book.version for one in registry.plans() if one.plan == book.plan):
        raise _refused(f"{book.plan} 已有 {book.version} 起施行的一版，放行过的条款不再改动", "另定生效日", "effective")
    if known.get(book.plan, book.office) != book.office:
        raise _refused(f"{book.plan} 属于 {known[book.plan]}，不属于 {book.office}", "核对计划代码和办事机构", "plan")
    prefixes = {office: plan.partition("-")[0] for plan, office in known.items()}
    own = prefixes.get(book.office, book.plan.partition("-")[0])
    if book.plan.partition("-")[0] != own:
        raise _refused(f"{book.office_name}的计划代码以 {own}- 开头", f"写成 {own}-…", "plan")


def computed(book: RuleBook, samples: Sequence[tuple[str, Mapping[str, object]]]) -> list[Sample]:
    """Each case with its worksheet under this book; one that the book refuses says why."""
    found = []
    for name, given in samples:
        try:
            sheet = worksheet(one.assess(book, parse({**given, "plan": book.plan})))
            found.append(Sample(name, given, sheet))
        except HuzhuError as error:
            found.append(Sample(name, given, None, error.message))
    return found


def samples_of(payload: Mapping[str, object]) -> list[Mapping[str, object]]:
    """The kept samples of a payload."""
    found = payload.get("samples", [])
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _given(raw: object) -> list[tuple[str, Mapping[str, object]]]:
    found = [(str(row.get("name", "")), row["input"]) for row in (raw if isinstance(raw, list) else [])
             if isinstance(row, Mapping) and isinstance(row.get("input"), Mapping)]
    if not isinstance(raw, list) or len(found) != len(raw) or len(raw) > MOST_SAMPLES:
        raise _refused(f"算例应是至多 {MOST_SAMPLES} 项的列表，每项有 name 和 input", "核对算例", "samples")
    return found


def _refused(message: str, remedy: str, field: str) -> InputError:
    return InputError("release_payload", message, remedy=remedy, field=f"payload.{field}")
