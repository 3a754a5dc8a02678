"""Libraries are quiet inside of the block, and as before after it."""

import warnings

import datasets
import pytest
from transformers.utils import logging

from modeling.runtime.quiet import quiet_libraries


def _announce(module: str) -> None:
    warnings.warn_explicit("renamed in v6", FutureWarning, "modeling_utils.py", 1, module=module)


def test_libraries_are_quiet_and_then_as_before() -> None:
    before = logging.get_verbosity(), datasets.are_progress_bars_disabled()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with quiet_libraries():
            assert logging.get_verbosity() == logging.ERROR
            assert datasets.are_progress_bars_disabled()
            _announce("transformers.modeling_utils")
            with pytest.raises(FutureWarning):
                _announce("modeling.training")
        with pytest.raises(FutureWarning):
            _announce("transformers.modeling_utils")
    assert (logging.get_verbosity(), datasets.are_progress_bars_disabled()) == before
