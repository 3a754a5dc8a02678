"""Errors of the Hub and the network become one line with the remedy."""

from types import SimpleNamespace
from typing import Any

import pytest
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.common.hub_errors import is_of_this_machine, pushing, reading


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


def test_reading_tells_a_missing_model_from_a_failing_hub() -> None:
    with pytest.raises(UsageError, match="There is no model ns/model on the Hub"), reading("ns/model"):
        raise answer(404, RepositoryNotFoundError)
    with pytest.raises(SubgoalError, match=r"The Hub failed at ns/model \(status 500\)"), reading("ns/model"):
        raise answer(500)
    with pytest.raises(SubgoalError, match="Cannot reach the Hub for ns/model"), reading("ns/model"):
        raise ConnectionRefusedError(111, "refused")


def test_errors_of_this_machine_are_not_taken_for_the_network() -> None:
    full = OSError(28, "No space left on device")
    assert is_of_this_machine(full)
    assert not is_of_this_machine(ConnectionResetError(104, "reset"))
    with pytest.raises(OSError, match="No space left") as caught, reading("ns/model"):
        raise full
    assert caught.value is full
