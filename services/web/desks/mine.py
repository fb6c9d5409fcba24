"""The member's own pages: her claims and covers, one claim with all she may read of it, and its letters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import Response
from sqlmodel import Session

from services.access.actor import Actor, Role
from services.core.errors import HuzhuError
from services.evidence import conversation
from services.evidence import service as evidence
from services.evidence.paper_names import paper_names
from services.intake import service as intake
from services.intake.cancelling import CANCELLED_FROM
from services.models import Objection
from services.notice.receiving import receive
from services.reporting import claims, sight
from services.reporting import mine as own
from services.reporting.claim_facts import FactLine, facts_of, sheet_of
from services.reporting.claims import Located
from services.reporting.pauses import of_list
from services.reporting.progress import progress
from services.reporting.report_form import draft_lines
from services.reporting.views import ClaimView, DecisionView
from services.review import after_queries as after
from services.rulebook.registry import version as book_version
from services.settlement.city import own as settled
from services.web import claim_words as words
from services.web.desks.claim import identified
from services.web.desks.settlements import WHY_UNPAID
from services.web.door import Pages
from services.web.language import N_
from services.web.menu import Item
from services.web.speaking import Shown, shown
from services.web.uploading import beside, files, limits
from services.web.visit import Visit
from statemachines.states import ClaimState

T = TypeVar("T")
pages = Pages()
MEMBERS = frozenset({Role.MEMBER})
DECIDED = frozenset({ClaimState.PAYABLE, ClaimState.REFUSED, ClaimState.PAID, ClaimState.CLOSED})
TAKES_PAPERS = frozenset(ClaimState) - {ClaimState.CLOSED, ClaimState.CANCELLED}
SAID = {
    "said": N_("已发出，经办人会在这里回复。"), "consented": N_("已记下您的同意。"), "unconsented": N_("已撤回同意，今后不再据此提供。"),
    "resumed": N_("已恢复办理，请交齐材料。"), "handed": N_("材料已交，经办人会核对。"), "answered": N_("已收到您的答复。"),
    "objected": N_("异议已收到，将由没有参加过原决定的人员审查。"), "objection_withdrawn": N_("异议已撤回。"),
    "withdrawn": N_("案件已撤回。"), "reported": N_("报案已收到。")}
RELATIONS = {**words.RELATIONS, own.PROXY: N_("我代理的人")}
TALK_KIND = "other"


def as_member(visit: Visit) -> Actor:
    """The visitor as nothing but a member."""
    return visit.actor.as_member()


def found(visit: Visit, session: Session, claim_no: str, *, lock: bool = False) -> Located:
    """The claim of an address among what the visitor may act for; when it is locked, of the version the form saw."""
    return sight.claim(session, as_member(visit), claim_no, lock=lock, version=visit.version() if lock else None)


@pages.get("/mine", roles=MEMBERS, menu=Item(5, N_("我的保障")))
def overview(visit: Visit) -> Response:
    """A report begun and not sent, claims that want something, then the rest, then covers."""
    everything, begun = visit.read(lambda session: (own.mine(session, as_member(visit), today=visit.today),
                                                    draft_lines(session, visit.actor)))
    with visit.wiring.db.view(visit.wiring.root) as session:        # as `settled` says
        quarters = settled.of_member(session, visit.actor.person_id, today=visit.today)
    return visit.page("mine.html", mine=everything, begun=begun, words=words, relations=RELATIONS, settled=quarters, why_unpaid=WHY_UNPAID)


@dataclass(frozen=True, slots=True)
class File:
    """One claim as its member reads it. `told`: what the decision says in sentences, with clauses. `consents`: the consents of this
    claim are the reader's to give."""

    view: ClaimView
    progress: Shown
    facts: tuple[FactLine, ...]
    letters: tuple[own.MyLetter, ...]
    talk: tuple[conversation.Line, ...]
    told: tuple[str, ...]
    decision: DecisionView | None
    objections: tuple[Objection, ...]
    objection_due: own.Due | None
    for_whom: str
    consents: bool
    asks: own.Asks

    @property
    def takes_papers(self) -> bool:
        """Papers may still be handed in."""
        return self.view.claim.state in TAKES_PAPERS

    @property
    def may_withdraw(self) -> bool:
        """Not decided yet."""
        return self.view.claim.state in CANCELLED_FROM

    @property
    def may_resume(self) -> bool:
        """Closed only because a list was never answered."""
        return self.view.claim.state == ClaimState.CLOSED and self.view.claim.outcome == "not_pursued"

    @property
    def open_objection(self) -> Objection | None:
        """The objection that is being handled."""
        return next((one for one in self.objections if one.state in ("lodged", "accepted")), None)

    @property
    def may_object(self) -> bool:
        """There is a decision, and no objection to it is open."""
        return self.decision is not None and self.view.claim.state in DECIDED and self.open_objection is None


