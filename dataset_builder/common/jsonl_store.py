"""`JsonlStore`: keyed records, appended one line at a time; what a killed run finished stays."""

import json
import threading
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

from dataset_builder.common.errors import SubgoalError

Key = tuple[Hashable, ...]


class JsonlStore:
    """An append-only file of JSON lines, each with a `key` of its own. Safe to use from threads.

    A line half written when a run was killed is passed over, and cut off by the first append. A key
    appended twice keeps its last record.

    Args:
        path (`str` or `Path`): the file; it and its folder are made on the first append.

    Raises:
        SubgoalError: if a line that was finished is not a keyed record.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._lock = threading.Lock()
        self._records: dict[Key, dict[str, Any]] = {}
        self._cut: int | None = None
        if self.path.exists():
            self._read()

    def _read(self) -> None:
        data = self.path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        self._cut = len(whole) if len(whole) != len(data) else None
        for number, line in enumerate(whole.splitlines(), 1):
            try:
                record = json.loads(line)
                self._records[tuple(record["key"])] = record
            except (ValueError, KeyError, TypeError) as error:
                raise SubgoalError(
                    f"{self.path} line {number} is no keyed record: name another folder, or remove the line."
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

        Raises:
            OSError: if it cannot be written (disk full, no permission); earlier lines are intact.
        """
        row = {"key": list(key), **record}
        line = json.dumps(row, ensure_ascii=False) + "\n"
        with self._lock:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                if self._cut is not None:
                    file.truncate(self._cut)
                    self._cut = None
                file.write(line)
            self._records[tuple(key)] = row
