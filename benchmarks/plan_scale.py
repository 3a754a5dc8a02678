"""What all variations, all protocols and a sweep over sizes would take, from measured unit costs.

    python -m benchmarks.plan_scale measure --out costs.json
    python -m benchmarks.plan_scale plan costs.json [--gpu-tflops 20]

`measure` takes processor time, this process and Java together, so that a busy machine does not falsify
it: train variations of every task collected, their paths annotated by rules, test variations of every
task played by the released pair. The first ones of each kind warm Java up; what they take more than the
later ones is what a worker takes to start. For trainings it reads how long the last one of the released
models took, on how many tokens. `plan` divides by cores: units of work depend on nothing but their Java
process. A protocol with more moves is taken to cost more in proportion, a training in proportion to
weights, tokens and passes over the data.
"""

import contextlib
import json
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import psutil
import typer

from dataset_builder.simulator.tasks import TASKS

app = typer.Typer(no_args_is_help=True)
CORES = (1, 16, 256)
GPUS = (1, 8)
ROLES = ("controller", "executor")


def processor_seconds() -> float:
    """Taken so far by this process and by its children, such as Java, gone or not."""
    times = os.times()
    own = times.user + times.system + times.children_user + times.children_system
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            spent = child.cpu_times()
            own += spent.user + spent.system
    return own


class Meter:
    """Processor seconds between one reading and the next."""

    def __init__(self) -> None:
        self._last = processor_seconds()

    def __call__(self) -> float:
        now = processor_seconds()
        self._last, spent = now, now - self._last
        return spent


@app.command()
def measure(
    out: Annotated[Path, typer.Option(help="JSON file to write.")],
    variations: Annotated[int, typer.Option(min=2, help="Per task; the first one warms up.")] = 4,
) -> None:
    """Measure the unit costs here."""
    from dataset_builder.annotation.annotate_corpus import annotate
    from dataset_builder.annotation.annotators import annotator
    from dataset_builder.expert.collect import collect
    from dataset_builder.trajectories.corpus import trajectories

    costs: dict[str, Any] = {"load": os.getloadavg()[0], "variations": variations}
    with tempfile.TemporaryDirectory() as folder:
        costs["collect"] = _collecting(variations)
        corpus = Path(folder, "corpus")
        collect(corpus, list(TASKS.values()), ["train"], limits=1)
        found = trajectories(corpus)
        meter = Meter()
        annotate(corpus, annotator("rules"), found)
        costs["annotate"] = meter() / len(found)
        costs["play"] = _playing(variations, Path(folder))
    for role in ROLES:
        costs[role] = _training(role)
    out.write_text(json.dumps(costs, indent=2) + "\n", encoding="utf-8")
    typer.echo(f"written: {out}")


def _collecting(variations: int) -> dict[str, Any]:
    """Seconds of a variation by task, and of a worker's start."""
    from rich.progress import track

    from dataset_builder.expert.collect import CollectJob, choose_variations
    from dataset_builder.trajectories.trajectory import TrajectoryKey

    keys = {
        task.name: [
            TrajectoryKey(task.name, variation, "tidied")
            for variation in choose_variations(task, "train", variations)
        ]
        for task in TASKS.values()
    }
    meter = Meter()
    worker = CollectJob("easy").start(1)
    with contextlib.closing(worker):
        warm_up = [first for first, *_ in keys.values()]
        for _ in track(worker.work(warm_up), "collecting: warm-up", total=len(warm_up)):
            pass
        start = meter()
        by_task = {}
        for task, (_, *others) in track(keys.items(), "collecting"):
            for _ in worker.work(others):
                pass
            by_task[task] = meter() / max(1, len(others))
    return {"by_task": by_task, "start": max(0.0, start - sum(by_task.values()))}


def _playing(variations: int, root: Path) -> dict[str, float]:
    """Seconds of an episode of `paper`, and of a worker's start."""
    from dataset_builder.simulator.simulator import Simulator
    from eval_harness.agents.options import AgentOptions
    from eval_harness.agents.registry import make_agent
    from eval_harness.rollout.run import run_protocol

    meter = Meter()
    with Simulator() as simulator:
        agent = make_agent(
            "hierarchical", AgentOptions(controller="release/controller", executor="release/executor")
        )
        first = run_protocol(agent, "paper", root / "run", simulator=simulator, max_variations=1)
        begun = first.episodes + first.failed
        start = meter()
        # The same folder: what is played already is not played again.
        result = run_protocol(agent, "paper", root / "run", simulator=simulator, max_variations=variations)
        episode = meter() / (result.episodes + result.failed - begun)
    return {"episode": episode, "start": max(0.0, start - begun * episode)}


def _training(role: str) -> dict[str, float]:
    """What the released model's last training took, and the tokens that it read."""
    from transformers import AutoTokenizer

    from dataset_builder.dataset.load import load_config
    from modeling.checkpoints.training_record import read_record

    record = read_record(Path("release") / role)
    tokenizer = AutoTokenizer.from_pretrained(f"release/{role}")
    rows = load_config("release/dataset", role)["train"].shuffle(seed=0).select(range(1000))
    tokens = sum(
        len(ids) for column in ("input", "target") for ids in tokenizer(list(rows[column]))["input_ids"]
    ) / len(rows)
    examples = record.steps * record.recipe["batch_size"] * record.recipe["accumulation"]
    seconds = record.wall_seconds * (record.recipe["threads"] or os.cpu_count() or 1)
    return {
        "seconds_per_weight_and_token": seconds / (record.parameters * examples * tokens),
        "tokens_per_pass": tokens * examples / record.epochs,
    }


@dataclass(frozen=True)
class Size:
    """One of the sizes of `subgoal study sizes`.

    Attributes:
        name: in the study.
        parameters: of controller and executor alike.
        epochs: role → passes over the data.
    """

    name: str
    parameters: int
    epochs: dict[str, float]


