"""Which papers exist, which lists are in order, what the automatic checks find. Pure."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.core.errors import InputError
from services.enrolment.heirs import PROOFS
from services.evidence.recognition.lines import Box
from services.rulebook.schema import RuleBook
from services.rulebook.values import nearest
from statemachines.states import ClaimState

# Papers that no plan's checklist asks for and any claim may get.
EXTRA = {"withdrawal": "撤回申请书（申请人签字）", **PROOFS, "objection": "异议书及证明材料",
         "objection_withdrawal": "撤回异议申请书（异议人签字）",
         "consent": "向保险公司提供个人信息的同意书", "certificate": "单位证明", "hospital": "住院治疗的其他证明资料", "other": "其他材料"}
PAPER_MIMES = frozenset({"application/pdf", "image/png", "image/jpeg", "image/webp", "image/heic"})
# Facts may still change in these states; after the decision a claim must be reopened first.
JUDGED_IN = frozenset({ClaimState.REPORTED, ClaimState.SUPPLEMENTING, ClaimState.VERIFIED, ClaimState.IN_REVIEW,
                       ClaimState.WITH_INSURER})
# What a succession rests on comes when somebody dies, also after the decision: it changes who is paid, not how much.
PROVED_IN = JUDGED_IN | {ClaimState.PAYABLE, ClaimState.PAID, ClaimState.CLOSED}
REJECTED_IN = frozenset({ClaimState.REPORTED, ClaimState.SUPPLEMENTING})
AFTER_CLOSING = frozenset(PROOFS) | {"objection", "objection_withdrawal"}   # an objection may come to a closed claim


def paper_name(book: RuleBook, kind: str) -> str:
    """The paper's Chinese name: the plan's own words, else the common ones."""
    return next((paper.name for paper in book.papers if paper.kind == kind), EXTRA.get(kind, kind))


def check_kind(book: RuleBook, kind: str, *, field: str = "kind") -> None:
    """A kind of the plan's list or a common one. InputError names the nearest."""
    kinds = [*(paper.kind for paper in book.papers), *EXTRA]
    if kind not in kinds:
        near = nearest(kind, kinds)
        raise InputError("paper_kind", f"不认识的材料种类“{kind}”", field=field,
                         remedy=f"是否应为 {near}？" if near else f"可用：{'、'.join(dict.fromkeys(kinds))}")


def list_items(book: RuleBook, items: Sequence[Mapping[str, str]], *, strict: bool = True) -> list[dict[str, str]]:
    """A supplement list's items, each with its reason; two about one paper become one.

    `strict` (our own lists): unknown kinds are errors; the insurer's become `other`, their word kept in the reason.
    """
    merged: dict[str, str] = {}
    for item in items:
        kind, why = str(item.get("paper", "")), str(item.get("reason", "")).strip()
        if not why:
            raise InputError("item_reason", f"“{kind}”没有写明补充的理由", remedy="逐项写明理由", field="items")
        if strict:
            check_kind(book, kind, field="items")
        elif kind not in {*(paper.kind for paper in book.papers), *EXTRA}:
            kind, why = "other", f"{kind}：{why}" if kind else why
        merged[kind] = f"{merged[kind]}；{why}" if kind in merged else why
    if not merged:
        raise InputError("items_empty", "补充清单没有内容", remedy="至少写一项", field="items")
    return [{"paper": kind, "name": paper_name(book, kind), "reason": why, "state": "open", "note": ""}
            for kind, why in merged.items()]


def answered_items(items: Sequence[Mapping[str, str]], answers: Sequence[Mapping[str, str]],
                   arrived: frozenset[str]) -> list[dict[str, str]]:
    """The items with the answers set in. `arrived`: kinds of papers uploaded since the list was asked.

    An item is answered by its paper or by a note that says why not; `unavailable` needs the note.
    """
    now = {item["paper"]: dict(item) for item in items}
    for answer in answers:
        kind, state, note = str(answer.get("paper", "")), answer.get("state"), str(answer.get("note") or "").strip()
        if kind not in now:
            raise InputError("item_unknown", f"补充清单里没有“{kind}”", remedy=f"清单为：{'、'.join(now)}", field="items")
        if state not in ("answered", "unavailable"):
            raise InputError("item_state", f"“{kind}”的答复只能是 answered 或 unavailable", remedy="改正 state", field="items")
        if not note and (state == "unavailable" or kind not in arrived):
            what = "无法提供的原因" if state == "unavailable" else "说明，或上传新的材料（与以前交过的相同的文件不算新交）"
            raise InputError("item_unanswered", f"“{now[kind].get('name', kind)}”须写明{what}", remedy="补上后再答复", field="items")
        now[kind] |= {"state": state, "note": note}
    return list(now.values())


