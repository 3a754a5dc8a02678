"""Questions by a name: a folder, a file, a published set or a dataset."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dataset_builder.common.errors import UsageError
from dataset_builder.tool_agents.questions.published import PUBLISHED, load_published, published_names
from dataset_builder.tool_agents.questions.question import QUESTIONS, SPLITS, Question, read_questions

_CONFIG = "questions"


def load_questions(
    source: str, split: str | None = None, limit: int | None = None, families: str | None = None
) -> list[Question]:
    """Questions of a file, a folder, a published set or a dataset on the Hub.

    Args:
        source (`str`): `FILE.jsonl`; a folder with `questions.jsonl`; a name of `published_names()`; or a
            dataset folder or Hub id, whose configuration `questions` is read.
        split (`str`, *optional*): `train`, `validation` or `test`, or several, comma-separated. All splits
            if omitted.
        limit (`int`, *optional*): the first questions only.
        families (`str`, *optional*): families of questions, comma-separated. All families if omitted.

    Raises:
        UsageError: if there is no such source, or it has no questions of the split, or of a family.
        SubgoalError: if the Hub cannot be reached.
    """
    if limit is not None and limit < 1:
        raise UsageError(f"--max-questions {limit}: give 1 or more.")
    wanted = [name.strip() for name in split.split(",")] if split else list(SPLITS)
    if unknown := [name for name in wanted if name not in SPLITS]:
        raise UsageError(f"--split {unknown[0]}: use {', '.join(SPLITS)}.")
    path = Path(source)
    if path.is_file():
        questions = list(read_questions(path))
    elif (path / QUESTIONS).is_file():
        questions = list(read_questions(path / QUESTIONS))
    elif source in published_names():
        splits = [name for name in wanted if (source, name) in PUBLISHED]
        questions = [question for name in splits for question in load_published(source, name)]
    else:
        questions = _dataset_questions(source)
    questions = [question for question in questions if question.split in wanted]
    if not questions:
        raise UsageError(f"{source} has no questions of {', '.join(wanted)}: name another set or split.")
    if families is not None:
        asked = [name.strip() for name in families.split(",") if name.strip()]
        known = dict.fromkeys(question.family for question in questions)
        if unknown := [name for name in asked if name not in known] or ([] if asked else [families]):
            raise UsageError(
                f"--families {unknown[0]}: {source} has {', '.join(known)} in {', '.join(wanted)}."
            )
        questions = [question for question in questions if question.family in asked]
    return questions[:limit]


def _dataset_questions(source: str) -> list[Question]:
    from dataset_builder.hub.open_tables import open_tables

    questions = []
    for split, table in open_tables(source, _CONFIG).items():
        for row in table:
            try:
                questions.append(Question.from_record({"split": split, **_record(row)}))
            except (KeyError, TypeError, ValueError) as error:
                raise UsageError(
                    f"{source} does not hold questions (a row lacks {error}): `subgoal tools build` makes "
                    "such a dataset."
                ) from error
    return questions


def _record(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as `Question.to_record` makes it: a table holds the metadata of all families as JSON."""
    metadata = row.get("metadata")
    return {**row, "metadata": json.loads(metadata) if isinstance(metadata, str) and metadata else metadata}
