"""An adapter on the Hub: its base is found by its id, and what cannot be reached is one line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.modeling.tiny_models import save_adapter, save_tiny
from tests.servers.local_hub import Fault, LocalHub

ROOT = Path(__file__).parents[3]
PUSH = """
import sys
from huggingface_hub import HfApi
for folder, repo in zip(sys.argv[1::2], sys.argv[2::2]):
    HfApi().create_repo(repo)
    print(HfApi().upload_folder(folder_path=folder, repo_id=repo).oid)
"""
LOAD = """
import json, sys
from dataset_builder.common.errors import SubgoalError
from modeling.agents.loading import load_role_model
try:
    print(json.dumps(load_role_model(sys.argv[1], "flat").describe()))
except SubgoalError as error:
    print(json.dumps(str(error)))
"""


def test_an_adapter_is_loaded_with_its_base(tmp_path: Path) -> None:
    pytest.importorskip("peft")
    base = save_tiny("qwen2", tmp_path / "base")
    adapter = save_adapter(base, tmp_path / "adapter", named="tester/base")
    (adapter / "README.md").write_text("An adapter.\n")  # peft's card names a folder as its base

    with LocalHub() as hub:

        def run(program: str, *arguments: str, home: str = "home") -> list[str]:
            environment = os.environ | hub.environment(tmp_path / home)
            done = subprocess.run(
                [sys.executable, "-c", program, *arguments],
                cwd=ROOT,
                env=environment,
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, done.stderr
            return done.stdout.splitlines()

        commits = run(PUSH, str(base), "tester/base", str(adapter), "tester/adapter")
        record = json.loads(run(LOAD, "tester/adapter")[-1])
        assert (record["id"], record["revision"]) == ("tester/adapter", commits[1])
        assert record["base"] == {"id": "tester/base", "revision": commits[0]}
        hub.faults.append(Fault("HEAD", r"tester/base/resolve", status=503, times=100))
        said = json.loads(run(LOAD, "tester/adapter", home="elsewhere")[-1])
    assert said.startswith("The base of the adapter tester/adapter: ")
    assert "\n" not in said
