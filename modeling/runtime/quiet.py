"""Libraries without progress bars and notices: the project prints its own."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Turn off progress bars and notices of transformers and datasets inside the block.

    So are announcements of changes in their interfaces, with which only this project can do anything.
    """
    import datasets
    from transformers.utils import logging

    level, transformers_bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    datasets_bars = not datasets.are_progress_bars_disabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    datasets.disable_progress_bars()
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=FutureWarning, module="transformers|peft|trl")
            yield
    finally:
        logging.set_verbosity(level)
        if transformers_bars:
            logging.enable_progress_bar()
        if datasets_bars:
            datasets.enable_progress_bars()
