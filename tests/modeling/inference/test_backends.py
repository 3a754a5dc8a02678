"""Which engine computes the answers."""

from pathlib import Path
from typing import Any

import pytest
from transformers import BartConfig, BartForConditionalGeneration

from dataset_builder.common.errors import UsageError
from modeling import FlatAgent
from modeling.agents.local_model import LocalModel
from modeling.checkpoints.load import Checkpoint
from modeling.inference.backends import make_backend


def test_the_engine_is_chosen_and_recorded(checkpoints: dict[str, Path]) -> None:
    def backend(**decoding: Any) -> str:
        agent = FlatAgent.from_pretrained(str(checkpoints["flat"]), **decoding)
        return str(agent.describe()["decoding"]["backend"])

    assert backend() == "ctranslate2"
    assert backend(backend="transformers") == "transformers"
    assert backend(samples=4) == "transformers"
    assert backend(backend="ctranslate2-int8") == "ctranslate2-int8"


def test_unsupported_models_are_refused(flat: LocalModel) -> None:
    sizes: dict[str, Any] = {"d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "vocab_size": 99}
    bart = BartForConditionalGeneration(BartConfig(encoder_ffn_dim=8, decoder_ffn_dim=8, **sizes))
    other = Checkpoint("some/bart", "", bart, flat.checkpoint.tokenizer)
    with pytest.raises(UsageError, match="takes T5 models on a CPU; some/bart is a bart on cpu"):
        make_backend("ctranslate2", other, flat.fitter, 48)
    assert make_backend("auto", other, flat.fitter, 48).name == "transformers"
    with pytest.raises(UsageError, match="Unknown backend 'onnx': use auto, transformers"):
        make_backend("onnx", other, flat.fitter, 48)
