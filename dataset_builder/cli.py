"""`subgoal corpus …`: collect or import, annotate, build, stats, push."""

import contextlib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from dataset_builder.common.console import console, progress_bar, row_table, say
from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.common.options import Wait, option_group
from dataset_builder.simulator.tasks import SPLITS, TASKS, select_tasks
from dataset_builder.trajectories.model_input import DEFAULT_VERSION

if TYPE_CHECKING:
    from dataset_builder.trajectories.trajectory import Trajectory

Engine = Annotated[
    str, typer.Option(help="Where the work runs: local, or ray for a Ray cluster (needs the extra [ray]).")
]
Address = Annotated[
    str | None,
    typer.Option(help="For --engine ray: HOST:PORT of the cluster, or auto. Default: Ray on this machine."),
]

app = typer.Typer(help="Expert trajectories, their sub-goals, and the dataset made of them.")


@app.command()
def tasks() -> None:
    """List the 30 tasks with their numbers of variations.

    Example: `subgoal corpus tasks`
    """
    console.print(
        row_table(
            [
                {"id": task.task_id, "task": task.name, "topic": task.topic, "horizon": task.horizon}
                | {split: str(len(task.variations(split))) for split in SPLITS}
                for task in TASKS.values()
            ]
        )
    )


@app.command()
def collect(
    out: Annotated[Path, typer.Option(help="Corpus folder. Run the command again to resume.")],
    tasks: Annotated[
        str | None, typer.Option(help="Names or ids of tasks, comma-separated. Default: all 30.")
    ] = None,
    splits: Annotated[str, typer.Option(help="Splits, comma-separated.")] = ",".join(SPLITS),
    max_variations: Annotated[
        int | None, typer.Option(help="Collect at most N variations per task and split.")
    ] = None,
    paper_sampling: Annotated[
        bool, typer.Option(help="Sample the largest tasks as the paper did: 100 of 3-3, 50 of 9-x and 10-x.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Random seed for --paper-sampling.")] = 0,
    path: Annotated[
        str, typer.Option(help="Form of the paths: tidied (simplified), or simulator (the solver's own).")
    ] = "tidied",
    simplifications: Annotated[
        str, typer.Option(help="ScienceWorld's simplifications: easy, labels, or empty for none.")
    ] = "easy",
    workers: Annotated[
        int | None, typer.Option(help="Number of threads, or of Ray workers. Default: the number of cores.")
    ] = None,
    engine: Engine = "local",
    address: Address = None,
    wait: Wait = False,
) -> None:
    """Take expert paths from the simulator, simplify them, and verify each by a replay.

    Example: `subgoal corpus collect --out corpus --tasks boil,melt --max-variations 5`
    """
    import os

    from dataset_builder.common.files import check_output_folder
    from dataset_builder.common.folder_lock import folder_lock
    from dataset_builder.engines.select import get_engine
    from dataset_builder.expert.collect import collect as run
    from dataset_builder.trajectories.corpus import TRAJECTORIES

    selected = select_tasks(tasks)
    check_output_folder(out, [TRAJECTORIES], "a corpus")
    threads = workers if workers is not None or engine != "local" else os.cpu_count()
    runner = get_engine(engine, workers=threads, address=address)
    with folder_lock(out, wait), progress_bar() as bar:
        report = run(
            out,
            selected,
            [split.strip() for split in splits.split(",")],
            limits=max_variations,
            paper_seed=seed if paper_sampling else None,
            path=path,
            simplifications=simplifications,
            engine=runner,
            progress=bar,
        )
    rows = []
    for task in selected:
        verified, given_up = report.verified[task.name], report.given_up[task.name]
        if verified + given_up:
            row = {"task": task.name, "verified": str(verified), "given up": str(given_up)}
            why = report.why[task.name].items() if task.name in report.why else ()
            reasons = "; ".join(f"{reason} ({count})" for reason, count in why)
            rows.append(row | {"share": f"{verified / (verified + given_up):.0%}", "why": escape(reasons)})
    if rows:
        console.print(row_table(rows))
    if report.given_up and not report.verified:
        raise SubgoalError("No variation has a verified path: see the reasons above.")


