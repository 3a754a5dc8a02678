"""Exchanging names in training examples."""

import random
import re
from collections.abc import Callable, Iterable, Iterator

import pytest

from dataset_builder.trajectories.agent_state import AgentState
from dataset_builder.trajectories.model_input import model_input
from modeling.data.augmentation import (
    AugmentationConfig,
    Counterfactuals,
    Names,
    VariedExamples,
    balanced_rows,
    find_names,
    renumber_pots,
    reordered,
    resample_percentages,
)
from modeling.data.tokenizer import train_tokenizer

PAIRS = [
    ("task: metal pot | see: metal pot, water | goal: pick_up(metal pot)", "pick up metal pot"),
    ("task: glass cup | see: glass cup, juice | goal: pick_up(glass cup)", "pick up glass cup"),
    ("see: orange, stove | goal: focus_on(orange)", "focus on orange"),
    ("see: material B, material D | goal: focus_on(material B)", "focus on material B"),
    ("see: baby turtle, stove, axe | goal: focus_on(living thing)", "focus on baby turtle"),
    ("see: stove | goal: wait_until(orange, hot)", "wait"),
    ("see: stove | goal: leave()", "teleport to kitchen"),
]
TOKENIZER = train_tokenizer([text for pair in PAIRS for text in pair] * 3)
INPUTS = TOKENIZER([text for text, _ in PAIRS])["input_ids"]
LABELS = TOKENIZER([text for _, text in PAIRS])["input_ids"]
NAMES = find_names(INPUTS, LABELS, TOKENIZER)


def _text(ids: list[int]) -> str:
    return str(TOKENIZER.decode(ids, skip_special_tokens=True)).strip()


def _words(tokens: Iterable[int]) -> set[str]:
    return {word.strip() for word in TOKENIZER.batch_decode([[token] for token in tokens])}


def test_names_are_words_that_answers_take_from_their_inputs() -> None:
    assert {"metal", "pot", "glass", "cup", "orange", "turtle"} <= _words(NAMES.words)
    assert not {"water", "stove", "juice"} & _words(NAMES.words)  # no answer holds them
    assert not {"teleport", "kitchen", "up", "on", "to", ":", "|", "B"} & _words(NAMES.words)
    assert _words(NAMES.letters) == {"B"}
    assert _words(NAMES.any_letter) == {"B", "D"}
    assert {"teleport", "kitchen", "axe"} <= _words(NAMES.any_word)
    assert all(piece.isalpha() for piece in _words(NAMES.pieces))


def test_verbs_and_names_of_subgoals_are_no_names() -> None:
    pairs = [
        ("task: focus on the pot. focus on it | see: pot, pot", f"{verb} pot")
        for verb in ("focus on", "focus_on(")
    ]
    inputs, labels = (TOKENIZER([pair[side] for pair in pairs])["input_ids"] for side in (0, 1))
    found = _words(find_names(inputs, labels, TOKENIZER).words)
    assert "pot" in found
    assert "focus" not in found


def _renamed(index: int, epochs: int = 40) -> Iterator[tuple[dict[str, list[int]], list[int], list[int]]]:
    """What an example becomes, with the ids it was made of."""
    examples = VariedExamples(INPUTS, LABELS, NAMES, chance=0.9, seed=0)
    for examples.epoch in range(epochs):
        yield examples[index], INPUTS[index], LABELS[index]


def test_a_name_becomes_another_one_in_input_and_answer_alike() -> None:
    answers = set()
    for found, inputs, labels in _renamed(2):
        fruit = _text(found["labels"]).removeprefix("focus on ")
        assert _text(found["input_ids"]) == _text(inputs).replace("orange", fruit)
        assert found["labels"][-1] == labels[-1]
        answers.add(fruit)
    assert len(answers) > 10
    assert _text(INPUTS[2]).startswith("see: orange, stove")  # the originals stay as they were


def test_new_names_come_whole_and_spelled() -> None:
    lengths = {len(found["labels"]) - len(labels) for found, _, labels in _renamed(2, epochs=200)}
    assert lengths == {0, 1, 2}


def test_two_names_of_an_example_stay_two() -> None:
    for found, _, _ in _renamed(0):
        metal, pot = found["labels"][2], found["labels"][3]
        assert metal != pot


def test_a_letter_becomes_another_letter_but_none_that_is_there() -> None:
    letters = train_tokenizer(["material A B C D E F"] * 3)
    inputs, labels = (letters([text])["input_ids"] for text in ("B, D, material B", "material B"))
    names = find_names(inputs, labels, letters)
    examples = VariedExamples(inputs, labels, names, chance=0.9, seed=0)
    found = set()
    for examples.epoch in range(60):
        found.add(str(letters.decode(examples[0]["labels"], skip_special_tokens=True)).split()[-1])
    assert found == set("ABCEF")


