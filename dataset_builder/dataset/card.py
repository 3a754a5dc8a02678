"""The dataset card: front matter that `load_dataset` reads, and figures computed from the tables."""

from collections import Counter
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from datasets import Dataset, DatasetDict, List
from huggingface_hub import DatasetCard, DatasetCardData

from dataset_builder.annotation.agreement import annotations_of, compare, total
from dataset_builder.annotation.exemplars import all_exemplars, is_held_out
from dataset_builder.common.citations import BIBTEX
from dataset_builder.common.errors import UsageError
from dataset_builder.dataset.features import UNSIMPLIFIED_CONFIGS, columns
from dataset_builder.dataset.parquet_folder import (
    DataFile,
    card_configs,
    markdown_table,
    size_category,
    size_rows,
)
from dataset_builder.dataset.stats import TaskPaths, task_rows
from dataset_builder.hub.push_folder import DATASET_ID
from dataset_builder.simulator.tasks import MAX_EPISODE_STEPS, PRACTICE
from dataset_builder.trajectories.corpus import CollectReport, Corpus

_TEMPLATE = Path(__file__).parent / "templates" / "dataset_card.md"
_PATHS = {
    "tidied": "the simulator's own solutions, simplified: detours, fruitless actions and idle polling are "
    "removed, readings end when they decide, and two blocks slide for the same time; for the genetics tasks, "
    "two plants are crossed and their offspring shows the answer",
    "simulator": "the simulator's own solutions, as its solver wrote them",
}


def dataset_card(
    tables: Mapping[str, DatasetDict],
    files: Mapping[str, Mapping[str, DataFile]],
    paths: Mapping[str, TaskPaths],
    subgoals: Counter[str],
    collected: CollectReport,
    *,
    annotator: str,
    annotator_note: str,
    path: str,
    state_text: str,
) -> DatasetCard:
    """The card of a built corpus, with `DATASET_ID` as a placeholder for its repository id.

    Args:
        tables (`Mapping[str, DatasetDict]`): configuration name → its splits, the default first.
        files (`Mapping[str, Mapping[str, DataFile]]`): configuration name → split → its file.
        paths (`Mapping[str, TaskPaths]`): `stats.task_paths` of the trajectories.
        subgoals (`Counter[str]`): `stats.subgoal_names` of the trajectories.
        collected (`CollectReport`): counts of verified and failed variations.
        annotator (`str`): name of the annotator.
        annotator_note (`str`): a paragraph on how it works.
        path (`str`): kind of the paths.
        state_text (`str`): version of the input text.
    """
    trajectories = tables["trajectories"]
    first: Dataset = next(iter(trajectories.values()))
    return DatasetCard.from_template(
        _front_matter(tables, files),
        template_path=str(_TEMPLATE),
        repo=DATASET_ID,
        n_paths=f"{sum(len(task.steps) for task in paths.values()):,}",
        n_tasks=len(paths),
        n_steps=f"{sum(sum(task.steps) for task in paths.values()):,}",
        n_segments=f"{subgoals.total():,}",
        example_subgoal=first[0]["subgoal"][0],
        scienceworld=version("scienceworld"),
        sizes=markdown_table(size_rows(tables, files)),
        practice=any(PRACTICE in splits for splits in tables.values()),
        unsimplified=any(name in UNSIMPLIFIED_CONFIGS for name in tables),
        trajectory_columns=markdown_table(_column_rows("trajectories")),
        example_columns=markdown_table(_column_rows("executor")),
        tasks=markdown_table(task_rows(paths, collected)),
        path_note=_PATHS[path] + (_untidied_note(trajectories) if path == "tidied" else ""),
        long_paths=_long_note(trajectories),
        verified=_verified_note(collected),
        simplifications=first[0]["simplifications"] or "none",
        state_text=state_text,
        annotator=annotator,
        annotator_note=annotator_note,
        exemplar_note=_exemplar_note(tables),
        largest=_largest_note(paths),
        citation=BIBTEX,
    )


def _front_matter(
    tables: Mapping[str, DatasetDict], files: Mapping[str, Mapping[str, DataFile]]
) -> DatasetCardData:
    return DatasetCardData(
        license="apache-2.0",
        language="en",
        pretty_name="ScienceWorld sub-goals",
        task_categories=["text-generation", "reinforcement-learning"],
        annotations_creators=["machine-generated"],
        language_creators=["machine-generated"],
        source_datasets=["original"],
        size_categories=[size_category(tables)],
        tags=["scienceworld", "sub-goals", "agents", "text-games", "imitation-learning", "hierarchical"],
        configs=card_configs(files),
    )


