"""Writing files so that a reader never sees half of one, and into the right folder."""

import os
from collections.abc import Iterable
from pathlib import Path

from dataset_builder.common.errors import UsageError

_MARKS = (
    "config.json",
    "adapter_config.json",
    "training.json",
    "README.md",
    "trajectories.jsonl",
    "results.json",
)
"""Files that show what a folder is: of models, datasets, corpora and runs."""


def write_atomically(path: Path, text: str) -> None:
    """Write a UTF-8 text file as a whole or not at all: a killed run leaves the earlier file."""
    partial = path.with_name(f"{path.name}.part")
    partial.write_bytes(text.encode())  # as bytes, so that line ends stay as they are
    os.replace(partial, path)


def check_output_folder(folder: Path, own: Iterable[str], kind: str) -> None:
    """Raise `UsageError` if a folder is that of something else: a push would take the new files along.

    Args:
        folder (`Path`): where a command is to write; it need not exist.
        own (`Iterable[str]`): names of the files by which the command knows its own folder.
        kind (`str`): what the folder is to be, such as `"a run"`.
    """
    if any((folder / name).exists() for name in own):
        return
    if others := [name for name in _MARKS if (folder / name).exists()]:
        raise UsageError(f"{folder} holds {others[0]}, so it is not the folder of {kind}: use another --out.")
