"""`huzhu match FILE|-`: which of a person's covers may answer one event, and why the others do not."""

from __future__ import annotations

from typing import Annotated

import typer

from services.cli.compute import read_words
from services.cli.output import AsJson, say, say_json, say_table
from services.core.errors import HuzhuError, InputError
from services.engine import match as matching
from services.engine.event import last_day
from services.engine.matched import Answer
from services.rulebook import registry
from services.rulebook.computation import Computation
from services.rulebook.values import nearest
from services.rulebook.vocabulary import parse

KEYS = ("person", "event", "covers")
_SAYS = {"yes": "是", "needs": "待补报", "no": "否"}


def match(file: Annotated[str, typer.Argument(help="JSON 文件：{person, event, covers: [{plan, effective, …}]}；- 为标准输入")],
          as_json: AsJson = False) -> None:
    """一次事件由哪些保障受理：逐份写明理由、可能的待遇、待补报的事实和所需材料。"""
    answers = matching.match(read(read_words(file)))
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
        raise InputError("missing_key", "covers：缺少保障列表", remedy="补上 covers", field="covers")
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
        return parse({"plan": plan, "cover": rest, "person": words.get("person", {}), "event": words["event"]})
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
    say_table(("保障", "受理", "理由、可能的待遇、待补报的事实"), [
        (f"{answer.name}\n{answer.plan}\n{answer.effective} 至 {answer.until}", _SAYS[answer.answer], "\n".join(_lines(answer)))
        for answer in answers])
    papers = {paper.kind: paper for answer in answers if answer.opens for paper in answer.papers}
    if papers:
        say_table(("材料", "用于"), [(f"{paper.name}（{paper.kind}）", "、".join(paper.serves)) for paper in papers.values()])
    opened = [answer.plan for answer in answers if answer.opens]
    say(f"立案 {len(opened)} 件：{'、'.join(opened)}" if opened else "没有可以立案的保障")


def _lines(answer: Answer) -> list[str]:
    return [*(f"＋{why.text}（{why.clause}）" for why in answer.pro), *(f"－{why.text}（{why.clause}）" for why in answer.contra),
            *(f"待遇：{owed.name}（{owed.clause}）" for owed in answer.benefits),
            *(f"{need.text}：用于{'、'.join(need.benefits) or '核对材料'}" + (f"，由“{need.paper}”证明" if need.paper else "")
              for need in answer.needs)]
