"""A `CodeAgent` of smolagents for one question: its model is a function, its code runs in the sandbox."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from smolagents import ChatMessage, CodeAgent, LogLevel, Model, Tool
from smolagents.memory import ActionStep
from smolagents.models import MessageRole, get_clean_message_list, tool_role_conversions
from smolagents.utils import AgentGenerationError

from dataset_builder.common.errors import SubgoalError
from dataset_builder.llm.request_format import Message
from dataset_builder.tool_agents.conversation import ToolStep, observation_text, step_text
from dataset_builder.tool_agents.retrieval.base import Retriever, search_tool
from dataset_builder.tool_agents.sandbox import DEFAULT_MODULES, Sandbox
from dataset_builder.tool_agents.sandbox.smolagents_executor import SandboxExecutor
from dataset_builder.tool_agents.teacher.answers import UnusableAnswer, teacher_step

Ask = Callable[[list[Message], Sequence[str]], str]
"""Messages and stop texts → the model's answer."""


@dataclass(frozen=True)
class AgentRun:
    """What an agent did with a question.

    Attributes:
        steps: thought, code and observation of each step.
        answer: the argument of `final_answer`; None if it was not called.
        reason: why there is no answer; empty if there is one.

    Example:

    ```python
    run = run_code_agent("How large is Chad?", ask, retriever, sandbox, max_steps=5)
    print(run.answer if run.answer is not None else run.reason)
    ```
    """

    steps: tuple[ToolStep, ...]
    answer: Any | None
    reason: str = ""


def run_code_agent(
    question: str, ask: Ask, retriever: Retriever, sandbox: Sandbox, max_steps: int
) -> AgentRun:
    """Let a language model answer a question with search and code.

    Args:
        question (`str`): the question.
        ask (`Ask`): calls the model.
        retriever (`Retriever`): what the tool `search` asks.
        sandbox (`Sandbox`): runs the code.
        max_steps (`int`): maximum number of answers. No further call is made when they are used up.

    Raises:
        SubgoalError: if the model's server, the retriever or the sandbox fails.
    """
    executor = SandboxExecutor(sandbox)
    steps: list[ToolStep] = []

    def record(step: ActionStep, agent: Any = None) -> None:
        if step.code_action is None:
            return  # the model failed: smolagents raises the error after this
        if executor.failure is not None:
            raise executor.failure
        error = step.error.message if step.error else None
        printed = "" if step.is_final_answer else observation_text(executor.state["_print_outputs"], error)
        thought = teacher_step(str(step.model_output)).thought
        steps.append(ToolStep(thought, step.code_action, printed, learn=error is None))

    agent = _Agent(
        tools=[_Search(retriever)],
        model=_FunctionModel(ask),
        executor=executor,
        max_steps=max_steps,
        code_block_tags="markdown",
        step_callbacks=[record],
        verbosity_level=LogLevel.OFF,
    )
    # What the sandbox allows, in place of smolagents' own list: the prompt tells it to the model.
    agent.authorized_imports = sorted(DEFAULT_MODULES)
    try:
        answer = agent.run(question)
    except _OutOfSteps:
        return AgentRun(tuple(steps), None, f"no final answer after {max_steps} steps")
    except AgentGenerationError as error:
        if isinstance(error.__cause__, UnusableAnswer):
            return AgentRun(tuple(steps), None, str(error.__cause__))
        if isinstance(error.__cause__, SubgoalError):
            raise error.__cause__ from None
        raise
    finally:
        executor.cleanup()
    return AgentRun(tuple(steps), answer)


class _OutOfSteps(Exception):
    """All steps are used up without a final answer."""


class _Agent(CodeAgent):
    def provide_final_answer(self, task: str) -> ChatMessage:
        """End the run. smolagents would pay for one more answer, which no code gave: nothing to learn."""
        raise _OutOfSteps


class _FunctionModel(Model):
    """A model of smolagents that calls a function."""

    def __init__(self, ask: Ask) -> None:
        super().__init__(flatten_messages_as_text=True)
        self._ask = ask

    def generate(
        self,
        messages: list[ChatMessage],
        stop_sequences: list[str] | None = None,
        response_format: dict[str, str] | None = None,
        tools_to_call_from: list[Tool] | None = None,
        **kwargs: Any,
    ) -> ChatMessage:
        """The model's next step in the form of this project, so that all of a trajectory has one form."""
        # A message of a tool call repeats the code of the message before it.
        kept = [message for message in messages if message.role != MessageRole.TOOL_CALL]
        cleaned = get_clean_message_list(
            kept, role_conversions=tool_role_conversions, flatten_messages_as_text=True
        )
        prompt = [{"role": _role(message["role"]), "content": message["content"]} for message in cleaned]
        step = teacher_step(self._ask(prompt, stop_sequences or ()))
        return ChatMessage(role=MessageRole.ASSISTANT, content=step_text(step.thought, step.code))


class _Search(Tool):
    name = "search"
    description = "Searches passages of an encyclopedia and returns the best ones, one a line."
    inputs = {"query": {"type": "string", "description": "What to search for, in a few words."}}  # noqa: RUF012
    output_type = "string"

    def __init__(self, retriever: Retriever) -> None:
        super().__init__()
        self._search = search_tool(retriever)

    def forward(self, query: str) -> str:
        """The passages as text."""
        return self._search(query)


def _role(role: Any) -> str:
    return str(getattr(role, "value", role))
