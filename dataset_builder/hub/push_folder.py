"""Publishing a folder in Hub layout: one commit, which a second push does not repeat."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import huggingface_hub
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.constants import REGEX_COMMIT_OID
from huggingface_hub.utils import (
    DEFAULT_IGNORE_PATTERNS,
    are_progress_bars_disabled,
    disable_progress_bars,
    enable_progress_bars,
    filter_repo_objects,
    logging,
)

from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.common.folder_lock import LOCK_FILES
from dataset_builder.hub.errors import BAD_TOKEN, pushing
from dataset_builder.hub.ids import check_repo_id

DATASET_ID = "NAMESPACE/scienceworld-subgoals"
"""Placeholder in a local dataset card for the id of the repository that it is pushed to."""


@dataclass(frozen=True)
class Pushed:
    """The result of a push.

    Attributes:
        url: page of the repository, at the branch if one was named.
        commit: sha of the newest commit there.
        changed: whether the push made that commit; if not, the files were there already.

    Example:

    ```python
    >>> print(Pushed("https://huggingface.co/datasets/me/subgoals", "3f2a1b0", changed=True))
    Pushed: https://huggingface.co/datasets/me/subgoals (commit 3f2a1b0)
    ```
    """

    url: str
    commit: str
    changed: bool

    def __str__(self) -> str:
        """What a command prints of it."""
        verb = ("Pushed" if self.commit else "Written") if self.changed else "Nothing has changed"
        return f"{verb}: {self.url}" + (f" (commit {self.commit})" if self.commit else "")


def push_folder(
    folder: str | Path,
    repo_id: str,
    *,
    repo_type: str,
    private: bool = False,
    revision: str | None = None,
    message: str = "Upload the folder",
    contents: Mapping[str, bytes] | None = None,
    replaces: Sequence[str] = (),
    ignore: Sequence[str] = (),
    space_sdk: str | None = None,
) -> Pushed:
    """Make a repository on the Hub equal a folder, in one commit; none if it does already.

    Repository and branch are created if missing. Large files that an interrupted push has uploaded are
    not sent again. The token is the one of `hf auth login` or `HF_TOKEN`.

    Args:
        folder (`str` or `Path`): what to publish.
        repo_id (`str`): `NAMESPACE/NAME`.
        repo_type (`str`): `dataset`, `model` or `space`.
        private (`bool`, *optional*, defaults to `False`): create it private.
        revision (`str`, *optional*): branch to commit to; by default `main`.
        message (`str`, *optional*): the commit's.
        contents (`Mapping[str, bytes]`, *optional*): path → content, in place of the folder's files.
        replaces (`Sequence[str]`, *optional*): patterns of remote files that are deleted if the folder
            does not have them; others stay.
        ignore (`Sequence[str]`, *optional*): patterns of files in the folder to exclude.
        space_sdk (`str`, *optional*): `gradio`, …; a space needs it.

    Raises:
        UsageError: for a bad id or branch, a missing folder, or a public repository that was to be private.
        SubgoalError: if there is no token, or the Hub refuses or cannot be reached.

    Example:

    ```python
    pushed = push_folder("checkpoint", "NAMESPACE/controller", repo_type="model", ignore=["*.tmp"])
    print(pushed.url, pushed.commit)
    ```
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder} to push.")
    check_repo_id(repo_id)
    if revision and REGEX_COMMIT_OID.fullmatch(revision):
        raise UsageError(f"{revision} is a commit: a push goes to a branch, name one.")
    api = HfApi(token=_token())
    additions = _additions(folder, contents or {}, ignore)
    with _quiet(), pushing(repo_id):
        url = api.create_repo(
            repo_id, repo_type=repo_type, private=private or None, exist_ok=True, space_sdk=space_sdk
        )
        if revision:
            api.create_branch(repo_id, branch=revision, repo_type=repo_type, exist_ok=True)
        # The commit is based on what the repository holds now: another push in between is refused by the
        # Hub (status 412) and not overwritten. `create_commit` makes none if nothing differs.
        there = api.repo_info(repo_id, repo_type=repo_type, revision=revision)
        if private and not there.private:
            raise UsageError(
                f"{repo_id} exists and is public: make it private in its settings, or omit --private."
            )
        remote = api.list_repo_files(repo_id, repo_type=repo_type, revision=there.sha)
        ours = {addition.path_in_repo for addition in additions}
        stale = set(filter_repo_objects(remote, allow_patterns=list(replaces))) - ours if replaces else set()
        commit = api.create_commit(
            repo_id,
            [*additions, *(CommitOperationDelete(path) for path in sorted(stale))],
            commit_message=message,
            repo_type=repo_type,
            revision=revision,
            parent_commit=there.sha,
        )
    return Pushed(f"{url}/tree/{revision}" if revision else str(url), commit.oid, commit.oid != there.sha)


def _additions(
    folder: Path, contents: Mapping[str, bytes], ignore: Sequence[str]
) -> list[CommitOperationAdd]:
    paths = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]
    kept = filter_repo_objects(paths, ignore_patterns=[*DEFAULT_IGNORE_PATTERNS, *LOCK_FILES, *ignore])
    sources: dict[str, bytes | Path] = {path: folder / path for path in kept} | dict(contents)
    return [CommitOperationAdd(path, source) for path, source in sources.items()]


def _token() -> str:
    token = huggingface_hub.get_token()
    if token is None:
        raise SubgoalError("No Hugging Face token was found: run `hf auth login`, or set HF_TOKEN.")
    # Such a token would be quoted in the error of the library that composes the request.
    if not token.isascii() or not token.isprintable():
        raise SubgoalError(BAD_TOKEN)
    return token


@contextmanager
def _quiet() -> Iterator[None]:
    """No warnings of the library, and its bars only where somebody can watch them."""
    verbosity, hidden = logging.get_verbosity(), are_progress_bars_disabled()
    logging.set_verbosity_error()
    if not sys.stderr.isatty():
        disable_progress_bars()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if not hidden:
            enable_progress_bars()
