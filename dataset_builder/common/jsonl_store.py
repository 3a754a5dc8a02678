"""`JsonlStore`: keyed records, appended one line at a time; what a killed run finished stays."""

import contextlib
import fcntl
import json
import os
import threading
from collections.abc import Hashable, Iterator
from io import FileIO
from pathlib import Path
from typing import Any

from dataset_builder.common.errors import SubgoalError

Key = tuple[Hashable, ...]
_BLOCK = 1 << 16


class JsonlStore:
    """An append-only file of JSON lines, each with a unique `key`. Thread-safe.

    An append is atomic, also among several processes: a partial last line (a killed process, a full disk)
    is ignored by reads and truncated by the next append. If a key is appended twice, the last record counts.

    Args:
        path (`str` or `Path`): the file; it and its folder are made on the first append.

    Raises:
        SubgoalError: if a complete line is not a record with a key.

    Example:

    ```python
    store = JsonlStore("scores.jsonl")
    store.append(("boil", 0), {"score": 100})
    print(store[("boil", 0)]["score"])
    ```
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._lock = threading.Lock()
        self._records: dict[Key, dict[str, Any]] = {}
        if self.path.exists():
            self._read()

    def _read(self) -> None:
        data = self.path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        for number, line in enumerate(whole.splitlines(), 1):
            if not line.strip():
                continue  # an editor's
            try:
                record = json.loads(line)
                self._records[tuple(record["key"])] = record
            except (ValueError, KeyError, TypeError) as error:
                raise SubgoalError(
                    f"{self.path} line {number} is not a keyed record: name another folder, "
                    "or remove the line."
                ) from error

    def keys(self) -> set[Key]:
        """Keys that have a record."""
        return set(self._records)

    def __contains__(self, key: Key) -> bool:
        return tuple(key) in self._records

    def __getitem__(self, key: Key) -> dict[str, Any]:
        return self._records[tuple(key)]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(list(self._records.values()))

    def __len__(self) -> int:
        return len(self._records)

    def append(self, key: Key, record: dict[str, Any]) -> None:
        """Write a record and flush it to the system before returning.

        Args:
            key (`Sequence[str | int]`): the record's key, which is stored as its field `key`.
            record (`dict[str, Any]`): field → JSON value.

        Raises:
            OSError: if it cannot be written (disk full, no permission); earlier lines are intact.
        """
        row = {"key": list(key), **record}
        line = (json.dumps(row, ensure_ascii=False) + "\n").encode()
        with self._lock:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab+", buffering=0) as file:
                _append_line(file, line)
            self._records[tuple(key)] = row


def _append_line(file: FileIO, line: bytes) -> None:
    """Write a line after the last whole one, or leave the file as it was."""
    with contextlib.suppress(OSError):  # a file system without locks: one process at a time, then
        fcntl.flock(file, fcntl.LOCK_EX)  # until the file is closed
    end = _end_of_lines(file)
    try:
        if file.seek(0, os.SEEK_END) != end:
            file.truncate(end)
        while line:
            line = line[file.write(line) :]
    except BaseException:
        with contextlib.suppress(OSError):
            file.truncate(end)
        raise


def _end_of_lines(file: FileIO) -> int:
    """Position after the last newline: a process that was killed may have left half a line behind it."""
    position = file.seek(0, os.SEEK_END)
    while position:
        start = max(0, position - _BLOCK)
        file.seek(start)
        if newline := file.read(position - start).rfind(b"\n") + 1:
            return start + newline
        position = start
    return 0