SERIOUS, NOTE = "serious", "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a verifier must see. `severity`: `serious` wants an answer before verification, `note` may go without.

    `content` is what was held against what: together with code and place it makes the key, so that an answer stays with its finding
    from run to run, and another content is another finding. `box`: fractions of the page as shown.
    """

    code: str
    words: str
    content: tuple[str, ...] = ()
    severity: str = NOTE
    paper: uuid.UUID | None = None
    page: int | None = None
    box: Box | None = None
    field: uuid.UUID | None = None

    @property
    def key(self) -> str:
        """Its name in the claim. Numbers of identity and of cards come into `content` masked or as a keyed index only."""
        told = "\0".join((self.code, str(self.paper or ""), str(self.page or ""), *self.content))
        return hashlib.sha256(told.encode()).hexdigest()[:20]

    def to_dict(self) -> dict[str, object]:
        """As it is kept on the claim: code, words, key, severity; paper, page, box [left, top, right, bottom], field where known."""
        box = [round(edge, 4) for edge in (self.box.left, self.box.top, self.box.right, self.box.bottom)] if self.box else None
        placed = {"paper": self.paper and str(self.paper), "page": self.page, "box": box, "field": self.field and str(self.field)}
        return {"code": self.code, "words": self.words, "key": self.key, "severity": self.severity,
                **{name: value for name, value in placed.items() if value is not None}}


@dataclass(frozen=True, slots=True)
class Seen:
    """What the automatic checks look at of one claim besides what was read on its papers."""

    identity_matched: bool
    missing: tuple[str, ...]            # names of required papers that nobody uploaded yet
    decisive_fact: str                  # the fact that dates the plan, when it is not stated; else empty
    unshown: tuple[tuple[str, int], ...]    # names of papers and the number of a page that could not be drawn
    lost: tuple[str, ...]               # names of papers whose bytes the store has lost
    bank: str | None
    bank_allowed: bool
    late: bool
    cover_ended: bool


def findings(seen: Seen, on_papers: Sequence[Finding] = ()) -> list[Finding]:
    """What a verifier must see, worst first. `on_papers`: what the papers themselves gave (`cross_checks`, `repeats`).

    What another guard asks for anyway (the identity, a paper, the decisive fact, a card) is a note: it ends when that is there.
    """
    found = [finding for finding in on_papers if finding.severity == SERIOUS]
    if not seen.identity_matched:
        found.insert(0, Finding("identity_unmatched", "身份信息与参保名册不符"))
    found += [Finding("paper_unshown", f"“{name}”第{number}页无法显示：请下载原件核对，看不清的请申请人重新上传", (name, str(number)))
              for name, number in seen.unshown]
    found += [Finding("paper_lost", f"“{name}”的文件不在文件库里：请系统管理员从备份放回，不必请申请人重交", (name,)) for name in seen.lost]
    if seen.cover_ended:
        found.append(Finding("cover_ended", "保障已提前终止，请核对终止日与事件日"))
    found += [Finding("paper_missing", f"缺少：{name}", (name,)) for name in seen.missing]
    if seen.decisive_fact:
        found.append(Finding("fact_missing", f"尚未填写决定日期（{seen.decisive_fact}），须按材料补上", (seen.decisive_fact,)))
    if seen.bank is None:
        found.append(Finding("bank_missing", "尚未登记领款银行卡"))
    elif not seen.bank_allowed:
        found.append(Finding("bank_not_allowed", "领款银行不在本计划范围内，请会员更换", (seen.bank,)))
    if seen.late:
        found.append(Finding("late_report", "迟报案，请核实原因，不得仅因此不予给付"))
    return found + [finding for finding in on_papers if finding.severity != SERIOUS]
