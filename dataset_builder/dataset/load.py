"""Opening a built corpus, from a folder or from the Hub, with errors a user can act on."""

import contextlib
import hashlib
import re
from pathlib import Path

import datasets

from dataset_builder.common.errors import UsageError
from dataset_builder.dataset.features import CONFIGS, UNSIMPLIFIED, UNSIMPLIFIED_CONFIGS
from dataset_builder.hub.ids import is_path, public_name, split_revision
from dataset_builder.hub.open_tables import MissingConfig, open_tables

_ROLE_COLUMNS = ("input", "target", "task", "state_text_version")
_COMMIT = re.compile(r"/([0-9a-f]{40})/")


def dataset_identity(dataset: str | Path) -> dict[str, str]:
    """The identity of a corpus: `id` (its public name) and `revision`.

    Args:
        dataset (`str` or `Path`): a folder or a Hub id, as `load_config` takes it.

    Returns:
        `dict`: the revision is the commit of a Hub dataset; for a folder, `sha256:…` over the names and
        bytes of its Parquet files, which does not depend on where the folder is.

    Raises the errors of `load_config`.
    """
    repo, _ = split_revision(str(dataset))
    folder = Path(repo)
    tables = load_config(str(dataset), "trajectories")  # also raises the errors of a bad dataset
    revision = _files_hash(folder) if folder.is_dir() else commit_of(tables)
    return {"id": public_name(repo), "revision": revision}


def _files_hash(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.parquet")):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return f"sha256:{digest.hexdigest()}"


def commit_of(tables: datasets.DatasetDict) -> str:
    """Commit of the Hub files of these tables: `datasets` names their cache folder by it; `""` if unknown."""
    files = (Path(file["filename"]).as_posix() for table in tables.values() for file in table.cache_files)
    matches = map(_COMMIT.search, files)
    return next((match.group(1) for match in matches if match), "")


def load_config(dataset: str, config: str) -> datasets.DatasetDict:
    """All splits of one configuration of a corpus.

    Args:
        dataset (`str`): a folder as `subgoal corpus build` writes it, or a Hub id, with `@REVISION`
            if wanted.
        config (`str`): one of `CONFIGS` or `UNSIMPLIFIED_CONFIGS`.

    Raises:
        MissingConfig: if the dataset has no such configuration.
        UsageError: if there is no such dataset, it is damaged, or it is not a sub-goal corpus.
        SubgoalError: if the Hub cannot be reached.
        OSError: if the cache cannot be written.
    """
    repo, _ = split_revision(dataset)
    folder = Path(repo)
    if folder.is_file() or (folder.is_dir() and not any(folder.rglob("*.parquet"))):
        raise UsageError(
            f"{dataset} is not a dataset: `subgoal corpus build` makes one, of Parquet files with columns "
            f"{', '.join(_ROLE_COLUMNS)} (JSON lines, such as the paper's, are not read)."
        )
    if not folder.is_dir() and is_path(repo):
        raise UsageError(f"There is no dataset folder {dataset}: `subgoal corpus build` makes one.")
    missing = "it is not a sub-goal corpus, or an older one."
    if config in UNSIMPLIFIED_CONFIGS:
        missing = "build it with `--unsimplified`, or set unsimplified: false in the recipe."
    tables = open_tables(dataset, config, missing_config=missing)
    _check_columns(dataset, config, tables)
    return tables


def load_tables(dataset: str) -> dict[str, datasets.DatasetDict]:
    """All configurations of a corpus, also those without simplifications if it has them.

    Raises the errors of `load_config`.
    """
    tables = {config: load_config(dataset, config) for config in CONFIGS}
    with contextlib.suppress(MissingConfig):
        tables |= {config: load_config(dataset, config) for config in UNSIMPLIFIED_CONFIGS}
    return tables


def _check_columns(dataset: str, config: str, tables: datasets.DatasetDict) -> None:
    is_paths = config.removesuffix(UNSIMPLIFIED) in ("trajectories", "exemplars")
    wanted = ("task", "action", "subgoal") if is_paths else _ROLE_COLUMNS
    for split, table in tables.items():
        if missing := [column for column in wanted if column not in table.column_names]:
            raise UsageError(
                f"{dataset} is not a sub-goal corpus: {config}/{split} lacks {', '.join(missing)}."
            )
        for column in () if is_paths else wanted:
            dtype = getattr(table.features[column], "dtype", "list")
            if dtype not in ("string", "large_string"):
                raise UsageError(f"{dataset}: {config}/{split} holds {dtype} in {column}: it must be text.")
            if empty := table.data.column(column).null_count:
                raise UsageError(f"{dataset}: {config}/{split} has {empty} rows without {column}: drop them.")