@app.command("import")
def import_(
    dataset: Annotated[str, typer.Argument(help="Dataset folder, or Hub id REPO[@REV].")],
    out: Annotated[Path, typer.Option(help="Corpus folder. Run the command again to resume.")],
    tasks: Annotated[
        str | None, typer.Option(help="Names or ids of tasks, comma-separated. Default: all 30.")
    ] = None,
    splits: Annotated[str, typer.Option(help="Splits, comma-separated.")] = ",".join(SPLITS),
    wait: Wait = False,
) -> None:
    """Start a corpus from the paths of a published dataset, instead of collecting them for hours.

    Example: `subgoal corpus import release/dataset --out corpus --tasks boil,melt`
    """
    from dataset_builder.common.files import check_output_folder
    from dataset_builder.common.folder_lock import folder_lock
    from dataset_builder.dataset.import_paths import import_paths, published_paths
    from dataset_builder.trajectories.corpus import TRAJECTORIES

    selected = select_tasks(tasks)
    check_output_folder(out, [TRAJECTORIES], "a corpus")
    paths = published_paths(dataset, selected, [split.strip() for split in splits.split(",")])
    with folder_lock(out, wait), progress_bar() as bar:
        report = import_paths(out, paths, bar)
    names = ", ".join(sorted(report.annotators)) or "none"
    say(f"{len(paths)} paths of {dataset} in {out}, {report.new} of them new; sub-goals by {names}.")
    if report.kept:
        say(f"{report.kept} variations had another result in {out}, which was kept.")
    if report.renamed:
        say(f"{report.renamed} paths have other sub-goals than in {dataset}: the rules have changed since.")
    for version, count in report.versions.items():
        say(f"{count} paths were played by scienceworld {version}, which is not installed: replays may fail.")


@dataclass(frozen=True)
class LLMOptions:
    """Options of `annotate` that belong to `--annotator llm` alone.

    Example:

    ```python
    >>> LLMOptions(model="qwen3", dry_run=True).given()
    ['--model', '--dry-run']
    ```
    """

    model: Annotated[str | None, typer.Option(help="llm: name of the model at its server.")] = None
    base_url: Annotated[
        str | None, typer.Option(help="llm: URL of an OpenAI-compatible server. Default: OpenAI's.")
    ] = None
    examples: Annotated[int, typer.Option(help="llm: annotated examples shown before each path.")] = 2
    first_thought: Annotated[
        bool, typer.Option("--first-thought", help="llm: let the model think about the task first.")
    ] = False
    repairs: Annotated[int, typer.Option(help="llm: how often to ask again for one path.")] = 3
    concurrency: Annotated[int, typer.Option(help="llm: number of paths at the same time.")] = 8
    timeout: Annotated[float, typer.Option(help="llm: seconds to wait for an answer.")] = 300.0
    retries: Annotated[int, typer.Option(help="llm: how often to repeat a call that failed.")] = 5
    budget_tokens: Annotated[
        int | None,
        typer.Option(
            help="llm: token budget of all runs together; calls estimated to exceed it are not made."
        ),
    ] = None
    max_tokens: Annotated[
        int | None,
        typer.Option(help="llm: token limit of an answer that the server cut short. Default: 8192."),
    ] = None
    retry_quarantined: Annotated[
        bool, typer.Option("--retry-quarantined", help="llm: try quarantined paths once more.")
    ] = False
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="llm: print the number of calls and estimated tokens only.")
    ] = False

    def given(self) -> list[str]:
        """Names of the options that differ from their defaults."""
        changed = (field.name for field in fields(self) if getattr(self, field.name) != field.default)
        return [f"--{name.replace('_', '-')}" for name in changed]


@app.command()
@option_group("llm", LLMOptions)
def annotate(
    folder: Annotated[Path, typer.Argument(help="Corpus folder.")],
    llm: LLMOptions,
    annotator: Annotated[str, typer.Option(help="Annotator: rules, or llm (a language model).")] = "rules",
    path: Annotated[str | None, typer.Option(help="Annotate only paths of this form.")] = None,
    engine: Engine = "local",
    address: Address = None,
    workers: Annotated[
        int | None, typer.Option(help="Number of Ray workers. Default: the number of cores.")
    ] = None,
    wait: Wait = False,
) -> None:
    """Cut collected paths into segments with a sub-goal each, by rules or by a language model.

    The API key is read from OPENAI_API_KEY; a local server may not need one.

    Example: `subgoal corpus annotate corpus --annotator llm --model gpt-4o --dry-run`
    """
    from dataset_builder.annotation.annotate_corpus import annotate as run
    from dataset_builder.annotation.annotators import annotator as get_annotator
    from dataset_builder.common.folder_lock import folder_lock
    from dataset_builder.engines.select import get_engine
    from dataset_builder.trajectories.corpus import Corpus

    if annotator != "llm" and (given := llm.given()):
        raise UsageError(f"Only --annotator llm takes {', '.join(given)}.")
    if annotator == "llm" and (engine != "local" or address is not None or workers is not None):
        raise UsageError("--annotator llm: its server does the work; use --concurrency, not --engine.")
    paths = Corpus(folder).trajectories(path)
    if annotator == "llm":
        _annotate_by_llm(folder, paths, llm, wait)
        return
    runner = get_engine(engine, workers=workers, address=address)
    with folder_lock(folder, wait), progress_bar() as bar:
        new = run(folder, get_annotator(annotator), paths, bar, engine=runner)
    say(f"{len(paths)} trajectories annotated by {annotator}, {new} of them now.")