def test_an_input_does_not_grow_beyond_its_limit() -> None:
    examples = VariedExamples(INPUTS, LABELS, NAMES, 0.9, seed=0, longest=len(INPUTS[2]))
    for examples.epoch in range(40):
        assert len(examples[2]["input_ids"]) == len(INPUTS[2])


def test_what_was_chosen_by_its_meaning_keeps_its_name() -> None:
    assert all(found["input_ids"] == inputs for found, inputs, _ in _renamed(4))


def test_the_answer_is_not_the_only_strange_name() -> None:
    texts = [
        "hot red box, cold blue box | see: red box, blue box",
        "move it to red box",
        "move it to blue box",
    ]
    others = "apple pear plum cherry mango lemon melon grape peach olive onion carrot"
    tokenizer = train_tokenizer([*texts, others] * 3)
    inputs, red, blue = (tokenizer([text])["input_ids"][0] for text in texts)
    names = find_names([inputs, inputs], [red, blue], tokenizer)
    examples = VariedExamples([inputs], [red], names, chance=0.5, seed=0)
    (other,) = set(blue) - set(red)
    kept = 0
    for examples.epoch in range(60):
        kept += other in examples[0]["input_ids"]
    assert 15 < kept < 45


def test_draws_depend_on_seed_epoch_and_example_alone() -> None:
    one, two = (VariedExamples(INPUTS, LABELS, NAMES, 0.5, seed=1) for _ in range(2))
    first = [one[index] for index in range(len(one))]
    assert [two[index] for index in reversed(range(len(two)))] == first[::-1]
    two.epoch = 1
    assert [two[index] for index in range(len(two))] != first


def test_without_a_chance_nothing_changes() -> None:
    examples = VariedExamples(INPUTS, LABELS, NAMES, 0.0, seed=0)
    assert [examples[index]["input_ids"] for index in range(len(examples))] == INPUTS


@pytest.mark.parametrize(("balance", "shares"), [(0, (9, 1)), (0.5, (9, 3)), (1, (9, 9))])
def test_rare_tasks_are_repeated(balance: float, shares: tuple[int, int]) -> None:
    tasks = ["often"] * 9 + ["rare"]
    rows = balanced_rows(tasks, balance)
    assert (len([row for row in rows if row < 9]), rows.count(9)) == shares
    assert set(rows) == set(range(10))
    assert balanced_rows([], balance) == []
    heavier = balanced_rows(tasks, balance, {"rare": 4})
    assert (len([row for row in heavier if row < 9]), heavier.count(9)) == (9, shares[1] * 4)


PLANES = (
    "task: determine which of the two inclined planes (B, C) has the steepest angle. | room: workshop | "
    "see: inclined plane B, inclined plane C, with: a brick approximately 64% down the plane, stopwatch "
    "(off), table [battery, black wire, switch (off)], seed jar (apple seed, pea seed) | exits: hallway | "
    "carry: orange, thermometer (10 degrees) | been: workshop | past: look at inclined plane B -> a brick "
    "approximately 56% down the plane ; look at inclined plane C -> a brick approximately 64% down the plane "
    "| done: slide(brick, inclined plane B) | goal: slide(brick, inclined plane C)"
)


def _variants(change: Callable[[str, random.Random], str], count: int = 40) -> set[str]:
    return {change(PLANES, random.Random(seed)) for seed in range(count)}


def _sections(text: str) -> dict[str, str]:
    return dict(section.split(": ", 1) for section in text.split(" | "))


def test_things_in_view_and_carried_change_places_and_nothing_else_does() -> None:
    for text in _variants(reordered):
        told, was = _sections(text), _sections(PLANES)
        assert all(told[key] == was[key] for key in was if key not in ("see", "carry"))
        assert sorted(re.findall(r"\w+", told["see"])) == sorted(re.findall(r"\w+", was["see"]))
    assert {_sections(text)["carry"] for text in _variants(reordered)} == {
        "orange, thermometer (10 degrees)",
        "thermometer (10 degrees), orange",
    }


def test_a_thing_keeps_what_is_said_of_it() -> None:
    for text in _variants(reordered):
        assert "inclined plane C, with: a brick approximately 64% down the plane" in text
        assert "seed jar (apple seed, pea seed)" in text  # may be a description: `water (hot, boiling)`
        assert re.search(r"table \[[^\]]*\bbattery\b[^\]]*\]", text)
    inside = {text.partition("table [")[2].partition("]")[0] for text in _variants(reordered)}
    assert "black wire, switch (off), battery" in inside


def test_readings_change_but_compare_alike() -> None:
    found = {tuple(map(int, re.findall(r"(\d+)%", text))) for text in _variants(resample_percentages)}
    assert len(found) > 10
    assert all(seen == second > first for seen, first, second in found)
    assert "(10 degrees)" in resample_percentages(
        PLANES, random.Random(0)
    )  # other readings mean something by themselves


@pytest.mark.parametrize("text", ["", "no readings", "120% of it"])
def test_what_has_no_shares_stays(text: str) -> None:
    assert resample_percentages(text, random.Random(0)) == text


