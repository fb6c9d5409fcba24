"""One request of a page: who comes, in which language, with what in the form; and how it is answered."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from fastapi import Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ValidationError
from sqlmodel import Session
from starlette.datastructures import FormData, UploadFile

from services.access.actor import Actor
from services.access.sessions import csrf_of
from services.core import logs
from services.core.away import DatabaseAway
from services.core.db import driver_cursor
from services.core.errors import Conflict, HuzhuError, InputError, NotFound, Unauthenticated
from services.core.limits import Limiter
from services.models import IdempotencyKey
from services.outbox import idempotency
from services.rulebook.validation import explained
from services.web import render
from services.web.language import Language
from services.web.menu import parts
from services.web.refusal_words import in_words
from services.wiring import Caller

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
NOBODY = Actor(None, None, "", "", frozenset())     # its scope is empty and sees nothing
MEGABYTE = 1024 * 1024
DIGITS = 18         # of a number that the database still holds
SECRET = ("csrf", "once", "password", "again", "old")     # not even a digest of them is kept
HIDDEN = (*SECRET, "code")      # never written into a page again


def whole(text: str) -> int | None:
    """A whole number as a page wrote it; None for anything else, a number longer than any record's included."""
    return int(text) if text.isdecimal() and len(text) <= DIGITS else None


