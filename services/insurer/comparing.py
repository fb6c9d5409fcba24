"""Our books beside the insurer's list of a day: every difference, with both values and since when. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

from services.core.clock import business_day
from services.core.money import show, to_fen, to_yuan
from services.insurer.statement import Heard, Position, Said, Statement

NOTHING = "—"
# The states of a file and the kinds of messages, as an office puts them.
STATES: Mapping[str, str] = {
    "prepared": "待移送", "sent": "已发出", "new": "待受理", "received": "已受理", "filed": "已立案", "questioned": "已问询",
    "decided": "已核定", "settled": "已付款", "rejected": "已退件", "recalled": "已撤回"}
KINDS: Mapping[str, str] = {
    "ack": "受理", "file": "立案", "question": "问询", "answer_part": "部分核定", "decide": "核定", "settle": "付款", "reject": "退件",
    "recalled": "撤回"}
Key = tuple[str, int, int]              # claim, round, version of the dossier
MOOT = ("superseded", "handoff_over")   # faults of messages that nobody needs to do anything about


@dataclass(frozen=True, slots=True)
class File:
    """A dossier as we sent it. `digest` None: not sent, or sent and no receipt kept. `due`: the insurer's list must have it."""

    digest: str | None
    state: str
    sent_on: date | None
    recalled: bool
    due: bool
    replies: Mapping[UUID, date] = field(default_factory=dict)      # our answers with a receipt, by message


@dataclass(frozen=True, slots=True)
class Kept:
    """A message of the insurer in our inbox."""

    key: Key
    kind: str
    seq: int
    state: str
    fault: str
    on: date


@dataclass(frozen=True, slots=True)
class Money:
    """Of one round, fen: the insurer's whole decision, what of it is due in this round, and what was credited."""

    total_fen: int | None = None
    due_fen: int | None = None
    paid_fen: int = 0
    serials: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Books:
    """Ours: dossiers, inbox, and money by claim and round."""

    files: Mapping[Key, File]
    inbox: Mapping[UUID, Kept]
    money: Mapping[tuple[str, int], Money]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing on which the two differ, as both put it."""

    claim_no: str
    round: int
    version: int
    kind: str
    ours: str
    theirs: str
    since: date


def compare(books: Books, statement: Statement) -> list[Difference]:
    """All differences, by claim, round, version, kind and values."""
    listed = {(position.claim_no, position.round, position.version): position for position in statement.positions}
    found = [difference for key, position in listed.items() for difference in _position(books, key, position, statement.day)]
    found += [_made(key, "file_missing", f"已移送（{_state(file.state)}）", NOTHING, file.sent_on)
              for key, file in books.files.items() if file.due and key not in listed and file.sent_on and file.sent_on <= statement.day]
    found += _unknown(books, listed, statement.day)
    return sorted(found, key=lambda one: (one.claim_no, one.round, one.version, one.kind, one.ours, one.theirs))


def _made(key: Key, kind: str, ours: str, theirs: str, since: date) -> Difference:
    return Difference(*key, kind, ours, theirs, since)


def _position(books: Books, key: Key, position: Position, day: date) -> Iterator[Difference]:
    file, first = books.files.get(key), business_day(min(heard.at for heard in position.heard))
    if file is None:
        yield _made(key, "file_unknown", NOTHING, _state(position.state), first)
        return
    yield from _dossier(key, file, position, first)
    yield from _answers(key, file, position, day)
    for said in position.said:
        yield from _message(key, said, books.inbox.get(said.message_id))
    yield from _money(key, books.money.get(key[:2], Money()), position, first)


def _dossier(key: Key, file: File, position: Position, first: date) -> Iterator[Difference]:
    if file.digest is None:
        yield _made(key, "receipt_missing", "没有回执", f"已收到（{_state(position.state)}）", first)
    elif file.digest != position.package_digest:
        yield _made(key, "digest_differs", file.digest[:16], position.package_digest[:16], first)


def _answers(key: Key, file: File, position: Position, day: date) -> Iterator[Difference]:
    heard: dict[UUID, Heard] = {message.message_id: message for message in position.heard}
    for message in heard.values():
        if message.kind == "reply" and message.message_id not in file.replies:
            yield _made(key, "receipt_missing", "答复没有回执", "已收到答复", business_day(message.at))
        if message.kind == "recall" and not file.recalled:
            yield _made(key, "recall_unknown", NOTHING, "已收到退回请求", business_day(message.at))
    for message_id, on in file.replies.items():
        if message_id not in heard and on <= day:
            yield _made(key, "reply_missing", "已答复", NOTHING, on)


def _message(key: Key, said: Said, kept: Kept | None) -> Iterator[Difference]:
    words, since = _message_no(said.kind, said.seq), business_day(said.at)
    if kept is None:
        yield _made(key, "message_missing", NOTHING, words, since)
    elif kept.state == "waiting":
        yield _made(key, "message_waiting", f"已收到，未办理：{kept.fault}" if kept.fault else "已收到，未办理", words, since)
    elif kept.state == "rejected" and not kept.fault.startswith(MOOT):
        yield _made(key, "message_refused", f"未采用：{kept.fault}", words, since)


def _money(key: Key, money: Money, position: Position, first: date) -> Iterator[Difference]:
    days = {"decide": first, "settle": first, **{said.kind: business_day(said.at) for said in position.said}}
    if position.decided is not None and money.total_fen != to_fen(position.decided):
        yield _made(key, "decided_differs", _yuan(money.total_fen), show(position.decided), days["decide"])
    if position.settled is None:
        return
    if money.due_fen is not None and money.due_fen != to_fen(position.settled):
        yield _made(key, "settled_differs", _yuan(money.due_fen), show(position.settled), days["settle"])
    if money.paid_fen != to_fen(position.settled):
        yield _made(key, "paid_differs", _yuan(money.paid_fen), show(position.settled), days["settle"])
    elif position.settled > Decimal(0) and position.serial not in money.serials:
        yield _made(key, "serial_differs", "、".join(money.serials) or NOTHING, position.serial or NOTHING, days["settle"])


def _state(state: str) -> str:
    return STATES.get(state, state)


def _message_no(kind: str, seq: int) -> str:
    return f"{KINDS.get(kind, kind)}（第{seq}号消息）"


def _yuan(fen: int | None) -> str:
    return NOTHING if fen is None else show(to_yuan(fen))


def _unknown(books: Books, listed: Mapping[Key, Position], day: date) -> list[Difference]:
    """Messages in our inbox, dated up to the day, that the insurer does not list for a dossier it lists."""
    said = {message.message_id for position in listed.values() for message in position.said}
    return [_made(kept.key, "message_unknown", _message_no(kept.kind, kept.seq), NOTHING, kept.on)
            for message_id, kept in books.inbox.items() if kept.on <= day and kept.key in listed and message_id not in said]
