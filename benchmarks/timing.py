"""Seconds and calls of chosen methods, added up over all threads."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import wraps
from typing import Any


class Stopwatch:
    """Wraps methods of classes so that their calls are timed.

    Args:
        group (`Callable[[str], str]`, *optional*): thread name → the group that its calls are added to.

    Attributes:
        calls: (group, method) → number of calls.
        seconds: (group, method) → their seconds.
    """

    def __init__(self, group: Callable[[str], str] = lambda thread: "") -> None:
        self.calls: Counter[tuple[str, str]] = Counter()
        self.seconds: Counter[tuple[str, str]] = Counter()
        self._group = group
        self._lock = threading.Lock()

    def watch(self, owner: type, *methods: str) -> None:
        """Time these methods of a class from now on."""
        for method in methods:
            setattr(owner, method, self._timed(method, getattr(owner, method)))

    def _timed(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def timed(*args: Any, **options: Any) -> Any:
            start = time.perf_counter()
            try:
                return method(*args, **options)
            finally:
                key = self._group(threading.current_thread().name), name
                with self._lock:
                    self.calls[key] += 1
                    self.seconds[key] += time.perf_counter() - start  # type: ignore[assignment]

        return timed
