"""Recorded expert paths as a dataset, and one small checkpoint per role trained on it."""

import gzip
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dataset_builder.annotation.annotators import annotator
from dataset_builder.dataset.tables import examples
from dataset_builder.trajectories.agent_state import AgentState, replay_states
from dataset_builder.trajectories.model_input import DEFAULT_VERSION, ROLES
from dataset_builder.trajectories.trajectory import Trajectory
from modeling.recipes.recipe import Recipe, load_recipe
from tests.shared import once_per_run

RECORDED = Path(__file__).parents[1] / "dataset_builder" / "data" / "trajectories.jsonl.gz"
TASKS = ("find-animal", "find-plant", "lifespan-longest-lived", "lifespan-shortest-lived", "use-thermometer")
STEPS = 60


@pytest.fixture(scope="session")
def recorded() -> list[Trajectory]:
    """Tidied paths of all 30 tasks, two of each."""
    with gzip.open(RECORDED, "rt", encoding="utf-8") as lines:
        paths = [Trajectory.from_dict(json.loads(line)) for line in lines]
    return [path for path in paths if path.path == "tidied"]


@pytest.fixture(scope="session")
def states(recorded: list[Trajectory]) -> Callable[[], Iterator[AgentState]]:
    """Every state of the recorded paths as an executor meets it; use each before the next."""

    def replay() -> Iterator[AgentState]:
        for path in recorded:
            segments = annotator("rules").annotate(path)
            subgoals = [
                str(segment.subgoal) for segment in segments for _ in range(segment.start, segment.stop)
            ]
            for state in replay_states(path, segments):
                state.set_subgoal(subgoals[state.step])
                yield state

    return replay


def _write_dataset(
    folder: Path,
    paths: list[Trajectory],
    version: str = DEFAULT_VERSION,
    splits: tuple[str, ...] = ("train", "validation"),
) -> Path:
    """A dataset folder in Hub layout: the first path of each task in `train`, the second held out.

    Folders of different contents need different names: `datasets` keys its cache by them.
    """
    from datasets import Dataset

    lines = ["---", "configs:"]
    for role in ROLES:
        lines += [f"- config_name: {role}", "  data_files:"]
        for number, split in enumerate(splits):
            rows = [
                {
                    **example._asdict(),
                    "task": path.task,
                    "task_id": "",
                    "variation": path.variation,
                    "state_text_version": version,
                }
                for path in paths[number::2]
                for example in examples(role, path, annotator("rules").annotate(path), version)
            ]
            (folder / role).mkdir(parents=True, exist_ok=True)
            Dataset.from_list(rows).to_parquet(str(folder / role / f"{split}.parquet"))
            lines += [f"  - split: {split}", f"    path: {role}/{split}.parquet"]
    (folder / "README.md").write_text("\n".join([*lines, "---", ""]), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def write_dataset() -> Callable[..., Path]:
    return _write_dataset


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory, recorded: list[Trajectory]) -> Path:
    paths = [path for path in recorded if path.task in TASKS]
    return once_per_run(
        tmp_path_factory, f"dataset-{DEFAULT_VERSION}", lambda folder: _write_dataset(folder, paths)
    )


@pytest.fixture(scope="session")
def recipe() -> Recipe:
    """Trains in seconds."""
    return load_recipe("scratch-tiny").with_values(
        architecture={"d_model": 64, "d_ff": 128, "heads": 2, "encoder_layers": 1, "decoder_layers": 1},
        batch_size=8,
        evaluate_every=20,
        exact_match_examples=20,
        max_steps=STEPS,
        threads=1,  # so small a model gains nothing from more, and loses much where cores are busy
    )


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory, dataset: Path, recipe: Recipe) -> dict[str, Path]:
    """A trained checkpoint folder for each role."""
    from modeling.training.train import train

    def train_all(folder: Path) -> None:
        for role in ROLES:
            train(role, recipe, dataset, folder / role)

    trained = once_per_run(tmp_path_factory, "checkpoints", train_all)
    # A copy, because a command locks its folder.
    folder = shutil.copytree(trained, tmp_path_factory.mktemp("copy") / "checkpoints")
    return {role: folder / role for role in ROLES}
