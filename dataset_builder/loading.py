"""Opening a built corpus, from a folder or from the Hub, with errors a user can act on."""

from pathlib import Path

import datasets
from datasets.exceptions import DatasetNotFoundError

from dataset_builder.builder import CONFIGS
from dataset_builder.errors import SubgoalError, UsageError


def split_revision(name: str) -> tuple[str, str | None]:
    """`NAMESPACE/NAME@REVISION` as a pair; folders are left whole."""
    if Path(name).exists() or "@" not in name:
        return name, None
    repo, _, revision = name.rpartition("@")
    return repo, revision


def load_config(dataset: str, config: str) -> datasets.DatasetDict:
    """One configuration of a corpus, all its splits.

    Args:
        dataset (`str`): a folder as `subgoal corpus build` writes it, or a Hub id, with `@REVISION`
            if wanted.
        config (`str`): `trajectories`, `controller`, `executor`, `flat`, ….

    Raises:
        UsageError: if there is no such dataset, or it is not a sub-goal corpus.
        SubgoalError: if the Hub cannot be reached.
    """
    repo, revision = split_revision(dataset)
    folder = Path(repo)
    if folder.is_dir() and not any(folder.rglob("*.parquet")):
        raise UsageError(f"{dataset} holds no dataset: run `subgoal corpus build` into it, or name another.")
    if not folder.is_dir() and (folder.is_file() or repo.count("/") > 1 or repo.startswith((".", "~"))):
        raise UsageError(f"There is no dataset folder {dataset}: `subgoal corpus build` makes one.")
    try:
        tables = datasets.load_dataset(repo, config, revision=revision)
    except DatasetNotFoundError as error:
        raise UsageError(
            f"No dataset {dataset} on the Hub or in this folder: check the name, or `hf auth login`."
        ) from error
    except ValueError as error:
        if "BuilderConfig" in str(error):
            raise UsageError(
                f"{dataset} has no configuration {config!r}: it is not a sub-goal corpus, or an older one."
            ) from error
        raise
    except (ConnectionError, OSError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise SubgoalError(
            f"Cannot load {dataset} ({reason}): check the network, or name a local folder."
        ) from error
    _check_columns(dataset, config, tables)
    return tables


def load_tables(dataset: str) -> dict[str, datasets.DatasetDict]:
    """Every configuration of a corpus. Raises as `load_config`."""
    return {config: load_config(dataset, config) for config in CONFIGS}


def _check_columns(dataset: str, config: str, tables: datasets.DatasetDict) -> None:
    wanted = {"action", "subgoal"} if config in ("trajectories", "exemplars") else {"input", "target"}
    for split, table in tables.items():
        if missing := wanted - set(table.column_names):
            raise UsageError(
                f"{dataset} is no sub-goal corpus: {config}/{split} lacks {', '.join(sorted(missing))}."
            )
