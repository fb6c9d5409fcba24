"""What the house asks of whoever carries its messages. A message tells that a letter waits; it names no illness, sum or plan."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """`id` is the attempt's: a provider that knows it already sends nothing again. `address`: telephone, WeCom user or mailbox."""

    id: uuid.UUID
    channel: str
    address: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """`sent`: taken over; `refused`: never sent, for good; `lost`: nobody knows, and it is not sent again; `unreached`: it never
    left the house, and may be tried later.
    """

    outcome: Literal["sent", "refused", "lost", "unreached"]
    words: str = ""


class Messenger(Protocol):
    """Carries one message, once."""

    def send(self, message: Message) -> Reply:
        """Never raises for what the other side does or fails to do."""


class NoMessenger:
    """A house that has set up no messages: letters wait in the portal and go on paper."""

    def send(self, message: Message) -> Reply:
        """Refuses, so that the letter goes its next way."""
        return Reply("refused", "本机没有开通这一送达方式")
