"""Answering questions in batches: agents step by step, baselines in one answer."""

from collections.abc import Iterator, Sequence
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
from modeling.inference.search import Search
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
    """

    mode: str = "agent"
    search: Search = field(default_factory=Search)
    max_steps: int = MAX_STEPS
    batch_size: int = 16
    seed: int = 0


@dataclass
class _Work:
    """A question that an agent works on."""

    question: Question
    session: Session
    steps: list[ToolStep] = field(default_factory=list)
    records: list[StepRecord] = field(default_factory=list)
    answer: str | None = None
    read: int = 0
    written: int = 0
    searches: int = 0
    shortened: int = 0


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
        UsageError: if a question does not fit the model.
        SubgoalError: if retrieval, the sandbox or a server fails.
    """
    if settings.mode != "agent":
        yield from _answer_at_once(questions, model, settings, retriever, judge)
        return
    assert retriever is not None
    assert sandbox is not None
    tools = {} if isinstance(retriever, NoPassages) else {"search": search_tool(retriever)}
    waiting = list(reversed(questions))
    active: list[_Work] = []
    with ExitStack() as stack:
        try:
            while waiting or active:
                while waiting and len(active) < settings.batch_size:
                    session: Session = sandbox.open(tools)
                    active.append(_Work(waiting.pop(), session))
                _step(active, model, settings)
                going = []
                for work in active:
                    if work.answer is None and len(work.records) < settings.max_steps:
                        going.append(work)
                        continue
                    work.session.close()
                    yield _result(work, judge)
                active = going
        finally:
            for work in active:
                stack.callback(work.session.close)


def _step(active: Sequence[_Work], model: ChatModel, settings: PlaySettings) -> None:
    conversations = [agent_messages(work.question.question, work.steps) for work in active]
    answers = model.answer(conversations, settings.search, settings.seed)
    for work, answer in zip(active, answers, strict=True):
        work.read += answer.read
        work.written += answer.written
        work.shortened += answer.shortened
        chosen = choose_step(answer.drawn or (answer.raw,), work.session)
        execution = chosen.execution
        work.searches += execution.searches
        observation = ""
        if execution.answer is None:
            observation = observation_text(execution.output, execution.error)
        else:
            work.answer = answer_text(execution.answer)
        step = chosen.step or ToolStep(chosen.text.strip(), "")
        work.steps.append(ToolStep(step.thought, step.code, observation))
        work.records.append(
            StepRecord(
                step.thought,
                step.code,
                observation,
                chosen.candidates,
                chosen.unparsed,
                chosen.failed,
                chosen.votes,
            )
        )


def _answer_at_once(
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
            texts = answer.drawn or (answer.raw,)
            given = [read_answer(text) for text in texts]
            voted = [text for text in given if text is not None]
            final = max(voted, key=voted.count) if voted else None  # the first of the most frequent
            text = texts[given.index(final)] if final is not None else texts[0]
            yield _scored(
                question,
                final,
                judge,
                text=text,
                read=answer.read,
                written=answer.written,
                shortened=int(answer.shortened),
            )


def _result(work: _Work, judge: "LLMJudge | None") -> QuestionResult:
    return _scored(
        work.question,
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
