"""Telling folders from Hub ids, and ids from their revisions."""

import re
from pathlib import Path

from dataset_builder.common.errors import UsageError, clip

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}(@[\w./-]{1,100})?")


def split_revision(name: str) -> tuple[str, str | None]:
    """`NAMESPACE/NAME@REVISION` as a pair of id and revision; a folder's name is not split."""
    if Path(name).exists() or "@" not in name:
        return name, None
    repo, _, revision = name.rpartition("@")
    return repo, revision


def is_path(name: str) -> bool:
    """Whether a name can only be a path: something is there, or a Hub id does not have this form."""
    return Path(name).exists() or name.count("/") > 1 or name.startswith((".", "~", "/"))


def is_folder(name: str) -> bool:
    """Whether a name is that of a folder, and not `NAMESPACE/NAME`; the folder may be gone by now."""
    return is_path(name) or "/" not in name


def public_name(source: str | Path) -> str:
    """The name of a dataset or checkpoint in results and pages: a Hub id, or a folder's name without path.

    The path of a folder is private. Folders with the same name are distinguished by a hash of their content.
    """
    text = str(source)
    return (Path(text).resolve().name if is_folder(text) else text) or text


def check_repo_id(repo_id: str) -> None:
    """Raise `UsageError` unless this is the id of a repository that one can push to, without a revision."""
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(repo_id)
        if repo_id.count("/") == 1:
            return
    except HFValidationError:
        pass
    raise UsageError(
        f"{repo_id!r} is not the name of a repository: use NAMESPACE/NAME, of letters, digits, '-', '_', '.'."
    )


def is_hub_id(name: str) -> bool:
    """Whether a text has the form `NAMESPACE/NAME` or `NAMESPACE/NAME@REVISION`."""
    return _HUB_ID.fullmatch(name) is not None


def check_hub_id(name: str) -> None:
    """Raise `UsageError` unless this is a Hub id: a visitor never names a folder of this machine."""
    if not is_hub_id(name) or ".." in name or Path(name.split("@")[0]).exists():
        raise UsageError(f"{clip(name)!r} is not a Hub id: write NAMESPACE/NAME, for both models.")
