"""Writing files so that a reader never sees half of one."""

import os
from pathlib import Path


def write_atomically(path: Path, text: str) -> None:
    """Write a UTF-8 text file as a whole or not at all: a killed run leaves the earlier file."""
    partial = path.with_name(f"{path.name}.part")
    partial.write_bytes(text.encode())  # as bytes, so that line ends stay as they are
    os.replace(partial, path)
