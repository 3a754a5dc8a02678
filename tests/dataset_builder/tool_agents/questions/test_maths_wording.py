"""How maths questions are worded: placeholders, operands, plurals."""

from string import Formatter

import pytest

from dataset_builder.tool_agents.questions.maths_wording import TEMPLATES, operands, plural
from dataset_builder.tool_agents.questions.open_maths import MATHS_FAMILIES, maths_dataset


@pytest.mark.parametrize("family", MATHS_FAMILIES)
def test_every_template_names_all_operands_of_its_family(family: str) -> None:
    values = operands(family, maths_dataset(family, "train", seed=0)[0]["metadata"])
    for template in TEMPLATES[family]:
        named = {name for _, name, _, _ in Formatter().parse(template) if name is not None}
        # The unknown can be read off the equation.
        assert named == values.keys() or (family, named) == ("simple_equations", {"equation"})


def test_no_template_is_there_twice() -> None:
    assert all(len(set(templates)) == len(templates) >= 3 for templates in TEMPLATES.values())


def test_operands_are_what_the_question_shows() -> None:
    assert operands("fraction_simplification", {"numerator": 6, "denominator": 4}) == {"fraction": "6/4"}
    letters = {"target_letter": "t", "span": ["The", "tent"]}
    assert operands("letter_counting", letters) == {"letter": "t", "text": "The tent"}
    assert operands("gcd", {"numbers": (46, 12), "result": 2}) == {"numbers": [46, 12]}
    with pytest.raises(ValueError, match="no family 'riddles'"):
        operands("riddles", {})


@pytest.mark.parametrize(
    ("animal", "expected"),
    [("cat", "cats"), ("sheep", "sheep"), ("woodlouse", "woodlice"), ("leech", "leeches"),
     ("firefly", "fireflies"), ("praying mantis", "praying mantises")],
)  # fmt: skip
def test_plurals(animal: str, expected: str) -> None:
    assert plural(animal) == expected
