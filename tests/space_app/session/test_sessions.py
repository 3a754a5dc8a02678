import threading
import time
from typing import Any

import pytest

from dataset_builder.common.errors import UsageError
from space_app.session.sessions import NoFreePlace, Sessions


class Closing:
    """Stands in for a `DemoEpisode`."""

    closed = False

    def close(self) -> None:
        self.closed = True


def sessions(limit: int = 2, idle: float = 60.0, patience: float = 0.1) -> Sessions:
    return Sessions(limit, idle, patience)


def test_a_key_opens_its_own_session_alone() -> None:
    store = sessions()
    one, two = (store.open(lambda: [Closing()]) for _ in range(2))  # type: ignore[list-item]
    assert one.key != two.key
    with store.use(one.key) as found:
        assert found is one
    for key in ("", "guess", None, 7):
        with pytest.raises(UsageError, match="is closed"), store.use(key):  # type: ignore[arg-type]
            raise AssertionError("somebody else's session")
    store.close_all()
    assert one.main.closed  # type: ignore[attr-defined]


def test_when_all_places_are_taken_one_waits_for_the_next_that_is_free() -> None:
    store = sessions(limit=1, patience=30.0)
    first = store.open(lambda: [Closing()])  # type: ignore[list-item]
    opened: list[Any] = []
    waiting = threading.Thread(target=lambda: opened.append(store.open(lambda: [])))
    waiting.start()
    store.close(first.key)
    waiting.join()
    assert len(opened) == len(store) == 1
    store.close_all()


def test_a_visitor_is_told_if_no_slot_becomes_free() -> None:
    store = sessions(limit=1)
    store.open(lambda: [])
    with pytest.raises(NoFreePlace, match="All 1 places are taken"):
        store.open(lambda: [])
    store.close_all()


def test_an_episode_that_cannot_start_frees_its_slot() -> None:
    store = sessions(limit=1)

    def fail() -> list[Any]:
        raise UsageError("no such task")

    with pytest.raises(UsageError, match="no such task"):
        store.open(fail)
    assert store.open(lambda: []).key
    store.close_all()


def test_an_idle_session_ends_and_a_used_one_stays() -> None:
    store = sessions(idle=0.4)
    idle, used = (store.open(lambda: [Closing()]) for _ in range(2))  # type: ignore[list-item]
    # A session in somebody's hands is never idle, however slow the machine.
    with store.use(used.key):
        while idle.key in store._open:
            used.last_used = time.monotonic()
            time.sleep(0.02)
        assert used.key in store._open
    assert idle.main.closed  # type: ignore[attr-defined]
    store.close_all()
