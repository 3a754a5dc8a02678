import gc
import weakref

import pytest

from modeling.runtime.garbage import frozen_heap


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
