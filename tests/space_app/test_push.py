"""The Space on a Hub over HTTP; what was pushed is whole: it imports without this checkout."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from dataset_builder.common.errors import UsageError
from space_app import push
from space_app.push import PACKAGES, push_space, space_files
from tests.servers.hub_api import TOKEN
from tests.servers.local_hub import LocalHub

MODELS = {
    name: f"ns/{name.lower()}" for name in ("SUBGOAL_CONTROLLER", "SUBGOAL_EXECUTOR", "SUBGOAL_DATASET")
}


def test_the_files_hold_the_ids_and_import_on_their_own(tmp_path: Path) -> None:
    files = space_files(MODELS)
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    head = yaml.safe_load(files["README.md"].decode().split("---")[1])
    assert head["sdk"] == "gradio"
    assert head["models"] == head["preload_from_hub"] == ["ns/subgoal_controller", "ns/subgoal_executor"]
    assert {name.split("/")[0] for name in files} == {*PACKAGES, "README.md", "app.py", "requirements.txt"}
    assert not [name for name in files if "__pycache__" in name]
    found = subprocess.run(
        [
            sys.executable,
            "-c",
            "import app, space_app; print(app.MODELS['SUBGOAL_EXECUTOR'], space_app.__file__)",
        ],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.split() == ["ns/subgoal_executor", str(tmp_path / "space_app" / "__init__.py")]


def test_the_command_publishes_the_space_once(tmp_path: Path) -> None:
    with LocalHub() as hub:
        said = []
        for _ in range(2):
            done = subprocess.run(
                [sys.executable, "-m", "subgoal", "space", "push", "tester/demo"],
                env=os.environ | hub.environment(tmp_path) | {"HF_TOKEN": TOKEN, "HF_HUB_OFFLINE": "0"},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            said.append(done.stdout.split(":")[0])
        assert said == ["Pushed", "Nothing has changed"]


def test_the_space_gets_the_agent_with_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    contents: dict[str, bytes] = {}
    monkeypatch.setattr(push, "push_folder", lambda *_, **options: contents.update(options["contents"]))
    push_space("tester/demo", tool_agent="ns/agent", tool_passages="http://host:8000")
    app = contents["app.py"].decode()
    assert '"SUBGOAL_TOOL_AGENT": "ns/agent"' in app
    assert '"SUBGOAL_TOOL_PASSAGES": "http://host:8000"' in app
    assert "SUBGOAL_TOOL_COT" not in app


def test_a_space_needs_models_of_the_hub() -> None:
    with pytest.raises(UsageError, match="is not a Hub id"):
        push_space("tester/demo", controller="/tmp/controller")
    with pytest.raises(UsageError, match="'/tmp/agent' is not a Hub id"):
        push_space("tester/demo", tool_agent="/tmp/agent")
    with pytest.raises(UsageError, match="add --tool-agent"):
        push_space("tester/demo", tool_passages="ns/passages")
