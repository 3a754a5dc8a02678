"""Progress bars of libraries."""

import datasets
import pytest
from transformers.utils import logging

from modeling.runtime.quiet import quiet_libraries


def _settings() -> tuple[int, bool, bool]:
    return logging.get_verbosity(), logging.is_progress_bar_enabled(), datasets.are_progress_bars_disabled()


def _fail() -> None:
    assert datasets.are_progress_bars_disabled()
    assert not logging.is_progress_bar_enabled()
    raise ValueError("inside")


def test_bars_and_verbosity_are_restored_even_after_an_error() -> None:
    before = _settings()
    with pytest.raises(ValueError, match="inside"), quiet_libraries():
        _fail()
    assert _settings() == before
