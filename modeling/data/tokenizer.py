"""Train a tokenizer on the texts of a corpus: words in one token each, in whatever place they stand."""

import json
from collections.abc import Iterable
from itertools import chain, repeat
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

# Not T5's "</s>": the paper's state text contains that as text.
PAD, EOS = "<pad>", "<eos>"
PORTABLE_CLASS = "PreTrainedTokenizerFast"

# `kitchen` must be the same token in "teleport to kitchen" and in "navigate_to(kitchen)": a model
# that reads one and writes the other then copies instead of translating. Byte-level BPE glues a
# blank to the front of each word, so a word without one is given a blank and a mark that takes it
# back. The mark is a private-use character and melts into the punctuation before it ("(" + mark).
_MARK = "\ue000"
_BARE_WORD = r"(?<=[^\sA-Za-z])(?=[A-Za-z])"


def train_tokenizer(
    texts: Iterable[str],
    vocab_size: int = 2048,
    min_frequency: int = 2,
    max_length: int = 512,
    words: Iterable[str] = (),
) -> "PreTrainedTokenizerFast":
    """A byte-level BPE tokenizer: nothing is unknown, and decoding gives back the exact text.

    Digits are tokens of their own, and an end mark is appended as T5's tokenizer does.

    Args:
        texts (`Iterable[str]`): inputs and targets of the corpus.
        vocab_size (`int`, *optional*, defaults to 2048): at most so many tokens; 256 bytes included.
        min_frequency (`int`, *optional*, defaults to 2): a rarer pair of tokens is not merged.
        max_length (`int`, *optional*, defaults to 512): longest input, kept for information.
        words (`Iterable[str]`, *optional*): further words that get a token each as far as `vocab_size`
            allows: a name spelled in pieces is harder to copy.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from tokenizers.trainers import BpeTrainer
    from transformers import PreTrainedTokenizerFast

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
            decoders.Replace(_MARK, ""),  # a model may write one where it belongs nowhere
            decoders.Strip(" ", 1, 0),
        ]
    )
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


def save_tokenizer(tokenizer: "PreTrainedTokenizerBase", folder: Path) -> None:
    """Save so that transformers 4 and 5 load it alike with `AutoTokenizer.from_pretrained`.

    transformers 5 writes `TokenizersBackend` as the class of a tokenizer that has none of its own;
    version 4 does not know that name.
    """
    tokenizer.save_pretrained(folder)
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    if config.get("tokenizer_class") == "TokenizersBackend":
        config["tokenizer_class"] = PORTABLE_CLASS
        path.write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
