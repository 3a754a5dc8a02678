"""Passages on disk and on the Hub: columns `id`, `title` and `text`."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dataset_builder.common.errors import UsageError, one_line
from dataset_builder.common.files import write_atomically
from dataset_builder.tool_agents.retrieval.base import Passage

PASSAGES = "passages.jsonl"
"""File of a folder's passages."""

_COLUMNS = ("id", "title", "text")
_CONFIG = "passages"


def write_passages(path: str | Path, passages: Iterable[Passage]) -> None:
    """Write passages as JSON lines."""
    lines = [json.dumps(asdict(passage), ensure_ascii=False) for passage in passages]
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    write_atomically(Path(path), "".join(f"{line}\n" for line in lines))


def read_passages(path: str | Path) -> list[Passage]:
    """Passages of a JSON lines file.

    Raises:
        UsageError: if there is no such file, or a line is not a passage.
    """
    path = Path(path)
    try:
        # Not splitlines: JSON does not escape the line separators of Unicode.
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"Cannot read the passages {path} ({one_line(error, 100)}): check the path."
        ) from error
    passages = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise UsageError(f"{path} line {number} is not JSON: correct or remove it.") from error
        passages.append(_passage(row, f"{path} line {number}"))
    return passages


def load_passages(source: str) -> list[Passage]:
    """Passages of a JSON lines file, a folder or a dataset on the Hub.

    Args:
        source (`str`): `FILE.jsonl`; a folder with `passages.jsonl`, or a dataset folder; or a Hub id
            `NAMESPACE/NAME[@REVISION]`. Of a dataset, the configuration `passages` is read.

    Raises:
        UsageError: if there is none, it has other columns, or it is empty.
        SubgoalError: if the Hub cannot be reached.
    """
    path = Path(source)
    if path.is_file():
        passages = read_passages(path)
    elif (path / PASSAGES).is_file():
        passages = read_passages(path / PASSAGES)
    else:
        passages = [_passage(row, source) for row in _dataset_rows(source)]
    if not passages:
        raise UsageError(f"{source} holds no passages: name a dataset with at least one.")
    return passages


def _dataset_rows(source: str) -> Iterator[dict[str, Any]]:
    from dataset_builder.hub.open_tables import open_tables

    for split, table in open_tables(source, _CONFIG).items():
        if missing := [column for column in _COLUMNS if column not in table.column_names]:
            raise UsageError(
                f"{source} has no column {missing[0]!r} in {_CONFIG}/{split}: passages have the columns "
                f"{', '.join(_COLUMNS)}."
            )
        yield from table


def _passage(row: Any, where: str) -> Passage:
    if isinstance(row, Mapping) and all(isinstance(row.get(name), str | int) for name in _COLUMNS):
        return Passage(*(str(row[name]) for name in _COLUMNS))
    raise UsageError(f"{where} is not a passage with text in {', '.join(_COLUMNS)}.")
