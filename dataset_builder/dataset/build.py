"""Writing the corpus as a Hub repository in a folder: Parquet files and a dataset card."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import datasets
from huggingface_hub import DatasetCard
from rich.progress import Progress
from yaml import YAMLError

from dataset_builder.annotation.annotators import version_of
from dataset_builder.common.console import progress_line
from dataset_builder.common.errors import UsageError
from dataset_builder.common.folder_lock import LOCK_FILES, OWNER, folder_lock
from dataset_builder.dataset.card import agreement_note, annotator_note, dataset_card
from dataset_builder.dataset.features import CONFIGS
from dataset_builder.dataset.parquet_folder import DataFile, replace_folder, write_split
from dataset_builder.dataset.plots import plots
from dataset_builder.dataset.stats import subgoal_names, task_paths
from dataset_builder.dataset.tables import build_config
from dataset_builder.trajectories.corpus import Corpus
from dataset_builder.trajectories.model_input import DEFAULT_VERSION, check_version


def build(
    folder: str | Path,
    out: str | Path,
    *,
    annotator: str = "rules",
    path: str = "tidied",
    state_text: str = DEFAULT_VERSION,
    progress: Progress | None = None,
    wait: bool = False,
) -> Path:
    """Build every configuration of the corpus in `folder` into the Hub-layout folder `out`.

    `load_dataset(out, "executor")` then opens it, from the folder or from the Hub. An earlier build in `out`
    is replaced as a whole, at the end.

    Args:
        folder (`str` or `Path`): corpus folder, collected and annotated.
        out (`str` or `Path`): folder of the new repository.
        annotator (`str`, *optional*, defaults to `"rules"`): annotator of the sub-goals.
        path (`str`, *optional*, defaults to `"tidied"`): kind of the paths.
        state_text (`str`, *optional*, defaults to `"compact-2"`): version of the input text.
        progress (`rich.progress.Progress`, *optional*): shows a progress bar.
        wait (`bool`, *optional*, defaults to `False`): wait until another process has finished with `out`.

    Raises:
        UsageError: if the corpus is empty or not annotated, or `out` contains anything but an earlier build.
        SubgoalError: if another process owns `out` (see `folder_lock`).

    Example:

    ```python
    build("corpus", "dataset", annotator="rules")
    rows = load_dataset("dataset", "executor", split="train")
    ```
    """
    out = Path(out).resolve()
    version = check_version(state_text)
    corpus = Corpus(folder)
    # Bad input is refused before the lock, which makes the folder and leaves a file there. An owner of the
    # folder may be replacing its files at this moment: they are checked when it has finished.
    if not (out / OWNER).exists():
        _check_out(out)
    corpus.annotated(annotator, corpus.trajectories(path), version_of(annotator))
    with folder_lock(out, wait):
        _check_out(out)
        _build(corpus, out, annotator=annotator, path=path, state_text=version, progress=progress)
    return out


def _build(
    corpus: Corpus, out: Path, *, annotator: str, path: str, state_text: str, progress: Progress | None
) -> None:
    """Build into a scratch folder beside `out`, and move it there at the end."""
    advance = progress_line(progress, "dataset", len(CONFIGS))
    datasets.disable_progress_bars()
    try:
        # Beside the target, so that the new files are moved and not copied.
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=".build-") as scratch:
            new = Path(scratch) / "repository"
            tables: dict[str, datasets.DatasetDict] = {}
            files: dict[str, dict[str, DataFile]] = {}
            for config in CONFIGS:
                options = {"annotator": annotator, "path": path, "state_text": state_text}
                tables[config] = build_config(config, Path(scratch) / "cache", corpus, **options)
                files[config] = {
                    split: write_split(table, new / config, split) for split, table in tables[config].items()
                }
                advance()
            _write_card(new, corpus, tables, files, annotator=annotator, path=path, state_text=state_text)
            replace_folder(out, new, Path(scratch) / "earlier")
    finally:
        datasets.enable_progress_bars()


def _write_card(
    new: Path,
    corpus: Corpus,
    tables: Mapping[str, datasets.DatasetDict],
    files: Mapping[str, Mapping[str, DataFile]],
    *,
    annotator: str,
    path: str,
    state_text: str,
) -> None:
    """Write the card and its pictures into the new repository."""
    paths, subgoals = task_paths(tables["trajectories"]), subgoal_names(tables["trajectories"])
    notes = [annotator_note(corpus, annotator), agreement_note(corpus, annotator)]
    card = dataset_card(
        tables,
        files,
        paths,
        subgoals,
        corpus.report(path),
        annotator=annotator,
        annotator_note=" ".join(filter(None, notes)),
        path=path,
        state_text=state_text,
    )
    card.save(new / "README.md")
    (new / "images").mkdir()
    for name, picture in plots(paths, subgoals).items():
        (new / "images" / name).write_bytes(picture)


def _check_out(out: Path) -> None:
    """Raise `UsageError` if `out` contains anything but an earlier build."""
    if out.is_file():
        raise UsageError(f"{out} is a file: name a folder for the dataset.")
    names = {path.name for path in out.iterdir()} - set(LOCK_FILES) if out.exists() else set()
    if names and (not names <= {"README.md", ".gitattributes", "images", *CONFIGS} or not _is_build(out)):
        raise UsageError(f"{out} holds something else than a dataset: name an empty folder.")


def _is_build(folder: Path) -> bool:
    """Whether a folder contains a card written by this program."""
    try:
        configs = DatasetCard.load(folder / "README.md").data.get("configs") or []
        return "trajectories" in {config["config_name"] for config in configs}
    except (OSError, ValueError, YAMLError, KeyError, TypeError):
        return False
