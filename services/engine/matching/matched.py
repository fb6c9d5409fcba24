"""What a cover answers to an event: the shapes that matching gives, and their JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

Verdict = Literal["yes", "needs", "no"]


@dataclass(frozen=True, slots=True)
class Why:
    """One reason for or against, with the clause (or source) it rests on."""

    code: str
    text: str
    clause: str


@dataclass(frozen=True, slots=True)
class Owed:
    """A benefit that may be owed on the facts stated."""

    benefit: str
    name: str
    clause: str


@dataclass(frozen=True, slots=True)
class Need:
    """A fact that is not stated, the benefits that wait for it and the paper that proves it (empty: none named)."""

    fact: str
    text: str
    benefits: tuple[str, ...]
    paper: str = ""


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper this cover asks for; `serves` names every plan of the event's that one such paper serves."""

    kind: str
    name: str
    clause: str
    serves: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What one cover answers. `opens`: a claim is opened, to be paid or refused by decision."""

    plan: str
    name: str
    version: str
    effective: date
    until: date
    answer: Verdict
    opens: bool
    pro: tuple[Why, ...] = ()
    contra: tuple[Why, ...] = ()
    benefits: tuple[Owed, ...] = ()
    needs: tuple[Need, ...] = ()
    papers: tuple[Paper, ...] = ()

    @property
    def said(self) -> str:
        """The answer's own reason in words: what is needed, or why not; for a yes what speaks for it."""
        told = {"yes": self.pro, "no": self.contra}.get(self.answer)
        return "；".join(why.text for why in told) if told is not None else "、".join(need.text for need in self.needs)

    def to_dict(self) -> dict[str, object]:
        """As JSON."""
        def rows(items: Sequence[Why | Owed | Need | Paper]) -> list[dict[str, object]]:
            return [{name: list(value) if isinstance(value := getattr(item, name), tuple) else value
                     for name in type(item).__dataclass_fields__} for item in items]
        return {"plan": self.plan, "name": self.name, "version": self.version, "effective": self.effective.isoformat(),
                "until": self.until.isoformat(), "answer": self.answer, "opens": self.opens, "said": self.said,
                "reasons_for": rows(self.pro), "reasons_against": rows(self.contra), "benefits": rows(self.benefits),
                "needs": rows(self.needs), "papers": rows(self.papers)}
