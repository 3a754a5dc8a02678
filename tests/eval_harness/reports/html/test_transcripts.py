from collections.abc import Callable
from pathlib import Path

from eval_harness.reports.html.transcripts import transcripts
from eval_harness.results.played_run import read_played
from eval_harness.results.records import EpisodeResult

MakeRun = Callable[..., Path]


def test_transcripts_contain_the_whole_record(
    make_run: MakeRun, recorded_episodes: list[EpisodeResult]
) -> None:
    rows, data = transcripts([read_played(make_run("a"))], ["a"])
    assert [row["id"] for row in rows][:2] == ["power-component-11-0", "power-component-12-0"]
    for episode in recorded_episodes:
        record = data["episodes"][f"{episode.task}-{episode.variation}-0"][0]
        for field in ("actions", "subgoals", "observations"):
            assert [data["texts"][number] for number in record[field]] == getattr(episode, field)
        rejected = [
            [data["texts"][n] for n in record["rejected"].get(str(i), [])]
            for i in range(len(episode.actions))
        ]
        assert rejected == episode.rejected
        assert (record["scores"], record["last_resort"]) == (episode.scores, episode.last_resort)
    assert len(data["texts"]) == len(set(data["texts"]))
