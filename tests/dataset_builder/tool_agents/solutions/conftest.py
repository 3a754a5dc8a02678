"""Questions of every family and split, and retrieval over their passages."""

import pytest

from dataset_builder.tool_agents.questions.build import build_open
from dataset_builder.tool_agents.questions.question import Question
from dataset_builder.tool_agents.retrieval.bm25 import BM25Retriever


@pytest.fixture(scope="session")
def open_questions() -> tuple[list[Question], BM25Retriever]:
    """176 training questions, and 66 test questions, 36 of them out of domain."""
    questions, passages = build_open(176, 0, 30, 36, seed=5)
    return questions, BM25Retriever(passages)
