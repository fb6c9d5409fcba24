"""The insurer over a batch folder on their SFTP server. Nothing here tries again: the flow does, with the same message.

A message is laid into `in/` as `.part` and renamed when it is whole; the insurer's sealed answer is found in `answers/` under the
same name, which names kind, claim, message and content: a message that was answered is not laid again. The insurer's own
messages lie in `messages/` by their number. Everything in the folder is a sealed container.
"""

from __future__ import annotations

import asyncio
import hashlib
import posixpath
import threading
import time
import uuid
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import date, datetime
from typing import TypeVar
from urllib.parse import unquote, urlsplit

import asyncssh
from pydantic import JsonValue

from services.core.errors import ConfigError, InputError, OutsideError, Unauthenticated
from services.insurer.adapters.reading import (
    content,
    decoded,
    down,
    in_order,
    message_of,
    nonsense,
    of_day,
    read,
    receipt_for,
    receipts_for,
    refused,
)
from services.insurer.dossier import Answers, Dossier, Recall, Receipt, Status
from services.insurer.messages import InboundMessage
from services.insurer.package import build
from services.insurer.port import SignedAnswer
from services.insurer.post import Post
from services.insurer.statement import Statement
from services.insurer.wire import canonical

_PAGE = 20
_LOOK = 0.05            # seconds between two looks for an answer, longer with each
_ENDING = ".hzp"
_OK = 200
_T = TypeVar("_T")


