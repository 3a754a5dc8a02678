import pytest

from dataset_builder.common.errors import UsageError
from eval_harness.episodes.game import _message, episode_seed
from eval_harness.protocols.protocol import EpisodeKey


def test_the_seed_of_an_episode_is_the_same_in_every_process() -> None:
    assert episode_seed(EpisodeKey("boil", 21, 0)) == episode_seed(EpisodeKey("boil", 21, 0))
    seeds = {episode_seed(EpisodeKey("boil", 21, seed)) for seed in range(10)}
    assert len(seeds) == 10


def test_an_error_of_an_agent_is_reported_with_its_line() -> None:
    with pytest.raises(ValueError, match="two") as caught:
        raise ValueError("two\nlines")
    assert _message(caught.value).startswith("ValueError: two lines (test_game.py:")
    assert _message(UsageError("One line.")) == "One line."
