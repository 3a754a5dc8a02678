"""The append-only store: nothing finished is lost, nothing half-written survives."""

import errno
import json
import resource
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dataset_builder.common.errors import SubgoalError
from dataset_builder.common.jsonl_store import JsonlStore

ROOT = Path(__file__).parents[3]


def test_records_survive_reopening(tmp_path: Path) -> None:
    store = JsonlStore(tmp_path / "deep" / "store.jsonl")
    store.append(("boil", 0), {"value": "ä"})
    store.append(("melt", 1), {"value": 2})

    again = JsonlStore(store.path)

    assert again.keys() == {("boil", 0), ("melt", 1)}
    assert again["boil", 0] == {"key": ["boil", 0], "value": "ä"}
    assert ("boil", 0) in again
    assert ("boil", 1) not in again
    assert [record["value"] for record in again] == ["ä", 2]


def test_last_record_of_a_key_counts(tmp_path: Path) -> None:
    store = JsonlStore(tmp_path / "store.jsonl")
    store.append(("boil", 0), {"value": 1})
    store.append(("boil", 0), {"value": 2})

    assert len(JsonlStore(store.path)) == 1
    assert JsonlStore(store.path)["boil", 0]["value"] == 2


def test_half_written_line_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "store.jsonl"
    JsonlStore(path).append(("boil", 0), {"value": 1})
    with path.open("a") as file:
        file.write('{"key": ["boil", 1], "val')

    store = JsonlStore(path)
    store.append(("boil", 2), {"value": 3})

    assert JsonlStore(path).keys() == {("boil", 0), ("boil", 2)}
    assert [json.loads(line)["value"] for line in path.read_text().splitlines()] == [1, 3]


@pytest.mark.parametrize("line", ["not json", '{"no": "key"}', "[1]", '{"key": 3}'])
def test_foreign_file_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "store.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(SubgoalError, match=r"store.jsonl line 1 is not a keyed record"):
        JsonlStore(path)
    assert path.read_text() == line + "\n"


def test_threads_do_not_mix_lines(tmp_path: Path) -> None:
    store = JsonlStore(tmp_path / "store.jsonl")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: store.append((i,), {"text": str(i) * 5000}), range(100)))
    again = JsonlStore(store.path)
    assert len(again) == 100
    assert all(record["text"] == str(record["key"][0]) * 5000 for record in again)


def test_full_disk_raises_and_keeps_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "store.jsonl"
    store = JsonlStore(path)
    store.append(("boil", 0), {"value": 1})
    store.path = Path("/dev/full")
    with pytest.raises(OSError, match="No space left") as caught:
        store.append(("boil", 1), {"value": 2})
    assert caught.value.errno == errno.ENOSPC
    assert ("boil", 1) not in store
    assert JsonlStore(path).keys() == {("boil", 0)}


APPEND = """
import sys
from dataset_builder.common.jsonl_store import JsonlStore
store = JsonlStore(sys.argv[1])
for number in range(300):
    store.append((sys.argv[2], number), {"text": "ä" * 3000})
"""


def test_processes_do_not_mix_or_cut_lines(tmp_path: Path) -> None:
    path = tmp_path / "store.jsonl"
    path.write_text('{"key": ["half')
    command = [sys.executable, "-c", APPEND, str(path)]
    writers = [subprocess.Popen([*command, name], cwd=ROOT) for name in ("one", "two")]
    assert [writer.wait() for writer in writers] == [0, 0]
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(lines) == 600
    assert len(JsonlStore(path)) == 600


def test_a_line_that_another_process_finished_is_not_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "store.jsonl"
    path.write_text('{"key": ["half')
    late = JsonlStore(path)
    JsonlStore(path).append(("paid",), {"value": 1})
    late.append(("next",), {"value": 2})
    assert JsonlStore(path).keys() == {("paid",), ("next",)}


def test_an_append_that_failed_half_way_leaves_no_half_line(tmp_path: Path) -> None:
    """The system's own limit on a file's size cuts the write; the next record is a line of its own."""
    path = tmp_path / "store.jsonl"
    store = JsonlStore(path)
    store.append(("boil", 0), {"value": 1})
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 10, hard))
        with pytest.raises(OSError, match="File too large"):
            store.append(("boil", 1), {"value": 2})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert path.read_bytes() == before
    assert ("boil", 1) not in store
    store.append(("boil", 2), {"value": 3})
    assert JsonlStore(path).keys() == {("boil", 0), ("boil", 2)}


def test_files_with_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    path = tmp_path / "store.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"key": ["boil", 0]}\r\n\r\n{"key": ["melt", 1]}\r\n')
    assert JsonlStore(path).keys() == {("boil", 0), ("melt", 1)}
