"""Fixtures shared by all tests: one simulator for the whole run, and a small corpus."""

import gc
import gzip
import json
import os
import signal
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

# Nothing in the tests may reach out; set before any library reads them.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
# The commands' console keeps the COLUMNS of its import for ever; without them it follows those of each test.
os.environ.pop("COLUMNS", None)

import dataset_builder.common.console  # noqa: F401
from dataset_builder.simulator.simulator import Simulator
from dataset_builder.trajectories.trajectory import Trajectory
from tests.servers.llama_cpp import LlamaCppServer
from tests.smollm2 import gguf_file, save_smollm2

# A shell's background job ignores Ctrl-C, and so would the programs that tests start to press it.
signal.signal(signal.SIGINT, signal.default_int_handler)

RECORDED = Path(__file__).parent / "dataset_builder" / "data" / "trajectories.jsonl.gz"
SMALL_CORPUS = ("boil", "chemistry-mix", "find-animal", "find-plant", "freeze", "identify-life-stages-1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with long tests come first: at the end, the other processes would have nothing left to do."""
    limits = {item: item.get_closest_marker("timeout") for item in items}
    long = {item.path for item, limit in limits.items() if limit and limit.args[0] > 300}  # the default
    items.sort(key=lambda item: item.path not in long)


@pytest.fixture(autouse=True, scope="module")
def no_collection_of_libraries() -> None:
    """What exists before a file's tests, imported libraries for the most part, is not garbage.

    Otherwise each full collection looks at a million objects: a third of the time of some tests. (So
    `frozen_heap` changes nothing in tests; those of its own unfreeze first.)
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's key or address is used by accident."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    with Simulator() as sim:
        yield sim


@pytest.fixture(scope="session")
def recorded() -> list[Trajectory]:
    """Real trajectories of all 30 tasks, in both path forms."""
    with gzip.open(RECORDED, "rt", encoding="utf-8") as file:
        return [Trajectory.from_dict(json.loads(line)) for line in file]


def make_corpus(folder: Path, trajectories: list[Trajectory]) -> Path:
    """A corpus folder with these trajectories, annotated by rules."""
    from dataset_builder.annotation.annotate_corpus import annotate
    from dataset_builder.annotation.annotators import annotator
    from dataset_builder.trajectories.corpus import trajectory_store

    store = trajectory_store(folder)
    for trajectory in trajectories:
        store.append(trajectory.key, {"trajectory": trajectory.to_dict()})
    annotate(folder, annotator("rules"), trajectories)
    return folder


@pytest.fixture(scope="session")
def corpus_folder(recorded: list[Trajectory], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus folder with the recorded trajectories, annotated by rules."""
    return make_corpus(tmp_path_factory.mktemp("corpus"), recorded)


@pytest.fixture(scope="session")
def dataset_folder(corpus_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dataset built of `corpus_folder`, in Hub layout."""
    from dataset_builder.dataset.build import build

    return build(corpus_folder, tmp_path_factory.mktemp("built") / "dataset")


@pytest.fixture(scope="session")
def small_corpus(recorded: list[Trajectory], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `corpus_folder` with six of the 30 tasks, for tests that build a dataset again."""
    paths = [path for path in recorded if path.task in SMALL_CORPUS]
    return make_corpus(tmp_path_factory.mktemp("small-corpus"), paths)


@pytest.fixture(scope="session")
def small_dataset(small_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dataset built of `small_corpus`."""
    from dataset_builder.dataset.build import build

    return build(small_corpus, tmp_path_factory.mktemp("small") / "dataset")


@pytest.fixture(scope="session")
def smollm2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SmolLM2-135M-Instruct as a plain checkpoint folder."""
    folder = tmp_path_factory.mktemp("smollm2")
    save_smollm2(folder)
    return folder


@pytest.fixture(scope="session")
def llama_cpp() -> Iterator[LlamaCppServer]:
    """SmolLM2-135M-Instruct behind llama.cpp's server."""
    if find_spec("xllamacpp") is None:
        pytest.skip("llama.cpp's server is missing: `make test-all` installs xllamacpp")
    with LlamaCppServer(gguf_file()) as server:
        yield server
