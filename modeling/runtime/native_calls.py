"""Calls into native code (CTranslate2, torch) that daemon threads make while Python exits."""

import atexit
import threading
from types import TracebackType


class NativeCalls:
    """Makes the exit of Python wait for the native calls of daemon threads.

    At its exit Python ends a daemon thread as soon as the thread asks for the interpreter lock. A thread
    that returns from C++ at this moment aborts the whole process: "terminate called without an active
    exception", exit status 134.

    Example:

    ```python
    with NATIVE_CALLS:
        translator.translate_batch(batch)
    ```
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._running = 0
        self._exiting = False
        # Python calls this after the other threads have ended, and before it ends the daemon threads.
        atexit.register(self.wait_at_exit)

    def __enter__(self) -> None:
        with self._changed:
            # A daemon thread waits here until the process has ended.
            self._changed.wait_for(lambda: not (self._exiting and threading.current_thread().daemon))
            self._running += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._running -= 1
            self._changed.notify_all()

    def wait_at_exit(self) -> None:
        """Wait for the calls that run; daemon threads cannot begin others."""
        with self._changed:
            self._exiting = True
            self._changed.wait_for(lambda: not self._running)


NATIVE_CALLS = NativeCalls()
"""The calls of this process."""
