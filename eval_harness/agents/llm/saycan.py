"""SayCan: the model proposes, what is possible disposes."""

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

_DECAY = 0.6  # what each place further down the model's list is worth
_LEAST = 0.5  # of the words: an action less like the proposal is another one
_HANDED_OVER = 4
_WORD = re.compile(r"\w+")


class SayCan(LLMAgent[Memory]):
    """Plays the possible action that fits the model's proposals best (Ahn et al., arXiv 2204.01691).

    There, a language model scores each skill by how useful it is, a value function by how likely it
    succeeds, and the product decides. Here, as in the comparison of SwiftSage (arXiv 2305.17390,
    section 4), the model's score of an action is its place in a list that it writes, since chat
    servers give no likelihoods of other texts; and what can be done is what the simulator accepts:
    the second factor is 1 for its valid actions and 0 for all others. It lists those in one wording of
    several, so a proposal is tried as it stands, which costs no move where it is refused; `likeness`
    joins it to what the list has.
    """

    name = "saycan"

    def remember(self, episode: Episode, talk: Conversation) -> Memory:
        return Memory(episode, talk)

    def choose(self, state: AgentState, memory: Memory) -> tuple[str, ...]:
        answer = memory.talk.ask(
            "action",
            fill("saycan_system", count=PROPOSALS),
            fill(
                "saycan_user",
                count=PROPOSALS,
                example=example(state.task, memory.episode.variation),
                **game_so_far(state, wanted=memory.wanted),
            ),
        )
        ranked = rank(read_actions(answer, PROPOSALS), memory.episode.valid_actions())
        return (*ranked[:_HANDED_OVER], NOTHING)


def rank(proposals: Sequence[str], valid: Iterable[str]) -> list[str]:
    """What to try, the best first: proposals as they stand, and valid actions that are like one.

    A score is the proposal's worth times the likeness to it, the largest of these products; a proposal
    is like itself, whether the list has it or not. Of focuses only the best is tried, and only in its
    own words: the nearest other one could lose the game.

    Args:
        proposals (`Sequence[str]`): best first.
        valid (`Iterable[str]`): what can be done.
    """
    worth = {proposal: _DECAY**place for place, proposal in enumerate(dict.fromkeys(proposals))}
    focuses = [proposal for proposal in worth if is_focus(proposal)]
    scores = {proposal: value for proposal, value in worth.items() if proposal not in focuses[1:]}
    for action in valid:
        if is_focus(action):
            continue
        products = (worth[each] * likeness(each, action) for each in worth if not is_focus(each))
        if score := max(products, default=0.0):
            scores[action] = score
    return sorted(scores, key=lambda action: (-scores[action], action))


def likeness(proposal: str, action: str) -> float:
    """0 to 1: the share of words that two texts have in common, a little less for another spelling.

    Two that share less than half of their words are not alike.
    """
    if proposal == action:
        return 1.0
    words, others = set(_WORD.findall(proposal)), set(_WORD.findall(action))
    shared = len(words & others) / max(1, len(words | others))
    if shared < _LEAST:
        return 0.0
    return 0.9 * shared + 0.05 * SequenceMatcher(None, proposal, action).ratio()
