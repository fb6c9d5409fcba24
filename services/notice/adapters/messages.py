"""Messages through Apprise: one address a channel, as Apprise writes them (mailtos://, jsons:// for an SMS gateway, …).

The addresses hold passwords and therefore stand in a file of their own, one a line: `sms jsons://gateway/send?:to={address}`.
`{address}` is the reader's telephone, WeCom user or mailbox, `{id}` the attempt, which a gateway gets so as not to send twice.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import apprise

from services.core.errors import ConfigError
from services.core.settings import Settings
from services.models.delivery import MESSAGES
from services.notice.port import Message, Messenger, NoMessenger, Reply

_TRIAL = {"{address}": "13800000000", "{id}": "0"}
# What Apprise's log tells of a failure. HTTP 4xx and SMTP 5xx are refusals; 429 and SMTP 4xx say "not now".
_REFUSED = re.compile(r"error=(4(?!29)\d\d)\b|\((5\d\d), b")
_NOT_NOW = re.compile(r"error=429\b|\(4\d\d, b")
# The request never left: nobody listens, or no such host.
_NEVER_LEFT = re.compile(r"NewConnectionError|ConnectTimeout|Connection refused|Name or service not known|Errno 111|No route to host")
# One reader and nothing else: Apprise decodes a mailbox and splits it at such signs, percent-encoded or not.
_ONE_READER = re.compile(r"[^\s,;:/?&#<>\"|\\@]+(?:@[^\s,;:/?&#<>\"|\\@]+)?")
_HERE_ONLY = apprise.AppriseAsset(http_redirects=False)     # a gateway that points elsewhere is not followed
_WATCH = threading.Lock()       # Apprise tells why it failed only in its log, which is one for the process
logging.getLogger("apprise").propagate = False      # it names addresses


class AppriseMessenger:
    """`addresses`: channel to Apprise address with its places for reader and attempt."""

    def __init__(self, addresses: Mapping[str, str]) -> None:
        self._addresses = dict(addresses)

    def send(self, message: Message) -> Reply:
        """One call of the channel's address."""
        address = self._addresses.get(message.channel)
        if address is None:
            return Reply("refused", "本机没有开通这一送达方式")
        carrier = apprise.Apprise(asset=_HERE_ONLY)
        filled = _filled(address, {"{address}": message.address, "{id}": str(message.id)})
        if not _ONE_READER.fullmatch(message.address) or not carrier.add(filled):
            return Reply("refused", "地址不能用于这一送达方式")
        with _WATCH, apprise.LogCapture(level=logging.DEBUG) as captured:  # type: ignore[no-untyped-call]
            sent = carrier.notify(body=message.text, title=message.title)
            said = captured.getvalue()
        return Reply("sent") if sent else _why(said)


def _why(said: str) -> Reply:
    """What Apprise's log says of a message that was not taken over; what it does not say clearly counts as lost, since it may
    have been sent. The log itself holds addresses and is not kept.
    """
    if found := _REFUSED.search(said):
        return Reply("refused", f"对方拒收（{found[1] or found[2]}）")
    if _NEVER_LEFT.search(said) or _NOT_NOW.search(said):
        return Reply("unreached", "对方服务连接不上或暂不接收")
    return Reply("lost", "对方没有答复，不知是否发出")


def _filled(address: str, values: Mapping[str, str]) -> str:
    for place, value in values.items():
        address = address.replace(place, quote(value, safe=""))
    return address


def messenger_of(config: Settings) -> Messenger:
    """The messenger that the settings ask for. ConfigError: a channel is switched on without a usable address."""
    wanted = [name for name in config.channels.split(",") if name]
    if not wanted:
        return NoMessenger()
    known = _addresses(config.channel_urls)
    for name in wanted:
        address = known.get(name, "")
        if "{address}" not in address or not apprise.Apprise().add(_filled(address, _TRIAL)):
            raise ConfigError("channel_address", f"开通了送达方式 {name}，却没有可用的地址",
                              remedy=f"在 HUZHU_CHANNEL_URLS 的文件中写“{name} 地址”，地址含 {{address}}；或关掉这一方式",
                              field="HUZHU_CHANNELS")
    return AppriseMessenger({name: known[name] for name in wanted})


def _addresses(path: Path | None) -> dict[str, str]:
    if path is None or not path.is_file():
        return {}
    lines = (line.strip().partition(" ") for line in path.read_text("utf-8").splitlines() if line.strip() and line.strip()[0] != "#")
    return {name: address.strip() for name, _, address in lines if name in MESSAGES}
