"""What a claim asks of its reviewers: amounts that the plan leaves open, and its exclusion questions, with the answers."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlmodel import Session, col, select

from services.benefit import queries as worksheets
from services.core.money import show
from services.engine.one import compute
from services.models import Account, Claim
from services.review.inputs import EXCLUSIONS, MANUAL, exclusions_of
from services.rulebook.exclusions import questions


@dataclass(frozen=True, slots=True)
class Given:
    """Who answered, when and why."""

    by: str
    at: str
    reason: str


@dataclass(frozen=True, slots=True)
class OpenAmount:
    """A benefit whose amount a reviewer sets, in yuan; `ceiling` is what the cover still allows, None without one."""

    benefit: str
    name: str
    clause: str
    ceiling: str | None
    amount: str | None = None
    given: Given | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """An exclusion of the plan: its question, the published words, and the answer true, false or "suspected"."""

    exclusion: str
    question: str
    text: str
    clause: str
    answer: bool | str | None = None
    given: Given | None = None


def asked(session: Session, claim_id: uuid.UUID) -> tuple[list[OpenAmount], list[Question]]:
    """Amounts and questions of the present round, the questions of benefits that the facts bring into play.

    NotFound when the claim is out of sight.
    """
    basis = worksheets.bases(session, [claim_id])[claim_id]
    claim = session.get_one(Claim, claim_id, populate_existing=True)
    rows = {kind: {name: row for name, row in claim.inputs.get(kind, {}).items() if row["round"] == claim.round}
            for kind in (MANUAL, EXCLUSIONS)}
    names = _names(session, [row for held in rows.values() for row in held.values()])
    bare = compute(basis.book, basis.computation.model_copy(update={"manual": {}}))
    amounts = [OpenAmount(line.benefit, basis.book.benefits[line.benefit].name, line.clause,
                          None if line.ceiling is None else show(line.ceiling)) for line in bare.lines if line.manual]
    known = questions(basis.book)
    in_play = {line.benefit for line in bare.lines} | {item.benefit for item in bare.nothing if item.reason == "excluded"}
    texts = [Question(name, known[name].question, known[name].text, known[name].clause)
             for name in exclusions_of(basis.book, in_play)]
    return ([replace(item, amount=str(row["amount"]), given=_given(row, names)) if (row := rows[MANUAL].get(item.benefit))
             else item for item in amounts],
            [replace(item, answer=_answer(row["answer"]), given=_given(row, names))
             if (row := rows[EXCLUSIONS].get(item.exclusion)) else item for item in texts])


def _answer(value: object) -> bool | str:
    return value if isinstance(value, bool) else str(value)


def _names(session: Session, rows: list[dict[str, object]]) -> dict[str, str]:
    ids = {uuid.UUID(str(row["account"])) for row in rows}
    found = session.exec(select(Account.id, Account.name).where(col(Account.id).in_(ids))).all() if ids else []
    return {str(account): name for account, name in found}


def _given(row: Mapping[str, object], names: Mapping[str, str]) -> Given:
    return Given(names.get(str(row["account"]), ""), str(row["at"]), str(row["reason"]))
