"""Ctrl-C: the first one stops a command in order, the next one ends its process at once."""

import contextlib
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

INTERRUPTED = 130
"""Exit status after Ctrl-C, as in shells: 128 plus the number of the signal."""

STOPPED = "stopped; run the same command again to continue"

_SHOW_CURSOR = "\x1b[?25h"


class _Interrupts:
    """The handler of SIGINT.

    A second `KeyboardInterrupt` would hit the cleanup after the first one: a `finally` block, the exit of
    Python, or py4j, which fails in its own error handling. Each of them prints a traceback. Nothing is lost
    by ending the process instead, as by a kill: files hold whole records, Java and other children end with
    their parent, and the system frees the locks.
    """

    def __init__(self) -> None:
        self.reported = False
        """Whether the line that says so has been printed."""

    def install(self) -> None:
        """Handle the signals of this process; to be called in the main thread."""
        self._handle_by(self._stop)

    def end_at_once(self) -> None:
        """Let any further Ctrl-C end the process: only cleanup is left to do."""
        self._handle_by(self._end)

    @staticmethod
    def _handle_by(handler: Callable[[int, FrameType | None], NoReturn]) -> None:
        # A shell starts background jobs with the signal ignored, so that Ctrl-C does not stop them.
        if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
            signal.signal(signal.SIGINT, handler)

    def _stop(self, number: int, frame: FrameType | None) -> NoReturn:
        self.end_at_once()
        raise KeyboardInterrupt

    def _end(self, number: int, frame: FrameType | None) -> NoReturn:
        if not self.reported:
            # A progress bar hides the cursor. The line is not printed by rich or `print`: the code that was
            # interrupted may hold their locks.
            before = f"{_SHOW_CURSOR}\n" if sys.stderr.isatty() else ""
            with contextlib.suppress(OSError):
                os.write(2, f"{before}{STOPPED}\n".encode())
        os._exit(INTERRUPTED)


INTERRUPTS = _Interrupts()
"""Those of this process."""
