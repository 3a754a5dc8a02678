"""What servers do wrong reaches the user as one line, and the key never does."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.llm.client import MAX_FAILURES, ChatClient
from dataset_builder.llm.errors import ContextExceeded, RequestFailed, RequestRejected, UnsupportedParameter
from dataset_builder.llm.request_format import RequestFormat
from tests.dataset_builder.annotation.teacher.oracle import KEY
from tests.servers.openai_server import ChatRequest, OpenAIServer, Reply

ASKED = [{"role": "user", "content": "Say something."}]

SCHEMA = {"type": "object"}
REQUEST = RequestFormat().request("teacher", ASKED, SCHEMA)


def _ask(
    behave: Callable[[ChatRequest], Reply], model: str = "teacher", retries: int = 0, timeout: float = 20.0
) -> str:
    with OpenAIServer(behave) as server:
        client = ChatClient(model, server.base_url, timeout=timeout, retries=retries)
        return client.complete(RequestFormat().request(model, ASKED, SCHEMA)).text


def test_a_completion_with_its_tokens() -> None:
    with OpenAIServer(lambda request: Reply("one two three")) as server:
        client = ChatClient("teacher", server.base_url)
        completion = client.complete(RequestFormat().request("teacher", ASKED, SCHEMA))
    assert (completion.text, completion.finish_reason) == ("one two three", "stop")
    assert (completion.prompt_tokens, completion.completion_tokens, completion.estimated) == (2, 3, False)
    body = server.requests[0].body
    assert (body["temperature"], body["response_format"]["type"]) == (0.0, "json_schema")


def test_tokens_that_no_server_counted_are_estimated() -> None:
    with OpenAIServer(lambda request: Reply("x" * 40, counted=False)) as server:
        completion = ChatClient("teacher", server.base_url).complete(REQUEST)
    assert (completion.prompt_tokens, completion.completion_tokens, completion.estimated) == (4, 10, True)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_transient_failures_are_retried_after_the_servers_delay(status: int) -> None:
    def behave(request: ChatRequest) -> Reply:
        busy = Reply(status=status, error="busy", headers={"retry-after": "0.05"})
        return busy if request.number < 2 else Reply("at last")

    assert _ask(behave, retries=2) == "at last"


def test_a_request_that_times_out_is_repeated() -> None:
    def behave(request: ChatRequest) -> Reply:
        return Reply("now") if request.number else Reply("too late", delay=30.0)

    assert _ask(behave, retries=1, timeout=2.0) == "now"


@pytest.mark.parametrize(
    ("reply", "error", "line"),
    [
        (Reply(status=401, error=f"Wrong key {KEY}"), UsageError, "accept the key.*OPENAI_API_KEY"),
        (Reply(status=402, error="no credit"), SubgoalError, "requires payment first.*no credit"),
        (Reply(status=403, error=f"Wrong key {KEY}"), UsageError, "accept the key.*OPENAI_API_KEY"),
        (
            Reply(status=429, error=f"rate of {KEY} exceeded"),
            SubgoalError,
            r"429: rate of \[key\].*--concurrency",
        ),
        (Reply(status=500, error="out of order"), RequestFailed, r"failed \(500: out of order\)"),
        (Reply(status=400, error=f"too rude for {KEY}"), RequestRejected, r"400: .*too rude for \[key\]"),
        (Reply(status=400, error="'response_format' of type json_schema?"), UnsupportedParameter, "form"),
        (Reply(status=500, error="Failed to parse grammar"), UnsupportedParameter, "form"),
        (
            Reply(status=400, error="Over the context length, as json"),
            ContextExceeded,
            "400: Over the context",
        ),
        (
            Reply(status=400, error="Context size exceeded by this json_schema"),
            ContextExceeded,
            "400: Context size",
        ),
        (Reply(status=400, error="Bad json in the body"), RequestRejected, "400: Bad json"),
        (Reply(status=400, error="half of \ud800"), RequestRejected, r"half of \?"),
        (Reply(status=400, error="Unsupported value: 'temperature'"), UnsupportedParameter, "temperature"),
        (Reply(raw="<html>Welcome</html>"), RequestFailed, "something else than a chat completion"),
        (Reply(raw="{", headers={"content-type": "application/json"}), RequestFailed, "something else"),
        *(
            (Reply(raw=raw, headers={"content-type": "application/json"}), RequestFailed, "something else")
            for raw in (
                '{"choices": []}',
                '{"choices": {}}',
                '{"choices": {"message": 1}}',
                '{"choices": "none"}',
                '{"choices": [1]}',
                '{"choices": [{"message": "hello"}]}',
                "[1]",
                "[" * 100_000,
            )
        ),
    ],
)
def test_errors_are_one_line_without_the_key(
    reply: Reply, error: type[SubgoalError], line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with pytest.raises(error, match=line) as caught:
        _ask(lambda request: reply)
    assert type(caught.value) is error
    assert "\n" not in str(caught.value)
    assert KEY not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"content": [{"type": "text", "text": "one "}, {"type": "text", "text": "two"}]}, "one two"),
        ({"content": [{"type": "thinking", "text": "hm"}, {"text": "one"}, {"text": None}, 3]}, "one"),
        ({"content": {"text": "one"}}, ""),
        ({"content": None, "refusal": "I will not."}, "I will not."),
        ({"content": "half of \ud800"}, "half of ?"),
    ],
)
def test_whatever_a_message_holds_its_text_can_be_kept(message: dict[str, Any], text: str) -> None:
    raw = json.dumps({"choices": [{"message": message, "finish_reason": "\udfff"}], "usage": []})
    with OpenAIServer(lambda request: Reply(raw=raw, headers={"content-type": "application/json"})) as server:
        completion = ChatClient("teacher", server.base_url).complete(REQUEST)
    assert (completion.text, completion.finish_reason) == (text, "?")


def test_a_model_that_the_server_has_not() -> None:
    with pytest.raises(UsageError, match=r"no model 'tutor'.*--model.*/v1"):
        _ask(lambda request: Reply("hello"), model="tutor")


def test_the_key_goes_to_the_server_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with OpenAIServer(lambda request: Reply(f"Your key is {request.key}.")) as server:
        completion = ChatClient("teacher", server.base_url).complete(REQUEST)
    assert server.requests[0].key == KEY
    assert completion.text == "Your key is [key]."


@pytest.mark.parametrize("key", ["e", "none", "EMPTY"])
def test_a_placeholder_is_not_a_secret(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    assert _ask(lambda request: Reply("none, here and EMPTY")) == "none, here and EMPTY"
    with pytest.raises(RequestRejected, match="none of the EMPTY here"):
        _ask(lambda request: Reply(status=400, error="none of the EMPTY here"))


def test_blanks_around_a_key_are_stripped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", f" {KEY}\r\n")
    assert _ask(lambda request: Reply(f"It is {request.key}")) == "It is [key]"


@pytest.mark.parametrize("key", ["sk-se\ncret", "sk-s\u00e9cret", "sk-se\x07cret"])
def test_an_invalid_key_is_refused_without_printing_it(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(UsageError, match=r"^OPENAI_API_KEY holds a character") as caught:
        _ask(lambda request: Reply("hello"))
    assert "cret" not in str(caught.value)


def test_a_missing_key_is_named() -> None:
    with pytest.raises(UsageError, match=r"set OPENAI_API_KEY, or .* --base-url"):
        ChatClient("gpt").complete(RequestFormat().request("gpt", ASKED, SCHEMA))


def test_an_unreachable_server() -> None:
    with OpenAIServer(lambda request: Reply()) as server:
        address = server.base_url
    with pytest.raises(SubgoalError, match=f"Cannot reach {address}: start the server"):
        ChatClient("teacher", address, retries=0).complete(RequestFormat().request("teacher", ASKED, SCHEMA))


@pytest.mark.parametrize(
    "address",
    [
        "localhost:8000",
        "/v1",
        "ftp://host/v1",
        "http://",
        "http://[::1",
        "http://[1::2::3]/v1",
        "http://host:port/v1",
        "http://999.1.1.1/v1",
        "http://ho\nst/v1",
        "user:secret@host/v1",
        "host/v1?token=secret",
        "http://user:sec/ret@host/v1",
    ],
)
def test_an_invalid_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match=r"is not an address: write http") as caught:
        ChatClient("teacher", address)
    assert not re.search("user|sec|ret|\n", str(caught.value))


@pytest.mark.parametrize(
    "address", ["http://[::1]:8000/v1", "https://10.0.0.1/v1", " http://a_b.example:80 "]
)
def test_addresses(address: str) -> None:
    assert ChatClient("teacher", address).server == address.strip()


def test_credentials_in_an_address_are_not_shown() -> None:
    client = ChatClient("teacher", "https://me:secret@host:8000/v1/?token=secret")
    assert client.server == "https://host:8000/v1"


def test_a_server_that_keeps_failing_ends_the_run() -> None:
    with OpenAIServer(lambda request: Reply(status=500, error="out of order")) as server:
        client = ChatClient("teacher", server.base_url, retries=0)
        for _ in range(MAX_FAILURES - 1):
            with pytest.raises(RequestFailed):
                client.complete(RequestFormat().request("teacher", ASKED, SCHEMA))
        with pytest.raises(
            SubgoalError, match=r"5 requests in a row failed.*run the same command again"
        ) as caught:
            client.complete(RequestFormat().request("teacher", ASKED, SCHEMA))
    assert not isinstance(caught.value, RequestFailed)
