"""The leaderboard as a dataset folder in Hub layout, and its push."""

from dataclasses import asdict
from pathlib import Path

from dataset_builder.common.errors import UsageError
from dataset_builder.common.files import write_atomically
from dataset_builder.hub.push_folder import Pushed, push_folder
from eval_harness.reports.leaderboard import Leaderboard

_DATA = "leaderboard"
_CARD = """\
# {title}

{table}
Made by `subgoal eval leaderboard` of `subgoal-distillation` from the records of each run, in which every
episode can be checked.

```python
from datasets import load_dataset

rows = load_dataset("{repo}", split="train")
```

| column | content |
|---|---|
{columns}
"""
_COLUMNS = {
    "agent": ("string", "name of the agent"),
    "models": ("string", "role and id of each model"),
    "parameters": (
        "int64",
        "weights of all models together; null if one of them is served, or without models",
    ),
    "kind": ("string", "`seq2seq`, `causal`, `adapter`, `served`, or `program` without models"),
    "protocol": ("string", "name of the rules"),
    "protocol_hash": ("string", "digest of the rules"),
    "episodes": ("int64", "scored episodes"),
    "failed": ("int64", "episodes without a score, which are excluded"),
    "score": ("float64", "mean score over tasks, 0 to 100"),
    "score_low": ("float64", "lower end of its 95% bootstrap interval over variations"),
    "score_high": ("float64", "upper end of that interval"),
    "solved": ("float64", "share of episodes that reached 100, in percent"),
    "seconds_per_episode": ("float64", "wall time of the run divided by its episodes"),
    "tokens_per_episode": ("float64", "tokens that the models read and wrote; null without models"),
    "revision": ("string", "commit or hash of each model"),
    "package": ("string", "version of `subgoal-distillation`"),
    "hardware": ("string", "GPU, or processor"),
}
"""Column → its type and content."""


def write_leaderboard(board: Leaderboard, folder: str | Path, repo_id: str | None = None) -> Path:
    """Write a folder that `load_dataset` opens: one Parquet file and the card.

    Args:
        board (`Leaderboard`): the rows.
        folder (`str` or `Path`): is created; files of an earlier leaderboard are replaced.
        repo_id (`str`, *optional*): id that the card names in its example; by default the folder.

    Raises:
        UsageError: if the folder holds something else.
    """
    from datasets import Dataset, Features, Value
    from huggingface_hub import DatasetCard, DatasetCardData

    from dataset_builder.dataset.parquet_folder import write_split

    folder = Path(folder)
    if folder.exists() and not (folder / _DATA).is_dir() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} exists and is not a leaderboard: use another --out.")
    features = Features({name: Value(kind) for name, (kind, _) in _COLUMNS.items()})
    table = Dataset.from_list([asdict(row) for row in board.rows], features=features)
    file = write_split(table, folder / _DATA, "train")
    for earlier in (folder / _DATA).glob("*.parquet"):
        if earlier != folder / file.path:
            earlier.unlink()
    data = DatasetCardData(
        language="en",
        license="apache-2.0",
        pretty_name=board.title,
        size_categories="n<1K",
        tags=["scienceworld", "leaderboard", "agents"],
        configs=[{"config_name": "default", "data_files": [{"split": "train", "path": file.path}]}],
    )
    text = _CARD.format(
        title=board.title,
        table=board.table().markdown().partition("\n\n")[2],
        repo=repo_id or folder,
        columns="\n".join(f"| `{name}` | {content} |" for name, (_, content) in _COLUMNS.items()),
    )
    write_atomically(folder / "README.md", str(DatasetCard(f"---\n{data}\n---\n\n{text}")))
    return folder


def push_leaderboard(folder: str | Path, repo_id: str, *, private: bool = False) -> Pushed:
    """Publish a folder that `write_leaderboard` made; errors as of `push_folder`."""
    return push_folder(
        folder,
        repo_id,
        repo_type="dataset",
        private=private,
        message="Update the leaderboard",
        replaces=[f"{_DATA}/*.parquet"],
    )
