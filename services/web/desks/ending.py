"""A claim that is a duplicate or a mistake, cancelled by two persons; and a member's death, with the heirs who receive."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from fastapi import Response
from sqlmodel import Session

from services.access.actor import OFFICE
from services.core.errors import HuzhuError, InputError
from services.core.identity import BANKS
from services.intake import service as intake
from services.payment import service as payment
from services.payment.queries import Succession
from services.reporting import ending, sight
from services.reporting.claim_file import ClaimFile
from services.web.acts import Act, day_of, register
from services.web.claim_context import address, context, moved_on, read_file
from services.web.desks.claim import STAFF
from services.web.door import Audience, Pages
from services.web.language import N_
from services.web.visit import Visit, whole

pages = Pages()
SECOND: Audience = frozenset(OFFICE)
MOST_HEIRS = 20
Raw = dict[str, object]


# --- cancelled by two ---------------------------------------------------------------------------------------------------

def _ask(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    intake.ask_cancel(session, claim_id=claim_id, version=visit.version(), ground=visit.field("ground"), reason=visit.field("reason"),
                      actor=visit.actor, now=visit.now)


def _confirm(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    intake.confirm_cancel(session, claim_id=claim_id, version=visit.version(), actor=visit.actor, now=visit.now)


def _drop(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    intake.drop_request(session, claim_id=claim_id, reason=visit.field("reason"), actor=visit.actor, now=visit.now)


for _each in (
    Act("ask-cancel", "ask-cancel", N_("提出作废"), N_("提出"), "cancel_asked", _ask, ("cancel_ground", "words"), roles=STAFF,
        explain=N_("重复或误录的报案，由一人提出、办事处另一人确认后作废。会员不再申请的，办理撤回申请。")),
    Act("confirm-cancel", "confirm-cancel", N_("确认作废"), N_("确认作废"), "cancelled", _confirm, shows="cancelling", roles=SECOND,
        explain=N_("确认后案件作废，审核终止，各项时限停止。")),
    Act("drop-cancel", "drop-cancel", N_("撤回作废申请"), N_("撤回，案件继续办理"), "cancel_dropped", _drop, ("words",),
        shows="cancelling", roles=STAFF),
):
    register(pages, _each)


# --- a death and the heirs ------------------------------------------------------------------------------------------------

@pages.get("/claims/{claim_no}/death", roles=STAFF)
def death(visit: Visit, claim_no: str) -> Response:
    """The day, who receives in the member's place, and the papers it rests on."""
    return _page(visit, claim_no)


@pages.post("/claims/{claim_no}/death", roles=STAFF)
def note_death(visit: Visit, claim_no: str) -> Response:
    """The heirs take the payee's place; with `more` the form comes back with another place or one less, and nothing is written."""
    if visit.field("more"):
        return _page(visit, claim_no, count=max(1, _count(visit) + (-1 if visit.field("more") == "-1" else 1)))

    def verb(session: Session) -> None:
        found = sight.claim(session, visit.actor, claim_no, lock=True, version=visit.version())
        try:
            payment.note_death(session, claim_id=found.id, version=visit.version(), died_on=day_of(visit, "died_on"),
                               heirs=heirs_of(visit.typed(), _count(visit)), basis=visit.field("basis"),
                               left_out=visit.field("left_out") or None, actor=visit.actor, now=visit.now)
        except InputError as error:
            error.field = beside(error.field)
            raise
    return visit.attempt(verb, again=lambda problem: _page(visit, claim_no, count=_count(visit), problem=problem),
                         then=address(visit, claim_no), done="died")


def _count(visit: Visit) -> int:
    """How many heirs the form has room for."""
    return max(1, min(whole(visit.field("count")) or 1, MOST_HEIRS))


def heirs_of(typed: Mapping[str, str], count: int) -> list[Raw]:
    """The form's heirs in the words of the verb; places left empty at the end do not count. InputError: a share that is none."""
    found = [_heir(typed, f"heirs.{place}") for place in range(count)]
    while len(found) > 1 and not (found[-1]["name"] or found[-1]["id_number"]):
        found.pop()
    return found


def _heir(typed: Mapping[str, str], at: str) -> Raw:
    def said(name: str) -> str:
        return typed.get(f"{at}.{name}", "").strip()
    heir: Raw = {name: said(name) for name in ("name", "id_number", "relation", "bank", "account")}
    heir["account"] = "".join(said("account").split())
    if said("share"):
        heir["share"] = _share(said("share"), f"{at}.share")
    if said("in_place_of"):
        heir["in_place_of"] = said("in_place_of")
    if said("guardian.name") or said("guardian.id_number"):
        heir["guardian"] = {"name": said("guardian.name"), "id_number": said("guardian.id_number")}
    return heir


def _share(text: str, field: str) -> list[int]:
    """1/2 → [1, 2]; 1 → [1, 1]."""
    parts = [whole(part.strip()) for part in text.replace("／", "/").split("/")]
    numbers = [part for part in parts if part is not None]
    if len(numbers) < len(parts) or len(parts) > 2:
        raise InputError("heir_share", f"份额“{text}”不是分数", remedy="写成 1/2 这样的分数，或各人都不写（均等）", field=field)
    return numbers if len(numbers) == 2 else [*numbers, 1]


def beside(field: str | None) -> str | None:
    """A refusal of the whole list stands at the first heir's field, one of a guardian at her name."""
    if field in ("heirs", "heirs.share"):
        return "heirs.0.share" if field == "heirs.share" else "heirs.0.name"
    return f"{field}.name" if field and field.endswith(".guardian") else field


def _page(visit: Visit, claim_no: str, *, count: int = 1, problem: HuzhuError | None = None) -> Response:
    def read(session: Session) -> tuple[ClaimFile, Succession]:
        file = read_file(visit, session, claim_no, "heirs")
        return file, ending.succession(session, file.view)
    file, after = visit.note(read)
    accepted = {paper.kind for paper in file.view.papers if paper.verdict == "accepted"}
    return visit.page("claim_death.html", problem=problem, count=min(count, MOST_HEIRS), most=MOST_HEIRS, after=after, accepted=accepted,
                      proved=ending.proved(file.view), banks=list(BANKS.items()), news=moved_on(visit, file),
                      **context(visit, file))
