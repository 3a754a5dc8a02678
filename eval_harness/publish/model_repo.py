"""A model in a folder or on the Hub: its files and weights are read, and files are written."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

from dataset_builder.common.errors import UsageError
from dataset_builder.common.files import write_atomically
from dataset_builder.hub.errors import reading
from dataset_builder.hub.ids import is_folder
from dataset_builder.hub.push_folder import Pushed, push_folder
from modeling.checkpoints.load import weights_hash
from modeling.checkpoints.model_card import placeholder

_WEIGHTS = "*.safetensors"


def open_model(location: str, revision: str | None = None, private: bool = False) -> "ModelSource":
    """The model in a folder or in a repository.

    Args:
        location (`str`): folder, or `NAMESPACE/NAME` on the Hub.
        revision (`str`, *optional*): branch, tag or commit to read; branch to write to.
        private (`bool`, *optional*, defaults to `False`): the repository must be private.

    Raises:
        UsageError: if neither exists, or a revision is given for a folder.
        SubgoalError: if the Hub cannot be reached.
    """
    if Path(location).is_dir():
        if revision or private:
            raise UsageError(f"{location} is a folder: --revision and --private are for the Hub, drop them.")
        return ModelFolder(Path(location))
    if is_folder(location):
        raise UsageError(f"There is no model folder {location}: name one, or NAMESPACE/NAME on the Hub.")
    return HubModel(location, revision, private)


class ModelFolder:
    """A model in the folder of a checkpoint. `namespace`, its owner on the Hub, is None.

    Example:

    ```python
    model = ModelFolder(Path("release/executor"))
    model.weights()  # "sha256:…"
    model.write({"README.md": card}, "Update the card").changed  # False if it is up to date
    ```
    """

    namespace: str | None = None

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def name(self) -> str:
        """The name of its future repository if the role is known, else the folder's name."""
        try:
            role = json.loads(self.read("config.json") or "{}")["subgoal_role"]
        except (ValueError, KeyError, TypeError):
            return self.folder.resolve().name
        return placeholder(role).rpartition("/")[2]

    def read(self, path: str) -> str | None:
        """A text file of the model, None if it does not have this file."""
        file = self.folder / path
        return _text(file) if file.is_file() else None

    def weights(self) -> str | None:
        """`sha256:…` over the weights, as runs record it; None if there are none."""
        return weights_hash(self.folder) if any(self.folder.glob(_WEIGHTS)) else None

    def write(self, files: Mapping[str, str], message: str) -> Pushed:
        """Write text files (path → text), each atomically; files that are up to date are not touched."""
        changed = {path: text for path, text in files.items() if self.read(path) != text}
        try:
            for path, text in changed.items():
                (self.folder / path).parent.mkdir(exist_ok=True)
                write_atomically(self.folder / path, text)
        except PermissionError as error:
            raise UsageError(f"Cannot write to {self.folder}: {error.strerror}.") from error
        return Pushed(str(self.folder), "", bool(changed))


class HubModel:
    """A model repository, read at one commit.

    Args:
        repo_id (`str`): `NAMESPACE/NAME`.
        revision (`str`, *optional*): branch, tag or commit; a branch that does not exist yet is read at
            `main`, where it will begin.
        private (`bool`, *optional*, defaults to `False`): a public repository is not written to.

    Raises:
        UsageError: if there is no such repository or commit.
        SubgoalError: if the Hub cannot be reached.

    Example:

    ```python
    model = HubModel("namespace/executor", revision="main")
    model.commit, model.weights()
    model.write({"README.md": card}, "Update the card")
    ```
    """

    def __init__(self, repo_id: str, revision: str | None = None, private: bool = False) -> None:
        from huggingface_hub import HfApi
        from huggingface_hub.constants import REGEX_COMMIT_OID
        from huggingface_hub.errors import RevisionNotFoundError

        self.repo_id, self.revision, self.private = repo_id, revision, private
        self.namespace, _, self.name = repo_id.partition("/")
        self._api = HfApi()
        with reading(repo_id):
            try:
                self.commit = self._api.model_info(repo_id, revision=revision).sha
            except RevisionNotFoundError as error:
                if revision and REGEX_COMMIT_OID.fullmatch(revision):
                    raise UsageError(f"{repo_id} has no commit {revision}.") from error
                self.commit = self._api.model_info(repo_id).sha

    def read(self, path: str) -> str | None:
        """A text file of the model, None if it does not have this file."""
        from huggingface_hub.errors import RemoteEntryNotFoundError

        with reading(self.repo_id):
            try:
                return _text(Path(self._api.hf_hub_download(self.repo_id, path, revision=self.commit)))
            except RemoteEntryNotFoundError:
                return None

    def weights(self) -> str | None:
        """`sha256:…` over the weights, as runs record it; None if there are none."""
        from huggingface_hub.hf_api import RepoFile

        with reading(self.repo_id):
            files = self._api.list_repo_tree(self.repo_id, revision=self.commit)
            weights = [f for f in files if isinstance(f, RepoFile) and Path(f.path).match(_WEIGHTS)]
            if not weights:
                return None
            if len(weights) == 1 and weights[0].lfs is not None:
                return f"sha256:{weights[0].lfs.sha256}"  # the Hub knows the hash
            paths = [self._api.hf_hub_download(self.repo_id, f.path, revision=self.commit) for f in weights]
        return weights_hash(Path(paths[0]).parent)

    def write(self, files: Mapping[str, str], message: str) -> Pushed:
        """Write text files (path → text) in one commit; none is made if they are up to date."""
        with tempfile.TemporaryDirectory() as empty:
            return push_folder(
                empty,
                self.repo_id,
                repo_type="model",
                private=self.private,
                revision=self.revision,
                message=message,
                contents={path: text.encode() for path, text in files.items()},
            )


ModelSource = ModelFolder | HubModel


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode()  # keeps the line endings
    except UnicodeDecodeError as error:
        raise UsageError(f"{file.name} is not UTF-8: correct it in the model's repository.") from error
