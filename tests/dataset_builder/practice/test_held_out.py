"""The texts that only other splits have, read from the simulator."""

from dataset_builder.practice.held_out import HeldOutTexts
from dataset_builder.simulator.simulator import Simulator


def test_texts_of_other_splits_are_held_out_unless_train_has_them(simulator: Simulator) -> None:
    texts = HeldOutTexts()
    found = texts.of(simulator.episode(), "power-component")
    # A validation variation asks for the blue light bulb, as a train variation does.
    assert sorted(text.split(".")[0] for text in found) == [
        "Your task is to turn on the electric buzzer",
        "Your task is to turn on the electric motor",
    ]
    assert texts.of(simulator.episode(), "power-component") is found
