"""What generation with a causal model needs: padding on the left, an early stop, and the answer alone."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

NEUTRAL: dict[str, Any] = {
    # Published models bring penalties and a temperature of their own, which a score must not depend on.
    "repetition_penalty": 1.0,
    "no_repeat_ngram_size": 0,
    "temperature": 1.0,
    "top_p": 1.0,
    "top_k": 50,
}


def end_tokens(model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase") -> list[int]:
    """The tokens that end an answer: those of the generation config, and the tokenizer's."""
    named: Any = model.generation_config.eos_token_id if model.generation_config else None
    ends = {*(named if isinstance(named, list | tuple) else [named]), tokenizer.eos_token_id}
    return sorted(int(token) for token in ends if token is not None)


def pad_left(ids: Sequence[Sequence[int]], pad: int) -> "dict[str, torch.Tensor]":
    """`input_ids` and `attention_mask`, of shape (texts, longest text).

    The mask follows from the lengths, not from the token: many models pad with their end-of-sequence
    token, which also occurs inside prompts.

    Args:
        ids (`Sequence[list[int]]`): token ids of the prompts, of shape (texts, tokens).
        pad (`int`): token that fills the left.
    """
    import torch

    longest = max(map(len, ids))
    return {
        "input_ids": torch.tensor([[pad] * (longest - len(row)) + list(row) for row in ids]),
        "attention_mask": torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in ids]),
    }


def stop_when(
    is_complete: Callable[[str], bool], tokenizer: "PreTrainedTokenizerBase", prompt_length: int
) -> Callable[..., "torch.Tensor"]:
    """A stopping criterion of `generate`: rows whose answer is complete need not be written on.

    Args:
        is_complete (`Callable[[str], bool]`): whether a text contains the whole answer.
        tokenizer (`PreTrainedTokenizerBase`): decodes answers.
        prompt_length (`int`): length of the padded prompts.
    """
    import torch

    def criterion(input_ids: "torch.Tensor", scores: Any, **kwargs: Any) -> "torch.Tensor":
        texts = tokenizer.batch_decode(input_ids[:, prompt_length:], skip_special_tokens=True)
        return torch.tensor([is_complete(text) for text in texts], device=input_ids.device)

    return criterion


def before_end(tokens: Sequence[int], ends: Sequence[int]) -> list[int]:
    """The tokens of an answer before its first end mark."""
    first = next((index for index, token in enumerate(tokens) if token in ends), len(tokens))
    return list(tokens[:first])