@dataclass(frozen=True, slots=True)
class Visit(Caller):
    """A visitor's request. `token` is the `cookie` of a session in force, empty for somebody who is not signed in."""

    language: Language
    path: str
    query: Mapping[str, str]
    form: FormData
    cookie: str
    token: str
    address: str
    agent: str
    theme: str
    limiters: dict[str, Limiter]
    cookies: Mapping[str, str]
    holder: Actor = NOBODY              # whose session it is, with all her roles; `actor` is as whom the page lets her in
    from_elsewhere: bool = False        # the browser says that a page of another site led here

    def wait(self, what: str, *, size: int, seconds: int) -> int:
        """0 when this address may do `what` once more, else the seconds to wait: `size` at once, then one every `seconds`."""
        seconds_left = self.limiters.setdefault(what, Limiter(size=size, seconds=seconds)).wait(self.address)
        if seconds_left:
            logs.safety("slowed", what=what, address=self.address, seconds=seconds_left)
        return seconds_left

    @property
    def signed_in(self) -> bool:
        """Whether a session stands behind the request."""
        return self.actor.account_id is not None

    def say(self, text: str, **values: object) -> str:
        """A sentence in the visitor's language."""
        return self.language.say(text, **values)

    def page(self, template: str, *, status: int = 200, problem: HuzhuError | None = None, **values: object) -> Response:
        """A page with its frame. `problem` is shown on top and beside its field; fields keep what was typed."""
        told = in_words(problem) if problem else None
        frame = {"visit": self, "me": self.actor, "menu": parts(self.holder), "csrf": csrf_of(self.token) if self.token else "",
                 "once": str(uuid.uuid4()), "problem": told, "typed": self.typed(), "done": self.query.get("done", "")}
        return render.page(template, self.language, {**frame, **values}, status=problem.status if problem else status)

    def typed(self) -> dict[str, str]:
        """The text fields of the form as they came."""
        return {name: value for name, value in self.form.items() if isinstance(value, str) and name not in HIDDEN}

    def written(self) -> list[str]:
        """What a person wrote in words: the one thing that a page which cannot show its form again must not lose."""
        return [value for value in self.typed().values() if value.strip() and (not value.isascii() or " " in value.strip())]

    def field(self, name: str) -> str:
        """One text field of the form, trimmed; empty when it did not come."""
        value = self.form.get(name, "")
        return value.strip() if isinstance(value, str) else ""

    def secret(self, name: str) -> str:
        """A password as it was typed, spaces and all."""
        value = self.form.get(name, "")
        return value if isinstance(value, str) else ""

    def listed(self, name: str) -> list[str]:
        """Every value of a field that may come several times (checkboxes)."""
        return [value for value in self.form.getlist(name) if isinstance(value, str)]

    def upload(self, name: str) -> UploadFile:
        """A file of the form. InputError without one."""
        value = self.form.get(name)
        if not isinstance(value, UploadFile) or not value.filename:
            raise InputError("file_missing", "没有选择文件", remedy="选择文件后再提交", field=name)
        return value

    def version(self) -> int | None:
        """Which version of the record the visitor saw, from the form."""
        return whole(self.field("version"))

    def filled(self, model: type[M]) -> M:
        """The form as a model; empty fields count as not given. InputError names the first wrong field."""
        given = {name: value for name, value in self.form.items()
                 if isinstance(value, str) and value.strip() and name not in ("csrf", "once")}
        try:
            return model.model_validate(given)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"])
            empty = first["type"] == "missing"
            said, remedy = ("没有填写这一项", "填写后再提交") if empty else (explained(first), "改正后再提交")
            raise InputError("wrong_value", said, remedy=remedy, field=name) from None

    def go(self, to: str, done: str = "") -> Response:
        """To another page of ours by GET; `done` names what was done, which that page then says."""
        if done:
            to += ("&" if "?" in to else "?") + f"done={done}"
        return RedirectResponse(to, 303)

    def attempt(self, verb: Callable[[Session], T], *, again: Callable[[HuzhuError], Response], then: str | Callable[[T], str],
                done: str = "") -> Response:
        """Run a verb in one transaction, once however often the form is sent, and go on to `then`.

        Refused: `again` shows the page anew with the refusal and what was typed; nothing was written.
        """
        try:
            return self.go(self._once(verb, then), done)
        except (Unauthenticated, NotFound, DatabaseAway):      # the page cannot be shown anew either; it would speak of its own reading
            raise
        except HuzhuError as error:
            return again(error)

    def note(self, query: Callable[[Session], T]) -> T:
        """Run a verb, or a read that leaves a record of who looked, in one transaction in the visitor's scope."""
        with self._transaction() as session:
            return query(session)

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        """A transaction whose statements are planned for this visitor.

        A prepared one keeps its first user's plan: made for a unit's clerk, in whose scope all of a unit's claims cost as much as
        one by its key, it reads a whole office's for a head.
        """
        with self.wiring.db.unit_of_work(self.actor.scope) as session:
            connection = driver_cursor(session).connection
            threshold, connection.prepare_threshold = connection.prepare_threshold, None
            try:
                yield session
                session.flush()
            finally:
                connection.prepare_threshold = threshold

    def _once(self, verb: Callable[[Session], T], then: str | Callable[[T], str]) -> str:
        request = self._request()
        with self._transaction() as session:
            kept = _earlier(session, request) if request else None
            if kept is not None:
                return str(kept.body["then"])
            result = verb(session)
            to = then if isinstance(then, str) else then(result)
            if request:
                idempotency.keep(session, request, status=303, body={"then": to}, now=self.now)
        return to

    def _request(self) -> idempotency.Request | None:
        key = self.field("once")
        if not key or self.actor.account_id is None:
            return None
        # Every value of a field, and what lies in its files: what differs in any of them is another request, and must not count as done.
        sent = [[name, value if isinstance(value, str) else _told_by(value)] for name, value in self.form.multi_items()
                if name not in SECRET]
        return idempotency.Request(self.actor.account_id, f"page:{key}", idempotency.digest("POST", self.path, None, {"form": sent}))


def _told_by(file: UploadFile) -> list[str]:
    """A file's name and the SHA-256 of its bytes; it is read from its start afterwards."""
    digest = hashlib.sha256()
    file.file.seek(0)
    while part := file.file.read(MEGABYTE):
        digest.update(part)
    file.file.seek(0)
    return [file.filename or "", digest.hexdigest()]


def _earlier(session: Session, request: idempotency.Request) -> IdempotencyKey | None:
    try:
        return idempotency.earlier(session, request)
    except Conflict:        # the interface's words speak of its header
        raise Conflict("form_sent_before", "这张表单先前已经提交过，这一次的内容与那一次不同，本次没有写入",
                       remedy="核对本页内容；确要再办一次的，再次提交（有文件的须重新选择）") from None
