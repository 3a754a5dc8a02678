"""Predicted against true sub-goals as an `evaluate` metric; the arithmetic is in `matching.py`."""

import datasets
import evaluate

from .matching import match

_CITATION = """\
@inproceedings{hashemzadeh2024subgoal,
  title     = {Sub-goal Distillation: A Method to Improve Small Language Agents},
  author    = {Hashemzadeh, Maryam and Stengel-Eskin, Elias and Chandar, Sarath and
               C{\\^o}t{\\'e}, Marc-Alexandre},
  booktitle = {Proceedings of The 3rd Conference on Lifelong Learning Agents (CoLLAs)},
  series    = {Proceedings of Machine Learning Research},
  volume    = {274},
  pages     = {1053--1075},
  year      = {2024}
}
"""

_DESCRIPTION = """\
Compares predicted sub-goals in functional form, such as "fill(metal pot, water)", with the true ones: the
whole, the name, the arguments, and how many predictions are sub-goals at all.
"""

_KWARGS_DESCRIPTION = """
Args:
    predictions: predicted texts. A text that is not a sub-goal scores 0 in every measure.
    references: true sub-goals, one for each prediction.
Returns:
    exact_match: share with the same name and the same arguments in the same order.
    name_match: share with the same name.
    argument_f1: mean F1 of the arguments, each as a whole, whatever their order.
    parsed: share of the predictions that are sub-goals.
Examples:
    >>> metric = evaluate.load("eval_harness/metrics/subgoal_match")
    >>> metric.compute(predictions=["pick_up(pot)", "go"], references=["pick_up(pot)", "pick_up(cup)"])
    {'exact_match': 0.5, 'name_match': 0.5, 'argument_f1': 0.5, 'parsed': 0.5}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class SubgoalMatch(evaluate.Metric):
    """Exact match, name match, argument F1 and share that parses.

    Example:

    ```python
    metric = evaluate.load("eval_harness/metrics/subgoal_match")
    metric.compute(predictions=["pick_up(pot)"], references=["pick_up(pot)"])["exact_match"]  # 1.0
    ```
    """

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_KWARGS_DESCRIPTION,
            features=datasets.Features(
                {"predictions": datasets.Value("string"), "references": datasets.Value("string")}
            ),
            reference_urls=["https://arxiv.org/abs/2405.02749"],
        )

    def _compute(self, predictions: list[str], references: list[str]) -> dict:
        return match(predictions, references)
