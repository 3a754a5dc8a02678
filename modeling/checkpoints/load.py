"""Checkpoints as folders or Hub repositories: loaded by name, identified by content."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataset_builder.common.errors import SubgoalError, UsageError, one_line
from dataset_builder.common.hub_errors import check_environment
from dataset_builder.common.hub_ids import is_path, public_name, split_revision
from modeling.runtime.quiet import quiet_libraries

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_SAMPLE = "you are in the kitchen . the door to the hallway is open . you see a table and a glass of water"
_CONFIG_FILES = ("*.json", "*.model", "*.txt", "*.jinja")
_RECORDS = {"training.json", "plan.json"}  # they do not affect answers
_SENTENCEPIECE = ("sentencepiece", "SentencePiece", "tiktoken")
"""Libraries that transformers asks for if a repository has a `spiece.model` only."""

_ADAPTER = (
    "holds a LoRA adapter, not a model: merge it into its base with peft (`AutoPeftModelForSeq2SeqLM"
    ".from_pretrained(ID).merge_and_unload().save_pretrained(FOLDER)`) and name that folder."
)


@dataclass(frozen=True)
class Checkpoint:
    """A loaded model with its tokenizer.

    Attributes:
        id: folder or Hub id as given, without the revision.
        revision: commit of a Hub repository; `sha256:…` over the weights of a folder.
        model: the weights.
        tokenizer: the tokenizer.
        files: `sha256:…` over the configs and tokenizer files of a folder, which affect answers too.

    Example:

    ```python
    checkpoint = load_checkpoint("release/executor")
    checkpoint.describe()  # {"id": "executor", "revision": "sha256:ba84…", "parameters": 1147904, …}
    ```
    """

    id: str
    revision: str
    model: "PreTrainedModel"
    tokenizer: "PreTrainedTokenizerBase"
    files: str = ""

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return sum(weights.numel() for weights in self.model.parameters())

    def describe(self) -> dict[str, Any]:
        """Provenance: public name, revision, parameters; hash of files and held-out tasks, if any."""
        record = {"id": public_name(self.id), "revision": self.revision, "parameters": self.parameters}
        held_out = getattr(self.model.config, "held_out_tasks", None)
        record |= {"files": self.files} if self.files else {}
        return record | ({"held_out_tasks": list(held_out)} if held_out else {})


def load_checkpoint(name: str, revision: str | None = None) -> Checkpoint:
    """Load a seq2seq checkpoint.

    Args:
        name (`str`): folder or Hub id; `id@revision` pins a Hub checkpoint.
        revision (`str`, *optional*): branch, tag or commit if the name does not contain one.

    Raises:
        UsageError: if there is no such checkpoint, it is not a seq2seq model, or its tokenizer does not
            know the words of a state text.
        SubgoalError: if the Hub cannot be reached.
    """
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    source, pinned = split_revision(name)
    revision = pinned or revision
    folder = Path(source)
    _check_folder(source, folder)
    if not folder.is_dir():
        check_environment()
    options: dict[str, Any] = {} if folder.is_dir() else {"revision": revision}
    try:
        with quiet_libraries():
            # fp32 whatever the file holds, so that decisions are the same on every machine.
            model = AutoModelForSeq2SeqLM.from_pretrained(
                source, dtype="float32", use_safetensors=True, **options
            )
            tokenizer = AutoTokenizer.from_pretrained(source, **options)
    except (OSError, ValueError, ImportError) as error:
        raise _explain(name, folder, error) from error
    if getattr(model, "_hf_peft_config_loaded", False):
        raise UsageError(f"{name} {_ADAPTER}")
    _check_tokenizer(name, tokenizer)
    if folder.is_dir():
        return Checkpoint(source, weights_hash(folder), model.eval(), tokenizer, files_hash(folder))
    return Checkpoint(source, _commit(source, revision), model.eval(), tokenizer)


def _commit(repo: str, revision: str | None) -> str:
    """Commit of the Hub checkpoint that was just loaded: the name of its folder in the cache."""
    from huggingface_hub import try_to_load_from_cache

    path = try_to_load_from_cache(repo, "config.json", revision=revision)
    return Path(path).parent.name if isinstance(path, str) else revision or ""


def _check_folder(source: str, folder: Path) -> None:
    if folder.is_dir():
        if (folder / "adapter_config.json").is_file() and not (folder / "config.json").is_file():
            raise UsageError(f"{source} {_ADAPTER}")
        if not (folder / "config.json").is_file():
            raise UsageError(f"{source} has no config.json: name a checkpoint folder of `subgoal train`.")
    elif is_path(source):
        raise UsageError(f"There is no checkpoint folder {source}: `subgoal train` makes one.")


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


def _explain(name: str, folder: Path, error: Exception) -> SubgoalError:
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    reason = one_line(error).partition(". ")[0][:200]
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
    if "model.safetensors" in str(error) and (not folder.is_dir() or any(folder.glob("*.bin"))):
        return UsageError(
            f"{name} has no weights in model.safetensors. If you trust its pytorch_model.bin, which can run "
            "code, convert it: `AutoModelForSeq2SeqLM.from_pretrained(ID)"
            ".save_pretrained(FOLDER)`, and the tokenizer likewise."
        )
    return UsageError(f"{name} is not a seq2seq checkpoint that can be loaded: {reason}")


def weights_hash(folder: Path) -> str:
    """`sha256:…` over the weight files of a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return f"sha256:{digest.hexdigest()}"


def files_hash(folder: Path) -> str:
    """`sha256:…` over the configs and tokenizer files of a folder, which affect answers as the weights do."""
    digest = hashlib.sha256()
    names = {path.name for pattern in _CONFIG_FILES for path in folder.glob(pattern)} - _RECORDS
    for name in sorted(names):
        digest.update(f"{name}\0{hashlib.sha256((folder / name).read_bytes()).hexdigest()}\n".encode())
    return f"sha256:{digest.hexdigest()}"
