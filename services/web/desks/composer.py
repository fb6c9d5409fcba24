"""An office composes a plan (“菜单式”) from parts of plans that are there: a form, sample cases computed at once, then a proposal."""

from __future__ import annotations

from typing import NamedTuple

from fastapi import Response
from sqlmodel import Session

from services.access.actor import Role
from services.core.errors import HuzhuError, NotFound
from services.models import BookDraft, Release
from services.releases import drafts
from services.releases.composing.catalogue import bases
from services.releases.composing.draft import Composed, Draft, changed, worked_out
from services.reporting.wording import Section, wording
from services.web.claim_words import LETTERS, ORIGINS
from services.web.desks.admin import known_id
from services.web.door import Pages
from services.web.language import N_
from services.web.visit import Visit

pages = Pages()
WHO = frozenset({Role.ADMINISTRATOR, Role.HEAD})
SAID = {"saved": N_("已保存，下面是按现在的内容核对和计算的结果。"), "dropped": N_("草稿已删去。")}
SECTIONS = {"head": N_("计划"), "joining": N_("参加和费用"), "waiting": N_("等待期（观察期）"), "benefits": N_("保障项目的数和条款"),
            "limits": N_("合计上限和前提"), "lists": N_("病种"), "papers": N_("材料"), "chain": N_("审核级"), "clocks": N_("时限"),
            "rest": N_("收款银行")}
GROUPS = {"allowance": N_("住院津贴（按天）"), "medical": N_("意外医疗（免赔额、上限）"), "second": N_("二次报销（起付、比例、封顶）"),
          "women": N_("女职工特殊疾病"), "consolation": N_("慰问金"), "illness": N_("重大疾病（一次性给付）"), "death": N_("身故、伤残"),
          "property": N_("家财损失"), "manual": N_("由审核人核定金额的"), "other": N_("其他")}
_VALUE = "v:"         # before the place of a field, so that no field of the frame has its name


class _Shown(NamedTuple):
    """A draft's page: the draft, the form, and what they make."""

    kept: BookDraft
    draft: Draft
    made: Composed
    sections: list[Section]


@pages.get("/plans/compose", roles=WHO)
def listed(visit: Visit) -> Response:
    """The visitor's drafts, and the plans to start from."""
    return _list(visit)


@pages.post("/plans/compose", roles=WHO)
def start(visit: Visit) -> Response:
    """A draft from a base."""
    return visit.attempt(lambda session: drafts.start(session, base=visit.field("base"), actor=visit.actor, now=visit.now),
                         again=lambda error: _list(visit, error), then=lambda made: f"/plans/compose/{made.id}")


@pages.get("/plans/compose/{draft_id}", roles=WHO)
def compose(visit: Visit, draft_id: str) -> Response:
    """The form, what is wrong with it, and what its sample cases come to."""
    return _one(visit, draft_id)


@pages.post("/plans/compose/{draft_id}", roles=WHO)
def save(visit: Visit, draft_id: str) -> Response:
    """Kept as it stands, however wrong; the page then says what is."""
    chosen = known_id(draft_id)

    def run(session: Session) -> BookDraft:
        kept, _ = drafts.read(session, draft_id=chosen, actor=visit.actor)
        return drafts.save(session, draft_id=chosen, version=visit.version(), draft=_filled(visit, kept.base), actor=visit.actor,
                           now=visit.now)
    return visit.attempt(run, again=lambda error: _one(visit, draft_id, error), then=f"/plans/compose/{chosen}", done="saved")


@pages.post("/plans/compose/{draft_id}/{act}", roles=WHO)
def act(visit: Visit, draft_id: str, act: str) -> Response:
    """Proposed to the second person, or thrown away."""
    chosen = known_id(draft_id)
    if act not in ("drop", "propose"):
        raise NotFound("page_missing", "没有这个页面", remedy="核对地址")
    if act == "drop":
        return visit.attempt(lambda session: drafts.drop(session, draft_id=chosen, actor=visit.actor),
                             again=lambda error: _one(visit, draft_id, error), then="/plans/compose", done="dropped")

    def run(session: Session) -> Release:
        kept, _ = drafts.read(session, draft_id=chosen, actor=visit.actor)
        return drafts.propose(session, draft_id=chosen, version=visit.version(), draft=_filled(visit, kept.base), note=visit.field("note"),
                              actor=visit.actor, now=visit.now)
    return visit.attempt(run, again=lambda error: _one(visit, draft_id, error), then=lambda made: f"/releases/{made.id}", done="proposed")


def _list(visit: Visit, problem: HuzhuError | None = None) -> Response:
    found, books = visit.read(lambda session: (drafts.mine(session, actor=visit.actor), bases(_office(visit))))
    return visit.page("composer.html", problem=problem, drafts=found, bases=books,
                      names={f"{one.plan} {one.version}": one.name for one in books}, said=SAID, here="releases")


def _one(visit: Visit, draft_id: str, problem: HuzhuError | None = None) -> Response:
    def run(session: Session) -> _Shown:
        kept, draft = drafts.read(session, draft_id=known_id(draft_id), actor=visit.actor)
        draft = changed(_filled(visit, kept.base), draft) if problem else draft
        made = worked_out(draft)
        return _Shown(kept, draft, made, wording(made.book) if made.book else [])
    shown = visit.read(run)
    wrong: dict[str, list[str]] = {}
    for found in shown.made.problems:
        wrong.setdefault(found.field, []).append(found.words)
    return visit.page("composer_draft.html", problem=problem, kept=shown.kept, draft=shown.draft, made=shown.made, sections=shown.sections,
                      wrong=wrong, titles=SECTIONS, groups=GROUPS, letters=LETTERS,
                      origins=ORIGINS, said=SAID, value=_VALUE,
                      late=shown.made.book is not None and shown.made.book.from_ < visit.today, here="releases")


def _filled(visit: Visit, base: str) -> Draft:
    """The draft that the form says. What may be left out comes ticked when it stays."""
    values = {name.removeprefix(_VALUE): text for name, text in visit.typed().items() if name.startswith(_VALUE)}
    offered = visit.listed("may")
    return Draft(base, tuple(dict.fromkeys(visit.listed("part"))), values, frozenset(set(offered) - set(visit.listed("keep"))),
                 tuple(visit.listed("letter")))


def _office(visit: Visit) -> str:
    """The code that the visitor's office's plans begin with; empty at the root, which sees all."""
    parts = visit.actor.org_key.rstrip(".").split(".")
    return parts[1] if len(parts) > 1 else ""

