"""An episode for practice."""

from collections.abc import Iterator

import pytest

from dataset_builder.simulator.simulator import Episode, Simulator


@pytest.fixture(scope="module")
def episode(simulator: Simulator) -> Iterator[Episode]:
    found = simulator.episode(step_limit=None)
    yield found
    found.close()
