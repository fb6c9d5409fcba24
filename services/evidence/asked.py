"""What is asked for and how it is put right: proposals from what a claim lacks, items with a reason and a remedy each. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.core.errors import InputError
from services.evidence import rules
from services.rulebook.paper_words import paper_words
from services.rulebook.schema import RuleBook

LONGEST = 500       # characters of a reason or a remedy

_AGAIN = "纸张放平、光线充足、四角拍全，重新拍照或者扫描；一页一张，不用滤镜"
_ISSUER = "请出具材料的单位更正或者补齐，加盖印章后重新提交"
# What a verifier finds wrong with a paper most often, and what the member can do about it.
STOCK: tuple[tuple[str, str], ...] = (
    ("影像不清，无法辨认", _AGAIN),
    ("缺页", "各页都要拍全，按页码顺序一并提交"),
    ("印章不清", "请出具材料的单位在清楚处重新盖章，或者把盖章处单独拍清后提交"),
    ("没有出具单位的印章", "请出具材料的单位补盖印章（医院为诊断证明专用章或者病案室章）后重新提交"),
    ("没有签名", "由会员本人签名后重新提交；本人不能签名的，由代办人签名并附代办证明"),
    ("没有注明标本提取（采集）日期", "请医院病理科在报告上注明标本提取（采集）日期并盖章"),
    ("没有入院、出院日期", "向住院医院的病案室申请复印写有入院、出院日期的记录"),
    ("不是本人的材料", "提交会员本人的材料"),
    ("姓名或者证件号码与参保登记不一致", _ISSUER),
    ("日期与申报不符", "核对日期：材料有误的，" + _ISSUER + "；申报有误的，书面说明"),
    ("身份证已过有效期", "提交有效期内的身份证正面和反面"),
    ("不是会员本人名下的银行卡，或者不在规定的银行", "提交会员本人名下、规定银行的借记卡正面照片"),
    ("提交的不是所要求的材料", "按材料名称重新提交"),
)
_REMEDIES = dict(STOCK)
_OTHER = "按所写的理由准备，有出具单位的须盖章；确实没有的，写明原因"


@dataclass(frozen=True, slots=True)
class Proposal:
    """One kind of paper that may be asked for. `state` as in the checklist, empty for a kind it does not hold.

    `ticked`: proposed by itself; `seen`: what the automatic checks found on such a paper, for the verifier to judge.
    """

    kind: str
    name: str
    state: str
    ticked: bool
    reason: str
    remedy: str
    seen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Faulty:
    """What is known against the papers of one kind. `fault`: of one sent back; `unread`: labels of fields and pages nobody can read;
    `seen`: words of findings.
    """

    fault: str = ""
    unread: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()


def remedy_of(book: RuleBook, kind: str, reason: str = "") -> str:
    """How it is put right: what helps against a stock reason; else where the paper is got and what must be seen on it."""
    told = paper_words().get(kind)
    if reason in _REMEDIES:
        return _REMEDIES[reason]
    if kind == "other":
        return _OTHER
    if told is not None:
        return f"{told.where.zh}要求：{told.see.zh.removesuffix('。')}"
    name = rules.paper_name(book, kind)
    return f"提交{name if name.startswith('《') else f'“{name}”'}的清晰照片或者扫描件，有出具单位的须盖章"


def proposals(book: RuleBook, checklist: Sequence[tuple[str, str]], faulty: Mapping[str, Faulty]) -> list[Proposal]:
    """A line for each kind of the checklist (kind, state), for every other kind that something is known against, and for `other`."""
    listed = dict(checklist)
    kinds = [*listed, *(kind for kind in faulty if kind not in listed and kind != "other"), "other"]
    return [_proposal(book, kind, listed.get(kind, ""), faulty.get(kind, Faulty())) for kind in kinds]


def _proposal(book: RuleBook, kind: str, state: str, known: Faulty) -> Proposal:
    """Without a reason of its own no remedy is proposed: it follows the reason that is written."""
    name = rules.paper_name(book, kind)
    if state == "missing":
        return Proposal(kind, name, state, True, f"尚未收到{name}", remedy_of(book, kind), known.seen)
    if known.fault:
        return Proposal(kind, name, state, state != "accepted", known.fault, remedy_of(book, kind, known.fault), known.seen)
    if known.unread:
        return Proposal(kind, name, state, True, f"{'、'.join(known.unread)}看不清，无法核对", _AGAIN, known.seen)
    return Proposal(kind, name, state, False, "；".join(known.seen), "", known.seen)


def items(book: RuleBook, asked: Sequence[Mapping[str, str]], *, strict: bool = True) -> list[dict[str, str]]:
    """A list's items, each with its reason and its remedy; where none was written, what `remedy_of` says.

    InputError: empty, without a reason; where `strict` (our own lists) also an unknown kind, or too long.
    """
    listed = rules.list_items(book, asked, strict=strict)
    typed: dict[str, list[str]] = {}
    for item in asked:
        said = str(item.get("remedy") or "").strip()
        kind = str(item.get("paper", ""))
        place = kind if any(one["paper"] == kind for one in listed) else "other"
        if said and said not in typed.setdefault(place, []):
            typed[place].append(said)
    made = [item | {"remedy": "；".join(typed.get(item["paper"], ())) or remedy_of(book, item["paper"], item["reason"])} for item in listed]
    for item in made:
        if strict and max(len(item["reason"]), len(item["remedy"])) > LONGEST:
            raise InputError("item_long", f"“{item['name']}”的理由或者补法超过{LONGEST}字", remedy="写短一些", field="items")
    return made
