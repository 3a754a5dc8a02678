"""Causal models of random weights, small enough to train in a second, with tokenizers trained here."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from tokenizers.trainers import BpeTrainer
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from modeling.data.examples import load_role
from modeling.recipes.recipe import Recipe
from modeling.training.trainer import _StopRules

CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SIZES: dict[str, Any] = {
    "vocab_size": 1024,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 1024,
}


def _tokenizer(texts: list[str]) -> PreTrainedTokenizerFast:
    """Byte-level BPE and ChatML, as SmolLM2 and Qwen have them."""
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = BpeTrainer(
        vocab_size=SIZES["vocab_size"],
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator([*texts, "system user assistant You play ScienceWorld."], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        eos_token="<|im_end|>",
        pad_token="<|im_end|>",  # as SmolLM2: padding must be masked by position
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
    )


@pytest.fixture(scope="session")
def causal_base(tmp_path_factory: pytest.TempPathFactory, dataset: Path) -> Callable[[str], Path]:
    """Folder of a tiny `llama` or `qwen2`."""
    folders: dict[str, Path] = {}

    def make(family: str) -> Path:
        if family not in folders:
            train = load_role("executor", str(dataset)).train
            tokenizer = _tokenizer([*train["input"], *train["target"]])
            marks = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
            with torch.random.fork_rng():
                torch.manual_seed(0)
                model = (
                    LlamaForCausalLM(LlamaConfig(**SIZES, **marks, tie_word_embeddings=True))
                    if family == "llama"
                    else Qwen2ForCausalLM(Qwen2Config(**SIZES, **marks, tie_word_embeddings=False))
                )
            folders[family] = tmp_path_factory.mktemp(family)
            model.save_pretrained(folders[family])
            tokenizer.save_pretrained(folders[family])
        return folders[family]

    return make


@pytest.fixture(scope="session")
def causal_recipe() -> Recipe:
    """Trains in seconds, in fp32."""
    return Recipe(
        name="causal-tiny",
        kind="causal",
        source_length=400,
        learning_rate=5e-3,
        max_steps=12,
        batch_size=4,
        evaluate_every=4,
        evaluate_examples=8,
        exact_match_examples=4,
        precision="fp32",
        threads=1,
    )


@pytest.fixture
def stopped_after(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], AbstractContextManager[None]]:
    """Stops trainings as Ctrl-C does, once the checkpoint of a step is complete."""
    saved = _StopRules.on_save

    @contextmanager
    def stopped(step: int) -> Iterator[None]:
        def on_save(self: Any, args: Any, state: Any, control: Any, **options: Any) -> None:
            saved(self, args, state, control, **options)
            if state.global_step == step:
                raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(_StopRules, "on_save", on_save)
            yield

    return stopped
