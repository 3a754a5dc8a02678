"""The endpoints, called by `gradio_client` over loopback."""

from typing import Any

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from dataset_builder.simulator import Simulator
from eval_harness.protocols import load_protocol
from eval_harness.replay import replay_episode
from eval_harness.results import EpisodeResult
from space_app.table import Table


@pytest.fixture(scope="module")
def client(page: str) -> Client:
    return Client(page, verbose=False)


def start(client: Client, *arguments: Any) -> dict[str, Any]:
    return client.predict(*(arguments or ("find-animal", 225)), api_name="/start")


def test_an_episode_is_steered_played_and_handed_over(client: Client, simulator: Simulator) -> None:
    begun = start(client)
    key = begun["episode"]
    assert (begun["score"], begun["next_subgoal"]) == (0, "focus_on(baby wolf, outside)")
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
        ("/start", ("boil", 0, 0, "random"), "no agent"),
        ("/start", ("boil", 0, 0, "hierarchical", "/etc/passwd", "/etc/shadow"), "no Hub id"),
        ("/state", ("../../etc/passwd",), "is closed"),
        ("/act", ("nobody's", "look around"), "is closed"),
    ],
)
def test_bad_input_is_answered_in_one_line(
    client: Client, table: Table, endpoint: str, arguments: tuple[Any, ...], says: str
) -> None:
    open_before = len(table.sessions)
    with pytest.raises(AppError, match=says) as caught:
        client.predict(*arguments, api_name=endpoint)
    assert "Traceback" not in str(caught.value)
    assert len(table.sessions) == open_before


@pytest.mark.parametrize("text", ["x" * 100_000, "a\x00b", "<script>alert(1)</script>", "'; DROP TABLE"])
def test_bad_texts_leave_the_episode_as_it_was(client: Client, text: str) -> None:
    key = start(client)["episode"]
    for endpoint in ("/act", "/set_subgoal"):
        with pytest.raises(AppError):
            client.predict(key, text, api_name=endpoint)
    assert client.predict(key, api_name="/step")["turns"] == 1
    client.predict(key, api_name="/stop")
