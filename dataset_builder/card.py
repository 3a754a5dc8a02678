"""The dataset card: front matter that `load_dataset` reads, and figures computed from the tables."""

from collections.abc import Mapping
from importlib.metadata import version

from datasets import Dataset, DatasetDict
from huggingface_hub import DatasetCard, DatasetCardData

from dataset_builder.collect import CollectReport
from dataset_builder.stats import split_rows, task_rows

_TEMPLATE = """\
---
{{ card_data }}
---

# Sub-goals for ScienceWorld

Expert trajectories of [ScienceWorld](https://github.com/allenai/ScienceWorld), a text simulator of
30 elementary-science tasks, cut into segments that each serve a **sub-goal**, and the training
examples for a controller (state → sub-goal), an executor (state and sub-goal → action) and a flat
model without sub-goals (state → action), after *Sub-goal Distillation* (arXiv 2405.02749).

```python
from datasets import load_dataset

paths = load_dataset("{{ repo }}")              # trajectories, one row each
steps = load_dataset("{{ repo }}", "executor")  # one row per step: input, target
```

## How it was made
- **Paths** ({{ path }} form): the simulator's own solution, {{ tidied }}. Every path was verified: a
  replay on a freshly loaded variation reached the full score. {{ given_up }}
- **Sub-goals**: by the `{{ annotator }}` annotator. {{ annotator_note }}
- **Input text**: state-text version `{{ state_text }}`.
- **Splits**: ScienceWorld's own train, dev (here `validation`) and test variations.
- ScienceWorld {{ scienceworld }}, simplifications `{{ simplifications }}`.

## Size

{{ sizes }}

## Per task

{{ tasks }}

## Columns
- `trajectories`: `task`, `task_id`, `variation`, `description`, `simplifications`; per step the lists
  `look` and `inventory` (before the action), `action`, `observation`, `score` (0 to 1, after it),
  `moves`, `subgoal`, `segment`; `annotator`, `path`, `scienceworld_version`.
- `controller`, `executor`, `flat`: `input`, `target`, `task`, `task_id`, `variation`, `step`,
  `state_text_version`.

## Limits
The experts know the simulator; their paths show no recovery from mistakes. Names of tasks, rooms and
objects are ScienceWorld's, in English.

## Citation
Hashemzadeh, Stengel-Eskin, Chandar, Côté: *Sub-goal Distillation: A Method to Improve Small Language
Agents*, CoLLAs 2024. Wang, Jansen, Côté, Ammanabrolu: *ScienceWorld: Is your Agent Smarter than a 5th
Grader?*, EMNLP 2022.
"""

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def dataset_card(
    tables: Mapping[str, DatasetDict],
    files: Mapping[str, Mapping[str, str]],
    collected: CollectReport,
    annotator: str,
    path: str,
    state_text: str,
    repo: str = "NAMESPACE/scienceworld-subgoals",
) -> DatasetCard:
    """The card of a built corpus.

    Args:
        tables (`Mapping[str, DatasetDict]`): configuration name → its splits.
        files (`Mapping[str, Mapping[str, str]]`): configuration name → split → its file.
        collected (`CollectReport`): what was verified and what was given up.
        annotator (`str`): who wrote the sub-goals.
        path (`str`): form of the paths.
        state_text (`str`): version of the input text.
        repo (`str`, *optional*): id to show in the loading example.
    """
    rows = sum(len(table) for splits in tables.values() for table in splits.values())
    default = next(iter(tables))
    first: Dataset = next(iter(tables[default].values()))
    data = DatasetCardData(
        license="apache-2.0",
        language="en",
        pretty_name="ScienceWorld sub-goals",
        task_categories=["text-generation", "reinforcement-learning"],
        annotations_creators=["machine-generated"],
        source_datasets=["original"],
        size_categories=[next((name for bound, name in _SIZES if rows < bound), "1M<n<10M")],
        tags=["scienceworld", "sub-goals", "agents", "imitation-learning", "hierarchical"],
        configs=[
            {
                "config_name": name,
                **({"default": True} if name == default else {}),
                "data_files": [{"split": split, "path": path} for split, path in splits.items()],
            }
            for name, splits in files.items()
        ],
    )
    lost = sum(collected.given_up.values())
    reasons = "; ".join(f"{reason} ({count})" for reason, count in collected.reasons.most_common())
    return DatasetCard.from_template(
        data,
        template_str=_TEMPLATE,
        repo=repo,
        path=path,
        tidied="tidied (detours, fruitless actions and idle polling removed)"
        if path == "tidied"
        else "as the simulator's solver wrote it",
        given_up=f"{lost} variations were given up: {reasons}." if lost else "No variation was given up.",
        annotator=annotator,
        annotator_note="They were written by rules, not by a language model."
        if annotator == "rules"
        else "They were written by a language model.",
        state_text=state_text,
        scienceworld=version("scienceworld"),
        simplifications=first[0]["simplifications"] or "none",
        sizes=_markdown(split_rows(tables)),
        tasks=_markdown(task_rows(tables[default], collected)),
    )


def _markdown(rows: list[dict[str, str]]) -> str:
    head = list(rows[0])
    lines = [head, ["---"] * len(head), *(list(row.values()) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
