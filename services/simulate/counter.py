"""What members, clerks and reviewers do: report, papers, lists, verification, levels, death, withdrawal."""

from __future__ import annotations

from services.core.errors import OutsideError
from services.simulate.cast import PLACES, heirs, rosters
from services.simulate.door import Json, Refused
from services.simulate.stage import Stage, rows, texts
from services.simulate.steps import Step
from services.simulate.synthetic import roster_xlsx

NINGXIA_PLAN = "nx-ankangbao"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SEPARATED = frozenset({403, 404, 409})


def enrol(stage: Stage, step: Step) -> None:
    """A unit's clerk sends in a roster; every row must be good."""
    place = step.with_["roster"]
    assert isinstance(place, int)
    roster = rosters()[place]
    unit = roster.unit
    content = roster_xlsx([member.person for member in roster.members], unit=unit_name(unit), title="参保人员名单")
    body: Json = {"plan": roster.plan, "org_id": stage.orgs[unit], "effective": roster.effective.isoformat(),
                  "payer_kind": "self"}
    if roster.plan == NINGXIA_PLAN:
        body["policy_no"] = f"PA-NX-{roster.effective:%Y%m%d}-{unit.rpartition('.')[2]}"
    answer = stage.door.post(f"{unit}.clerk", "/rosters", body, file=(f"{unit}.xlsx", content, _XLSX))
    if answer["accepted"] != len(roster.members):
        raise OutsideError("roster_faults", f"名单有 {len(rows(answer['faults']))} 处不符：{answer['faults']}", remedy="核对名单")


def unit_name(path: str) -> str:
    """What the roster's footer must say."""
    return next(place.name for place in PLACES if place.path == path)


def report(stage: Stage, step: Step) -> None:
    """Report the event; one claim opens, since each member has one plan."""
    event = stage.row(step).event()
    if "stays" in step.with_:
        stays = step.with_["stays"]
        assert isinstance(stays, list)
        event["stays"] = [{"days": days} for days in stays]
    body: Json = {"event": event, "channel": step.who, "hospital": step.with_["hospital"]}
    if step.who == "clerk":
        body["id_number"] = stage.member(step).person.id_number
    if "late_reason" in step.with_:
        body["late_reason"] = step.with_["late_reason"]
    answer = stage.door.post(stage.who(step), "/cases", body)
    [claim] = rows(answer["claims"])
    case = answer["case"]
    assert isinstance(case, dict)
    stage.claims[step.scenario], stage.cases[step.scenario] = str(claim["claim_no"]), str(case["case_no"])


def consent(stage: Stage, step: Step) -> None:
    """The signed consent as a paper, then the separate consent itself."""
    stage.upload(step, "consent")
    stage.door.post(stage.who(step), f"/cases/{stage.cases[step.scenario]}/consents", {"purpose": "insurer"})


def papers(stage: Stage, step: Step) -> None:
    """Everything on the claim's checklist, `without` what the story leaves out."""
    checklist = rows(stage.door.get(stage.who(step), stage.path(step))["checklist"])
    for need in checklist:
        if need["kind"] not in texts(step.with_.get("without", [])):
            stage.upload(step, str(need["kind"]))


def verify(stage: Stage, step: Step) -> None:
    """Look at each paper, accept it, answer what the checks found, and stand for the whole."""
    _accept(stage, step)
    for finding in stage.door.listed(stage.who(step), stage.path(step, "findings")):
        if finding["waits"]:
            stage.change(step, "findings", {"key": finding["key"], "verdict": "overridden", "reason": "已对照原件核对，系识读差错"})
    stage.change(step, "verify", {})


def _accept(stage: Stage, step: Step) -> None:
    login = stage.who(step)
    for paper in stage.door.listed(login, stage.path(step, "papers")):
        if paper["verdict"] == "waiting":
            stage.door.post(login, f"/papers/{paper['id']}/judgement", {"accept": True})


def ask(stage: Stage, step: Step) -> None:
    """The one-time list."""
    stage.change(step, "supplements", {"items": step.with_["items"]})


def open_letter(stage: Stage, step: Step) -> None:
    """The claimant opens one letter on this very day."""
    claim = stage.door.get(stage.who(step), stage.path(step))
    [letter] = [letter for letter in rows(claim["letters"])
                if letter["code"] == step.with_["letter"] and letter["state"] == "dispatched"]
    deliver(stage, stage.who(step), letter)


def deliver(stage: Stage, login: str, letter: Json) -> None:
    """Read the letter, which proves its delivery."""
    stage.door.content(login, f"/notices/{letter['id']}/content")
    stage.door.post(login, f"/notices/{letter['id']}/delivered", {"proof": "本人在线查阅"}, version=letter["version"])


def answer(stage: Stage, step: Step) -> None:
    """Each paper of the list, uploaded anew, then the list answered."""
    claim = stage.door.get(stage.who(step), stage.path(step))
    [asked] = [item for item in rows(claim["supplements"]) if item["state"] == "delivered"]
    kinds = [str(item["paper"]) for item in rows(asked["items"])]
    for kind in kinds:
        stage.upload(step, kind, copy=2)
    stage.door.post(stage.who(step), f"/supplements/{asked['id']}/answer", {
        "items": [{"paper": kind, "state": "answered", "note": "已重新上传"} for kind in kinds]}, version=asked["version"])


def pass_level(stage: Stage, step: Step) -> None:
    """Take the level, look at the facts, pass it."""
    taken = stage.change(step, "take", {})
    stage.change(step, "pass", {"seen": taken["digest"]}, head=taken)


def barred(stage: Stage, step: Step) -> None:
    """Somebody from whom the level must be kept tries it; the product must refuse."""
    head = stage.door.get("auditor", stage.path(step, "head"))
    try:
        stage.change(step, "pass", {"seen": head["digest"]}, head=head)
    except Refused as refusal:
        if refusal.http_status in _SEPARATED:
            return
        raise
    raise OutsideError("separation_broken", f"{stage.who(step)} 须回避，却办理成功", remedy="核对回避规则")


def death(stage: Stage, step: Step) -> None:
    """The proofs of death and kinship, looked at and accepted, then the heirs in halves."""
    for kind in ("death_proof", "household_cancellation", "heir_proof"):
        stage.upload(step, kind)
    _accept(stage, step)
    stage.change(step, "death", {"died_on": step.with_["died_on"], "heirs": [
        {"name": heir.name, "id_number": heir.id_number, "relation": relation, "share": [1, 2], "bank": heir.bank,
         "account": heir.card} for heir, relation in heirs()]})


def withdraw(stage: Stage, step: Step) -> None:
    """The signed withdrawal, then the withdrawal."""
    stage.upload(step, "withdrawal")
    stage.change(step, "withdraw", {"reason": step.with_["reason"]})
