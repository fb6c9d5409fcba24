"""`huzhu match FILE|-`: which of a person's covers may answer one event, and why the others do not."""

from __future__ import annotations

from typing import Annotated

import typer

from services.cli.compute import read_words
from services.cli.house import plans_known
from services.cli.output import AsJson, say_item, say_json, say_table
from services.core.errors import HuzhuError, InputError
from services.core.words import date_cn
from services.engine.event import last_day
from services.engine.matching import match as matching
from services.engine.matching.matched import Answer
from services.reporting.answers import parsed
from services.rulebook import registry
from services.rulebook.computation import Computation
from services.rulebook.values import nearest
from services.rulebook.vocabulary import parse

KEYS = ("person", "event", "covers")
_SAYS = {"yes": "受理", "needs": "待补报", "no": "不受理"}


def match(file: Annotated[str, typer.Argument(help="JSON 文件：{person, event, covers: [{plan, effective, …}]}；- 为标准输入")],
          as_json: AsJson = False) -> None:
    """一次事件由哪些保障受理：逐份写明理由、可能的待遇、待补报的事实和所需材料。"""
    words = read_words(file)
    plans_known()
    answers = matching.match(read(words))
    if as_json:
        say_json({"answers": [answer.to_dict() for answer in answers]})
    else:
        _for_people(answers)


def read(words: object) -> list[Computation]:
    """The covers with the person and the event, each a computation. InputError names the key (`covers.1.effective`).

    A cover's `until` may be left out: it is then the plan's term.
    """
    if not isinstance(words, dict):
        raise InputError("wrong_value", "输入应是一个 JSON 对象", remedy='写成 {"person": …, "event": …, "covers": […]}')
    for key in words:
        if key not in KEYS:
            near = nearest(str(key), KEYS)
            raise InputError("unknown_key", f"{key}：不认识的键" + (f"，最接近的是 {near}" if near else ""),
                             remedy=f"改为 {near}" if near else f"可用：{'、'.join(KEYS)}", field=str(key))
    covers = words.get("covers")
    if not isinstance(covers, list) or not covers:
        said = "是空的：没有列出这个人的任何一份保障，没有可以比对的计划" if covers == [] else "缺少保障列表"
        raise InputError("missing_key", f"covers：{said}", field="covers",
                         remedy='每份保障写成 {"plan": 计划代码, "effective": "2026-01-01"}；计划代码见 huzhu plans list')
    if "event" not in words:
        raise InputError("missing_key", "event：缺少这个键", remedy="补上 event", field="event")
    return [_held(place, cover, words) for place, cover in enumerate(covers)]


def _held(place: int, cover: object, words: dict[str, object]) -> Computation:
    if not isinstance(cover, dict) or not isinstance(cover.get("plan"), str):
        raise InputError("missing_key", f"covers.{place}.plan：缺少计划代码", remedy="补上 plan", field=f"covers.{place}.plan")
    plan = cover["plan"]
    rest = {name: value for name, value in cover.items() if name != "plan"}
    try:
        book = registry.latest(plan)
        if "until" not in rest and "effective" in rest:
            rest["until"] = _until(plan, rest["effective"], book.term.years)
        return parsed({"plan": plan, "cover": rest, "person": words.get("person", {}), "event": words["event"]})
    except HuzhuError as error:
        at = error.field or ""
        if at == "plan" or at.startswith("cover."):
            error.field = f"covers.{place}.{at.removeprefix('cover.')}"
        raise


def _until(plan: str, effective: object, years: int) -> object:
    """The last day of the plan's term; what is no date is left for `parse` to name."""
    try:
        first = parse({"plan": plan, "cover": {"effective": effective, "until": "9999-12-31"},
                       "event": {"kind": "death"}}).cover.effective
    except InputError:
        return effective
    return last_day(first, years).isoformat()


def _for_people(answers: list[Answer]) -> None:
    for answer in answers:
        days = f"{date_cn(answer.effective)}至{date_cn(answer.until)}"
        say_item(f"{_SAYS[answer.answer]}　{answer.name}（{answer.plan}，保障期{days}）", hang=2)
        for line in _lines(answer):
            say_item(line, indent=4, hang=4)
    papers = {paper.kind: paper for answer in answers if answer.opens for paper in answer.papers}
    names = {answer.plan: answer.name for answer in answers}
    if papers:
        say_table(("材料", "用于"), [(paper.name, "、".join(names[plan] for plan in paper.serves)) for paper in papers.values()])
    opened = [answer.plan for answer in answers if answer.opens]
    say_item(f"立案 {len(opened)} 件：{'、'.join(opened)}" if opened else "没有可以立案的保障", hang=2)


def _lines(answer: Answer) -> list[str]:
    """Reasons for and against with their clause, then what may be owed and what is still to be reported."""
    benefits: dict[str, list[str]] = {}
    for owed in answer.benefits:
        benefits.setdefault(owed.name, []).append(owed.clause)
    return [*(f"＋ {why.text}{_clause(why.clause)}" for why in answer.pro),
            *(f"－ {why.text}{_clause(why.clause)}" for why in answer.contra),
            *(f"可能的待遇：{name}{_clause('；'.join(dict.fromkeys(clauses)))}" for name, clauses in benefits.items()),
            *(f"待补报：{need.text.removeprefix('补报')}，用于{'、'.join(dict.fromkeys(need.benefits)) or '核对材料'}"
              + (f"，由“{need.paper}”证明" if need.paper else "") for need in answer.needs)]


def _clause(clause: str) -> str:
    return f"（{clause}）" if clause else ""
