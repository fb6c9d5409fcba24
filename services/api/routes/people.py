"""People, their kin and cards, funds. Numbers come out masked; the full one costs a reason and is recorded."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, File, Response, UploadFile
from pydantic import BaseModel
from sqlmodel import Session, col, select

from services.access.actor import Role
from services.api.bodies import Text, content_of, example, fingerprint
from services.api.calls import Call, Doing, Reading
from services.api.routes.accounts import Done
from services.api.rows import missing
from services.core.errors import NotFound
from services.core.money import parse_yuan, show, to_yuan
from services.enrolment import categories
from services.enrolment import queries as enrolment_queries
from services.enrolment import service as enrolment
from services.intake.queries import acts_for_self
from services.models import Cover, Organisation
from services.payment import service as payment
from services.reporting import people
from services.reporting.claims import locate
from services.reporting.views import PersonView
from services.rulebook import registry

router = APIRouter(tags=["人员与参保"])


class NewPerson(BaseModel):
    """A person by identity number; birth date and sex are read from it."""

    model_config = example(name="李示例", id_number="640104198803150028", phone="13800000000", category="normal")

    name: Text
    id_number: str
    phone: str | None = None
    category: str = "normal"


class Find(BaseModel):
    """An identity number; by POST, so that it stays out of addresses and logs."""

    model_config = example(id_number="640104198803150028")

    id_number: str


class Kin(BaseModel):
    """`relative_id` is the `relation` of the person."""

    model_config = example(relative_id="0195f2c4-0000-7000-8000-000000000004", relation="husband")

    relative_id: uuid.UUID
    relation: str


class Proof(BaseModel):
    """A paper that is kept, by its SHA-256."""

    sha256: str


class NewCard(BaseModel):
    """A person's own account."""

    model_config = example(bank="ICBC", number="6222020200112233440", holder="李示例")

    bank: str
    number: str
    holder: str


class CardView(BaseModel):
    """A card, masked."""

    id: uuid.UUID
    bank: str
    account: str
    holder: str


class Unmask(BaseModel):
    """Which number and why."""

    model_config = example(field="id_number", reason="与纸质身份证核对", claim_no="NX2026-0000-017")

    field: Literal["id_number", "phone", "bank_account"]
    reason: Text
    claim_no: str | None = None


class Unmasked(BaseModel):
    """The number in full."""

    field: str
    value: str


class NewFund(BaseModel):
    """A plan's own money."""

    model_config = example(plan="xj-women", opening="5000000.00", holder="样例市总工会互助金专户", account="0109000000000000011")

    plan: str
    opening: str
    holder: str | None = None
    account: str | None = None


class NewFundAccount(BaseModel):
    """The account a plan's money is paid from; `why` when there was another."""

    model_config = example(plan="xj-women", holder="样例市总工会互助金专户", account="0109000000000000011", why="换开户行")

    plan: str
    holder: str
    account: str
    why: str = ""


class FundAccountView(BaseModel):
    """The account as entered."""

    id: uuid.UUID
    plan: str
    holder: str
    account: str


class FundView(BaseModel):
    """A fund."""

    id: uuid.UUID
    plan: str
    opening: str


class CoverView(BaseModel):
    """A cover."""

    id: uuid.UUID
    plan: str
    plan_from: date
    effective: date
    until: date
    renewal: bool
    shares: int
    tier: str | None
    high_risk_work: bool
    relation: str
    certificate_no: str
    policy_no: str | None
    ended_on: date | None


@router.post("/people", response_model=PersonView, status_code=201, summary="登记人员（已有则返回）")
def add_person(call: Doing, body: NewPerson) -> Response:
    """Found by number; another name under the same number is refused."""
    return call.act(body, lambda session: people.view_for(call.actor, enrolment.add_person(
        session, **body.model_dump(), actor=call.actor, now=call.now)))


@router.post("/people/find", response_model=PersonView, summary="按身份证号查人")
def find(call: Doing, body: Find) -> Response:
    """Somebody of the caller's region, or on record nowhere yet; who is only on record elsewhere is nobody's to find out."""
    found = call.note(lambda session: people.find(session, call.actor, body.id_number, now=call.now))      # kept before it is told
    if found is None:
        raise NotFound("person_missing", "没有此人", remedy="核对身份证号", field="id_number")
    return call.act(body, lambda _: found, status=200)


@router.get("/people/{person_id}/covers", response_model=list[CoverView], summary="某人的保障")
def covers(call: Reading, person_id: uuid.UUID) -> list[CoverView]:
    """Within the caller's region; members see their own."""
    if acts_for_self(call.actor) and call.actor.person_id != person_id:
        raise missing()

    def run(session: Session) -> list[CoverView]:
        return [_cover(row) for row in enrolment_queries.covers_of(session, people.known(session, call.actor, person_id).id)]
    return call.read(run)