def _sizes() -> list[Size]:
    from transformers import AutoTokenizer

    from eval_harness.studies.study import load_study
    from modeling.training.model_init import build_model

    tokenizer = AutoTokenizer.from_pretrained("release/executor")
    recipes: dict[str, dict[str, Any]] = {}
    for cell in load_study("sizes", "sizes").cells():
        for training in (cell.controller, cell.executor):
            name = training.name.removeprefix(f"{training.role}-")
            recipes.setdefault(name, {})[training.role] = training.recipe
    found = []
    for name, roles in recipes.items():
        model = build_model(roles["controller"].architecture, tokenizer, 0)
        weights = sum(part.numel() for part in model.parameters())
        found.append(Size(name, weights, {role: recipe.epochs for role, recipe in roles.items()}))
    return found


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + "s" * (number > 1)


def _hours(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    return (
        f"{seconds / 60:.0f} min"
        if seconds < 5400
        else f"{seconds / 3600:,.1f} h"
        if seconds < 259200
        else f"{seconds / 86400:,.0f} days"
    )


@app.command()
def plan(
    costs_file: Annotated[Path, typer.Argument(help="What `measure` wrote.")],
    gpu_tflops: Annotated[
        float, typer.Option(help="ASSUMED, not measured: what a GPU sustains in training, in TFLOP/s.")
    ] = 20.0,
) -> None:
    """Print the table as Markdown."""
    costs = json.loads(costs_file.read_text(encoding="utf-8"))
    typer.echo("\n".join([*_units_table(costs), "", *_trainings_table(costs, gpu_tflops), ""]))
    typer.echo(
        f"Measured at a load of {costs['load']:.1f}, {costs['variations'] - 1} variations a task after one "
        f"to warm up: {costs['play']['episode']:.2f} processor seconds an episode of `paper`. GPUs: 6 "
        f"operations per weight and token at {gpu_tflops:g} TFLOP/s, an assumption. "
        f"Planned {time.strftime('%Y-%m-%d')}."
    )


def _units_table(costs: dict[str, Any]) -> list[str]:
    from eval_harness.protocols.protocol import load_protocol, protocol_names

    collect, play = costs["collect"], costs["play"]
    n_variations = sum(task.n_variations for task in TASKS.values())
    collecting = sum(collect["by_task"][task.name] * task.n_variations for task in TASKS.values())
    each = collecting / n_variations
    paper = load_protocol("paper")

    def episode(rules: Any, task: str) -> float:
        """Seconds: more where more moves are allowed than in `paper`."""
        share = rules.moves_allowed(task) / paper.moves_allowed(task)
        return float(play["episode"] * max(1.0, share))

    everything = [
        episode(rules, unit.task) for rules in map(load_protocol, protocol_names()) for unit in rules.units()
    ]
    sweep = 9 * len(paper.units())
    rows: list[tuple[str, float, float, float]] = [  # what, seconds in all, of the longest unit, to start
        (
            f"collect {n_variations:,} variations, {each:.2f} s each",
            collecting,
            max(collect["by_task"].values()),
            collect["start"],
        ),
        (
            f"annotate them by rules, {costs['annotate'] * 1000:.0f} ms each",
            costs["annotate"] * n_variations,
            costs["annotate"],
            0.0,
        ),
        (
            f"play all {len(protocol_names())} protocols, {len(everything):,} episodes",
            sum(everything),
            max(everything),
            play["start"],
        ),
        (
            f"the sweep's 9 runs of `paper`, {sweep:,} episodes",
            sweep * play["episode"],
            play["episode"],
            play["start"],
        ),
    ]
    lines = ["| units of work | a worker's start | " + " | ".join(_count(n, "core") for n in CORES) + " |"]
    lines.append("|---|---:|" + "---:|" * len(CORES))
    for what, seconds, longest, start in rows:
        cells = " | ".join(_hours(start + max(seconds / cores, longest)) for cores in CORES)
        lines.append(f"| {what} | {_hours(start)} | {cells} |")
    return lines


def _trainings_table(costs: dict[str, Any], gpu_tflops: float) -> list[str]:
    """Each training has one core or GPU: more of them help the sweep, not a training."""
    counts = [*CORES, *GPUS]
    heads = [_count(n, "core") for n in CORES] + [_count(n, "GPU") for n in GPUS]
    lines = ["| the sweep's trainings | parameters | " + " | ".join(heads) + " |"]
    lines.append("|---|---:|" + "---:|" * len(heads))
    trainings: list[list[float]] = []  # seconds of each, by column
    for size in _sizes():
        own = []
        for role in ROLES:
            work = size.parameters * costs[role]["tokens_per_pass"] * size.epochs[role]
            on_core, on_gpu = (
                work * costs[role]["seconds_per_weight_and_token"],
                6 * work / (gpu_tflops * 1e12),
            )
            own.append([on_core] * len(CORES) + [on_gpu] * len(GPUS))
        trainings += own
        cells = " | ".join(_hours(seconds) for seconds in _side_by_side(own, counts))
        lines.append(f"| {size.name}: controller and executor | {size.parameters / 1e6:.1f}M | {cells} |")
    cells = " | ".join(_hours(seconds) for seconds in _side_by_side(trainings, counts))
    lines.append(f"| all {len(trainings)}, side by side | | {cells} |")
    return lines


def _side_by_side(trainings: list[list[float]], counts: list[int]) -> list[float]:
    """By column, at best: as long as the longest training, or their sum over so many at a time."""
    columns = list(zip(*trainings, strict=True))
    return [max(max(column), sum(column) / count) for column, count in zip(columns, counts, strict=True)]


if __name__ == "__main__":
    app()
