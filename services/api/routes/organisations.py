"""The tree of organisations: opened, changed, moved, merged, closed, with its history and whom to call."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from services.api.bodies import Text, example
from services.api.calls import Call, Changing, Doing, Reading, etag
from services.api.rows import missing
from services.enrolment import queries as enrolment_queries
from services.enrolment import service as enrolment
from services.enrolment import tree
from services.models import Liaison, Organisation, OrganisationChange

router = APIRouter(tags=["组织与账号"])
_PARENT, _OTHER = "0195f2c4-0000-7000-8000-000000000001", "0195f2c4-0000-7000-8000-000000000002"
_KINDS = "office | city | district | industry | company | unit | womens_committee | insurer | agency"


class NewOrganisation(BaseModel):
    """A node under a parent."""

    model_config = example(parent_id=_PARENT, code="u001", name="示例一厂工会", kind="unit", credit_code="91350100M000100Y43")

    parent_id: uuid.UUID
    code: str = Field(description="上级之下唯一，1 至 16 位小写字母或数字")
    name: Text
    kind: str = Field(description=_KINDS)
    office: str | None = Field(None, description="办事机构对应的规则目录，如 ningxia")
    letter_organ: str | None = Field(None, description="落款机关名称")
    letter_series: str | None = Field(None, description="机关代字")
    contact: str | None = None
    credit_code: str | None = Field(None, description="统一社会信用代码（GB 32100-2015），在未撤销的组织中唯一")


class OrganisationView(BaseModel):
    """An organisation; `version` goes into If-Match of a change."""

    id: uuid.UUID
    parent_id: uuid.UUID | None
    org_key: str
    name: str
    kind: str
    office: str | None
    letter_organ: str | None
    letter_series: str | None
    contact: str | None
    credit_code: str | None
    closed_on: date | None
    merged_into: uuid.UUID | None
    version: int


class NewWords(BaseModel):
    """What is given is changed; an empty text takes the old word away."""

    model_config = example(name="示例一厂有限公司工会", why="更名，见批复文件")

    name: Text | None = None
    letter_organ: str | None = None
    letter_series: str | None = None
    contact: str | None = None
    credit_code: str | None = None
    why: Text


class NewParent(BaseModel):
    """Where the branch goes."""

    model_config = example(parent_id=_OTHER, why="行政区划调整")

    parent_id: uuid.UUID
    why: Text


class Successor(BaseModel):
    """Where everything goes on."""

    model_config = example(into_id=_OTHER, why="两厂合并")

    into_id: uuid.UUID
    why: Text


class Why(BaseModel):
    """Why; kept in the history."""

    model_config = example(why="登记有误，已核对原件")

    why: Text


class NewLiaison(BaseModel):
    """Whom an area calls. The phone is an office line."""

    model_config = example(area_id=_OTHER, name="联络员甲", duty="理赔联络", phone="0951-0000000", from_on="2026-01-01")

    area_id: uuid.UUID
    name: Text
    duty: Text
    phone: Text
    from_on: date
    until_on: date | None = None


class LiaisonView(BaseModel):
    """Whom to call."""

    id: uuid.UUID
    org_id: uuid.UUID
    area_id: uuid.UUID
    name: str
    duty: str
    phone: str
    from_on: date
    until_on: date | None


class ChangeView(BaseModel):
    """What happened to a node: who, when, why, from where to where."""

    org_id: uuid.UUID
    kind: str = Field(description="opened | changed | moved | merged | closed")
    from_key: str | None
    to_key: str
    into_id: uuid.UUID | None
    why: str
    account_id: uuid.UUID | None
    details: dict[str, object]
    at: datetime


@router.get("/organisations", response_model=list[OrganisationView], summary="管辖范围内的组织")
def organisations(call: Reading) -> list[OrganisationView]:
    """The tree at and under the caller's own organisation."""
    return call.read(lambda session: [_shown(row) for row in enrolment_queries.organisations_under(session, call.actor.org_key)])


@router.get("/organisations/{org_id}", response_model=OrganisationView, summary="一个组织")
def organisation(call: Reading, org_id: uuid.UUID, response: Response) -> OrganisationView:
    """With its version as ETag."""
    shown = call.read(lambda session: _shown(_here(call, session, org_id)))
    response.headers["ETag"] = etag(shown.version)
    return shown


