"""The keys' copies: one file, sealed under a passphrase (scrypt, AES-256-GCM), made anew when a key changes.

A line of JSON (how the passphrase becomes a key), then the sealed bytes: a gzipped tar of `ring.json`, `insurer/…`, `seals/…`,
`files/…`, and with them the office's own files beside its data, `office/…`: they change as seldom, and who could write them could let
money out. With the passphrase and these words any program can open it.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from services.backup.place import Place
from services.core.errors import ConfigError, InputError, NotFound
from services.core.settings import Settings

_N, _R, _P = 1 << 16, 8, 1          # 64 MB and a fifth of a second for each guess
_LEAST = 16                         # signs of a passphrase
_FOLDER = "keys"
_RING = "ring.json"
_RETIRED = "retired/"
_ABOUT = b"huzhu keys 1"
_FILES = ("store_keys", "channel_urls", "receipt_secret_file", "oidc_client_secret_file", "backup_access", "audit_place_keys")

_OFFICE = "office/"
# What replaces a shipped file as a whole, in the data folder itself (services/payment/limits.py, services/notice/channels.py).
_OWN = ("payment_limits.yaml", "delivery.yaml")


def passphrase_of(config: Settings, file: Path | None = None) -> str:
    """The passphrase in the file that is named. ConfigError when there is none or it is short."""
    named = file or config.backup_passphrase_file
    if named is None or not named.is_file():
        raise ConfigError("backup_passphrase", "没有密钥备份的口令文件", field="HUZHU_BACKUP_PASSPHRASE_FILE",
                          remedy="设置 HUZHU_BACKUP_PASSPHRASE_FILE；口令另抄一份封存在单位保险柜")
    text = named.read_text(encoding="utf-8").strip()
    if len(text) < _LEAST:
        raise ConfigError("backup_passphrase", f"密钥备份的口令太短（至少 {_LEAST} 个字符）", field="HUZHU_BACKUP_PASSPHRASE_FILE",
                          remedy="用 openssl rand -base64 32 生成一个，抄两份分开保管")
    return text


def gathered(config: Settings) -> dict[str, bytes]:
    """Every key of the house by its name in the copy: the key folder, the insurer's, the seals, files that settings name; its own files."""
    folders = {"": config.key_ring.parent, "insurer": config.insurer_keys, "seals": config.seals_dir}
    found: dict[str, bytes] = {}
    for under, folder in folders.items():
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            # Dotted ones are locks and halves of a file that is being replaced (core/files).
            if path.is_file() and path.suffix != ".part" and not path.name.startswith("."):
                found.setdefault("/".join(filter(None, (under, path.relative_to(folder).as_posix()))), path.read_bytes())
    for setting in _FILES:
        named = getattr(config, setting, None)
        if isinstance(named, Path) and named.is_file():
            found[f"files/{setting}"] = named.read_bytes()
    found |= {f"{_OFFICE}{name}": (config.data_dir / name).read_bytes() for name in _OWN if (config.data_dir / name).is_file()}
    if config.key_ring.name not in found:
        raise ConfigError("key_ring", f"没有密钥文件 {config.key_ring.name}，无从备份", remedy="核对 HUZHU_DATA_DIR，或先运行 huzhu setup",
                          field="HUZHU_DATA_DIR")
    return found


def digest_of(keys: Mapping[str, bytes]) -> str:
    """What tells two states of the keys apart; for this process only, it is never written down."""
    whole = hashlib.sha256()
    for name in sorted(keys):
        whole.update(f"{name}\0{hashlib.sha256(keys[name]).hexdigest()}\n".encode())
    return whole.hexdigest()


def seal(keys: Mapping[str, bytes], passphrase: str) -> bytes:
    """The sealed copy."""
    bundle = io.BytesIO()
    with tarfile.open(fileobj=bundle, mode="w:gz") as tar:
        for name in sorted(keys):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(keys[name]), 0o600
            tar.addfile(entry, io.BytesIO(keys[name]))
    salt, nonce = os.urandom(16), os.urandom(12)
    head = {"kdf": "scrypt", "n": _N, "r": _R, "p": _P, "salt": _text(salt), "cipher": "AES-256-GCM", "nonce": _text(nonce)}
    key = Scrypt(salt=salt, length=32, n=_N, r=_R, p=_P).derive(passphrase.encode())
    return json.dumps(head).encode() + b"\n" + AESGCM(key).encrypt(nonce, bundle.getvalue(), _ABOUT)


