"""SayCan: the model proposes, what is possible disposes."""

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

from dataset_builder.simulator import Episode
from dataset_builder.state import AgentState
from eval_harness.choice import is_focus
from eval_harness.llm.agent import LLMAgent, Memory
from eval_harness.llm.model import Talk
from eval_harness.llm.text import example, fill, game_so_far, read_actions

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
    servers give no likelihoods of other texts; and what can be done is the simulator's list of valid
    actions, so that the second factor is 1 for those and 0 for all others. `likeness` joins the two
    wordings.
    """

    name = "saycan"

    def remember(self, episode: Episode, talk: Talk) -> Memory:
        return Memory(episode, talk)

    def choose(self, state: AgentState, memory: Memory) -> tuple[str, ...]:
        answer = memory.talk.ask(
            "action",
            fill("saycan_system", count=PROPOSALS),
            fill(
                "saycan_user",
                count=PROPOSALS,
                example=example(state.task, memory.episode.variation),
                **game_so_far(state),
            ),
        )
        ranked = rank(read_actions(answer, PROPOSALS), memory.episode.valid_actions())
        return tuple(ranked[:_HANDED_OVER]) or ("look around",)


def rank(proposals: Sequence[str], valid: Iterable[str]) -> list[str]:
    """Valid actions that are like a proposal, the best first.

    An action's score is its likeness to a proposal times the proposal's worth, the largest of these
    products. A focus stands in the words in which it was proposed, the best one alone: the list spells
    many things otherwise, the simulator refuses what it does not know at no cost, and the nearest other
    focus could lose the game.

    Args:
        proposals (`Sequence[str]`): best first.
        valid (`Iterable[str]`): what can be done.
    """
    worth = {proposal: _DECAY**place for place, proposal in reversed(list(enumerate(proposals)))}
    focuses = [proposal for proposal in proposals if is_focus(proposal)]
    scores = {focus: worth[focus] for focus in focuses[:1]}
    for action in valid:
        if is_focus(action):
            continue
        products = (worth[each] * likeness(each, action) for each in proposals if not is_focus(each))
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
