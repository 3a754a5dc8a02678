"""An adapter on the Hub: its base is found by its id, and what cannot be reached is one line."""

import json
import os
from pathlib import Path

import pytest

from tests.modeling.tiny_models import save_adapter, save_tiny
from tests.servers.local_hub import Fault, LocalHub
from tests.warm import WarmProcess

PUSH = """
import sys
from huggingface_hub import HfApi
for folder, repo in zip(sys.argv[1::2], sys.argv[2::2]):
    HfApi().create_repo(repo)
    print(HfApi().upload_folder(folder_path=folder, repo_id=repo).oid)
"""
# Twice in one process, because importing torch takes seconds: after a line again, with an empty cache.
LOAD = """
import json, shutil, sys
from huggingface_hub.constants import HF_HUB_CACHE
from dataset_builder.common.errors import SubgoalError
from modeling.agents.loading import load_role_model
print(json.dumps(load_role_model(sys.argv[1], "flat").describe()), flush=True)
sys.stdin.readline()
shutil.rmtree(HF_HUB_CACHE)
try:
    load_role_model(sys.argv[1], "flat")
except SubgoalError as error:
    print(json.dumps(str(error)))
"""


def test_an_adapter_is_loaded_with_its_base(tmp_path: Path) -> None:
    pytest.importorskip("peft")
    base = save_tiny("qwen2", tmp_path / "base")
    adapter = save_adapter(base, tmp_path / "adapter", named="tester/base")
    (adapter / "README.md").write_text("An adapter.\n")  # peft's card names a folder as its base

    with LocalHub() as hub:

        def start(program: str, *arguments: str) -> WarmProcess:
            return WarmProcess("-c", program, *arguments, env=os.environ | hub.environment(tmp_path / "home"))

        with start(PUSH, str(base), "tester/base", str(adapter), "tester/adapter") as push:
            commits = push.communicate()[0].splitlines()
        with start(LOAD, "tester/adapter") as load:
            record = json.loads(load.stdout.readline())
            hub.faults.append(Fault("HEAD", r"tester/base/resolve", status=503, times=100))
            said = json.loads(load.communicate("go on\n")[0])
        assert (push.returncode, load.returncode) == (0, 0)
    assert (record["id"], record["revision"]) == ("tester/adapter", commits[1])
    assert record["base"] == {"id": "tester/base", "revision": commits[0]}
    assert said.startswith("The base of the adapter tester/adapter: ")
    assert "\n" not in said
