"""Messages between processes: what arrives, and what breaks the channel."""

import json
import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset_builder.common.errors import SubgoalError
from dataset_builder.tool_agents.sandbox.channel import (
    Channel,
    ChannelClosed,
    ChannelError,
    channel_of,
    channel_pair,
)

MAX = 100


@pytest.fixture
def ends() -> Iterator[tuple[Channel, Channel]]:
    """The parent's end, and that of the child."""
    here, descriptor = channel_pair(MAX, timeout=0.05)
    there = channel_of(descriptor)
    yield here, there
    here.close()
    there.close()


@pytest.fixture
def raw() -> Iterator[tuple[Channel, socket.socket]]:
    """The parent's end, and a socket that may send anything."""
    here, descriptor = channel_pair(MAX, timeout=0.05)
    with socket.socket(fileno=descriptor) as there:
        yield here, there
    here.close()


def _bytes(text: str | bytes) -> bytes:
    data = text if isinstance(text, bytes) else text.encode()
    return len(data).to_bytes(4, "big") + data


def test_messages_go_both_ways_and_in_order(ends: tuple[Channel, Channel]) -> None:
    here, there = ends
    here.send({"code": "1"})
    here.send({"code": "ü"})
    assert [there.receive()[0] for _ in range(2)] == [{"code": "1"}, {"code": "ü"}]
    there.send({"ready": 7})
    there.send({"output": ""})
    assert here.read() == [{"ready": 7}, {"output": ""}]


def test_open_files_go_with_a_message(ends: tuple[Channel, Channel]) -> None:
    here, there = ends
    reader, writer = os.pipe()
    here.send({"tools": []}, (writer,))
    os.close(writer)
    message, (received,) = there.receive()
    os.write(received, b"sent")
    os.close(received)
    assert (message, os.read(reader, 10)) == ({"tools": []}, b"sent")
    os.close(reader)


@given(
    st.lists(
        st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=5), max_size=2), max_size=4
    ),
    st.lists(st.integers(1, 30), min_size=1),
)
@settings(deadline=None, max_examples=50)
def test_messages_arrive_whole_however_the_bytes_are_cut(
    messages: list[dict[str, Any]], sizes: list[int]
) -> None:
    here, descriptor = channel_pair(1000, timeout=0.05)
    data = b"".join(_bytes(json.dumps(message)) for message in messages)
    received = []
    with socket.socket(fileno=descriptor) as there:
        while data:
            size = sizes[len(data) % len(sizes)]
            there.sendall(data[:size])
            data = data[size:]
            received += here.read()
    here.close()
    assert received == messages


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (_bytes("x" * (MAX + 1)), "a message is too long"),
        (b"\xff\xff\xff\xff", "a message is too long"),
        (_bytes("{]"), "a message is not JSON"),
        (_bytes(b"\xff"), "a message is not JSON"),
        (_bytes('{"a": "\\ud800"}'), "a message is not JSON"),
        (_bytes("[1]"), "a message is not an object"),
    ],
)
def test_what_is_not_a_message_breaks_the_channel(
    raw: tuple[Channel, socket.socket], data: bytes, reason: str
) -> None:
    here, there = raw
    there.sendall(data)
    with pytest.raises(ChannelError, match=f"^{reason}$"):
        here.read()


def test_nesting_without_end_is_not_a_message() -> None:
    here, descriptor = channel_pair(1 << 20, timeout=0.05)
    with socket.socket(fileno=descriptor) as there:
        there.sendall(_bytes("[" * 50_000))
        with pytest.raises(ChannelError, match="not JSON"):
            here.read()
    here.close()


def test_a_closed_channel_is_told_from_a_broken_one(ends: tuple[Channel, Channel]) -> None:
    here, there = ends
    there.close()
    for read in (here.read, here.receive):
        with pytest.raises(ChannelClosed):
            read()


def test_a_process_that_is_silent_or_does_not_read_is_not_waited_for(ends: tuple[Channel, Channel]) -> None:
    here, _ = ends
    with pytest.raises(ChannelError, match="the process is silent"):
        here.receive()
    with pytest.raises(ChannelError, match="the process does not read"):
        here.send({"code": "x" * 10**7})


def test_too_many_open_files_are_one_line_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(socket, "socketpair", refuse)
    with pytest.raises(SubgoalError, match=r"^Too many files are open .* raise `ulimit -n`\.$"):
        channel_pair(MAX, 1.0)
