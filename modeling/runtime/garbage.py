"""Python's garbage collector in long work."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def frozen_heap() -> Iterator[None]:
    """Exclude the objects that exist now from garbage collection until the block is left.

    Imported libraries and models are a million objects, and a full collection looks at each of them. Work
    that makes many lists (see `Grounding.suppressed_sequences`) triggers such collections all the time, and
    CTranslate2's converters ask for one per layer. A block inside another one changes nothing. Where
    blocks of several threads overlap, the objects are frozen until the first of them is left.

    Example:

    ```python
    with frozen_heap():
        results = [play(episode) for episode in episodes]
    ```
    """
    if gc.get_freeze_count():
        yield
        return
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
