"""By which way a letter goes next: the office's order, what is set up, what its reader agreed to. Pure but for the file."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from services.core.errors import ConfigError
from services.core.settings import settings
from services.models.delivery import CHANNELS, MESSAGES

SHIPPED, OWN = Path(__file__).with_name("delivery.yaml"), "delivery.yaml"
PORTAL, PAPER = "portal", "paper"
WORDS: Mapping[str, str] = {"sms": "短信", "wecom": "企业微信", "mail": "电子邮件", PORTAL: "网上查阅", PAPER: "纸质送达"}


class Order(BaseModel):
    """One entry of the file. `org` is an organisation's key and holds for all below it; `codes` empty: every letter."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    org: str = Field(pattern=r"^([a-z0-9]+\.)+$")
    codes: tuple[str, ...] = ()
    ways: tuple[str, ...] = Field(min_length=1)
    unopened: int = Field(ge=1, le=365)

    @field_validator("ways")
    @classmethod
    def _known(cls, ways: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := sorted(set(ways) - set(CHANNELS)):
            raise ValueError(f"不认识的送达方式：{'、'.join(unknown)}")
        if len(set(ways)) < len(ways):
            raise ValueError("同一方式写了两次")
        if PAPER not in ways:
            raise ValueError("ways 中须有 paper：没有账号也没有留联系方式的收件人，只能以纸质送达")
        return ways


_ORDERS: TypeAdapter[list[Order]] = TypeAdapter(Annotated[list[Order], Field(min_length=1)])


def orders() -> Sequence[Order]:
    """The entries in force on this machine. ConfigError, naming the file, when it does not hold."""
    own = settings().data_dir / OWN
    path = own if own.exists() else SHIPPED
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _read(path: Path, _changed: int) -> Sequence[Order]:
    try:
        return _ORDERS.validate_python(yaml.safe_load(path.read_text("utf-8")))
    except (ValidationError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError("delivery_order", f"送达方式文件 {path.name} 不对：{error}",
                          remedy="按 services/notice/delivery.yaml 的写法更正") from None


def order_of(org_key: str, code: str, entries: Sequence[Order]) -> Order:
    """The nearest organisation's entry, of it the one that names the letter. ConfigError when none fits."""
    fitting = [entry for entry in entries if org_key.startswith(entry.org) and (not entry.codes or code in entry.codes)]
    if not fitting:
        raise ConfigError("delivery_order", f"{org_key} 没有送达方式", remedy="在 delivery.yaml 中为上级组织写一条")
    return max(fitting, key=lambda entry: (len(entry.org), bool(entry.codes)))


def next_way(ways: Sequence[str], *, able: Collection[str], tried: Collection[str], wishes: Sequence[str]) -> str | None:
    """The first of an order's ways that can be gone and was not; `wishes` is the reader's own order of messages. None: none is left."""
    wished = [way for way in wishes if way in ways]
    said = iter([*wished, *(way for way in ways if way in MESSAGES and way not in wished)])
    return next((way for way in (next(said) if way in MESSAGES else way for way in ways) if way in able and way not in tried), None)


def switched_on() -> frozenset[str]:
    """The messages that this machine can send."""
    return frozenset(settings().channels.split(",")) & frozenset(MESSAGES)
