"""A person's copy of her data: gathered in one view, packed outside any transaction, laid down, then told to be ready."""

from __future__ import annotations

import tempfile
import uuid

from prefect import flow

from flows.runtime import Batch, effect, looking, now, transaction, unique
from services.intake import data_copies
from services.reporting.copies import gather, pack

_IN_MEMORY = 8 * 1024 * 1024


@effect
async def make(request_id: uuid.UUID) -> None:
    """One copy. A kill anywhere leaves it `working`, and the row of the outbox owes it again."""
    with transaction() as session:
        owed = data_copies.begin(session, request_id)
    if owed is None:
        return

    def told(done: int, total: int) -> None:
        with transaction() as session:
            data_copies.note(session, request_id, done, total)

    at = now()
    with looking(owed.office) as session:
        found = gather.gather(session, owed.person_id, at=at, office=owed.office)
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as bundle:
        pack.write(bundle, found, at=at, told=told)
        sha256, size = data_copies.keep(request_id, bundle)
    with transaction() as session:
        data_copies.finish(session, request_id, sha256=sha256, size=size, now=now())


@flow(name="export_data", flow_run_name="{label}")
async def export_data(label: str, batch: Batch) -> None:
    """The copies of the batch."""
    for request_id in unique(batch.subjects):
        await make(request_id)
