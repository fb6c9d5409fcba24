"""Being ended from outside: what a service manager, `kill` or a closed terminal sends stops the children as Ctrl-C does."""

from __future__ import annotations

import signal
from types import FrameType


def stop_like_ctrl_c() -> None:
    """From now on SIGTERM and SIGHUP raise KeyboardInterrupt, once; a signal that was ignored from the start (nohup) stays so."""
    for name in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(name) is not signal.SIG_IGN:
            signal.signal(name, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    for name in (signal.SIGTERM, signal.SIGHUP):        # the children are given their time: a second word changes nothing
        signal.signal(name, signal.SIG_IGN)
    raise KeyboardInterrupt
