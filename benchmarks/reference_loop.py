"""The sequential loop in which ScienceWorld agents are usually evaluated, for comparison.

One `ScienceWorldEnv`, one episode after the other, batch size 1, `generate` of transformers for each
model at every step, and the list of valid actions with every step: as in the code released with arXiv
2405.02749. State text and protocol are those of our harness.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from scienceworld import ScienceWorldEnv

from dataset_builder.trajectories.agent_state import AgentState
from eval_harness.episodes.action_choice import NOTHING, is_focus, nearest_action
from eval_harness.protocols.protocol import EpisodeKey, Protocol
from modeling.agents.base import Decision
from modeling.agents.learned import SubgoalAgent

_REJECTED = ("No known action matches", "Ambiguous request")


@dataclass
class PlayedEpisode:
    """Actions of an episode and the score after each of them."""

    actions: list[str] = field(default_factory=list)
    scores: list[int] = field(default_factory=list)


def play(env: ScienceWorldEnv, agent: SubgoalAgent, protocol: Protocol, key: EpisodeKey) -> PlayedEpisode:
    """Play one episode.

    Args:
        env (`ScienceWorldEnv`): the environment, used for all episodes.
        agent (`SubgoalAgent`): decides on one state at a time.
        protocol (`Protocol`): limits and early stops.
        key (`EpisodeKey`): the episode.
    """
    env.load(key.task, key.variation, protocol.simplifications)
    _, infos = env.reset()
    start = int(infos["score"])
    state = AgentState(key.task, infos["taskDesc"], infos["look"], infos["inv"], score_points=start)
    played = PlayedEpisode()
    limit = protocol.moves_allowed(key.task)
    while len(played.actions) < (protocol.decision_limit or limit):
        decision = agent.act([state])[0]
        action, (observation, done, infos) = _step(env, decision, infos["valid"])
        score = int(infos["score"])
        played.actions.append(action)
        played.scores.append(score)
        state.advance(action, observation, score, infos["moves"], infos["look"], infos["inv"])
        if done or infos["moves"] > limit:
            break
        if protocol.early_stop_reason(played.actions, played.scores, names_subgoals=True, start=start):
            break
    return played


def _step(
    env: ScienceWorldEnv, decision: Decision, valid: Sequence[str]
) -> tuple[str, tuple[str, bool, dict[str, Any]]]:
    """Play the best candidate. If it is rejected, play the first valid one, else the nearest valid action."""
    action = decision.actions[0] if decision.actions else NOTHING
    observation, _, done, infos = env.step(action)
    if observation.startswith(_REJECTED):
        further = decision.more().actions if decision.more else ()
        candidates = (*decision.actions[1:], *further)
        accepted = [text for text in candidates if text != action and text in valid and not is_focus(text)]
        action = accepted[0] if accepted else NOTHING if is_focus(action) else nearest_action(action, valid)
        observation, _, done, infos = env.step(action)
    return action, (observation, done, infos)
