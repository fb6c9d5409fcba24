"""The stage's own small rules. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

OVERDUE = "certification_overdue"       # flag of a handoff that went on without the unit's certificate
# An answer without words, whose paper is one the insurer holds already or one that was sent back since: it must not be empty.
SENT_BEFORE = "所要材料以此前移送的为准，此次没有新的文件"


def message_id(handoff_id: uuid.UUID, what: str) -> uuid.UUID:
    """The same message has the same id however often it is made: the insurer knows a repeat by it."""
    return uuid.uuid5(handoff_id, what)


def item_for(asked: Mapping[str, object], listed: Sequence[Mapping[str, str]]) -> Mapping[str, str]:
    """The supplement item that carries one item of the insurer's question; kinds the plan does not know are `other`."""
    by_kind = {item["paper"]: item for item in listed}
    wanted = str(asked.get("paper") or "")
    return by_kind.get(wanted) or by_kind.get("other") or {}
