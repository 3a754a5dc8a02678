import os
import signal

import pytest

from dataset_builder.common.errors import UsageError
from space_app.session.backend import BOTH, DemoBackend, check_episode
from tests.space_app.conftest import make_backend


@pytest.mark.parametrize(
    ("task", "variation"), [("boil", 30), ("boil", -1), ("x" * 200, 0), ("boil", "0"), (None, 0)]
)
def test_unknown_tasks_and_variations_are_refused(task: object, variation: object) -> None:
    with pytest.raises(UsageError):
        check_episode(task, variation)


def test_both_agents_play_the_same_episode(backend: DemoBackend) -> None:
    session = backend.start("find-animal", 159, kind=BOTH)
    assert [episode.agent.has_plan for episode in session.episodes] == [True, False]
    assert {episode.key for episode in session.episodes} == {("find-animal", 159, 0)}
    backend.sessions.close(session.key)


def test_an_introduction_survives_the_death_of_the_java_process() -> None:
    backend = make_backend()
    before = backend.introduction("boil", 0)
    assert backend.simulator.pid is not None
    os.kill(backend.simulator.pid, signal.SIGKILL)
    assert "boil" in backend.introduction("boil", 1)[0]
    assert backend.introduction("boil", 0) == before
    backend.close()
