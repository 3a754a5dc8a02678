"""A T5 from scratch whose first weights can already copy.

Most of what our models write stands in their input: names of objects and rooms, arguments of the
current sub-goal. From random weights a small model spends most of its training on learning to
copy. Here attention starts with the circuit that trained models converge to (an *induction head*,
arXiv 2209.11895), in the spirit of mimetic initialisation (arXiv 2305.09828). Nothing is frozen
and the architecture stays T5's: only the starting point differs.
"""

from typing import TYPE_CHECKING, Any

from transformers import PreTrainedModel

from modeling.recipes.recipe import Architecture, LoraRecipe

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase, T5ForConditionalGeneration

# Strengths found by short trainings on the corpus (validation loss at equal time).
_MATCH = 0.3  # how sharply the decoder attends to where its last word occurs in the input
_BEFORE = 6.0  # how sharply an encoder head attends to the word before
_FORGET = 0.5  # how much of the last word the decoder takes out, so as not to repeat it
_SELF = 4.0  # how sharply the decoder's self-attention attends to the word itself


def build_model(
    architecture: Architecture, tokenizer: "PreTrainedTokenizerBase", seed: int
) -> "T5ForConditionalGeneration":
    """A T5 with first weights drawn from a seed.

    Args:
        architecture (`Architecture`): its sizes.
        tokenizer (`PreTrainedTokenizerBase`): gives vocabulary size and special tokens.
        seed (`int`): seed of the first weights.
    """
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    config = T5Config(
        vocab_size=-(-len(tokenizer) // 8) * 8,
        d_model=architecture.d_model,
        d_kv=architecture.d_model // architecture.heads,
        d_ff=architecture.d_ff,
        num_heads=architecture.heads,
        num_layers=architecture.encoder_layers,
        num_decoder_layers=architecture.decoder_layers,
        dropout_rate=architecture.dropout,
        feed_forward_proj=architecture.feed_forward,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        **{"decoder_start_token_id": tokenizer.pad_token_id},
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = T5ForConditionalGeneration(config)
        if architecture.initialisation == "copying":
            with torch.no_grad():
                _teach_copying(model)
    return model


def _teach_copying(model: Any) -> None:
    """Set the first weights of the copying circuit.

    1. In the encoder's first layer, the heads look at the word before and add it to the word,
       turned by a rotation R, so that both can be told apart.
    2. In the decoder, the heads look for input words whose word before (turned back by R) is the
       word just written.
    3. They pass on the word they look at as it is: the output layer shares the embedding, so this
       is a vote for that word.
    4. The decoder's first layer halves the word just written, which would otherwise be repeated.
    """
    import torch

    config = model.config
    width, size, heads = config.d_model, config.d_kv, config.num_heads
    rotation = torch.nn.init.orthogonal_(torch.empty(width, width))
    basis = torch.nn.init.orthogonal_(torch.empty(width, width))
    parts = [basis[head * size : (head + 1) * size] for head in range(heads)]

    before = model.encoder.block[0].layer[0].SelfAttention
    for head, part in enumerate(parts):
        before.relative_attention_bias.weight[1, head] = _BEFORE  # bucket 1: one to the left
        _pass_on(before, head, part, rotation @ part.T)

    for block in model.decoder.block:
        cross = block.layer[1].EncDecAttention
        for head, part in enumerate(parts):
            rows = slice(head * size, (head + 1) * size)
            cross.q.weight[rows] = _MATCH * part
            cross.k.weight[rows] = part @ rotation.T
            _pass_on(cross, head, part, part.T)

    last = model.decoder.block[0].layer[0].SelfAttention
    for head, part in enumerate(parts):
        last.relative_attention_bias.weight[0, head] = _SELF  # bucket 0: the word itself
        _pass_on(last, head, part, -_FORGET * part.T)


def _pass_on(attention: Any, head: int, read: "torch.Tensor", write: "torch.Tensor") -> None:
    """Let a head read one part of what it attends to and write it, so turned, to the output.

    Args:
        attention: a `T5Attention`.
        head (`int`): which head.
        read (`torch.Tensor`): shape (d_kv, d_model).
        write (`torch.Tensor`): shape (d_model, d_kv).
    """
    rows = slice(head * attention.key_value_proj_dim, (head + 1) * attention.key_value_proj_dim)
    attention.v.weight[rows] = read
    attention.o.weight[:, rows] = write


def choose_attention(model: "PreTrainedModel") -> None:
    """Plain attention on CPUs: torch's fused one has no fast path there for a bias that is learnt."""
    import torch

    if not torch.cuda.is_available():
        model.set_attn_implementation("eager")


if TYPE_CHECKING:
    from transformers import PreTrainedModel


def add_lora(model: "PreTrainedModel", recipe: LoraRecipe) -> "PreTrainedModel":
    """The model with its weights frozen and trainable low-rank matrices (arXiv 2106.09685) beside them.

    Args:
        model (`PreTrainedModel`): a seq2seq model.
        recipe (`LoraRecipe`): rank, scale, dropout, and which layers.
    """
    from peft import LoraConfig, TaskType, get_peft_model

    config = LoraConfig(
        task_type=TaskType.SEQ_2_SEQ_LM,
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        target_modules="all-linear" if recipe.layers == "all" else ["q", "v"],
    )
    wrapped: Any = get_peft_model(model, config)
    # With gradient checkpointing, frozen embeddings would leave nothing to differentiate.
    wrapped.enable_input_require_grads()
    return wrapped


def merge_lora(model: Any) -> Any:
    """The plain model with what LoRA learned added to its weights; any other model as it is."""
    return model.merge_and_unload() if hasattr(model, "merge_and_unload") else model
