"""The second place as the record sees it: names and bytes that are written once."""

from __future__ import annotations

from typing import Protocol


class Place(Protocol):
    """Where days are written to. `label` says which, without secrets; `apart`: not where the office's own papers lie."""

    @property
    def label(self) -> str:
        """Which place, for people."""

    @property
    def apart(self) -> bool:
        """Whether it is another place than the office's own papers."""

    def create(self, name: str, content: bytes) -> bool:
        """Write once; False when there is something under the name already, which stays. OutsideError when it does not answer."""

    def read(self, name: str) -> bytes:
        """The bytes again. FileNotFoundError when there are none; OutsideError when it does not answer."""

    def names(self, under: str) -> list[str]:
        """Last parts of the names under a folder, in order."""
