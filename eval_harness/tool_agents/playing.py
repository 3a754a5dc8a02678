"""Answering questions in batches: agents step by step, baselines in one answer."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dataset_builder.tool_agents.conversation import (
    MAX_STEPS,
    ToolStep,
    agent_messages,
    cot_messages,
    observation_text,
    read_answer,
)
from dataset_builder.tool_agents.dataset.tables import retrieved_text
from dataset_builder.tool_agents.questions.question import Question
from dataset_builder.tool_agents.retrieval.base import NoPassages, Retriever, search_tool
from dataset_builder.tool_agents.sandbox.base import Session
from dataset_builder.tool_agents.scoring import score
from dataset_builder.tool_agents.scoring.normalise import answer_text
from eval_harness.tool_agents.records import QuestionResult, StepRecord
from eval_harness.tool_agents.voting import choose_step
from modeling.inference.search import Answer, Search
from modeling.tool_agents.answering import ChatModel

if TYPE_CHECKING:
    from dataset_builder.tool_agents.sandbox import Sandbox
    from dataset_builder.tool_agents.sandbox.remote import RemoteSandbox
    from dataset_builder.tool_agents.scoring import LLMJudge


@dataclass(frozen=True)
class PlaySettings:
    """How questions are answered.

    Attributes:
        mode: `agent`, `cot` or `cot-rag`.
        search: greedy, or samples whose outcomes are voted on (agents) or whose answers are (baselines).
        max_steps: answers that an agent has for a question.
        batch_size: questions that are worked on at the same time.
        seed: seed of the samples.

    Example:

    ```python
    settings = PlaySettings("agent", Search(samples=8, temperature=0.4))
    results = list(play_questions(questions, model, settings, retriever, sandbox))
    ```
    """

    mode: str = "agent"
    search: Search = field(default_factory=Search)
    max_steps: int = MAX_STEPS
    batch_size: int = 16
    seed: int = 0


@dataclass
class _Work:
    """A question that an agent works on."""

    question: str
    session: Session
    steps: list[ToolStep] = field(default_factory=list)
    records: list[StepRecord] = field(default_factory=list)
    answer: str | None = None
    read: int = 0
    written: int = 0
    searches: int = 0
    shortened: int = 0

    def is_over(self, max_steps: int) -> bool:
        """Whether there is an answer, or no step is left."""
        return self.answer is not None or len(self.records) >= max_steps


def play_questions(
    questions: Sequence[Question],
    model: ChatModel,
    settings: PlaySettings,
    retriever: Retriever | None = None,
    sandbox: "Sandbox | RemoteSandbox | None" = None,
    judge: "LLMJudge | None" = None,
) -> Iterator[QuestionResult]:
    """Answer questions; each result comes as soon as its question is finished.

    Args:
        questions (`Sequence[Question]`): the questions.
        model (`ChatModel`): answers them.
        settings (`PlaySettings`): how.
        retriever (`Retriever`, *optional*): what `search` asks; agents and `cot-rag` need it.
        sandbox (`Sandbox`, *optional*): runs code; agents need it.
        judge (`LLMJudge`, *optional*): asked about facts that do not match exactly.

    Raises:
        SubgoalError: if retrieval, the sandbox or a server fails.
    """
    if settings.mode != "agent":
        yield from _play_at_once(questions, model, settings, retriever, judge)
        return
    assert retriever is not None
    assert sandbox is not None
    tools = _tools(retriever)
    waiting = list(reversed(questions))
    active: list[tuple[Question, _Work]] = []
    with ExitStack() as stack:
        try:
            while waiting or active:
                while waiting and len(active) < settings.batch_size:
                    question = waiting.pop()
                    active.append((question, _Work(question.question, sandbox.open(tools))))
                _step([work for _, work in active], model, settings)
                going = []
                for question, work in active:
                    if not work.is_over(settings.max_steps):
                        going.append((question, work))
                        continue
                    work.session.close()
                    yield _result(question, work, judge)
                active = going
        finally:
            for _, work in active:
                stack.callback(work.session.close)


def play_steps(
    question: str,
    model: ChatModel,
    settings: PlaySettings,
    retriever: Retriever,
    sandbox: "Sandbox | RemoteSandbox",
) -> Generator[StepRecord, None, None]:
    """Let an agent answer one question; each step comes as soon as its code has run.

    The last step has the answer, unless `settings.max_steps` steps were not enough. Closing the generator
    ends the session of the sandbox.

    Args:
        question (`str`): the question.
        model (`ChatModel`): answers it.
        settings (`PlaySettings`): how; of mode `agent`.
        retriever (`Retriever`): what `search` asks; `NoPassages()` for an agent without it.
        sandbox (`Sandbox`): runs code.

    Raises:
        SubgoalError: if retrieval, the sandbox or a server fails.

    Example:

    ```python
    with Sandbox() as sandbox:
        for step in play_steps("What is 7 times 8?", model, PlaySettings(), NoPassages(), sandbox):
            print(step.thought, step.code, step.answer or step.observation)
    ```
    """
    work = _Work(question, sandbox.open(_tools(retriever)))
    try:
        while not work.is_over(settings.max_steps):
            _step([work], model, settings)
            yield work.records[-1]
    finally:
        work.session.close()


def answer_at_once(
    question: str, model: ChatModel, settings: PlaySettings, passages: str = ""
) -> tuple[str, str | None]:
    """What a model writes about one question by chain of thought, and the answer in it, if it gives one.

    Args:
        question (`str`): the question.
        model (`ChatModel`): answers it.
        settings (`PlaySettings`): greedy, or samples whose answers are voted on.
        passages (`str`, *optional*): passages for the question, as text.

    Raises:
        SubgoalError: if a server fails.
    """
    (answer,) = model.answer([cot_messages(question, passages)], settings.search, settings.seed)
    return _voted(answer)


def _tools(retriever: Retriever) -> dict[str, Callable[[str], str]]:
    return {} if isinstance(retriever, NoPassages) else {"search": search_tool(retriever)}


def _step(active: Sequence[_Work], model: ChatModel, settings: PlaySettings) -> None:
    conversations = [agent_messages(work.question, work.steps) for work in active]
    answers = model.answer(conversations, settings.search, settings.seed)
    for work, answer in zip(active, answers, strict=True):
        work.read += answer.read
        work.written += answer.written
        work.shortened += answer.shortened
        selected = choose_step(answer.drawn or (answer.raw,), work.session)
        execution = selected.execution
        work.searches += execution.searches
        observation = ""
        if execution.answer is None:
            observation = observation_text(execution.output, execution.error)
        else:
            work.answer = answer_text(execution.answer)
        step = selected.step or ToolStep(selected.text.strip(), "")
        work.steps.append(ToolStep(step.thought, step.code, observation))
        work.records.append(
            StepRecord(
                step.thought,
                step.code,
                observation,
                selected.candidates,
                selected.unparsed,
                selected.failed,
                selected.votes,
                work.answer,
            )
        )


def _play_at_once(
    questions: Sequence[Question],
    model: ChatModel,
    settings: PlaySettings,
    retriever: Retriever | None,
    judge: "LLMJudge | None",
) -> Iterator[QuestionResult]:
    for start in range(0, len(questions), settings.batch_size):
        batch = questions[start : start + settings.batch_size]
        passages = [""] * len(batch)
        if settings.mode == "cot-rag":
            passages = [retrieved_text(question, retriever) for question in batch]
        conversations = [
            cot_messages(question.question, text) for question, text in zip(batch, passages, strict=True)
        ]
        answers = model.answer(conversations, settings.search, settings.seed)
        for question, answer in zip(batch, answers, strict=True):
            text, final = _voted(answer)
            yield _scored(
                question,
                final,
                judge,
                text=text,
                read=answer.read,
                written=answer.written,
                shortened=int(answer.shortened),
            )


def _voted(answer: Answer) -> tuple[str, str | None]:
    """A text with the most frequent answer, and that answer; the first text if no text has one."""
    texts = answer.drawn or (answer.raw,)
    given = [read_answer(text) for text in texts]
    voted = [text for text in given if text is not None]
    final = max(voted, key=voted.count) if voted else None  # the first of the most frequent
    return (texts[given.index(final)] if final is not None else texts[0]), final


def _result(question: Question, work: _Work, judge: "LLMJudge | None") -> QuestionResult:
    return _scored(
        question,
        work.answer,
        judge,
        steps=tuple(work.records),
        read=work.read,
        written=work.written,
        searches=work.searches,
        shortened=work.shortened,
    )


def _scored(
    question: Question, answer: str | None, judge: "LLMJudge | None", **measured: object
) -> QuestionResult:
    scores = score(question, answer, judge)
    values: dict[str, object] = {
        "id": question.id,
        "family": question.family,
        "kind": question.kind,
        "in_domain": question.in_domain,
        "question": question.question,
        "reference": question.answer,
        "answer": answer,
        "right": scores.right,
        "exact_match": scores.exact_match,
        "f1": scores.f1,
        **measured,
    }
    return QuestionResult(**values)  # type: ignore[arg-type]
