"""What all variations, all protocols and a sweep over sizes would take, from measured unit costs.

    python -m benchmarks.plan_scale measure --out costs.json
    python -m benchmarks.plan_scale plan costs.json [--gpu-tflops 20]

`measure` takes processor time, this process and Java together, so that a busy machine does not falsify
it: one train variation per task collected, those paths annotated by rules, one episode per task played
by the released pair; and reads how long the released pair's training took, and on how many tokens.
`plan` divides by cores: units of work depend on nothing but their Java process. It takes a training on a
core to cost in proportion to the weights, and a protocol with more moves to cost more in proportion.
"""

import json
import os
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from dataset_builder.tasks import TASKS

app = typer.Typer(no_args_is_help=True)
CORES = (1, 16, 256)
GPUS = (1, 8)
ROLES = ("controller", "executor")


def processor_seconds() -> float:
    """Of this process and of children that have ended, such as a closed simulator's Java."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


@app.command()
def measure(out: Annotated[Path, typer.Option(help="JSON file to write.")]) -> None:
    """Measure the unit costs here."""
    from dataset_builder.annotate import annotator
    from dataset_builder.annotations import annotate
    from dataset_builder.collect import collect, trajectories
    from eval_harness.agents import AgentOptions, make_agent
    from eval_harness.run import run_protocol

    costs: dict[str, Any] = {"collect": {}, "load": os.getloadavg()[0]}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for task in TASKS.values():
            before = processor_seconds()
            collect(root / "corpus", [task], ["train"], limits=1, workers=1)
            costs["collect"][task.name] = processor_seconds() - before
        found = trajectories(root / "corpus")
        before = processor_seconds()
        annotate(root / "corpus", annotator("rules"), found)
        costs["annotate"] = (processor_seconds() - before) / len(found)
        pair = AgentOptions(controller="release/controller", executor="release/executor")
        before = processor_seconds()
        result = run_protocol(make_agent("hierarchical", pair), "mini", root / "run", max_variations=1)
        costs["play"] = (processor_seconds() - before) / (result.episodes + result.failed)
    for role in ROLES:
        costs[role] = _training(role)
    out.write_text(json.dumps(costs, indent=2) + "\n", encoding="utf-8")
    typer.echo(f"written: {out}")


def _training(role: str) -> dict[str, float]:
    """What the released model's training took, and the tokens that it read."""
    from transformers import AutoTokenizer

    from dataset_builder.loading import load_config
    from modeling.record import read_record

    record = read_record(Path("release") / role)
    tokenizer = AutoTokenizer.from_pretrained(f"release/{role}")
    rows = load_config("release/dataset", role)["train"].shuffle(seed=0).select(range(1000))
    tokens = sum(
        len(ids) for column in ("input", "target") for ids in tokenizer(list(rows[column]))["input_ids"]
    ) / len(rows)
    examples = record.steps * record.recipe["batch_size"] * record.recipe["accumulation"]
    return {
        "seconds": record.wall_seconds * (record.recipe["threads"] or os.cpu_count() or 1),
        "parameters": record.parameters,
        "tokens": tokens * examples,
    }


def _sizes() -> dict[str, int]:
    """Parameters of the five sizes of `subgoal study sizes`."""
    from transformers import AutoTokenizer

    from eval_harness.study import load_study
    from modeling.scratch import build_model

    tokenizer = AutoTokenizer.from_pretrained("release/executor")
    cells = load_study("sizes", "sizes").cells()
    recipes = {cell.controller.name.removeprefix("controller-"): cell.controller.recipe for cell in cells}
    return {
        size: sum(weights.numel() for weights in build_model(recipe.architecture, tokenizer, 0).parameters())
        for size, recipe in recipes.items()
    }


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
    from eval_harness.protocols import load_protocol, protocol_names

    costs = json.loads(costs_file.read_text(encoding="utf-8"))
    collecting = sum(costs["collect"][task.name] * task.n_variations for task in TASKS.values())
    n_variations = sum(task.n_variations for task in TASKS.values())
    units = [(rules, unit) for rules in map(load_protocol, protocol_names()) for unit in rules.units()]
    playing = sum(costs["play"] * max(1.0, rules.moves_allowed(unit.task) / 100) for rules, unit in units)
    paper = len(load_protocol("paper").units()) * costs["play"]
    work = {
        f"collect {n_variations:,} variations": (collecting, max(costs["collect"].values())),
        f"annotate them by rules, {costs['annotate'] * 1000:.0f} ms each": (
            costs["annotate"] * n_variations,
            costs["annotate"],
        ),
        f"play all {len(protocol_names())} protocols, {len(units):,} episodes": (playing, 3 * costs["play"]),
        "the sweep's 9 runs of `paper`": (9 * paper, costs["play"]),
    }
    typer.echo("| units of work | " + " | ".join(_count(cores, "core") for cores in CORES) + " |")
    typer.echo("|---|" + "---:|" * len(CORES))
    for name, (seconds, longest) in work.items():
        cells = (_hours(max(seconds / cores, longest)) for cores in CORES)
        typer.echo(f"| {name} | " + " | ".join(cells) + " |")
    typer.echo("")
    columns = [_count(count, "core") for count in CORES] + [_count(count, "GPU") for count in GPUS]
    typer.echo("| the sweep's trainings | parameters | " + " | ".join(columns) + " |")
    typer.echo("|---|---:|" + "---:|" * len(columns))
    totals = [0.0] * len(columns)
    for size, parameters in _sizes().items():
        on_core = sum(costs[role]["seconds"] * parameters / costs[role]["parameters"] for role in ROLES)
        on_gpu = sum(6 * parameters * costs[role]["tokens"] for role in ROLES) / (gpu_tflops * 1e12)
        # A size is two trainings, of one core or GPU each: more of them help the sweep, not the size.
        seconds = [on_core / min(count, 2) for count in CORES] + [on_gpu / min(count, 2) for count in GPUS]
        totals = [
            total + one
            for total, one in zip(totals, [*[on_core] * len(CORES), *[on_gpu] * len(GPUS)], strict=True)
        ]
        longest = [on_core / 2] * len(CORES) + [on_gpu / 2] * len(GPUS)
        row = " | ".join(map(_hours, seconds))
        typer.echo(f"| {size}: controller and executor | {parameters / 1e6:.1f}M | {row} |")
    counts = [*CORES, *GPUS]
    whole = [
        _hours(max(total / min(count, 10), long))
        for total, count, long in zip(totals, counts, longest, strict=True)
    ]
    typer.echo(f"| all ten trainings, side by side | | {' | '.join(whole)} |")
    typer.echo(
        f"\nMeasured at a load of {costs['load']:.1f}: {costs['play']:.1f} processor seconds an episode, "
        f"{collecting / n_variations:.1f} a variation on average. GPUs: 6 operations per weight and token at "
        f"{gpu_tflops:g} TFLOP/s, an assumption. Planned {time.strftime('%Y-%m-%d')}."
    )


if __name__ == "__main__":
    app()
