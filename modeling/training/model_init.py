"""The model that a training starts from: a T5 from scratch, or a checkpoint with LoRA.

A T5 from scratch can copy from the start. Most of what our models write stands in their input: names of
objects and rooms, arguments of the current sub-goal. With random initial weights, a small model spends
most of its training on learning to copy. Here attention is initialised with the circuit that trained
models converge to (an *induction head*, arXiv 2209.11895), in the spirit of mimetic initialisation
(arXiv 2305.09828). Nothing is frozen and the architecture stays T5's: only the starting point differs.
"""

from typing import TYPE_CHECKING, Any

from modeling.recipes.recipe import Architecture, LoraRecipe

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase, T5ForConditionalGeneration

# Strengths, chosen by validation loss after equal training time on the corpus.
_MATCH = 0.3  # how sharply the decoder attends to where its last word occurs in the input
_PREVIOUS = 6.0  # how sharply an encoder head attends to the previous word
_FORGET = 0.5  # how much of the last word the decoder subtracts, to keep it from repeating the word
_SELF = 4.0  # how sharply the decoder's self-attention attends to the word itself

_QUERY_VALUE = {True: ["q", "v"], False: ["q_proj", "v_proj"]}
"""Whether a model is seq2seq → names of its attention's query and value layers (T5; Llama and its like)."""


def build_model(
    architecture: Architecture, tokenizer: "PreTrainedTokenizerBase", seed: int
) -> "T5ForConditionalGeneration":
    """A T5 with initial weights drawn from a seed.

    Args:
        architecture (`Architecture`): its sizes.
        tokenizer (`PreTrainedTokenizerBase`): gives vocabulary size and special tokens.
        seed (`int`): seed of the initial weights.

    Example:

    ```python
    model = build_model(Architecture(d_model=128, heads=4), train_tokenizer(texts), seed=0)
    ```
    """
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    config = T5Config(
        vocab_size=-(-len(tokenizer) // 8) * 8,  # multiples of 8 suit tensor cores
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
                _initialise_copying(model)
    return model


def _initialise_copying(model: Any) -> None:
    """Set the initial weights of the copying circuit.

    1. In the encoder's first layer, the heads attend to the previous word and add it to the current
       one, rotated by a matrix R, so that the two can be told apart.
    2. In the decoder, the heads attend to the input words whose previous word (rotated back by R) is
       the word just written.
    3. They pass the attended word on unchanged. The output layer is tied to the embedding, so this is
       a vote for that word.
    4. The decoder's first layer halves the word just written, which would otherwise be repeated.
    """
    import torch

    config = model.config
    width, size, heads = config.d_model, config.d_kv, config.num_heads
    # Two random orthogonal matrices of shape (d_model, d_model). The rows of `basis` are divided among
    # the heads: each reads and writes one slice of shape (d_kv, d_model), all together everything.
    rotation = torch.nn.init.orthogonal_(torch.empty(width, width))
    basis = torch.nn.init.orthogonal_(torch.empty(width, width))
    slices = [basis[head * size : (head + 1) * size] for head in range(heads)]

    encoder = model.encoder.block[0].layer[0].SelfAttention
    for head, part in enumerate(slices):
        encoder.relative_attention_bias.weight[1, head] = _PREVIOUS  # bucket 1: one to the left
        _pass_on(encoder, head, part, rotation @ part.T)

    for block in model.decoder.block:
        cross = block.layer[1].EncDecAttention
        for head, part in enumerate(slices):
            rows = slice(head * size, (head + 1) * size)
            cross.q.weight[rows] = _MATCH * part
            cross.k.weight[rows] = part @ rotation.T
            _pass_on(cross, head, part, part.T)

    decoder = model.decoder.block[0].layer[0].SelfAttention
    for head, part in enumerate(slices):
        decoder.relative_attention_bias.weight[0, head] = _SELF  # bucket 0: the word itself
        _pass_on(decoder, head, part, -_FORGET * part.T)


def _pass_on(attention: Any, head: int, read: "torch.Tensor", write: "torch.Tensor") -> None:
    """Let a head read a subspace of what it attends to and add it to the output.

    Args:
        attention: a `T5Attention`.
        head (`int`): index of the head.
        read (`torch.Tensor`): value projection, shape (d_kv, d_model).
        write (`torch.Tensor`): output projection, shape (d_model, d_kv).
    """
    rows = slice(head * attention.key_value_proj_dim, (head + 1) * attention.key_value_proj_dim)
    attention.v.weight[rows] = read
    attention.o.weight[:, rows] = write


def choose_attention(model: "PreTrainedModel") -> None:
    """Use eager attention on CPUs: torch's fused one has no fast path there for a learned bias."""
    import torch

    if not torch.cuda.is_available():
        model.set_attn_implementation("eager")


def add_lora(model: "PreTrainedModel", recipe: LoraRecipe, frozen_layers: int = 0) -> "PreTrainedModel":
    """Freeze a model and add trainable low-rank matrices (LoRA, arXiv 2106.09685).

    Args:
        model (`PreTrainedModel`): a seq2seq or causal model.
        recipe (`LoraRecipe`): rank, scale, dropout, and which layers.
        frozen_layers (`int`, *optional*, defaults to 0): lower layers without such matrices.
    """
    from peft import LoraConfig, TaskType, get_peft_model

    seq2seq = model.config.is_encoder_decoder
    config = LoraConfig(
        task_type=TaskType.SEQ_2_SEQ_LM if seq2seq else TaskType.CAUSAL_LM,
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        target_modules="all-linear" if recipe.layers == "all" else _QUERY_VALUE[seq2seq],
    )
    if frozen_layers:
        config.layers_to_transform = list(range(frozen_layers, model.config.num_hidden_layers))
        if recipe.layers == "all":  # peft takes layer numbers only with names of modules
            config.target_modules = _linear_names(model)
    wrapped: Any = get_peft_model(model, config)
    # Gradient checkpointing recomputes from the embeddings' output, which must require a gradient.
    wrapped.enable_input_require_grads()
    return wrapped


def _linear_names(model: "PreTrainedModel") -> list[str]:
    """Last parts of the names of the linear modules inside of layers."""
    from torch.nn import Linear

    named = model.named_modules()
    inside = (name for name, part in named if ".layers." in name and isinstance(part, Linear))
    return sorted({name.rpartition(".")[2] for name in inside})


def merge_lora(model: Any) -> Any:
    """The plain model with the LoRA matrices added to its weights; any other model unchanged."""
    return model.merge_and_unload() if hasattr(model, "merge_and_unload") else model
