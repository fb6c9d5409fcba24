"""Who may not act on what: each comparison of persons one SQL expression over a claim `c`.

Persons are compared here and nowhere else: `deciding_person` (a view) says who decided on a claim's round, and every check
of separation, also of other stages, is made of the expressions below. `%(persons)s` are all whom the actor counts as (a
substitute: the own person and those stood in for), `%(today)s` is the business day."""

from __future__ import annotations

_SIDE = """(SELECT c.person_id UNION ALL SELECT y.person_id FROM payee y WHERE y.claim_id = c.id AND y.active)"""
ACTOR = "%(persons)s::uuid[]"
TODAY = "%(today)s::date"
# Who amends what the decision rests on by judgement: an amount no rate is published for, a grade of the illness.
JUDGED = ("amount", "regrade")


def bound(expression: str) -> str:
    """An expression for `sa.text`, with `:persons` and `:today` as its parameters."""
    return expression.replace(ACTOR, "CAST(:persons AS uuid[])").replace(TODAY, "CAST(:today AS date)")


def on_claimant_side(persons: str) -> str:
    """One of the persons (an array) is claimant, payee or of their family."""
    return f"""EXISTS (SELECT 1 FROM {_SIDE} AS side(person_id) WHERE side.person_id = ANY({persons}) OR EXISTS (
        SELECT 1 FROM family_tie t WHERE t.person_id = side.person_id AND t.relative_id = ANY({persons})))"""


def did(acts: tuple[str, ...], persons: str, but: str = "") -> str:
    """One of the persons did one of these acts on the claim's round, himself or through a substitute; `but` one row."""
    listed = ", ".join(f"'{act}'" for act in acts)
    other = f" AND d.subject_id <> {but}" if but else ""
    return f"""EXISTS (SELECT 1 FROM deciding_person d WHERE d.claim_id = c.id AND d.round = c.round AND d.act IN ({listed})
        AND d.person_id = ANY({persons}){other})"""


def weighed(persons: str) -> str:
    """They decided, amended by judgement, or are on the claimant's side (also an heir or guardian): such ones do not pay it out."""
    return f"({did(('verify', 'review', 'advance', *JUDGED), persons)} OR {on_claimant_side(persons)})"


def barred(step: str, persons: str) -> str:
    """Separation keeps the persons from acting on the level: claimant's side, another deciding act of the round, or, at the
    level that decides, an amount or grade of their own.
    """
    return f"""({on_claimant_side(persons)} OR ({step}.act = 'review' AND ({did(("verify", "review"), persons, but=f"{step}.id")}
        OR ({step}.decides AND {did(JUDGED, persons)}))))"""


# The absent colleagues of account `a` today, from its own organisation.
_AWAY = f"""substitute u JOIN account b ON b.id = u.absent_id WHERE u.account_id = a.id AND u.ended_at IS NULL
    AND {TODAY} BETWEEN u.from_on AND u.until_on"""
_COUNTS_AS = f"(ARRAY(SELECT b.person_id FROM {_AWAY} AND b.person_id IS NOT NULL) || a.person_id)"


def able(step: str) -> str:
    """Account `a` may act on the level: in use, its role held or lent, and separation permits (claim `c`)."""
    return f"""(a.active AND a.person_id IS NOT NULL AND (
        EXISTS (SELECT 1 FROM role_grant g WHERE g.account_id = a.id AND g.role = {step}.role)
        OR EXISTS (SELECT 1 FROM {_AWAY} AND b.active AND b.org_key = a.org_key AND {step}.role = ANY(string_to_array(u.roles, ' '))
            AND EXISTS (SELECT 1 FROM role_grant g WHERE g.account_id = b.id AND g.role = {step}.role)))
        AND NOT {barred(step, _COUNTS_AS)})"""


def candidates(step: str) -> str:
    """FROM and WHERE of the accounts `a` at the level's duty organisation that may act on it."""
    return f"FROM account a WHERE a.org_key = {step}.duty_key AND {able(step)}"


def eligible(step: str, but: str = "") -> str:
    """How many may act on the level; `but`: not counting whoever counts as one of these persons (an array)."""
    others = f" AND NOT ({_COUNTS_AS} && {but})" if but else ""
    return f"(SELECT count(*) {candidates(step)}{others})"


def makers(run: str) -> str:
    """The run's maker and whom that one stood in for when making it."""
    return f"""(ARRAY(SELECT t.for_person FROM stood_in t WHERE t.subject_id = {run}.id AND t.by_person = {run}.made_person)
        || {run}.made_person)"""


def second(first: str) -> str:
    """The actor is somebody, and neither the one who asked nor whom that one stood in for when asking."""
    return f"""({first} IS NOT NULL AND {ACTOR} <> '{{}}' AND {first} <> ALL({ACTOR}) AND NOT EXISTS (SELECT 1 FROM stood_in t
        WHERE t.subject_id = r.id AND t.by_person = {first} AND t.for_person = ANY({ACTOR})))"""
