"""`Sessions`: the open episodes, each behind a key that only its visitor has."""

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from dataset_builder.common.errors import SubgoalError, UsageError
from space_app.session.play import Play

_SWEEP = 5.0  # seconds between looks for idle sessions


class Full(SubgoalError):
    """All places are taken."""


@dataclass
class Session:
    """What one visitor plays: an episode, or the same one by two agents side by side.

    Attributes:
        key: names it to the store; cannot be guessed.
        plays: the first is the one that can be steered.
        used: when it was last touched, by `time.monotonic`.
        lock: held while something is done with it.
    """

    key: str
    plays: list[Play]
    used: float = field(default_factory=time.monotonic)
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def main(self) -> Play:
        return self.plays[0]

    @property
    def over(self) -> bool:
        return all(play.over for play in self.plays)


class Sessions:
    """The open sessions; one that is idle for long is closed.

    Args:
        limit (`int`): how many at the same time.
        idle_seconds (`float`): after so long untouched a session is closed.
        patience (`float`): seconds that `open` waits for a place.
    """

    def __init__(self, limit: int, idle_seconds: float, patience: float) -> None:
        self.limit = limit
        self._idle, self._patience = idle_seconds, patience
        self._open: dict[str, Session] = {}
        self._starting = 0
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self._sweeper = threading.Thread(target=self._sweep, name="idle-sessions", daemon=True)
        self._sweeper.start()

    def __len__(self) -> int:
        return len(self._open)

    def open(self, make: Callable[[], list[Play]]) -> Session:
        """A new session.

        Args:
            make (`Callable`): begins its episodes; what it raises is passed on, and the place freed.

        Raises:
            Full: if no place became free in time.
        """
        with self._changed:
            free = self._changed.wait_for(
                lambda: len(self._open) + self._starting < self.limit, timeout=self._patience
            )
            if not free:
                raise Full(f"All {self.limit} places are taken: try again in a minute.")
            self._starting += 1
        session: Session | None = None
        try:
            session = Session(secrets.token_urlsafe(24), make())
        finally:
            with self._changed:
                self._starting -= 1
                if session is not None:
                    self._open[session.key] = session
                self._changed.notify_all()
        return session

    @contextmanager
    def use(self, key: str) -> Iterator[Session]:
        """The session of a key, to be had by one thread at a time.

        Raises:
            UsageError: if there is none (any more).
        """
        session = self._open.get(key) if isinstance(key, str) else None
        if session is None:
            raise UsageError(self._gone())
        with session.lock:
            if key not in self._open:
                raise UsageError(self._gone())
            session.used = time.monotonic()
            try:
                yield session
            finally:
                session.used = time.monotonic()

    def _gone(self) -> str:
        return (
            f"This episode is closed (that happens after {self._idle / 60:.0f} minutes without a move): "
            "start it again."
        )

    def close(self, key: str) -> None:
        """End a session and free its worlds; nothing if there is none."""
        with self._changed:
            session = self._open.pop(key, None)
            self._changed.notify_all()
        if session is not None:
            with session.lock:
                for play in session.plays:
                    play.close()

    def close_all(self) -> None:
        """End all sessions and the look-out for idle ones."""
        self._stopped.set()
        for key in list(self._open):
            self.close(key)
        self._sweeper.join(timeout=_SWEEP)

    def _sweep(self) -> None:
        while not self._stopped.wait(min(_SWEEP, self._idle / 4)):
            latest = time.monotonic() - self._idle
            for key, session in list(self._open.items()):
                if session.used < latest:
                    self.close(key)
