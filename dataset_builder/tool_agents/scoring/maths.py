"""`MathsVerifier`: the symbolic verifier `math-verify` in a child process that is killed when it is late."""

import atexit
import json
import subprocess
import sys
import threading
from functools import lru_cache
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from time import monotonic

from dataset_builder.common.errors import SubgoalError
from dataset_builder.common.extras import check_extra

SECONDS = 5
"""Seconds after which a comparison counts as different."""

MAX_CHARS = 2_000
"""Longer answers are not expressions, and are not read."""

_WORKER = Path(__file__).with_name("maths_worker.py")
_START_SECONDS = 60
_WARM_UP = ("1", "1")


class MathsVerifier:
    """Compares mathematical expressions, in LaTeX or as Python writes them. Safe to use from threads.

    Args:
        seconds (`int`, *optional*, defaults to 5): limit for one comparison.

    Example:

    ```python
    >>> MathsVerifier().same("\\\\frac{1}{2}", "0.5")
    True
    ```
    """

    def __init__(self, seconds: int = SECONDS) -> None:
        check_extra("math_verify", "tools", "Scoring maths")
        self._seconds = seconds
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def same(self, reference: str, answer: str) -> bool:
        """Whether the expressions have the same value; False if that cannot be told in time.

        Raises:
            SubgoalError: if the child process cannot be started.
        """
        if len(reference) > MAX_CHARS or len(answer) > MAX_CHARS:
            return False
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._start()
            reply = self._ask(reference, answer, self._seconds)
            if reply is None:
                self._kill()
            return reply is True

    def close(self) -> None:
        """End the child process; the next comparison starts another."""
        with self._lock:
            self._kill()

    def _start(self) -> None:
        self._kill()
        # -P: the modules beside the worker's file must not be taken for others of the same name.
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(_WORKER), str(self._seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        # Importing sympy takes seconds on a busy machine: they are not those of the first comparison.
        if self._ask(*_WARM_UP, _START_SECONDS) is not True:
            self._kill()
            raise SubgoalError(
                "math-verify does not start: run `pip install 'subgoal-distillation[tools]'` again."
            )

    def _ask(self, reference: str, answer: str, seconds: float) -> object:
        """The child's reply, None if there is none in time."""
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps([reference, answer]).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            return None
        deadline = monotonic() + seconds
        line = b""
        with DefaultSelector() as selector:
            selector.register(self._process.stdout, EVENT_READ)
            while not line.endswith(b"\n"):
                if not selector.select(max(0.0, deadline - monotonic())):
                    return None
                part = self._process.stdout.read1()  # type: ignore[attr-defined]
                if not part:
                    return None
                line += part
        return json.loads(line)

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


@lru_cache(maxsize=1)
def shared_verifier() -> MathsVerifier:
    """The verifier of this process, which all scoring shares."""
    verifier = MathsVerifier()
    atexit.register(verifier.close)
    return verifier
