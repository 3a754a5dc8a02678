import gc
import weakref
from collections.abc import Iterator

import pytest

from modeling.runtime.garbage import frozen_heap


@pytest.fixture(autouse=True)
def nothing_frozen() -> Iterator[None]:
    gc.unfreeze()  # what `conftest.py` has frozen
    yield
    gc.freeze()


class _Cycle:
    def __init__(self) -> None:
        self.itself = self


def test_what_existed_before_is_collected_only_afterwards() -> None:
    old = _Cycle()
    with frozen_heap():
        new = _Cycle()
        old_alive, new_alive = weakref.ref(old), weakref.ref(new)
        del old, new
        gc.collect()
        assert old_alive() is not None
        assert new_alive() is None
    gc.collect()
    assert old_alive() is None


def test_an_error_unfreezes_too() -> None:
    with pytest.raises(ZeroDivisionError), frozen_heap():
        _ = 1 / 0
    assert gc.get_freeze_count() == 0


def test_a_block_inside_another_changes_nothing() -> None:
    with frozen_heap():
        frozen = gc.get_freeze_count()
        with frozen_heap():
            pass
        # Frozen objects may be freed meanwhile, but no others are frozen.
        assert 0 < gc.get_freeze_count() <= frozen
    assert gc.get_freeze_count() == 0
