"""Publishing a built dataset on the Hub."""

from pathlib import Path

from huggingface_hub import DatasetCard
from yaml import YAMLError

from dataset_builder.common.errors import UsageError
from dataset_builder.hub.push_folder import DATASET_ID, Pushed, push_folder

_DATASET_FILES = ("*/*.parquet", "images/*")  # of an earlier build, in the repository
_HIDDEN = (".*", "*/.*")


def push_dataset(
    folder: str | Path,
    repo_id: str,
    *,
    private: bool = False,
    revision: str | None = None,
    message: str | None = None,
) -> Pushed:
    """Publish a folder that `subgoal corpus build` made; the card's examples get the id.

    Args as for `push_folder`, which also words the errors.

    Raises:
        UsageError: if the folder is not a built dataset.

    Example:

    ```python
    print(push_dataset("dataset", "NAMESPACE/scienceworld-subgoals", private=True))
    ```
    """
    folder = Path(folder)
    _check_dataset(folder)
    card = (folder / "README.md").read_text(encoding="utf-8").replace(DATASET_ID, repo_id)
    return push_folder(
        folder,
        repo_id,
        repo_type="dataset",
        private=private,
        revision=revision,
        message=message or "Upload the dataset",
        contents={"README.md": card.encode()},
        replaces=_DATASET_FILES,
        ignore=_HIDDEN,
    )


def _check_dataset(folder: Path) -> None:
    remedy = "`subgoal corpus build` makes one, and `subgoal tools build`."
    if not (folder / "README.md").is_file():
        raise UsageError(f"{folder} is not a built dataset (it has no README.md): {remedy}")
    try:
        configs = DatasetCard.load(folder / "README.md").data.get("configs") or []
        files = [file["path"] for config in configs for file in config["data_files"]]
    except (YAMLError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{folder}/README.md has no readable front matter: {remedy}") from error
    if not files:
        raise UsageError(f"{folder} is not a built dataset (its README.md lists no files): {remedy}")
    for file in files:
        if not (folder / file).is_file():
            raise UsageError(f"{folder} is not whole ({file} is missing): {remedy}")
