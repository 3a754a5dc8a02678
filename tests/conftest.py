"""Fixtures shared by all tests: one simulator for the whole run."""

from collections.abc import Iterator

import pytest

from dataset_builder.simulator import Simulator


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    with Simulator() as sim:
        yield sim