class SftpInsurer:
    """The `Insurer` port over SFTP. `url` is `sftp://user@host:port/folder`; the office's Ed25519 key logs in, the server's host
    key must be the insurer's; `timeout` is in seconds for connecting and for waiting for an answer.
    """

    def __init__(self, *, url: str, office_key: bytes, insurer_public_key: bytes, post: Post, clock: Callable[[], datetime],
                 timeout: float = 30.0) -> None:
        self._host, self._port, self._user, self._folder = _address(url)
        try:
            self._key = asyncssh.import_private_key(office_key)
            self._host_key = asyncssh.import_public_key(insurer_public_key)
        except asyncssh.KeyImportError as error:
            raise ConfigError("insurer_key", "保险公司接口的密钥无法用于 SFTP",
                              remedy="重新生成 office.pem，或向保险公司索取 insurer.pub.pem") from error
        self._post_box, self._clock, self._timeout = post, clock, timeout
        self._loop: asyncio.AbstractEventLoop | None = None
        self._one = threading.Lock()            # one line to the insurer; messages take turns
        self._line: asyncssh.SSHClientConnection | None = None
        self._files: asyncssh.SFTPClient | None = None

    def close(self) -> None:
        """Close the line."""
        with self._one:
            if self._loop is not None:
                asyncio.run_coroutine_threadsafe(self._hang_up(), self._loop).result()
                self._loop.call_soon_threadsafe(self._loop.stop)
                self._loop = None

    def send(self, dossier: Dossier) -> Receipt:
        """Hand a dossier over, as a sealed package."""
        return self._deliver(dossier, "dossier")

    def send_batch(self, dossiers: Sequence[Dossier]) -> list[Receipt | InputError]:
        """Hand several dossiers over in one sealed package; an answer with a refusal is not kept, so that it can be asked anew."""
        inside = build(dossiers, self._post_box.suite)
        name = f"batch-{len(dossiers)}-{hashlib.sha256(inside).hexdigest()[:32]}"
        said = self._believed(name, inside, lambda answer: receipts_for(dossiers, answer))
        if any(isinstance(one, InputError) for one in said):
            self._run(self._remove(name + _ENDING))
        return said

    def reply(self, answers: Answers) -> Receipt:
        """Answer a question."""
        return self._deliver(answers, "reply")

    def recall(self, recall: Recall) -> Receipt:
        """Ask for the dossier back."""
        return self._deliver(recall, "recall")

    def status(self, claim_no: str) -> Status:
        """Where the insurer stands with a claim."""
        asked: dict[str, JsonValue] = {"kind": "status", "claim_no": claim_no, "at": self._clock().isoformat()}
        return read(Status, self._answer(f"status-{claim_no}-{uuid.uuid4()}", canonical(asked), keep=False))

    def statement(self, day: date) -> Statement:
        """The insurer's list of a day; asked for like a status, so that it is always the newest word."""
        asked: dict[str, JsonValue] = {"kind": "statement", "day": day.isoformat(), "at": self._clock().isoformat()}
        return of_day(day, self._answer(f"statement-{day.isoformat()}-{uuid.uuid4()}", canonical(asked), keep=False))

    def messages(self, after: int) -> list[InboundMessage]:
        """The next page of messages with `seq > after`."""
        found = self._run(self._newer(after))
        messages = [message_of(decoded(self._post_box.unseal(container))) for _, container in found]
        if [message.seq for message in messages] != [seq for seq, _ in found]:
            raise nonsense("seq")
        return in_order(after, messages)

    def verify(self, headers: Mapping[str, str], method: str, path: str, body: bytes) -> InboundMessage:
        """There is no webhook beside the folder."""
        raise Unauthenticated("insurer_signature", "保险公司经文件夹传送消息，不接受推送", remedy="请放入约定的 messages 文件夹")

    def answer(self, headers: Mapping[str, str], method: str, path: str, *, status: int, body: JsonValue) -> SignedAnswer:
        """A plain answer: the caller was not the insurer."""
        return SignedAnswer(status, canonical(body), {"Content-Type": "application/json"})

    def _deliver(self, message: Dossier | Answers | Recall, kind: str) -> Receipt:
        inside = content(message, kind, self._post_box.suite)
        name = f"{kind}-{message.claim_no}-{message.message_id}-{hashlib.sha256(inside).hexdigest()[:16]}"
        return self._believed(name, inside, lambda said: receipt_for(message, kind, said))

    def _believed(self, name: str, inside: bytes, reading: Callable[[dict[str, JsonValue]], _T]) -> _T:
        """What the answer says. A receipt for something else is taken away, or it would be read for ever."""
        said = self._answer(name, inside, keep=True)
        try:
            return reading(said)
        except OutsideError:
            self._run(self._remove(name + _ENDING))
            raise

    def _answer(self, name: str, inside: bytes, *, keep: bool) -> dict[str, JsonValue]:
        """The insurer's answer to this content. A receipt stays in the folder; what is no receipt is taken away and asked anew."""
        digest = self._post_box.suite.digest(inside)
        container = self._run(self._exchange(name + _ENDING, self._post_box.seal(inside)))
        try:
            said = decoded(self._post_box.unseal(container))
            if said.get("to") != digest and (said.get("to") or said.get("status") == _OK):      # unreadable: to nothing in particular
                raise OutsideError("insurer_signature", "保险公司的回件属于另一次请求", remedy="稍后重发同一条消息")
            status, body = said.get("status"), said.get("body")
            if not isinstance(status, int) or not isinstance(body, dict):
                raise nonsense("body")
            if later := down(status):
                raise later
            if status != _OK:
                raise refused(body)
        except (OutsideError, InputError):
            self._run(self._remove(name + _ENDING))
            raise
        if not keep:
            self._run(self._remove(name + _ENDING))
        return body

    # ---- the line

    def _run(self, work: Coroutine[None, None, _T]) -> _T:
        with self._one:
            try:
                return asyncio.run_coroutine_threadsafe(work, self._looping()).result()
            except (OSError, asyncssh.Error, TimeoutError) as error:
                asyncio.run_coroutine_threadsafe(self._hang_up(), self._looping()).result()
                raise OutsideError("insurer_no_answer", f"保险公司的文件夹没有回答：{type(error).__name__}",
                                   remedy="稍后重发同一条消息，重复无害") from error

    def _looping(self) -> asyncio.AbstractEventLoop:
        """A loop in a thread of its own: whoever calls may stand in a loop already."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            threading.Thread(target=self._loop.run_forever, daemon=True, name="insurer-sftp").start()
        return self._loop

    async def _hang_up(self) -> None:
        line, self._line, self._files = self._line, None, None
        if line is not None:
            line.abort()
            await line.wait_closed()

    async def _open(self) -> asyncssh.SFTPClient:
        if self._files is None:
            self._line = await asyncio.wait_for(asyncssh.connect(
                self._host, self._port, username=self._user, client_keys=[self._key], known_hosts=([self._host_key], [], []),
                agent_path=None, config=None, preferred_auth="publickey", keepalive_interval=self._timeout / 2), self._timeout)
            self._files = await self._line.start_sftp_client()
        return self._files

    def _path(self, *parts: str) -> str:
        return posixpath.join(self._folder, *parts)

    async def _exchange(self, name: str, container: bytes) -> bytes:
        files, end, pause = await self._open(), time.monotonic() + self._timeout, _LOOK
        answer = self._path("answers", name)
        if not await files.exists(answer):
            part = self._path("in", name + ".part")
            async with files.open(part, "wb") as file:
                await file.write(container)
            await files.posix_rename(part, self._path("in", name))
        while not await files.exists(answer):
            if time.monotonic() > end:
                raise TimeoutError
            await asyncio.sleep(pause)
            pause = min(pause * 1.3, 1.0)
        return await _content(files, answer)

    async def _newer(self, after: int) -> list[tuple[int, bytes]]:
        files = await self._open()
        names = [name for name in map(str, await files.listdir(self._path("messages"))) if name.endswith(_ENDING)]
        numbers = sorted(int(stem) for stem in (name[:-len(_ENDING)] for name in names) if stem.isascii() and stem.isdigit())
        page = [number for number in numbers if number > after][:_PAGE]
        return [(number, await _content(files, self._path("messages", f"{number:012d}{_ENDING}"))) for number in page]

    async def _remove(self, name: str) -> None:
        files = await self._open()
        answer = self._path("answers", name)
        if await files.exists(answer):
            await files.remove(answer)


def _address(url: str) -> tuple[str, int, str, str]:
    """Host, port, user and folder. ConfigError when the address has no such parts."""
    try:
        parts = urlsplit(url)
        host, port, user = parts.hostname, parts.port, parts.username
    except ValueError:                  # a port that is none, a bracket left open
        host, port, user = None, None, None
    if not url.startswith("sftp://") or not host or not user:
        raise ConfigError("insurer_url", "保险公司文件夹地址应为 sftp://用户@主机:端口/文件夹",
                          remedy="更正 HUZHU_INSURER_URL", field="HUZHU_INSURER_URL")
    return host, port or 22, unquote(user), unquote(parts.path).strip("/") or "."


async def _content(files: asyncssh.SFTPClient, path: str) -> bytes:
    async with files.open(path, "rb") as file:
        found: bytes = await file.read()
    return found
