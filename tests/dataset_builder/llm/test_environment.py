"""Proxies and certificates of the environment: one line in place of a traceback, and no line without need."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.llm.client import ChatClient
from dataset_builder.llm.request_format import RequestFormat
from dataset_builder.trajectories.corpus import trajectory_store
from dataset_builder.trajectories.trajectory import Trajectory
from subgoal.cli import main
from tests.servers.openai_server import OpenAIServer, Reply

REQUEST = RequestFormat().request("teacher", [{"role": "user", "content": "Hello"}])
SETTINGS = {
    "ALL_PROXY": ("socks5://127.0.0.1:1", "ALL_PROXY names a SOCKS proxy"),
    "HTTP_PROXY": ("ftp://127.0.0.1:1", "HTTP_PROXY is not the address of a proxy"),
    "SSL_CERT_FILE": ("/nowhere/ca.pem", "SSL_CERT_FILE=/nowhere/ca.pem cannot be read"),
}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    for name in ("no_proxy", "NO_PROXY", "all_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    with OpenAIServer(lambda request: Reply("hello")) as running:
        yield running


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_that_cannot_be_used_is_named(
    name: str, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    value, line = SETTINGS[name]
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=line):
        ChatClient("teacher", server.base_url).complete(REQUEST)


@pytest.mark.parametrize("name", ["ALL_PROXY", "HTTP_PROXY"])
def test_a_proxy_does_not_matter_to_a_server_that_no_proxy_covers(
    name: str, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, SETTINGS[name][0])
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    assert ChatClient("teacher", server.base_url).complete(REQUEST).answer == "hello"


@pytest.mark.parametrize("name", SETTINGS)
def test_commands_end_with_one_line(
    name: str,
    server: OpenAIServer,
    recorded: list[Trajectory],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    value, line = SETTINGS[name]
    monkeypatch.setenv(name, value)
    trajectory_store(tmp_path).append(recorded[0].key, {"trajectory": recorded[0].to_dict()})
    llm = ["--base-url", server.base_url]
    annotate = ["corpus", "annotate", str(tmp_path), "--annotator", "llm", "--model", "teacher", *llm]
    play = ["eval", "run", "--agent", "react", "--llm", "teacher", "--out", str(tmp_path / "run"), *llm]
    rules = ["--protocol", "mini", "--tasks", "find-animal", "--max-variations", "1"]
    for arguments in (annotate, [*play, *rules]):
        with pytest.raises(SystemExit) as leaving:
            main(arguments)
        assert leaving.value.code == 2
        error = capsys.readouterr().err
        assert line in error
        assert error.count("\n") == 1
