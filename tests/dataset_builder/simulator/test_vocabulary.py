"""Words of the simulator."""

from dataset_builder.simulator.vocabulary import simulator_words


def test_words_of_object_types_and_letters() -> None:
    words = simulator_words()
    assert {"paper", "clip", "acetic", "acid", "thermometer", "sugar", "orange"} <= set(words)
    assert {"A", "Z"} <= set(words)
    assert all(word.isalpha() and (word.islower() or len(word) == 1) for word in words)
    assert len(words) == len(set(words)) > 200
