"""Loading and checking the examples of a role."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dataset_builder.common.errors import UsageError
from dataset_builder.hub.ids import public_name
from dataset_builder.simulator.tasks import PRACTICE, TASKS
from dataset_builder.trajectories.model_input import check_version

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict


@dataclass(frozen=True)
class RoleData:
    """The examples of one role.

    Attributes:
        source: folder or Hub id as given.
        revision: commit of a Hub dataset, `""` for a folder.
        fingerprint: SHA-256 over the inputs and targets of both splits.
        state_text_version: version of the state text of all inputs.
        train: training split, without held-out tasks. Columns include input, target, task.
        validation: validation split, with held-out tasks (without them if `only_tasks` chose the tasks).
        held_out_tasks: tasks that are not trained on.

    Example:

    ```python
    data = load_role("executor", "release/dataset", practice=True)
    data.train[0]["input"], data.train[0]["target"]
    ```
    """

    source: str
    revision: str
    fingerprint: str
    state_text_version: str
    train: "Dataset"
    validation: "Dataset"
    held_out_tasks: tuple[str, ...] = ()

    def seen_validation_rows(self) -> list[int]:
        """Row numbers of the validation split without held-out tasks, which must not select a checkpoint."""
        held_out = set(self.held_out_tasks)
        return [row for row, task in enumerate(self.validation["task"]) if task not in held_out]

    def describe(self) -> dict[str, Any]:
        """Provenance: all fields, with the number of examples per split, and folders by their names."""
        return {
            "source": self.source if self.revision else public_name(self.source),
            "revision": self.revision,
            "fingerprint": self.fingerprint,
            "state_text_version": self.state_text_version,
            "train": len(self.train),
            "validation": len(self.validation),
        }


def load_role(
    role: str,
    dataset: str,
    state_text: str | None = None,
    exclude_tasks: Sequence[str] = (),
    practice: bool = False,
    only_tasks: Sequence[str] = (),
    unsimplified: bool = False,
) -> RoleData:
    """Load the examples of a role.

    Args:
        role (`str`): one of `ROLES`.
        dataset (`str`): folder of a corpus, or Hub id with `@REVISION` if wanted.
        state_text (`str`, *optional*): required version of the state text; None accepts any.
        exclude_tasks (`Sequence[str]`, *optional*): tasks whose rows are removed from the training split.
        practice (`bool`, *optional*, defaults to `False`): append the practice split to the training split.
        only_tasks (`Sequence[str]`, *optional*): tasks to which both splits are restricted. All others
            count as held out.
        unsimplified (`bool`, *optional*, defaults to `False`): append the rows of the role's configuration
            without simplifications to both splits.

    Raises:
        UsageError: if there is no such dataset, it is not a sub-goal corpus, a split is missing or
            empty (without the excluded tasks), or its state text has another version.
        SubgoalError: if the Hub cannot be reached.
    """
    from datasets import concatenate_datasets

    from dataset_builder.dataset.features import UNSIMPLIFIED
    from dataset_builder.dataset.load import commit_of, load_config

    tables = load_config(dataset, role)
    train, validation = _splits(tables, dataset, role, practice)
    if unsimplified:
        config = f"{role}{UNSIMPLIFIED}"
        additional = _splits(load_config(dataset, config), dataset, config, practice)
        pairs = zip((train, validation), additional, strict=True)
        train, validation = (concatenate_datasets(pair) for pair in pairs)
    version = _version(dataset, [train, validation])
    if state_text is not None and check_version(state_text) != version:
        raise UsageError(
            f"{dataset} holds {version} state text, the recipe needs {check_version(state_text)}: build the "
            "corpus in that version, or take another recipe."
        )
    data = RoleData(
        source=dataset,
        revision=commit_of(tables),
        fingerprint=_fingerprint([train, validation]),
        state_text_version=version,
        train=train,
        validation=validation,
    )
    if only_tasks:
        return _restrict(data, tuple(only_tasks))
    return _hold_out(data, tuple(exclude_tasks)) if exclude_tasks else data


def _restrict(data: RoleData, tasks: tuple[str, ...]) -> RoleData:
    """The same data with the rows of some tasks only."""
    rows = {
        split: [row for row, task in enumerate(table["task"]) if task in tasks]
        for split, table in (("training", data.train), ("validation", data.validation))
    }
    for split, kept in rows.items():
        if not kept:
            raise UsageError(f"only_tasks leaves no {split} examples of {data.source}: name other tasks.")
    return replace(
        data,
        train=data.train.select(rows["training"]),
        validation=data.validation.select(rows["validation"]),
        held_out_tasks=tuple(task for task in TASKS if task not in tasks),
    )


def _hold_out(data: RoleData, tasks: tuple[str, ...]) -> RoleData:
    """The same data with tasks removed from the training split."""
    kept = [row for row, task in enumerate(data.train["task"]) if task not in tasks]
    held = replace(data, train=data.train.select(kept), held_out_tasks=tasks)
    for split, left in (("training", kept), ("validation", held.seen_validation_rows())):
        if not left:
            raise UsageError(
                f"exclude_tasks leaves no {split} examples of {data.source}: exclude fewer tasks."
            )
    return held


def _version(dataset: str, tables: Sequence["Dataset"]) -> str:
    versions = sorted({version for table in tables for version in table.unique("state_text_version")})
    if len(versions) != 1:
        raise UsageError(f"{dataset} mixes state texts {', '.join(versions)}: build it in one version.")
    return check_version(versions[0])


def _splits(tables: "DatasetDict", dataset: str, config: str, practice: bool) -> "tuple[Dataset, Dataset]":
    """The rows of a configuration to train on, and those to validate on."""
    for split in ("train", "validation"):
        if split not in tables:
            raise UsageError(f"{dataset} has no {split} split of {config}: build the corpus with all splits.")
        if not len(tables[split]):
            raise UsageError(
                f"{dataset} has no {split} examples of {config}: collect more variations and build again."
            )
    train = _with_practice(tables, dataset, config) if practice else tables["train"]
    return train, tables["validation"]


def _with_practice(tables: "DatasetDict", dataset: str, config: str) -> "Dataset":
    """The rows of the training split, then those of the practice split."""
    from datasets import concatenate_datasets

    from dataset_builder.dataset.features import UNSIMPLIFIED_CONFIGS

    if PRACTICE not in tables:
        command = "replay" if config in UNSIMPLIFIED_CONFIGS else "practice"
        raise UsageError(
            f"{dataset} has no split {PRACTICE} of {config}: run `subgoal corpus {command}` and build it "
            "again, or set practice: false in the recipe."
        )
    return concatenate_datasets([tables["train"], tables[PRACTICE]])


def _fingerprint(tables: Sequence["Dataset"]) -> str:
    digest = hashlib.sha256()
    for table in tables:
        for column in ("input", "target"):
            for text in table[column]:
                digest.update(text.encode())
                digest.update(b"\0")
    return digest.hexdigest()