def _annotate_by_llm(folder: Path, paths: "list[Trajectory]", llm: LLMOptions, wait: bool) -> None:
    from dataset_builder.annotation.annotators import annotator as get_annotator
    from dataset_builder.annotation.teacher.command import annotate_by_llm, show_estimate
    from dataset_builder.common.folder_lock import folder_lock

    # The completion cache is read when the annotator is made. An estimate writes nothing: no lock.
    with contextlib.nullcontext() if llm.dry_run else folder_lock(folder, wait):
        settings = asdict(llm)
        for name in ("concurrency", "retry_quarantined", "dry_run"):  # of this run, not of the annotator
            del settings[name]
        teacher = get_annotator("llm", folder=folder, **settings)
        if llm.dry_run:
            show_estimate(folder, teacher, paths, llm.retry_quarantined)
        else:
            annotate_by_llm(folder, teacher, paths, llm.concurrency, llm.retry_quarantined)


@app.command()
def practice(
    folder: Annotated[Path, typer.Argument(help="Corpus folder, collected and annotated by rules.")],
    steps: Annotated[int, typer.Option(help="Number of steps to aim at per task.")] = 2500,
    workers: Annotated[int, typer.Option(help="Number of threads, each with its own world.")] = 2,
    wait: Wait = False,
) -> None:
    """Augment the data: replay train variations in rearranged worlds, mostly of rare tasks.

    Example: `subgoal corpus practice corpus --steps 2500`
    """
    from dataset_builder.common.folder_lock import folder_lock
    from dataset_builder.practice.generate import generate_practice
    from dataset_builder.trajectories.corpus import TRAJECTORIES

    # Before the lock, which would leave its file in a folder of something else.
    if not (folder / TRAJECTORIES).is_file():
        raise UsageError(
            f"{folder} holds no trajectories: run `subgoal corpus collect --out {folder}` first."
        )
    with folder_lock(folder, wait), progress_bar() as bar:
        stats = generate_practice(folder, steps=steps, workers=workers, progress=bar)
    rows = [
        {"task": task, "plays": str(count.plays), "failed": str(count.failed), "steps": str(count.steps)}
        for task, count in stats.items()
    ]
    if not rows:
        raise SubgoalError(f"{folder} has no train path that gets practice.")
    console.print(row_table(rows))


@app.command()
def replay(
    folder: Annotated[Path, typer.Argument(help="Corpus folder, collected and annotated by rules.")],
    out: Annotated[Path, typer.Option(help="New corpus folder. Run the command again to resume.")],
    max_variations: Annotated[
        int | None, typer.Option(help="Replay at most N variations per task and split.")
    ] = None,
    max_plays: Annotated[int | None, typer.Option(help="Replay at most N practice paths per task.")] = None,
    workers: Annotated[int, typer.Option(help="Number of threads, each with its own world.")] = 2,
    wait: Wait = False,
) -> None:
    """Replay a corpus without simplifications: closed doors, walks, and pots that must be watered.

    Example: `subgoal corpus replay corpus --out corpus-unsimplified`
    """
    from dataset_builder.common.files import check_output_folder
    from dataset_builder.common.folder_lock import folder_lock
    from dataset_builder.practice.unsimplified import replay_corpus
    from dataset_builder.trajectories.corpus import TRAJECTORIES

    if not (folder / TRAJECTORIES).is_file():
        raise UsageError(
            f"{folder} holds no trajectories: run `subgoal corpus collect --out {folder}` first."
        )
    check_output_folder(out, [TRAJECTORIES], "a corpus")
    with folder_lock(out, wait), progress_bar() as bar:
        report = replay_corpus(
            folder, out, limits=max_variations, plays=max_plays, workers=workers, progress=bar
        )
    rows = []
    for task in TASKS:
        verified, given_up = report.paths.verified[task], report.paths.given_up[task]
        practice = report.practice.get(task)
        if verified + given_up + bool(practice):
            reasons = report.paths.why.get(task, {}).items()
            row = {"task": task, "verified": str(verified), "given up": str(given_up)}
            row |= {"practice": str(practice.plays if practice else 0)}
            rows.append(row | {"why": escape("; ".join(f"{why} ({count})" for why, count in reasons))})
    console.print(row_table(rows))
    if not report.paths.verified:
        raise SubgoalError("No path reached the full score: see the reasons above.")


