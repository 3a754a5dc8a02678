"""Episodes played by workers of a real local Ray score as they do here, also when a worker is killed."""

from pathlib import Path
from typing import Any

import pytest

from dataset_builder.common.errors import SubgoalError
from dataset_builder.simulator.simulator import Simulator
from eval_harness.agents.options import AgentOptions
from eval_harness.agents.registry import make_agent
from eval_harness.protocols.protocol import load_protocol
from eval_harness.results.records import EpisodeResult
from eval_harness.rollout.jobs import AgentMaker, PlayElsewhere
from eval_harness.rollout.run import run_protocol

TASKS = "lifespan-longest-lived,find-animal"


def test_folders_become_absolute_and_hub_ids_stay(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    Path("model").mkdir()
    with Simulator() as simulator:
        maker = AgentMaker.of(
            "hierarchical", AgentOptions(controller="model", executor="ns/executor", simulator=simulator)
        )
    assert maker.options.controller == str(tmp_path / "model")
    assert maker.options.executor == "ns/executor"
    assert maker.options.simulator is None


def test_other_weights_than_the_run_s_are_refused() -> None:
    job = PlayElsewhere(
        AgentMaker.of("random", AgentOptions()), {"flat": "sha256:1"}, load_protocol("mini"), 2
    )
    with pytest.raises(SubgoalError, match="found other weights for random"):
        job.start(1)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_cluster_plays_as_this_process_does_though_a_worker_is_killed(
    simulator: Simulator, tmp_path: Path
) -> None:
    ray = pytest.importorskip("ray")
    from dataset_builder.engines.ray import RayEngine
    from tests.killing import KillingEngine

    def played(engine: RayEngine | None) -> dict[Any, Any]:
        result = run_protocol(
            make_agent("expert", AgentOptions(simulator=simulator)),
            "mini",
            tmp_path / ("ray" if engine else "local"),
            simulator=simulator,
            tasks=TASKS,
            engine=engine,
            maker=AgentMaker.of("expert", AgentOptions()),
            progress=False,
        )
        assert result.complete
        return {episode.key: _figures(episode) for episode in result.episode_results()}

    try:
        assert played(KillingEngine(workers=2)) == played(None)
    finally:
        ray.shutdown()
    assert len((tmp_path / "ray" / "episodes.jsonl").read_text().splitlines()) == 4


def _figures(episode: EpisodeResult) -> tuple[Any, ...]:
    return episode.score, episode.actions, episode.observations, episode.stop_reason
