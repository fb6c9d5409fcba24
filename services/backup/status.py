"""Up to when everything is in the place: written by the stream, signed, read by restore and by whoever watches."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from services.backup.place import Place
from services.backup.signing import proved, signed
from services.core.errors import NotFound

NAME = "status.json"


@dataclass(frozen=True, slots=True)
class Status:
    """By the database's clock: every row acknowledged until `rows_until` is here, every paper of rows until `papers_until`.

    `behind`: bytes of the log that the database still keeps for us. `segment`: the log reaches into this one at the least.
    """

    rows_until: datetime
    papers_until: datetime | None
    behind: int
    segment: str


def write(place: Place, status: Status, key: Ed25519PrivateKey) -> None:
    """In place of the last one."""
    place.put(NAME, signed({name: value.isoformat() if isinstance(value, datetime) else value
                            for name, value in asdict(status).items()}, key))


def read(place: Place, key: Ed25519PublicKey) -> Status | None:
    """The last one, or None when no stream ever ran. InputError when it was touched."""
    try:
        value = proved(place.read(NAME), key, name=NAME)
    except NotFound:
        return None
    papers = value["papers_until"]
    return Status(datetime.fromisoformat(str(value["rows_until"])), datetime.fromisoformat(str(papers)) if papers else None,
                  int(str(value["behind"])), str(value["segment"]))
