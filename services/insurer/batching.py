"""Which dossiers travel together: as many as a package may hold. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.insurer.dossier import Dossier

_ENTRY = 16 * 1024          # bytes, for what a dossier adds beside its papers: manifest, worksheets, its row


def packages(dossiers: Sequence[Dossier], *, claims: int, size: int) -> Iterator[list[Dossier]]:
    """The dossiers in order, in packages of at most `claims` dossiers and about `size` bytes; one that is larger goes alone.

    No package holds two dossiers of the same claim: its papers lie in a folder named by the claim.
    """
    held: list[Dossier] = []
    weight = 0
    for dossier in dossiers:
        own = _ENTRY + sum(paper.size for paper in dossier.papers)
        full = len(held) >= claims or weight + own > size or any(one.claim_no == dossier.claim_no for one in held)
        if held and full:
            yield held
            held, weight = [], 0
        held.append(dossier)
        weight += own
    if held:
        yield held
