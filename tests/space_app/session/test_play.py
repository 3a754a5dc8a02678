import json
import os
import signal
from pathlib import Path

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.simulator.simulator import Simulator
from eval_harness.rollout.replay import recorded_episodes, replay_episode
from space_app.session.downloads import json_text, markdown
from space_app.session.play import Play, view
from space_app.session.sessions import Session
from space_app.ui import html as boards
from tests.space_app.conftest import ScriptedPlayer


@pytest.fixture
def play(simulator: Simulator) -> Play:
    return Play(simulator, ScriptedPlayer(), "4-4", 159)


def test_the_plan_is_told_before_it_is_followed_and_leads_to_100(
    play: Play, simulator: Simulator, tmp_path: Path
) -> None:
    assert play.coming == "focus_on(animal, outside)"
    while not play.over:
        play.step()
    assert (play.state.score_points, play.record().stop_reason) == (100, "completed")
    assert [turn.rejected for turn in play.turns][2] == ("pick up baby beaver with both hands",)
    assert view(play)["next_subgoal"] is None
    assert "Score **100**" in markdown(play)
    file = tmp_path / "episode.json"
    file.write_text(json_text(play))
    (episode,), rules = recorded_episodes(file)
    assert replay_episode(simulator, episode, rules).same


def test_a_changed_sub_goal_changes_the_next_action_and_then_the_plan_goes_on(play: Play) -> None:
    play.set_subgoal("navigate_to(kitchen)")
    play.step()
    assert play.turns[0].action == "teleport to kitchen"
    assert play.turns[0].steered
    assert play.coming == "focus_on(animal, outside)"


def test_a_pinned_sub_goal_stays_until_it_is_released(play: Play) -> None:
    play.set_subgoal("navigate_to(kitchen)", pin=True)
    play.step()
    play.step()
    assert [turn.subgoal for turn in play.turns] == ["navigate_to(kitchen)"] * 2
    play.release()
    assert play.coming == "focus_on(animal, outside)"


def test_the_visitor_takes_over_and_hands_back(play: Play) -> None:
    with pytest.raises(UsageError, match="does not know 'fly to the moon'"):
        play.act("fly to the moon")
    assert not play.turns
    play.act("teleport to outside")
    play.step()
    assert [(turn.by, turn.action) for turn in play.turns] == [
        ("visitor", "teleport to outside"),
        ("agent", "focus on baby beaver"),
    ]
    assert "teleport to kitchen" in play.valid_actions()


def test_the_flat_agent_has_no_sub_goal_to_change(simulator: Simulator) -> None:
    play = Play(simulator, ScriptedPlayer(plans=False), "find-animal", 159)
    with pytest.raises(UsageError, match="no sub-goals to change"):
        play.set_subgoal("navigate_to(kitchen)")
    play.step()
    assert play.turns[0].subgoal == ""
    play.close()


def test_an_episode_survives_the_death_of_the_java_process() -> None:
    with Simulator(worlds=1) as simulator:
        play = Play(simulator, ScriptedPlayer(), "find-animal", 159)
        for work in (play.step, lambda: play.act("focus on baby beaver")):
            assert simulator.pid is not None
            os.kill(simulator.pid, signal.SIGKILL)
            work()
        while not play.over:
            play.step()
        assert play.state.score_points == 100
        assert json.loads(json_text(play))["moves"] == 5
        assert simulator.starts == 3


def test_markup_is_shown_as_text(play: Play) -> None:
    play.set_subgoal("navigate_to(<img src=x onerror=alert(1)>)".replace("(1)", ""), pin=True)
    board = boards.boards(Session("key", [play]))
    assert "<img" not in board
    assert "&lt;img" in board
    assert "<b>" not in boards.notice("<b>bold</b>")
