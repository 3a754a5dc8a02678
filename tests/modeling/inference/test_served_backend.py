"""Models behind a server: many requests at once, samples, prompts that shrink, and servers' quirks."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.llm.client import ChatClient
from dataset_builder.llm.completion_cache import CompletionCache
from dataset_builder.llm.errors import RequestFailed, RequestRejected
from dataset_builder.llm.session import ChatSession
from dataset_builder.trajectories.agent_state import AgentState, Event
from modeling.inference.search import Search
from modeling.inference.served_backend import ServedBackend
from modeling.prompts.fitting import PromptTooLong
from modeling.prompts.target import TargetPattern
from modeling.prompts.template import PromptInput, load_template
from tests.servers.openai_server import ChatRequest, OpenAIServer, Reply

ACTIONS = ("open door", "go to kitchen", "pick up pot", "look around", "wait")


def given(room: str, actions: int = 0) -> PromptInput:
    state = AgentState("boil", "Your task is to boil water.", f"This room is called the {room}.", "")
    state.history = [Event(f"use tool {number}", "Nothing happens.", 0) for number in range(actions)]
    return PromptInput.of(state, "flat", "compact-2")


ROOMS = [given(room) for room in ("kitchen", "hallway", "outside", "workshop")]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Callable[..., tuple[ServedBackend, OpenAIServer]]]:
    """Starts a server that behaves like a function; answers are kept in one folder."""
    servers = []

    def start(behave: Callable[[ChatRequest], Reply], **options: Any) -> tuple[ServedBackend, OpenAIServer]:
        server = OpenAIServer(behave, models=("student",))
        server.__enter__()
        servers.append(server)
        client = ChatClient("student", server.base_url, retries=0)
        backend = ServedBackend(
            ChatSession(client, CompletionCache(tmp_path)),
            load_template(options.pop("prompt", "thought")),
            "compact-2",
            "flat",
            TargetPattern.parse("after:Action:"),
            options.pop("max_new_tokens", 32),
            **options,
        )
        return backend, server

    yield start
    for server in servers:
        server.__exit__(None, None, None)


def act(request: ChatRequest) -> Reply:
    """Another action for each room, after a delay."""
    number = len(request.messages[-1]["content"]) % len(ACTIONS)
    return Reply(f"Thought: hm\nAction: {ACTIONS[number].title()}.", delay=0.05)


def test_answers_come_in_order_from_parallel_requests_and_are_paid_once(served: Any) -> None:
    backend, server = served(act)
    answers = backend.answer([*ROOMS, ROOMS[0]], Search())
    assert answers[0] == answers[4]
    expected = {}
    for request in server.requests:
        seen = request.messages[-1]["content"]
        expected[seen.rpartition(" ")[2]] = ACTIONS[len(seen) % len(ACTIONS)]
    assert [answer.texts[0] for answer in answers] == [
        expected[room] for room in ("kitchen.", "hallway.", "outside.", "workshop.", "kitchen.")
    ]
    assert len(server.requests) == 4
    assert server.most > 1
    body = server.requests[0].body
    assert (body["temperature"], body["max_tokens"]) == (0.0, 32)
    assert not {"n", "seed", "stop"} & set(body)
    assert answers[0].read > 20
    assert answers[0].written == len(answers[0].raw.split())
    assert backend.answer(ROOMS, Search()) == answers[:4]
    assert len(server.requests) == 4


def test_samples_come_in_one_request_where_the_server_has_n(served: Any) -> None:
    def several(request: ChatRequest) -> Reply:
        choices = [
            {"index": i, "message": {"role": "assistant", "content": f"Thought: {i}\nAction: {action}"},
             "finish_reason": "stop"}
            for i, action in enumerate(["wait", "open door", "wait", "go"][: request.body.get("n", 1)])
        ]  # fmt: skip
        usage = {"prompt_tokens": 50, "completion_tokens": 12, "total_tokens": 62}
        return Reply(raw=json.dumps({"choices": choices, "usage": usage}))

    backend, server = served(several)
    (answer,) = backend.answer(ROOMS[:1], Search(samples=4, temperature=0.7, top_p=0.9), seeds=[3])
    assert answer.texts == ["wait", "open door", "go"]
    assert (answer.read, answer.written) == (50, 12)
    (request,) = server.requests
    assert (request.body["n"], request.body["temperature"], request.body["top_p"]) == (4, 0.7, 0.9)
    assert isinstance(request.body["seed"], int)


@pytest.mark.parametrize(
    "refusal",
    [
        "",
        "Only one completion choice is allowed",
        "'n' : number must be at most 1 with this model",
        "body.n: Extra inputs are not permitted",
    ],
)
def test_a_server_without_n_is_asked_again(served: Any, refusal: str) -> None:
    def one(request: ChatRequest) -> Reply:
        if refusal and "n" in request.body:
            return Reply(status=400, error=refusal)
        return Reply(f"Action: {ACTIONS[request.number % 2]}")

    backend, server = served(one)
    search = Search(samples=4, temperature=0.7, top_p=0.9)
    (answer,) = backend.answer(ROOMS[:1], search)
    assert sorted(answer.texts) == ["go to kitchen", "open door"]
    seeds = [request.body["seed"] for request in server.requests if not refusal or "n" not in request.body]
    assert len(set(seeds)) == 4
    asked = len(server.requests)
    backend.answer(ROOMS[1:2], search)
    assert len(server.requests) == asked + 4


@pytest.mark.parametrize("part", ["seed", "temperature", "top_p", "chat_template_kwargs"])
def test_parts_that_a_server_refuses_are_dropped(served: Any, part: str) -> None:
    def strict(request: ChatRequest) -> Reply:
        if part in request.body:
            return Reply(status=400, error=f"Unsupported parameter: '{part}'")
        return Reply("Action: wait")

    backend, server = served(strict, thinking=False)
    (answer,) = backend.answer(ROOMS[:1], Search(samples=2))
    assert answer.texts == ["wait"]
    assert part in server.requests[0].body
    assert part not in server.requests[-1].body


def test_prompts_shrink_to_the_servers_context_and_say_so(
    served: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def small(request: ChatRequest) -> Reply:
        words = sum(len(message["content"].split()) for message in request.messages)
        if words > 330:
            return Reply(status=400, error="This model's maximum context length is 512 tokens.")
        return Reply("Action: wait")

    backend, server = served(small)
    long = [given(room, actions=40 + number) for number, room in enumerate(("kitchen", "hallway") * 4)]
    answers = backend.answer([*long, ROOMS[2]], Search())
    assert [answer.shortened for answer in answers] == [True] * 8 + [False]
    assert "now lose their oldest history" in caplog.text
    asked = len(server.requests)
    assert backend.answer([given("workshop", 50)], Search())[0].shortened
    assert len(server.requests) == asked + 1  # the limit is known by now
    limited, _ = served(act, context=512)
    assert limited.answer([given("foundry", 90)], Search())[0].shortened
    tiny, _ = served(act, context=64)
    with pytest.raises(PromptTooLong, match="does not fit into the model's context"):
        tiny.answer(ROOMS[:1], Search())


def test_prose_is_an_answer_and_reasoning_without_one_is_not(served: Any) -> None:
    backend, _ = served(lambda request: Reply("I am sorry, I cannot play games.\nHow are you?"))
    assert backend.answer(ROOMS[:1], Search())[0].texts == ["i am sorry, i cannot play games"]
    silent, _ = served(lambda request: Reply("", reasoning="Let me see", finish="length"), prompt="instruct")
    with pytest.raises(RequestRejected, match=r"no answer: .* raise max_new_tokens, or set thinking: false"):
        silent.answer(ROOMS[:1], Search())
    thinking, _ = served(lambda request: Reply("<think>a</think>Action: wait"), prompt="state")
    assert thinking.answer(ROOMS[:1], Search())[0].texts == ["wait"]


def test_one_failure_leaves_the_other_answers_paid(served: Any) -> None:
    def flaky(request: ChatRequest) -> Reply:
        if "called the hallway" in str(request.messages) and request.number < 8:
            return Reply(status=500, error="out of order")
        return Reply("Action: wait")

    backend, server = served(flaky)
    with pytest.raises(RequestFailed, match="out of order"):
        backend.answer(ROOMS, Search())
    asked = len(server.requests)
    server.requests += [server.requests[0]] * 8
    assert [answer.texts for answer in backend.answer(ROOMS, Search())] == [["wait"]] * 4
    assert len(server.requests) == asked + 8 + 1


def test_a_wrong_model_or_address_is_one_line(served: Any) -> None:
    backend, server = served(act)
    backend._session.client.model = "teacher"
    with pytest.raises(UsageError, match="has no model 'student' "):
        backend.answer(ROOMS[:1], Search())
    server.__exit__(None, None, None)
    with pytest.raises(SubgoalError, match=r"Cannot reach .*: start the server"):
        backend.answer(ROOMS[:1], Search())
