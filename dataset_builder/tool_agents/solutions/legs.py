"""The number of legs that reasoning-gym gives each animal."""

from collections.abc import Iterable

from dataset_builder.common.extras import check_extra


def legs_of(animals: Iterable[str]) -> dict[str, int]:
    """Animal → number of legs.

    Raises:
        UsageError: if reasoning-gym is not installed.
    """
    check_extra("reasoning_gym", "tools", "The program teacher")
    from reasoning_gym.arithmetic.leg_counting import ANIMALS

    return {animal: ANIMALS[animal] for animal in animals}
