"""Where a model lies, a folder or a repository on the Hub: its weights, its files, and how they change."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from dataset_builder.common.errors import UsageError
from dataset_builder.common.files import write_atomically
from dataset_builder.common.hub import Pushed, push_folder
from dataset_builder.common.hub_errors import reading
from dataset_builder.common.hub_ids import is_folder
from modeling.checkpoints.load import weights_hash
from modeling.checkpoints.model_card import placeholder

_WEIGHTS = "*.safetensors"


class ModelHome(Protocol):
    """What a result is written to."""

    @property
    def name(self) -> str:
        """The model's name."""

    @property
    def namespace(self) -> str | None:
        """Whose it is on the Hub, None for a folder."""

    def read(self, path: str) -> str | None:
        """A text file of the model, None if it has no such file."""

    def weights(self) -> str | None:
        """`sha256:…` over the weights, as runs record it; None if there are none."""

    def write(self, files: Mapping[str, str], message: str) -> Pushed:
        """Write text files; nothing happens if they are there already.

        On the Hub it is one commit. In a folder each file is replaced whole, one after the other.
        """
        ...


def model_home(place: str, revision: str | None = None, private: bool = False) -> ModelHome:
    """The model in a folder or in a repository.

    Args:
        place (`str`): folder, or `NAMESPACE/NAME` on the Hub.
        revision (`str`, *optional*): branch, tag or commit to read; branch to write to.
        private (`bool`, *optional*, defaults to `False`): the repository must be private.

    Raises:
        UsageError: if there is neither, or a revision is named for a folder.
        SubgoalError: if the Hub cannot be reached.
    """
    if Path(place).is_dir():
        if revision or private:
            raise UsageError(
                f"{place} is a folder: --revision and --private are for the Hub, leave them out."
            )
        return ModelFolder(Path(place))
    if is_folder(place):
        raise UsageError(f"There is no model folder {place}: name one, or NAMESPACE/NAME on the Hub.")
    return HubModel(place, revision, private)


class ModelFolder:
    """A checkpoint's folder."""

    namespace: str | None = None

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def name(self) -> str:
        """What its repository will be called, as far as its role tells."""
        try:
            role = json.loads(self.read("config.json") or "{}")["subgoal_role"]
        except (ValueError, KeyError, TypeError):
            return self.folder.resolve().name
        return placeholder(role).rpartition("/")[2]

    def read(self, path: str) -> str | None:
        file = self.folder / path
        return _text(file) if file.is_file() else None

    def weights(self) -> str | None:
        return weights_hash(self.folder) if any(self.folder.glob(_WEIGHTS)) else None

    def write(self, files: Mapping[str, str], message: str) -> Pushed:
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
        revision (`str`, *optional*): branch, tag or commit; a branch that is not there yet is read where it
            will begin, at `main`.
        private (`bool`, *optional*, defaults to `False`): a public repository is not written to.

    Raises:
        UsageError: if there is no such repository or commit.
        SubgoalError: if the Hub cannot be reached.
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
        from huggingface_hub.errors import RemoteEntryNotFoundError

        with reading(self.repo_id):
            try:
                return _text(Path(self._api.hf_hub_download(self.repo_id, path, revision=self.commit)))
            except RemoteEntryNotFoundError:
                return None

    def weights(self) -> str | None:
        from huggingface_hub.hf_api import RepoFile

        with reading(self.repo_id):
            files = self._api.list_repo_tree(self.repo_id, revision=self.commit)
            found = [file for file in files if isinstance(file, RepoFile) and Path(file.path).match(_WEIGHTS)]
            if not found:
                return None
            if len(found) == 1 and found[0].lfs is not None:
                return f"sha256:{found[0].lfs.sha256}"  # what the Hub knows need not be loaded
            paths = [self._api.hf_hub_download(self.repo_id, f.path, revision=self.commit) for f in found]
        return weights_hash(Path(paths[0]).parent)

    def write(self, files: Mapping[str, str], message: str) -> Pushed:
        with tempfile.TemporaryDirectory() as nothing:
            return push_folder(
                nothing,
                self.repo_id,
                repo_type="model",
                private=self.private,
                revision=self.revision,
                message=message,
                contents={path: text.encode() for path, text in files.items()},
            )


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode()  # line ends stay as they are
    except UnicodeDecodeError as error:
        raise UsageError(f"{file.name} is not UTF-8: correct it in the model's repository.") from error
