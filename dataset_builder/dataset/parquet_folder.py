"""A dataset repository in a folder: Parquet files, the part of the card that names them, and the swap."""

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import datasets
import pyarrow
import pyarrow.parquet as parquet
from huggingface_hub import DatasetCard
from yaml import YAMLError

from dataset_builder.common.errors import UsageError
from dataset_builder.common.folder_lock import LOCK_FILES

CARD = "README.md"

_GROUP_BYTES = 64 << 20
"""Maximum size of a row group in uncompressed bytes: a reader holds a whole one in memory."""

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


class DataFile(NamedTuple):
    """One split of a configuration: its path within the repository, and its size.

    Example:

    ```python
    >>> file = DataFile("exemplars/train-0c5e.parquet", n_bytes=81_920)
    >>> card_configs({"exemplars": {"train": file}})[0]["data_files"]
    [{'split': 'train', 'path': 'exemplars/train-0c5e.parquet'}]
    ```
    """

    path: str
    n_bytes: int


def write_split(table: datasets.Dataset, folder: Path, split: str) -> DataFile:
    """Write a split as Parquet into the folder of its configuration.

    The file name contains a digest, because `load_dataset` caches a local folder by its file names, not by
    their content, and would return the rows of an earlier build.
    """
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"{split}.parquet"
    _write_parquet(table.with_format("arrow")[:].cast(table.features.arrow_schema), draft)
    digest = hashlib.sha256(draft.read_bytes()).hexdigest()[:12]
    named = draft.rename(folder / f"{split}-{digest}.parquet")
    return DataFile(f"{folder.name}/{named.name}", named.stat().st_size)


def _write_parquet(columns: pyarrow.Table, file: Path) -> None:
    """Write a table so that similar neighbouring rows (steps of one path) compress well.

    Parquet compresses each page separately, so a page is made as large as a row group, which
    `Dataset.to_parquet` cannot do. Delta encoding stores the common beginning of inputs once. The files are
    a third to a half as large as with Parquet's default settings.
    """
    likeness = {"input": "DELTA_BYTE_ARRAY"} if "input" in columns.column_names else None
    parquet.write_table(
        columns,
        file,
        version="2.6",
        compression="zstd",
        compression_level=19,
        use_dictionary=False,
        column_encoding=likeness,
        data_page_size=_GROUP_BYTES,
        row_group_size=max(1, columns.num_rows * _GROUP_BYTES // max(columns.nbytes, _GROUP_BYTES)),
    )


@contextlib.contextmanager
def scratch_folder(out: Path) -> Iterator[Path]:
    """A new folder beside `out`, so that its files can be moved there and need not be copied.

    It is removed at the end; what a killed build left is removed first. The caller owns the lock of `out`.
    """
    scratch = out.parent / f".build-{out.name}"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def check_replaceable(out: Path, configs: Sequence[str], kind: str = "a dataset") -> None:
    """Raise `UsageError` if `out` contains anything but an earlier build, which may be unfinished.

    Args:
        out (`Path`): folder of the new repository.
        configs (`Sequence[str]`): names of the configurations; the card of an earlier build lists one.
        kind (`str`, *optional*, defaults to `"a dataset"`): what the folder may hold, for the message.
    """
    if out.is_file():
        raise UsageError(f"{out} is a file: name a folder for the dataset.")
    names = {path.name for path in out.iterdir()} - set(LOCK_FILES) if out.exists() else set()
    if names and not (names <= {CARD, ".gitattributes", "images", *configs} and _card_lists(out, configs)):
        raise UsageError(f"{out} holds something else than {kind}: name an empty folder.")


def _card_lists(folder: Path, configs: Sequence[str]) -> bool:
    """Whether a folder contains a card that lists one of the configurations."""
    try:
        listed = DatasetCard.load(folder / CARD).data.get("configs") or []
        return not {entry["config_name"] for entry in listed}.isdisjoint(configs)
    except (OSError, ValueError, YAMLError, KeyError, TypeError):
        return False


def replace_folder(out: Path, new: Path, earlier: Path) -> None:
    """Move the contents of `new` into `out`, and what was there into `earlier`.

    The folder itself is kept, since it may be another process's working directory; so are the files of its
    lock. At any moment `out` is empty or holds a card: `check_replaceable` then accepts what a killed build
    left, and the next build makes it whole.
    """
    for folder in (out, earlier):
        folder.mkdir(exist_ok=True)
    for path in [path for path in out.iterdir() if path.name not in (*LOCK_FILES, CARD)]:
        os.replace(path, earlier / path.name)
    for path in sorted(new.iterdir(), key=lambda path: path.name != CARD):
        os.replace(path, out / path.name)


def card_configs(files: Mapping[str, Mapping[str, DataFile]]) -> list[dict[str, Any]]:
    """The `configs` of a card's front matter, by which `load_dataset` finds the files.

    Args:
        files (`Mapping[str, Mapping[str, DataFile]]`): configuration → split → file; the default is first.

    Returns:
        `list[dict[str, Any]]`: each with the keys `config_name`, `data_files` (a list of `split` and `path`)
        and, for the first, `default`.
    """
    configs: list[dict[str, Any]] = []
    for name, splits in files.items():
        default = {} if configs else {"default": True}
        listed = [{"split": split, "path": file.path} for split, file in splits.items()]
        configs.append({"config_name": name, **default, "data_files": listed})
    return configs


def size_category(tables: Mapping[str, datasets.DatasetDict]) -> str:
    """The Hub's category for the number of rows of all tables."""
    rows = sum(len(table) for splits in tables.values() for table in splits.values())
    return next((name for bound, name in _SIZES if rows < bound), "1M<n<10M")


def size_rows(
    tables: Mapping[str, datasets.DatasetDict], files: Mapping[str, Mapping[str, DataFile]]
) -> list[dict[str, str]]:
    """Rows and bytes of each split, for `markdown_table`.

    Args:
        tables (`Mapping[str, DatasetDict]`): configuration → its splits.
        files (`Mapping[str, Mapping[str, DataFile]]`): configuration → split → its file.

    Returns:
        `list[dict[str, str]]`: each row has the keys `configuration`, `split`, `rows` and `bytes`.
    """
    return [
        {
            "configuration": f"`{name}`",
            "split": split,
            "rows": f"{len(tables[name][split]):,}",
            "bytes": f"{file.n_bytes:,}",
        }
        for name, splits in files.items()
        for split, file in splits.items()
    ]


def markdown_table(rows: list[dict[str, str]]) -> str:
    """Rows with the same keys as a Markdown table.

    Args:
        rows (`list[dict[str, str]]`): column → cell; at least one row.
    """
    head = list(rows[0])
    lines = [head, ["---"] * len(head), *(list(row.values()) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
