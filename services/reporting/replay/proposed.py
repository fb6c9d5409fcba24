"""The proposed file: from a path, an upload or a release that waits for its second person; and what its check finds."""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session

from services.access.actor import Actor
from services.core.crypto import key_ring
from services.core.errors import InputError, NotFound
from services.engine.checking.check import joined
from services.engine.checking.contradictions import contradictions
from services.engine.checking.soundness import malformed, soundness
from services.releases import queries as releases
from services.rulebook.loader import Document, RuleBookError, document_of, read_document, validate
from services.rulebook.schema import RuleBook
from services.rulebook.validation import Finding
from services.storage import service as storage

LARGEST = 1024 * 1024       # bytes; the longest wording there is has sixty thousand


@dataclass(frozen=True, slots=True)
class Proposed:
    """A file that can be computed with, its bundle's parts joined. `findings`: what `plans check` still says against it."""

    book: RuleBook
    findings: tuple[Finding, ...]


def read(path: Path) -> Proposed:
    """RuleBookError with every finding when the file is no rule-book."""
    return _proposed(read_document(path))


def _proposed(document: Document) -> Proposed:
    misshapen = malformed(document)
    if misshapen:
        raise RuleBookError(misshapen)
    book = validate(document)
    return Proposed(joined(book), (*soundness(document, book), *contradictions(document, book)))


def read_content(content: bytes) -> Proposed:
    """The same of an upload, which its sender may have named anything. InputError: too large."""
    if len(content) > LARGEST:
        raise InputError("file_too_large", "规则文件超过 1 MB", remedy="核对是否选对了文件", field="file")
    return _proposed(document_of(Path("proposed.yaml"), content))


def keep(content: bytes, *, actor: Actor) -> tuple[str, str]:
    """Lay an upload down for the pages that show its replay: its SHA-256, and the mark without which `kept` gives nothing."""
    name = storage.put(content)
    return name, _mark(name, actor)


def kept(name: str, mark: str, *, actor: Actor) -> Proposed:
    """An upload again. NotFound without the mark that it was laid down with, for this account: other files lie there too."""
    if not hmac.compare_digest(mark.encode(), _mark(name, actor).encode()):
        raise NotFound("object_missing", "没有这一文件", remedy="在“规则测算”页重新上传")
    return read_content(storage.get(name))


def _mark(name: str, actor: Actor) -> str:
    return key_ring().index(f"{actor.account_id} {name}", field="replay.file").hex()


def of_release(session: Session, release_id: uuid.UUID, *, actor: Actor) -> Proposed:
    """The file that a proposal carries. NotFound: no such proposal of a rule-book in sight, or its file is not kept here."""
    found = next((one for one in releases.releases(session, actor=actor, kind="rule_book") if one.id == release_id), None)
    if found is None:
        raise NotFound("release_missing", "没有这一变更，或不在您的管辖范围内", remedy="刷新后核对")
    return read_content(_content(found.payload))


def _content(payload: Mapping[str, object]) -> bytes:
    text = payload.get("text")
    if isinstance(text, str):
        return text.encode()
    try:
        return storage.get(str(payload["sha256"]))
    except NotFound:
        raise NotFound("release_file", "这一提案只记了文件的 SHA-256，文件没有存入文件库", remedy="在“规则测算”页上传同一文件") from None
