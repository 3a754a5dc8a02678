"""An example told in another way: the same things, the same comparisons, the same answer."""

import random
import re
from collections.abc import Callable

import pytest

from dataset_builder.state import AgentState
from dataset_builder.state_text import model_input
from modeling.augment import Names, Tellings, VariedExamples
from modeling.vary import not_yet, renumbered, reordered, reread, retold

BOXES = (
    "task: measure the melting point of lead. If the melting point of lead is above -20.0 degrees celsius, "
    "focus on the green box. If the melting point of lead is below -20.0 degrees celsius, focus on the blue "
    "box. | room: kitchen | see: stove (on) | carry: thermometer (10 degrees) | past: use thermometer on "
    "lead -> -31 degrees ; wait ; use thermometer on lead -> -4 degrees | goal: monitor_temperature(lead)"
)
POTS = (
    "task: focus on the life stages of the cherry plant. | room: outside | see: self watering flower pot 8 "
    "(cherry seed, soil), self watering flower pot 3 (cherry tree in the adult stage), wood cup | past: wait1"
    " | goal: focus_on(cherry tree in the seedling stage, self watering flower pot 3)"
)
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


def test_temperatures_change_where_the_task_names_one_to_compare_with() -> None:
    found = set()
    for seed in range(40):
        degrees = re.findall(r"(-?[\d.]+) degrees", reread(BOXES, random.Random(seed)))
        above, below, held, first, second = map(float, degrees)
        assert degrees[0].endswith(".0")
        assert first < above == below < second < held
        found.add(above)
    assert len(found) > 20


def test_pots_have_other_numbers_in_input_and_answer() -> None:
    found = set()
    for seed in range(40):
        text, answer = renumbered(
            POTS, "focus on cherry seed in self watering flower pot 8", random.Random(seed)
        )
        seed_pot, tree_pot, goal_pot = re.findall(r"pot (\d)", text)
        assert answer == f"focus on cherry seed in self watering flower pot {seed_pot}"
        assert tree_pot == goal_pot != seed_pot
        assert "wait1" in text  # which is no number of a pot
        found.add((seed_pot, tree_pot))
    assert len(found) > 20


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("wood cup", "wait1"),
        ("flower pot 12", "wait1"),
        ("past: move soil to flower pot 1", "place(soil, flower pot 3, greenhouse)"),  # known by heart
    ],
)
def test_numbers_stay_where_they_cannot_be_exchanged(text: str, answer: str) -> None:
    assert all(renumbered(text, answer, random.Random(seed)) == (text, answer) for seed in range(5))


POT = (
    "task: freeze chocolate. | room: kitchen | see: stove (on) [metal pot (liquid chocolate)], fridge | "
    "past: activate stove ; wait | done: heat(chocolate, stove) | goal: wait_until(chocolate, melted)"
)


def test_a_substance_that_has_not_melted_is_waited_for() -> None:
    told = [not_yet(POT, "cool(liquid chocolate, freezer)", random.Random(seed)) for seed in range(20)]
    assert {answer for _, answer in told} == {"wait_until(chocolate, melted)"}
    for text, _ in told:
        assert "[metal pot (chocolate)]" in text
        assert re.sub(r"; wait(?: x[234])? \|", "; wait |", text) == POT.replace("liquid ", "")
    assert len(set(told)) == 4


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (POT, "wait_until(chocolate, melted)"),
        (POT, "wait"),
        (POT.replace("liquid ", ""), "cool(chocolate, freezer)"),
        (POT.replace("melted", "boiled"), "cool(liquid chocolate, freezer)"),
    ],
)
def test_whatever_else_is_said_of_melting_stays(text: str, answer: str) -> None:
    assert not_yet(text, answer, random.Random(0)) == (text, answer)


def test_an_example_is_told_anew_as_a_whole() -> None:
    text, answer = retold(POTS, "pick up self watering flower pot 3", random.Random(2))
    assert sorted(re.findall("[a-z]+", text)) == sorted(re.findall("[a-z]+", POTS))
    assert answer.rpartition(" ")[2] in re.findall(r"flower pot (\d) \(cherry tree", text)


@pytest.mark.parametrize("text", ["", "no readings", "120% of it"])
def test_what_has_no_shares_stays(text: str) -> None:
    assert reread(text, random.Random(0)) == text


def test_texts_of_another_version_stay() -> None:
    state = AgentState("find-animal", "find an animal", "This room is called the kitchen.", "an orange")
    text = model_input("controller", state, "paper")
    assert reordered(text, random.Random(1)) == text


def test_about_the_wanted_share_is_told_anew_each_epoch_and_alike_when_repeated() -> None:
    def play(chance: float) -> list[list[list[int]]]:
        as_bytes = (lambda text: list(text.encode()),) * 2
        tellings = Tellings([PLANES] * 200, ["wait"] * 200, *as_bytes, chance)
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


def test_inputs_come_with_the_answers_as_they_were_told() -> None:
    def encode(text: str) -> list[int]:
        return list(text.encode())

    answer = "pick up self watering flower pot 3"
    tellings = Tellings([POTS] * 20, [answer] * 20, encode, encode, 1.0)
    examples = VariedExamples([encode(POTS)] * 20, [encode(answer)] * 20, Names(), 0.0, 0, None, tellings)
    numbers = set()
    for row in range(20):
        text, label = (bytes(examples[row][key]).decode() for key in ("input_ids", "labels"))
        tree = re.search(r"flower pot (\d) \(cherry tree", text)
        assert tree
        assert label == f"pick up self watering flower pot {tree[1]}"
        numbers.add(tree[1])
    assert len(numbers) > 3
