from pathlib import Path

from dataset_builder.simulator.simulator import Simulator
from eval_harness.rollout.replay import recorded_episodes, replay_episode
from space_app.session.downloads import to_json, to_markdown
from space_app.session.episode import DemoEpisode


def test_the_json_of_an_episode_is_replayed_with_the_same_scores(
    episode: DemoEpisode, simulator: Simulator, tmp_path: Path
) -> None:
    episode.step()
    episode.step()
    file = tmp_path / "episode.json"
    file.write_text(to_json(episode))
    (record,), rules = recorded_episodes(file)
    assert record.actions == ["teleport to outside", "focus on baby beaver"]
    assert replay_episode(simulator, record, rules).same


def test_the_markdown_lists_the_actions_under_their_sub_goals(episode: DemoEpisode) -> None:
    episode.act("teleport to outside")
    while not episode.over:
        episode.step()
    text = to_markdown(episode)
    assert text.startswith("# find-animal, variation 159\n")
    assert "Score **100** after 5 moves. Task completed." in text
    assert "1. `teleport to outside` (visitor): " in text
    plan = [line for line in text.splitlines() if line.startswith("## ")]
    assert plan == [
        "## Actions",
        "## focus_on(animal, outside)",
        "## place(baby beaver, orange box, bathroom)",
    ]
