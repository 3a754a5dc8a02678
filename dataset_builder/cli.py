"""`subgoal corpus …`: collect, annotate, build, stats, push."""

import contextlib
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from dataset_builder.common.console import console, progress_bar, row_table, say
from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.simulator.tasks import SPLITS, TASKS, select_tasks
from dataset_builder.trajectories.model_input import DEFAULT_VERSION

Wait = Annotated[bool, typer.Option("--wait", help="Wait for another command that uses the folder.")]

app = typer.Typer(help="Expert trajectories, their sub-goals, and the dataset made of them.")


@app.command()
def tasks() -> None:
    """List the 30 tasks with their numbers of variations."""
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
    out: Annotated[Path, typer.Option(help="Corpus folder; running again continues there.")],
    tasks: Annotated[str | None, typer.Option(help="Names or ids, comma-separated; all if left out.")] = None,
    splits: Annotated[str, typer.Option(help="Comma-separated.")] = ",".join(SPLITS),
    max_variations: Annotated[int | None, typer.Option(help="At most, per task and split.")] = None,
    paper_sampling: Annotated[
        bool, typer.Option(help="Sample the largest tasks as the paper did: 100 of 3-3, 50 of 9-x and 10-x.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of --paper-sampling.")] = 0,
    path: Annotated[str, typer.Option(help="tidied, or simulator: the solver's own.")] = "tidied",
    simplifications: Annotated[str, typer.Option(help="easy, labels, or empty.")] = "easy",
    workers: Annotated[
        int | None, typer.Option(help="Threads, or Ray's workers; the number of cores if left out.")
    ] = None,
    engine: Annotated[str, typer.Option(help="local, or ray: a cluster's workers (extra [ray]).")] = "local",
    address: Annotated[
        str | None, typer.Option(help="ray: HOST:PORT of the cluster, or auto; one of its own if left out.")
    ] = None,
    wait: Wait = False,
) -> None:
    """Take expert paths from the simulator, tidy them, and verify each by a replay."""
    import os

    from dataset_builder.common.folder_lock import folder_lock
    from dataset_builder.engines.select import get_engine
    from dataset_builder.expert.collect import collect as run

    chosen = select_tasks(tasks)
    threads = workers if workers is not None or engine != "local" else os.cpu_count()
    runner = get_engine(engine, workers=threads, address=address)
    with folder_lock(out, wait), progress_bar() as bar:
        report = run(
            out,
            chosen,
            [split.strip() for split in splits.split(",")],
            limits=max_variations,
            paper_seed=seed if paper_sampling else None,
            path=path,
            simplifications=simplifications,
            engine=runner,
            progress=bar,
        )
    rows = []
    for task in chosen:
        verified, lost = report.verified[task.name], report.given_up[task.name]
        if verified + lost:
            row = {"task": task.name, "verified": str(verified), "given up": str(lost)}
            why = report.why[task.name].items() if task.name in report.why else ()
            reasons = "; ".join(f"{reason} ({count})" for reason, count in why)
            rows.append(row | {"share": f"{verified / (verified + lost):.0%}", "why": escape(reasons)})
    if rows:
        console.print(row_table(rows))


@app.command()
def annotate(
    folder: Annotated[Path, typer.Argument(help="Corpus folder.")],
    annotator: Annotated[str, typer.Option(help="rules, or llm: a language model's server.")] = "rules",
    path: Annotated[str | None, typer.Option(help="Only paths of this form.")] = None,
    model: Annotated[str | None, typer.Option(help="llm: the model, as its server calls it.")] = None,
    base_url: Annotated[
        str | None, typer.Option(help="llm: an OpenAI-compatible server; OpenAI's if left out.")
    ] = None,
    examples: Annotated[int, typer.Option(help="llm: annotated examples shown before each path.")] = 2,
    first_thought: Annotated[
        bool, typer.Option("--first-thought", help="llm: let the model think about the task first.")
    ] = False,
    repairs: Annotated[int, typer.Option(help="llm: how often to ask again for one path.")] = 3,
    concurrency: Annotated[int, typer.Option(help="llm: paths at the same time.")] = 8,
    timeout: Annotated[float, typer.Option(help="llm: seconds to wait for an answer.")] = 300.0,
    retries: Annotated[int, typer.Option(help="llm: how often to repeat a call that failed.")] = 5,
    budget_tokens: Annotated[
        int | None,
        typer.Option(help="llm: no call is begun that would exceed it, by estimate; all runs together."),
    ] = None,
    max_tokens: Annotated[
        int | None,
        typer.Option(help="llm: room for an answer that the server cut short; else 8192."),
    ] = None,
    retry_quarantined: Annotated[
        bool, typer.Option("--retry-quarantined", help="llm: try what was given up once more.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="llm: show calls and an estimate of tokens, call nothing.")
    ] = False,
    engine: Annotated[str, typer.Option(help="rules: local, or ray (extra [ray]).")] = "local",
    address: Annotated[
        str | None, typer.Option(help="ray: HOST:PORT of the cluster, or auto; one of its own if left out.")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="ray: workers; as many as cores if left out.")] = None,
    wait: Wait = False,
) -> None:
    """Cut collected paths into segments with a sub-goal each, by rules or by a language model.

    The model's key is read from OPENAI_API_KEY; servers of one's own may do without.
    """
    from dataset_builder.annotation import annotate_corpus as annotations
    from dataset_builder.annotation.annotators import annotator as get_annotator
    from dataset_builder.common.folder_lock import folder_lock
    from dataset_builder.engines.select import get_engine
    from dataset_builder.trajectories.corpus import Corpus

    if annotator != "llm":
        only = {"--model": model is not None, "--base-url": base_url is not None}
        only |= {"--first-thought": first_thought, "--budget-tokens": budget_tokens is not None}
        only |= {"--max-tokens": max_tokens is not None}
        only |= {"--retry-quarantined": retry_quarantined, "--dry-run": dry_run}
        if any(only.values()):
            given = ", ".join(name for name, was_given in only.items() if was_given)
            raise UsageError(f"What belongs to --annotator llm alone: {given}.")
    elif engine != "local" or address is not None or workers is not None:
        raise UsageError("--annotator llm: its server does the work; use --concurrency, not --engine.")
    found = Corpus(folder).trajectories(path)
    if annotator != "llm":
        teacher = get_annotator(annotator)
        runner = get_engine(engine, workers=workers, address=address)
        with folder_lock(folder, wait), progress_bar() as bar:
            new = annotations.annotate(folder, teacher, found, bar, engine=runner)
        line = f"{len(found)} trajectories annotated by {annotator}, {new} of them now."
        console.print(line, highlight=False)
        return
    from dataset_builder.annotation.teacher.command import annotate_by_llm, show_estimate

    # Its ledger is read when the teacher is made; an estimate needs no lock.
    with contextlib.nullcontext() if dry_run else folder_lock(folder, wait):
        teacher = get_annotator(
            "llm",
            folder=folder,
            model=model,
            base_url=base_url,
            timeout=timeout,
            retries=retries,
            examples=examples,
            first_thought=first_thought,
            repairs=repairs,
            budget_tokens=budget_tokens,
        )
        if dry_run:
            show_estimate(folder, teacher, found, retry_quarantined)
        else:
            annotate_by_llm(folder, teacher, found, concurrency, retry_quarantined)


