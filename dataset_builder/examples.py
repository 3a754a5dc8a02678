"""Training examples: a trajectory replayed step by step, and the text each model would have read."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dataset_builder.state import replay_states
from dataset_builder.state_text import check_version, model_input
from dataset_builder.subgoals import Segment
from dataset_builder.trajectory import Trajectory


class Example(NamedTuple):
    """What a model reads and what it should answer, at one step (0 is the first)."""

    input: str
    target: str
    step: int


def examples(
    role: str, trajectory: Trajectory, segments: Sequence[Segment], version: str
) -> Iterator[Example]:
    """One example per step of a trajectory, for a model in this role.

    The controller is asked at every step, as in the paper; at the first one it takes the place of
    the paper's third model, which only named the first sub-goal.
    """
    version = check_version(version)
    targets = step_subgoals(segments)
    for state in replay_states(trajectory, segments):
        step = state.step
        if role == "controller":
            yield Example(model_input(role, state, version), targets[step], step)
        else:
            state.set_subgoal(targets[step])
            yield Example(model_input(role, state, version), trajectory.actions[step], step)


def step_subgoals(segments: Sequence[Segment]) -> list[str]:
    """The sub-goal's text at each step."""
    return [str(segment.subgoal) for segment in segments for _ in range(segment.start, segment.stop)]
