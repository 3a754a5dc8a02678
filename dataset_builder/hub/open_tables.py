"""Opening a dataset, from a folder or from the Hub, with errors that a user can act on."""

import hashlib
import os
from pathlib import Path
from typing import Any

import datasets
from datasets.exceptions import DatasetGenerationError, DatasetNotFoundError
from huggingface_hub.constants import HF_HUB_CACHE
from pyarrow import ArrowInvalid
from yaml import YAMLError

from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.hub.errors import check_environment, machine_error
from dataset_builder.hub.ids import is_path, split_revision

_DATA_FILES = (".parquet", ".jsonl", ".json", ".csv", ".md")


class MissingConfig(UsageError):
    """A dataset has no configuration of this name.

    Example:

    ```python
    with contextlib.suppress(MissingConfig):
        tables["test"] = open_tables("dataset", "test")
    ```
    """


def open_tables(
    source: str,
    config: str | None = None,
    *,
    split: str | None = None,
    missing_config: str = "check its name.",
) -> Any:
    """The tables of a dataset.

    Args:
        source (`str`): a dataset folder, or a Hub id, with `@REVISION` if wanted.
        config (`str`, *optional*): the configuration; the only one if omitted.
        split (`str`, *optional*): one split; all of them if omitted.
        missing_config (`str`, *optional*): the end of the error for a configuration that does not exist.

    Returns:
        `datasets.DatasetDict`, or `datasets.Dataset` for one split.

    Raises:
        MissingConfig: if the dataset has no such configuration.
        UsageError: if there is no such dataset or split, or it is damaged.
        SubgoalError: if the Hub cannot be reached.
        OSError: if the cache cannot be written.
    """
    repo, revision = split_revision(source)
    folder = Path(repo)
    if folder.is_dir() and "[" in str(folder.resolve()):
        raise UsageError(f"{folder.resolve()}: datasets takes [ in a path for a pattern: rename the folder.")
    if not folder.is_dir():
        if is_path(repo):
            raise UsageError(f"There is no dataset folder {source}: check the path.")
        check_environment()
        # `datasets` would report a cache that cannot be made as a dataset that cannot be found.
        os.makedirs(HF_HUB_CACHE, exist_ok=True)
    try:
        return datasets.load_dataset(
            repo, config, split=split, revision=revision, cache_dir=_cache_of(folder)
        )
    except DatasetNotFoundError as error:
        raise UsageError(
            f"No dataset {source} on the Hub or in this folder: check the name, or `hf auth login`."
        ) from error
    except (ArrowInvalid, DatasetGenerationError, YAMLError) as error:
        if local := machine_error(error, datasets.config.HF_DATASETS_CACHE):
            raise local from error  # such as a full disk, which is not a fault of the dataset
        raise UsageError(
            f"{source} is damaged ({_reason(error.__cause__ or error)}): {_again(folder)}"
        ) from error
    except ValueError as error:
        if "BuilderConfig" in str(error) or "Config name is missing" in str(error):
            raise MissingConfig(f"{source} has no configuration {config!r}: {missing_config}") from error
        if "Unknown split" in str(error):
            raise UsageError(f"{source} has no split {split!r}: check its name.") from error
        raise
    except OSError as error:
        if local := machine_error(error, datasets.config.HF_DATASETS_CACHE):
            raise local from error
        if folder.is_dir():
            raise UsageError(f"{source} is not whole ({_reason(error)}): {_again(folder)}") from error
        raise SubgoalError(
            f"Cannot load {source} ({_reason(error)}): check the network, or name a local folder."
        ) from error


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
    files = [path for path in sorted(folder.rglob("*")) if path.suffix in _DATA_FILES]
    stamps = [(str(path.relative_to(folder)), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    digest = hashlib.sha256(repr(stamps).encode()).hexdigest()[:16]
    return str(Path(datasets.config.HF_DATASETS_CACHE, f"folder-{digest}"))
