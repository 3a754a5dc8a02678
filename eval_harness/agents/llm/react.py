"""ReAct: a thought and an action in each turn."""

from collections.abc import Sequence

from dataset_builder.simulator.simulator import Episode
from dataset_builder.trajectories.agent_state import AgentState
from eval_harness.agents.llm.base import LLMAgent, Memory
from eval_harness.agents.llm.chat import Conversation
from eval_harness.agents.llm.prompting import example, fill, game_so_far, read_thought_and_action
from eval_harness.episodes.action_choice import NOTHING


def think_and_act(state: AgentState, memory: Memory, lessons: Sequence[str] = ()) -> tuple[str, ...]:
    """One turn: asks for a thought and an action, and stores the thought.

    Args:
        state (`AgentState`): the game.
        memory (`Memory`): stores the thoughts.
        lessons (`Sequence[str]`, *optional*): reflections on earlier trials (`Reflexion`).
    """
    variation = memory.episode.variation
    learnt = "".join(f"What you learnt in trial {number}: {text}\n" for number, text in enumerate(lessons, 1))
    answer = memory.conversation.ask(
        "action",
        fill("react_system"),
        fill(
            "react_user",
            example=example(state.task, variation),
            lessons=learnt,
            **game_so_far(state, memory.thoughts, memory.intended),
        ),
    )
    thought, action = read_thought_and_action(answer)
    memory.thoughts[state.step] = thought
    return (action or NOTHING,)


class React(LLMAgent[Memory]):
    """Thinks and acts in turns (Yao et al., "ReAct", ICLR 2023, arXiv 2210.03629).

    The prompt contains one solved episode of the same task, with a thought before each of its
    sub-goals, then the current episode with its thoughts. Thought and action come in one answer; in
    the paper's text games, a thought is a separate turn. The next prompt names a rejected action.

    Example:

    ```python
    agent = React(make_llm("qwen3", "http://127.0.0.1:8000/v1", "runs/react"))
    result = run_protocol(agent, load_protocol("mini"), "runs/react")
    ```
    """

    name = "react"

    def remember(self, episode: Episode, conversation: Conversation) -> Memory:
        return Memory(episode, conversation)

    def choose(self, state: AgentState, memory: Memory) -> tuple[str, ...]:
        return think_and_act(state, memory)
