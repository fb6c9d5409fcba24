"""The office's worker as it dies: real processes, each killed with SIGKILL at the points a plan names, each followed by the next.

`python -m tests.support.mortal` loads the worker's code once and waits for orders, one JSON object a line: `{"up": {environment}}` keeps
a worker running from now on, as the machine's supervisor would: one that died is followed by another; `{"down": true}` ends it. Each
worker is a fork of its own: no memory, connection or lock of a dead one lives on. Nothing of the worker's work is changed; what is added
is only where it dies: a file `<point>--<claim_no>` in `MORTAL_PLAN` is one death, and is gone when it was died.

A point is before or after a call of the insurer (`send`, `poll`, `reply`), or after a verb of the office ran in its transaction: `.done`
before the commit, `.kept` after it, which is one death for all the claims the commit was about. All of them are process boundaries: what
the worker knew is gone, what it committed or said is not.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import sys
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import wraps
from pathlib import Path
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlmodel import Session

import services.wiring as wirings
from flows import worker
from services.core import crypto
from services.core.errors import InputError
from services.core.settings import Settings, settings
from services.insurer import service as insurer
from services.insurer.adapters.http import HttpInsurer
from services.insurer.adapters.sftp import SftpInsurer
from services.insurer.port import Answers, Dossier, InboundMessage, Insurer, Receipt
from services.insurer.post import post_of
from services.payment import service as payment

PATIENCE = 1.5          # seconds the office waits for the insurer, instead of ten or thirty
_WAITING = "deaths"     # of a session: what happens once it has committed


def die(point: str, claim_no: str) -> None:
    """Killed here and now, if the plan says so; only once."""
    if _due(point, claim_no):
        os.kill(os.getpid(), signal.SIGKILL)


def _due(point: str, claim_no: str) -> bool:
    """Whether the plan has this death; it has it no more."""
    with suppress(FileNotFoundError):
        (Path(os.environ["MORTAL_PLAN"]) / f"{point}--{claim_no}").unlink()
        return True
    return False


class Mortal:
    """The real adapter; dying is all that is added. The other verbs pass through."""

    def __init__(self, port: Insurer) -> None:
        self._port = port

    def __getattr__(self, name: str) -> object:
        return getattr(self._port, name)

    def send(self, dossier: Dossier) -> Receipt:
        die("send.before", dossier.claim_no)
        receipt = self._port.send(dossier)
        die("send.after", dossier.claim_no)
        return receipt

    def send_batch(self, dossiers: Sequence[Dossier]) -> list[Receipt | InputError]:
        for dossier in dossiers:
            die("send.before", dossier.claim_no)
        said = self._port.send_batch(dossiers)
        for dossier in dossiers:
            die("send.after", dossier.claim_no)
        return said

    def reply(self, answers: Answers) -> Receipt:
        die("reply.before", answers.claim_no)
        receipt = self._port.reply(answers)
        die("reply.after", answers.claim_no)
        return receipt

    def messages(self, after: int) -> list[InboundMessage]:
        page = self._port.messages(after)
        for message in page:
            die("poll.after", message.claim_no)
        return page


def _mortal_verbs() -> None:
    """Death after each verb, before and after its commit; the verbs themselves are as they are."""
    for module, name in ((insurer, "pack"), (insurer, "sent"), (insurer, "receive"), (insurer, "apply"), (insurer, "replied"),
                         (payment, "announce")):
        setattr(module, name, _mortal(name, getattr(module, name)))
    sa.event.listen(sa.orm.Session, "after_commit", _committed)


def _mortal(name: str, verb: Callable[..., object]) -> Callable[..., object]:
    @wraps(verb)
    def dying(session: Session, **given: object) -> object:
        result = verb(session, **given)
        for claim_no in _claims(session, result, given):
            die(f"{name}.done", claim_no)
            session.info.setdefault(_WAITING, []).append((f"{name}.kept", claim_no))
        return result
    return dying


def _committed(session: sa.orm.Session) -> None:
    """One commit may keep something of many claims (a page of messages, an announcement): the worker that dies after it dies for all of
    them at once. What is committed is not done again, so a death that was left for later would never be died.
    """
    due = [_due(point, claim_no) for point, claim_no in session.info.pop(_WAITING, [])]
    if any(due):
        os.kill(os.getpid(), signal.SIGKILL)


def _claims(session: Session, result: object, given: dict[str, object]) -> list[str]:
    """The claims a call did something about."""
    for about in given.values():
        if isinstance(about, Dossier | Answers | InboundMessage):
            return [about.claim_no] if result is not False else []
    if isinstance(result, list) and result and isinstance(result[0], uuid.UUID):
        return list(session.execute(sa.text("SELECT claim_no FROM claim WHERE id = ANY(:ids)"), {"ids": result}).scalars())
    if isinstance(result, list):
        return [item.claim_no for item in result if isinstance(item, Dossier)]
    numbers = given.get("claim_nos")
    return list(numbers) if isinstance(numbers, list) and result else []


def _insurer(config: Settings, now: Callable[[], datetime]) -> Insurer:
    """The adapter the address asks for, of little patience, mortal."""
    adapter = SftpInsurer if urlsplit(config.insurer_url).scheme == "sftp" else HttpInsurer
    keys = config.insurer_keys
    return Mortal(adapter(url=config.insurer_url, office_key=(keys / wirings.OFFICE_KEY).read_bytes(), clock=now, timeout=PATIENCE,
                          insurer_public_key=(keys / wirings.INSURER_PUBLIC_KEY).read_bytes(), post=post_of(keys, config.insurer_suite)))  # type: ignore[return-value]


def _live(environment: dict[str, str]) -> None:
    """A worker, until it dies."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ.update(environment)
    settings.cache_clear()
    crypto.key_ring.cache_clear()
    wirings.insurer_of = _insurer
    _mortal_verbs()
    os.close(0)
    os.dup2(2, 1)                       # standard output is the keeper's
    os._exit(worker.main())


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def main() -> None:
    """Keep a worker alive while there is an order to, until the orders end."""
    gc.freeze()                         # the forks share what was loaded
    environment: dict[str, str] | None = None
    child = 0
    _say("ready")
    while True:
        if environment is not None and not child and not (child := os.fork()):
            _live(environment)
        if select.select([0], [], [], 0.02)[0]:
            line = sys.stdin.readline()
            environment = json.loads(line).get("up") if line else None
            if child and environment is None:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                child = 0
            if not line:
                return
            _say("done")
        if child and os.waitpid(child, os.WNOHANG)[0]:
            child = 0


if __name__ == "__main__":
    main()
