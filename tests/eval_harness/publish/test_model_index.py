"""A card's `model-index` changes; its other metadata and its text do not."""

from typing import Any

import pytest
import yaml
from huggingface_hub import EvalResult, ModelCard, ModelCardData

from dataset_builder.common.errors import UsageError
from eval_harness.publish.model_index import add_results, parse_card

HEAD = """\
# written by hand
license: apache-2.0   # as it says
tags: [a,  b]
model-index:
- name: mine
  results:
  - task: {type: text-generation}
    dataset: {name: Other, type: other}
    metrics:
    - {type: accuracy, value: 0.50}
    extra: kept
# about the language
language: en
"""
BODY = "\n# Mine\n\n---\nA rule above, model-index: here.\n"
OLD: dict[str, Any] = yaml.safe_load(HEAD)["model-index"][0]["results"][0]


def result(value: float, config: str = "paper (abc)", name: str = "mean score") -> EvalResult:
    return EvalResult(
        task_type="reinforcement-learning",
        dataset_type="scienceworld",
        dataset_name="ScienceWorld",
        dataset_config=config,
        metric_type=name.replace(" ", "_"),
        metric_name=name,
        metric_value=value,
    )


def card(head: str) -> str:
    return f"---\n{head}---\n{BODY}"


def with_results(text: str, name: str, results: list[EvalResult]) -> tuple[list[dict[str, Any]], str]:
    parsed = parse_card(text, "x")
    return add_results(parsed, name, results, "x"), str(parsed)


def metadata(text: str) -> dict[str, Any]:
    return parse_card(text, "x").data.to_dict()


def results_of(text: str) -> list[dict[str, Any]]:
    (model,) = metadata(text)["model-index"]
    return model["results"]


def test_other_metadata_and_the_text_are_kept() -> None:
    new, text = with_results(card(HEAD), "ignored", [result(1.5), result(2.5, name="other")])
    before, after = metadata(card(HEAD)), metadata(text)
    assert list(after) == list(before)
    assert {**after, "model-index": 0} == {**before, "model-index": 0}
    assert after["model-index"][0]["name"] == "mine"
    assert text.endswith(f"---\n{BODY}")
    assert results_of(text) == [OLD, *new]
    assert [metric["value"] for metric in new[0]["metrics"]] == [1.5, 2.5]
    data = ModelCard(text).data
    assert isinstance(data, ModelCardData)
    assert [each.metric_value for each in data.eval_results or ()] == [0.5, 1.5, 2.5]


def test_the_same_kind_is_replaced_where_it_stood() -> None:
    _, text = with_results(card(HEAD), "x", [result(1.0)])
    _, text = with_results(text, "x", [result(5.0, "mini (def)")])
    _, again = with_results(text, "x", [result(2.0)])
    values = [each["metrics"][0]["value"] for each in results_of(again)]
    assert values == [0.5, 2.0, 5.0]
    _, twice = with_results(again, "x", [result(2.0)])
    assert twice == again


@pytest.mark.parametrize("text", ["", "# Mine\n", "---\nlicense: mit\n---\n# Mine\n", "---\n---\n# Mine"])
def test_a_card_without_results_or_metadata_gets_them(text: str) -> None:
    new, made = with_results(text, "mine", [result(1.0)])
    assert metadata(made) == {
        **metadata(text),
        "model-index": [{"name": "mine", "results": new}],
    }
    assert made.endswith("# Mine\n" if "# Mine\n" in text else "# Mine" if text else "---\n")


@pytest.mark.parametrize(
    "head",
    [
        '"model-index": [{name: mine, results: []}]\nlicense: mit\n',
        "model-index: [\n{name: mine,\nresults: []}\n]\nlicense: mit\n",
        "license: mit\nmodel-index:\n- name: mine\n\n  results: []\n",
        "license: mit\nmodel-index:\n",
    ],
)
def test_unusual_writing_is_read_alike(head: str) -> None:
    new, text = with_results(card(head), "mine", [result(1.0)])
    assert metadata(text) == {"license": "mit", "model-index": [{"name": "mine", "results": new}]}
    assert text.endswith(BODY)
    assert text.count("model-index") == 2


def test_line_ends_of_windows_stay() -> None:
    _, text = with_results(card(HEAD).replace("\n", "\r\n"), "x", [result(1.0)])
    assert text.count("\n") == text.count("\r\n")
    assert results_of(text)[0] == OLD


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("a: [\n", "The card's metadata of x is not YAML"),
        ("- a\n", "The card's metadata of x is not a table of keys"),
        ("model-index: 3\n", "The card of x has a model-index of another form"),
        ("model-index:\n- name: a\n", "The card of x has a model-index of another form"),
    ],
)
def test_unreadable_files_are_not_overwritten(head: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        with_results(card(head), "x", [result(1.0)])
    assert "\n" not in str(caught.value)
