"""`ToolBackend`: an agent with tools that visitors ask, and a model that answers without them."""

import threading
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from dataset_builder.common.console import say
from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.hub.ids import public_name
from dataset_builder.llm.request_format import Message
from dataset_builder.tool_agents.retrieval.base import NoPassages, Retriever
from dataset_builder.tool_agents.retrieval.select import open_retriever
from dataset_builder.tool_agents.sandbox import Sandbox
from eval_harness.tool_agents.playing import PlaySettings, answer_at_once, play_steps
from eval_harness.tool_agents.records import StepRecord
from modeling.checkpoints.description import SERVED
from modeling.checkpoints.load import load_checkpoint
from modeling.inference.search import Answer, Search
from modeling.tool_agents.answering import ChatModel, LocalChat
from modeling.tool_agents.learners import LEARNERS
from space_app.session.sessions import NoFreePlace
from space_app.settings import Settings, released

MAX_QUESTION = 600
"""Characters of a question; the longest ones of the published sets have about as many."""

AGENT, COT = PlaySettings("agent"), PlaySettings("cot")


@dataclass(frozen=True)
class Example:
    """A question that the page offers.

    Attributes:
        title: what it is about.
        question: the question.
        answer: the right answer.
        searches: whether the agent needs passages.

    Example:

    ```python
    example = EXAMPLES[3]
    example.question, example.answer  # "What is 6766 * 5801?", "39249566"
    ```
    """

    title: str
    question: str
    answer: str
    searches: bool = False


EXAMPLES = (
    Example("One search", "Name the main language of Benin.", "French", searches=True),
    Example("Two searches", "On which continent is the only neighbour of East Timor?", "Asia", searches=True),
    Example(
        "Three searches",
        "Do more people live in the country to which Brno belongs or in Djibouti?",
        "Czechia",
        searches=True,
    ),
    Example("A product", "What is 6766 * 5801?", "39249566"),
    Example("A multiple", "Which is the smallest positive number that is a multiple of 93 and 81?", "2511"),
    Example("Backwards", 'What is "fantod" spelled backward?', "dotnaf"),
)
"""Test questions of the set `open`: no released model has seen them in training."""


@dataclass(frozen=True)
class Progress:
    """How far a question is answered.

    Attributes:
        question: the question.
        steps: of the agent, so far.
        seconds: of each of these steps: model, code and searches.
        agent_done: whether the agent has finished.
        cot: what the model without tools wrote; None before that.
        cot_answer: the answer in it, if it gives one.
        cot_seconds: how long it took.

    Example:

    ```python
    for progress in tools.answer("What is 7 times 8?"):
        print(len(progress.steps), progress.answer, progress.cot_answer)
    ```
    """

    question: str
    steps: tuple[StepRecord, ...] = ()
    seconds: tuple[float, ...] = ()
    agent_done: bool = False
    cot: str | None = None
    cot_answer: str | None = None
    cot_seconds: float = 0.0

    @property
    def answer(self) -> str | None:
        """The agent's final answer, if it has given one."""
        return self.steps[-1].answer if self.steps else None


class SharedChat(ChatModel):
    """A model that all visitors share, one answer at a time.

    Args:
        model (`ChatModel`): answers.
        lock (`threading.Lock`): held meanwhile; models with common weights need a common lock.

    Example:

    ```python
    model = LocalChat(load_checkpoint("release/tool-agent"), LEARNERS["agent"])
    shared = SharedChat(model, threading.Lock())
    (answer,) = shared.answer([agent_messages("What is 7 times 8?")], Search())
    ```
    """

    def __init__(self, model: ChatModel, lock: threading.Lock) -> None:
        self.id, self._model, self._lock = model.id, model, lock

    def answer(
        self, conversations: Sequence[Sequence[Message]], search: Search, seed: int = 0
    ) -> list[Answer]:
        """See `ChatModel.answer`."""
        with self._lock:
            return self._model.answer(conversations, search, seed)

    def describe(self) -> dict[str, Any]:
        """See `ChatModel.describe`."""
        return self._model.describe()


