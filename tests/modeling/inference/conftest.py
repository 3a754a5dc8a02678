"""A trained flat model and inputs for it."""

from pathlib import Path

import pytest

from modeling.agents.decoding import Decoding
from modeling.agents.local_model import LocalModel
from modeling.data.examples import load_role


@pytest.fixture(scope="session")
def flat(checkpoints: dict[str, Path]) -> LocalModel:
    """Runs with transformers and decodes without constraints."""
    return LocalModel.from_pretrained(
        str(checkpoints["flat"]), decoding=Decoding(backend="transformers", grounded=False)
    )


@pytest.fixture(scope="session")
def texts(dataset: Path) -> list[str]:
    """Inputs of the flat model."""
    return list(load_role("flat", str(dataset)).train["input"])[::3]
