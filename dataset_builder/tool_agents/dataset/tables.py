"""From questions, passages and a teacher's trajectories to the tables of a dataset."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

import datasets

from dataset_builder.dataset.features import Column
from dataset_builder.llm.request_format import Message
from dataset_builder.tool_agents.conversation import agent_messages, cot_messages
from dataset_builder.tool_agents.questions.question import SPLITS, Question
from dataset_builder.tool_agents.retrieval.base import Passage, Retriever, search_text
from dataset_builder.tool_agents.trajectory import ToolTrajectory

LEARNERS = ("agent", "cot", "cot_rag")
"""Configurations with conversations to learn from: with tools, without, and with passages in front."""

CONFIGS = (*LEARNERS, "questions", "passages")
"""Names of the configurations, the default first."""

_TEXT = datasets.Value("string")
_CONVERSATION = {
    "messages": Column(
        datasets.List({"role": _TEXT, "content": _TEXT}),
        "the conversation as chat messages; the last is an answer",
    ),
    "learn": Column(
        datasets.List(datasets.Value("bool")),
        "per message: whether a student may learn to write it (an answer whose code failed is only read)",
    ),
    "id": Column(_TEXT, "id of the question"),
    "answer": Column(_TEXT, "reference answer"),
    "kind": Column(_TEXT, "`maths` or `facts`"),
    "set": Column(_TEXT, "set of the question"),
    "family": Column(_TEXT, "group of questions within the set"),
    "teacher": Column(_TEXT, "who wrote the answers: `program`, or a language model's name"),
}
_QUESTION = {
    "id": Column(_TEXT, "unique id"),
    "question": Column(_TEXT, "what the agent reads"),
    "answer": Column(_TEXT, "reference answer"),
    "kind": Column(_TEXT, "`maths` or `facts`"),
    "set": Column(_TEXT, "name of the set"),
    "family": Column(_TEXT, "group of questions within the set"),
    "in_domain": Column(datasets.Value("bool"), "whether questions of the family may be in training data"),
    "passages": Column(datasets.List(_TEXT), "ids of the passages with the evidence"),
    "metadata": Column(_TEXT, "further values as JSON"),
    "source": Column(_TEXT, "where it comes from; marked if synthetic"),
}
_PASSAGE = {
    "id": Column(_TEXT, "unique id"),
    "title": Column(_TEXT, "what it is about"),
    "text": Column(_TEXT, "one paragraph"),
}


def columns(config: str) -> dict[str, Column]:
    """The columns of a configuration, by name and in order."""
    return {"questions": _QUESTION, "passages": _PASSAGE}.get(config, _CONVERSATION)


class Material(NamedTuple):
    """What a dataset is built from.

    Attributes:
        questions: all questions, of each split.
        passages: the collection that is searched.
        trajectories: the right ones are learnt from.
        retriever: over those passages; None if there are none.

    Example:

    ```python
    passages = load_passages("passages.jsonl")
    material = Material(questions, passages, trajectories, BM25Retriever(passages))
    tables = build_tables(material)
    ```
    """

    questions: Sequence[Question]
    passages: Sequence[Passage]
    trajectories: Sequence[ToolTrajectory]
    retriever: Retriever | None


def build_tables(material: Material) -> dict[str, datasets.DatasetDict]:
    """Each configuration with its splits. Test questions are in `questions` only.

    Args:
        material (`Material`): questions, passages and trajectories.
    """
    tables: dict[str, datasets.DatasetDict] = {}
    for config in LEARNERS:
        rows: dict[str, list[dict[str, Any]]] = {"train": [], "validation": []}
        for split, row in _conversations(config, material):
            rows[split].append(row)
        tables[config] = _table_dict(config, rows)
    by_split = {
        split: [_question_row(question) for question in material.questions if question.split == split]
        for split in SPLITS
    }
    tables["questions"] = _table_dict("questions", by_split)
    tables["passages"] = _table_dict(
        "passages", {"train": [asdict(passage) for passage in material.passages]}
    )
    return {config: table for config, table in tables.items() if table}


def _conversations(config: str, material: Material) -> Iterable[tuple[str, dict[str, Any]]]:
    questions = {question.id: question for question in material.questions}
    for trajectory in material.trajectories:
        question = questions.get(trajectory.question)
        if question is None or question.split == "test" or not question.in_domain:
            continue
        conversation = _messages(config, question, trajectory, material.retriever)
        if conversation is None:
            continue
        messages, learn = conversation
        yield (
            question.split,
            {
                "messages": messages,
                "learn": learn,
                **{name: getattr(question, name) for name in ("id", "answer", "kind", "set", "family")},
                "teacher": trajectory.teacher,
            },
        )


def _messages(
    config: str, question: Question, trajectory: ToolTrajectory, retriever: Retriever | None
) -> tuple[list[Message], list[bool]] | None:
    """The conversation of a trajectory, and what of it is learnt; None if the teacher gave no right one.

    A chain of thought can be right where the agent was wrong.
    """
    if config == "agent":
        if not trajectory.right:
            return None
        messages = agent_messages(question.question, trajectory.steps)
        learnt = iter(step.learn for step in trajectory.steps)
        return messages, [message["role"] == "assistant" and next(learnt) for message in messages]
    if trajectory.cot is None:
        return None
    passages = ""
    if config == "cot_rag":
        passages = retrieved_text(question, retriever)
    messages = cot_messages(question.question, passages, trajectory.cot)
    return messages, [message["role"] == "assistant" for message in messages]


def retrieved_text(question: Question, retriever: Retriever | None) -> str:
    """The passages in front of a question of facts; none for maths, to which they would only do harm."""
    if retriever is None or question.kind != "facts":
        return ""
    return search_text(retriever.search([question.question])[0])


def _question_row(question: Question) -> dict[str, Any]:
    row = question.to_record()
    return row | {"metadata": json.dumps(row["metadata"], ensure_ascii=False, sort_keys=True)}


def _table_dict(config: str, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> datasets.DatasetDict:
    features = datasets.Features({name: column.feature for name, column in columns(config).items()})
    return datasets.DatasetDict(
        {
            split: datasets.Dataset.from_list(
                [{name: row[name] for name in features} for row in listed], features
            )
            for split, listed in rows.items()
            if listed
        }
    )
