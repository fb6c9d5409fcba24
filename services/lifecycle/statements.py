"""The SQL of a move: one locked select with the facts, one write. Built once per machine and event."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

from services.lifecycle.facts import CALL, RUN, SQL
from services.outbox.service import CHANNEL
from statemachines.rules import needs

TABLES = {"claim": "claim", "review_step": "review_step", "handoff": "handoff", "payment": "payment",
          "payment_run": "payment_run", "notice": "notice", "supplement": "supplement",
          "objection": "objection", "receivable": "receivable"}
# Columns that a move may write along with the state, and their types. No guard of such a move reads them: the facts are
# looked at before the write.
SETTABLE = {"payment": {"run_id": "uuid", "serial": "text", "credited_at": "timestamptz", "return_reason": "text"}}
# Machines whose rows carry their own audit chain; all others stand on their claim's.
OWN_CHAIN = frozenset({"claim", "payment_run"})


def call_facts(machine: str) -> frozenset[str]:
    """Facts that the caller states; where a machine's rows know better, the rows are asked."""
    return CALL - SQL[machine].keys()


@cache
def loaded_facts(machine: str, event: str) -> tuple[str, ...]:
    """The facts that come from SQL for this event, in a fixed order."""
    return tuple(sorted(needs(machine, event) - call_facts(machine)))


@cache
def select(machine: str, event: str) -> str:
    """Lock and read: id, org_key, state, version, chain id, seq, head, the seq that the snapshot saw, round, plan and its
    version, a level's days, then the facts.

    A statement that waited for a lock gets the locked rows as they are now, but its subqueries still read the snapshot
    from before the wait. Every change to a claim's things moves its chain on, so the two sequences tell.
    """
    table = TABLES[machine]
    facts = "".join(f", {SQL[machine][name]} AS {name}" for name in loaded_facts(machine, event))
    if machine == "claim":
        source, row, lock = "claim c", "c", "c"
    elif machine in OWN_CHAIN:
        source, row, lock = f"{table} r", "r", "r"
    else:
        source, row, lock = f"{table} r JOIN claim c ON c.id = r.claim_id", "r", "c, r"
        if "run." in facts:
            source += f" {RUN}"
    chain, chains = ("c", "claim") if "claim c" in source else ("r", table)
    claim = "c.round, c.plan, c.plan_from" if chain == "c" else "1, r.plan, NULL::date"
    days = "r.days" if machine == "review_step" else "NULL::int"
    return (f"SELECT {row}.id, {row}.org_key, {row}.state, {row}.version, {chain}.id AS chain_id, {chain}.audit_seq,"
            f" {chain}.audit_head, (SELECT s.audit_seq FROM {chains} s WHERE s.id = {chain}.id), {claim}, {days}{facts}"
            f" FROM {source} WHERE {row}.id = ANY(%(ids)s::uuid[])"
            f" ORDER BY {chain}.id, {row}.id FOR UPDATE OF {lock}")


_AUDIT = """
a AS (INSERT INTO audit_record (chain_id, seq, org_key, machine, subject_id, event, account_id, person_id, at, record,
                                prev, hash)
      SELECT m.chain, m.seq, m.org, %(machine)s, m.id, %(event)s, %(account)s::uuid, %(person)s::uuid, %(at)s,
             m.record::jsonb, m.prev, m.hash FROM m JOIN u ON u.id = m.id)"""
_OUTBOX = """,
o AS (INSERT INTO outbox (org_key, topic, claim_id, subject_id, payload, created_at, tries)
      SELECT m.org, %(topic)s, CASE WHEN %(machine)s = 'payment_run' THEN NULL ELSE m.chain END, m.id, jsonb_build_object('seq', m.seq),
             %(at)s, 0 FROM m JOIN u ON u.id = m.id)"""
# Name in `m`, parameter, type.
_COLUMNS = (("id", "ids", "uuid"), ("state", "states", "text"), ("chain", "chains", "uuid"),
            ("seq", "seqs", "int4"), ("org", "orgs", "text"), ("record", "records", "text"), ("prev", "prevs", "bytea"),
            ("hash", "hashes", "bytea"))


def _moves(machine: str, sets: Collection[str], *, single: bool) -> str:
    columns = [*_COLUMNS, *((name, name, SETTABLE[machine][name]) for name in sets)]
    if single:
        return f"m AS (SELECT {', '.join(f'%({given})s::{kind} AS {name}' for name, given, kind in columns)})"
    arrays, names = ", ".join(f"%({given})s::{kind}[]" for _, given, kind in columns), ", ".join(name for name, _, _ in columns)
    return f"m AS (SELECT * FROM unnest({arrays}) AS m({names}))"


@cache
def write(machine: str, *, owes: bool, single: bool, sets: tuple[str, ...] = ()) -> str:
    """State, chain head, audit and outbox in one statement; returns how many rows were written.

    `sets` are columns of SETTABLE: a second UPDATE of a row in one transaction would write it, its indexes and the checks of
    its foreign keys once more.

    Every insert selects from the update, so that a row hidden by row security writes nothing at all.
    `single` spares one row the cost of `unnest`.
    """
    table = TABLES[machine]
    rows = _moves(machine, sets, single=single)
    given = "".join(f", {name} = m.{name}" for name in sets)
    outbox = _OUTBOX if owes else ""
    done = f"SELECT count(*), (SELECT pg_notify('{CHANNEL}', '')) FROM u" if owes else "SELECT count(*) FROM u"
    if machine in OWN_CHAIN:
        updated = ", updated_at = %(at)s" if machine == "claim" else ""
        moved = (f"u AS (UPDATE {table} t SET state = m.state, version = t.version + 1, audit_seq = m.seq,"
                 f" audit_head = m.hash{updated}{given} FROM m WHERE t.id = m.id RETURNING t.id)")
        return f"WITH {rows}, {moved}, {_AUDIT}{outbox} {done}"
    moved = (f"u AS (UPDATE {table} t SET state = m.state, version = t.version + 1{given} FROM m WHERE t.id = m.id"
             " RETURNING t.id)")
    head = ("h AS (UPDATE claim t SET audit_seq = m.seq, audit_head = m.hash, updated_at = %(at)s FROM"
            " (SELECT DISTINCT ON (chain) chain, seq, hash FROM m ORDER BY chain, seq DESC) m WHERE t.id = m.chain)")
    return f"WITH {rows}, {moved}, {head}, {_AUDIT}{outbox} {done}"
