"""The ring's file: a new current key, a later audit key, an old key put away. Each change replaces the file whole."""

from __future__ import annotations

import fcntl
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from services.core.clock import at_hour, business_day
from services.core.crypto import load_ring, new_key, write_ring
from services.core.errors import Conflict, InputError
from services.core.files import given, replaced

_LEAST = timedelta(hours=1)         # that a key was no longer current before it may go: who held the ring has let go of it
_NUMBERED = re.compile(r"k[0-9]+")
_FORM = re.compile(r"[a-z][a-z0-9-]{0,15}")


@dataclass(frozen=True, slots=True)
class Ring:
    """What the file says of its keys, without them. `since`: when each became current, where the file knows."""

    current: str
    ids: tuple[str, ...]
    since: dict[str, datetime]
    audit_from: tuple[date, ...]


def told(path: Path) -> Ring:
    """The ring's ids. ConfigError when there is no ring."""
    load_ring(path)
    kept = json.loads(path.read_text())
    return Ring(kept["current"], tuple(kept["field_keys"]),
                {name: datetime.fromisoformat(at) for name, at in kept.get("since", {}).items()},
                tuple(business_day(datetime.fromisoformat(one["from"])) for one in kept.get("audit_keys", [])))


def rotate(path: Path, *, now: datetime, name: str = "") -> str:
    """A new field key becomes the current one; its id. InputError when the name is taken or malformed."""
    with _held(path) as kept:
        name = name or _next(_names(kept))
        if not _FORM.fullmatch(name) or name in _names(kept):
            raise InputError("key_name", f"密钥名“{name}”不能用，或用过", remedy="用小写字母开头的短名，如 k2；不写则自动编号",
                             field="--name")
        kept["field_keys"][name] = new_key()
        kept["current"] = name
        kept.setdefault("since", {})[name] = now.isoformat()
    return name


def _next(names: set[str]) -> str:
    return f"k{1 + max((int(one[1:]) for one in names if _NUMBERED.fullmatch(one)), default=0)}"


def rotate_audit(path: Path, *, now: datetime) -> date:
    """A new key for records from tomorrow on, when every program has long read it; its first day."""
    first = business_day(now) + timedelta(days=1)
    with _held(path) as kept:
        later = kept.setdefault("audit_keys", [])
        if any(business_day(datetime.fromisoformat(one["from"])) >= first for one in later):
            raise Conflict("audit_key_waiting", f"已有一把审计密钥将自 {first} 或更晚启用", remedy="启用之后再更换")
        later.append({"from": at_hour(first, 0).isoformat(), "key": new_key()})
    return first


def retire(path: Path, name: str, *, now: datetime) -> Path:
    """Put a key away beside the ring, where restored backups find it; the file. The caller has looked that no value needs it."""
    with _held(path) as kept:
        _may_go(kept, name, now)
        away = path.parent / "retired" / f"{name}.json"
        # First there, then away from here: a kill in between leaves it in both.
        replaced(away, json.dumps({"id": name, "key": kept["field_keys"][name], "retired": now.isoformat()}, indent=1))
        del kept["field_keys"][name]
        kept["retired"] = [*kept.get("retired", []), name]
    return away


def may_go(path: Path, name: str, *, now: datetime) -> None:
    """Refuse a key that is current, unknown or was current lately."""
    _may_go(json.loads(path.read_text()), name, now)


def _may_go(kept: dict[str, Any], name: str, now: datetime) -> None:
    if name not in kept["field_keys"]:
        raise InputError("key_name", f"密钥环里没有密钥 {name}", remedy=f"现有：{'、'.join(kept['field_keys'])}", field="KEY")
    if name == kept["current"]:
        raise Conflict("key_current", f"{name} 是现用密钥", remedy="先运行 huzhu keys rotate 换一把，再 huzhu keys rewrap")
    since = datetime.fromisoformat(kept.get("since", {}).get(kept["current"], now.isoformat()))
    if now - since < _LEAST:
        raise Conflict("key_fresh", f"{name} 换下还不到一小时，可能有程序正用它加密", remedy=f"{since + _LEAST:%H:%M} 之后再停用")


def _names(kept: dict[str, Any]) -> set[str]:
    return {*kept["field_keys"], *kept.get("retired", [])}


@contextmanager
def _held(path: Path) -> Iterator[dict[str, Any]]:
    """The ring to change, one changer at a time; written when the block ends well."""
    load_ring(path)
    place = path.with_name(".ring.lock")
    with place.open("w") as lock:
        given(place, path.parent)
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept: dict[str, Any] = json.loads(path.read_text())
        yield kept
        write_ring(path, kept)
