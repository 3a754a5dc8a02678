"""Writing a dataset of tool-agent trajectories as a Hub repository in a folder."""

from collections.abc import Sequence
from pathlib import Path

import datasets

from dataset_builder.common.errors import UsageError
from dataset_builder.common.folder_lock import folder_lock
from dataset_builder.common.jsonl_store import JsonlStore
from dataset_builder.dataset.parquet_folder import (
    CARD,
    check_replaceable,
    replace_folder,
    scratch_folder,
    write_split,
)
from dataset_builder.tool_agents.dataset.card import tool_dataset_card
from dataset_builder.tool_agents.dataset.tables import CONFIGS, LEARNERS, Material, build_tables
from dataset_builder.tool_agents.questions.question import QUESTIONS, Question, read_questions
from dataset_builder.tool_agents.retrieval.base import Passage
from dataset_builder.tool_agents.retrieval.bm25 import BM25Retriever
from dataset_builder.tool_agents.retrieval.passages import PASSAGES, load_passages
from dataset_builder.tool_agents.trajectory import TRAJECTORIES, ToolTrajectory

_KIND = "a dataset of tool agents"


def read_trajectories(folder: str | Path, questions: Sequence[Question]) -> list[ToolTrajectory]:
    """The trajectories that `subgoal tools collect` has written into a folder.

    Args:
        folder (`str` or `Path`): folder of the trajectories.
        questions (`Sequence[Question]`): what they must answer, as far as their ids are among these.

    Raises:
        UsageError: if there are none, a record is not a trajectory, or one answers another question that has
            the id of one of these.
    """
    path = Path(folder) / TRAJECTORIES
    texts = {question.id: question.question for question in questions}
    try:
        trajectories = []
        for record in JsonlStore(path):
            trajectory = ToolTrajectory.from_record(record)
            text = texts.get(trajectory.question)
            if text is not None and record.get("asked", text) != text:
                raise UsageError(
                    f"{path} holds the trajectory of another question {trajectory.question}: collect with "
                    "these questions (sets of other seeds have the same ids)."
                )
            trajectories.append(trajectory)
    except (KeyError, TypeError) as error:
        raise UsageError(
            f"{path} holds a record that is not a trajectory ({error}): collect again."
        ) from error
    if not trajectories:
        raise UsageError(f"{folder} holds no trajectories: run `subgoal tools collect … --out {folder}`.")
    return trajectories


def build_tool_dataset(
    questions: str | Path,
    trajectories: Sequence[str | Path],
    out: str | Path,
    passages: str | None = None,
    wait: bool = False,
) -> Path:
    """Build a dataset: `load_dataset(out, "agent")` then opens it, from the folder or from the Hub.

    An earlier build in `out` is replaced as a whole, at the end.

    Args:
        questions (`str` or `Path`): folder of `subgoal tools questions build`.
        trajectories (`Sequence[str]`): folders of `subgoal tools collect`.
        out (`str` or `Path`): folder of the new repository.
        passages (`str`, *optional*): passages if they are not in the folder of the questions: a file, a
            folder or a Hub id.
        wait (`bool`, *optional*, defaults to `False`): wait until another process has finished with `out`.

    Raises:
        UsageError: if questions or trajectories are missing, trajectories answer other questions, no
            trajectory is right, or `out` holds anything but an earlier build.
        SubgoalError: if another process owns `out` (see `folder_lock`).

    Example:

    ```python
    build_tool_dataset("runs/questions", ["runs/trajectories"], "runs/dataset")
    rows = load_dataset("runs/dataset", "agent", split="train")
    ```
    """
    folder, out = Path(questions), Path(out).resolve()
    check_replaceable(out, CONFIGS, _KIND)
    listed: list[Passage] = []
    if passages or (folder / PASSAGES).is_file():
        listed = load_passages(passages or str(folder))
    listed_questions = list(read_questions(folder / QUESTIONS))
    material = Material(
        listed_questions,
        listed,
        [trajectory for source in trajectories for trajectory in read_trajectories(source, listed_questions)],
        BM25Retriever(listed) if listed else None,
    )
    tables = build_tables(material)
    if not any("train" in tables.get(config, {}) for config in LEARNERS):
        raise UsageError(
            f"No right answer belongs to a training question of {folder}: collect with these questions."
        )
    with folder_lock(out, wait), scratch_folder(out) as scratch:
        check_replaceable(out, CONFIGS, _KIND)
        new = scratch / "repository"
        datasets.disable_progress_bars()
        try:
            files = {
                config: {split: write_split(table, new / config, split) for split, table in splits.items()}
                for config, splits in tables.items()
            }
        finally:
            datasets.enable_progress_bars()
        tool_dataset_card(tables, files, material).save(new / CARD)
        replace_folder(out, new, scratch / "earlier")
    return out
