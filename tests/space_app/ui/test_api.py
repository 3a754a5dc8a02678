"""The endpoints, called by `gradio_client` and as MCP tools over loopback."""

import ast
import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import httpx
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from dataset_builder.simulator.simulator import Simulator
from eval_harness.protocols.protocol import load_protocol
from eval_harness.results.records import EpisodeResult
from eval_harness.rollout.replay import replay_episode
from space_app.session.backend import DemoBackend


@pytest.fixture(scope="module")
def client(page: str) -> Client:
    return Client(page, verbose=False)


def start(client: Client, *arguments: Any) -> dict[str, Any]:
    return client.predict(*(arguments or ("find-animal", 159)), api_name="/start")


def test_an_episode_is_steered_played_and_handed_over(client: Client, simulator: Simulator) -> None:
    begun = start(client)
    key = begun["episode"]
    assert (begun["score"], begun["next_subgoal"]) == (8, "focus_on(animal, outside)")
    client.predict(key, "navigate_to(kitchen)", api_name="/set_subgoal")
    assert client.predict(key, api_name="/step")["last"]["action"] == "teleport to kitchen"
    assert client.predict(key, "teleport to outside", api_name="/act")["room"] == "outside"
    assert "teleport to kitchen" in client.predict(key, api_name="/valid_actions")
    assert client.predict(key, api_name="/run")["over"]
    record = EpisodeResult.from_dict(client.predict(key, api_name="/stop"))
    assert replay_episode(simulator, record, load_protocol("paper")).same
    with pytest.raises(AppError, match="is closed"):
        client.predict(key, api_name="/state")


def test_two_programs_have_two_worlds(page: str, client: Client) -> None:
    other = Client(page, verbose=False)
    mine, theirs = start(client), start(other)
    client.predict(mine["episode"], api_name="/step")
    assert other.predict(theirs["episode"], api_name="/state")["turns"] == 0
    for program, each in ((client, mine), (other, theirs)):
        program.predict(each["episode"], api_name="/stop")


@pytest.mark.parametrize(
    ("endpoint", "arguments", "says"),
    [
        ("/start", ("boil", 9999), "no variation 9999"),
        ("/start", ("<script>", 0), "Unknown task"),
        ("/start", ("boil", -1), "no variation -1"),
        ("/start", ("boil", "0"), "whole number"),
        ("/start", ("boil", 0, "x"), "A seed is a whole number"),
        ("/start", ("boil", 0, 0, "random"), "no agent"),
        ("/start", ("boil", 0, 0, {"a": 1}), "named by text"),
        ("/start", ("boil", 0, 0, "hierarchical", "x" * 100_000, "ns/executor"), "not a Hub id"),
        ("/start", ("boil", 0, 0, "hierarchical", "/etc/passwd", "/etc/shadow"), "not a Hub id"),
        ("/state", ("../../etc/passwd",), "is closed"),
        ("/act", ("nobody's", "look around"), "is closed"),
    ],
)
def test_bad_input_is_answered_in_one_line(
    client: Client, backend: DemoBackend, endpoint: str, arguments: tuple[Any, ...], says: str
) -> None:
    open_before = len(backend.sessions)
    with pytest.raises(AppError, match=says) as caught:
        client.predict(*arguments, api_name=endpoint)
    assert "Traceback" not in str(caught.value)
    assert len(backend.sessions) == open_before


def test_steps_that_are_hammered_come_one_after_the_other(client: Client) -> None:
    key = start(client)["episode"]
    with ThreadPoolExecutor(12) as pool:
        told = list(pool.map(lambda _: client.predict(key, api_name="/step"), range(12)))
    assert sorted({each["turns"] for each in told}) == [1, 2, 3, 4, 5]
    assert client.predict(key, api_name="/stop")["score"] == 100