def _column_rows(config: str) -> list[dict[str, str]]:
    rows = []
    for name, column in columns(config).items():
        listed = isinstance(column.feature, List)
        kind = f"list of {column.feature.feature.dtype}" if listed else column.feature.dtype
        rows.append({"column": f"`{name}`", "type": kind, "holds": column.meaning})
    return rows


def _untidied_note(trajectories: DatasetDict) -> str:
    """A sentence with the number of paths that could not be simplified and still walk through doors."""
    teleports = [row for table in trajectories.values() for row in table if row["simplifications"] == "easy"]
    count = sum(any(action.startswith("go to ") for action in row["action"]) for row in teleports)
    return f" ({count:,} paths could not be simplified and are as the solver wrote them)" if count else ""


def _long_note(trajectories: DatasetDict) -> str:
    count = sum(moves[-1] > MAX_EPISODE_STEPS for table in trajectories.values() for moves in table["moves"])
    return (
        f"{count:,} paths take more than {MAX_EPISODE_STEPS} moves, where the usual protocols end an episode."
    )


def _verified_note(collected: CollectReport) -> str:
    verified, given_up = collected.verified.total(), collected.given_up.total()
    note = f"{verified:,} of the {verified + given_up:,} variations that were tried have such a path"
    if not given_up:
        return f"{note}."
    reasons = "; ".join(f"{why.rstrip('.')} ({count:,})" for why, count in collected.reasons.most_common())
    return f"{note}. {given_up:,} were given up: {reasons}."


def _exemplar_note(tables: Mapping[str, DatasetDict]) -> str:
    rows = sum(len(table) for table in tables["exemplars"].values())
    return (
        f"Those of the {rows:,} paths of `exemplars` were written by a language model that read each path "
        "from end to end and named the steps of its plan as a person would; they are the measure of the "
        "rules, and what a language model is shown when it annotates."
    )


def _largest_note(paths: Mapping[str, TaskPaths]) -> str:
    counts = Counter({name: len(task.steps) for name, task in paths.items()})
    (most, many), (least, few) = counts.most_common()[0], counts.most_common()[-1]
    return f"{many:,} paths of `{most}`, {few:,} of `{least}`"


def agreement_note(corpus: Corpus, annotator: str) -> str:
    """A sentence on an annotator's agreement with the exemplars; `""` if it annotated none of them."""
    exemplars = all_exemplars()
    given = annotations_of(annotator, None if annotator == "rules" else corpus)
    groups = [("", exemplars)]
    if annotator == "rules":  # the only annotator that was tuned on some of them
        tuned = [pair for pair in exemplars if not is_held_out(pair[0])]
        held_out = [pair for pair in exemplars if is_held_out(pair[0])]
        groups = [(" that they were tuned on", tuned), (" that nothing was tuned on", held_out)]
    parts = []
    for which, pairs in groups:
        try:
            agreement = total(compare(pairs, given))
        except UsageError:
            continue
        parts.append(
            f"{agreement.counts['paths']} paths{which}: F1 of the bounds of sub-goals "
            f"{agreement.boundary_f1:.2f}, {agreement.name_share:.0%} of the actions under a sub-goal of the "
            f"same name, {agreement.subgoal_share:.0%} under the very same sub-goal"
        )
    return f"Agreement with the exemplars: on {'; on '.join(parts)}." if parts else ""


def annotator_note(corpus: Corpus, annotator: str) -> str:
    """One paragraph on how an annotator made its sub-goals, computed from its stored records.

    Args:
        corpus (`Corpus`): the annotated corpus.
        annotator (`str`): its name, as in the names of the files.
    """
    if annotator == "rules":
        return "They were written by rules, not by a language model."
    records = [record for record in corpus.annotations(annotator) if "model" in record]
    if not records:
        return ""
    models = ", ".join(sorted({f"`{record['model']}`" for record in records}))
    counts = Counter(record["answer_format"] for record in records)
    formats = ", ".join(f"{name} ({count})" for name, count in counts.most_common())
    shown = max(len(record["examples"]) for record in records)
    thought = " and its own first thought about the task" if any(r["thought"] for r in records) else ""
    repaired = sum(record["repairs"] > 0 for record in records)
    note = (
        f"They were written by a language model, {models}, that read each path after at most {shown} "
        f"annotated examples{thought}. Format of its answers: {formats}. Each answer was aligned to its "
        f"path; for {repaired} of {len(records)} paths the model was asked again."
    )
    given_up = len(corpus.quarantined(annotator))
    return note + (f" Paths excluded because no answer fitted: {given_up}." if given_up else "")
