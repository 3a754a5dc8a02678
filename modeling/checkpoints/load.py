"""Checkpoints as folders or Hub repositories: loaded by name, identified by content."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataset_builder.common.errors import UsageError
from dataset_builder.hub.ids import is_path, public_name, split_revision
from modeling.checkpoints.adapters import ADAPTER_CONFIG, find_adapter, load_adapted
from modeling.checkpoints.description import DESCRIPTION_FILE, ModelDescription, repository_description
from modeling.checkpoints.transformers_models import load_model, repository_file
from modeling.prompts.template import template_names

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

KINDS = ("seq2seq", "causal")
"""Kinds of model that play."""

_CONFIG_FILES = ("*.json", "*.model", "*.txt", "*.jinja", DESCRIPTION_FILE)
_RECORDS = {"training.json", "plan.json"}  # they do not affect answers


@dataclass(frozen=True)
class Checkpoint:
    """A loaded model with its tokenizer.

    Attributes:
        id: folder or Hub id as given, without the revision.
        revision: commit of a Hub repository; `sha256:…` over the weights of a folder.
        model: the weights.
        tokenizer: the tokenizer.
        files: `sha256:…` over the configs and tokenizer files of a folder, which affect answers too.
        kind: `seq2seq` or `causal`.
        base: `describe()` of an adapter's base model; the adapter is merged into the weights.
        description: what the model's folder says about its use.

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
    kind: str = "seq2seq"
    base: dict[str, Any] | None = None
    description: ModelDescription = field(default_factory=ModelDescription)

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return sum(weights.numel() for weights in self.model.parameters())

    def describe(self) -> dict[str, Any]:
        """Provenance: `id`, `revision`, `parameters`, `kind`; if any, `files`, `base`, `held_out_tasks`."""
        record: dict[str, Any] = {
            "id": public_name(self.id),
            "revision": self.revision,
            "parameters": self.parameters,
            "kind": "adapter" if self.base else self.kind,
        }
        held_out = getattr(self.model.config, "held_out_tasks", None) or self.description.held_out_tasks
        record |= {"files": self.files} if self.files else {}
        record |= {"base": self.base} if self.base else {}
        return record | ({"held_out_tasks": list(held_out)} if held_out else {})


def load_checkpoint(
    name: str, revision: str | None = None, base: str | None = None, kinds: Sequence[str] = KINDS
) -> Checkpoint:
    """Load a model, or an adapter with its base.

    Args:
        name (`str`): folder or Hub id; `id@revision` pins a Hub checkpoint.
        revision (`str`, *optional*): branch, tag or commit if the name does not contain one.
        base (`str`, *optional*): base of an adapter, if not the one that it names.
        kinds (`Sequence[str]`, *optional*, defaults to `KINDS`): kinds that the caller can use.

    Raises:
        UsageError: if there is no such checkpoint, it is of another kind, or its tokenizer does not know
            the words of a state text.
        SubgoalError: if the Hub cannot be reached.
    """
    source, pinned = split_revision(name)
    revision = pinned or revision
    folder = Path(source)
    _check_folder(source, folder)
    adapter = find_adapter(source, revision, base)
    if adapter is not None:
        model, tokenizer, kind = load_adapted(adapter)
        base_id, base_commit = public_name(adapter.base), _identity(adapter.base, adapter.base_revision)
        base_record = {"id": base_id, "revision": base_commit}
    else:
        model, tokenizer, kind = load_model(source, revision)
        base_record = None
    assert tokenizer is not None
    if kind not in kinds:
        raise UsageError(f"{name} is a {kind} model; this needs a {' or '.join(kinds)} model.")
    return Checkpoint(
        source,
        weights_hash(folder) if folder.is_dir() else _commit(source, revision),
        model.eval(),
        tokenizer,
        files_hash(folder) if folder.is_dir() else "",
        kind,
        base_record,
        _description(source, revision),
    )


def _identity(source: str, revision: str | None) -> str:
    """Commit of a Hub repository, or hash of a folder's weights."""
    return weights_hash(Path(source)) if Path(source).is_dir() else _commit(source, revision)


def _description(source: str, revision: str | None) -> ModelDescription:
    """What the folder or repository says about the use of its model."""
    path = repository_file(source, DESCRIPTION_FILE, revision)
    if path is None:
        return ModelDescription()
    description = repository_description(path)
    if description.prompt not in (None, *template_names()):
        repository_file(source, Path(str(description.prompt)).name, revision)
    return description


def _commit(repo: str, revision: str | None) -> str:
    """Commit of the Hub checkpoint that was just loaded: the name of its folder in the cache."""
    from huggingface_hub import try_to_load_from_cache

    for name in (ADAPTER_CONFIG, "config.json"):
        path = try_to_load_from_cache(repo, name, revision=revision)
        if isinstance(path, str):
            return Path(path).parent.name
    return revision or ""


def _check_folder(source: str, folder: Path) -> None:
    if folder.is_dir():
        if not any((folder / name).is_file() for name in ("config.json", ADAPTER_CONFIG)):
            raise UsageError(f"{source} has no config.json: name a checkpoint folder of `subgoal train`.")
    elif is_path(source):
        raise UsageError(f"There is no checkpoint folder {source}: `subgoal train` makes one.")


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
