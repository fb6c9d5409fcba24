"""One wording as an office reads it, from who may join to the readings it rests on: for the command and for its page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from services.core.identity import BANKS
from services.core.words import date_cn
from services.engine.conditions import expand
from services.engine.telling.why_not import plan_name, who_may_join
from services.engine.telling.wording import amount_words, condition_words, ended_words, steps_words, total_words
from services.engine.telling.words import days_of, label, percent, plain, shown
from services.rulebook import readings, registry
from services.rulebook.exclusions import asked
from services.rulebook.forms import CHOICES
from services.rulebook.parts import Banks, Benefit, ListRule
from services.rulebook.reasons import FLAGS
from services.rulebook.schema import RuleBook
from services.rulebook.values import Condition, Sourced

ACTS = {"certify": "核实证明", "review": "审核", "informed": "知会"}
ROLES = {"unit_clerk": "单位经办人", "district_reviewer": "区县（产业）审核员", "office_reviewer": "办事处初审员",
         "senior_reviewer": "办事处复审员", "head": "办事处主任"}
CLOCKS = {"report": "报案", "verification": "核对材料", "supplement": "补件", "finance": "财务", "bank": "银行", "pay": "给付",
          "objection": "异议", "limitation": "申领时效", "assessment": "保险公司核定", "refusal_letter": "拒付通知",
          "agreement": "达成协议后给付", "advance": "先予给付"}
ORIGINS = {"ours": "自定", "UNVERIFIED": "未经核实", "reading": "依解读", "association": "协会通例", "web": "网上公开材料",
           "promise": "公开承诺"}
_ENROLLED = {"staff": "职工", "women": "女职工", "parents": "有子女的职工"}
_PAYERS = {"government": "政府", "public_institution": "事业单位"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `kind`: "text" (a sentence), "fact" (name and words), "entry" (numbered), "detail" (under the entry before it).

    `source` names clause, origin and readings, empty where the line has none of its own.
    """

    kind: Literal["text", "fact", "entry", "detail"]
    words: str
    name: str = ""
    source: str = ""

    @property
    def said(self) -> str:
        """The whole line as a sentence."""
        named = f"{self.name}：" if self.kind == "fact" else f"{self.name}. " if self.kind == "entry" and self.name else ""
        return f"{named}{self.words}{f'（{self.source}）' if self.source else ''}"


@dataclass(frozen=True, slots=True)
class Section:
    """A titled part of a wording; the first has no title."""

    key: str
    title: str
    lines: tuple[Line, ...]


def wording(book: RuleBook) -> list[Section]:
    """The wording from head to foot; parts without content are left out."""
    made = [Section(key, title, tuple(part(book))) for key, title, part in _PARTS]
    return [section for section in made if section.lines]


def _fact(name: str, words: str, rule: Sourced | None = None) -> Line:
    return Line("fact", words, name, _source(rule) if rule else "")


def _source(rule: Sourced, besides: str = "") -> str:
    """第四条；依解读 A-10; a clause already said is not said again."""
    named = rule.origin == "reading" and rule.read      # the readings say it themselves
    parts = [rule.clause if rule.clause != besides else "", "" if named else ORIGINS.get(rule.origin, ""),
             f"解读 {'、'.join(rule.read)}" if rule.read else ""]
    return "；".join(part for part in parts if part)


def _head(book: RuleBook) -> Iterator[Line]:
    yield Line("text", f"{book.office_name}；{f'{book.insurer}承保、核定' if book.insurer else '办事处自办'}")
    end = f"，至{date_cn(book.until)}停办" if book.until else ""
    yield Line("text", f"自{date_cn(book.from_)}起施行{end}；受理：{'、'.join(CHOICES[kind] for kind in book.kinds)}")
    yield Line("fact", book.source, "依据")
    if book.bundle:
        yield Line("fact", "、".join(plan_name(plan) for plan in book.bundle), "组合")


