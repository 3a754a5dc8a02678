"""Opening and tokenizing a role's examples."""

from collections.abc import Callable
from pathlib import Path

import pytest
from datasets import Dataset

from dataset_builder.common.errors import UsageError
from dataset_builder.trajectories.model_input import ROLES
from dataset_builder.trajectories.trajectory import Trajectory
from modeling.data.examples import load_role


@pytest.mark.parametrize("role", ROLES)
def test_a_corpus_opens(dataset: Path, role: str) -> None:
    data = load_role(role, str(dataset), "compact")
    assert data.state_text_version == "compact-2"
    assert len(data.train) > 20
    assert data.train[0]["input"].startswith("task: ")
    assert (data.source, data.revision) == (str(dataset), "")


def test_the_fingerprint_follows_the_content(
    dataset: Path, tmp_path: Path, recorded: list[Trajectory], write_dataset: Callable[..., Path]
) -> None:
    same = write_dataset(tmp_path / "same", [path for path in recorded if path.task == "find-plant"])
    first = load_role("flat", str(same)).fingerprint
    assert first == load_role("flat", str(same)).fingerprint
    assert first != load_role("executor", str(same)).fingerprint
    assert first != load_role("flat", str(dataset)).fingerprint


def test_practice_joins_the_training_split(tmp_path: Path, dataset: Path) -> None:
    with pytest.raises(UsageError, match="no split practice of executor: run `subgoal corpus practice`"):
        load_role("executor", str(dataset), practice=True)
    splits = ("train", "validation", "practice")
    for number, split in enumerate(splits):
        row = {"input": f"task: {split}", "target": "wait", "task": "boil", "state_text_version": "compact-1"}
        Dataset.from_list([row] * (number + 1)).to_parquet(str(tmp_path / f"{split}.parquet"))
    files = "".join(f"  - split: {split}\n    path: {split}.parquet\n" for split in splits)
    readme = f"---\nconfigs:\n- config_name: executor\n  data_files:\n{files}---\n"
    (tmp_path / "README.md").write_text(readme)
    alone, joined = (load_role("executor", str(tmp_path), practice=practice) for practice in (False, True))
    assert list(alone.train["input"]) == ["task: train"]
    assert list(joined.train["input"]) == ["task: train", *["task: practice"] * 3]
    assert len(joined.validation) == 2
    assert alone.fingerprint != joined.fingerprint


def test_the_rows_without_simplifications_join_both_splits(tmp_path: Path, dataset: Path) -> None:
    configs = {"executor": 1, "executor-unsimplified": 2}
    readme = "---\nconfigs:\n"
    for config, count in configs.items():
        readme += f"- config_name: {config}\n  data_files:\n"
        for split in ("train", "validation", "practice"):
            text = f"task: {split} of {config}"
            row = {"input": text, "target": "wait", "task": "boil", "state_text_version": "compact-2"}
            file = f"{config}-{split}.parquet"
            Dataset.from_list([row] * count).to_parquet(str(tmp_path / file))
            readme += f"  - split: {split}\n    path: {file}\n"
    (tmp_path / "README.md").write_text(f"{readme}---\n")
    data = load_role("executor", str(tmp_path), practice=True, unsimplified=True)
    easy = ["task: train of executor", "task: practice of executor"]
    further = [
        *["task: train of executor-unsimplified"] * 2,
        *["task: practice of executor-unsimplified"] * 2,
    ]
    assert list(data.train["input"]) == [*easy, *further]
    assert len(data.validation) == 3
    assert len(load_role("executor", str(tmp_path)).train) == 1
    with pytest.raises(UsageError, match="no configuration 'executor-unsimplified': build it with"):
        load_role("executor", str(dataset), unsimplified=True)
    card = readme.replace("  - split: validation\n    path: executor-unsimplified-validation.parquet\n", "")
    (tmp_path / "README.md").write_text(f"{card}---\n")
    with pytest.raises(UsageError, match="no validation split of executor-unsimplified: build the corpus"):
        load_role("executor", str(tmp_path), unsimplified=True)
    card = readme.replace("  - split: practice\n    path: executor-unsimplified-practice.parquet\n", "")
    (tmp_path / "README.md").write_text(f"{card}---\n")
    with pytest.raises(
        UsageError, match="no split practice of executor-unsimplified: run `subgoal corpus re"
    ):
        load_role("executor", str(tmp_path), practice=True, unsimplified=True)


