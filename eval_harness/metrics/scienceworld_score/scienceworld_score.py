"""ScienceWorld scores of an agent as an `evaluate` metric; the arithmetic is in `scores.py`."""

import datasets
import evaluate

from .scores import averages, count

_CITATION = """\
@inproceedings{wang2022scienceworld,
  title     = {{ScienceWorld}: Is your Agent Smarter than a 5th Grader?},
  author    = {Wang, Ruoyao and Jansen, Peter and C{\\^o}t{\\'e}, Marc-Alexandre and
               Ammanabrolu, Prithviraj},
  booktitle = {Proceedings of the 2022 Conference on Empirical Methods in Natural Language
               Processing (EMNLP)},
  pages     = {11279--11298},
  year      = {2022}
}
"""

_DESCRIPTION = """\
Scores of an agent on ScienceWorld: what each episode counts by a rule, and the means by task, by length
of the tasks and over all. Results can only be compared if they share the episodes and the rule.
"""

_KWARGS_DESCRIPTION = """
Args:
    predictions: what the simulator said of each episode, -100 to 100: its last score; with the
        configuration "over_steps", the list of its scores after each action. None for an episode that
        failed: it counts in no mean.
    tasks: the simulator's name of each episode's task, such as "boil".
    scoring: "zero" (default): the last score, a negative one as 0. "previous": the last score that was not
        negative. "maximum": the highest score reached. The last two need "over_steps".
Returns:
    mean_score: plain mean over the tasks' means, 0 to 100.
    per_task: for each task "mean", "episodes" (scored) and "failed".
    groups: for "short", "medium" and "long" tasks "mean" (over tasks), "tasks" and "episodes".
    success_rate: share of the scored episodes that reached 100.
    episodes, failed: their numbers.
Examples:
    >>> metric = evaluate.load("eval_harness/metrics/scienceworld_score")
    >>> found = metric.compute(predictions=[100, -100, 25], tasks=["boil", "boil", "find-plant"])
    >>> found["mean_score"], found["success_rate"]
    (37.5, 0.3333)
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class ScienceWorldScore(evaluate.Metric):
    """Mean scores over ScienceWorld's tasks; configurations `default` and `over_steps`.

    Example:

    ```python
    metric = evaluate.load("eval_harness/metrics/scienceworld_score", "over_steps")
    scores = metric.compute(predictions=[[10, 60, -100]], tasks=["boil"], scoring="maximum")
    scores["mean_score"]  # 60.0
    ```
    """

    def _info(self) -> evaluate.MetricInfo:
        if self.config_name not in ("default", "over_steps"):
            raise ValueError(f"Unknown configuration {self.config_name!r}: use default or over_steps.")
        number = datasets.Value("float64")
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_KWARGS_DESCRIPTION,
            features=datasets.Features(
                {
                    "predictions": datasets.Sequence(number) if self.config_name == "over_steps" else number,
                    "tasks": datasets.Value("string"),
                }
            ),
            reference_urls=["https://github.com/allenai/ScienceWorld", "https://arxiv.org/abs/2405.02749"],
        )

    def _compute(self, predictions: list, tasks: list[str], scoring: str = "zero") -> dict:
        if self.config_name != "over_steps":
            if scoring in ("previous", "maximum"):
                raise ValueError(
                    f"Scoring {scoring!r} needs the scores after each action: load the metric with "
                    'evaluate.load(PATH, "over_steps").'
                )
            predictions = [None if score is None else [score] for score in predictions]
        return averages(
            (task, None if scores is None else count(scores, scoring))
            for task, scores in zip(tasks, predictions, strict=True)
        )
