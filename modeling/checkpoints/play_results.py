"""The scores of an evaluation run, for a model card."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataset_builder.common.errors import UsageError
from dataset_builder.simulator.tasks import TASKS
from modeling.checkpoints.training_record import TrainingResult


@dataclass(frozen=True)
class PlayResults:
    """Scores of a finished run.

    Attributes:
        record: content of `results.json` (see `eval_harness.results.records.RunResult`).

    Example:

    ```python
    played = read_results(Path("runs/paper"), read_record(Path("release/executor")))
    played.markdown()
    ```
    """

    record: dict[str, Any]

    def eval_results(self) -> list[Any]:
        """The entries of a card's `model-index`, as a list of `huggingface_hub.EvalResult`."""
        from huggingface_hub import EvalResult

        protocol, groups = self.record["protocol"], self.record["groups"]
        figures = [("mean score", self.record["mean_score"])]
        figures += [(f"mean score, {name} tasks", group["mean"]) for name, group in groups.items()]
        figures += [("episodes solved, %", round(100 * self.record["success_rate"], 2))]
        return [
            EvalResult(
                task_type="reinforcement-learning",
                dataset_type="scienceworld",
                dataset_name=f"ScienceWorld, {len(self.record['per_task'])} tasks",
                dataset_config=f"{protocol['name']} ({protocol['hash'][:12]})",
                dataset_split="test" if protocol["name"] == "paper" else None,
                metric_type=name.replace(",", "").replace(" %", "").replace(" ", "_"),
                metric_name=name,
                metric_value=value,
            )
            for name, value in figures
            if value is not None
        ]

    def markdown(self) -> str:
        """Description of the run, its means, and its table by task, as Markdown."""
        run, protocol = self.record, self.record["protocol"]
        groups = "; ".join(
            f"{name} {group['mean']:.1f} ({group['tasks']} tasks)"
            for name, group in run["groups"].items()
            if group["mean"] is not None
        )
        # The score depends on both models of a pair, so each card names both.
        models = ", ".join(
            f"{role} `{model['revision'][:19]}` ({model['parameters']:,} parameters)"
            for role, model in sorted(run["models"].items())
        )
        lines = [
            f"**{run['mean_score']:.1f}** of 100: the mean over {len(run['per_task'])} tasks, protocol "
            f"`{protocol['name']}` (`{protocol['hash'][:12]}`), {run['episodes']:,} episodes, seed "
            f"{run['seed']}; {run['success_rate']:.0%} of them solved. {groups}.",
            "",
            f"Agent `{run['agent']}`: {models}.",
            "",
            "| task | | mean score | episodes |",
            "|---|---|---|---|",
        ]
        for task, row in run["per_task"].items():
            mean = "-" if row["mean"] is None else f"{row['mean']:.1f}"
            lines.append(f"| {TASKS[task].task_id} | {task} | {mean} | {row['episodes']} |")
        return "\n".join(lines)


def read_results(folder: Path, result: TrainingResult) -> PlayResults:
    """Read the results of a run that a checkpoint played.

    Args:
        folder (`Path`): the `--out` of `subgoal eval run`.
        result (`TrainingResult`): training record of the checkpoint.

    Raises:
        UsageError: if there is no finished run, or another checkpoint played it.
    """
    path = folder / "results.json"
    remedy = "give the --out of a `subgoal eval run`"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        played = PlayResults(record)
        complete, mean, models = record["complete"], record["mean_score"], record["models"]
        if not complete or mean is None:
            raise UsageError(f"The run in {folder} is not finished: run the same `subgoal eval run` again.")
        # A results file of another program is noticed here, not while the card is written.
        played.eval_results()
        played.markdown()
    except FileNotFoundError:
        raise UsageError(f"{folder} is not a run folder (it has no results.json): {remedy}.") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path} is not a results file of this program ({error!r}): {remedy}.") from error
    model = models.get(result.role)
    # A run with a Hub id records a commit, which cannot be compared with the hash of a folder.
    if model is None or (model["revision"].startswith("sha256:") and model["revision"] != result.weights):
        raise UsageError(
            f"The run in {folder} was not played by this {result.role} (weights {result.weights[:19]}): "
            "run `subgoal eval run` with it."
        )
    return played
