"""Telling folders from Hub ids, and ids from their revisions."""

import re
from pathlib import Path

from dataset_builder.common.errors import UsageError, clip


def split_revision(name: str) -> tuple[str, str | None]:
    """`NAMESPACE/NAME@REVISION` as a pair; folders are left whole."""
    if Path(name).exists() or "@" not in name:
        return name, None
    repo, _, revision = name.rpartition("@")
    return repo, revision


def public_name(source: str | Path) -> str:
    """What results and pages call a dataset or checkpoint: a Hub id, or a folder's name without its path.

    Where a folder lies is nobody's business; what tells two of one name apart is their content's hash.
    """
    text = str(source)
    local = Path(text).exists() or text.count("/") != 1 or text.startswith((".", "~", "/"))
    return (Path(text).resolve().name if local else text) or text


def is_folder(source: str) -> bool:
    """Whether a base was a folder and no Hub id; it may be gone when the card is written."""
    return source.count("/") != 1 or source.startswith((".", "~", "/")) or Path(source).exists()


_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}(@[\w./-]{1,100})?")


def check_hub_id(name: str) -> None:
    """Raise `UsageError` unless this is a Hub id: a visitor never names a folder of this machine."""
    if not _HUB_ID.fullmatch(name) or ".." in name or Path(name.split("@")[0]).exists():
        raise UsageError(f"{clip(name)!r} is no Hub id: write NAMESPACE/NAME, for both models.")
