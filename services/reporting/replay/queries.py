"""Replay a proposed rule-book against closed claims; and prove that replaying all at once is computing each by itself."""

from __future__ import annotations

import json
from dataclasses import dataclass

import polars as pl
from sqlmodel import Session

from services.access.actor import Actor, Role
from services.core.errors import InputError
from services.core.money import to_fen
from services.engine.one import compute
from services.reporting.replay import reckoning, rows, telling
from services.reporting.replay.views import READERS, Replay
from services.rulebook import registry
from services.rulebook.results import Result
from services.rulebook.schema import RuleBook
from services.rulebook.vocabulary import parse

__all__ = ["Differs", "Proof", "prove", "replay"]


@dataclass(frozen=True, slots=True)
class Differs:
    """A claim that two ways of computing do not agree on, in fen; None: cannot be computed."""

    claim_no: str
    wording: str
    at_once: int | None
    by_itself: int | None


@dataclass(frozen=True, slots=True)
class Proof:
    """Every closed claim computed by itself, step by step: `cannot` under the file in both ways, `differs` where the ways part."""

    claims: int
    cannot: int
    differs: tuple[Differs, ...]


def replay(session: Session, book: RuleBook, *, actor: Actor, as_if: bool | None = None) -> Replay:
    """The closed claims of the book's plan in the actor's sight, from their frozen worksheets' inputs, under this book.

    `book` with its bundle's parts joined. `as_if`: every closed claim, as if the file had been in force; False: those that the
    file's dates govern; None: those, or all when they are none. NotPermitted: no reader of `views.READERS`.
    """
    actor.require(*sorted(READERS | {Role.SYSTEM}), what="测算规则变更")
    claims = rows.closed(session, book.plan, actor=actor)
    found = _found(book, claims)
    basis = telling.basis_of(book, found, as_if)
    counted = found.with_columns((pl.lit(None, pl.String) if basis == "as_if" else reckoning.outside(book)).alias("beyond"))
    again = reckoning.present(book.plan, counted.filter(pl.col("beyond").is_null()))
    return telling.tell(book, claims, counted, again, basis)


def _found(book: RuleBook, claims: pl.DataFrame) -> pl.DataFrame:
    sheets = claims.filter(pl.col("words").is_not_null())
    return sheets.hstack(reckoning.reckoned(book, sheets["words"]).drop(reckoning.ROW))


def prove(session: Session, book: RuleBook, *, actor: Actor) -> Proof:
    """Compute every closed claim of the plan one by one, under the book and under its own wording, and compare with all at once."""
    actor.require(*sorted(READERS | {Role.SYSTEM}), what="测算规则变更")
    sheets = rows.closed(session, book.plan, actor=actor).filter(pl.col("words").is_not_null())
    found = _found(book, sheets).select("claim_no", "words", "plan_from", pl.when(pl.col("fault").is_null()).then("after").alias("after"))
    both = found.join(reckoning.present(book.plan, sheets), on="claim_no")
    differs, cannot = list[Differs](), 0
    for number, words, from_, after, again in both.select("claim_no", "words", "plan_from", "after", "again").iter_rows():
        for wording, at_once in ((book, after), (registry.version(book.plan, from_), again)):
            alone = _alone(wording, words)
            cannot += wording is book and alone is None
            if alone != at_once:
                differs.append(Differs(number, wording.version, at_once, alone))
    return Proof(both.height, cannot, tuple(differs))


def _alone(book: RuleBook, words: str) -> int | None:
    """Fen of one claim by the engine that keeps every step."""
    try:
        result: Result = compute(book, parse(json.loads(words)))
    except InputError:
        return None
    return to_fen(result.total) + to_fen(result.refund)
