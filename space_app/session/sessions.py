"""`Sessions`: the open episodes. Each has a secret key that only its visitor knows."""

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from dataset_builder.common.errors import SubgoalError, UsageError
from space_app.session.episode import DemoEpisode

_SWEEP_SECONDS = 5.0


class NoFreePlace(SubgoalError):
    """The limit of open sessions is reached.

    Example:

    ```python
    try:
        session = sessions.open(lambda: [DemoEpisode(simulator, agent, "boil", 0)])
    except NoFreePlace as error:
        print(error)
    ```
    """


@dataclass
class Session:
    """What one visitor plays: one episode, or the same one by two agents side by side.

    Attributes:
        key: secret name of the session, which gives access to it.
        episodes: the first one can be steered.
        last_used: by `time.monotonic`.
        lock: held while the session is used.

    Example:

    ```python
    session = backend.start("find-animal", 159)
    session.main.step()
    session.over
    ```
    """

    key: str
    episodes: list[DemoEpisode]
    last_used: float = field(default_factory=time.monotonic)
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def main(self) -> DemoEpisode:
        """The episode that can be steered."""
        return self.episodes[0]

    @property
    def over(self) -> bool:
        """Whether all its episodes have ended."""
        return all(episode.over for episode in self.episodes)


class Sessions:
    """The open sessions. A background thread closes idle ones.

    Args:
        limit (`int`): most sessions open at the same time.
        idle_seconds (`float`): a session that is unused for this long is closed.
        max_wait_seconds (`float`): how long `open` waits for a free place.

    Example:

    ```python
    session = sessions.open(lambda: [DemoEpisode(simulator, agent, "boil", 0)])
    with sessions.use(session.key) as session:
        session.main.step()
    ```
    """

    def __init__(self, limit: int, idle_seconds: float, max_wait_seconds: float) -> None:
        self.limit = limit
        self._idle_seconds, self._max_wait_seconds = idle_seconds, max_wait_seconds
        self._open: dict[str, Session] = {}
        self._starting = 0  # places of sessions whose episodes are still loading
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self._sweeper = threading.Thread(target=self._sweep, name="idle-sessions", daemon=True)
        self._sweeper.start()

    def __len__(self) -> int:
        return len(self._open)

    def open(self, make: Callable[[], list[DemoEpisode]]) -> Session:
        """A new session.

        Args:
            make (`Callable`): begins the session's episodes. If it raises, the place is freed and the error
                passed on.

        Raises:
            NoFreePlace: if no place becomes free in time.
        """
        with self._changed:
            free = self._changed.wait_for(
                lambda: len(self._open) + self._starting < self.limit, timeout=self._max_wait_seconds
            )
            if not free:
                raise NoFreePlace(f"All {self.limit} places are taken: try again in a minute.")
            self._starting += 1
        # Loading takes seconds: without the lock, or all visitors would wait for one.
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
        """The session of a key, for one thread at a time.

        Raises:
            UsageError: if it was closed or never existed.
        """
        session = self._open.get(key) if isinstance(key, str) else None
        if session is None:
            raise UsageError(self._closed_message())
        with session.lock:
            if key not in self._open:  # closed while this thread waited for the lock
                raise UsageError(self._closed_message())
            session.last_used = time.monotonic()
            try:
                yield session
            finally:
                session.last_used = time.monotonic()

    def _closed_message(self) -> str:
        return (
            f"This episode is closed (it closes after {self._idle_seconds / 60:.0f} minutes without a move): "
            "start it again."
        )

    def close(self, key: str) -> None:
        """End a session and free its episodes; does nothing for an unknown key."""
        with self._changed:
            session = self._open.pop(key, None)
            self._changed.notify_all()
        if session is not None:
            with session.lock:
                for episode in session.episodes:
                    episode.close()

    def close_all(self) -> None:
        """End all sessions and the background thread."""
        self._stopped.set()
        for key in list(self._open):
            self.close(key)
        self._sweeper.join(timeout=_SWEEP_SECONDS)

    def _sweep(self) -> None:
        while not self._stopped.wait(min(_SWEEP_SECONDS, self._idle_seconds / 4)):
            oldest_allowed = time.monotonic() - self._idle_seconds
            for key, session in list(self._open.items()):
                if session.last_used < oldest_allowed:
                    self.close(key)
