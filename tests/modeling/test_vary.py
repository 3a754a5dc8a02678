"""An example told in another way: the same things, the same comparisons, the same answer."""

import random
import re
from collections.abc import Callable

import pytest

from dataset_builder.state import AgentState
from dataset_builder.state_text import model_input
from modeling.augment import Names, Tellings, VariedExamples
from modeling.vary import reordered, reread

PLANES = (
    "task: determine which of the two inclined planes (B, C) has the steepest angle. | room: workshop | "
    "see: inclined plane B, inclined plane C, with: a brick approximately 64% down the plane, stopwatch "
    "(off), table [battery, black wire, switch (off)], seed jar (apple seed, pea seed) | exits: hallway | "
    "carry: orange, thermometer (10 degrees) | been: workshop | past: look at inclined plane B -> a brick "
    "approximately 56% down the plane ; look at inclined plane C -> a brick approximately 64% down the plane "
    "| done: slide(brick, inclined plane B) | goal: slide(brick, inclined plane C)"
)


def _tellings(tell: Callable[[str, random.Random], str], count: int = 40) -> set[str]:
    return {tell(PLANES, random.Random(seed)) for seed in range(count)}


def _sections(text: str) -> dict[str, str]:
    return dict(section.split(": ", 1) for section in text.split(" | "))


def test_things_in_view_and_carried_change_places_and_nothing_else_does() -> None:
    for text in _tellings(reordered):
        told, was = _sections(text), _sections(PLANES)
        assert all(told[key] == was[key] for key in was if key not in ("see", "carry"))
        assert sorted(re.findall(r"\w+", told["see"])) == sorted(re.findall(r"\w+", was["see"]))
    assert {_sections(text)["carry"] for text in _tellings(reordered)} == {
        "orange, thermometer (10 degrees)",
        "thermometer (10 degrees), orange",
    }


def test_a_thing_keeps_what_is_said_of_it() -> None:
    for text in _tellings(reordered):
        assert "inclined plane C, with: a brick approximately 64% down the plane" in text
        assert "seed jar (apple seed, pea seed)" in text  # may be a description: `water (hot, boiling)`
        assert re.search(r"table \[[^\]]*\bbattery\b[^\]]*\]", text)
    inside = {text.partition("table [")[2].partition("]")[0] for text in _tellings(reordered)}
    assert "black wire, switch (off), battery" in inside


def test_readings_change_but_compare_alike() -> None:
    found = {tuple(map(int, re.findall(r"(\d+)%", text))) for text in _tellings(reread)}
    assert len(found) > 10
    assert all(seen == second > first for seen, first, second in found)
    assert "(10 degrees)" in reread(PLANES, random.Random(0))  # other readings mean something by themselves


@pytest.mark.parametrize("text", ["", "no readings", "120% of it"])
def test_what_has_no_shares_stays(text: str) -> None:
    assert reread(text, random.Random(0)) == text


def test_texts_of_another_version_stay() -> None:
    state = AgentState("find-animal", "find an animal", "This room is called the kitchen.", "an orange")
    text = model_input("controller", state, "paper")
    assert reordered(text, random.Random(1)) == text


def test_about_the_wanted_share_is_told_anew_each_epoch_and_alike_when_repeated() -> None:
    def play(chance: float) -> list[list[list[int]]]:
        tellings = Tellings([PLANES] * 200, lambda text: list(text.encode()), chance)
        examples = VariedExamples(
            [list(PLANES.encode())] * 200, [[1]] * 200, Names(), 0.0, seed=3, tellings=tellings
        )
        epochs = []
        for examples.epoch in range(2):
            epochs.append([examples[row]["input_ids"] for row in range(200)])
        return epochs

    same = list(PLANES.encode())
    one, two = play(0.5)
    told = sum(ids != same for ids in one)
    assert 70 <= told <= 130
    assert one != two
    assert play(0.5) == [one, two]
    assert all(ids == same for ids in play(0.0)[0])
