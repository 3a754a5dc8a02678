"""Writing the corpus as a Hub repository in a folder: Parquet files and a dataset card."""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

import datasets
import pyarrow.parquet as parquet
from rich.progress import Progress

from dataset_builder.builder import CONFIGS, build_config
from dataset_builder.card import dataset_card
from dataset_builder.collect import report, trajectory_store
from dataset_builder.errors import UsageError
from dataset_builder.state_text import DEFAULT_VERSION, check_version


def build(
    folder: str | Path,
    out: str | Path,
    *,
    annotator: str = "rules",
    path: str = "tidied",
    state_text: str = DEFAULT_VERSION,
    progress: Progress | None = None,
) -> Path:
    """Build every configuration of the corpus in `folder` into the Hub-layout folder `out`.

    `load_dataset(out, "executor")` then opens it, and so it does once pushed. An earlier build in
    `out` is replaced as a whole, at the end.

    Args:
        folder (`str` or `Path`): corpus folder, collected and annotated.
        out (`str` or `Path`): where the repository goes.
        annotator (`str`, *optional*, defaults to `"rules"`): whose sub-goals.
        path (`str`, *optional*, defaults to `"tidied"`): form of the paths.
        state_text (`str`, *optional*, defaults to `"compact-1"`): version of the input text.
        progress (`rich.progress.Progress`, *optional*): where to show a bar.

    Raises:
        UsageError: if the folder is empty or not annotated, or `out` holds something else.
    """
    out = Path(out)
    version = check_version(state_text)
    _check_out(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    bar = progress.add_task("dataset", total=len(CONFIGS)) if progress else None
    datasets.disable_progress_bars()
    try:
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=".build-") as scratch:
            new = Path(scratch) / "repository"
            tables: dict[str, datasets.DatasetDict] = {}
            files: dict[str, dict[str, str]] = {}
            for config in CONFIGS:
                tables[config] = build_config(
                    config,
                    Path(scratch) / "cache",
                    folder=str(folder),
                    annotator=annotator,
                    path=path,
                    state_text=version,
                )
                files[config] = {
                    split: _write(table, new / config, split) for split, table in tables[config].items()
                }
                if progress and bar is not None:
                    progress.advance(bar)
            card = dataset_card(tables, files, report(trajectory_store(folder)), annotator, path, version)
            card.save(new / "README.md")
            if out.exists():
                shutil.rmtree(out)
            os.replace(new, out)
    finally:
        datasets.enable_progress_bars()
    return out


def _write(table: datasets.Dataset, folder: Path, split: str) -> str:
    """Write a split as Parquet; returns its path within the repository.

    The name carries a digest: `load_dataset` keys its cache by the names of a local folder's files,
    not by what is in them, and would return the rows of an earlier build.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # Dataset.to_parquet leaves no choice of compression; zstd halves the files.
    columns = table.with_format("arrow")[:].cast(table.features.arrow_schema)
    draft = folder / f"{split}.parquet"
    parquet.write_table(columns, draft, compression="zstd")
    digest = hashlib.sha256(draft.read_bytes()).hexdigest()[:12]
    named = draft.rename(folder / f"{split}-{digest}.parquet")
    return f"{folder.name}/{named.name}"


def _check_out(out: Path) -> None:
    """Refuse to replace what is not an earlier build."""
    if out.is_file():
        raise UsageError(f"{out} is a file: name a folder for the dataset.")
    if out.exists() and any(out.iterdir()):
        names = {path.name for path in out.iterdir()}
        if not names <= {"README.md", ".gitattributes", *CONFIGS, "exemplars", "images"}:
            raise UsageError(f"{out} holds something else than a dataset: name an empty folder.")
