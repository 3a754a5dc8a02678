"""SayCan: an LLM's proposals, ranked again by what the simulator accepts."""

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

from dataset_builder.simulator.simulator import Episode
from dataset_builder.trajectories.agent_state import AgentState
from eval_harness.agents.llm.base import LLMAgent, Memory
from eval_harness.agents.llm.chat import Conversation
from eval_harness.agents.llm.prompting import example, fill, game_so_far, read_actions
from eval_harness.episodes.action_choice import NOTHING, is_focus

PROPOSALS = 5
"""Actions that the model proposes in each turn."""

_DECAY = 0.6  # weight of a proposal, relative to the one before it
_MIN_SHARED_WORDS = 0.5  # an action that shares fewer is another action
_MAX_CANDIDATES = 4
_WORD = re.compile(r"\w+")


class SayCan(LLMAgent[Memory]):
    """Plays the valid action that matches the model's proposals best (Ahn et al., arXiv 2204.01691).

    In the paper, a language model scores how useful each skill is, a value function scores how likely
    it succeeds, and the product decides. Here, as in the comparison of SwiftSage (arXiv 2305.17390,
    section 4), the first factor is the rank of an action in a list that the model writes, since chat
    servers give no likelihoods of other texts, and the second one is 1 for valid actions, else 0. The
    simulator lists each valid action in one of several wordings. So a proposal is first tried as
    written, which costs no move if it is rejected; `likeness` compares it with the list.

    Example:

    ```python
    llm = make_llm("qwen3", "http://127.0.0.1:8000/v1", "runs/saycan")
    run_protocol(SayCan(llm), "mini", "runs/saycan")
    ```
    """

    name = "saycan"

    def remember(self, episode: Episode, conversation: Conversation) -> Memory:
        return Memory(episode, conversation)

    def choose(self, state: AgentState, memory: Memory) -> tuple[str, ...]:
        answer = memory.conversation.ask(
            "action",
            fill("saycan_system", count=PROPOSALS),
            fill(
                "saycan_user",
                count=PROPOSALS,
                example=example(state.task, memory.episode.variation),
                **game_so_far(state, intended=memory.intended),
            ),
        )
        ranked = rank(read_actions(answer, PROPOSALS), memory.episode.valid_actions())
        return (*ranked[:_MAX_CANDIDATES], NOTHING)


def rank(proposals: Sequence[str], valid: Iterable[str]) -> list[str]:
    """Actions to try, best first: the proposals, and valid actions that are like one.

    The score of an action is its largest product of a proposal's weight and the likeness to it. Only
    the best focus is tried, and only as written: another focus could lose the game.

    Args:
        proposals (`Sequence[str]`): best first.
        valid (`Iterable[str]`): the valid actions.
    """
    weights = {proposal: _DECAY**rank_ for rank_, proposal in enumerate(dict.fromkeys(proposals))}
    focuses = [proposal for proposal in weights if is_focus(proposal)]
    scores = {proposal: value for proposal, value in weights.items() if proposal not in focuses[1:]}
    for action in valid:
        if is_focus(action):
            continue
        products = (
            weights[proposal] * likeness(proposal, action) for proposal in weights if not is_focus(proposal)
        )
        if score := max(products, default=0.0):
            scores[action] = score
    return sorted(scores, key=lambda action: (-scores[action], action))


def likeness(proposal: str, action: str) -> float:
    """Likeness from 0 to 1: the share of common words, a little less for another word order.

    Texts that share less than half of their words have likeness 0.
    """
    if proposal == action:
        return 1.0
    proposed, available = set(_WORD.findall(proposal)), set(_WORD.findall(action))
    shared = len(proposed & available) / max(1, len(proposed | available))
    if shared < _MIN_SHARED_WORDS:
        return 0.0
    return 0.9 * shared + 0.05 * SequenceMatcher(None, proposal, action).ratio()
