"""One claim with all that hangs on it, in one statement, for the desks.

The shapes are those of `claims.whole`, which asks for each part apart and so is also good for changes not yet written. Every part
is an array of rows as JSON.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TypeVar

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlmodel import Session

from services.core.money import show, to_yuan
from services.models import Person
from services.reporting import claims, views
from services.reporting.attached import SYSTEM, yuan
from services.reporting.forecast.queries import Risk, stands
from services.reporting.views import AlertView, ClaimView, PaperNeed, View
from services.rulebook.registry import version as book_version

V = TypeVar("V", bound=View)
Row = Mapping[str, object]
_RISKS = TypeAdapter(tuple[Risk, ...])


@dataclass(frozen=True, slots=True)
class Whole:
    """The claim as it is shown, with what only the desks' page says. `standing`: level, name and whether the approval of each passed
    level of the present round rests on the facts as they are now. `alerts`: who was told of which clock, oldest first; `risks`: by
    promise, what is forecast of it.
    """

    view: ClaimView
    unit: str
    findings: tuple[dict[str, object], ...]
    standing: tuple[tuple[str, str, bool], ...]
    alerts: tuple[AlertView, ...]
    risks: Mapping[str, Risk]


def _columns(shape: type[View], *but: str, of: str = "x") -> str:
    return ", ".join(f"{of}.{name}" for name in shape.model_fields if name not in but)


def _part(name: str, columns: str, tables: str, order: str) -> str:
    """Rows of a table of the claim's, in an order."""
    return f"(SELECT json_agg(y) FROM (SELECT {columns} FROM {tables} WHERE x.claim_id = c.id ORDER BY {order}) y) AS {name}"


_CARD = "LEFT JOIN bank_card b ON b.id = x.bank_card_id"
_PARTS = ", ".join((
    _part("papers", _columns(views.PaperView), "paper x", "x.id"),
    _part("supplements", _columns(views.SupplementView, "claim_no"), "supplement x", "x.id"),
    _part("worksheets", _columns(views.WorksheetView, "total", "refund") + ", x.total_fen, x.refund_fen", "worksheet x",
          "x.round DESC, x.seq DESC"),
    _part("chain", _columns(views.StepView, "duty_org", "taken_by", "done_by") + """, coalesce(o.name, '') AS duty_org, t.name AS taken_by,
          d.name AS done_by, x.round = c.round AND x.state = 'passed' AS passed, x.seen_digest IS NOT DISTINCT FROM c.digest AS stands""",
          """review_step x LEFT JOIN organisation o ON o.id = x.duty_org LEFT JOIN account t ON t.id = x.taken_by
          LEFT JOIN account d ON d.id = x.done_by""", "x.round, x.ordinal"),
    _part("decisions", _columns(views.DecisionView, "amount") + ", x.amount_fen", "decision x", "x.round"),
    _part("handoffs", _columns(views.HandoffView), "handoff x", "x.round"),
    _part("payees", "x.id, p.name, x.relation, x.share_num || '/' || x.share_den AS share, b.bank, '**** **** ' || b.last4 AS account",
          f"(SELECT * FROM payee WHERE active) x JOIN person p ON p.id = x.person_id {_CARD}", "x.id"),
    _part("payments", _columns(views.PaymentView, "claim_no", "payee", "amount", "bank", "account", "proposed") + """, p.name AS payee,
          b.bank, '**** **** ' || b.last4 AS account, x.amount_fen, x.proposed_card_id IS NOT NULL AS proposed""",
          f"payment x JOIN person p ON p.id = x.person_id {_CARD}", "x.id"),
    _part("clocks", _columns(views.ClockView), "sla_clock x", "x.round, x.id"),
    _part("alerts", "k.kind, x.what, x.due_on, x.role, coalesce(o.name, '') AS org", """sla_alert x JOIN sla_clock k ON k.id = x.clock_id
          LEFT JOIN organisation o ON o.org_key = x.duty_key""", "x.due_on, x.clock_id, x.lap, x.step"),
    _part("risks", ", ".join(f"x.{one.name}" for one in fields(Risk)),
          f"claim_risk x JOIN claim q ON q.id = x.claim_id AND {stands('x', 'q')}", "x.promise"),
    _part("letters", _columns(views.LetterView, "claim_no"), "notice x", "x.id")))
_RECORD = f"""(SELECT json_agg(y) FROM (
    SELECT r.seq, r.machine, r.event, r.at, r.record ->> 'from' AS source, r.record ->> 'to' AS target, r.record ->> 'reason' AS reason,
           r.record -> 'details' AS details, coalesce(a.name, '{SYSTEM}') AS by
    FROM audit_record r LEFT JOIN account a ON a.id = r.account_id WHERE r.chain_id = c.id ORDER BY r.seq) y) AS record"""
