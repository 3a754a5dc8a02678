"""Real models in two halves: the same decisions as in one piece."""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.trajectories.agent_state import AgentState
from modeling.agents.learned import SubgoalAgent
from space_app.session.agents import AgentPool, SteeredAgent
from space_app.settings import Settings
from tests.modeling.conftest import checkpoints, dataset, recipe, states

__all__ = ["checkpoints", "dataset", "recipe", "states"]
pytestmark = pytest.mark.slow


def test_planning_and_following_is_acting(
    checkpoints: dict[str, Path],
    states: Callable[[], Iterator[AgentState]],
) -> None:
    pair = str(checkpoints["controller"]), str(checkpoints["executor"])
    whole, halves = SubgoalAgent.from_pretrained(*pair), SteeredAgent.from_pretrained(*pair)
    assert isinstance(halves, SteeredAgent)
    for one, other in zip(islice(states(), 5), islice(states(), 5), strict=True):
        (decision,) = whole.act([one])
        subgoal, cost = halves.plan(other)
        other.set_subgoal(subgoal)
        followed = halves.follow(other)
        assert (followed.actions, followed.subgoal) == (decision.actions, decision.subgoal)
        assert cost + followed.cost == decision.cost


def test_a_model_in_another_role_is_refused(checkpoints: dict[str, Path]) -> None:
    names = str(checkpoints["executor"]), str(checkpoints["controller"])
    with pytest.raises(UsageError, match="swap them"):
        AgentPool.from_settings(Settings(*names))
