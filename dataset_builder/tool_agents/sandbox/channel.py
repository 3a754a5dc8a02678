"""Messages between the parent and the processes of the sandbox: length, then JSON.

The parent never unpickles. What arrives is JSON below a size limit, or the channel is broken.
"""

import errno
import json
import socket
import struct
from typing import Any

from dataset_builder.common.errors import SubgoalError

_LENGTH = struct.Struct(">I")

Message = dict[str, Any]


class ChannelError(Exception):
    """The peer has closed the channel, does not read, or sent what is not a message.

    Example:

    ```python
    >>> import os
    >>> channel, descriptor = channel_pair(max_message=1_000, timeout=1.0)
    >>> os.close(descriptor)
    >>> channel.send({"code": "1 + 1"})
    Traceback (most recent call last):
        ...
    dataset_builder.tool_agents.sandbox.channel.ChannelError: the process does not read (...)
    ```
    """


class ChannelClosed(ChannelError):
    """The peer has closed the channel.

    Example:

    ```python
    try:
        messages = channel.messages()
    except ChannelClosed:
        print("the process has ended")
    ```
    """


class Channel:
    """One end of a Unix socket.

    Args:
        connection (`socket.socket`): a connected stream socket, which the channel owns.
        max_message (`int`): bytes of the longest message that is accepted.

    Example:

    ```python
    >>> parent, descriptor = channel_pair(max_message=1_000, timeout=1.0)
    >>> child = channel_of(descriptor)
    >>> child.send({"output": "5"})
    >>> parent.receive()
    ({'output': '5'}, [])
    >>> parent.close(), child.close()
    (None, None)
    ```
    """

    def __init__(self, connection: socket.socket, max_message: int) -> None:
        self._socket = connection
        self._max_message = max_message
        self._buffer = b""

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def send(self, message: Message, descriptors: tuple[int, ...] = ()) -> None:
        """Sends a message, and open file descriptors with it.

        Raises:
            ChannelError: the peer is gone, or does not read.
        """
        text = json.dumps(message).encode()
        data = _LENGTH.pack(len(text)) + text
        try:
            sent = socket.send_fds(self._socket, [data], descriptors) if descriptors else 0
            self._socket.sendall(data[sent:])
        except OSError as error:
            raise ChannelError(f"the process does not read ({error})") from None

    def receive(self) -> tuple[Message, list[int]]:
        """Waits for one message; from a process that runs no code of a model.

        Returns:
            `tuple[dict, list[int]]`: the message and the file descriptors that came with it.

        Raises:
            ChannelError: the peer has closed the channel, or is silent for the time of `channel_pair`.
        """
        try:
            # Descriptors arrive with the first byte of the message they were sent with.
            data, descriptors, _, _ = socket.recv_fds(self._socket, _LENGTH.size, 2)
            (length,) = _LENGTH.unpack(data + self._exactly(_LENGTH.size - len(data)))
            return json.loads(self._exactly(length)), list(descriptors)
        except OSError as error:
            raise ChannelError(f"the process is silent ({error})") from None

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self._socket.recv(size - len(data))
            if not part:
                raise ChannelClosed("closed")
            data += part
        return data

    def read(self) -> list[Message]:
        """Reads once, without waiting for more than there is; for the parent, which trusts nobody.

        Returns:
            `list[dict]`: the messages that are complete.

        Raises:
            ChannelError: the peer has closed the channel, or sent what is not a message.
        """
        try:
            part = self._socket.recv(1 << 16)
        except OSError:
            part = b""
        if not part:
            raise ChannelClosed("closed")
        self._buffer += part
        messages = []
        while len(self._buffer) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer)
            if length > self._max_message:
                raise ChannelError("a message is too long")
            end = _LENGTH.size + length
            if len(self._buffer) < end:
                break
            messages.append(_parse(self._buffer[_LENGTH.size : end]))
            self._buffer = self._buffer[end:]
        return messages


def _parse(data: bytes) -> Message:
    try:
        # A lone surrogate is valid JSON, and would make every later file of results unwritable.
        message = json.loads(data, strict=True)
        json.dumps(message, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise ChannelError("a message is not JSON") from None
    if not isinstance(message, dict):
        raise ChannelError("a message is not an object")
    return message


def channel_pair(max_message: int, timeout: float) -> tuple[Channel, int]:
    """The parent's channel, and the descriptor of its other end, which the caller closes after sending it.

    Args:
        max_message (`int`): bytes of the longest message that the parent accepts.
        timeout (`float`): seconds that the parent waits at most to send or to receive.

    Raises:
        SubgoalError: this process has too many open files.
    """
    try:
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    except OSError as error:
        if error.errno != errno.EMFILE:
            raise
        raise SubgoalError(
            "Too many files are open for another session: play fewer at once, or raise `ulimit -n`."
        ) from None
    here.settimeout(timeout)
    return Channel(here, max_message), there.detach()


def channel_of(descriptor: int) -> Channel:
    """The channel of a file descriptor that a process of the sandbox has received."""
    # All arguments: to find out the family, Python would make system calls that the seccomp filter refuses.
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, fileno=descriptor)
    return Channel(connection, max_message=1 << 30)
