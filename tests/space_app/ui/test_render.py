from space_app.session.episode import DemoEpisode
from space_app.session.sessions import Session
from space_app.ui.render import (
    render_comparison,
    render_introduction,
    render_notice,
    render_session,
    render_waiting,
)


def board(episode: DemoEpisode) -> str:
    return render_session(Session("key", [episode]))


def test_markup_of_a_visitor_is_shown_as_text(episode: DemoEpisode) -> None:
    episode.set_subgoal("navigate_to(<img src=x onerror=alert>)", pin=True)
    assert "<img" not in board(episode)
    assert "&lt;img" in board(episode)
    assert "Pinned by you" in board(episode)
    assert "<b>" not in render_notice("<b>bold</b>")
    assert "<b>" not in render_introduction("boil", 0, "<b>bold</b>")
    assert "<i>" not in render_waiting("<i>a room</i>")


def test_the_plan_marks_done_current_and_predicted_sub_goals(episode: DemoEpisode) -> None:
    assert board(episode).count('<li class="next">') == 1
    episode.step()
    assert '<li class="now">' in board(episode)
    episode.step()
    shown = board(episode)
    assert shown.count('<li class="done">') == shown.count('<li class="next">') == 1
    assert "2 actions" in shown
    while not episode.over:
        episode.step()
    shown = board(episode)
    assert '<li class="end won">Task completed.</li>' in shown
    assert "1 rejected first" in shown
    assert '<span class="sg-points up">+' in shown


def test_two_episodes_are_shown_side_by_side_with_titles(episode: DemoEpisode) -> None:
    shown = render_session(Session("key", [episode, episode]))
    assert shown.startswith("<div class='sg-boards n2'>")
    assert shown.count("With sub-goals") == 2


def test_without_an_episode_the_comparison_has_the_expert_alone() -> None:
    assert "AGENT" not in render_comparison(None, []).upper()
