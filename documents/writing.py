"""A PDF's bytes made once, and the collector of garbage resting meanwhile."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import pydyf


class _Written(pydyf.Object):  # type: ignore[misc]
    """An object that is bytes already."""

    def __init__(self, made: pydyf.Object) -> None:
        super().__init__()
        self.number, self.generation, self.free = made.number, made.generation, made.free
        self._bytes: bytes = made.data
        self._compressible: bool = made.compressible

    @property
    def data(self) -> bytes:
        """The object's content."""
        return self._bytes

    @property
    def compressible(self) -> bool:
        """Whether it may go into an object stream."""
        return self._compressible


def write_once(pdf: pydyf.PDF) -> None:
    """Make each object bytes, last before the file is written. The writer asks for them twice, once for the file's identity, and
    would compress each stream as often. The file is the same byte for byte."""
    pdf.objects[:] = [made if made.free == "f" else _Written(made) for made in pdf.objects]


@contextmanager
def resting() -> Iterator[None]:
    """No search for garbage: all that a letter is made of lives until it is done, and a search in between finds nothing."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
