"""Kinds of models: those that write text, and those that are refused."""

import json
from pathlib import Path

import pytest

from dataset_builder.common.errors import UsageError
from modeling.checkpoints.load import load_checkpoint
from modeling.checkpoints.transformers_models import model_kind
from tests.modeling.tiny_models import FAMILIES, save_tiny, tiny_tokenizer


@pytest.mark.parametrize("family", FAMILIES)
def test_causal_models_are_loaded(family: str, tmp_path: Path) -> None:
    checkpoint = load_checkpoint(str(save_tiny(family, tmp_path / family)))
    assert checkpoint.kind == "causal"
    assert checkpoint.model.dtype.is_floating_point
    with pytest.raises(UsageError, match="is a causal model; this needs a seq2seq model"):
        load_checkpoint(str(tmp_path / family), kinds=("seq2seq",))


def test_models_that_do_not_write_text_are_refused() -> None:
    from transformers import BertConfig, LlamaConfig, T5Config, ViTConfig, WhisperConfig

    assert model_kind("t5", T5Config()) == "seq2seq"
    assert model_kind("llama", LlamaConfig()) == "causal"
    refused = [
        BertConfig(),
        BertConfig(architectures=["BertForMaskedLM"]),
        LlamaConfig(architectures=["LlamaForSequenceClassification"]),
        ViTConfig(),
        WhisperConfig(),
    ]
    for config in refused:
        with pytest.raises(UsageError, match=r"does not read and write text: name a seq2seq model") as caught:
            model_kind("some/model", config)
        assert "\n" not in str(caught.value)


def test_models_with_code_of_their_own_are_refused(tmp_path: Path) -> None:
    folder = save_tiny("gpt2", tmp_path / "own")
    config = json.loads((folder / "config.json").read_text())
    config |= {
        "model_type": "mine",
        "auto_map": {"AutoConfig": "mine.Config", "AutoModelForCausalLM": "mine.M"},
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "mine.py").write_text("raise SystemExit('ran')\n")
    with pytest.raises(UsageError, match="needs code of its repository, which is not run"):
        load_checkpoint(str(folder))


def test_weights_that_lack_a_part_are_refused(tmp_path: Path) -> None:
    from transformers import LlamaConfig, LlamaModel

    tokenizer = tiny_tokenizer("llama")
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=16, num_hidden_layers=1,
        num_attention_heads=2, tie_word_embeddings=False,
    )  # fmt: skip
    LlamaModel(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    values = json.loads((tmp_path / "config.json").read_text()) | {"architectures": ["LlamaForCausalLM"]}
    (tmp_path / "config.json").write_text(json.dumps(values))
    with pytest.raises(UsageError, match=r"lacks weights, such as lm_head\.weight"):
        load_checkpoint(str(tmp_path))
