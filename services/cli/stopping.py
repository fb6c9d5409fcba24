"""Being ended from outside: what a service manager, `kill` or a closed terminal sends stops the children as Ctrl-C does."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

_WORDS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


@dataclass(slots=True)
class _Word:
    """Whether somebody asked this process to end, and whether it listens just now."""

    asked: bool = False
    busy: bool = False


_word = _Word()


def stop_like_ctrl_c() -> None:
    """From now on SIGTERM and SIGHUP raise KeyboardInterrupt too, once; a signal that was ignored from the start (nohup) stays so."""
    for name in _WORDS:
        if signal.getsignal(name) is not signal.SIG_IGN:
            signal.signal(name, _interrupt)


@contextmanager
def undisturbed() -> Iterator[None]:
    """The word to end waits until the block is through: a child being started is known before anything is stopped."""
    _word.busy = True
    try:
        yield
    finally:
        _word.busy = False
    if _word.asked:
        _word.asked = False
        raise KeyboardInterrupt


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    for name in _WORDS:         # the children are given their time: a second word changes nothing
        signal.signal(name, signal.SIG_IGN)
    if _word.busy:
        _word.asked = True
    else:
        raise KeyboardInterrupt
