"""Insured plans: forward what the unit certified, send the dossier, answer the insurer's questions.

Record intent, commit, call, record the reply: no lock is held while the insurer thinks.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TypeVar

from prefect import flow

from flows.runtime import Batch, actor, effect, looking, now, transaction, unique
from services.core.errors import GuardFailed, HuzhuError, InputError
from services.core.settings import settings
from services.insurer import service as insurer
from services.insurer.batching import packages
from services.insurer.port import Answers, Dossier, Receipt
from services.wiring import wiring

_Out = TypeVar("_Out", Dossier, Answers)


@effect
async def forward(claims: list[uuid.UUID]) -> None:
    """Claims whose chain passed move to the insurer; others are left alone."""
    with transaction() as session:
        insurer.forward(session, claim_ids=claims, actor=actor(), now=now())


@effect
async def send(claims: list[uuid.UUID]) -> None:
    """Pack, commit, send, record: what is ready together travels together. A repeat carries the same dossiers, so a lost answer does
    no harm; one that lacks something or is refused holds up no other, and is told when all are sent.
    """
    with transaction() as session:
        packed = insurer.pack(session, claim_ids=claims, actor=actor(), now=now())
    dossiers = [one for one in packed if isinstance(one, Dossier)]
    refused: list[HuzhuError] = [one for one in packed if isinstance(one, GuardFailed)]
    for package in packages(dossiers, claims=settings().insurer_package_claims, size=settings().insurer_package_mb * 2**20):
        going = _going(package, refused)
        for dossier, said in zip(going, _handed(going), strict=True):
            if isinstance(said, InputError):
                refused.append(said)
                continue
            with transaction() as session:
                insurer.sent(session, dossier=dossier, receipt=said, actor=actor(), now=now())
    if refused:
        raise refused[0]


def _going(package: Sequence[_Out], refused: list[HuzhuError]) -> list[_Out]:
    """Asked at the last moment: a package may wait for those before it, and a person may take her consent back meanwhile."""
    with looking() as session:
        stopped = insurer.stopped(session, [one.claim_no for one in package])
    refused += stopped.values()
    return [one for one in package if one.claim_no not in stopped]


def _handed(package: Sequence[Dossier]) -> Sequence[Receipt | InputError]:
    """What the insurer says to each; a claim by itself needs no batch."""
    port = wiring().insurer
    if not package:
        return []
    if len(package) > 1:
        return port.send_batch(package)
    try:
        return [port.send(package[0])]
    except InputError as refusal:
        return [refusal]


@effect
async def reply(claims: list[uuid.UUID]) -> None:
    """Send the member's answers to the insurer's questions."""
    with transaction() as session:
        answers = insurer.replies(session, claim_ids=claims, now=now())
    refused: list[HuzhuError] = []
    for answer in answers:
        for going in _going([answer], refused):
            wiring().insurer.reply(going)
            with transaction() as session:
                insurer.replied(session, answers=going, actor=actor(), now=now())
    if refused:
        raise refused[0]


@effect
async def ask_back(claims: list[uuid.UUID]) -> None:
    """Ask for recalled dossiers; the same request however often, until the insurer confirms."""
    with looking() as session:
        requests = insurer.recalls(session, claim_ids=claims, now=now())
    for request in requests:
        wiring().insurer.recall(request)


@flow(name="forward_to_insurer", flow_run_name="{label}")
async def forward_to_insurer(label: str, batch: Batch) -> None:
    """After a level passed: insured claims whose chain is complete go on."""
    await forward(unique(batch.claims))


@flow(name="hand_to_insurer", flow_run_name="{label}")
async def hand_to_insurer(label: str, batch: Batch) -> None:
    """Send prepared dossiers."""
    await send(unique(batch.claims))


@flow(name="reply_to_insurer", flow_run_name="{label}")
async def reply_to_insurer(label: str, batch: Batch) -> None:
    """Send answered questions."""
    await reply(unique(batch.claims))


@flow(name="recall_from_insurer", flow_run_name="{label}")
async def recall_from_insurer(label: str, batch: Batch) -> None:
    """Send recorded recalls, also those whose door fell between recording and asking."""
    await ask_back(unique(batch.claims))
