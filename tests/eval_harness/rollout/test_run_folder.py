"""What must be the same for a run to go on in its folder."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.common.errors import UsageError
from eval_harness.rollout.run_folder import RunFolder
from modeling.checkpoints.load import load_checkpoint

RELEASE = Path(__file__).parents[3] / "release"
FACTS: dict[str, Any] = {"batch_size": 1, "versions": {}, "hardware": {}}


@pytest.mark.parametrize("name", ["config.json", "generation_config.json", "tokenizer.json"])
def test_a_run_is_not_resumed_with_changed_files(name: str, tmp_path: Path) -> None:
    flat = shutil.copytree(RELEASE / "flat", tmp_path / "flat")

    def identity() -> dict[str, Any]:
        model = load_checkpoint(str(flat)).describe()
        settings = {"agent": "flat", "agent_settings": {}, "protocol": {"name": "p", "hash": "h"}, "seed": 0}
        return {**settings, "models": {"flat": model}}

    (tmp_path / "run").mkdir()
    RunFolder(tmp_path / "run", identity(), FACTS)
    RunFolder(tmp_path / "run", identity(), FACTS)
    (flat / "README.md").write_text("for people")
    RunFolder(tmp_path / "run", identity(), FACTS)
    (flat / name).write_text((flat / name).read_text() + "\n")
    with pytest.raises(UsageError, match=r"its models.flat.files is sha256:.*, not sha256:") as caught:
        RunFolder(tmp_path / "run", identity(), FACTS)
    assert "\n" not in str(caught.value)