class ToolBackend:
    """Answers visitors' questions, with tools and without. Code of the agent always runs in a sandbox.

    Args:
        agent (`ChatModel`): the agent with tools.
        cot (`ChatModel`): answers by chain of thought.
        retriever (`Retriever`, *optional*, defaults to `NoPassages()`): what `search` asks.
        max_questions (`int`, *optional*, defaults to 40): questions that are answered at the same time.
        max_wait_seconds (`float`, *optional*, defaults to 20): how long a visitor waits for a free place.

    Raises:
        SubgoalError: if the sandbox does not start.

    Example:

    ```python
    with closing(ToolBackend(agent, cot)) as tools:
        *_, progress = tools.answer("What is 7 times 8?")
        print(progress.answer, progress.cot_answer)
    ```
    """

    def __init__(
        self,
        agent: ChatModel,
        cot: ChatModel,
        retriever: Retriever | None = None,
        max_questions: int = Settings.max_episodes,
        max_wait_seconds: float = Settings.max_wait_seconds,
    ) -> None:
        self.agent, self.cot = agent, cot
        self.retriever = retriever or NoPassages()
        self.sandbox = Sandbox()
        self._max_questions, self._max_wait_seconds = max_questions, max_wait_seconds
        self._places = threading.BoundedSemaphore(max_questions)
        self._lock = threading.Lock()
        self._visitors: set[str] = set()

    @classmethod
    def from_settings(cls, settings: Settings) -> "ToolBackend":
        """Load what the settings name.

        Raises:
            UsageError: if a model or passages cannot be loaded, or a package is not installed.
            SubgoalError: if the Hub cannot be reached, or the sandbox does not start.
        """
        agent_id = settings.tool_agent
        assert agent_id is not None
        retriever = open_retriever(settings.tool_passages) if settings.tool_passages else None
        for name in (agent_id, settings.tool_cot or ""):
            if name.startswith(SERVED):
                raise UsageError(f"{name} runs at a server: the page needs a folder or a Hub id.")
        base = settings.tool_base
        agent = LocalChat(load_checkpoint(agent_id, base=base, kinds=("causal",)), LEARNERS["agent"])
        lock = cot_lock = threading.Lock()
        if settings.tool_cot in (None, agent_id):
            cot = agent.answering_as(LEARNERS["cot"])
        else:
            checkpoint = load_checkpoint(settings.tool_cot, base=base, kinds=("causal",))
            cot = LocalChat(checkpoint, LEARNERS["cot"])
            cot_lock = threading.Lock()
        return cls(
            SharedChat(agent, lock),
            SharedChat(cot, cot_lock),
            retriever,
            settings.max_episodes,
            settings.max_wait_seconds,
        )

    @property
    def names(self) -> tuple[str, str]:
        """Hub ids or folder names of the agent and of the model without tools."""
        return public_name(self.agent.id), public_name(self.cot.id)

    @property
    def examples(self) -> list[Example]:
        """Example questions; without passages, those that need no search."""
        searches = not isinstance(self.retriever, NoPassages)
        return [example for example in EXAMPLES if searches or not example.searches]

    def answer(self, question: str, visitor: str = "") -> Generator[Progress, None, None]:
        """Answer a question; what has come so far is yielded after each step.

        Args:
            question (`str`): at most `MAX_QUESTION` characters.
            visitor (`str`, *optional*): who asks; each visitor has one question at a time.

        Raises:
            UsageError: if this is not a question, or the visitor's last one is still being answered.
            SubgoalError: if all places are taken, or the search or the sandbox fails.
        """
        text = check_question(question)
        with self._place(visitor):
            progress = Progress(text)
            yield progress
            began = time.monotonic()
            with closing(
                play_steps(text, self.agent, AGENT, self.retriever, self._working_sandbox())
            ) as steps:
                for step in steps:
                    seconds, began = time.monotonic() - began, time.monotonic()
                    progress = replace(
                        progress, steps=(*progress.steps, step), seconds=(*progress.seconds, seconds)
                    )
                    yield progress
            progress = replace(progress, agent_done=True)
            yield progress
            began = time.monotonic()
            cot, cot_answer = answer_at_once(text, self.cot, COT)
            yield replace(progress, cot=cot, cot_answer=cot_answer, cot_seconds=time.monotonic() - began)

    @contextmanager
    def _place(self, visitor: str) -> Iterator[None]:
        with self._lock:
            if visitor and visitor in self._visitors:
                raise UsageError("Your last question is still being answered: wait for its answer.")
            self._visitors.add(visitor)
        try:
            if not self._places.acquire(timeout=self._max_wait_seconds):
                raise NoFreePlace(f"All {self._max_questions} places are taken: try again in a minute.")
            try:
                yield
            finally:
                self._places.release()
        finally:
            with self._lock:
                self._visitors.discard(visitor)

    def _working_sandbox(self) -> Sandbox:
        """The sandbox; a new one if its processes have died."""
        with self._lock:
            try:
                self.sandbox.open().close()
            except SubgoalError:  # if memory runs out, the kernel kills the sandbox first
                self.sandbox.close()
                self.sandbox = Sandbox()
            return self.sandbox

    def close(self) -> None:
        """End the sandbox."""
        self.sandbox.close()


def open_tools(settings: Settings) -> ToolBackend | None:
    """The backend of the settings; None if they name no agent with tools.

    If the released agent cannot be loaded (its base is not here, or a package is not installed), this says
    why and returns None: the rest of the demo does not need it.

    Raises:
        UsageError, SubgoalError: as `ToolBackend.from_settings`, for an agent that was named.
    """
    if settings.tool_agent is None:
        return None
    try:
        return ToolBackend.from_settings(settings)
    except SubgoalError as error:
        if settings.tool_agent != released("tool-agent"):
            raise
        say(f"The page of the agent with tools is not shown: {error}")
        return None


def check_question(text: object) -> str:
    """The question without blanks around it.

    Raises:
        UsageError: if it is empty, too long, or has control characters.
    """
    if not isinstance(text, str) or not text.strip():
        raise UsageError("There is no question: type one, or choose an example.")
    text = text.strip()
    if len(text) > MAX_QUESTION:
        raise UsageError(f"The question has {len(text):,} characters: shorten it to {MAX_QUESTION} or fewer.")
    if not all(character.isprintable() or character in "\n\t" for character in text):
        raise UsageError("The question has control characters: type it again without them.")
    return text
