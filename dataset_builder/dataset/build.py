"""Writing the corpus as a Hub repository in a folder: Parquet files and a dataset card."""

from collections.abc import Mapping
from pathlib import Path

import datasets
from rich.progress import Progress

from dataset_builder.annotation.annotators import version_of
from dataset_builder.common.console import progress_line
from dataset_builder.common.errors import UsageError
from dataset_builder.common.folder_lock import folder_lock
from dataset_builder.dataset.card import agreement_note, annotator_note, dataset_card
from dataset_builder.dataset.features import CONFIGS, UNSIMPLIFIED, UNSIMPLIFIED_CONFIGS
from dataset_builder.dataset.parquet_folder import (
    CARD,
    DataFile,
    check_replaceable,
    replace_folder,
    scratch_folder,
    write_split,
)
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
    unsimplified: str | Path | None = None,
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
        unsimplified (`str` or `Path`, *optional*): folder of a corpus without simplifications (see
            `dataset_builder.practice.unsimplified`); adds the configurations `UNSIMPLIFIED_CONFIGS`.
        progress (`rich.progress.Progress`, *optional*): shows a progress bar.
        wait (`bool`, *optional*, defaults to `False`): wait until another process has finished with `out`.

    Raises:
        UsageError: if a corpus is empty or not annotated, the paths of `unsimplified` have simplifications,
            or `out` contains anything but an earlier build.
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
    replayed = None if unsimplified is None else Corpus(unsimplified)
    # Bad input is refused before the lock, which makes the folder and leaves a file there.
    check_replaceable(out, (*CONFIGS, *UNSIMPLIFIED_CONFIGS))
    corpus.annotated(annotator, corpus.trajectories(path), version_of(annotator))
    if replayed is not None:
        _check_unsimplified(replayed, annotator, path)
    with folder_lock(out, wait):
        check_replaceable(out, (*CONFIGS, *UNSIMPLIFIED_CONFIGS))
        _build(corpus, replayed, out, annotator=annotator, path=path, state_text=version, progress=progress)
    return out


def _check_unsimplified(corpus: Corpus, annotator: str, path: str) -> None:
    paths = corpus.trajectories(path)
    corpus.annotated(annotator, paths, version_of(annotator))
    if any(trajectory.simplifications for trajectory in paths):
        raise UsageError(
            f"{corpus.folder} holds paths with simplifications: name a folder of `subgoal corpus replay`."
        )


def _build(
    corpus: Corpus,
    unsimplified: Corpus | None,
    out: Path,
    *,
    annotator: str,
    path: str,
    state_text: str,
    progress: Progress | None,
) -> None:
    """Build into a scratch folder beside `out`, and move it there at the end."""
    sources = dict.fromkeys(CONFIGS, corpus)
    if unsimplified is not None:
        sources |= dict.fromkeys(UNSIMPLIFIED_CONFIGS, unsimplified)
    advance = progress_line(progress, "dataset", len(sources))
    datasets.disable_progress_bars()
    try:
        with scratch_folder(out) as scratch:
            new = scratch / "repository"
            tables: dict[str, datasets.DatasetDict] = {}
            files: dict[str, dict[str, DataFile]] = {}
            for config, source in sources.items():
                options = {"annotator": annotator, "path": path, "state_text": state_text}
                name = config.removesuffix(UNSIMPLIFIED)
                tables[config] = build_config(name, scratch / "cache", source, **options)
                files[config] = {
                    split: write_split(table, new / config, split) for split, table in tables[config].items()
                }
                advance()
            _write_card(new, corpus, tables, files, annotator=annotator, path=path, state_text=state_text)
            replace_folder(out, new, scratch / "earlier")
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
    card.save(new / CARD)
    (new / "images").mkdir()
    for name, picture in plots(paths, subgoals).items():
        (new / "images" / name).write_bytes(picture)