def _foreign(folder: Path, rows: list[dict[str, str]], config: str = "executor") -> str:
    folder.mkdir()
    Dataset.from_list(rows).to_parquet(str(folder / "train.parquet"))
    (folder / "README.md").write_text(
        f"---\nconfigs:\n- config_name: {config}\n  data_files:\n  - split: train\n"
        "    path: train.parquet\n---\n"
    )
    return str(folder)


def test_folders_that_hold_no_corpus(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="empty"):
        load_role("executor", str(tmp_path / "empty"))
    with pytest.raises(UsageError, match="nowhere"):
        load_role("executor", str(tmp_path / "nowhere"))
    other = _foreign(tmp_path / "other", [{"text": "a"}], config="default")
    with pytest.raises(UsageError, match="no configuration 'executor'"):
        load_role("executor", other)
    columns = _foreign(tmp_path / "columns", [{"text": "a"}])
    with pytest.raises(UsageError, match="input, target"):
        load_role("executor", columns)
    unversioned = _foreign(tmp_path / "unversioned", [{"input": "a", "target": "b"}])
    with pytest.raises(UsageError, match="lacks task, state_text_version"):
        load_role("executor", unversioned)


def test_missing_split(
    tmp_path: Path, recorded: list[Trajectory], write_dataset: Callable[..., Path]
) -> None:
    folder = write_dataset(tmp_path / "corpus", recorded[:2], splits=("train",))
    with pytest.raises(UsageError, match="has no validation split of flat"):
        load_role("flat", str(folder))


def test_other_state_text(dataset: Path) -> None:
    with pytest.raises(UsageError, match="holds compact-2 state text, the recipe needs paper-1"):
        load_role("flat", str(dataset), "paper")


def test_mixed_and_unknown_state_texts(tmp_path: Path) -> None:
    rows = [
        {"input": "a", "target": "b", "task": "boil", "state_text_version": version}
        for version in ("compact-1", "paper-1")
    ]
    for name, chosen, message in (
        ("mixed", rows, "mixes state texts"),
        ("old", rows[:1], "Unknown state-text"),
    ):
        folder = tmp_path / name
        folder.mkdir()
        if name == "old":
            chosen = [{**rows[0], "state_text_version": "compact-99"}]
        for split in ("train", "validation"):
            Dataset.from_list(chosen).to_parquet(str(folder / f"{split}.parquet"))
        (folder / "README.md").write_text(
            "---\nconfigs:\n- config_name: flat\n  data_files:\n  - split: train\n    path: train.parquet\n"
            "  - split: validation\n    path: validation.parquet\n---\n"
        )
        with pytest.raises(UsageError, match=message):
            load_role("flat", str(folder))


def test_held_out_tasks_leave_the_training_split_alone(dataset: Path) -> None:
    held_out = ("find-plant", "lifespan-longest-lived")
    whole, held = load_role("flat", str(dataset)), load_role("flat", str(dataset), exclude_tasks=held_out)
    assert set(whole.train["task"]) - set(held.train["task"]) == set(held_out)
    assert held.validation["task"] == whole.validation["task"]
    assert held.fingerprint == whole.fingerprint
    assert held.describe()["train"] == len(held.train) < len(whole.train)
    seen = [held.validation["task"][row] for row in held.seen_validation_rows()]
    assert set(seen) == set(whole.validation["task"]) - set(held_out)
    assert whole.seen_validation_rows() == list(range(len(whole.validation)))
    with pytest.raises(UsageError, match="exclude_tasks leaves no training examples of"):
        load_role("flat", str(dataset), exclude_tasks=sorted(set(whole.train["task"])))