def _joining(book: RuleBook) -> Iterator[Line]:
    rule, first = book.eligible, who_may_join(book.eligible, renewal=False)
    again = who_may_join(rule, renewal=True).get("person.age")
    who = [*first.values(), *([f"续保{again}"] if again and again != first.get("person.age") else []),
           *(["身体健康、能正常工作"] if rule.healthy else [])]
    if who:
        yield _fact("参加对象", "、".join(who), rule)
    if book.participation:
        yield _fact("参加人数", _participation(book), book.participation)
    yield _fact("费用", _fee(book), book.fee)
    yield _fact("份数", f"每人最多{book.shares.max}份", book.shares)
    yield _fact("保障期", f"{book.term.years}年", book.term)
    if book.payer_ban:
        yield _fact("不得由其出资", "、".join(_PAYERS.get(payer, payer) for payer in book.payer_ban.payers), book.payer_ban)
    if book.requires:
        yield _fact("须先参加", plan_name(book.requires.plan), book.requires)


def _participation(book: RuleBook) -> str:
    rule = book.participation
    assert rule is not None
    small = [f"少于{rule.all_below}人的单位全体参加"] if rule.all_below else []
    small += [f"{rule.all_up_to}人以下（含）的单位全体参加"] if rule.all_up_to else []
    return "，".join([f"不少于{_ENROLLED[rule.of]}总数的{percent(rule.share)}", *small])


def _fee(book: RuleBook) -> str:
    fee, per = book.fee, "每份" if book.fee.per == "share" else "每人"
    high = f"，高危工种{amount_words(fee.high_risk)}" if fee.high_risk is not None else ""
    return f"{per}每期{amount_words(fee.amount)}{high}"


def _dating(book: RuleBook) -> Iterator[Line]:
    days = "、".join(label(fact) for fact in book.dated_by)
    yield _fact("决定日期", f"{days}{'，取最先申报的一项' if len(book.dated_by) > 1 else ''}"
          + (f"（{book.dated_clause}）" if book.dated_clause else ""))
    if book.waiting:
        rule = book.waiting
        back = "，退还所交费用" if rule.outcome == "refund" else ""
        renewed = "；连续续保的没有" if rule.unless else ""
        yield _fact("观察期（等待期）", f"{days_of(rule.days)}不给付{back}{renewed}{_limited(book, rule.when)}", rule)
    if book.bands:
        spans = "；".join(days_of(span) + ("按各项待遇给付" if name in _paid_bands(book) else "不给付")
                         for name, span in book.bands.ranges.items())
        renewed = f"；连续续保的自第1天起按{days_of(book.bands.ranges[book.bands.renewal])}一段" if book.bands.renewal else ""
        yield _fact("观察期", f"{spans}{renewed}{_limited(book, book.bands.when)}", book.bands)


def _paid_bands(book: RuleBook) -> set[str]:
    return {name for benefit in book.benefits.values() for condition in benefit.when if condition.fact == "band"
            for name in condition.any_of}


def _limited(book: RuleBook, when: Iterable[Condition]) -> str:
    limits = [condition_words(book, condition) for condition in when]
    return f"；只限{'、'.join(limits)}的" if limits else ""


def _benefits(book: RuleBook) -> Iterator[Line]:
    for number, benefit in enumerate(book.benefits.values(), 1):
        yield from _benefit(book, number, benefit)
    for group in book.one_of:
        names = "、".join(dict.fromkeys(book.benefits[name].name for name in group.benefits if name in book.benefits))
        yield _fact("同一事件只给付一项", names, group)
    if book.total:
        yield _fact("合计", total_words(book.total), book.total)
    if book.once_per:
        yield _fact("同一疾病", "只给付一次", book.once_per)


def _benefit(book: RuleBook, number: int, benefit: Benefit) -> Iterator[Line]:
    yield Line("entry", benefit.name, str(number), _source(benefit))
    if benefit.when:
        yield Line("detail", f"条件：{'，'.join(condition_words(book, condition) for condition in benefit.when)}")
    for words, step in steps_words(book, benefit):
        yield Line("detail", f"· {words}", source=_source(step, besides=benefit.clause))
    if benefit.asks:
        yield Line("detail", f"核定时参看：{'、'.join(label(fact) for fact in benefit.asks)}")
    if benefit.ends:
        own = benefit.ends != ("all",) and {book.benefits[name].name for name in benefit.ends} == {benefit.name}
        yield Line("detail", "本保障期内只给付一次" if own else f"给付后在本保障期内终止：{ended_words(book, benefit.ends)}")
    if benefit.exclusions:
        yield Line("detail", f"另有除外责任{len(expand(benefit.exclusions))}项，见下")


