"""A server's answer becomes a completion, in whatever form it comes."""

import json
from typing import Any

import pytest

from dataset_builder.llm.completion_cache import Completion
from dataset_builder.llm.replies import read_completion, read_payload

REQUEST: dict[str, Any] = {"messages": [{"role": "user", "content": "x" * 40}]}
USAGE = {"prompt_tokens": 7, "completion_tokens": 3}


def completion(message: dict[str, Any], request: dict[str, Any] = REQUEST, **rest: Any) -> Completion:
    payload = {"choices": [{"message": message, "finish_reason": "stop"}], "usage": USAGE} | rest
    read = read_completion(payload, request)
    assert read is not None
    return read


def stream(*events: object) -> str:
    return "".join(f"data: {json.dumps(event)}\n\n" for event in events) + ": ping\ndata: [DONE]\n\n"


def test_a_plain_answer() -> None:
    assert completion({"content": "open door"}) == Completion("open door", "stop", 7, 3)


@pytest.mark.parametrize("body", ["", "<html>", "[1]", '"text"', "[" * 100_000])
def test_what_is_not_an_object_is_no_payload(body: str) -> None:
    assert read_payload(body) is None


@pytest.mark.parametrize("payload", [{}, {"choices": []}, {"choices": [{"text": "a"}]}, {"choices": "a"}])
def test_an_object_without_a_message_is_no_completion(payload: dict[str, Any]) -> None:
    assert read_completion(payload, REQUEST) is None


def test_a_stream_becomes_one_answer() -> None:
    body = stream(
        {"choices": [{"delta": {"role": "assistant", "reasoning_content": "hm"}}]},
        {"choices": [{"delta": {"content": "open "}}]},
        {"choices": [{"delta": {"content": "door"}, "finish_reason": "stop"}]},
        {"choices": [], "usage": USAGE},
    )
    payload = read_payload(body)
    assert payload is not None
    assert read_completion(payload, REQUEST) == Completion("open door", "stop", 7, 3, reasoning_chars=2)


def test_a_stream_that_breaks_off_is_an_error() -> None:
    payload = read_payload(stream({"choices": [{"delta": {"content": "open "}}]}))
    assert payload == {"error": {"message": "the stream ended before the answer did", "code": 502}}
    failed = {"error": {"message": "overloaded"}}
    assert read_payload(stream({"choices": [{"delta": {"content": "a"}}]}, failed)) == failed


def test_text_in_parts_is_joined_without_the_reasoning() -> None:
    parts = [{"type": "thinking", "text": "hm"}, {"type": "text", "text": "open "}, {"text": "door"}]
    assert completion({"content": parts}).text == "open door"


@pytest.mark.parametrize(
    "message",
    [
        {"content": "", "reasoning_content": '{"a": 1}'},
        {"content": None, "tool_calls": [{"function": {"arguments": '{"a": 1}'}}]},
    ],
)
def test_json_is_taken_from_elsewhere_only_if_it_was_asked_for(message: dict[str, Any]) -> None:
    assert completion(message, REQUEST | {"response_format": {"type": "json_object"}}).text == '{"a": 1}'
    assert completion(message).text == ""


@pytest.mark.parametrize(
    ("named", "finish"), [("MAX_TOKENS", "length"), ("model_length", "length"), ("SAFETY", "content_filter")]
)
def test_finish_reasons_have_one_name(named: str, finish: str) -> None:
    payload = {"choices": [{"message": {"content": "a"}, "finish_reason": named}]}
    read = read_completion(payload, REQUEST)
    assert read is not None
    assert read.finish_reason == finish


@pytest.mark.parametrize(
    "usage", [None, {}, {"prompt_tokens": 0, "completion_tokens": 0}, {"prompt_tokens": True}]
)
def test_tokens_that_are_not_counted_are_estimated(usage: Any) -> None:
    read = completion({"content": "x" * 8}, usage=usage)
    assert (read.prompt_tokens, read.completion_tokens, read.estimated) == (10, 2, True)


def test_further_answers_are_kept() -> None:
    choices = [{"message": {"content": text}, "finish_reason": "stop"} for text in ("a", "<think>x</think>b")]
    read = read_completion({"choices": [*choices, {"error": "lost"}], "usage": USAGE}, REQUEST)
    assert read is not None
    assert read.answers == ["a", "b"]