def unseal(sealed: bytes, passphrase: str) -> dict[str, bytes]:
    """The keys by name. InputError when the passphrase is another one or the copy was touched."""
    line, _, rest = sealed.partition(b"\n")
    try:
        head = json.loads(line)
        costs = {name: int(head[name]) for name in ("n", "r", "p")}
        if costs["n"] > 1 << 20 or costs["r"] > 32 or costs["p"] > 16:
            raise ValueError("costs")
        key = Scrypt(salt=_bytes(head["salt"]), length=32, **costs).derive(passphrase.encode())
        bundle = AESGCM(key).decrypt(_bytes(head["nonce"]), rest, _ABOUT)
    except (InvalidTag, ValueError, KeyError, TypeError):
        raise _shut() from None
    with tarfile.open(fileobj=io.BytesIO(bundle), mode="r:gz") as tar:
        return {entry.name: content.read() for entry in tar if (content := tar.extractfile(entry)) is not None}


def _shut() -> InputError:
    return InputError("keys_sealed", "密钥的备份打不开：口令不对，或文件被改动", field="--passphrase-file",
                      remedy="核对口令文件；要恢复的那一刻所用的口令，或其后换过的口令，都可以")


def keep(place: Place, keys: Mapping[str, bytes], passphrase: str, at: datetime) -> str:
    """Lay down a copy unless the newest holds the same keys; the name of the copy that does. Older copies stay."""
    names = copies(place)
    if names and _same(place, names[-1], keys, passphrase):
        return names[-1]
    name = _named(at)
    place.create(name, seal(keys, passphrase))
    return name


def _same(place: Place, name: str, keys: Mapping[str, bytes], passphrase: str) -> bool:
    """A copy under another passphrase counts as another one: from now on the new passphrase opens."""
    try:
        return unseal(place.read(name), passphrase) == dict(keys)
    except InputError:
        return False


def copies(place: Place) -> list[str]:
    """The copies' names, oldest first."""
    return sorted(item.name for item in place.items(_FOLDER) if item.name.endswith(".sealed"))


def of(place: Place, passphrase: str, until: datetime | None = None) -> dict[str, bytes]:
    """The keys as they were at an instant (None: now), and in the ring every key of the other copies that this passphrase opens.

    A key that was retired since still opens what an older backup holds; one that came a moment before may be in the next copy only.
    Where the copy of that hour is sealed under a former passphrase, the next one that opens has all of its keys; an earlier one has not.
    NotFound when there is no copy; InputError when the passphrase opens none that will do.
    """
    names = copies(place)
    if not names:
        raise NotFound("keys_missing", "密钥备份处没有密钥的备份", remedy="核对 HUZHU_BACKUP_KEYS 指的地方")
    wanted = ([name for name in names if until is None or name <= _named(until)][-1:] or names[:1])[0]
    opened = _opened(place, names, passphrase)
    usable = [name for name in opened if name >= wanted]
    if not usable:
        raise _shut()
    found = opened[usable[0]]
    for keys in reversed(opened.values()):
        for ring in (keys[_RING], *_put_away(keys)):
            found[_RING] = _joined(found[_RING], ring)
    return found


def _opened(place: Place, names: list[str], passphrase: str) -> dict[str, dict[str, bytes]]:
    """The copies that this passphrase opens, oldest first."""
    found = {}
    for name in names:
        try:
            found[name] = unseal(place.read(name), passphrase)
        except InputError:
            continue        # sealed under another passphrase
    return found


def _put_away(keys: Mapping[str, bytes]) -> list[bytes]:
    """Retired keys (access/custody/ring.py), each as a ring of one."""
    told = [json.loads(content) for name, content in keys.items() if name.startswith(_RETIRED)]
    return [json.dumps({"field_keys": {one["id"]: one["key"]}}).encode() for one in told]


def _joined(ring: bytes, other: bytes) -> bytes:
    """A ring with what the other's groups of keys have beyond its own; the same bytes when that is nothing."""
    ours, theirs = json.loads(ring), json.loads(other)
    more = {name: {**group, **ours.get(name, {})} for name, group in theirs.items() if isinstance(group, dict)}
    whole = {**ours, **more}
    return ring if whole == ours else json.dumps(whole, indent=1).encode()


def _named(at: datetime) -> str:
    return f"{_FOLDER}/{at.astimezone(UTC):%Y%m%dT%H%M%S%f}Z.sealed"


def lay_house(copy: Mapping[str, bytes], into: Path, keys: str) -> None:
    """Write a copy into a house's folder: the keys into the folder named, the office's own files beside it."""
    own = {f"{_OFFICE}{name}" for name in _OWN} & copy.keys()
    lay({name: content for name, content in copy.items() if name not in own}, into / keys)
    lay({name.removeprefix(_OFFICE): copy[name] for name in own}, into)


def lay(keys: Mapping[str, bytes], folder: Path) -> None:
    """Write the keys into a key folder, readable by the owner only."""
    for name, content in keys.items():
        path = (folder / name).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise InputError("keys_sealed", f"密钥的备份里有不该有的名称 {name}", remedy="这份备份不是本系统做的，换用另一份")
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        path.write_bytes(content)


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _bytes(value: str) -> bytes:
    return base64.b64decode(value)
