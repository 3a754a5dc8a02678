"""The corpus's loading script: a `datasets` builder that turns a corpus folder into tables.

`datasets` ≥ 4 no longer runs scripts from a Hub repository, so this builder runs here, once, and
the repository holds the Parquet files it makes (`dataset_builder.dataset.build`).
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import datasets

from dataset_builder.annotation.annotators import version_of
from dataset_builder.annotation.exemplars import ANNOTATOR as EXEMPLARS
from dataset_builder.annotation.exemplars import all_exemplars
from dataset_builder.dataset.features import features
from dataset_builder.practice.generate import load_practice
from dataset_builder.practice.perturbed_replay import Practice
from dataset_builder.simulator.tasks import PRACTICE, SPLITS, get_task
from dataset_builder.trajectories.agent_state import replay_states
from dataset_builder.trajectories.corpus import Corpus
from dataset_builder.trajectories.model_input import DEFAULT_VERSION, ROLES, check_version, model_input
from dataset_builder.trajectories.subgoals import Segment, step_subgoals
from dataset_builder.trajectories.trajectory import Trajectory

Pair = tuple[Trajectory, Sequence[Segment]]


@dataclass
class CorpusConfig(datasets.BuilderConfig):
    """What to build and from where.

    Attributes:
        folder: the corpus folder (`subgoal corpus collect --out`); `exemplars` needs none.
        annotator: whose segments.
        path: form of the paths.
        state_text: version of the models' input text.

    Example:

    ```python
    builder = ScienceWorldSubgoals(config_name="controller", folder="corpus", path="simulator")
    print(builder.config.path)
    ```
    """

    folder: str = ""
    annotator: str = "rules"
    path: str = "tidied"
    state_text: str = field(default=DEFAULT_VERSION)


class ScienceWorldSubgoals(datasets.GeneratorBasedBuilder):
    """Trajectories of ScienceWorld with sub-goals, and the examples made from them.

    Example:

    ```python
    builder = ScienceWorldSubgoals(cache_dir="cache", config_name="controller", folder="corpus")
    builder.download_and_prepare()
    print(builder.as_dataset(split="train")[0]["target"])
    ```
    """

    BUILDER_CONFIG_CLASS = CorpusConfig
    VERSION = datasets.Version("1.0.0")
    config: CorpusConfig
    corpus: Corpus | None = None
    """What to read; by default the configuration's folder. Configurations that share it parse it once."""

    def _info(self) -> datasets.DatasetInfo:
        return datasets.DatasetInfo(features=features(self.config.name))

    def _split_generators(self, dl_manager: Any) -> list[datasets.SplitGenerator]:
        by_split: dict[str, list[Pair]] = {}
        for pair in self._pairs():
            split = get_task(pair[0].task).split_of(pair[0].variation)
            by_split.setdefault(split, []).append(pair)
        splits = [
            datasets.SplitGenerator(name=split, gen_kwargs={"pairs": by_split[split]})
            for split in SPLITS
            if split in by_split
        ]
        practices = load_practice(self._corpus()) if self.config.name in ROLES else []
        if practices:
            splits.append(datasets.SplitGenerator(name=PRACTICE, gen_kwargs={"practices": practices}))
        return splits

    def _pairs(self) -> Sequence[Pair]:
        if self.config.name == "exemplars":
            return all_exemplars()
        corpus, annotator = self._corpus(), self.config.annotator
        return corpus.annotated(annotator, corpus.trajectories(self.config.path), version_of(annotator))

    def _corpus(self) -> Corpus:
        return self.corpus or Corpus(self.config.folder)

    def _generate_examples(
        self, pairs: Sequence[Pair] = (), practices: Sequence[Practice] = ()
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        for trajectory, segments in pairs:
            key = f"{trajectory.task}/{trajectory.variation}"
            if self.config.name not in ROLES:
                yield key, _which(trajectory) | self._trajectory_row(trajectory, segments)
                continue
            for row in self._example_rows(trajectory, segments):
                yield f"{key}/{row['step']}", row
        for number, practice in enumerate(practices):
            for row in self._example_rows(practice.trajectory, practice.segments):
                if practice.taught[row["step"]]:
                    yield f"{number}/{row['step']}", row

    def _example_rows(self, trajectory: Trajectory, segments: Sequence[Segment]) -> Iterator[dict[str, Any]]:
        version = check_version(self.config.state_text)
        for example in examples(self.config.name, trajectory, segments, version):
            yield _which(trajectory) | example._asdict() | {"state_text_version": version}

    def _trajectory_row(self, trajectory: Trajectory, segments: Sequence[Segment]) -> dict[str, Any]:
        steps = trajectory.steps
        return {
            "description": trajectory.description,
            "simplifications": trajectory.simplifications,
            "look": [step.look for step in steps],
            "inventory": [step.inventory for step in steps],
            "action": [step.action for step in steps],
            "observation": [step.observation for step in steps],
            "score": [step.score_fraction for step in steps],
            "moves": [step.moves for step in steps],
            "subgoal": step_subgoals(segments),
            "segment": [
                index for index, segment in enumerate(segments) for _ in range(segment.start, segment.stop)
            ],
            "annotator": EXEMPLARS if self.config.name == "exemplars" else self.config.annotator,
            "path": trajectory.path,
            "scienceworld_version": trajectory.scienceworld_version,
        }


def _which(trajectory: Trajectory) -> dict[str, Any]:
    task = get_task(trajectory.task)
    return {"task": task.name, "task_id": task.task_id, "variation": trajectory.variation}


def build_config(
    name: str, cache: str | Path, corpus: Corpus, annotator: str = "rules", **options: str
) -> datasets.DatasetDict:
    """Build one configuration in a cache folder and open it.

    Args:
        name (`str`): one of `features.CONFIGS`.
        cache (`str` or `Path`): where `datasets` keeps its Arrow files.
        corpus (`Corpus`): what to read.
        annotator (`str`, *optional*, defaults to `"rules"`): whose segments.
        options: further fields of `CorpusConfig`.
    """
    package = Path(__file__).parents[1]
    sources = sorted([*package.rglob("*.py"), *package.glob("annotation/exemplar_data/*")])
    stores = (corpus.collected, corpus.annotations(annotator), corpus.practice)
    # `datasets` keys its cache by the options alone. The digest of what is read is added, so that
    # changed input or code do not return rows of an earlier build.
    digest = hashlib.sha256()
    for path in (*(store.path for store in stores), *sources):
        digest.update(path.read_bytes() if path.exists() else b"")
    builder = ScienceWorldSubgoals(
        cache_dir=str(cache),
        config_name=name,
        hash=digest.hexdigest()[:16],
        folder=str(corpus.folder),
        annotator=annotator,
        **options,
    )
    builder.corpus = corpus
    builder.download_and_prepare()
    return builder.as_dataset()


class Example(NamedTuple):
    """What a model reads and what it should answer, at one step (0 is the first).

    Example:

    ```python
    for example in examples("controller", trajectory, segments, DEFAULT_VERSION):
        print(example.step, example.target)
    ```
    """

    input: str
    target: str
    step: int


def examples(
    role: str, trajectory: Trajectory, segments: Sequence[Segment], version: str
) -> Iterator[Example]:
    """One example per step of a trajectory, for a model in this role.

    The controller is asked at every step, as in the paper; at the first one it takes the place of
    the paper's third model, which only named the first sub-goal. (An agent does not ask it while the
    simulator waits for a number.)
    """
    version = check_version(version)
    targets = step_subgoals(segments)
    for state in replay_states(trajectory, segments):
        step = state.step
        if role == "controller":
            yield Example(model_input(role, state, version), targets[step], step)
        else:
            state.set_subgoal(targets[step])
            yield Example(model_input(role, state, version), trajectory.actions[step], step)
