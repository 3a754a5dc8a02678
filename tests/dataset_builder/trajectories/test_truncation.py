"""Shortening an input: the oldest history goes, what the task needs stays."""

import random
import re
from collections.abc import Callable, Iterator

import pytest

from dataset_builder.annotation.annotators import annotator
from dataset_builder.common.errors import UsageError
from dataset_builder.trajectories.agent_state import AgentState, replay_states
from dataset_builder.trajectories.model_input import ROLES, VERSIONS, model_input
from dataset_builder.trajectories.trajectory import Trajectory
from dataset_builder.trajectories.truncation import shorten

# What an input may never lose.
KEPT = {
    "compact-1": [r"^task: .*?(?= \| room: )", r" \| carry: .*?(?= \| been: )", r" \| goal: .*$"],
    "compact-2": [
        r"^task: .*?(?= \| room: )",
        r" \| carry: .*?(?= \| been: )",
        r" \| goal: .*?(?= \| readings: |$)",
        r" \| readings: .*$",
    ],
    "paper-1": [
        r"^.*?(?= </s> Time: )",
        r"Current inventory: .*?(?= </s> )",
        r"\. The current subtask is .*?(?=Action history:)",
        r" What (?:subtask|action) should you do next\? </s> $",
    ],
}


MARK = re.compile(r"<extra_id_\d+>")


@pytest.fixture(scope="module")
def states(recorded: list[Trajectory]) -> Callable[[], Iterator[AgentState]]:
    """Every state of the tidied paths as an executor meets it; use each before the next."""

    def replay() -> Iterator[AgentState]:
        for path in (path for path in recorded if path.path == "tidied"):
            segments = annotator("rules").annotate(path)
            for state in replay_states(path, segments):
                serving = (segment for segment in segments if segment.start <= state.step < segment.stop)
                state.set_subgoal(str(next(serving).subgoal))
                yield state

    return replay


def _within(most: int) -> Callable[[str], bool]:
    """Fits: at most so many characters, marks not counted."""
    return lambda text: len(MARK.sub("", text)) <= most


def _kept(text: str, version: str) -> list[list[str]]:
    return [re.findall(pattern, text, re.DOTALL) for pattern in KEPT[version]]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("role", ROLES)
def test_task_inventory_and_goal_stay(
    states: Callable[[], Iterator[AgentState]], role: str, version: str
) -> None:
    draw, cut = random.Random(0), 0
    for state in states():
        text = model_input(role, state, version)
        most = draw.randint(len(text) // 3, len(text))
        try:
            short = shorten(text, version, _within(most))
        except UsageError as error:
            assert "raise source_length" in str(error)  # noqa: PT017
            continue
        cut += short != text
        assert _within(most)(short)
        assert _kept(short, version) == _kept(text, version)
        assert any(found for found in _kept(text, version))
    assert cut > 300


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("role", ROLES)
def test_less_history_is_what_model_input_would_have_written(
    states: Callable[[], Iterator[AgentState]], role: str, version: str
) -> None:
    seen = 0
    for state in states():
        # The paper's marks number the places of a window: of another length, they are other marks.
        compose, window = VERSIONS[version]
        texts = [MARK.sub("", compose(role, state, shown)) for shown in range(window + 1)]
        full = model_input(role, state, version)
        for text in dict.fromkeys(texts):
            short = shorten(full, version, _within(len(text)))
            assert MARK.sub("", short) == text
            seen += short != full
    assert seen > 300


def test_short_inputs_are_unchanged() -> None:
    assert shorten("whatever", "compact-1", lambda text: True) == "whatever"


def test_inputs_that_cannot_fit_are_refused() -> None:
    with pytest.raises(UsageError, match="raise source_length"):
        shorten("task: boil water | room: kitchen", "compact-1", lambda text: False)
