"""Estimated time of all variations, all protocols and a sweep over model sizes, from measured unit costs.

Usage:
    python -m benchmarks.plan_scale measure --out costs.json
    python -m benchmarks.plan_scale plan costs.json [--gpu-tflops 20]

`measure` takes the processor time of this process and of Java, which does not depend on other load. It
collects train variations of every task, annotates their paths by rules, and lets the released pair play
test variations of every task. The first variation of each task warms Java up: its extra time is the start
time of a worker. Training costs come from the records of the released models. `plan` divides by the number
of cores, because work items are independent. It assumes that an episode costs in proportion to the moves
that its protocol allows, and a training in proportion to weights, tokens and epochs.
"""

import contextlib
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import psutil
import typer

from dataset_builder.simulator.tasks import TASKS

app = typer.Typer(no_args_is_help=True)
CORES = (1, 16, 256)
GPUS = (1, 8)
ROLES = ("controller", "executor")


def processor_seconds() -> float:
    """Processor time so far of this process and of its children, such as Java, ended or running."""
    times = os.times()
    total = times.user + times.system + times.children_user + times.children_system
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            spent = child.cpu_times()
            total += spent.user + spent.system
    return total


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
    variations: Annotated[int, typer.Option(min=2, help="Variations per task. The first one warms up.")] = 4,
) -> None:
    """Measure the unit costs on this machine."""
    from dataset_builder.annotation.annotate_corpus import annotate
    from dataset_builder.annotation.annotators import annotator
    from dataset_builder.expert.collect import collect
    from dataset_builder.trajectories.corpus import Corpus

    costs: dict[str, Any] = {"load": os.getloadavg()[0], "variations": variations}
    with tempfile.TemporaryDirectory() as folder:
        costs["collect"] = _collecting(variations)
        corpus = Path(folder, "corpus")
        collect(corpus, list(TASKS.values()), ["train"], limits=1)
        paths = Corpus(corpus).trajectories()
        meter = Meter()
        annotate(corpus, annotator("rules"), paths)
        costs["annotate"] = meter() / len(paths)
        costs["play"] = _playing(variations, Path(folder))
    for role in ROLES:
        costs[role] = _training(role)
    out.write_text(json.dumps(costs, indent=2) + "\n", encoding="utf-8")
    typer.echo(out)


def _collecting(variations: int) -> dict[str, Any]:
    """Seconds per variation, by task, and the start time of a worker."""
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
        for task, (_, *rest) in track(keys.items(), "collecting"):
            for _ in worker.work(rest):
                pass
            by_task[task] = meter() / max(1, len(rest))
    return {"by_task": by_task, "start": max(0.0, start - sum(by_task.values()))}


def _playing(variations: int, root: Path) -> dict[str, float]:
    """Seconds per episode of `paper`, and the start time of a worker."""
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
        warm_up = first.episodes + first.failed
        start = meter()
        # The same folder: the episodes of the warm-up are not played again.
        result = run_protocol(agent, "paper", root / "run", simulator=simulator, max_variations=variations)
        episode = meter() / (result.episodes + result.failed - warm_up)
    return {"episode": episode, "start": max(0.0, start - warm_up * episode)}


def _training(role: str) -> dict[str, float]:
    """Cost of the released model's last training, and the tokens of one epoch."""
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


class Size(NamedTuple):
    """A model size of `subgoal study sizes`: parameters of each model, and epochs by role."""

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
    sizes = []
    for name, roles in recipes.items():
        model = build_model(roles["controller"].architecture, tokenizer, 0)
        weights = sum(part.numel() for part in model.parameters())
        sizes.append(Size(name, weights, {role: recipe.epochs for role, recipe in roles.items()}))
    return sizes


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + "s" * (number > 1)


def _hours(seconds: float) -> str:
    for limit, text in ((60, f"{seconds:.0f} s"), (5400, f"{seconds / 60:.0f} min")):
        if seconds < limit:
            return text
    return f"{seconds / 3600:,.1f} h" if seconds < 259200 else f"{seconds / 86400:,.0f} days"


