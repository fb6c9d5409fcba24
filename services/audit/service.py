"""Writing to the record, and proving it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.audit import chain
from services.audit.chain import Entry, Link
from services.core.crypto import key_ring
from services.core.errors import NotFound
from services.core.ids import uuidv7
from services.models import AccessRecord
from services.models.claim import GENESIS

Head = tuple[int, bytes]


def link_all(entries: Sequence[Entry], heads: dict[uuid.UUID, Head], *,
             account: uuid.UUID | None, person: uuid.UUID | None, at: datetime) -> list[Link]:
    """Add the entries to their chains in order; `heads` is moved on in place."""
    join = chain.joiner(key_ring().audit_key_at(at), account=account, person=person, at=at)
    links = []
    for entry in entries:
        seq, prev = heads[entry.chain_id]
        link = join(seq, prev, entry)
        heads[entry.chain_id] = (link.seq, link.hash)
        links.append(link)
    return links


_INSERT = sa.text("""
    INSERT INTO audit_record (chain_id, seq, org_key, machine, subject_id, event, account_id, person_id, at, record, prev, hash)
    SELECT r.chain_id, r.seq, r.org_key, r.machine, r.subject_id, r.event, :account, :person, :at, r.record::jsonb, r.prev, r.hash
    FROM unnest(CAST(:chains AS uuid[]), CAST(:seqs AS int[]), CAST(:orgs AS text[]), CAST(:machines AS text[]),
                CAST(:subjects AS uuid[]), CAST(:events AS text[]), CAST(:records AS text[]), CAST(:prevs AS bytea[]),
                CAST(:hashes AS bytea[]))
         AS r(chain_id, seq, org_key, machine, subject_id, event, record, prev, hash)""").bindparams(
    sa.bindparam("account", type_=sa.Uuid), sa.bindparam("person", type_=sa.Uuid))


def insert(session: Session, links: Sequence[Link], *, account: uuid.UUID | None, person: uuid.UUID | None,
           at: datetime) -> None:
    """Write linked records; the caller writes the chains' new heads in the same transaction."""
    if not links:
        return
    session.execute(_INSERT, {
        "account": account, "person": person, "at": at,
        "chains": [link.entry.chain_id for link in links], "seqs": [link.seq for link in links],
        "orgs": [link.entry.org_key for link in links], "machines": [link.entry.machine for link in links],
        "subjects": [link.entry.subject_id for link in links], "events": [link.entry.event for link in links],
        "records": [link.text for link in links], "prevs": [link.prev for link in links],
        "hashes": [link.hash for link in links]})


def append(session: Session, entries: Sequence[Entry], *, account: uuid.UUID | None, person: uuid.UUID | None,
           at: datetime) -> None:
    """Record things that are no transitions (a paper uploaded, a card corrected) on the chains of one kind: claims, runs or feeds."""
    if not entries:
        return
    if entries[0].machine == "feed":
        _of_feeds(session, entries, account=account, person=person, at=at)
        return
    chains = sorted({entry.chain_id for entry in entries})
    table = "payment_run" if entries[0].machine == "payment_run" else "claim"
    rows = session.execute(sa.text(f"SELECT id, audit_seq, audit_head FROM {table} WHERE id = ANY(CAST(:ids AS uuid[]))"
                                   " ORDER BY id FOR UPDATE"), {"ids": chains}).all()
    heads: dict[uuid.UUID, Head] = {row[0]: (row[1], row[2]) for row in rows}
    if len(heads) != len(chains):
        raise NotFound("chain_missing", "没有这一案件，或不在您的管辖范围内", remedy="核对编号")
    links = link_all(entries, heads, account=account, person=person, at=at)
    insert(session, links, account=account, person=person, at=at)
    session.execute(
        sa.text(f"UPDATE {table} t SET audit_seq = r.seq, audit_head = r.head"
                " FROM unnest(CAST(:ids AS uuid[]), CAST(:seqs AS int[]), CAST(:heads AS bytea[])) AS r(id, seq, head)"
                " WHERE t.id = r.id"),
        {"ids": chains, "seqs": [heads[i][0] for i in chains], "heads": [heads[i][1] for i in chains]})


_FEEDS = sa.text("SELECT id FROM feed_file WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR UPDATE")
_LAST = sa.text("""
    SELECT DISTINCT ON (chain_id) chain_id, seq, hash FROM audit_record WHERE chain_id = ANY(CAST(:ids AS uuid[]))
    ORDER BY chain_id, seq DESC""")


def _of_feeds(session: Session, entries: Sequence[Entry], *, account: uuid.UUID | None, person: uuid.UUID | None, at: datetime) -> None:
    """A feed does not keep its chain's end: the last record is."""
    chains = sorted({entry.chain_id for entry in entries})
    if len(session.execute(_FEEDS, {"ids": chains}).all()) != len(chains):
        raise NotFound("chain_missing", "没有这一数据文件，或不在您的管辖范围内", remedy="核对编号")
    heads: dict[uuid.UUID, Head] = dict.fromkeys(chains, (0, GENESIS))
    heads |= {row.chain_id: (row.seq, row.hash) for row in session.execute(_LAST, {"ids": chains})}
    insert(session, link_all(entries, heads, account=account, person=person, at=at), account=account, person=person, at=at)


def looked(session: Session, *, org_key: str, account: uuid.UUID, claim_id: uuid.UUID | None, what: str,
           reason: str | None, at: datetime) -> None:
    """Record that somebody read papers, a diagnosis or an unmasked number."""
    session.add(AccessRecord(id=uuidv7(), org_key=org_key, account_id=account, claim_id=claim_id, what=what,
                             reason=reason, at=at))
