"""What a computation says to the member: a few plain sentences with their clauses, as an office would sign them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from services.core.words import date_cn
from services.engine.one import Assessed
from services.engine.steps import ZERO
from services.engine.telling.phrases import how
from services.engine.telling.why_not import Why, dating_fact, disease_of, waiting_word, why, why_all
from services.engine.telling.words import cite, days_of, label, yuan
from services.rulebook.computation import Event
from services.rulebook.parts import holds
from services.rulebook.results import Line, Nothing

# The reason a refusal gives first: the one that came nearest to paying.
_NEAREST = ("not_in_cover", "prerequisite_missing", "not_eligible", "excluded", "waiting_period", "already_paid_disease",
            "ended", "cap_reached", "zero_amount", "in_situ", "not_primary", "not_in_list", "severity_differs",
            "not_claimed", "band_differs", "condition_not_met", "one_of")
# These say themselves what they are about.
_WHOLE = ("not_in_cover", "prerequisite_missing", "not_eligible", "waiting_period", "in_situ", "not_primary", "not_in_list",
          "not_claimed")
# Beside a payment, only these surprise a member enough to be told.
_TOLD = ("excluded", "already_paid_disease", "ended", "cap_reached", "zero_amount")

_DONE = {
    "not_in_cover": "如日期记录有误，请补交有关证明，我们将重新计算",
    "prerequisite_missing": "如已参加，请提交参保凭证，我们将重新计算",
    "not_eligible": "如身份信息有误，请提交身份证等证明更正",
    "excluded": "如与事实不符，请提交有关证明，我们将重新审核",
    "waiting_period": "如属不间断续保，请提交上一期参保凭证，我们将重新计算",
    "already_paid_disease": "如不是同一疾病，请提交诊断和病理材料，我们将重新审核",
    "ended": "如对已付记录有疑问，可以请经办单位核对",
    "cap_reached": "如对已付记录有疑问，可以请经办单位核对",
    "zero_amount": "如还有未申报的住院或费用，请补报，我们将重新计算",
    "band_differs": "如日期记录有误或属不间断续保，请提交证明，我们将重新计算",
    "in_situ": "如病理报告另有结论，请补交，我们将重新审核",
    "not_primary": "如病理报告能证明是原发，请补交，我们将重新审核",
    "not_in_list": "如诊断证明或病理报告另有结论，请补交，我们将重新审核",
    "severity_differs": "如诊断证明另有结论，请补交，我们将重新审核",
    "condition_not_met": "如与事实不符，请提交有关证明，我们将重新审核",
    "one_of": "如对计算有疑问，可以请经办单位核对",
}


def member(found: Assessed) -> tuple[str, ...]:
    """Two to four sentences: what happened and in which days of cover, what is paid or not and by which clause, the sum."""
    result = found.result
    if result.outcome == "refund":
        return _refund(found)
    if result.outcome == "nothing" and not result.lines:
        return _nothing(found)
    told = [item for item in result.nothing if item.reason in _TOLD]
    sentences = [f"{_event(found)}，{_cover(found)}。", _payments(found), *_sum(found), *_waits(found), *_beside(found, told)]
    return tuple(sentence for sentence in sentences if sentence)


def _who(found: Assessed) -> str:
    """The letter's reader, or whom it is about where that is somebody else."""
    c = found.c
    died = c.event.death or c.event.sudden_death or c.event.kind == "death"
    reader = "会员" if died else "您"
    return f"{reader}的子女" if c.person.relation == "child" or c.event.victim == "child" else reader


_SETTINGS = {"work": "在工作中", "life": "在生活中", "non_work": "在工作以外"}
_CAUSES = {"fire": "家中发生火灾", "burst_pipe": "家中水暖管爆裂"}


def _event(found: Assessed) -> str:
    """`您于2026年4月20日提取病检标本，确诊乳腺癌`; the day is the one that decides where the event has it."""
    event, who, fact = found.c.event, _who(found), dating_fact(found)
    if event.kind == "medical_year":
        return f"{who}申报{event.year}年度医疗费用"
    if event.kind == "diagnosis" and not event.sudden_death:
        decided = {"event.specimen_on": "提取病检标本，", "event.stays.from": "住院，", "event.on": "发病，"}.get(fact)
        on = found.facts.decisive if decided else event.diagnosed_on
        return f"{who}{_day(on)}{decided or ''}确诊{disease_of(found.facts)}"
    on = found.facts.decisive if fact.startswith("event.") and event.kind != "accident" else event.on
    return f"{who}{_day(on)}{_happened(event, fact)}"


def _day(on: date | None) -> str:
    return f"于{date_cn(on)}" if on else ""


def _happened(event: Event, fact: str) -> str:
    if event.sudden_death:
        return "因急性疾病猝死"
    if event.kind == "accident":
        return f"{_SETTINGS.get(event.setting or '', '')}发生意外伤害" + ("身故" if event.death else "")
    if event.kind == "property":
        return _CAUSES.get(event.cause or "", "家中财产受损")
    settled = event.kind == "settlement" or fact == "event.settled_on"
    return {"death": "身故", "consolation": "申领慰问金"}.get(event.kind) or ("结算住院医疗费用" if settled else "住院治疗")


def _cover(found: Assessed) -> str:
    """`在保障期内且已过30天等待期`."""
    book, facts, cover = found.book, found.facts, found.c.cover
    rule, word = book.bands or book.waiting, waiting_word(found)
    if rule is None or not all(holds(condition, facts.get(condition.fact)) for condition in rule.when):
        return "在保障期内"
    if cover.renewal and (book.bands is None or book.bands.renewal):
        return f"在保障期内，连续续保没有{word}"
    if book.waiting:
        return f"在保障期内且已过{book.waiting.days.high}天{word}"
    span = book.bands.ranges.get(facts.band.band) if book.bands else None
    if span is None or span.low is None:
        return "在保障期内"
    if span.high is None:
        return f"在保障期内且已过{span.low - 1}天{word}"
    return f"在保障期内，是生效后第{facts.band.day}天（{word}{days_of(span)}一段）"


