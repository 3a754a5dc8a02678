"""The first steps of a new Java process are slow: the episodes of a program share one process."""

from dataset_builder.simulator.simulator import Simulator


def test_episodes_share_one_cold_start() -> None:
    with Simulator(worlds=1) as simulator:
        pids = set()
        for variation in range(3):
            episode = simulator.episode()
            episode.load("find-plant", variation)
            episode.step("look around")
            pids.add(simulator.pid)
            episode.close()
        assert simulator.starts == len(pids) == 1
