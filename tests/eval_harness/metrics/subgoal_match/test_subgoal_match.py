from typing import Any

import pytest


def test_figures(answers: dict[str, Any]) -> None:
    assert answers["match"] == pytest.approx(
        {"exact_match": 1 / 3, "name_match": 2 / 3, "argument_f1": 1 / 3, "parsed": 2 / 3}
    )


def test_a_reference_that_is_not_a_subgoal_is_reported(answers: dict[str, Any]) -> None:
    assert "'go' is not a sub-goal" in answers["bad reference"]
    assert set(answers["no pairs"].values()) == {None}
