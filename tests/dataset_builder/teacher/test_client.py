"""What servers do wrong reaches the user as one line, and the key never does."""

from collections.abc import Callable

import pytest

from dataset_builder.annotate import Refused, Unanswered
from dataset_builder.errors import SubgoalError, UsageError
from dataset_builder.teacher.client import MAX_FAILURES, ChatClient
from dataset_builder.teacher.terms import TermRefused, Terms
from tests.dataset_builder.teacher.oracle import KEY
from tests.servers.openai_server import ChatRequest, OpenAIServer, Reply

ASKED = [{"role": "user", "content": "Say something."}]


def _ask(
    behave: Callable[[ChatRequest], Reply], model: str = "teacher", retries: int = 0, timeout: float = 20.0
) -> str:
    with OpenAIServer(behave) as server:
        client = ChatClient(model, server.base_url, timeout=timeout, retries=retries)
        return client.complete(Terms().request(model, ASKED)).text


def test_a_completion_with_its_tokens() -> None:
    with OpenAIServer(lambda request: Reply("one two three")) as server:
        client = ChatClient("teacher", server.base_url)
        completion = client.complete(Terms().request("teacher", ASKED))
    assert (completion.text, completion.finish_reason) == ("one two three", "stop")
    assert (completion.prompt_tokens, completion.completion_tokens, completion.estimated) == (2, 3, False)
    body = server.requests[0].body
    assert (body["temperature"], body["response_format"]["type"]) == (0.0, "json_schema")


def test_tokens_that_no_server_counted_are_estimated() -> None:
    with OpenAIServer(lambda request: Reply("x" * 40, counted=False)) as server:
        completion = ChatClient("teacher", server.base_url).complete(Terms().request("teacher", ASKED))
    assert (completion.prompt_tokens, completion.completion_tokens, completion.estimated) == (4, 10, True)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_passing_failures_are_retried_after_the_pause_the_server_asks_for(status: int) -> None:
    def behave(request: ChatRequest) -> Reply:
        busy = Reply(status=status, error="busy", headers={"retry-after": "0.05"})
        return busy if request.number < 2 else Reply("at last")

    assert _ask(behave, retries=2) == "at last"


def test_a_late_answer_is_asked_for_again() -> None:
    def behave(request: ChatRequest) -> Reply:
        return Reply("now") if request.number else Reply("too late", delay=30.0)

    assert _ask(behave, retries=1, timeout=2.0) == "now"


@pytest.mark.parametrize(
    ("reply", "error", "line"),
    [
        (Reply(status=401, error=f"Wrong key {KEY}"), UsageError, "accept the key.*OPENAI_API_KEY"),
        (Reply(status=402, error="no credit"), SubgoalError, "wants to be paid first.*no credit"),
        (Reply(status=403, error=f"Wrong key {KEY}"), UsageError, "accept the key.*OPENAI_API_KEY"),
        (
            Reply(status=429, error=f"quota of {KEY} used"),
            SubgoalError,
            r"429: quota of \[key\].*--concurrency",
        ),
        (Reply(status=500, error="out of order"), Unanswered, r"failed \(500\)"),
        (Reply(status=400, error=f"too long for {KEY}"), Refused, r"400: .*too long for \[key\]"),
        (Reply(status=400, error="'response_format' of type json_schema?"), TermRefused, "form"),
        (Reply(status=500, error="Failed to parse grammar"), TermRefused, "form"),
        (Reply(status=400, error="Unsupported value: 'temperature'"), TermRefused, "temperature"),
        (Reply(raw="<html>Welcome</html>"), Unanswered, "something else than a chat completion"),
        (Reply(raw="{", headers={"content-type": "application/json"}), Unanswered, "something else"),
        (Reply(raw='{"choices": []}', headers={"content-type": "application/json"}), Unanswered, "something"),
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


def test_a_model_that_the_server_has_not() -> None:
    with pytest.raises(UsageError, match=r"no model 'tutor'.*--model.*/v1"):
        _ask(lambda request: Reply("hello"), model="tutor")


def test_the_key_goes_to_the_server_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with OpenAIServer(lambda request: Reply(f"Your key is {request.key}.")) as server:
        completion = ChatClient("teacher", server.base_url).complete(Terms().request("teacher", ASKED))
    assert server.requests[0].key == KEY
    assert completion.text == "Your key is [key]."


def test_a_missing_key_is_named() -> None:
    with pytest.raises(UsageError, match=r"set OPENAI_API_KEY, or .* --base-url"):
        ChatClient("gpt").complete(Terms().request("gpt", ASKED))


def test_an_unreachable_server() -> None:
    with OpenAIServer(lambda request: Reply()) as server:
        address = server.base_url
    with pytest.raises(SubgoalError, match=f"Cannot reach {address}: start the server"):
        ChatClient("teacher", address, retries=0).complete(Terms().request("teacher", ASKED))


@pytest.mark.parametrize("address", ["localhost:8000", "/v1", "ftp://host/v1", "http://"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match=r"is no address: write http"):
        ChatClient("teacher", address)


def test_credentials_in_an_address_are_not_shown() -> None:
    client = ChatClient("teacher", "https://me:secret@host:8000/v1/?token=secret")
    assert client.server == "https://host:8000/v1"


def test_a_server_that_keeps_failing_ends_the_run() -> None:
    with OpenAIServer(lambda request: Reply(status=500, error="out of order")) as server:
        client = ChatClient("teacher", server.base_url, retries=0)
        for _ in range(MAX_FAILURES - 1):
            with pytest.raises(Unanswered):
                client.complete(Terms().request("teacher", ASKED))
        with pytest.raises(
            SubgoalError, match=r"5 requests in a row failed.*the same command goes on"
        ) as caught:
            client.complete(Terms().request("teacher", ASKED))
    assert not isinstance(caught.value, Unanswered)
