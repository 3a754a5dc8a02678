import pytest

from dataset_builder.simulator.tasks import get_task
from space_app.session.gallery import FIRST, GALLERY, GalleryItem


def test_six_episodes_of_six_topics() -> None:
    assert len({get_task(each.task).topic for each in GALLERY}) == len({each.skill for each in GALLERY}) == 6
    assert FIRST in GALLERY


@pytest.mark.parametrize("item", GALLERY, ids=lambda item: item.task)
def test_no_episode_is_of_the_splits_that_are_trained_or_scored_on(item: GalleryItem) -> None:
    assert get_task(item.task).split_of(item.variation) == "validation"
