"""The dataset of tool-agent trajectories: what `load_dataset` opens."""

import json
from pathlib import Path

import pytest
from datasets import load_dataset

from dataset_builder.common.errors import UsageError
from dataset_builder.common.jsonl_store import JsonlStore
from dataset_builder.tool_agents.conversation import ToolStep
from dataset_builder.tool_agents.dataset.build import build_tool_dataset
from dataset_builder.tool_agents.questions.question import QUESTIONS, Question, write_questions
from dataset_builder.tool_agents.retrieval.base import Passage
from dataset_builder.tool_agents.retrieval.passages import PASSAGES, write_passages
from dataset_builder.tool_agents.trajectory import TRAJECTORIES, ToolTrajectory

CAPITAL = (
    ToolStep("Search.", "print(serch('Chad'))", "Error: NameError: name 'serch' is not defined", learn=False),
    ToolStep("I misspelt search.", "print(search('Chad'))", "[1] Chad: The capital of Chad is N'Djamena."),
    ToolStep("The capital is N'Djamena.", 'final_answer("N\'Djamena")'),
)
SUM = (ToolStep("Add.", "final_answer(2 + 3)"),)


def _question(identity: str, kind: str, split: str, in_domain: bool = True) -> Question:
    text = "What is the capital of Chad?" if kind == "facts" else "What is 2 + 3?"
    return Question(identity, text, "5", kind, "open", kind, split, in_domain, metadata={"terms": [2, 3]})


@pytest.fixture
def sources(tmp_path: Path) -> tuple[Path, Path]:
    questions = [
        _question("a", "facts", "train"),
        _question("b", "maths", "train"),
        _question("c", "maths", "validation"),
        _question("d", "maths", "test"),
        _question("e", "maths", "train", in_domain=False),
    ]
    write_questions(tmp_path / "questions" / QUESTIONS, questions)
    write_passages(
        tmp_path / "questions" / PASSAGES, [Passage("td", "Chad", "The capital of Chad is N'Djamena.")]
    )
    store = JsonlStore(tmp_path / "trajectories" / TRAJECTORIES)
    attempts = [
        ToolTrajectory("a", "program", CAPITAL, "N'Djamena", True, cot="The answer is N'Djamena."),
        ToolTrajectory("b", "program", SUM, "6", False, "wrong answer"),
        *(ToolTrajectory(name, "program", SUM, "5", True, cot="The answer is 5.") for name in "cde"),
    ]
    for attempt in attempts:
        store.append((attempt.question,), attempt.to_record())
    return tmp_path / "questions", tmp_path / "trajectories"


def test_the_readme_of_somebody_else_is_not_replaced(sources: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    readme = tmp_path / "out" / "README.md"
    readme.write_text("# My thesis")
    with pytest.raises(UsageError, match="holds something else than a dataset of tool agents"):
        build_tool_dataset(sources[0], [sources[1]], tmp_path / "out")
    assert readme.read_text() == "# My thesis"
    readme.unlink()
    build_tool_dataset(sources[0], [sources[1]], tmp_path / "out")
    build_tool_dataset(sources[0], [sources[1]], tmp_path / "out")


def test_a_built_dataset_opens_with_conversations_to_learn(
    sources: tuple[Path, Path], tmp_path: Path
) -> None:
    out = build_tool_dataset(sources[0], [sources[1]], tmp_path / "out")
    agent = load_dataset(str(out), "agent")
    assert {split: table["id"] for split, table in agent.items()} == {"train": ["a"], "validation": ["c"]}
    row = agent["train"][0]
    assert [message["role"] for message in row["messages"]] == [
        "system",
        "user",
        *["assistant", "user"] * 2,
        "assistant",
    ]
    assert row["learn"] == [False, False, False, False, True, False, True]
    assert "NameError" in row["messages"][3]["content"]
    (plain,), (retrieved,) = (load_dataset(str(out), name, split="train") for name in ("cot", "cot_rag"))
    assert plain["messages"][1]["content"] == "What is the capital of Chad?"
    assert retrieved["messages"][1]["content"].startswith("[1] Chad: The capital")
    questions = load_dataset(str(out), "questions")
    assert questions["test"]["id"] == ["d"]
    assert json.loads(questions["test"][0]["metadata"]) == {"terms": [2, 3]}
    card = (out / "README.md").read_text()
    assert "written by a program" in card
    assert "4 had the right answer and were kept; not kept: wrong answer (1)" in card


def test_building_again_replaces_and_other_folders_are_refused(
    sources: tuple[Path, Path], tmp_path: Path
) -> None:
    out = build_tool_dataset(sources[0], [sources[1]], tmp_path / "out")
    assert build_tool_dataset(sources[0], [sources[1]], out) == out
    with pytest.raises(UsageError, match="holds something else"):
        build_tool_dataset(sources[0], [sources[1]], sources[0])
    with pytest.raises(UsageError, match="holds no trajectories"):
        build_tool_dataset(sources[0], [tmp_path / "nothing"], tmp_path / "other")
    (sources[0] / QUESTIONS).unlink()
    write_questions(sources[0] / QUESTIONS, [_question("z", "maths", "train")])
    with pytest.raises(UsageError, match="No right answer belongs"):
        build_tool_dataset(sources[0], [sources[1]], tmp_path / "other")


def test_chains_of_thought_alone_make_a_dataset(sources: tuple[Path, Path], tmp_path: Path) -> None:
    store = JsonlStore(tmp_path / "chains" / TRAJECTORIES)
    for name in "bc":
        chain = ToolTrajectory(name, "big-model", (), None, False, "no code", cot="The answer is 5.")
        store.append((name,), chain.to_record())
    out = build_tool_dataset(sources[0], [tmp_path / "chains"], tmp_path / "out")
    assert build_tool_dataset(sources[0], [tmp_path / "chains"], out) == out
    assert load_dataset(str(out), split="train")["id"] == ["b"]  # the first configuration is the default
    assert not (out / "agent").exists()
    card = (out / "README.md").read_text()
    assert '", "cot", split="train")' in card
    assert "2 chains of thought" in card


def test_trajectories_of_another_question_with_the_same_id_are_refused(
    sources: tuple[Path, Path], tmp_path: Path
) -> None:
    store = JsonlStore(sources[1] / TRAJECTORIES)
    record = ToolTrajectory("b", "program", SUM, "5", True).to_record()
    store.append(("b",), record | {"asked": "What is 2 + 3?"})
    build_tool_dataset(sources[0], [sources[1]], tmp_path / "out")
    store.append(("b",), record | {"asked": "What is 2 + 4?"})
    with pytest.raises(UsageError, match="holds the trajectory of another question b: collect with these"):
        build_tool_dataset(sources[0], [sources[1]], tmp_path / "out")