@app.command()
def plan(
    costs_file: Annotated[Path, typer.Argument(help="Output of `measure`.")],
    gpu_tflops: Annotated[
        float, typer.Option(help="ASSUMED, not measured: sustained training throughput of a GPU in TFLOP/s.")
    ] = 20.0,
) -> None:
    """Print the estimates as Markdown tables."""
    costs = json.loads(costs_file.read_text(encoding="utf-8"))
    typer.echo("\n".join([*_units_table(costs), "", *_trainings_table(costs, gpu_tflops), ""]))
    typer.echo(
        f"Measured at a load average of {costs['load']:.1f}, {costs['variations'] - 1} variations per task "
        f"after one to warm up: {costs['play']['episode']:.2f} processor seconds per episode of `paper`. "
        f"GPUs: 6 operations per weight and token at {gpu_tflops:g} TFLOP/s, an assumption. "
        f"Computed {time.strftime('%Y-%m-%d')}."
    )


def _units_table(costs: dict[str, Any]) -> list[str]:
    from eval_harness.protocols.protocol import load_protocol, protocol_names

    collect, play = costs["collect"], costs["play"]
    n_variations = sum(task.n_variations for task in TASKS.values())
    collecting = sum(collect["by_task"][task.name] * task.n_variations for task in TASKS.values())
    paper = load_protocol("paper")

    def episode(rules: Any, task: str) -> float:
        """Seconds: more if the protocol allows more moves than `paper`."""
        share = rules.moves_allowed(task) / paper.moves_allowed(task)
        return float(play["episode"] * max(1.0, share))

    everything = [
        episode(rules, unit.task) for rules in map(load_protocol, protocol_names()) for unit in rules.units()
    ]
    sweep = 9 * len(paper.units())
    rows: list[tuple[str, float, float, float]] = [  # title; seconds: in total, longest item, start
        (
            f"collect {n_variations:,} variations, {collecting / n_variations:.2f} s each",
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
    lines = ["| work items | start of a worker | " + " | ".join(_count(n, "core") for n in CORES) + " |"]
    lines.append("|---|---:|" + "---:|" * len(CORES))
    for what, seconds, longest, start in rows:
        cells = " | ".join(_hours(start + max(seconds / cores, longest)) for cores in CORES)
        lines.append(f"| {what} | {_hours(start)} | {cells} |")
    return lines


def _trainings_table(costs: dict[str, Any], gpu_tflops: float) -> list[str]:
    """Each training uses one core or GPU: more of them speed up the sweep, not a single training."""
    counts = [*CORES, *GPUS]
    heads = [_count(n, "core") for n in CORES] + [_count(n, "GPU") for n in GPUS]
    lines = ["| the sweep's trainings | parameters | " + " | ".join(heads) + " |"]
    lines.append("|---|---:|" + "---:|" * len(heads))
    trainings: list[list[float]] = []  # seconds of each, by column
    for size in _sizes():
        pair = []
        for role in ROLES:
            work = size.parameters * costs[role]["tokens_per_pass"] * size.epochs[role]
            on_core, on_gpu = (
                work * costs[role]["seconds_per_weight_and_token"],
                6 * work / (gpu_tflops * 1e12),
            )
            pair.append([on_core] * len(CORES) + [on_gpu] * len(GPUS))
        trainings += pair
        cells = " | ".join(_hours(seconds) for seconds in _side_by_side(pair, counts))
        lines.append(f"| {size.name}: controller and executor | {size.parameters / 1e6:.1f}M | {cells} |")
    cells = " | ".join(_hours(seconds) for seconds in _side_by_side(trainings, counts))
    lines.append(f"| all {len(trainings)}, in parallel | | {cells} |")
    return lines


def _side_by_side(trainings: list[list[float]], counts: list[int]) -> list[float]:
    """Lower bound by column: the longest training, or the sum divided by the number of cores or GPUs."""
    columns = list(zip(*trainings, strict=True))
    return [max(max(column), sum(column) / count) for column, count in zip(columns, counts, strict=True)]


if __name__ == "__main__":
    app()