def test_texts_of_another_version_stay() -> None:
    state = AgentState("find-animal", "find an animal", "This room is called the kitchen.", "an orange")
    text = model_input("controller", state, "paper")
    assert reordered(text, random.Random(1)) == text


POTS = (
    "task: grow a pea | see: flower pot 1 (pea plant), self watering flower pot 4 (soil), flower pot 11"
    " | past: move pea seed to flower pot 4"
)


def test_pots_get_other_numbers_alike_everywhere() -> None:
    seen = set()
    for seed in range(50):
        text, target = renumber_pots(POTS, "focus on plant in flower pot 4", random.Random(seed))
        first, second, third, past = re.findall(r"pot (\d+)", text)
        assert len({first, second, third}) == 3
        assert past == second
        assert target == f"focus on plant in flower pot {second}"
        assert re.sub(r"pot \d+", "pot", text) == re.sub(r"pot \d+", "pot", POTS)
        seen.add((first, second, third))
    assert len(seen) > 40


@pytest.mark.parametrize("target", ["focus on flower pot 7", "wait"])
def test_numbers_that_the_input_lacks_stay(target: str) -> None:
    one_pot = "see: flower pot 1"
    assert renumber_pots(one_pot, target, random.Random(0)) == (one_pot, target)
    if "7" in target:
        assert renumber_pots(POTS, target, random.Random(0)) == (POTS, target)


def as_bytes(text: str) -> list[int]:
    return list(text.encode())


def test_about_the_wanted_share_is_told_anew_each_epoch_and_alike_when_repeated() -> None:
    def play(chance: float) -> list[list[list[int]]]:
        rewriting = AugmentationConfig([PLANES] * 200, [""] * 200, as_bytes, as_bytes, chance)
        examples = VariedExamples(
            [list(PLANES.encode())] * 200, [[1]] * 200, Names(), 0.0, seed=3, rewriting=rewriting
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


NOTED = (
    PLANES.replace("B -> a", "B -> inclined plane B, with: a").replace(
        "C -> a", "C -> inclined plane C, with: a"
    )
    + " | readings: 56% inclined plane B ; 64% inclined plane C"
)


def _decisions(
    chance: float,
    evidence_only: float,
    decisions: frozenset[int],
    text: str = NOTED,
    target: str = "focus_on(inclined plane C)",
) -> list[tuple[str, str]]:
    others = Counterfactuals(chance, decisions, evidence_only)
    rewriting = AugmentationConfig([text] * 200, [target] * 200, as_bytes, as_bytes, 0.0, others)
    inputs, labels = as_bytes(text), as_bytes(target)
    examples = VariedExamples([inputs] * 200, [labels] * 200, Names(), 0.0, seed=3, rewriting=rewriting)
    return [
        (bytes(examples[row]["input_ids"]).decode(), bytes(examples[row]["labels"]).decode())
        for row in range(200)
    ]


def test_only_decision_steps_get_other_evidence_and_its_answer() -> None:
    drawn = _decisions(0.9, 0.0, frozenset(range(100)))
    assert {answer for _, answer in drawn[:100]} == {f"focus_on(inclined plane {name})" for name in "BC"}
    assert len({text for text, _ in drawn[:100]}) > 50
    assert set(drawn[100:]) == {(NOTED, "focus_on(inclined plane C)")}
    assert drawn == _decisions(0.9, 0.0, frozenset(range(100)))


HEATED = (
    "task: If the melting point of lead is above 50.0 degrees celsius, focus on the red box. If the melting "
    "point of lead is below 50.0 degrees celsius, focus on the blue box. | room: foundry | see: blast "
    "furnace (on) [metal pot (lead)] | goal: monitor_temperature(lead) | readings: lead 19 degrees , below"
)


def test_steps_before_a_decision_get_other_temperatures_and_substances() -> None:
    drawn = _decisions(0.5, 0.0, frozenset(), HEATED, "monitor_temperature(lead)")
    assert len({re.findall(r"-?\d+(?:\.\d)? degrees", text)[-1] for text, _ in drawn}) > 50
    named = {answer for _, answer in drawn}
    assert "monitor_temperature(lead)" in named
    assert len(named) > 5
    for text, answer in drawn:
        substance = answer.removeprefix("monitor_temperature(").removesuffix(")")
        assert text.count(substance) == 5
    assert set(_decisions(0.0, 0.0, frozenset(), HEATED, "monitor_temperature(lead)")) == {
        (HEATED, "monitor_temperature(lead)")
    }


def test_a_decision_step_may_be_cut_down_to_its_evidence() -> None:
    drawn = _decisions(0.0, 1.0, frozenset({0}))
    assert [section.partition(": ")[0] for section in drawn[0][0].split(" | ")] == [
        "task",
        "goal",
        "readings",
    ]
    assert drawn[1][0] == NOTED
