"""Models that answer from a script, a sandbox and a retriever."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from dataset_builder.llm.request_format import Message
from dataset_builder.tool_agents.questions.question import Question
from dataset_builder.tool_agents.retrieval.base import Passage
from dataset_builder.tool_agents.retrieval.bm25 import BM25Retriever
from dataset_builder.tool_agents.sandbox import Sandbox
from modeling.inference.search import Answer, Search
from modeling.tool_agents.answering import ChatModel

Script = Callable[[list[Message]], list[str]]


class Scripted(ChatModel):
    """Answers by a function of the conversation; keeps what it was asked."""

    id = "scripted"
    max_new_tokens = 32

    def __init__(self, script: Script) -> None:
        self.script = script
        self.asked: list[list[Message]] = []

    def answer(
        self, conversations: Sequence[Sequence[Message]], search: Search, seed: int = 0
    ) -> list[Answer]:
        answers = []
        for messages in map(list, conversations):
            self.asked.append(messages)
            texts = self.script(messages)
            answers.append(Answer(list(dict.fromkeys(texts)), 10, 5, raw=texts[0], drawn=tuple(texts)))
        return answers

    def describe(self) -> dict[str, Any]:
        return {"id": self.id, "kind": "script"}


def code(source: str, thought: str = "Work.") -> str:
    """An answer with a thought and code."""
    return f"Thought: {thought}\n```python\n{source}\n```"


def question(name: str, text: str, answer: str, kind: str = "maths", **values: Any) -> Question:
    """A test question."""
    return Question(name, text, answer, kind, "open", values.pop("family", kind), "test", True, **values)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as opened:
        yield opened


@pytest.fixture(scope="session")
def retriever() -> BM25Retriever:
    return BM25Retriever([Passage("td", "Chad", "The capital of Chad is N'Djamena.")])
