"""Paying many at once: what is turned off while one verb builds rows by the ten thousand."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Made = TypeVar("Made")
_lock = threading.Lock()
_under_way = [0]        # verbs running now, of all threads
_was_on = [True]        # before the first of them


def in_bulk(verb: Callable[Given, Made]) -> Callable[Given, Made]:
    """No search for cyclic garbage while the verb runs: the rows it builds are all in use, make no cycles, and every search would
    walk through all of them (a sixth of the time of 4,000 payments). The last verb that ends turns it on again, if it was on.
    """
    @wraps(verb)
    def undisturbed(*args: Given.args, **given: Given.kwargs) -> Made:
        with _lock:
            if not _under_way[0]:
                _was_on[0] = gc.isenabled()
            _under_way[0] += 1
            gc.disable()
        try:
            return verb(*args, **given)
        finally:
            with _lock:
                _under_way[0] -= 1
                if not _under_way[0] and _was_on[0]:
                    gc.enable()
    return undisturbed
