import os
import signal

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.simulator.simulator import Simulator
from space_app.session.episode import DemoEpisode
from tests.space_app.conftest import ScriptedAgent


def test_the_plan_is_shown_before_it_is_followed_and_leads_to_100(episode: DemoEpisode) -> None:
    assert episode.next_subgoal == "focus_on(animal, outside)"
    while not episode.over:
        episode.step()
    assert (episode.state.score_points, episode.record().stop_reason) == (100, "completed")
    assert [turn.rejected for turn in episode.turns][2] == ("pick up baby beaver with both hands",)


def test_a_changed_subgoal_applies_to_the_next_action_only(episode: DemoEpisode) -> None:
    episode.set_subgoal("navigate_to(kitchen)")
    episode.step()
    assert episode.turns[0].action == "teleport to kitchen"
    assert episode.turns[0].steered
    assert episode.next_subgoal == "focus_on(animal, outside)"


def test_a_pinned_sub_goal_stays_until_it_is_released(episode: DemoEpisode) -> None:
    episode.set_subgoal("navigate_to(kitchen)", pin=True)
    episode.step()
    episode.step()
    assert [turn.subgoal for turn in episode.turns] == ["navigate_to(kitchen)"] * 2
    episode.release()
    assert episode.next_subgoal == "focus_on(animal, outside)"


def test_the_visitor_takes_over_and_hands_back(episode: DemoEpisode) -> None:
    with pytest.raises(UsageError, match="does not know 'fly to the moon'"):
        episode.act("fly to the moon")
    assert not episode.turns
    episode.act("teleport to outside")
    episode.step()
    assert [(turn.by, turn.action) for turn in episode.turns] == [
        ("visitor", "teleport to outside"),
        ("agent", "focus on baby beaver"),
    ]
    assert "teleport to kitchen" in episode.valid_actions()


def test_the_flat_agent_has_no_sub_goal_to_change(simulator: Simulator) -> None:
    episode = DemoEpisode(simulator, ScriptedAgent(has_plan=False), "find-animal", 159)
    with pytest.raises(UsageError, match="no sub-goals to change"):
        episode.set_subgoal("navigate_to(kitchen)")
    episode.step()
    assert episode.turns[0].subgoal == ""
    episode.close()


def test_an_episode_survives_the_death_of_the_java_process() -> None:
    with Simulator(worlds=1) as simulator:
        episode = DemoEpisode(simulator, ScriptedAgent(), "find-animal", 159)
        for work in (episode.step, lambda: episode.act("focus on baby beaver")):
            assert simulator.pid is not None
            os.kill(simulator.pid, signal.SIGKILL)
            work()
        while not episode.over:
            episode.step()
        assert episode.state.score_points == 100
        assert episode.state.moves == 5
        assert simulator.starts == 3
