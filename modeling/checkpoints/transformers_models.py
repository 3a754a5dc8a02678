"""Loading a model and its tokenizer with transformers: which kinds play, and what can go wrong."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from dataset_builder.common.errors import SubgoalError, UsageError, one_line
from dataset_builder.hub.errors import check_environment, machine_error
from modeling.runtime.quiet import quiet_libraries

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

_SAMPLE = "you are in the kitchen . the door to the hallway is open . you see a table and a glass of water"
_WRITERS = ("ForCausalLM", "LMHeadModel", "ForConditionalGeneration")
"""Endings of the architectures that write text."""

_GENERATION = "generation_config.json"
_SENTENCEPIECE = ("sentencepiece", "SentencePiece", "tiktoken")
"""Libraries that transformers asks for if a repository has a `spiece.model` only."""


class Loaded(NamedTuple):
    """A model, its tokenizer (None if it was not asked for) and its kind.

    Example:

    ```python
    model, tokenizer, kind = load_model("google/flan-t5-small", revision=None)
    kind  # "seq2seq"
    ```
    """

    model: "PreTrainedModel"
    tokenizer: "PreTrainedTokenizerBase | None"
    kind: str


def load_model(source: str, revision: str | None, with_tokenizer: bool = True) -> Loaded:
    """A seq2seq or causal model, from safetensors only and without running code of its repository.

    Args:
        source (`str`): folder or Hub id.
        revision (`str`, *optional*): branch, tag or commit on the Hub.
        with_tokenizer (`bool`, *optional*, defaults to `True`): load its tokenizer too.

    Raises:
        UsageError: if there is no such model, it does not write text, or it cannot be loaded.
        SubgoalError: if the Hub cannot be reached.
    """
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM

    folder = Path(source)
    options: dict[str, Any] = {"trust_remote_code": False}
    if not folder.is_dir():
        check_environment()
        options["revision"] = revision
    try:
        with quiet_libraries():
            kind = model_kind(source, AutoConfig.from_pretrained(source, **options))
            _check_generation_config(source, revision)
            factory: Any = AutoModelForSeq2SeqLM if kind == "seq2seq" else AutoModelForCausalLM
            # fp32 whatever the file holds, so that decisions are the same on every machine.
            model, info = factory.from_pretrained(
                source, dtype="float32", use_safetensors=True, output_loading_info=True, **options
            )
    except (SubgoalError, MemoryError):
        raise
    except Exception as error:  # damaged files raise all kinds of errors, even a plain `Exception`
        raise explain(source, error) from error
    if missing := sorted(info["missing_keys"]):
        raise UsageError(
            f"{source} lacks weights, such as {missing[0]}: its file is not that of a whole model."
        )
    tokenizer = load_tokenizer(source, revision) if with_tokenizer else None
    return Loaded(model, tokenizer, kind)


def _check_generation_config(source: str, revision: str | None) -> None:
    """Raise `UsageError` if the file is damaged: transformers would use its defaults and not say so."""
    path = repository_file(source, _GENERATION, revision)
    if path is None:
        return
    try:
        length = json.loads(path.read_text(encoding="utf-8")).get("max_new_tokens", 1)
        valid = length is None or (type(length) is int and length > 0)
        reason = "" if valid else f"max_new_tokens: {length!r}"
    except (OSError, ValueError, AttributeError) as error:  # unreadable, not JSON, not an object
        reason = one_line(error, 200)
    if reason:
        raise UsageError(
            f"{source}: its {_GENERATION} is damaged ({reason}): copy that file from the model's "
            "source again."
        )


def load_tokenizer(source: str, revision: str | None) -> "PreTrainedTokenizerBase":
    """The tokenizer of a folder or Hub id.

    Raises:
        UsageError: if it cannot be loaded, or does not know the words of a state text.
    """
    from transformers import AutoTokenizer

    options = {} if Path(source).is_dir() else {"revision": revision}
    try:
        with quiet_libraries():
            tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False, **options)
    except (SubgoalError, MemoryError):
        raise
    except Exception as error:  # damaged files raise all kinds of errors, even a plain `Exception`
        raise explain(source, error) from error
    _check_tokenizer(source, tokenizer)
    return tokenizer


def repository_file(source: str, name: str, revision: str | None = None) -> Path | None:
    """A file of a folder or Hub repository, on this machine; None if there is none of that name.

    Raises:
        UsageError: if there is no such repository or revision.
        SubgoalError: if the Hub cannot be reached.
    """
    from huggingface_hub.errors import LocalEntryNotFoundError
    from transformers.utils import cached_file

    if Path(source).is_dir():
        path = Path(source) / name
        return path if path.is_file() else None
    check_environment()
    try:
        cached = cached_file(source, name, revision=revision, _raise_exceptions_for_missing_entries=False)
    except OSError as error:
        # Without network, a repository is what the cache holds of it.
        if isinstance(error.__cause__, LocalEntryNotFoundError) and _is_cached(source, revision):
            return None
        raise explain(source, error) from error
    return Path(cached) if cached else None


def _is_cached(source: str, revision: str | None) -> bool:
    from huggingface_hub import try_to_load_from_cache

    names = ("config.json", "adapter_config.json")
    return any(isinstance(try_to_load_from_cache(source, name, revision=revision), str) for name in names)


def model_kind(name: str, config: "PretrainedConfig") -> str:
    """`seq2seq` or `causal`.

    Args:
        name (`str`): the model, for errors.
        config (`PretrainedConfig`): its config.

    Raises:
        UsageError: for models that do not write text: encoders, classifiers, vision and speech models.
    """
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_CAUSAL_LM_MAPPING,
        MODEL_FOR_MASKED_LM_MAPPING,
        MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING,
    )

    names = tuple(config.architectures or ())
    if not any(hasattr(config, part) for part in ("vision_config", "audio_config")):
        if config.is_encoder_decoder and type(config) in MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING:
            return "seq2seq"
        writes = any(architecture.endswith(_WRITERS) for architecture in names) or (
            not names and type(config) not in MODEL_FOR_MASKED_LM_MAPPING
        )
        if not config.is_encoder_decoder and writes and type(config) in MODEL_FOR_CAUSAL_LM_MAPPING:
            return "causal"
    raise UsageError(
        f"{name} is a {names[0] if names else config.model_type}, which does not read and write text: name a "
        "seq2seq model (such as T5) or a causal language model (such as Llama or Qwen)."
    )


def _check_tokenizer(name: str, tokenizer: "PreTrainedTokenizerBase") -> None:
    """Raise `UsageError` unless decoding restores most words of a state text.

    If a repository has no tokenizer files, transformers builds a tokenizer with an empty vocabulary.
    """
    read = tokenizer.decode(tokenizer(_SAMPLE)["input_ids"], skip_special_tokens=True)
    words = set(_SAMPLE.lower().split())
    if len(words & set(str(read).lower().split())) < len(words) / 2:
        raise UsageError(
            f"The tokenizer of {name} does not know the words of a state text: its files (tokenizer.json or "
            "spiece.model) are missing, or belong to another language."
        )


def explain(name: str, error: Exception) -> SubgoalError | OSError:
    """An error of transformers as one line with the remedy, or the error of the local cache behind it."""
    from huggingface_hub.constants import HF_HUB_CACHE
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    folder = Path(name)
    if not folder.is_dir() and (local := machine_error(error, HF_HUB_CACHE)):
        return local
    reason = one_line(error).partition(". ")[0][:200]
    if type(error).__name__ == "SafetensorError":
        return UsageError(f"The weights of {name} (model.safetensors) are damaged: {reason}")
    if "ignore_mismatched_sizes" in str(error):
        return UsageError(f"The weights of {name} do not have the sizes that its config.json names.")
    if isinstance(error.__cause__, LocalEntryNotFoundError):
        return SubgoalError(
            f"Cannot reach the Hub for the checkpoint {name}: check the network, or name a local folder "
            "(`hf download ID --local-dir FOLDER` makes one where there is a network)."
        )
    if isinstance(error.__cause__, HfHubHTTPError):
        return UsageError(f"No checkpoint {name} on the Hub: check name and revision, or `hf auth login`.")
    if any(word in str(error) for word in _SENTENCEPIECE):
        return UsageError(
            f"The tokenizer of {name} is a SentencePiece model that cannot be read: run `pip install "
            'sentencepiece protobuf`, or `pip install -e ".[sentencepiece]"` in the project. If both are '
            "installed, its file is damaged."
        )
    if "trust_remote_code" in str(error) or "custom code" in str(error):
        return UsageError(
            f"{name} needs code of its repository, which is not run: serve it with vLLM and name it as "
            "openai:MODEL with --base-url."
        )
    if "bitsandbytes" in str(error) or "quantiz" in str(error):
        return UsageError(
            f"{name} has quantized weights that cannot be loaded here ({reason}): name the model that it was "
            "quantized from (for an adapter, `base:` in a model description), or serve it as openai:MODEL."
        )
    if "model.safetensors" in str(error) and (not folder.is_dir() or any(folder.glob("*.bin"))):
        return UsageError(
            f"{name} has no weights in model.safetensors. If you trust its pytorch_model.bin, which can run "
            "code, convert it: load it with transformers, `.save_pretrained(FOLDER)`, and the tokenizer "
            "likewise."
        )
    return UsageError(f"{name} is not a model that can be loaded: {reason}")