def file_of(visit: Visit, session: Session, claim_no: str) -> File:
    """Everything of one claim, with the look recorded."""
    located = found(visit, session, claim_no)
    actor = as_member(visit)
    sight.looked(session, actor, located, "claim", visit.now)
    view = claims.whole(session, located.id)
    where = progress(session, claim_no, view.public_code, today=visit.today)
    if where is None:
        raise claims.missing()
    listed = own.mine(session, actor, today=visit.today)
    book = book_version(view.claim.plan, view.plan_version)
    return File(
        view=view, progress=shown(where, visit.language.code), facts=tuple(facts_of(book, view.event)),
        letters=tuple(own.letters(session, actor, located.id)),
        talk=tuple(conversation.read(session, claim_id=located.id, actor=actor, now=visit.now)), told=_told(view),
        decision=next((one for one in reversed(view.decisions) if one.round == view.claim.round), None),
        objections=tuple(after.objections_of(session, located.id)), objection_due=own.objection_due(session, located.id),
        for_whom=listed.name_of(located.person_id), consents=located.person_id in listed.word,
        asks=next((one.asks for one in listed.claims if one.id == located.id), own.Asks()))


def _told(view: ClaimView) -> tuple[str, ...]:
    """The sentences of the decided computation; none before the decision, for what is not decided promises nothing."""
    sheet = next((one for one in view.worksheets if one.round == view.claim.round and one.frozen), None)
    if sheet is None or view.claim.state not in DECIDED:
        return ()
    told = sheet_of(book_version(view.claim.plan, view.plan_version), sheet, view.case.last_timely_day)
    sentences = told.told.get("explanation") if told.same else None
    return tuple(str(one) for one in sentences) if isinstance(sentences, list | tuple) else ()


@pages.get("/mine/{claim_no}", roles=MEMBERS)
def claim(visit: Visit, claim_no: str) -> Response:
    """One claim on one page."""
    return show(visit, claim_no)


def show(visit: Visit, claim_no: str, *, problem: HuzhuError | None = None) -> Response:
    """The claim's page as it now stands."""
    file = visit.note(lambda session: file_of(visit, session, claim_no))
    return visit.page("mine_claim.html", problem=problem, said=SAID, **context(file))


def context(file: File) -> dict[str, Any]:     # a template's values are of every kind
    """The names the templates of one claim use."""
    view = file.view
    kinds = [paper.kind for paper in view.papers] + [need.kind for need in view.checklist]
    return {"file": file, "view": view, "words": words, "relations": RELATIONS, "pause_of": of_list, **limits(),
            "paper_names": paper_names(book_version(view.claim.plan, view.plan_version), kinds)}


def act(visit: Visit, claim_no: str, verb: Callable[[Session, Located], T], done: str, *, anchor: str = "",
        again: Callable[[HuzhuError], Response] | None = None, lock: bool = True) -> Response:
    """A verb on the locked claim, then its page again."""
    return visit.attempt(lambda session: verb(session, found(visit, session, claim_no, lock=lock)),
                         again=again or (lambda problem: show(visit, claim_no, problem=problem)),
                         then=f"/mine/{claim_no}?done={done}{anchor}")


@pages.post("/mine/{claim_no}/talk", roles=MEMBERS)
def talk(visit: Visit, claim_no: str) -> Response:
    """A message to the office, with files that go onto the claim as other papers."""
    def verb(session: Session, located: Located) -> None:
        actor = as_member(visit)
        with beside("files"):
            papers = [evidence.upload(session, claim_id=located.id, kind=TALK_KIND, file_name=file.name, content=file.content, actor=actor,
                                      now=visit.now).id for file in files(visit, "files")]
        conversation.say(session, claim_id=located.id, words=visit.field("words"), papers=papers, actor=actor, now=visit.now)
    return act(visit, claim_no, verb, "said", anchor="#talk", lock=False)


@pages.post("/mine/{claim_no}/consent", roles=MEMBERS)
def consent(visit: Visit, claim_no: str) -> Response:
    """The separate consent for one purpose, given or taken back."""
    purpose, give = visit.field("purpose"), visit.field("give") == "yes"

    def verb(session: Session, located: Located) -> None:
        change = intake.record_consent if give else intake.withdraw_consent
        change(session, case_id=located.case_id, purpose=purpose, actor=as_member(visit), now=visit.now)
    return act(visit, claim_no, verb, "consented" if give else "unconsented", anchor="#consents", lock=False)


@pages.post("/mine/{claim_no}/resume", roles=MEMBERS)
def resume(visit: Visit, claim_no: str) -> Response:
    """Taken up again after an unanswered list had closed it."""
    return act(visit, claim_no, lambda session, located: intake.resume(
        session, claim_id=located.id, version=visit.version(), actor=as_member(visit), now=visit.now), "resumed")


@pages.post("/mine/letters/{letter_id}", roles=MEMBERS)
def open_letter(visit: Visit, letter_id: str) -> Response:
    """Open a letter that has not been read: for its addressee that is its delivery, and clocks that hang on it follow."""
    wanted = identified(letter_id)

    def verb(session: Session) -> None:
        actor = as_member(visit)
        letter = own.letter(session, actor, wanted)
        found(visit, session, letter.claim_no, lock=True)
        if letter.own and letter.state == "dispatched":
            receive(session, notice_id=letter.id, proof="本人在线查阅", actor=actor, now=visit.now)
    return visit.attempt(verb, again=lambda problem: visit.page("refused.html", problem=problem, title=problem.message),
                         then=f"/letters/{letter_id}/content")
