"""Which items of a path are moves between rooms, and which only look or wait."""

import pytest

from dataset_builder.expert.plan import Item


@pytest.mark.parametrize(
    ("action", "navigates", "polls"),
    [
        ("go to kitchen", True, False),
        ("open door to kitchen", True, False),
        ("use thermometer in inventory on water", False, True),
        ("wait1", False, True),
        ("wait", False, True),
        ("pick up pot", False, False),
    ],
)
def test_items_by_kind(action: str, navigates: bool, polls: bool) -> None:
    item = Item(action, "", "", "", "", "", 0.0, 1)
    assert (item.is_navigation, item.is_poll) == (navigates, polls)
