"""ReAct: a thought and an action in each turn."""

from collections.abc import Sequence

from dataset_builder.simulator.simulator import Episode
from dataset_builder.trajectories.agent_state import AgentState
from eval_harness.agents.llm.base import LLMAgent, Memory
from eval_harness.agents.llm.chat import Conversation
from eval_harness.agents.llm.prompting import example, fill, game_so_far, read_thought_and_action
from eval_harness.episodes.action_choice import NOTHING


def think_and_act(state: AgentState, memory: Memory, lessons: Sequence[str] = ()) -> tuple[str, ...]:
    """One turn: asks for a thought and an action, and keeps the thought.

    Args:
        state (`AgentState`): the game.
        memory (`Memory`): of its thoughts.
        lessons (`Sequence[str]`, *optional*): of earlier trials (`eval_harness.agents.llm.reflexion`).
    """
    variation = memory.episode.variation
    told = "".join(f"What you learnt in trial {number}: {text}\n" for number, text in enumerate(lessons, 1))
    answer = memory.talk.ask(
        "action",
        fill("react_system"),
        fill(
            "react_user",
            example=example(state.task, variation),
            lessons=told,
            **game_so_far(state, memory.thoughts, memory.wanted),
        ),
    )
    thought, action = read_thought_and_action(answer)
    memory.thoughts[state.step] = thought
    return (action or NOTHING,)


class React(LLMAgent[Memory]):
    """Thinks and acts in turns (Yao et al., "ReAct", ICLR 2023, arXiv 2210.03629).

    The prompt holds one won game of the same task, with a thought before each of its sub-goals, as
    the paper's holds worked trajectories; then the game so far, with the thoughts. Thought and action
    come in one answer, where the paper's text games let a thought be a turn of its own. An action
    that the simulator does not know is told to the model in the next turn.
    """

    name = "react"

    def remember(self, episode: Episode, talk: Conversation) -> Memory:
        return Memory(episode, talk)

    def choose(self, state: AgentState, memory: Memory) -> tuple[str, ...]:
        return think_and_act(state, memory)
