"""Checkpoints as folders or Hub repositories: loaded by name, identified by content."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.common.hub_ids import public_name, split_revision
from modeling.runtime.quiet import quiet_libraries

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True)
class Checkpoint:
    """A loaded model with its tokenizer.

    Attributes:
        id: folder or Hub id as given, without the revision.
        revision: commit of a Hub repository; `sha256:…` over the weights of a folder.
        model: the weights.
        tokenizer: the tokenizer.
    """

    id: str
    revision: str
    model: "PreTrainedModel"
    tokenizer: "PreTrainedTokenizerBase"

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return sum(weights.numel() for weights in self.model.parameters())

    def describe(self) -> dict[str, Any]:
        """Provenance: id (of a folder its name), revision, parameters, and tasks held out, if any."""
        found = {"id": public_name(self.id), "revision": self.revision, "parameters": self.parameters}
        held_out = getattr(self.model.config, "held_out_tasks", None)
        return found | ({"held_out_tasks": list(held_out)} if held_out else {})


def load_checkpoint(name: str, revision: str | None = None) -> Checkpoint:
    """Load a seq2seq checkpoint.

    Args:
        name (`str`): folder or Hub id; `id@revision` pins a Hub checkpoint.
        revision (`str`, *optional*): branch, tag or commit if the name carries none.

    Raises:
        UsageError: if there is no such checkpoint, or it is no seq2seq model.
        SubgoalError: if the Hub cannot be reached.
    """
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    source, pinned = split_revision(name)
    revision = pinned or revision
    folder = Path(source)
    _check_folder(source, folder)
    options: dict[str, Any] = {} if folder.is_dir() else {"revision": revision}
    try:
        with quiet_libraries():
            # Computing in 32 bits whatever the file holds: the same decisions on every machine.
            model = AutoModelForSeq2SeqLM.from_pretrained(
                source, dtype="float32", use_safetensors=True, **options
            )
            tokenizer = AutoTokenizer.from_pretrained(source, **options)
    except (OSError, ValueError) as error:
        raise _explain(name, folder, error) from error
    found = weights_hash(folder) if folder.is_dir() else _commit(source, revision)
    return Checkpoint(source, found, model.eval(), tokenizer)


def _commit(repo: str, revision: str | None) -> str:
    """Commit that a Hub checkpoint was just loaded from: the cache has a folder of that name."""
    from huggingface_hub import try_to_load_from_cache

    path = try_to_load_from_cache(repo, "config.json", revision=revision)
    return Path(path).parent.name if isinstance(path, str) else revision or ""


def _check_folder(source: str, folder: Path) -> None:
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise UsageError(f"{source} is no checkpoint: it has no config.json. `subgoal train` makes one.")
    elif folder.is_file() or source.count("/") > 1 or source.startswith((".", "~")):
        raise UsageError(f"There is no checkpoint folder {source}: `subgoal train` makes one.")


def _explain(name: str, folder: Path, error: Exception) -> SubgoalError:
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    reason = " ".join(str(error).split()).partition(". ")[0][:200]
    if isinstance(error.__cause__, LocalEntryNotFoundError):
        return SubgoalError(
            f"Cannot reach the Hub for the checkpoint {name}: check the network, or name a local folder "
            "(`hf download ID --local-dir FOLDER` makes one where there is a network)."
        )
    if isinstance(error.__cause__, HfHubHTTPError):
        return UsageError(f"No checkpoint {name} on the Hub: check name and revision, or `hf auth login`.")
    return UsageError(f"{name} is no seq2seq checkpoint that can be loaded: {reason}")


def weights_hash(folder: Path) -> str:
    """`sha256:…` over the weight files of a folder."""
    digest = hashlib.sha256()
    for path in _weight_files(folder):
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return f"sha256:{digest.hexdigest()}"


def _weight_files(folder: Path) -> Sequence[Path]:
    return sorted(folder.glob("*.safetensors"))
