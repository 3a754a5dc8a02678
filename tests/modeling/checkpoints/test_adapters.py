"""Adapters: merged into their base, and what can be wrong with them."""

import json
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.common.errors import UsageError
from modeling.checkpoints.load import load_checkpoint, weights_hash
from tests.modeling.tiny_models import save_adapter, save_tiny

pytest.importorskip("peft")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A base and an adapter of it."""
    base = save_tiny("llama", tmp_path_factory.mktemp("base"))
    return base, save_adapter(base, tmp_path_factory.mktemp("adapter"))


def _edit(folder: Path, **values: Any) -> None:
    path = folder / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_an_adapter_is_merged_into_its_base(folders: tuple[Path, Path]) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base, adapter = folders
    loaded = load_checkpoint(str(adapter))
    plain: Any = AutoModelForCausalLM.from_pretrained(base)
    ids = torch.tensor([[5, 6, 7, 8]])
    with torch.no_grad():
        before = plain(ids).logits
        expected = PeftModel.from_pretrained(plain, str(adapter)).eval()(ids).logits
        merged = loaded.model(ids).logits
    assert torch.allclose(merged, expected, atol=1e-4)
    assert not torch.allclose(merged, before, atol=1e-2)
    assert loaded.kind == "causal"


def test_the_identity_covers_adapter_and_base(folders: tuple[Path, Path], tmp_path: Path) -> None:
    base, adapter = folders
    record = load_checkpoint(str(adapter)).describe()
    assert record["revision"] == weights_hash(adapter)
    assert record["base"] == {"id": base.name, "revision": weights_hash(base)}
    other = save_tiny("llama", tmp_path / "other", seed=5)
    elsewhere = load_checkpoint(str(adapter), base=str(other)).describe()
    assert elsewhere["revision"] == record["revision"]
    assert elsewhere["base"]["revision"] != record["base"]["revision"]


def test_what_is_wrong_with_an_adapter_is_one_line(folders: tuple[Path, Path], tmp_path: Path) -> None:
    base, _ = folders
    adapter = save_adapter(base, tmp_path / "adapter")
    _edit(adapter, base_model_name_or_path="/home/somebody/llama")
    with pytest.raises(UsageError, match=r"names '/home/somebody/llama' as its base, .*not here.*`base:`"):
        load_checkpoint(str(adapter))
    other = save_tiny("gpt2", tmp_path / "gpt2")
    with pytest.raises(UsageError, match="does not fit its base"):
        load_checkpoint(str(adapter), base=str(other))
    _edit(adapter, base_model_name_or_path=str(base))
    (adapter / "adapter_model.safetensors").rename(adapter / "adapter_model.bin")
    with pytest.raises(UsageError, match=r"no weights in adapter_model\.safetensors") as caught:
        load_checkpoint(str(adapter))
    assert "\n" not in str(caught.value)