def _lists(book: RuleBook) -> Iterator[Line]:
    for name, rule in book.lists.items():
        yield _fact(rule.name or name, "；".join(_listed(rule)) or "目录没有公开，由审核人确认", rule)


def _listed(rule: ListRule) -> list[str]:
    return [*([f"疾病编码 {'、'.join(rule.icd10)}"] if rule.icd10 else []),
            *([f"性质码 {'、'.join(shown('event.behaviour', code) for code in rule.behaviour)}"] if rule.behaviour else []),
            *(["、".join(rule.diseases)] if rule.diseases else [])]


def _exclusions(book: RuleBook) -> Iterator[Line]:
    closing: dict[str, list[str]] = {name: [] for name in expand(book.exclusions)}
    for benefit in book.benefits.values():
        for name in expand(benefit.exclusions):
            closing.setdefault(name, []).append(benefit.name)
    if not closing:
        return
    for number, question in enumerate(asked(book, closing), 1):
        only = dict.fromkeys(closing[question["id"]])
        about = f"；只涉及{'、'.join(only)}" if only and len(only) < len({one.name for one in book.benefits.values()}) else ""
        yield Line("entry", question["question"], str(number), f"{question['clause']}{about}")


def _papers(book: RuleBook) -> Iterator[Line]:
    for number, paper in enumerate(book.papers, 1):
        need = "" if paper.required else "，可不交"
        when = f"，{'、'.join(condition_words(book, condition) for condition in paper.when)}时" if paper.when else ""
        proves = f"；证明{'、'.join(label(fact) for fact in paper.proves)}" if paper.proves else ""
        yield Line("entry", f"{paper.name}{when}{need}{proves}", str(number), _source(paper))


def _chain(book: RuleBook) -> Iterator[Line]:
    for number, level in enumerate(book.chain, 1):
        days = f"，{level.days}个工作日" if level.days else ""
        above = f"，金额超过{plain(level.above)}元的" if level.above is not None else ""
        yield Line("entry", f"{level.name}：{ACTS[level.act]}（{ROLES[level.role]}）{days}{above}", str(number), _source(level))


def _clocks(book: RuleBook) -> Iterator[Line]:
    for name, rule in book.clocks.items():
        kind = "个工作日" if rule.kind == "working" else "日"
        span = f"{rule.years}年" if rule.years else f"{rule.days}{kind}"
        yield _fact(CLOCKS.get(name, name), f"{span}，自{rule.start.removeprefix('自')}", rule)


def _rest(book: RuleBook) -> Iterator[Line]:
    yield _fact("收款银行", _banks(book.banks), book.banks)
    for flag in book.flags:
        when = "、".join(condition_words(book, condition) for condition in flag.when) or "每一件"
        yield _fact("提示审核人", f"{FLAGS.get(flag.code, flag.code)}（{when}）", flag)


def _banks(banks: Banks) -> str:
    return "、".join(BANKS.get(code, code) for code in banks.allow) or "不限"


def _readings(book: RuleBook) -> Iterator[Line]:
    names = list(readings.resting(registry.documents(book.plan, book.version)))
    if not names:
        return
    for name in names:
        found = readings.register().get(name)
        if found:
            state = "已确认" if found.state == "confirmed" else "未确认"
            yield Line("text", f"{name} {found.question}（{state}）")



_PARTS: tuple[tuple[str, str, Callable[[RuleBook], Iterator[Line]]], ...] = (
    ("head", "", _head), ("joining", "参加", _joining), ("dating", "哪一天算数", _dating), ("benefits", "待遇", _benefits),
    ("lists", "病种", _lists), ("exclusions", "除外责任（审核时逐项回答，答“是”的不给付）", _exclusions), ("papers", "材料", _papers),
    ("chain", "审核", _chain), ("clocks", "时限", _clocks), ("rest", "收款银行和提示", _rest),
    ("readings", "所依据的解读", _readings))
