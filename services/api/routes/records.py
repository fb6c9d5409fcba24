"""A person's record over time: corrections, categories with days and proof, proxies, mergers."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from datetime import date, datetime

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from services.access.actor import Role
from services.api.bodies import Text, example
from services.api.calls import Call, Changing, Doing, Reading, etag
from services.api.routes.organisations import Why
from services.api.rows import missing
from services.audit import service as audit
from services.enrolment import categories, person_history, proxies
from services.enrolment import queries as enrolment_queries
from services.enrolment import service as enrolment
from services.enrolment.persons import warnings
from services.models import Person, PersonCategory, PersonMerge, Proxy
from services.models.base import Row
from services.reporting import people
from services.reporting.people import known, masked
from services.reporting.views import PersonView

router = APIRouter(tags=["人员与参保"])
_PERSON, _PROOF = "0195f2c4-0000-7000-8000-000000000004", "0" * 64


class CategoryView(BaseModel):
    """A category between two days, both inside."""

    id: uuid.UUID
    category: str
    from_on: date
    until_on: date | None
    proof_sha256: str
    at: datetime


class ProxyView(BaseModel):
    """Who acts for the person between two days."""

    id: uuid.UUID
    proxy_id: uuid.UUID
    from_on: date
    until_on: date
    reason: str | None = Field(description="管理员不见：代理的理由说到病情")
    ended_at: datetime | None


class MergeView(BaseModel):
    """Two records that became one; `moved` names the columns and how many rows were re-pointed."""

    id: uuid.UUID
    kept_id: uuid.UUID
    dropped_id: uuid.UUID
    why: str
    at: datetime
    moved: dict[str, int]
    undone_at: datetime | None


class RecordView(PersonView):
    """A person with what was recorded about her; `version` goes into If-Match of a correction or merger."""

    version: int
    died_on: date | None
    warnings: list[str] = Field(description="号码或姓名可疑但可能无误之处")
    categories: list[CategoryView]
    proxies: list[ProxyView]
    mergers: list[MergeView]


class ChangeView(BaseModel):
    """One field before and after; numbers masked."""

    field: str
    old: str | None
    new: str | None
    why: str
    account_id: uuid.UUID | None
    at: datetime


class Correction(BaseModel):
    """What is given is corrected; an empty phone or day takes it away."""

    model_config = example(id_number="640104198803150028", why="身份证号录入有误，已核对原件")

    name: Text | None = None
    id_number: str | None = None
    phone: str | None = None
    died_on: str | None = Field(None, description="死亡日期，如 2026-02-13")
    why: Text


class NewCategory(BaseModel):
    """A category with its days and the paper that proves it."""

    model_config = example(category="hardship", from_on="2026-01-01", until_on="2026-12-31", proof_sha256=_PROOF)

    category: str = Field(description="model_worker | specially_poor | hardship")
    from_on: date
    until_on: date | None = None
    proof_sha256: str


class NewProxy(BaseModel):
    """Who acts, from when till when (at most a year), and why."""

    model_config = example(proxy_id=_PERSON, from_on="2026-03-20", until_on="2026-06-30", reason="昏迷，无法自行办理", proof_sha256=_PROOF)

    proxy_id: uuid.UUID
    from_on: date
    until_on: date
    reason: Text
    proof_sha256: str


class Dropped(BaseModel):
    """The record that is given up."""

    model_config = example(dropped_id=_PERSON, why="15 位与 18 位号码各有一条")

    dropped_id: uuid.UUID
    why: Text


@router.get("/people/{person_id}", response_model=RecordView, summary="人员登记（已合并的编号给出现行记录）")
def person(call: Reading, person_id: uuid.UUID, response: Response) -> RecordView:
    """Only for staff of a region that knows the person; who looked is recorded."""
    shown = call.note(lambda session: _record(call, session, people.opened(session, call.actor, person_id, now=call.now)))
    response.headers["ETag"] = etag(shown.version)
    return shown


@router.get("/people/{person_id}/history", response_model=list[ChangeView], summary="人员变更记录（号码遮盖，查看留痕）")
def history(call: Reading, person_id: uuid.UUID) -> list[ChangeView]:
    """Also of the records that were merged into this one."""
    account = call.actor.account_id
    assert account is not None

    def run(session: Session) -> list[ChangeView]:
        found = _known(call, session, person_id)
        audit.looked(session, org_key=call.actor.org_key, account=account, claim_id=None, what=f"person.history:{found.id}",
                     reason=None, at=call.now)
        return [ChangeView(field=row.field, old=masked(row.field, row.old), new=masked(row.field, row.new), why=row.why,
                           account_id=row.account_id, at=row.at) for row in person_history.changes_of(session, found.id)]
    return call.note(run)


@router.post("/people/{person_id}/corrections", response_model=RecordView, summary="更正姓名、号码、电话、死亡日期")
def correct(call: Changing, person_id: uuid.UUID, body: Correction) -> Response:
    """Old and new are kept; open claims say so."""
    words = {name: value or None for name, value in body.model_dump(exclude_unset=True, exclude={"why"}).items()}
    return _on(call, person_id, body, lambda session, found: enrolment.correct_person(
        session, person_id=found.id, words=words, why=body.why, version=call.version, actor=call.actor, now=call.now), status=200)


@router.post("/people/{person_id}/categories", response_model=RecordView, status_code=201, summary="认定会员类别（起止日期与证明）")
def add_category(call: Doing, person_id: uuid.UUID, body: NewCategory) -> Response:
    """The category on the event's day counts."""
    return _on(call, person_id, body, lambda session, found: enrolment.add_category(
        session, person_id=found.id, **body.model_dump(), actor=call.actor, now=call.now))


