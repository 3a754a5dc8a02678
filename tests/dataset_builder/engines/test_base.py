"""Both engines follow one protocol."""

import inspect

import pytest

from dataset_builder.engines.base import ENGINES, Engine
from dataset_builder.engines.local import LocalEngine
from dataset_builder.engines.ray import RayEngine


@pytest.mark.parametrize("engine", [LocalEngine, RayEngine])
def test_engines_are_called_alike(engine: type[Engine]) -> None:
    assert engine.name in ENGINES
    expected = inspect.signature(Engine.map).parameters.values()
    actual = inspect.signature(engine.map).parameters.values()
    assert [(p.name, p.default) for p in actual] == [(p.name, p.default) for p in expected]
