"""Causal models of three families with random weights, each with a real tokenizer of its family's kind."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

FAMILIES = ("llama", "qwen2", "gpt2")

TEXTS = (
    "You play ScienceWorld. Answer with the next action. What is the next sub-goal?",
    "task: boil water. First, focus on the substance. | room: kitchen | see: stove (off), metal pot, sink",
    "Thought: the door is closed. Action: open door to kitchen. Observation: The door is now open.",
    "you are in the kitchen . the door to the hallway is open . you see a table and a glass of water",
    "teleport to outside, pick up thermometer, focus on wolf, navigate_to(kitchen), fetch(thermometer)",
)

_CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n{% endif %}{% endif %}"
)
_LLAMA3 = (
    "{{ bos_token }}{% for message in messages %}<|start_header_id|>{{ message.role }}<|end_header_id|>\n\n"
    "{{ message.content }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
_SPECIAL = {
    "llama": ("<|begin_of_text|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>", "<|pad|>"),
    "qwen2": ("<|endoftext|>", "<|im_start|>", "<|im_end|>"),
    "gpt2": ("<|endoftext|>",),
}
_NAMES = {
    "llama": {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>", "pad_token": "<|pad|>"},
    "qwen2": {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"},
    "gpt2": {"bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>"},
}


def tiny_tokenizer(family: str, texts: Sequence[str] = TEXTS) -> Any:
    """A byte-level BPE trained on a few texts, with the special tokens and chat template of its family."""
    from transformers import PreTrainedTokenizerFast

    special = _SPECIAL[family]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=480,
        special_tokens=[AddedToken(token, special=True) for token in special],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    if family == "llama":  # writes the begin-of-text mark before every text
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{special[0]} $A", special_tokens=[(special[0], tokenizer.token_to_id(special[0]))]
        )
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=4096, **_NAMES[family])
    wrapped.chat_template = {"llama": _LLAMA3, "qwen2": _CHATML}.get(family)
    return wrapped


def tiny_model(family: str, tokenizer: Any, seed: int = 0, positions: int = 4096, layers: int = 2) -> Any:
    """A model of the family with few layers and random weights, large enough that its answers differ."""
    import torch
    from transformers import (
        GPT2Config,
        GPT2LMHeadModel,
        LlamaConfig,
        LlamaForCausalLM,
        Qwen2Config,
        Qwen2ForCausalLM,
    )

    sizes: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "max_position_embeddings": positions,
        "eos_token_id": tokenizer.eos_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "initializer_range": 0.5,
    }
    shape: dict[str, Any] = {
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": layers,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
    }
    make: dict[str, Callable[[], Any]] = {
        "llama": lambda: LlamaForCausalLM(LlamaConfig(**sizes, **shape)),
        "qwen2": lambda: Qwen2ForCausalLM(Qwen2Config(**sizes, **shape)),
        "gpt2": lambda: GPT2LMHeadModel(GPT2Config(**sizes, n_embd=32, n_layer=layers, n_head=4)),
    }
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return make[family]().eval()


def save_tiny(family: str, folder: Path, **options: Any) -> Path:
    """A folder with a model of the family and its tokenizer, as on the Hub: it says nothing of its use."""
    tokenizer = tiny_tokenizer(family)
    tiny_model(family, tokenizer, **options).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def save_adapter(base: Path, folder: Path, named: str | None = None, seed: int = 1) -> Path:
    """A LoRA adapter of a causal model, with random matrices that change its answers.

    Args:
        base (`Path`): folder of the model.
        folder (`Path`): where the adapter goes.
        named (`str`, *optional*): name of the base in adapter_config.json, if not its folder.
    """
    import json

    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(base)
    adapted: Any = get_peft_model(model, LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM"))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for name, weights in adapted.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(weights, std=0.3)
    adapted.save_pretrained(folder)
    config = json.loads((folder / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = named or str(base)
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return folder
