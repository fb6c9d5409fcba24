"""After a death: who receives, by which part, and the papers it rests on."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlmodel import Session

from services.api.calls import Call, Reading
from services.api.rows import claim, looked
from services.core.money import show, to_yuan
from services.evidence.queries import papers_of
from services.payment import queries

router = APIRouter(tags=["案件"])


class HeirView(BaseModel):
    """One who receives; `amount` of the present decision, by fen."""

    name: str
    relation: str
    share: str = Field(examples=["1/2"])
    guardian: str | None
    amount: str
    basis: str


class ProofView(BaseModel):
    """A paper the succession rests on: on file is not yet accepted, and only accepted papers let money go."""

    kind: str
    name: str
    there: bool = Field(description="已交且未被退回；不等于已核对")
    accepted: bool = Field(description="已有人核对通过")


class SuccessionView(BaseModel):
    """The heirs in order and the papers asked for. The heirs are not paid while `unproved` names any."""

    heirs: list[HeirView]
    proofs: list[ProofView]
    missing: list[str] = Field(description="没有交来，或已被退回的")
    unproved: list[str] = Field(description="尚未核对通过的（含没有交来的）：全部通过后才付款")


@router.get("/claims/{claim_no}/heirs", response_model=SuccessionView, summary="身故后的领款人、份额和所需证明")
def heirs(call: Reading, claim_no: str) -> SuccessionView:
    """Family data: every look is recorded."""
    return call.note(lambda session: _shown(call, session, claim_no))


def _shown(call: Call, session: Session, claim_no: str) -> SuccessionView:
    found = claim(call, session, claim_no)
    looked(call, session, found, "heirs")
    after = queries.succession(session, found.id)
    accepted = {paper.kind for paper in papers_of(session, [found.id])[found.id] if paper.verdict == "accepted"}
    return SuccessionView(
        heirs=[HeirView(name=one.person.name, relation=one.relation or "", share=f"{one.payee.share_num}/{one.payee.share_den}",
                        guardian=after.guardians.get(one.payee.id), amount=show(to_yuan(one.fen)),
                        basis=one.payee.basis or "law") for one in after.receivers],
        proofs=[ProofView(kind=need.kind, name=need.name, there=need.there, accepted=need.kind in accepted) for need in after.proofs],
        missing=[need.kind for need in after.proofs if not need.there],
        unproved=[need.kind for need in after.proofs if need.kind not in accepted])
