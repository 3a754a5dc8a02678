import json
from collections.abc import Callable
from pathlib import Path

from eval_harness.results.played_run import read_played
from eval_harness.results.records import load_run


def test_figures_are_recomputed_from_the_episodes(make_run: Callable[..., Path]) -> None:
    """A killed run may have recorded more episodes than its results tell of."""
    folder = make_run("a")
    path = folder / "results.json"
    stale = json.loads(path.read_text()) | {"mean_score": 1.0, "episodes": 1}
    path.write_text(json.dumps(stale))
    assert load_run(folder).mean_score == 1
    assert (read_played(folder).result.mean_score, read_played(folder).result.episodes) == (48.21, 9)
