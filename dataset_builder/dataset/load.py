"""Opening a built corpus, from a folder or from the Hub, with errors a user can act on."""

import hashlib
import os
import re
from pathlib import Path

import datasets
from datasets.exceptions import DatasetGenerationError, DatasetNotFoundError
from huggingface_hub.constants import HF_HUB_CACHE
from pyarrow import ArrowInvalid
from yaml import YAMLError

from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.common.hub_errors import check_environment, machine_error
from dataset_builder.common.hub_ids import is_path, public_name, split_revision
from dataset_builder.dataset.features import CONFIGS

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
        config (`str`): one of `CONFIGS`, or another configuration of the dataset.

    Raises:
        UsageError: if there is no such dataset, it is damaged, or it is not a sub-goal corpus.
        SubgoalError: if the Hub cannot be reached.
        OSError: if the cache cannot be written.
    """
    repo, revision = split_revision(dataset)
    folder = Path(repo)
    if folder.is_file() or (folder.is_dir() and not any(folder.rglob("*.parquet"))):
        raise UsageError(
            f"{dataset} is not a dataset: `subgoal corpus build` makes one, of Parquet files with columns "
            f"{', '.join(_ROLE_COLUMNS)} (JSON lines, such as the paper's, are not read)."
        )
    if folder.is_dir() and "[" in str(folder.resolve()):
        raise UsageError(f"{folder.resolve()}: datasets takes [ in a path for a pattern: rename the folder.")
    if not folder.is_dir() and is_path(repo):
        raise UsageError(f"There is no dataset folder {dataset}: `subgoal corpus build` makes one.")
    if not folder.is_dir():
        check_environment()
        # `datasets` would report a cache that cannot be made as a dataset that cannot be found.
        os.makedirs(HF_HUB_CACHE, exist_ok=True)
    try:
        tables = datasets.load_dataset(repo, config, revision=revision, cache_dir=_cache_of(folder))
    except DatasetNotFoundError as error:
        raise UsageError(
            f"No dataset {dataset} on the Hub or in this folder: check the name, or `hf auth login`."
        ) from error
    except (ArrowInvalid, DatasetGenerationError, YAMLError) as error:
        if local := machine_error(error, datasets.config.HF_DATASETS_CACHE):
            raise local from error  # such as a full disk, which is not a fault of the dataset
        raise UsageError(
            f"{dataset} is damaged ({_reason(error.__cause__ or error)}): {_again(folder)}"
        ) from error
    except ValueError as error:
        if "BuilderConfig" in str(error):
            raise UsageError(
                f"{dataset} has no configuration {config!r}: it is not a sub-goal corpus, or an older one."
            ) from error
        raise
    except OSError as error:
        if local := machine_error(error, datasets.config.HF_DATASETS_CACHE):
            raise local from error
        if folder.is_dir():
            raise UsageError(f"{dataset} is not whole ({_reason(error)}): {_again(folder)}") from error
        raise SubgoalError(
            f"Cannot load {dataset} ({_reason(error)}): check the network, or name a local folder."
        ) from error
    _check_columns(dataset, config, tables)
    return tables


def load_tables(dataset: str) -> dict[str, datasets.DatasetDict]:
    """All configurations of a corpus; raises the errors of `load_config`."""
    return {config: load_config(dataset, config) for config in CONFIGS}


def _reason(error: BaseException) -> str:
    """The first line of an error, which `datasets` may make very long."""
    line = str(error).strip().partition("\n")[0]
    return line if len(line) <= 160 else f"{line[:160].rstrip()}…"


def _again(folder: Path) -> str:
    return "build it again." if folder.is_dir() else "push it again, or name another revision."


def _cache_of(folder: Path) -> str | None:
    """A cache for the folder's current files: `datasets` itself would return the rows from before an edit."""
    if not folder.is_dir():
        return None
    files = [path for path in sorted(folder.rglob("*")) if path.suffix in (".parquet", ".md")]
    stamps = [(str(path.relative_to(folder)), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    digest = hashlib.sha256(repr(stamps).encode()).hexdigest()[:16]
    return str(Path(datasets.config.HF_DATASETS_CACHE, f"folder-{digest}"))


def _check_columns(dataset: str, config: str, tables: datasets.DatasetDict) -> None:
    is_paths = config in ("trajectories", "exemplars")
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
