"""Sessions: each request is paid for once, in the format that its server accepts."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.llm.budget import Budget, BudgetSpent
from dataset_builder.llm.client import ChatClient
from dataset_builder.llm.completion_cache import CompletionCache
from dataset_builder.llm.errors import RequestRejected
from dataset_builder.llm.request_format import Message, RequestFormat, SamplingParams
from dataset_builder.llm.session import ChatSession
from tests.servers.openai_server import ChatRequest, OpenAIServer, Reply

ABOUT = {"purpose": "test"}
Behaviour = Callable[[ChatRequest], Reply]


def hello(format: RequestFormat) -> list[Message]:
    return [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., tuple[ChatSession, OpenAIServer]]]:
    """Starts a server that behaves like a function, and a session with it."""
    servers = []

    def started(behave: Behaviour, **options: Any) -> tuple[ChatSession, OpenAIServer]:
        server = OpenAIServer(behave, models=("m",))
        server.__enter__()
        servers.append(server)
        client = ChatClient("m", server.base_url, retries=0)
        return ChatSession(client, CompletionCache(tmp_path), **options), server

    yield started
    for server in servers:
        server.__exit__(None, None, None)


def test_a_request_is_paid_for_once_and_each_attempt_is_another(start: Any) -> None:
    session, server = start(lambda request: Reply(f"answer {request.number}"))
    assert [session.ask(hello, ABOUT).text for _ in range(2)] == ["answer 0"] * 2
    assert session.ask(hello, ABOUT, attempt=1).text == "answer 1"
    assert len(server.requests) == 2


def test_what_the_server_refuses_is_dropped_and_remembered(start: Any) -> None:
    def strict(request: ChatRequest) -> Reply:
        if request.messages[0]["role"] == "system":
            return Reply(status=400, error="System role not supported")
        return Reply("hi")

    session, server = start(strict)
    answer = session.ask(hello, ABOUT)
    assert (answer.text, answer.format.system) == ("hi", False)
    assert server.requests[-1].messages == [{"role": "user", "content": "Be brief.\n\nHello"}]
    session.ask(hello, ABOUT, attempt=1)
    assert len(server.requests) == 3


def test_a_cut_answer_is_asked_for_with_more_room(start: Any) -> None:
    def cut(request: ChatRequest) -> Reply:
        whole = "max_tokens" in request.body
        return Reply("one two three" if whole else "one two", finish="stop" if whole else "length")

    session, server = start(cut, max_tokens=50)
    answer = session.ask(hello, ABOUT)
    assert answer.text == "one two three"
    assert [request.body.get("max_tokens") for request in server.requests] == [None, 50]
    assert len(answer.completions) == 2  # both are paid for
    assert answer.digest == list(answer.completions)[-1]
    session.ask(hello, ABOUT, attempt=1)
    assert server.requests[-1].body["max_tokens"] == 50


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply("", finish="content_filter"), "the server filtered the answer"),
        (
            Reply("<think>hm", finish="length"),
            "no answer: it was cut after .* tokens, before an answer began",
        ),
    ],
)
def test_an_answer_that_is_withheld_is_a_rejected_request(start: Any, reply: Reply, message: str) -> None:
    session, _ = start(lambda request: reply, max_tokens=1)
    with pytest.raises(RequestRejected, match=message):
        session.ask(hello, ABOUT)


def test_draws_are_repeated_until_there_are_enough(start: Any) -> None:
    def two_at_most(request: ChatRequest) -> Reply:
        choices = [
            {"message": {"content": f"{request.number}-{index}"}, "finish_reason": "stop"}
            for index in range(min(2, request.body.get("n", 1)))
        ]
        return Reply(raw=json.dumps({"choices": choices}))

    session, server = start(two_at_most)
    sampling = SamplingParams(max_tokens=8, n=5, temperature=0.7, seed=10)
    completions = session.sample(hello, ABOUT, sampling)
    assert [answer for completion in completions for answer in completion.answers] == [
        "0-0", "0-1", "1-0", "1-1", "2-0",
    ]  # fmt: skip
    assert [request.body.get("n") for request in server.requests] == [5, 3, None]
    assert [request.body["seed"] for request in server.requests] == [10, 11, 12]
    assert session.sample(hello, ABOUT, sampling) == completions
    assert len(server.requests) == 3


def test_a_spent_budget_sends_nothing(start: Any) -> None:
    session, server = start(lambda request: Reply("hi"), budget=Budget(limit=1))
    with pytest.raises(BudgetSpent):
        session.ask(hello, ABOUT)
    assert server.requests == []
