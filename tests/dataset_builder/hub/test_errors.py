"""Errors of the Hub and the network become one line with the remedy."""

import errno
import socket
from types import SimpleNamespace
from typing import Any

import pytest
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

from dataset_builder.common.errors import SubgoalError, UsageError, causes
from dataset_builder.hub.errors import machine_error, pushing, reading


def answer(status: int, kind: type[HfHubHTTPError] = HfHubHTTPError) -> HfHubHTTPError:
    # Versions of huggingface_hub come with different HTTP clients: only these parts are read.
    response: Any = SimpleNamespace(status_code=status, headers={}, request=None)
    return kind("refused", response=response, server_message="No.\nmore")


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, "does not know this token (No): run `hf auth login`"),
        (403, "may not write to ns/data (No): take one with write"),
        (412, "Somebody else changed ns/data meanwhile: push again."),
        (429, "The Hub failed at ns/data (status 429, No): push again later"),
        (413, "The Hub refused ns/data (status 413, No): check its name"),
    ],
)
def test_a_refused_push_names_the_remedy(status: int, message: str) -> None:
    with pytest.raises(SubgoalError) as caught, pushing("ns/data"):
        raise RuntimeError("wrapped") from answer(status)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_push_without_network_or_with_a_bad_card() -> None:
    with (
        pytest.raises(SubgoalError, match=r"Cannot reach .* \(down\): check the network"),
        pushing("ns/data"),
    ):
        raise ConnectionError("down\nat once")
    with (
        pytest.raises(SubgoalError, match="does not accept the card of ns/data: bad key"),
        pushing("ns/data"),
    ):
        raise ValueError("bad\nkey")


def test_a_missing_model_is_distinguished_from_a_failing_hub() -> None:
    with pytest.raises(UsageError, match="There is no model ns/model on the Hub"), reading("ns/model"):
        raise answer(404, RepositoryNotFoundError)
    with pytest.raises(SubgoalError, match=r"The Hub failed at ns/model \(status 500\)"), reading("ns/model"):
        raise answer(500)
    with pytest.raises(SubgoalError, match="Cannot reach the Hub for ns/model"), reading("ns/model"):
        raise ConnectionRefusedError(111, "refused")


def wrapped(cause: BaseException, message: str = "Consistency check failed") -> OSError:
    error = OSError(message)
    error.__cause__ = cause
    return error


def test_errors_of_this_machine_are_not_taken_for_the_network() -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    refused = PermissionError(errno.EACCES, "Permission denied", "/cache/hub/models--ns--model")
    for explained in (reading, pushing):
        with pytest.raises(OSError, match=r"No space left on device: '/.*hub'"), explained("ns/model"):
            raise full
        with pytest.raises(PermissionError, match="models--ns--model"), explained("ns/model"):
            raise wrapped(refused)
    for error in (
        ConnectionResetError(errno.ECONNRESET, "reset"),
        TimeoutError(errno.ETIMEDOUT, "timed out"),
        socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
        OSError(errno.ENETUNREACH, "Network is unreachable"),
        OSError("no errno"),
    ):
        assert machine_error(error, "/cache") is None
        assert machine_error(wrapped(error), "/cache") is None


def test_a_size_that_datasets_compares_before_it_writes_is_a_full_disk() -> None:
    error = machine_error(OSError("Not enough disk space. Needed: 9 GB"), "/cache/datasets")
    assert error is not None
    assert (error.errno, error.filename) == (errno.ENOSPC, "/cache/datasets")
    assert list(causes(error)) == [error]
