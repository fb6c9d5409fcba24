"""What people do in the middle of their work: a draft, a refusal, a hold, a hand-over, an objection, a message, a sheet, a sample."""

from __future__ import annotations

from services.core.errors import OutsideError
from services.simulate.stage import Stage, rows
from services.simulate.steps import Step


def draft(stage: Stage, step: Step) -> None:
    """A report begun, with the day of diagnosis still to be asked at the hospital."""
    stage.door.post(stage.who(step), "/drafts", {"words": {
        "channel": "member", "event": {"kind": "diagnosis", "icd10": stage.row(step).icd10}, "hospital": step.with_["hospital"]}})


def refuse(stage: Stage, step: Step) -> None:
    """The deciding level refuses, with reason and clause."""
    taken = stage.change(step, "take", {})
    stage.change(step, "refuse", {**step.with_, "seen": taken["digest"]}, head=taken)


def hold(stage: Stage, step: Step) -> None:
    """With a reason code."""
    stage.change(step, "hold", {"reason": step.with_["reason"]})


def send_down(stage: Stage, step: Step) -> None:
    """Back to a lower level, with a reason code."""
    stage.change(step, "send-down", dict(step.with_))


def delegate(stage: Stage, step: Step) -> None:
    """The level taken, then handed to the colleague `to` (a login)."""
    taken = stage.change(step, "take", {})
    name = str(stage.door.get(str(step.with_["to"]), "/me")["account_id"])
    colleagues = stage.door.listed(stage.who(step), stage.path(step, "colleagues"))
    if name not in {str(colleague["account_id"]) for colleague in colleagues}:
        raise OutsideError("colleague_missing", f"{step.with_['to']} 不在可转交的同事之列", remedy="核对演示人员")
    stage.change(step, "delegate", {"to_account": name, "reason": step.with_["reason"]}, head=taken)


def objection(stage: Stage, step: Step) -> None:
    """Against the decision just read."""
    stage.door.post(stage.who(step), stage.path(step, "objections"), {"grounds": step.with_["grounds"]})


def message(stage: Stage, step: Step) -> None:
    """To the office."""
    stage.door.post(stage.who(step), stage.path(step, "messages"), {"words": step.with_["words"]})


def sheet(stage: Stage, step: Step) -> None:
    """All that waits at the level, collected for the signature."""
    drafted = stage.door.post(stage.who(step), "/summary-sheets", {"plan": stage.row(step).plan, "month": step.with_["month"]})
    if not rows(drafted["items"]):
        raise OutsideError("sheet_empty", "汇总表上没有案件", remedy="核对演示案件")


def sample(stage: Stage, step: Step) -> None:
    """Decisions of a span, drawn by a seed."""
    stage.door.post(stage.who(step), "/qa-samples", dict(step.with_))