@router.post("/people/{person_id}/categories/{category_id}/withdraw", response_model=RecordView, summary="撤销误认定的类别")
def withdraw_category(call: Doing, person_id: uuid.UUID, category_id: uuid.UUID, body: Why) -> Response:
    """It counts for no day any more."""
    def run(session: Session, found: Person) -> object:
        _require(categories.periods(session, found.id), category_id)
        return enrolment.withdraw_category(session, category_id=category_id, why=body.why, actor=call.actor, now=call.now)
    return _on(call, person_id, body, run, status=200)


@router.post("/people/{person_id}/proxies", response_model=RecordView, status_code=201, summary="登记代理人（本人病重）")
def add_proxy(call: Doing, person_id: uuid.UUID, body: NewProxy) -> Response:
    """May report and see the claims between the two days; decides nothing of hers, ever."""
    def run(session: Session, found: Person) -> object:
        proxy = person_history.resolved(session, body.proxy_id)
        if proxy is None:
            raise missing()
        return enrolment.add_proxy(session, person_id=found.id, **body.model_dump() | {"proxy_id": proxy.id}, actor=call.actor,
                                   now=call.now)
    return _on(call, person_id, body, run)


@router.post("/people/{person_id}/proxies/{proxy_id}/end", response_model=RecordView, summary="提前终止代理")
def end_proxy(call: Doing, person_id: uuid.UUID, proxy_id: uuid.UUID, body: Why) -> Response:
    """At once."""
    def run(session: Session, found: Person) -> object:
        _require(proxies.proxies_of(session, found.id), proxy_id)
        return enrolment.end_proxy(session, proxy_id=proxy_id, why=body.why, actor=call.actor, now=call.now)
    return _on(call, person_id, body, run, status=200)


@router.post("/people/{person_id}/kin/{relative_id}/remove", response_model=RecordView, summary="撤销误登记的亲属关系")
def remove_kin(call: Doing, person_id: uuid.UUID, relative_id: uuid.UUID, body: Why) -> Response:
    """Both directions go; both histories say who and why."""
    return _on(call, person_id, body, lambda session, found: enrolment.remove_kin(
        session, person_id=found.id, relative_id=relative_id, why=body.why, actor=call.actor, now=call.now), status=200)


@router.post("/people/{person_id}/merge", response_model=RecordView, summary="把同一人的另一记录并入此记录")
def merge(call: Changing, person_id: uuid.UUID, body: Dropped) -> Response:
    """Overlapping covers are named and stop it; what was re-pointed is kept."""
    return _on(call, person_id, body, lambda session, found: enrolment.merge_people(
        session, kept_id=found.id, dropped_id=body.dropped_id, why=body.why, version=call.version, actor=call.actor,
        now=call.now), status=200)


@router.post("/people/{person_id}/mergers/{merge_id}/undo", response_model=RecordView, summary="撤销一次合并")
def undo(call: Doing, person_id: uuid.UUID, merge_id: uuid.UUID, body: Why) -> Response:
    """The rows it re-pointed go back; what came since stays."""
    def run(session: Session, found: Person) -> object:
        _require(person_history.mergers_of(session, found.id), merge_id)
        return enrolment.split_people(session, merge_id=merge_id, why=body.why, actor=call.actor, now=call.now)
    return _on(call, person_id, body, run, status=200)


def _on(call: Call, person_id: uuid.UUID, body: BaseModel, verb: Callable[[Session, Person], object], *,
        status: int = 201) -> Response:
    """Run a verb on somebody the caller's region knows; the answer is the record as it then stands."""
    def run(session: Session) -> RecordView:
        found = _known(call, session, person_id)
        verb(session, found)
        session.flush()
        return _record(call, session, session.get_one(Person, found.id, populate_existing=True))
    return call.act(body, run, status=status)


def _require(rows: Iterable[Row], row_id: uuid.UUID) -> None:
    """The path names a row of this very person."""
    if row_id not in {row.id for row in rows}:
        raise missing()


def _known(call: Call, session: Session, person_id: uuid.UUID) -> Person:
    return known(session, call.actor, person_id)


def _record(call: Call, session: Session, found: Person) -> RecordView:
    number = enrolment_queries.number_of(found)
    return RecordView(
        **people.view_for(call.actor, found).model_dump(), version=found.version, died_on=found.died_on,
        warnings=warnings(found.name, number),
        categories=[_category(row) for row in categories.periods(session, found.id)],
        proxies=[_proxy(call, row) for row in proxies.proxies_of(session, found.id)],
        mergers=[_merger(row) for row in person_history.mergers_of(session, found.id)])


def _category(row: PersonCategory) -> CategoryView:
    return CategoryView(**row.model_dump(include=set(CategoryView.model_fields)))


def _proxy(call: Call, row: Proxy) -> ProxyView:
    shown = ProxyView(**row.model_dump(include=set(ProxyView.model_fields)))
    return shown.model_copy(update={"reason": None}) if call.actor.has(Role.ADMINISTRATOR) else shown


def _merger(row: PersonMerge) -> MergeView:
    return MergeView(**row.model_dump(include=set(MergeView.model_fields) - {"moved"}),
                     moved={name: len(rows) for name, rows in row.moved.items()})

