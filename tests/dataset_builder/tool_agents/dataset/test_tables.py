"""From questions, passages and trajectories to tables."""

import json

from datasets import DatasetDict

from dataset_builder.tool_agents.conversation import ToolStep
from dataset_builder.tool_agents.dataset.tables import (
    CONFIGS,
    LEARNERS,
    Material,
    build_tables,
    columns,
    retrieved_text,
)
from dataset_builder.tool_agents.questions.question import Question
from dataset_builder.tool_agents.retrieval.base import Passage
from dataset_builder.tool_agents.retrieval.bm25 import BM25Retriever
from dataset_builder.tool_agents.trajectory import ToolTrajectory

CHAD = Passage("td", "Chad", "The capital of Chad is N'Djamena.")
WRONG = ToolStep("Divide.", "1 / 0", "Error: ZeroDivisionError: division by zero", learn=False)
RIGHT = ToolStep("Add.", "final_answer(5)")


def _question(identity: str, split: str = "train", kind: str = "maths", in_domain: bool = True) -> Question:
    metadata = {"terms": [2, 3], "größe": "km²"}
    return Question(
        identity, f"What is the capital of Chad ({identity})?", "5", kind, "open", "sums", split, in_domain,
        metadata=metadata,
    )  # fmt: skip


def _tables(questions: list[Question], trajectories: list[ToolTrajectory]) -> dict[str, DatasetDict]:
    return build_tables(Material(questions, [CHAD], trajectories, BM25Retriever([CHAD])))


def _right(identity: str, cot: str | None = "The answer is 5.") -> ToolTrajectory:
    return ToolTrajectory(identity, "program", (WRONG, RIGHT), "5", True, cot=cot)


def test_nothing_is_learnt_of_test_questions_and_of_other_domains() -> None:
    questions = [
        _question("a"),
        _question("b", "validation"),
        _question("c", "test"),
        _question("d", in_domain=False),
    ]
    tables = _tables(questions, [_right(name) for name in "abcde"])  # e is of no question
    for config in LEARNERS:
        assert {split: table["id"] for split, table in tables[config].items()} == {
            "train": ["a"],
            "validation": ["b"],
        }
    assert {split: table["id"] for split, table in tables["questions"].items()} == {
        "train": ["a", "d"],
        "validation": ["b"],
        "test": ["c"],
    }


def test_a_failed_step_is_read_and_not_learnt() -> None:
    (row,) = _tables([_question("a")], [_right("a")])["agent"]["train"]
    roles = [message["role"] for message in row["messages"]]
    assert roles == ["system", "user", "assistant", "user", "assistant"]
    assert row["learn"] == [False, False, False, False, True]


def test_a_right_chain_of_thought_is_kept_where_the_agent_was_wrong() -> None:
    wrong = ToolTrajectory("a", "big-model", (RIGHT,), "6", False, "wrong answer", cot="The answer is 5.")
    tables = _tables([_question("a")], [wrong])
    assert list(tables) == ["cot", "cot_rag", "questions", "passages"]
    (row,) = tables["cot"]["train"]
    assert (row["messages"][-1]["content"], row["learn"]) == ("The answer is 5.", [False, False, True])
    assert row["teacher"] == "big-model"


def test_passages_are_put_in_front_of_questions_of_facts_only() -> None:
    questions = [_question("a", kind="facts"), _question("b")]
    tables = _tables(questions, [_right("a"), _right("b")])
    facts, maths = (row["messages"][1]["content"] for row in tables["cot_rag"]["train"])
    assert facts == f"[1] Chad: {CHAD.text}\n\n{questions[0].question}"
    assert maths == questions[1].question
    assert [row["messages"][1]["content"] for row in tables["cot"]["train"]] == [
        question.question for question in questions
    ]


def test_without_a_retriever_there_are_no_passages() -> None:
    assert retrieved_text(_question("a", kind="facts"), None) == ""


def test_metadata_is_readable_json() -> None:
    text = _tables([_question("a")], [_right("a")])["questions"]["train"][0]["metadata"]
    assert json.loads(text) == {"terms": [2, 3], "größe": "km²"}
    assert "größe" in text


def test_tables_have_the_described_columns_in_order() -> None:
    tables = _tables([_question("a")], [_right("a")])
    assert tuple(tables) == CONFIGS
    for config, splits in tables.items():
        assert all(table.column_names == list(columns(config)) for table in splits.values())