@app.command()
def build(
    folder: Annotated[Path, typer.Argument(help="Corpus folder, annotated.")],
    out: Annotated[Path, typer.Option(help="Dataset folder to write.")],
    annotator: Annotated[str, typer.Option(help="Annotator whose sub-goals to use.")] = "rules",
    path: Annotated[str, typer.Option(help="Form of the paths: tidied or simulator.")] = "tidied",
    state_text: Annotated[
        str, typer.Option(help="Version of the model input: compact or paper.")
    ] = DEFAULT_VERSION,
    unsimplified: Annotated[
        Path | None,
        typer.Option(help="Folder of `corpus replay`: adds configurations without simplifications."),
    ] = None,
    wait: Wait = False,
) -> None:
    """Write the corpus as a Hub repository in a folder, for `load_dataset`.

    Example: `subgoal corpus build corpus --out dataset`
    """
    from dataset_builder.dataset.build import build as run

    with progress_bar() as bar:
        run(
            folder,
            out,
            annotator=annotator,
            path=path,
            state_text=state_text,
            unsimplified=unsimplified,
            progress=bar,
            wait=wait,
        )
    say(f"Dataset written to {out}")


@app.command()
def agreement(
    folder: Annotated[Path | None, typer.Argument(help="Corpus folder of an LLM's annotations.")] = None,
    annotator: Annotated[
        str, typer.Option(help="Annotator: rules, or NAME of annotations-NAME.jsonl.")
    ] = "rules",
    reference: Annotated[str, typer.Option(help="Annotator to compare with.")] = "exemplars",
) -> None:
    """Compare an annotator's sub-goals with the exemplars, or with another annotator's.

    Example: `subgoal corpus agreement corpus --annotator llm-gpt-4o`
    """
    from dataset_builder.annotation.agreement import agreement_rows, annotations_of, compare, total
    from dataset_builder.annotation.exemplars import ANNOTATOR, is_held_out

    expected, given = annotations_of(reference, folder), annotations_of(annotator, folder)
    held_out = [pair for pair in expected if reference == ANNOTATOR and is_held_out(pair[0])]
    by_task = compare([pair for pair in expected if pair not in held_out], given)
    rows = agreement_rows(by_task, total(compare(held_out, given)) if held_out else None)
    console.print(row_table(rows, f"{annotator} against {reference}"))
    for (name, other), count in total(by_task).renamed.most_common(10):
        console.print(f"{count} actions under {name} are {other} to {annotator}", highlight=False)


@app.command()
def stats(
    dataset: Annotated[str, typer.Argument(help="Dataset folder, or Hub id REPO[@REV].")],
) -> None:
    """Print rows, path lengths and sub-goals of a built dataset, per task.

    Example: `subgoal corpus stats dataset`
    """
    from dataset_builder.dataset.load import load_tables
    from dataset_builder.dataset.stats import split_rows, task_paths, task_rows

    tables = load_tables(dataset)
    console.print(row_table(split_rows(tables), "Rows"))
    rows = task_rows(task_paths(tables["trajectories"]))
    if not rows:
        raise SubgoalError(f"{dataset} has no trajectories of known tasks.")
    console.print(row_table(rows, "Per task (means over all splits)"))


@app.command()
def push(
    folder: Annotated[Path, typer.Argument(help="Dataset folder, built.")],
    repo: Annotated[str, typer.Argument(help="NAMESPACE/NAME on the Hub; created if missing.")],
    private: Annotated[bool, typer.Option("--private", help="Create a private repository.")] = False,
    revision: Annotated[str | None, typer.Option(help="Branch to commit to; created if missing.")] = None,
    message: Annotated[str | None, typer.Option(help="Commit message.")] = None,
) -> None:
    """Publish a built dataset on the Hub; files that are there already are not sent again.

    The token is that of `hf auth login`, or of HF_TOKEN.

    Example: `subgoal corpus push dataset NAMESPACE/scienceworld-subgoals --private`
    """
    from dataset_builder.dataset.push import push_dataset

    say(push_dataset(folder, repo, private=private, revision=revision, message=message))