def test_an_episode_continues_after_java_was_killed(client: Client, backend: DemoBackend) -> None:
    key = start(client)["episode"]
    client.predict(key, api_name="/step")
    assert backend.simulator.pid is not None
    os.kill(backend.simulator.pid, signal.SIGKILL)
    told = client.predict(key, api_name="/step")
    assert (told["turns"], told["last"]["action"]) == (2, "focus on baby beaver")
    client.predict(key, api_name="/stop")


def test_the_endpoints_are_mcp_tools(page: str) -> None:
    from mcp import ClientSession
    from mcp.client import streamable_http

    # Older versions of mcp only have `streamablehttp_client`, which newer ones deprecate.
    new = "streamable_http_client"
    connect = getattr(streamable_http, new if hasattr(streamable_http, new) else "streamablehttp_client")

    async def play() -> tuple[set[str], dict[str, Any]]:
        async with (
            connect(f"{page.rstrip('/')}/gradio_api/mcp/") as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            tools = {tool.name for tool in (await session.list_tools()).tools}

            async def call(name: str, **arguments: Any) -> dict[str, Any]:
                answer = await session.call_tool(name, arguments)
                assert not answer.isError, answer
                return dict(ast.literal_eval(answer.content[0].text))  # type: ignore[union-attr]

            key = (await call("start", task="find-animal", variation=159))["episode"]
            await call("set_subgoal", episode=key, subgoal="navigate_to(kitchen)")
            told = await call("step", episode=key)
            await call("stop", episode=key)
            return tools, told

    # In a thread: Playwright keeps an event loop in this one once a browser test has run.
    with ThreadPoolExecutor(1) as pool:
        tools, told = pool.submit(anyio.run, play).result()
    assert tools == {"start", "step", "run", "set_subgoal", "act", "state", "valid_actions", "stop", "ask"}
    assert told["last"]["action"] == "teleport to kitchen"


CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}


@pytest.mark.parametrize(
    "request_body",
    [
        json.dumps(CALL | {"params": {"name": "start", "arguments": "find-animal"}}),
        json.dumps(CALL | {"params": {"name": "start", "arguments": ["find-animal", 159]}}),
        json.dumps(CALL | {"params": {"name": "start"}}),
        json.dumps(CALL | {"params": {"name": "sart", "arguments": {}}}),
        json.dumps(CALL)[:-5],
    ],
    ids=["text", "list", "none", "unknown tool", "broken JSON"],
)
def test_a_wrong_call_of_a_tool_is_refused_and_the_next_one_answered(page: str, request_body: str) -> None:
    address = f"{page.rstrip('/')}/gradio_api/mcp/"
    headers = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
    refused = httpx.post(address, content=request_body, headers=headers, timeout=60)
    assert refused.status_code < 500
    assert "error" in refused.text.lower()
    listing = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
    answered = httpx.post(address, json=listing, headers=headers, timeout=60)
    assert answered.status_code == 200
    assert '"valid_actions"' in answered.text


def test_a_question_is_answered_with_tools_and_without(client: Client) -> None:
    told = client.predict("Name the main language of Benin.", api_name="/ask")
    assert (told["answer"], told["without_tools"]["answer"]) == ("French", "English")
    assert told["steps"][0]["output"] == "[1] Benin: The main language of Benin is French."
    for question, says in (
        (" ", "There is no question"),
        ("x" * 10_000, "10,000 characters"),
        (7, "no quest"),
    ):
        with pytest.raises(AppError, match=says):
            client.predict(question, api_name="/ask")


@pytest.mark.parametrize("text", ["x" * 100_000, "a\x00b", "<script>alert(1)</script>", "'; DROP TABLE"])
def test_bad_texts_leave_the_episode_as_it_was(client: Client, text: str) -> None:
    key = start(client)["episode"]
    for endpoint in ("/act", "/set_subgoal"):
        with pytest.raises(AppError):
            client.predict(key, text, api_name=endpoint)
    assert client.predict(key, api_name="/step")["turns"] == 1
    client.predict(key, api_name="/stop")
