"""The paper that stands for a proof in tests: kept as an upload is, named by its SHA-256."""

from __future__ import annotations

import hashlib

from services.storage import service as storage

_PAPER = b"%PDF-1.4 proof for tests"
PROOF = hashlib.sha256(_PAPER).hexdigest()
UNKEPT = "ab" * 32          # the digest of nothing that was ever uploaded


def keep_proof() -> None:
    """Kept once; again changes nothing."""
    storage.put(_PAPER)
