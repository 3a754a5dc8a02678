"""`subgoal demo` as it is on a fresh machine, with models; and models of a Hub that visitors name."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from space_app.session.gallery import FIRST
from tests.servers.hub_api import TOKEN
from tests.servers.local_hub import LocalHub
from tests.space_app.conftest import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
RELEASE = Path(__file__).parents[2] / "release"


def _publish(hub: LocalHub, name: str, files: dict[str, bytes], private: bool = False) -> None:
    repo = hub.store.create("model", name, private, None)
    kept = {
        path: (mode, hub.store.keep(data, mode == "lfs"))
        for path, data in files.items()
        for mode in ["lfs" if path.endswith(".safetensors") else "git"]
    }
    repo.commit("main", "upload", kept)


def _files(role: str) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes()
        for path in (RELEASE / role).iterdir()
        if path.suffix in (".json", ".safetensors")
    }


@pytest.fixture(scope="module")
def hub() -> Iterator[LocalHub]:
    with LocalHub() as found:
        for role in ("controller", "executor"):
            _publish(found, f"tester/{role}", _files(role))
        executor = _files("executor")
        plain = {k: v for k, v in json.loads(executor["config.json"]).items() if "subgoal" not in k}
        _publish(found, "tester/plain-t5", executor | {"config.json": json.dumps(plain).encode()})
        _publish(found, "tester/broken", executor | {"model.safetensors": b"no weights"})
        _publish(found, "tester/notes", {"README.md": b"# Notes\n"})
        _publish(found, "tester/secret", executor, private=True)
        yield found


@pytest.fixture(scope="module")
def demo(hub: LocalHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """The command, started in an empty folder."""
    folder = tmp_path_factory.mktemp("fresh")
    port = free_port()
    running = subprocess.Popen(
        [sys.executable, "-m", "subgoal", "demo", "--port", str(port)],
        cwd=folder,
        env=os.environ | hub.environment(folder / "home", token=TOKEN) | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    for line in running.stdout:
        if line.startswith(f"http://127.0.0.1:{port}"):
            break
    else:
        raise AssertionError(f"the demo ended with status {running.wait()}")
    yield Client(f"http://127.0.0.1:{port}", verbose=False)
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=300)


def call(demo: Client, *arguments: Any, api_name: str = "/start") -> dict[str, Any]:
    told: dict[str, Any] = demo.predict(*arguments, api_name=api_name)
    return told


def test_the_released_pair_plays_the_first_episode_to_an_end(demo: Client) -> None:
    begun = call(demo, FIRST.task, FIRST.variation)
    assert re.fullmatch(r"\w+\(.*\)", begun["next_subgoal"])
    told = begun
    while not told["over"]:
        told = call(demo, begun["episode"], api_name="/run")
    print(f"\n{FIRST.task} {FIRST.variation}: score {told['score']} after {told['moves']} moves")
    assert told["last"]["model_seconds"] > 0
    call(demo, begun["episode"], api_name="/stop")


def test_a_visitor_names_a_pair_of_the_hub(demo: Client, hub: LocalHub) -> None:
    pair = ("boil", 14, 0, "hierarchical", "tester/controller", "tester/executor")
    told = call(demo, *pair)
    assert call(demo, told["episode"], api_name="/step")["turns"] == 1
    call(demo, told["episode"], api_name="/stop")
    fetched = len(hub.log)
    call(demo, call(demo, *pair)["episode"], api_name="/stop")
    assert len(hub.log) == fetched  # loaded once


@pytest.mark.parametrize(
    ("controller", "executor", "says"),
    [
        ("tester/executor", "tester/controller", "swap them"),
        ("tester/controller", "tester/controller", "executor"),
        ("tester/controller", "tester/nobody", "No public model tester/nobody"),
        ("tester/controller@v9", "tester/executor", "No public model tester/controller@v9"),
        ("tester/controller", "tester/secret", "No public model tester/secret"),
        ("tester/controller", "tester/notes", "has no safetensors"),
        ("tester/controller", "tester/plain-t5", "tester/plain-t5"),
        ("tester/controller", "tester/broken", "cannot be loaded|can be loaded"),
        ("tester/controller", "", "is not a Hub id"),
    ],
)
def test_models_that_cannot_play_are_named(
    demo: Client, hub: LocalHub, controller: str, executor: str, says: str
) -> None:
    with pytest.raises(AppError, match=says) as caught:
        call(demo, "boil", 14, 0, "hierarchical", controller, executor)
    text = str(caught.value)
    print(f"\n{text}")
    assert not re.search(r"Traceback|/tmp|/home|/root|\.cache|\n", text)
    assert TOKEN not in text
    assert hub.url not in text
