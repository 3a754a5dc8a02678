"""`LLMTeacher`: a language model that answers questions as an agent, and in a chain of thought."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from dataset_builder.common.extras import check_extra
from dataset_builder.llm.completion_cache import Completion
from dataset_builder.llm.ledger import teacher_name
from dataset_builder.llm.request_format import Message, SamplingParams
from dataset_builder.llm.session import ChatSession
from dataset_builder.tool_agents.conversation import MAX_STEPS, cot_messages, read_answer
from dataset_builder.tool_agents.questions.question import Question
from dataset_builder.tool_agents.retrieval.base import Retriever
from dataset_builder.tool_agents.sandbox import Sandbox
from dataset_builder.tool_agents.scoring import LLMJudge, score
from dataset_builder.tool_agents.scoring.normalise import answer_text
from dataset_builder.tool_agents.teacher.answers import continued_text, first_thought
from dataset_builder.tool_agents.teacher.continuation import check_continuation
from dataset_builder.tool_agents.trajectory import ToolTrajectory

STEP_TOKENS = 1_024
"""Room for one step (arXiv 2505.17612)."""

COT_STEPS = 4
"""A chain of thought has the room of so many steps: 4,096 tokens in arXiv 2505.17612."""

WRONG = "wrong answer"


def agent_teacher_name(model: str, first_thought: bool = False) -> str:
    """The name of a teacher in the store of completions and of trajectories."""
    return teacher_name(model, "agent-first-thought" if first_thought else "agent")


class LLMTeacher:
    """Greedy trajectories of a model behind an OpenAI-compatible server. Safe to use from threads.

    Each question is answered in plain chain of thought, which is what a student without tools learns. With
    `first_thought`, its first paragraph is also the unfinished beginning of the agent's first answer, which
    the model continues (arXiv 2505.17612, section 3.1).

    Args:
        session (`ChatSession`): the model, its server, the budget and the store of completions.
        retriever (`Retriever`): what the tool `search` asks.
        sandbox (`Sandbox`): runs the code.
        first_thought (`bool`, *optional*, defaults to `False`): the first-thought prefix.
        max_steps (`int`, *optional*, defaults to 5): maximum number of steps.
        max_tokens (`int`, *optional*, defaults to 1024): room for one step; a chain of thought has four times
            as much.
        judge (`LLMJudge`, *optional*): scores facts that do not match exactly.

    Raises:
        UsageError: if smolagents is not installed.

    Example:

    ```python
    session = ChatSession(ChatClient("qwen3", "http://127.0.0.1:8000/v1"), CompletionCache("run"))
    with Sandbox() as sandbox:
        collect("run", LLMTeacher(session, BM25Retriever(passages), sandbox), questions)
    ```
    """

    def __init__(
        self,
        session: ChatSession,
        retriever: Retriever,
        sandbox: Sandbox,
        *,
        first_thought: bool = False,
        max_steps: int = MAX_STEPS,
        max_tokens: int = STEP_TOKENS,
        judge: LLMJudge | None = None,
    ) -> None:
        check_extra("smolagents", "tools", "A language model as teacher")
        self.session = session
        self.teacher = session.client.model
        self.name = agent_teacher_name(self.teacher, first_thought)
        self._retriever = retriever
        self._sandbox = sandbox
        self._first_thought = first_thought
        self._max_steps = max_steps
        self._max_tokens = max_tokens
        self._judge = judge

    def start(self) -> None:
        """To be called before the first question.

        Raises:
            UsageError: if first thoughts are wanted and the server cannot continue an unfinished answer.
        """
        if self._first_thought:
            check_continuation(self.session, self.name)

    def attempt(self, question: Question) -> ToolTrajectory:
        """The trajectory for a question, right or not.

        Raises:
            RequestRejected: if the server does not accept a request.
            SubgoalError: if server, budget, retriever or sandbox end the run.
        """
        from dataset_builder.tool_agents.teacher.code_agent import run_code_agent

        chain = self._sample(
            question, "cot", cot_messages(question.question), COT_STEPS * self._max_tokens
        ).answer
        prefix = first_thought(chain) if self._first_thought and chain.strip() else ""
        ask = partial(self._step, question, prefix)
        run = run_code_agent(question.question, ask, self._retriever, self._sandbox, self._max_steps)
        right = run.answer is not None and score(question, run.answer, self._judge).right
        return ToolTrajectory(
            question=question.id,
            teacher=self.teacher,
            steps=run.steps,
            answer=None if run.answer is None else answer_text(run.answer),
            right=right,
            reason="" if right else run.reason or WRONG,
            cot=chain if self._is_right(question, chain) else None,
        )

    def _is_right(self, question: Question, chain: str) -> bool:
        answer = read_answer(chain)
        return answer is not None and score(question, answer, self._judge).right

    def _step(self, question: Question, prefix: str, messages: list[Message], stop: Sequence[str]) -> str:
        """The model's answer to a conversation; the first answer of all begins with the prefix."""
        is_first = all(message["role"] != "assistant" for message in messages)
        begun = prefix if is_first else ""
        if begun:
            messages = [*messages, {"role": "assistant", "content": begun}]
        room = self._max_tokens
        completion = self._sample(question, "step", messages, room, stop=tuple(stop), continues=bool(begun))
        return continued_text(begun, completion) if begun else completion.answer

    def _sample(
        self, question: Question, purpose: str, messages: list[Message], max_tokens: int, **sampling: Any
    ) -> Completion:
        about = {"annotator": self.name, "purpose": purpose, "task": question.family, "question": question.id}
        (completion,) = self.session.sample(lambda _: messages, about, SamplingParams(max_tokens, **sampling))
        return completion
