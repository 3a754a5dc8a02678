"""Defaults of models with a prompt: what a description leaves open is filled in, and logged once."""

import logging

import pytest

from dataset_builder.common.errors import UsageError
from modeling.agents.prompt_format import TARGET_LENGTH, prompt_format
from modeling.checkpoints.description import ModelDescription


@pytest.mark.parametrize(
    ("values", "target", "length"),
    [
        ({}, "first-line", TARGET_LENGTH),
        ({"prompt": "thought"}, "after:Action:", 256),  # room for a thought
        ({"prompt": "thought", "target": "first-line"}, "first-line", TARGET_LENGTH),
        ({"prompt": "instruct", "thinking": True}, "first-line", 1_024),
        ({"prompt": "thought", "max_new_tokens": 7}, "after:Action:", 7),
    ],
)
def test_target_and_length_follow_from_the_prompt(
    values: dict[str, object], target: str, length: int
) -> None:
    format = prompt_format(ModelDescription(id="m", **values))  # type: ignore[arg-type]
    assert (str(format.target), format.max_new_tokens) == (target, length)
    assert format.description() == ModelDescription(
        prompt=format.template.name, target=target, max_new_tokens=length
    )
    assert format.describe()["prompt"] == {"name": format.template.name, "hash": format.template.hash}


def test_the_length_of_a_description_comes_before_that_of_the_model() -> None:
    assert prompt_format(ModelDescription(prompt="state"), max_new_tokens=30).max_new_tokens == 30
    described = ModelDescription(prompt="state", max_new_tokens=20)
    assert prompt_format(described, max_new_tokens=30).max_new_tokens == 20


def test_only_an_assumed_prompt_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        prompt_format(ModelDescription(id="mine", prompt="state"))
        assert not caplog.records
        prompt_format(ModelDescription(id="mine", state_text="paper-1"))
    (record,) = caplog.records
    assert "mine does not say how it is asked: prompt instruct, target first-line" in record.getMessage()


def test_an_unknown_prompt_is_one_line() -> None:
    with pytest.raises(UsageError, match="No prompt template 'nowhere'"):
        prompt_format(ModelDescription(prompt="nowhere"))
