"""The simulator of the tests as the one that environments share."""

import os

import pytest

from dataset_builder.gym import shared_simulator
from dataset_builder.simulator.simulator import Simulator


@pytest.fixture
def shared(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Environments that `gymnasium.make` makes start no Java process of their own."""
    entry = shared_simulator.SharedSimulator(simulator, users=1)
    monkeypatch.setitem(shared_simulator._shared, os.getpid(), entry)
