"""A checkpoint converted for CTranslate2, for as long as it is needed."""

from pathlib import Path

import ctranslate2

from modeling.checkpoints.load import load_checkpoint
from modeling.inference.ctranslate2_conversion import converted
from tests.modeling.tiny_models import save_tiny


def test_the_model_exists_within_the_block_and_eight_bits_take_less_room(tmp_path: Path) -> None:
    checkpoint = load_checkpoint(str(save_tiny("llama", tmp_path / "llama")))
    sizes = []
    for compute_type in ("float32", "int8"):
        with converted(checkpoint, compute_type) as folder:
            sizes.append((folder / "model.bin").stat().st_size)
            ctranslate2.Generator(str(folder), device="cpu", intra_threads=1)
        assert not folder.parent.exists()
    assert sizes[1] < 0.5 * sizes[0]
