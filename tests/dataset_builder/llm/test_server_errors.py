"""What servers say of errors, and what follows for the request."""

import json
from typing import Any

import pytest

from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.llm.errors import ContextExceeded, RequestFailed, RequestRejected, UnsupportedParameter
from dataset_builder.llm.server_errors import (
    MAX_DEPTH,
    SHOWN_CHARS,
    Endpoint,
    classified,
    error_status,
    error_words,
)

ENDPOINT = Endpoint("http://host/v1", "m", "--llm")
REQUEST: dict[str, Any] = {
    "messages": [{"role": "system", "content": "a"}, {"role": "user", "content": "b"}],
    "response_format": {"type": "json_schema"},
    "temperature": 0.0,
    "top_p": 0.9,
    "seed": 1,
    "n": 4,
    "max_tokens": 32,
    "chat_template_kwargs": {"enable_thinking": False},
}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": "no room"}, "no room"),
        ({"error": {"message": "no room", "code": 400}}, "no room"),
        ({"detail": [{"loc": ["body", "n"], "msg": "Extra inputs"}]}, "body.n: Extra inputs"),
        ({"error": {"message": "bad", "param": "seed"}}, "seed: bad"),
        (
            {"error": {"message": "Provider", "metadata": {"raw": '{"error": "no room"}'}}},
            "Provider; no room",
        ),
        ({"object": "error", "message": "no\n room"}, "no room"),
        ({"status": 3}, '{"status": 3}'),
    ],
)
def test_words_are_found_in_any_form(body: dict[str, Any], words: str) -> None:
    assert error_words(json.dumps(body)) == words


def test_words_of_pages_and_of_deep_objects() -> None:
    assert error_words("<style>a{}</style><h1>502 Bad\nGateway</h1>") == "502 Bad Gateway"
    deep: Any = "deep"
    for _ in range(MAX_DEPTH + 2):
        deep = {"error": deep}
    assert error_words(json.dumps(deep)) == json.dumps(deep)


@pytest.mark.parametrize(
    ("payload", "status"),
    [
        ({"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}]}, None),
        ({}, None),
        ({"error": {"message": "x", "code": 429}}, 429),
        ({"error": "x", "status_code": "503"}, 503),
        ({"error": "Rate limit reached"}, 429),
        ({"error": "You have no credits"}, 402),
        ({"error": "The model is overloaded"}, 503),
        ({"error": "Unexpected endpoint"}, 404),
        ({"error": "x"}, 400),
        ({"choices": [{"error": {"message": "x"}}]}, 502),
        ({"choices": [{"message": {"content": ""}, "finish_reason": "network_error"}]}, 502),
    ],
)
def test_errors_within_a_200_have_a_status(payload: dict[str, Any], status: int | None) -> None:
    assert error_status(payload) == status


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("response_format is not supported", "form"),
        ("System role not supported", "system"),
        ("only stream mode is supported", "stream"),
        ("Unsupported parameter: use max_completion_tokens", "max_tokens"),
        ("temperature does not support 0.0", "temperature"),
        ("top_p and temperature cannot both be given", "top_p"),
        ("Unknown parameter: seed", "seed"),
        ("Only one completion choice is allowed", "n"),
        ("chat_template_kwargs: unknown", "thinking"),
    ],
)
def test_a_part_that_another_format_does_without(words: str, part: str) -> None:
    error = classified(400, words, REQUEST, ENDPOINT)
    assert isinstance(error, UnsupportedParameter)
    assert error.part == part
    bare = {"messages": REQUEST["messages"][1:], "stream": True}
    assert not isinstance(classified(400, words, bare, ENDPOINT), UnsupportedParameter)


@pytest.mark.parametrize(
    ("status", "words", "kind", "says"),
    [
        (400, "the prompt is too long", ContextExceeded, "refuses the request (400: the prompt is too long)"),
        (400, "what?", RequestRejected, "refuses the request (400: what?)"),
        (401, "who?", UsageError, "does not accept the key (401: who?): set OPENAI_API_KEY"),
        (402, "", SubgoalError, "requires payment first (402)"),
        (403, "flagged by moderation", RequestRejected, "refuses the request"),
        (403, "quota exceeded", SubgoalError, "requires payment first"),
        (404, "nowhere", UsageError, "has no model 'm' (404: nowhere): check --llm"),
        (405, "", UsageError, "begins with https://"),
        (408, "", RequestFailed, "http://host/v1 failed (408)"),
        (429, "slow down", SubgoalError, "lower --concurrency"),
        (500, "oops", RequestFailed, "http://host/v1 failed (500: oops)"),
    ],
)
def test_a_status_decides_what_follows(status: int, words: str, kind: type[SubgoalError], says: str) -> None:
    error = classified(status, words, {"messages": []}, ENDPOINT)
    assert type(error) is kind
    assert says in str(error)


def test_long_messages_are_cut() -> None:
    assert len(str(classified(400, "x" * 5_000, {"messages": []}, ENDPOINT))) < SHOWN_CHARS + 100
