"""One small question set for the tests of this folder."""

import pytest

from dataset_builder.tool_agents.questions.build import build_open
from dataset_builder.tool_agents.questions.question import Question
from dataset_builder.tool_agents.retrieval.base import Passage


@pytest.fixture(scope="session")
def open_set() -> tuple[list[Question], list[Passage]]:
    """220 training, 44 validation, 110 test and 60 out-of-domain questions, and all passages."""
    return build_open(220, 44, 110, 60, seed=3)
