"""How questions about facts are worded."""

from collections.abc import Mapping, Sequence
from string import Formatter

import pytest

from dataset_builder.tool_agents.questions.hop_wording import (
    BRIDGES,
    COMPARE_TEMPLATES,
    FIELD_TEMPLATES,
    SUM_TEMPLATES,
)

Templates = Mapping[str, Sequence[str]]


@pytest.mark.parametrize(
    ("templates", "entities"),
    [
        (FIELD_TEMPLATES, ["x"]),
        (BRIDGES, ["x"]),
        (COMPARE_TEMPLATES, ["x", "y"]),
        (SUM_TEMPLATES, ["x", "y"]),
    ],
    ids=["field", "bridge", "compare", "sum"],
)
def test_every_wording_names_each_entity_once_and_in_order(templates: Templates, entities: list[str]) -> None:
    for field, wordings in templates.items():
        assert len(set(wordings)) == len(wordings) >= 2, field
        for wording in wordings:
            assert [name for _, name, _, _ in Formatter().parse(wording) if name is not None] == entities


def test_a_bridge_can_stand_for_an_entity_in_a_question() -> None:
    for bridge in (phrase for phrases in BRIDGES.values() for phrase in phrases):
        assert bridge.startswith("the ")
        assert bridge[-1].isalpha() or bridge.endswith("{x}")
    inner = BRIDGES["country"][0].format(x="Bern")
    question = FIELD_TEMPLATES["capital"][0].format(x=inner)
    assert question == "What is the capital of the country in which Bern lies?"


def test_what_a_bridge_stands_for_can_also_be_asked() -> None:
    assert BRIDGES.keys() <= FIELD_TEMPLATES.keys()


def test_only_numbers_are_compared_and_added() -> None:
    assert COMPARE_TEMPLATES.keys() == SUM_TEMPLATES.keys() == {"population", "area"}
