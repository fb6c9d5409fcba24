"""One step of a story: on a day, a person does something with arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from services.simulate.cast import members

ENROLMENT = "参保"
PEOPLE: Mapping[str, str] = {
    "member": "会员", "clerk": "基层经办", "district": "区级审核", "city": "市级审核", "office": "办事处初审", "senior": "办事处复审",
    "maker": "财务制单", "checker": "财务复核", "insurer": "保险公司", "bank": "银行",
}
ACTS: Mapping[str, str] = {
    "enrol": "参保名单", "report": "报案", "consent": "同意书", "papers": "上传材料", "verify": "核验材料", "ask": "一次性告知补件",
    "open": "签收文书", "answer": "补件", "pass": "本级审核通过", "barred": "回避检验", "death": "登记死亡与继承人",
    "withdraw": "撤回申请", "file": "立案", "question": "保险公司询问", "decide": "保险公司核定", "settle": "保险公司付款",
    "fault": "制造故障", "run": "付款制单", "release": "付款复核", "credit": "银行回盘", "card": "提出更正账户",
    "confirm_card": "确认更正账户",
    "draft": "保存报案草稿", "refuse": "不予给付", "hold": "暂停", "delegate": "转交同事", "send_down": "退回下级审核",
    "object": "提出异议", "message": "留言", "sheet": "编制汇总表", "sample": "抽取质检样本",
}


@dataclass(frozen=True, slots=True)
class Step:
    """`who` is a word of PEOPLE, `act` a word of ACTS; `with_` are the act's own arguments."""

    day: date
    scenario: str
    who: str
    act: str
    with_: Mapping[str, object] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """`S03:verify`."""
        return f"{self.scenario}:{self.act}"

    @property
    def words(self) -> str:
        """For people."""
        return f"{self.scenario} {ACTS[self.act]}（{PEOPLE[self.who]}）"


class Diary:
    """Writes a story's steps: `diary.on("2026-03-20", "member", "report", hospital="…")`."""

    def __init__(self, scenario: str) -> None:
        self.scenario = scenario
        self.steps: list[Step] = []

    def on(self, day: str, who: str, act: str, **with_: object) -> Diary:
        """Add one step."""
        self.steps.append(Step(date.fromisoformat(day), self.scenario, who, act, with_))
        return self


def login_of(scenario: str, who: str) -> str:
    """The account behind a word of PEOPLE, as seen from a scenario's unit."""
    unit = members()[scenario].unit
    district = unit.rpartition(".")[0]
    city = district.rpartition(".")[0]
    office = unit.split(".", 1)[0]
    return {"member": f"{scenario}.member", "clerk": f"{unit}.clerk", "district": f"{district}.reviewer",
            "city": f"{city}.reviewer", "office": f"{office}.reviewer"}.get(who, f"{office}.{who}")


