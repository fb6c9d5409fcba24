"""Many claims passed by one person as one act: all or none, and each with its own check.

Every claim goes through `pass_level` as if it stood alone (seen digest, version, separation, hold, whose level it is,
what is left to pay), in a savepoint of its own, so that a refusal names every claim that stands in the way and not only
the first. Refusing and returning have a reason of their own and are done claim by claim.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import REVIEWERS, Actor, Role
from services.benefit import service as benefit
from services.core.errors import Conflict, HuzhuError, InputError
from services.review import chain, service
from services.review.desk import IN_REVIEW

LIMIT = 200
TAKE_OUT = "去掉不能通过的案件后再办理，其余案件不受影响"


@dataclass(frozen=True, slots=True)
class Ask:
    """A claim to pass. `seen`: the digest of the facts the actor was shown; `version` and the level `step` as the actor saw
    them, or any.
    """

    claim_no: str
    seen: str
    version: int | None = None
    step: uuid.UUID | str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What passing a claim led to (as `service.Passed`, in fen), or why it cannot be passed (`code`)."""

    claim_no: str
    claim_id: uuid.UUID | None = None
    level: str | None = None
    next_level: str | None = None
    decided_fen: int | None = None
    code: str | None = None
    message: str | None = None
    remedy: str | None = None

    @property
    def passed(self) -> bool:
        """Nothing stood in the way."""
        return self.code is None


class NotAllPassed(Conflict):
    """At least one claim cannot be passed, so none was. `results` has every claim, in the order asked."""

    def __init__(self, results: Sequence[Result]) -> None:
        self.results = tuple(results)
        refused = [result for result in results if not result.passed]
        said = "；".join(f"{result.claim_no}：{result.message}" for result in refused[:5])
        more = f"……共 {len(refused)} 件" if len(refused) > 5 else ""
        super().__init__("not_all_passed", f"{len(results)} 件中有 {len(refused)} 件不能通过，全部未办理。{said}{more}",
                         remedy=TAKE_OUT, field="claims")

    def as_problem(self) -> dict[str, object]:
        """Problem details with each claim that stands in the way."""
        return {**super().as_problem(), "claims": [
            {"claim_no": result.claim_no, "code": result.code, "message": result.message, "remedy": result.remedy}
            for result in self.results if not result.passed]}


def pass_many(session: Session, *, asks: Sequence[Ask], actor: Actor, now: datetime) -> list[Result]:
    """Pass the open level of every claim, or of none; a last level decides. Results in the order asked.

    At most `LIMIT`. Claims and covers are locked in the order of their ids, and decided in the order they were reported:
    the earlier claim takes from a shared cover first. NotAllPassed names every claim in the way. InputError: no claims, too
    many, one named twice. The caller's transaction must be given up after NotAllPassed.
    """
    results = _try_all(session, asks, actor, now)
    if not all(result.passed for result in results):
        raise NotAllPassed(results)
    return results


def rehearse(session: Session, *, asks: Sequence[Ask], actor: Actor, now: datetime) -> list[Result]:
    """What `pass_many` would say, claim by claim. Nothing is kept: the whole is rolled back."""
    session.flush()
    trial = session.begin_nested()
    try:
        return _try_all(session, asks, actor, now)
    finally:
        trial.rollback()
        session.expire_all()


def _try_all(session: Session, asks: Sequence[Ask], actor: Actor, now: datetime) -> list[Result]:
    _check_asks(asks)
    actor.require(Role.UNIT_CLERK, *sorted(REVIEWERS), what="成批审核")
    ids = _ids(session, [ask.claim_no for ask in asks])
    _lock(session, list(ids.values()))
    found = {ask.claim_no: _missing(ask.claim_no) for ask in asks if ask.claim_no not in ids}
    for ask in sorted((ask for ask in asks if ask.claim_no in ids), key=lambda ask: ids[ask.claim_no]):
        found[ask.claim_no] = _try(session, ask, ids[ask.claim_no], actor, now)
    return [found[ask.claim_no] for ask in asks]


def _check_asks(asks: Sequence[Ask]) -> None:
    if not asks:
        raise InputError("claims_empty", "没有选定案件", remedy="至少选定一件", field="claims")
    if len(asks) > LIMIT:
        raise InputError("claims_many", f"一次最多办理 {LIMIT} 件，选定了 {len(asks)} 件", remedy="分几次办理", field="claims")
    numbers = [ask.claim_no for ask in asks]
    twice = sorted({number for number in numbers if numbers.count(number) > 1})
    if twice:
        raise InputError("claim_twice", f"案件重复：{'、'.join(twice)}", remedy="去掉重复的案件", field="claims")


def _ids(session: Session, numbers: Sequence[str]) -> dict[str, uuid.UUID]:
    rows = session.execute(sa.text("SELECT claim_no, id FROM claim WHERE claim_no = ANY(CAST(:numbers AS text[]))"),
                           {"numbers": list(numbers)})
    return {row.claim_no: row.id for row in rows}


def _lock(session: Session, ids: Sequence[uuid.UUID]) -> None:
    """All claims, then the covers of those whose last level is open: two lists that share claims or covers cannot
    wait for each other.
    """
    claims = [claim for claim in chain.locked(session, ids) if claim.state == IN_REVIEW and claim.route == "office"]
    steps = chain.steps_of(session, [claim.id for claim in claims])
    benefit.lock(session, claim_ids=[claim.id for claim in claims
                                     if sum(step.state != "passed" for step in steps.get(claim.id, [])) == 1])


def _try(session: Session, ask: Ask, claim_id: uuid.UUID, actor: Actor, now: datetime) -> Result:
    try:
        with session.begin_nested():
            done = service.pass_level(session, claim_id=claim_id, version=ask.version, step=ask.step, seen=ask.seen, actor=actor, now=now)
    except HuzhuError as error:
        return Result(ask.claim_no, claim_id, code=error.code, message=error.message, remedy=error.remedy)
    return Result(ask.claim_no, claim_id, done.level, done.next_level, done.decided_fen)


def _missing(claim_no: str) -> Result:
    return Result(claim_no, code="claim_missing", message="没有这一案件，或不在您的管辖范围内", remedy="核对案号")
