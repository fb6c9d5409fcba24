"""Papers came in or a claim came back: pages drawn and read, automatic checks before a person looks."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from prefect import flow

from flows.runtime import Batch, actor, effect, looking, now, transaction, unique
from services.evidence import again, invoices, matches, matching, papers, reader, readings, viewing
from services.evidence import service as evidence
from services.evidence.recognition import engine

_AT_ONCE = engine.processes() + 1   # papers in work: enough to keep the drawing and reading processes busy, no more
T = TypeVar("T")


@effect
async def draw(claims: list[uuid.UUID]) -> None:
    """Pages of papers that have none yet, drawn in the confined process; no transaction is open meanwhile."""
    with looking() as session:
        undrawn = viewing.undrawn(session, claims)

    async def one(paper: viewing.Undrawn) -> None:
        leaves = await asyncio.to_thread(viewing.draw, paper)
        with transaction() as session:
            viewing.keep(session, [(paper, leaves)])

    await _some_at_once(one, undrawn)


@effect
async def read(claims: list[uuid.UUID]) -> None:
    """Papers that nobody read yet, read by the machine where there is one. The same bytes are read once, whoever sent them."""
    with transaction() as session:
        again.outdated(session, claims)
        reader.same(session, claims, now=now(), faults=False)
    with looking() as session:
        unread = reader.once_each(reader.unread(session, claims))

    async def one(paper: reader.Unread) -> None:
        found = await asyncio.to_thread(reader.read, paper)
        with transaction() as session:
            readings.keep(session, [found], now=now())

    await _some_at_once(one, unread)
    with transaction() as session:
        reader.same(session, claims, now=now())


async def _some_at_once(work: Callable[[T], Awaitable[None]], things: Sequence[T]) -> None:
    """Each in its turn, a few together. What was kept stays when one fails; the first failure is told at the end."""
    free = asyncio.Semaphore(_AT_ONCE)

    async def one(thing: T) -> None:
        async with free:
            await work(thing)

    for failed in await asyncio.gather(*map(one, things), return_exceptions=True):
        if failed:
            raise failed


@effect
async def match(claims: list[uuid.UUID]) -> None:
    """Invoices into the ledger; pages that were seen in another case, whichever office has it."""
    with looking() as session:
        pages = matching.unprinted(session, claims)

    async def one(page: tuple[uuid.UUID, str]) -> None:
        made = await asyncio.to_thread(matching.prints, [page])
        with transaction() as session:
            matching.keep_prints(session, made)

    await _some_at_once(one, pages)
    with transaction() as session:
        invoices.note(session, claims, now=now(), again=False)
    with looking() as session:
        pairs = matching.pairs(session, claims)
    seen = await asyncio.to_thread(matching.compare, pairs)
    with transaction() as session:
        matches.keep(session, claims, seen, now=now())


@effect
async def check(claims: list[uuid.UUID]) -> None:
    """Identity against the roster, papers against the list; findings wait for the verifier."""
    with transaction() as session:
        evidence.check(session, claim_ids=claims, actor=actor(), now=now())


@effect
async def owe(claims: list[uuid.UUID]) -> None:
    """The check as work of its own; owed twice, the second finds nothing to do."""
    with transaction() as session:
        papers.owe_check(session, claims, now=now())


@flow(name="owe_check", flow_run_name="{label}")
async def owe_check(label: str, batch: Batch) -> None:
    """After a move that owes something quick as well: the papers wait in their own lane (flows/dispatch.py)."""
    await owe(unique(batch.claims))


@flow(name="check_evidence", flow_run_name="{label}")
async def check_evidence(label: str, batch: Batch) -> None:
    """Draw and read what came in, look where it was seen before, then check the claims of the batch."""
    claims = unique(batch.claims)
    await draw(claims)
    await read(claims)
    await match(claims)
    await check(claims)
