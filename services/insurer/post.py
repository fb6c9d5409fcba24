"""The sealed post between the office and the insurer: who we are, who they are, and the suite both agreed on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from services.core.errors import ConfigError, OutsideError
from services.insurer.sealing import Party, seal, unseal
from services.insurer.suites import Broken, Suite, suite_of

OFFICE, INSURER = "office", "insurer"


@dataclass(frozen=True, slots=True)
class Post:
    """Seals for the insurer, opens what the insurer sealed for us."""

    suite: Suite
    office: Party
    insurer: Party

    def seal(self, content: bytes) -> bytes:
        """A container only the insurer can open."""
        return seal(content, suite=self.suite, sender=self.office, receiver=self.insurer)

    def unseal(self, container: bytes) -> bytes:
        """The content of the insurer's container. OutsideError when it is not theirs, not for us, or not whole."""
        try:
            return unseal(container, suite=self.suite.name, sender=self.insurer, receiver=self.office)
        except Broken as error:
            raise OutsideError("insurer_container", f"保险公司的回件不可信：{error}",
                               remedy="稍后重试；屡次如此，请与保险公司核对密钥与算法套件") from error


def files(name: str, suite: str) -> tuple[str, str]:
    """Names of a side's private and public key file in `insurer_keys`: `office.gm.key`, `office.gm.pub`."""
    return f"{name}.{suite}.key", f"{name}.{suite}.pub"


def needed(suite: str) -> tuple[str, ...]:
    """The key files an office must have."""
    return (*files(OFFICE, suite), files(INSURER, suite)[1])


def post_of(folder: Path, suite: str) -> Post:
    """The post with the keys of a folder. ConfigError names a file that is missing or a suite that is unknown."""
    return from_keys(suite, lambda name: _read(folder / name))


def from_keys(suite: str, read: Callable[[str], bytes]) -> Post:
    """The post with keys by their file names."""
    private, public = files(OFFICE, suite)
    return Post(suite_of(suite), Party(OFFICE, read(public), read(private)), Party(INSURER, read(files(INSURER, suite)[1])))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError("insurer_key", f"保险公司接口缺少密钥文件 {path.name}",
                          remedy="先运行 huzhu setup；insurer.* 的公钥向保险公司索取", field="HUZHU_INSURER_KEYS") from error
