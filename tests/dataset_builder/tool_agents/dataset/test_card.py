"""The card of a dataset of tool agents: license, teachers, sizes, an example."""

from dataclasses import replace

from huggingface_hub import DatasetCard

from dataset_builder.dataset.parquet_folder import DataFile
from dataset_builder.hub.push_folder import DATASET_ID
from dataset_builder.tool_agents.conversation import ToolStep
from dataset_builder.tool_agents.dataset.card import tool_dataset_card
from dataset_builder.tool_agents.dataset.tables import Material, build_tables
from dataset_builder.tool_agents.questions.question import Question
from dataset_builder.tool_agents.trajectory import ToolTrajectory

STEPS = (ToolStep("Print.", "print(5)", "5"), ToolStep("Answer.", "final_answer(5)"))
AT_ONCE = (ToolStep("Add.", "final_answer(2 + 3)"),)


def _question(identity: str, question_set: str = "open", source: str = "synthetic: here") -> Question:
    return Question(
        identity, "What is 2 + 3?", "5", "maths", question_set, "sums", "train", True, source=source
    )


def _card(questions: list[Question], trajectories: list[ToolTrajectory]) -> DatasetCard:
    material = Material(questions, [], trajectories, None)
    tables = build_tables(material)
    files = {
        config: {split: DataFile(f"{config}/{split}-0.parquet", 12_345) for split in splits}
        for config, splits in tables.items()
    }
    return tool_dataset_card(tables, files, material)


def _trajectory(identity: str, teacher: str = "program", **values: object) -> ToolTrajectory:
    return replace(ToolTrajectory(identity, teacher, AT_ONCE, "5", True), **values)  # type: ignore[arg-type]


def test_only_the_synthetic_set_is_licensed_and_tagged_as_such() -> None:
    made = _card([_question("a")], [_trajectory("a")])
    assert made.data["license"] == "cc-by-4.0"
    assert "synthetic" in made.data["tags"]
    assert "GeoNames" in made.text
    published = _card([_question("a", "gsm8k", "https://example.org/gsm8k")], [_trajectory("a")])
    assert published.data["license"] == "other"
    assert "synthetic" not in published.data["tags"]
    assert "GeoNames" not in published.text
    assert "**License:** that of the question sets." in published.text


def test_sources_are_listed_once() -> None:
    questions = [_question("a", source="one"), _question("b", source="two"), _question("c", source="one")]
    assert "**Sources:** one; two\n" in _card(questions, [_trajectory("a")]).text
    assert "Sources" not in _card([_question("a", source="")], [_trajectory("a")]).text


def test_the_card_says_who_wrote_what() -> None:
    trajectories = [
        _trajectory("a", cot="The answer is 5."),
        _trajectory("b", "big-model"),
        _trajectory("c", "big-model", right=False, reason="wrong answer", cot="The answer is 5."),
    ]
    text = _card([_question(name) for name in "abc"], trajectories).text
    assert "1 trajectories were written by a program" in text
    assert "1 trajectories were written by the language model `big-model`." in text
    assert "1 chains of thought were written by the program." in text
    assert "1 chains of thought were written by the language model `big-model`." in text


def test_rejected_attempts_are_counted_by_reason_the_most_frequent_first() -> None:
    rejected = [
        _trajectory(name, right=False, reason=reason)
        for name, reason in (("b", "no final answer"), ("c", "wrong answer"), ("d", "wrong answer"))
    ]
    text = _card([_question(name) for name in "abcd"], [_trajectory("a"), *rejected]).text
    assert (
        "Of 4 attempts of the teacher, 1 had the right answer and were kept; "
        "not kept: wrong answer (2), no final answer (1)." in text
    )
    assert "1 had the right answer and were kept.\n" in _card([_question("a")], [_trajectory("a")]).text


def test_the_example_is_a_conversation_with_several_steps_if_there_is_one() -> None:
    trajectories = [_trajectory("a"), _trajectory("b", steps=STEPS)]
    text = _card([_question("a"), _question("b")], trajectories).text
    example = text.split("## An example\n\n")[1].split("\n\n##")[0].splitlines()
    assert example[0] == "    user: What is 2 + 3?"
    assert "    user: Observation:" in example
    assert all(line.startswith("    ") for line in example)


def test_splits_are_listed_with_rows_and_bytes() -> None:
    card = _card([_question("a")], [_trajectory("a")])
    assert "| `agent` | train | 1 | 12,345 |" in card.text
    configs = {config["config_name"]: config["data_files"] for config in card.data["configs"]}
    assert configs["agent"] == [{"split": "train", "path": "agent/train-0.parquet"}]
    assert f'load_dataset("{DATASET_ID}", "agent", split="train")' in card.text