def _cover(row: Cover) -> CoverView:
    return CoverView(**row.model_dump(include=set(CoverView.model_fields)))


@router.post("/people/{person_id}/kin", response_model=Done, status_code=201, summary="登记亲属关系")
def add_kin(call: Doing, person_id: uuid.UUID, body: Kin) -> Response:
    """Kept in both directions, for separation of persons and for heirs. One of the two is covered or paid in the region."""
    def run(session: Session) -> Done:
        both = (person_id, body.relative_id)
        # The administrator ties colleagues too (a reviewer's wife), who have an account and no cover; never herself.
        administers = call.actor.has(Role.ADMINISTRATOR) and call.actor.person_id not in both
        if not any(people.region_knows(session, person) or (administers and people.in_region(session, call.actor, person))
                   for person in both):
            raise missing()
        enrolment.add_kin(session, person_id=person_id, **body.model_dump(), actor=call.actor, now=call.now)
        return Done()
    return call.act(body, run)


@router.post("/people/{person_id}/proofs", response_model=Proof, status_code=201, summary="上传类别、代理的证明材料，个人信息的书面申请")
def keep_proof(call: Doing, person_id: uuid.UUID, file: Annotated[UploadFile, File()]) -> Response:
    """A PDF or a picture; its SHA-256 goes into `proof_sha256` of a category, a proxy or a request on personal data."""
    content = content_of(file)

    def run(session: Session) -> Proof:
        if not people.in_region(session, call.actor, person_id):
            raise missing()
        return Proof(sha256=categories.keep_proof(content=content, file_name=file.filename or "证明材料", actor=call.actor))
    return call.act(fingerprint({"person_id": person_id}, content), run)


@router.post("/people/{person_id}/cards", response_model=CardView, status_code=201, summary="登记银行卡")
def add_card(call: Doing, person_id: uuid.UUID, body: NewCard) -> Response:
    """Another card replaces the current one for claims to come. The own, or of somebody the caller's region knows."""
    def run(session: Session) -> CardView:
        if not people.in_region(session, call.actor, person_id):
            raise missing()
        card = enrolment.add_bank_card(session, person_id=person_id, **body.model_dump(), actor=call.actor, now=call.now)
        return CardView(id=card.id, bank=card.bank, account=enrolment_queries.masked_card(card), holder=card.holder)
    return call.act(body, run)


@router.post("/people/{person_id}/unmask", response_model=Unmasked, summary="查看完整号码（须写理由，留痕）")
def unmask(call: Doing, person_id: uuid.UUID, body: Unmask) -> Response:
    """Only a person the caller's region knows; the answer is given once and never kept."""
    def run(session: Session) -> Unmasked:
        claim_id = locate(session, body.claim_no).id if body.claim_no else None
        value = people.unmask(session, person_id=person_id, what=body.field, reason=body.reason, claim_id=claim_id,
                              actor=call.actor, now=call.now)
        return Unmasked(field=body.field, value=value)
    return call.act(body, run, status=200, once=True)


@router.post("/funds", response_model=FundView, status_code=201, summary="开立计划专户")
def open_fund(call: Doing, body: NewFund) -> Response:
    """Once per plan, with its opening balance."""
    def run(session: Session) -> FundView:
        _require_own_plan(call, session, body.plan)
        fund = enrolment.open_fund(session, plan=body.plan, opening=parse_yuan(body.opening, field="opening"),
                                   actor=call.actor, now=call.now)
        if body.holder or body.account:
            payment.register_account(session, plan=body.plan, holder=body.holder or "", number=body.account or "",
                                     actor=call.actor, now=call.now)
        return FundView(id=fund.id, plan=fund.plan, opening=show(to_yuan(fund.opening_fen)))
    return call.act(body, run)


@router.post("/funds/accounts", response_model=FundAccountView, status_code=201, summary="登记或更改计划专户的户名和账号")
def register_account(call: Doing, body: NewFundAccount) -> Response:
    """The newest entry holds; every one is kept with who entered it and why."""
    def run(session: Session) -> FundAccountView:
        _require_own_plan(call, session, body.plan)
        row = payment.register_account(session, plan=body.plan, holder=body.holder, number=body.account, why=body.why,
                                       actor=call.actor, now=call.now)
        return FundAccountView(id=row.id, plan=row.plan, holder=row.holder, account=row.number)
    return call.act(body, run)


def _require_own_plan(call: Call, session: Session, plan: str) -> None:
    """A plan's money is its own office's: no other office opens it, with a balance of its choosing."""
    office = registry.latest(plan).office
    found = session.exec(select(Organisation.id).where(Organisation.office == office,
                                                       col(Organisation.org_key).startswith(call.actor.org_key))).first()
    if found is None:
        raise missing()