_HEAD = _columns(views.ClaimHead, "amount", of="c")
_WHOLE = sa.text(f"""
    SELECT {_HEAD}, c.amount_fen, c.plan_from, c.code, c.hold_reason, c.event, c.required, c.findings, o.name AS unit,
           p.id AS person_id, p.name, p.id_number_sealed, p.phone_sealed, p.born, p.sex, p.category,
           (SELECT row_to_json(y) FROM (SELECT {_columns(views.CaseView, "consents", of="k")}) y) AS case_file,
           ARRAY(SELECT DISTINCT n.purpose FROM consent n WHERE n.case_id = c.case_id AND n.withdrawn_at IS NULL ORDER BY 1) AS consents,
           {_PARTS}, {_RECORD}
    FROM claim c JOIN person p ON p.id = c.person_id JOIN case_file k ON k.id = c.case_id
    LEFT JOIN organisation o ON o.org_key = c.org_key WHERE c.id = :claim""")


def whole(session: Session, claim_id: uuid.UUID) -> Whole:
    """The claim of an id. NotFound outside the reader's sight."""
    session.flush()
    row = session.execute(_WHOLE, {"claim": claim_id}).mappings().first()
    if row is None:
        raise claims.missing()
    chain = row["chain"] or ()
    view = _view(row)
    return Whole(view, row["unit"] or "", tuple(row["findings"]),
                 tuple((step["level"], step["name"], step["stands"]) for step in chain if step["passed"]),
                 tuple(_listed(AlertView, row["alerts"])), {risk.promise: risk for risk in _RISKS.validate_python(row["risks"] or ())})


def _view(row: sa.RowMapping) -> ClaimView:
    book = book_version(row["plan"], row["plan_from"])
    number = {"claim_no": row["claim_no"]}
    papers = _listed(views.PaperView, row["papers"])
    fen = row["amount_fen"]
    head = views.ClaimHead(**{name: row[name] for name in views.ClaimHead.model_fields if name != "amount"},
                           amount=show(to_yuan(fen)) if fen is not None else None)
    return ClaimView(
        claim=head, plan_name=book.name, plan_version=row["plan_from"], public_code=row["code"], hold_reason=row["hold_reason"],
        person=_person(row), case=views.CaseView(**row["case_file"], consents=row["consents"]), event=row["event"],
        checklist=_checklist(row["required"], {rule.kind: (rule.name, rule.clause) for rule in book.papers}, papers), papers=papers,
        supplements=_listed(views.SupplementView, row["supplements"], number),
        worksheets=[views.WorksheetView(**sheet, total=yuan(sheet["total_fen"]), refund=yuan(sheet["refund_fen"]))
                    for sheet in row["worksheets"] or ()],
        chain=_listed(views.StepView, row["chain"]),
        decisions=[views.DecisionView(**one, amount=yuan(one["amount_fen"])) for one in row["decisions"] or ()],
        handoffs=_listed(views.HandoffView, row["handoffs"]), payees=_listed(views.PayeeView, row["payees"]),
        payments=[views.PaymentView(**one, **number, amount=yuan(one["amount_fen"])) for one in row["payments"] or ()],
        clocks=_listed(views.ClockView, row["clocks"]), letters=_listed(views.LetterView, row["letters"], number),
        record=[views.RecordView(**{**entry, "details": entry["details"] or {}}) for entry in row["record"] or ()])


def _listed(shape: type[V], rows: Sequence[Row] | None, more: Row | None = None) -> list[V]:
    """Rows of JSON as a shape; what it does not show is left aside."""
    return [shape.model_validate({**one, **(more or {})}) for one in rows or ()]


def _person(row: sa.RowMapping) -> views.PersonView:
    kept = ("name", "id_number_sealed", "phone_sealed", "born", "sex", "category")
    return claims.person_view(Person(id=row["person_id"], **{name: row[name] for name in kept}))


def _checklist(required: Sequence[str], rules: Mapping[str, tuple[str, str]], papers: Sequence[views.PaperView]) -> list[PaperNeed]:
    """Each required kind with the best verdict among its papers."""
    verdicts = {kind: {paper.verdict for paper in papers if paper.kind == kind} for kind in required}
    best = {kind: next((one for one in ("accepted", "waiting", "rejected") if one in verdicts[kind]), "missing") for kind in required}
    return [PaperNeed(kind=kind, name=rules.get(kind, (kind, ""))[0], clause=rules.get(kind, (kind, ""))[1], state=best[kind])
            for kind in required]
