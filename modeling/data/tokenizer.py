"""Training a tokenizer on a corpus, in which a word has the same tokens at every position."""

import json
from collections.abc import Iterable
from itertools import chain, repeat
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

# Not T5's "</s>": the paper's state text contains that as text.
PAD, EOS = "<pad>", "<eos>"
PORTABLE_CLASS = "PreTrainedTokenizerFast"

# `kitchen` must be the same token in "teleport to kitchen" and in "navigate_to(kitchen)", so that a
# model that reads one and writes the other copies a token instead of translating between two.
# Byte-level BPE attaches the blank to the word after it. So a word without a blank before it gets one,
# and a mark that removes the blank again in decoding. The mark is a private-use character, which BPE
# merges with the punctuation before it ("(" + mark).
_MARK = "\ue000"
_BARE_WORD = r"(?<=[^\sA-Za-z])(?=[A-Za-z])"


def train_tokenizer(
    texts: Iterable[str],
    vocab_size: int = 2048,
    min_frequency: int = 2,
    max_length: int = 512,
    words: Iterable[str] = (),
) -> "PreTrainedTokenizerFast":
    """Train a byte-level BPE tokenizer. There are no unknown tokens, and decoding restores the exact text.

    Each digit is a token, and an end-of-sequence token is appended as by T5's tokenizer.

    Args:
        texts (`Iterable[str]`): inputs and targets of the corpus.
        vocab_size (`int`, *optional*, defaults to 2048): maximum number of tokens, 256 bytes included.
        min_frequency (`int`, *optional*, defaults to 2): rarer pairs of tokens are not merged.
        max_length (`int`, *optional*, defaults to 512): stored as `model_max_length`.
        words (`Iterable[str]`, *optional*): words that also get a token each, as far as `vocab_size`
            allows: names in several pieces are harder to copy.

    Example:

    ```python
    tokenizer = train_tokenizer(texts, vocab_size=3072, words=simulator_words())
    tokenizer("fill(metal pot, water)")["input_ids"]
    ```
    """
    from tokenizers import pre_tokenizers, processors
    from tokenizers.trainers import BpeTrainer
    from transformers import PreTrainedTokenizerFast

    core = _untrained()
    trainer = BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=min_frequency,
        special_tokens=[PAD, EOS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator(chain(texts, *repeat(list(words), min_frequency)), trainer)
    core.post_processor = processors.TemplateProcessing(
        single=f"$A {EOS}", pair=f"$A {EOS} $B {EOS}", special_tokens=[(EOS, core.token_to_id(EOS))]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token=PAD,
        eos_token=EOS,
        model_max_length=max_length,
        clean_up_tokenization_spaces=False,
    )


def _untrained() -> "Tokenizer":
    """A BPE tokenizer without merges, with the steps before and after BPE."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

    core = Tokenizer(models.BPE())
    core.normalizer = normalizers.Sequence(
        [normalizers.Replace(Regex(_BARE_WORD), f"{_MARK} "), normalizers.Prepend(" ")]
    )
    core.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    core.decoder = decoders.Sequence(
        [
            decoders.ByteLevel(),
            decoders.Replace(f"{_MARK} ", ""),
            decoders.Replace(_MARK, ""),  # a model may generate the mark where it does not belong
            decoders.Strip(" ", 1, 0),
        ]
    )
    return core


def save_tokenizer(tokenizer: "PreTrainedTokenizerBase", folder: Path) -> None:
    """Save so that `AutoTokenizer.from_pretrained` of both transformers 4 and 5 loads it.

    For tokenizers without a class of their own, transformers 5 writes the class `TokenizersBackend`, which
    version 4 does not know.
    """
    tokenizer.save_pretrained(folder)
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    if config.get("tokenizer_class") == "TokenizersBackend":
        config["tokenizer_class"] = PORTABLE_CLASS
        path.write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
