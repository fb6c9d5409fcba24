"""A bucket of look-ups per address: enough for a family, too few for somebody who guesses codes."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from services.core.addresses import household


@dataclass(slots=True)
class _Bucket:
    left: int                   # thousandths of a look-up
    at: int                     # milliseconds


class Limiter:
    """`size` look-ups at once, then one every `seconds`. Remembers the last `addresses` that asked."""

    def __init__(self, *, size: int, seconds: int, addresses: int = 10_000,
                 clock: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000) -> None:
        self._size, self._seconds, self._addresses, self._clock = size * 1000, seconds, addresses, clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, address: str) -> int:
        """0 when the look-up may go on, else the whole seconds until the next one."""
        with self._lock:
            now = self._clock()
            asker = household(address)
            bucket = self._buckets.setdefault(asker, _Bucket(self._size, now))
            self._buckets.move_to_end(asker)
            while len(self._buckets) > self._addresses:
                self._buckets.popitem(last=False)
            bucket.left = min(self._size, bucket.left + (now - bucket.at) // self._seconds)
            bucket.at = now
            if bucket.left < 1000:
                return -(-(1000 - bucket.left) * self._seconds // 1000)
            bucket.left -= 1000
            return 0
