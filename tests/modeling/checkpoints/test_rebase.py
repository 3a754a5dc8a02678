"""An adapter that names a base on the Hub in place of a folder."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from dataset_builder.common.errors import UsageError
from modeling.checkpoints.load import weights_hash
from modeling.checkpoints.rebase import rebase_adapter
from modeling.checkpoints.training_record import RECORD, read_record
from tests.modeling.checkpoints.test_tool_model_card import tool_result

LOCAL = {"id": "my-base", "revision": "", "weights": "sha256:base"}


def _adapter(folder: Path, **changes: Any) -> Path:
    """A finished adapter of a local folder, with one matrix."""
    folder.mkdir()
    save_file({"lora_A": np.zeros((2, 2), np.float32)}, folder / "adapter_model.safetensors")
    config = {"base_model_name_or_path": "/home/me/my-base", "revision": None, "r": 2}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text("{}")
    values = {"base": LOCAL, "weights": weights_hash(folder)} | changes
    (folder / RECORD).write_text(json.dumps(asdict(tool_result(**values))))
    return folder


def test_config_record_and_card_name_the_base(tmp_path: Path) -> None:
    folder = _adapter(tmp_path / "agent")
    rebase_adapter(folder, "ns/base@v1", "its 4-bit weights")
    config = json.loads((folder / "adapter_config.json").read_text())
    assert config == {"base_model_name_or_path": "ns/base", "revision": "v1", "r": 2}
    record = read_record(folder)
    # The hash of the copy stays: it says on which weights the adapter was trained.
    assert record.base == LOCAL | {"id": "ns/base", "revision": "v1", "trained_on": "its 4-bit weights"}
    assert record.recipe["base"] == "ns/base@v1"
    card = (folder / "README.md").read_text()
    assert "base_model: ns/base" in card
    assert "`ns/base` (`v1`); trained and scored on its 4-bit weights" in card
    assert "/home/me" not in card


def test_the_name_can_be_changed_again_and_a_revision_dropped(tmp_path: Path) -> None:
    folder = _adapter(tmp_path / "agent")
    rebase_adapter(folder, "ns/base@v1")
    rebase_adapter(folder, "ns/other")
    config = json.loads((folder / "adapter_config.json").read_text())
    assert (config["base_model_name_or_path"], config["revision"]) == ("ns/other", None)
    base = read_record(folder).base
    assert base is not None
    assert (base["id"], base["revision"], base["weights"]) == ("ns/other", "", "sha256:base")


@pytest.mark.parametrize(
    ("base", "message"),
    [
        ("./my-base", "is a folder: give the id of the base on the Hub"),
        ("a/b/c", "is a folder: give the id of the base on the Hub"),
        ("gpt2", "'gpt2' is not the name of a repository: use NAMESPACE/NAME"),
        ("ns/b~se", "is not the name of a repository"),
    ],
)
def test_what_is_not_an_id_changes_nothing(base: str, message: str, tmp_path: Path) -> None:
    folder = _adapter(tmp_path / "agent")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(UsageError, match=message):
        rebase_adapter(folder, base)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_only_a_finished_adapter_has_a_base_to_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no checkpoint folder"):
        rebase_adapter(tmp_path / "nowhere", "ns/base")
    scratch = _adapter(tmp_path / "scratch", base=None)
    with pytest.raises(UsageError, match="scratch is not an adapter: it has no base to name"):
        rebase_adapter(scratch, "ns/base")
    changed = _adapter(tmp_path / "changed", weights="sha256:others")
    with pytest.raises(UsageError, match=r"weights in .*changed are not those of its training\.json"):
        rebase_adapter(changed, "ns/base")