@router.get("/organisations/{org_id}/history", response_model=list[ChangeView], summary="组织沿革")
def history(call: Reading, org_id: uuid.UUID) -> list[ChangeView]:
    """Opened, changed, moved, merged, closed; also what was merged into it."""
    def run(session: Session) -> list[ChangeView]:
        return [_change(row) for row in tree.history(session, _here(call, session, org_id).id)]
    return call.read(run)


@router.get("/organisations/{org_id}/liaisons", response_model=list[LiaisonView], summary="该找谁：就近的联络人在前")
def liaisons(call: Reading, org_id: uuid.UUID, kind: str | None = None) -> list[LiaisonView]:
    """Today's; `kind` asks for an insurer's or an agency's only."""
    def run(session: Session) -> list[LiaisonView]:
        org = _here(call, session, org_id)
        return [_liaison(row) for row in tree.liaisons(session, org.org_key, call.today, kind=kind)]
    return call.read(run)


@router.post("/organisations", response_model=OrganisationView, status_code=201, summary="新增组织")
def add_organisation(call: Doing, body: NewOrganisation) -> Response:
    """By an administrator of the parent's region."""
    return call.act(body, lambda session: _shown(enrolment.add_organisation(
        session, **body.model_dump(), actor=call.actor, now=call.now)))


@router.post("/organisations/{org_id}/words", response_model=OrganisationView, summary="更改名称、代码、落款、联系方式")
def change(call: Changing, org_id: uuid.UUID, body: NewWords) -> Response:
    """The old words stay in the history."""
    words = {name: value or None for name, value in body.model_dump(exclude_unset=True, exclude={"why"}).items()}
    return call.act(body, lambda session: _shown(enrolment.change_organisation(
        session, org_id=org_id, words=words, why=body.why, version=call.version, actor=call.actor, now=call.now)), status=200)


@router.post("/organisations/{org_id}/move", response_model=OrganisationView, summary="移到另一上级之下（连同全部下级和记录）")
def move(call: Changing, org_id: uuid.UUID, body: NewParent) -> Response:
    """One statement for a branch of any size; open claims go on."""
    return call.act(body, lambda session: _shown(enrolment.move_organisation(
        session, org_id=org_id, parent_id=body.parent_id, why=body.why, version=call.version, actor=call.actor,
        now=call.now)), status=200)


@router.post("/organisations/{org_id}/merge", response_model=OrganisationView, summary="并入接续的组织（答复为接续者）")
def merge(call: Changing, org_id: uuid.UUID, body: Successor) -> Response:
    """Nodes, covers, open claims and accounts go on at the successor; this one stays, closed."""
    return call.act(body, lambda session: _shown(enrolment.merge_organisation(
        session, org_id=org_id, into_id=body.into_id, why=body.why, version=call.version, actor=call.actor,
        now=call.now)), status=200)


@router.post("/organisations/{org_id}/close", response_model=OrganisationView, summary="撤销（名下已无下级、保障、案件和账号）")
def close(call: Changing, org_id: uuid.UUID, body: Why) -> Response:
    """One with anything left is merged instead."""
    return call.act(body, lambda session: _shown(enrolment.close_organisation(
        session, org_id=org_id, why=body.why, version=call.version, actor=call.actor, now=call.now)), status=200)


@router.post("/organisations/{org_id}/liaisons", response_model=LiaisonView, status_code=201, summary="登记联络人")
def add_liaison(call: Doing, org_id: uuid.UUID, body: NewLiaison) -> Response:
    """Serves the area and all below it."""
    return call.act(body, lambda session: _liaison(enrolment.add_liaison(
        session, org_id=org_id, **body.model_dump(), actor=call.actor, now=call.now)))


def _here(call: Call, session: Session, org_id: uuid.UUID) -> Organisation:
    found = session.get(Organisation, org_id)
    if found is None or not found.org_key.startswith(call.actor.org_key):
        raise missing()
    return found


def _shown(row: Organisation) -> OrganisationView:
    return OrganisationView(**row.model_dump(include=set(OrganisationView.model_fields)))


def _liaison(row: Liaison) -> LiaisonView:
    return LiaisonView(**row.model_dump(include=set(LiaisonView.model_fields)))


def _change(row: OrganisationChange) -> ChangeView:
    return ChangeView(**row.model_dump(include=set(ChangeView.model_fields)))
