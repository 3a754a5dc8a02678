"""Reading the race of two blocks."""

import pytest

from dataset_builder.expert.inclined_plane import decided, distance

SLIDING = "an inclined plane, with: a wood block approximately {}% down the plane"


@pytest.mark.parametrize(
    ("text", "percent"),
    [(SLIDING.format(86), 86), ("a block at the bottom of the plane", 100), ("a table", None)],
)
def test_the_distance_is_read_in_percent(text: str, percent: int | None) -> None:
    assert distance(text) == percent


def test_two_looks_must_differ_to_decide() -> None:
    assert decided([SLIDING.format(40), SLIDING.format(42)])
    assert not decided([SLIDING.format(40), SLIDING.format(41)])
    assert decided(["no plane was looked at"])