@app.command()
def practice(
    folder: Annotated[Path, typer.Argument(help="Corpus folder, collected and annotated by rules.")],
    steps: Annotated[int, typer.Option(help="Steps per task to aim at; more plays, more steps.")] = 2500,
    workers: Annotated[int, typer.Option(help="Threads, each with a world of its own.")] = 2,
    wait: Wait = False,
) -> None:
    """Play train variations of the rarest tasks again, in rearranged worlds: more rows to train on."""
    from dataset_builder.common.folder_lock import folder_lock
    from dataset_builder.practice.generate import generate_practice

    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}: run `subgoal corpus collect --out {folder}` first.")
    with folder_lock(folder, wait), progress_bar() as bar:
        held = generate_practice(folder, steps=steps, workers=workers, progress=bar)
    rows = [
        {"task": task, "plays": str(found.plays), "failed": str(found.failed), "steps": str(found.steps)}
        for task, found in held.items()
    ]
    if not rows:
        raise SubgoalError(f"{folder} has no task with few train variations: nothing to practise.")
    console.print(row_table(rows))


@app.command()
def build(
    folder: Annotated[Path, typer.Argument(help="Corpus folder, annotated.")],
    out: Annotated[Path, typer.Option(help="Dataset folder to write.")],
    annotator: Annotated[str, typer.Option(help="Whose sub-goals.")] = "rules",
    path: Annotated[str, typer.Option(help="Form of the paths.")] = "tidied",
    state_text: Annotated[str, typer.Option(help="compact or paper.")] = DEFAULT_VERSION,
) -> None:
    """Write the corpus as a Hub repository in a folder, for `load_dataset`."""
    from dataset_builder.dataset.build import build as run

    with progress_bar() as bar:
        run(folder, out, annotator=annotator, path=path, state_text=state_text, progress=bar)
    say(f"Dataset written to {out}")


@app.command()
def agreement(
    folder: Annotated[Path | None, typer.Argument(help="Corpus folder of an LLM's annotations.")] = None,
    annotator: Annotated[str, typer.Option(help="rules, or as in annotations-NAME.jsonl.")] = "rules",
    reference: Annotated[str, typer.Option(help="What it is measured against.")] = "exemplars",
) -> None:
    """Compare an annotator's sub-goals with the exemplars, or with another annotator's."""
    from dataset_builder.annotation.agreement import agreement_rows, annotations_of, compare, total
    from dataset_builder.annotation.exemplars import ANNOTATOR, is_held_out

    wanted, given = annotations_of(reference, folder), annotations_of(annotator, folder)
    apart = [pair for pair in wanted if reference == ANNOTATOR and is_held_out(pair[0])]
    by_task = compare([pair for pair in wanted if pair not in apart], given)
    rows = agreement_rows(by_task, total(compare(apart, given)) if apart else None)
    console.print(row_table(rows, f"{annotator} against {reference}"))
    for (name, other), count in total(by_task).renamed.most_common(10):
        console.print(f"{count} actions under {name} are {other} to {annotator}", highlight=False)


@app.command()
def stats(
    dataset: Annotated[str, typer.Argument(help="Dataset folder or Hub id.")],
) -> None:
    """Rows, path lengths and sub-goals of a built dataset, per task."""
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
    repo: Annotated[str, typer.Argument(help="NAMESPACE/NAME on the Hub; created if it is not there.")],
    private: Annotated[bool, typer.Option("--private", help="Create it private.")] = False,
    revision: Annotated[str | None, typer.Option(help="Branch; created if it is not there.")] = None,
    message: Annotated[str | None, typer.Option(help="Of the commit.")] = None,
) -> None:
    """Publish a built dataset on the Hub; what is there already is not sent again.

    The token is that of `hf auth login`, or of HF_TOKEN.
    """
    from dataset_builder.dataset.push import push_dataset

    say(push_dataset(folder, repo, private=private, revision=revision, message=message))
