"""PEFT adapters: the base model is loaded by its id, and the adapter is merged into its weights."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataset_builder.common.errors import SubgoalError, UsageError, one_line
from dataset_builder.hub.ids import is_path, split_revision
from modeling.checkpoints.transformers_models import Loaded, load_model, load_tokenizer, repository_file
from modeling.runtime.quiet import quiet_libraries

if TYPE_CHECKING:
    from transformers import PreTrainedModel

ADAPTER_CONFIG = "adapter_config.json"
_WEIGHTS = "adapter_model.safetensors"
_TOKENIZER = ("tokenizer_config.json", "tokenizer.json", "special_tokens_map.json", "chat_template.jinja")


@dataclass(frozen=True)
class Adapter:
    """The files of an adapter on this machine.

    Attributes:
        name: folder or Hub id, for errors.
        folder: holds adapter_config.json and the weights.
        base: folder or Hub id of the base model.
        base_revision: branch, tag or commit of the base, if the adapter names one.

    Example:

    ```python
    adapter = find_adapter("runs/flat-lora", revision=None)
    adapter.base  # "HuggingFaceTB/SmolLM2-135M-Instruct"
    model, tokenizer, kind = load_adapted(adapter)
    ```
    """

    name: str
    folder: Path
    base: str
    base_revision: str | None


def find_adapter(source: str, revision: str | None, base: str | None = None) -> Adapter | None:
    """The adapter that a folder or Hub repository holds; None if it holds none.

    Args:
        source (`str`): folder or Hub id.
        revision (`str`, *optional*): branch, tag or commit on the Hub.
        base (`str`, *optional*): folder or Hub id (`id@revision`) of the base, in place of the one that
            the adapter names.

    Raises:
        UsageError: if its base is not named, or is a folder that is not here; or its weights are not in
            safetensors.
        SubgoalError: if the Hub cannot be reached.
    """
    config_file = repository_file(source, ADAPTER_CONFIG, revision)
    if config_file is None:
        return None
    try:
        config = json.loads(config_file.read_text(encoding="utf-8"))
        named = config["base_model_name_or_path"]
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{source}: {ADAPTER_CONFIG} does not name its base ({one_line(error)}).") from error
    if base:
        named, base_revision = split_revision(base)
    else:
        base_revision = config.get("revision")
    if not named or (is_path(str(named)) and not Path(named).is_dir()):
        raise UsageError(
            f"The adapter {source} names {named!r} as its base, which is not here: write a model description "
            "with `base:` (`subgoal models describe ID --base BASE --out mine.yaml`) and name that file."
        )
    if repository_file(source, _WEIGHTS, revision) is None:
        raise UsageError(
            f"The adapter {source} has no weights in {_WEIGHTS}: save it again with peft, which writes that "
            "file; other formats can run code."
        )
    for name in _TOKENIZER:  # beside the config, where peft and transformers look for them
        repository_file(source, name, revision)
    return Adapter(source, config_file.parent, str(named), base_revision)


def load_adapted(adapter: Adapter) -> Loaded:
    """The base with the adapter merged into its weights.

    Raises:
        UsageError: if peft is not installed, or the adapter does not fit its base or cannot be merged.
        SubgoalError: if the Hub cannot be reached for the base.
    """
    own_tokenizer = (adapter.folder / _TOKENIZER[0]).is_file()
    try:
        base = load_model(adapter.base, adapter.base_revision, with_tokenizer=not own_tokenizer)
    except SubgoalError as error:
        raise type(error)(f"The base of the adapter {adapter.name}: {error}") from error
    tokenizer = load_tokenizer(str(adapter.folder), None) if own_tokenizer else base.tokenizer
    assert tokenizer is not None
    model: Any = base.model
    if len(tokenizer) > model.get_input_embeddings().num_embeddings:  # tokens were added in training
        model.resize_token_embeddings(len(tokenizer))
    return Loaded(_merged(adapter, model), tokenizer, base.kind)


def _merged(adapter: Adapter, model: "PreTrainedModel") -> "PreTrainedModel":
    try:
        from peft import PeftModel
    except ImportError as error:
        raise UsageError(
            f"{adapter.name} is an adapter, which needs peft: run `pip install peft`, or `pip install -e "
            '".[lora]"` in the project.'
        ) from error
    try:
        with quiet_libraries():
            adapted: Any = PeftModel.from_pretrained(model, str(adapter.folder))
    except (RuntimeError, ValueError, KeyError, TypeError, OSError) as error:
        raise UsageError(
            f"The adapter {adapter.name} does not fit its base {adapter.base}: {one_line(error, 200)}"
        ) from error
    if not hasattr(adapted.base_model, "merge_and_unload"):
        kind = adapted.peft_config["default"].peft_type.value
        raise UsageError(
            f"{adapter.name} is an adapter of the type {kind}, which cannot be merged into its base: serve "
            "it with vLLM and name it as openai:MODEL with --base-url."
        )
    merged: PreTrainedModel = adapted.merge_and_unload()
    return merged