def _payments(found: Assessed) -> str:
    lines = [line for line in found.result.lines if not line.manual and line.amount]
    parts: list[str] = []
    cited = ""
    for line in lines:
        clause = cite(found.book, line.clause)
        said = _under(clause, cited)
        cited = clause
        parts.append("，".join(part for part in (said, _line(found, line)) if part))
    return f"{'；'.join(parts)}。" if parts else ""


def _under(clause: str, cited: str) -> str:
    """依 and the clause; the document is named once, the same clause not again."""
    if clause == cited:
        return ""
    title = clause[:clause.find("》") + 1]
    return f"依{clause[len(title):]}" if title and cited.startswith(title) and clause != title else f"依{clause}"


def _line(found: Assessed, line: Line) -> str:
    said = how(line.rows, found.facts)
    paid = f"给付{line_name(found, line.benefit)}{yuan(line.amount)}"
    return f"{said}，{paid}" if said else paid


def line_name(found: Assessed, benefit: str) -> str:
    """The benefit in the plan's words, without the note in brackets that tells versions of it apart."""
    return found.book.benefits[benefit].name.partition("（")[0]


def _sum(found: Assessed) -> list[str]:
    result, lines = found.result, [line for line in found.result.lines if line.amount]
    due = sum((line.amount for line in lines), ZERO)
    paid = due - result.total + result.receivable
    if found.book.mode == "year_to_date" and paid:
        return [_year(due, due - result.total + result.receivable, result.total, result.receivable)]
    return [f"合计{yuan(result.total)}。"] if len(lines) > 1 else []


def _year(due: Decimal, paid: Decimal, total: Decimal, receivable: Decimal) -> str:
    if receivable:
        return f"本年度应付{yuan(due)}，已付{yuan(paid)}，多付{yuan(receivable)}，办事处将另行与您联系。"
    rest = f"本次给付{yuan(total)}" if total else "本次没有应补付的金额"
    return f"本年度应付{yuan(due)}，减去已付{yuan(paid)}，{rest}。"


def _waits(found: Assessed) -> list[str]:
    """Lines that wait for a reviewer's amount."""
    lines = [line for line in found.result.lines if line.manual]
    if not lines:
        return []
    who = "保险公司" if found.book.insurer else "办事处"
    named = "、".join(line_name(found, line.benefit) + (f"（最高{yuan(line.ceiling)}）" if line.ceiling is not None else "")
                     for line in lines)
    cited = "、".join(dict.fromkeys(cite(found.book, line.clause) for line in lines))
    return [f"依{cited}，{named}的金额由{who}核定，核定后书面告知。"]


def _beside(found: Assessed, told: Iterable[Nothing]) -> list[str]:
    said: dict[str, list[str]] = {}
    for item in told:
        said.setdefault(why(found, item).words, []).append(line_name(found, item.benefit))
    return [f"{'、'.join(dict.fromkeys(names))}不给付：{words}。" for words, names in said.items()]


def _refund(found: Assessed) -> tuple[str, ...]:
    item = next(item for item in found.result.nothing if item.reason == "waiting_period")
    rule, noun = found.book.waiting, "保险费" if found.book.insurer else "会费"
    benefit = "保险金" if found.book.insurer else "互助金"
    clause = cite(found.book, rule.clause if rule else item.clause)
    return (f"{_event(found)}。", f"{_reason(found, why(found, item))}。",
            f"依{clause}，不给付{benefit}，退还所交{noun}{yuan(found.result.refund)}。")


def _reason(found: Assessed, reason: Why) -> str:
    """The reason; the date and the disease that the sentence before has just named are not said again."""
    day = date_cn(found.facts.decisive)
    named = f"{label(dating_fact(found))}{day}" if f"于{day}" in _event(found) else "\n"
    for words, short in ((named, "这一天"), (disease_of(found.facts), "这一疾病")):
        if reason.words.startswith(words):
            return short + reason.words[len(words):]
    return reason.words


def _nothing(found: Assessed) -> tuple[str, ...]:
    items = sorted(found.result.nothing, key=lambda item: _NEAREST.index(item.reason))
    if not items:
        return (f"{_event(found)}。", "本次没有可以给付的项目。")
    first = items[0]
    alike = [item for item in items if item.reason == first.reason]
    reason = why_all(found, alike)
    # A benefit's own condition is said with its name; what holds for the whole plan is not.
    whole = first.reason in _WHOLE or len(alike) == len(items)
    about = "" if whole or len(found.book.benefits) == 1 else f"{line_name(found, first.benefit)}："
    clause = cite(found.book, reason.clause)
    return (f"{_event(found)}。", f"{about}{_reason(found, reason)}，依{clause}，本次不予给付。",
            f"{_done(reason, first)}{_objection(found)}。")


def _done(reason: Why, item: Nothing) -> str:
    """What the member can do about it."""
    if item.reason == "not_claimed":
        return f"请补报{'、'.join(label(fact) for fact in reason.facts)}，我们将重新计算"
    return _DONE[item.reason]


def _objection(found: Assessed) -> str:
    rule = found.book.clocks.get("objection")
    if rule is None:
        return ""
    days = f"{rule.days}个工作日" if rule.kind == "working" else f"{rule.days}日"
    return f"；对决定有异议的，可以自收到决定书次日起{days}内提出"


