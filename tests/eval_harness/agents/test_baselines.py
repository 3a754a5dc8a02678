from typing import Any, cast

from dataset_builder.trajectories.agent_state import AgentState
from eval_harness.agents.baselines import RandomAgent


class FixedList:
    """Stands for an episode whose list of valid actions is known."""

    def valid_actions(self) -> list[str]:
        return [f"action {number}" for number in range(100)]


def drawn(seed: int) -> str:
    agent, state = RandomAgent(), AgentState("boil", "", "", "")
    agent.begin(state, cast(Any, FixedList()), seed)
    (decision,) = agent.act([state])
    agent.end(state)
    return decision.actions[0]


def test_random_actions_depend_only_on_the_episodes_seed() -> None:
    assert drawn(1) == drawn(1)
    assert len({drawn(seed) for seed in range(5)}) > 1
